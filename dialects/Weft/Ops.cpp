// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The generated definitions of all operations, and the forms their types are printed in.
#include "dialects/Weft/Weft.h"

using namespace mlir;
using namespace weft;

/// One type where operand and result agree, else a function type.
static void printSameType(OpAsmPrinter &printer, Operation *op, Type x, Type y) {
  if (x == y)
    printer << x;
  else
    printer.printFunctionalType(op);
}

static ParseResult parseSameType(OpAsmParser &parser, Type &x, Type &y) {
  SMLoc loc = parser.getCurrentLocation();
  Type type;
  if (parser.parseType(type))
    return failure();
  auto function = dyn_cast<FunctionType>(type);
  if (!function) {
    x = y = type;
    return success();
  }
  if (function.getNumInputs() != 1 || function.getNumResults() != 1)
    return parser.emitError(loc, "expected one operand type and one result type");
  x = function.getInput(0);
  y = function.getResult(0);
  return success();
}

/// The same for two operands.
static void printSameTypes(OpAsmPrinter &printer, Operation *op, Type x, Type y, Type z) {
  if (x == y && y == z)
    printer << x;
  else
    printer.printFunctionalType(op);
}

static ParseResult parseSameTypes(OpAsmParser &parser, Type &x, Type &y, Type &z) {
  SMLoc loc = parser.getCurrentLocation();
  Type type;
  if (parser.parseType(type))
    return failure();
  auto function = dyn_cast<FunctionType>(type);
  if (!function) {
    x = y = z = type;
    return success();
  }
  if (function.getNumInputs() != 2 || function.getNumResults() != 1)
    return parser.emitError(loc, "expected two operand types and one result type");
  x = function.getInput(0);
  y = function.getInput(1);
  z = function.getResult(0);
  return success();
}

/// `src %h, edge %w`: captured tensors, each with how an edge reads it; `none` where there are none.
static void printCaptures(OpAsmPrinter &printer, Operation *, OperandRange captured, ArrayAttr access) {
  if (captured.empty())
    printer << "none";
  llvm::interleaveComma(llvm::zip_equal(captured, access), printer, [&](auto pair) {
    printer << stringifyAccess(cast<AccessAttr>(std::get<1>(pair)).getValue()) << ' ' << std::get<0>(pair);
  });
}

static ParseResult parseCaptures(OpAsmParser &parser, SmallVectorImpl<OpAsmParser::UnresolvedOperand> &captured,
                                 ArrayAttr &access) {
  SmallVector<Attribute> accesses;
  auto parseCapture = [&]() -> ParseResult {
    StringRef word;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&word))
      return failure();
    std::optional<Access> known = symbolizeAccess(word);
    if (!known)
      return parser.emitError(loc, "expected `src`, `dst`, `edge` or `all`, not `") << word << "`";
    accesses.push_back(AccessAttr::get(parser.getContext(), *known));
    return parser.parseOperand(captured.emplace_back());
  };
  if (failed(parser.parseOptionalKeyword("none")) && failed(parser.parseCommaSeparatedList(parseCapture)))
    return failure();
  access = parser.getBuilder().getArrayAttr(accesses);
  return success();
}

/// `sum`: the word of an enumeration, bare.
template <typename EnumAttr> static void printWord(OpAsmPrinter &printer, Operation *, EnumAttr attribute) {
  printer << stringifyEnum(attribute.getValue());
}

template <typename EnumAttr> static ParseResult parseWord(OpAsmParser &parser, EnumAttr &attribute) {
  using Enum = decltype(attribute.getValue());
  StringRef word;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&word))
    return failure();
  std::optional<Enum> known = symbolizeEnum<Enum>(word);
  if (!known)
    return parser.emitError(loc, "unknown word `") << word << "`";
  attribute = EnumAttr::get(parser.getContext(), *known);
  return success();
}

#define GET_OP_CLASSES
#include "dialects/Weft/WeftOps.cpp.inc"
