// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How views, dimensions and pieces are written. The generated parsers of the operations call these.
#include "dialects/Plan/Syntax.h"

using namespace mlir;
using namespace weft::plan;

ParseResult weft::plan::parseDims(OpAsmParser &parser, ExtentsAttr &dims) {
  SmallVector<Extent> values;
  if (parseExtents(parser, values))
    return failure();
  dims = ExtentsAttr::get(parser.getContext(), values);
  return success();
}

void weft::plan::printDims(OpAsmPrinter &printer, Operation *, ExtentsAttr dims) {
  printExtents(printer, dims.getValues());
}

static constexpr StringLiteral graphSizes[] = {"destinations", "sources", "edges"};

ParseResult weft::plan::parseGraphSizes(OpAsmParser &parser, ExtentsAttr &sizes) {
  SmallVector<Extent> values;
  for (StringRef word : graphSizes)
    if (parser.parseKeyword(word) || parseExtent(parser, values.emplace_back()))
      return failure();
  sizes = ExtentsAttr::get(parser.getContext(), values);
  return success();
}

void weft::plan::printGraphSizes(OpAsmPrinter &printer, Operation *, ExtentsAttr sizes) {
  llvm::interleave(
      llvm::zip(graphSizes, sizes.getValues()), printer.getStream(),
      [&](auto pair) {
        printer << std::get<0>(pair) << ' ';
        weft::plan::print(printer.getStream(), std::get<1>(pair));
      },
      " ");
}

ParseResult weft::plan::parsePieces(OpAsmParser &parser, IntegerAttr bytes, DenseI64ArrayAttr &ends,
                                    DenseI64ArrayAttr &lives) {
  SmallVector<int64_t> allEnds, allLives;
  auto parsePiece = [&]() -> ParseResult {
    int64_t end = bytes.getInt();
    if (parser.parseLSquare() || parser.parseInteger(allLives.emplace_back()) || parser.parseComma() ||
        parser.parseInteger(allLives.emplace_back()) || parser.parseRParen())
      return failure();
    if (succeeded(parser.parseOptionalKeyword("to")) && parser.parseInteger(end))
      return failure();
    allEnds.push_back(end);
    return success();
  };
  if (parser.parseCommaSeparatedList(parsePiece))
    return failure();
  ends = DenseI64ArrayAttr::get(parser.getContext(), allEnds);
  lives = DenseI64ArrayAttr::get(parser.getContext(), allLives);
  return success();
}

void weft::plan::printPieces(OpAsmPrinter &printer, Operation *, IntegerAttr bytes, DenseI64ArrayAttr ends,
                             DenseI64ArrayAttr lives) {
  for (size_t i = 0, count = ends.size(); i < count; ++i) {
    printer << (i ? ", [" : "[") << lives[2 * i] << ", " << lives[2 * i + 1] << ")";
    if (count > 1)
      printer << " to " << ends[i];
  }
}

ParseResult weft::plan::parseView(OpAsmParser &parser, OpAsmParser::UnresolvedOperand &buffer, ViewAttr &view) {
  if (parser.parseOperand(buffer))
    return failure();
  view = llvm::dyn_cast_or_null<ViewAttr>(ViewAttr::parseBody(parser));
  return success(bool(view));
}

void weft::plan::printView(OpAsmPrinter &printer, Operation *, Value buffer, ViewAttr view) {
  printer << buffer;
  view.printBody(printer);
}

ParseResult weft::plan::parseViews(OpAsmParser &parser, SmallVectorImpl<OpAsmParser::UnresolvedOperand> &buffers,
                                   ArrayAttr &views) {
  SmallVector<Attribute> all;
  auto parseOne = [&]() -> ParseResult {
    ViewAttr view;
    if (parseView(parser, buffers.emplace_back(), view))
      return failure();
    all.push_back(view);
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseOne))
    return failure();
  views = ArrayAttr::get(parser.getContext(), all);
  return success();
}

void weft::plan::printViews(OpAsmPrinter &printer, Operation *op, OperandRange buffers, ArrayAttr views) {
  printer << '(';
  llvm::interleaveComma(llvm::zip(buffers, views), printer.getStream(), [&](auto pair) {
    printView(printer, op, std::get<0>(pair), llvm::cast<ViewAttr>(std::get<1>(pair)));
  });
  printer << ')';
}
