// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Values compared and put into words.
#include "frontends/Weft/Value.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace weft;
using namespace weft::language;

size_t language::countValues(const Value &value, size_t most) {
  if (value.is(Value::Kind::Range))
    return std::min<size_t>(value.length(), most);
  if (!value.isSequence())
    return 1;
  size_t total = value.length();
  for (const Value &item : value.asItems())
    if (total >= most)
      break;
    else if (item.isSequence())
      total += countValues(item, most - total);
  return std::min(total, most);
}

bool language::equal(const Value &a, const Value &b) {
  if (a.isNumber() && b.isNumber())
    return a.is(Value::Kind::Int) && b.is(Value::Kind::Int) ? a.asInt() == b.asInt() : a.asFloat() == b.asFloat();
  if (a.is(Value::Kind::Range) && b.is(Value::Kind::Range))
    return a.length() == b.length() && (a.length() == 0 || equal(a.item(0), b.item(0)));
  if (a.isSequence() && b.isSequence()) {
    if (a.is(Value::Kind::Tuple) != b.is(Value::Kind::Tuple) || a.length() != b.length())
      return false;
    for (uint32_t i = 0; i < a.length(); ++i)
      if (!equal(a.item(i), b.item(i)))
        return false;
    return true;
  }
  if (a.kind() != b.kind())
    return false;
  switch (a.kind()) {
  case Value::Kind::Bool:
    return a.asBool() == b.asBool();
  case Value::Kind::String:
  case Value::Kind::Word:
  case Value::Kind::Size:
    return a.asString() == b.asString();
  default:
    return false;
  }
}

std::string language::spell(const Dim &dim) {
  if (dim.isKnown())
    return std::to_string(dim.extent);
  return dim.size.empty() ? "?" : dim.size.str();
}

/// "f32", "i32", "u8": MLIR writes the last one ui8.
static std::string spellElement(mlir::Type type) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (type.isUnsignedInteger())
    stream << "u" << type.getIntOrFloatBitWidth();
  else
    type.print(stream);
  return text;
}

std::string language::spellTensor(const Tensor &tensor) {
  auto type = llvm::cast<mlir::RankedTensorType>(tensor.value.getType());
  std::string text = spellElement(type.getElementType()) + "[";
  for (const Dim &dim : tensor.dims)
    text += (&dim == tensor.dims.begin() ? "" : ", ") + spell(dim);
  return text + "]";
}

std::string language::describe(const Value &value) {
  switch (value.kind()) {
  case Value::Kind::None:
    return "nothing";
  case Value::Kind::Error:
    return "an error";
  case Value::Kind::Bool:
    return value.asBool() ? "true" : "false";
  case Value::Kind::Int:
    return "the integer " + std::to_string(value.asInt());
  case Value::Kind::Float:
    return "a number";
  case Value::Kind::String:
    return "a string";
  case Value::Kind::Word:
    return "the word `" + printable(value.asString()) + "`";
  case Value::Kind::Range:
    return "a range";
  case Value::Kind::Tuple:
    return "a tuple of " + std::to_string(value.length());
  case Value::Kind::List:
    return "a list of " + std::to_string(value.length());
  case Value::Kind::Size:
    return "the run-time size `" + value.asString().str() + "`";
  case Value::Kind::Tensor:
    return "a tensor " + spellTensor(value.asTensor());
  case Value::Kind::Graph:
    return "the graph `" + value.asGraph().name.str() + "`";
  }
  llvm_unreachable("all kinds are listed");
}

/// Texts longer than this are of no use to anybody; nested lists are cut there.
static constexpr size_t longText = 1u << 16;

bool language::format(const Value &value, std::string &text) {
  switch (value.kind()) {
  case Value::Kind::Bool:
    text += value.asBool() ? "true" : "false";
    return true;
  case Value::Kind::Int:
    text += std::to_string(value.asInt());
    return true;
  case Value::Kind::Float: {
    llvm::raw_string_ostream stream(text);
    stream << llvm::format("%g", value.asFloat());
    return true;
  }
  case Value::Kind::String:
  case Value::Kind::Word:
  case Value::Kind::Size:
    text += value.asString();
    return true;
  case Value::Kind::Range:
  case Value::Kind::Tuple:
  case Value::Kind::List:
    text += value.is(Value::Kind::Tuple) ? "(" : "[";
    for (uint32_t i = 0; i < value.length() && text.size() < longText; ++i) {
      text += i ? ", " : "";
      if (!format(value.item(i), text))
        return false;
    }
    text += value.is(Value::Kind::Tuple) ? ")" : "]";
    return true;
  default:
    return false;
  }
}
