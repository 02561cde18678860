// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Arithmetic and text of plan extents; nothing here overflows silently.
#include "dialects/Plan/Extent.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace weft::plan;

Extent Extent::of(StringAttr size, int64_t scale, int64_t add) {
  Extent extent(add);
  if (scale) {
    extent.scale = scale;
    extent.size = size;
  }
  return extent;
}

std::optional<int64_t> Extent::evaluate(const Bounds &at) const {
  if (isConstant())
    return add;
  auto value = at.find(size.getValue());
  int64_t product, sum;
  if (value == at.end() || llvm::MulOverflow(scale, value->second, product) || llvm::AddOverflow(product, add, sum))
    return std::nullopt;
  return sum;
}

std::optional<Extent> weft::plan::add(Extent a, Extent b) {
  if (!a.isConstant() && !b.isConstant() && a.size != b.size)
    return std::nullopt;
  int64_t scale, constant;
  if (llvm::AddOverflow(a.scale, b.scale, scale) || llvm::AddOverflow(a.add, b.add, constant))
    return std::nullopt;
  return Extent::of(a.size ? a.size : b.size, scale, constant);
}

std::optional<Extent> weft::plan::multiply(Extent a, Extent b) {
  if (!a.isConstant())
    std::swap(a, b);
  if (!a.isConstant())
    return std::nullopt;
  int64_t scale, constant;
  if (llvm::MulOverflow(a.add, b.scale, scale) || llvm::MulOverflow(a.add, b.add, constant))
    return std::nullopt;
  return Extent::of(b.size, scale, constant);
}

std::optional<Extent> weft::plan::divide(Extent a, int64_t by) {
  if (by == 0 || a.scale % by || a.add % by)
    return std::nullopt;
  return Extent::of(a.size, a.scale / by, a.add / by);
}

llvm::hash_code weft::plan::hash_value(const Extent &extent) {
  return llvm::hash_combine(extent.scale, extent.size.getAsOpaquePointer(), extent.add);
}

void weft::plan::print(llvm::raw_ostream &out, const Extent &extent) {
  if (extent.isConstant()) {
    out << extent.add;
    return;
  }
  if (extent.scale != 1)
    out << extent.scale << " * ";
  out << extent.size.getValue();
  if (extent.add)
    out << " + " << extent.add;
}

ParseResult weft::plan::parseExtent(AsmParser &parser, Extent &extent) {
  int64_t number = 1, constant = 0;
  OptionalParseResult leading = parser.parseOptionalInteger(number);
  if (leading.has_value()) {
    if (failed(*leading))
      return failure();
    if (failed(parser.parseOptionalStar())) {
      extent = Extent(number);
      return success();
    }
  }
  std::string name;
  if (parser.parseKeywordOrString(&name))
    return failure();
  if (succeeded(parser.parseOptionalPlus()) && parser.parseInteger(constant))
    return failure();
  extent = Extent::of(StringAttr::get(parser.getContext(), name), number, constant);
  return success();
}

ParseResult weft::plan::parseExtents(AsmParser &parser, SmallVectorImpl<Extent> &extents) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                        [&] { return parseExtent(parser, extents.emplace_back()); });
}

void weft::plan::printExtents(AsmPrinter &printer, ArrayRef<Extent> extents) {
  printer << '[';
  llvm::interleaveComma(extents, printer.getStream(),
                        [&](const Extent &extent) { print(printer.getStream(), extent); });
  printer << ']';
}

/// A factor or term of a text: digits are a constant, an identifier is a size.
static std::optional<Extent> extentFromWord(StringRef word, MLIRContext *context) {
  word = word.trim();
  int64_t number;
  if (!word.getAsInteger(10, number))
    return Extent(number);
  bool isName = !word.empty() && !llvm::isDigit(word[0]) &&
                llvm::all_of(word, [](char c) { return llvm::isAlnum(c) || c == '_'; });
  if (!isName)
    return std::nullopt;
  return Extent::of(StringAttr::get(context, word));
}

std::optional<Extent> weft::plan::extentFromText(StringRef text, MLIRContext *context) {
  SmallVector<StringRef> terms, factors;
  text.split(terms, '+');
  std::optional<Extent> sum = Extent(0);
  for (StringRef term : terms) {
    std::optional<Extent> product = Extent(1);
    factors.clear();
    term.split(factors, '*');
    for (StringRef factor : factors) {
      std::optional<Extent> next = extentFromWord(factor, context);
      product = product && next ? multiply(*product, *next) : std::nullopt;
    }
    sum = sum && product ? add(*sum, *product) : std::nullopt;
  }
  return sum;
}
