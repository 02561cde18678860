// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Pictures read at places that are computed: each of the pixels around a place is one gather of all channels, weighted and
// added. GridSample, RoiAlign and DeformConv differ in where the places are.
#pragma once

#include "frontends/Onnx/Indices.h"

namespace weft::onnxfile {

/// Numbers of a dimension are floats until they become indices: exact below this.
constexpr int64_t mostPixels = 1 << 24;

/// Arithmetic on tensors of floats, with numbers.
struct Floats {
  NodeImport &node;
  mlir::Value number(double value) const { return node.scalar(value); }
  mlir::Value op(llvm::StringRef name, mlir::Value a, mlir::Value b) const { return node.make(name, {a, b}); }
  mlir::Value add(mlir::Value a, double b) const { return b == 0 ? a : op("add", a, number(b)); }
  mlir::Value mul(mlir::Value a, double b) const { return b == 1 ? a : op("mul", a, number(b)); }
  mlir::Value clip(mlir::Value x, double low, double high) const { return node.make("clip", x, {node.number("min", low), node.number("max", high)}); }
  /// 1 where low <= x <= high, else 0.
  mlir::Value within(mlir::Value x, double low, double high) const {
    return op("mul", op("less_equal", number(low), x), op("less_equal", x, number(high)));
  }
};

/// A place along one dimension: the elements around it and how much each counts.
struct Around {
  mlir::Value index, weight; ///< floats; `weight` is null where it is 1
};

/// One dimension of `extent` elements, sampled at `at`.
struct Sampled {
  mlir::Value at;
  int64_t extent;
};

/// All combinations of the elements around a place, one or (linearly) two a dimension, as indices into the merged dimensions. What
/// lies outside counts 0 with `zeros`, else it is the nearest element.
llvm::SmallVector<Around> combined(const Floats &f, llvm::ArrayRef<Sampled> dims, bool nearest, bool zeros);

/// x, `[N, C, pixels]`, read at places `[N, 1, P]`.
mlir::Value sample(const Floats &f, mlir::Value x, llvm::ArrayRef<Around> places);

/// The same with channels last, `[N, P, C]`: all of a place are one run in memory.
mlir::Value sampleRuns(const Floats &f, mlir::Value x, llvm::ArrayRef<Around> places);

/// Whether so many channels are read faster as runs, although x and what is read are turned.
bool readsRuns(int64_t channels);

/// `[N, C, spatial...]` as `[N, C, pixels]`; a failure where there are too many.
mlir::Value pixelsOf(NodeImport &node, mlir::Value x);

} // namespace weft::onnxfile
