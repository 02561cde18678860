// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The custom directives of Plan.td's assembly formats. Private to the dialect.
#pragma once

#include "dialects/Plan/Plan.h"

namespace weft::plan {

mlir::ParseResult parseDims(mlir::OpAsmParser &parser, ExtentsAttr &dims);
void printDims(mlir::OpAsmPrinter &printer, mlir::Operation *, ExtentsAttr dims);

/// `destinations V sources V edges E`
mlir::ParseResult parseGraphSizes(mlir::OpAsmParser &parser, ExtentsAttr &sizes);
void printGraphSizes(mlir::OpAsmPrinter &printer, mlir::Operation *, ExtentsAttr sizes);

/// `[0, 8) to 1024, [4, 8) to 4096`; a single piece needs no `to`.
mlir::ParseResult parsePieces(mlir::OpAsmParser &parser, mlir::IntegerAttr bytes, mlir::DenseI64ArrayAttr &ends,
                              mlir::DenseI64ArrayAttr &lives);
void printPieces(mlir::OpAsmPrinter &printer, mlir::Operation *, mlir::IntegerAttr bytes, mlir::DenseI64ArrayAttr ends,
                 mlir::DenseI64ArrayAttr lives);

/// `%s[16] [4, 16] by [16, 1] f32`
mlir::ParseResult parseView(mlir::OpAsmParser &parser, mlir::OpAsmParser::UnresolvedOperand &buffer, ViewAttr &view);
void printView(mlir::OpAsmPrinter &printer, mlir::Operation *, mlir::Value buffer, ViewAttr view);

/// Views in parentheses.
mlir::ParseResult parseViews(mlir::OpAsmParser &parser,
                             llvm::SmallVectorImpl<mlir::OpAsmParser::UnresolvedOperand> &buffers,
                             mlir::ArrayAttr &views);
void printViews(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::OperandRange buffers, mlir::ArrayAttr views);

} // namespace weft::plan
