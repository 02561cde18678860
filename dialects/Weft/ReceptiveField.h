// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Which elements of a network's picture an element of a value depends on (Araujo, Norris and Sim, Computing Receptive
// Fields of Convolutional Neural Networks, Distill 2019, with borders and unequal strides). Works at every phase up to fuse.
#pragma once

#include "dialects/Weft/Weft.h"

#include "llvm/ADT/DenseMap.h"

namespace weft {

/// One dimension of the picture: element i of dimension `dim` of the value depends on picture elements from
/// `jump * i + start`, `size` of them; with `dim` -1 on all. Numbers may be fractions (behind an upsampling); elements
/// outside the picture are padding.
struct FieldAxis {
  int64_t pictureDim, dim;
  double jump, start, size;
};

/// Where a value depends on no picture, `axes` is empty.
struct Field {
  unsigned picture = 0; ///< the network's argument
  llvm::SmallVector<FieldAxis, 3> axes;
};

/// Whether the argument of a network is a picture: rank 3 to 5 and no part of a graph; bytes have their channels last.
bool isPicture(mlir::BlockArgument argument);

/// The receptive field of every value of a network, in one of its pictures. Counted as in the literature: statistics of a normalisation, and gates
/// `[N, C, 1, 1]` made from pooled values, do not widen it. Where paths of different jump meet, it is the whole picture.
class ReceptiveFields {
public:
  /// In the first picture; `network` is a function of one block; groups are looked into.
  explicit ReceptiveFields(mlir::Block &network);
  /// In this picture, an argument of the network.
  explicit ReceptiveFields(mlir::BlockArgument picture);

  const Field &of(mlir::Value value) const;

private:
  void trace(mlir::BlockArgument picture);
  void visit(mlir::Block &block);
  void visit(mlir::Operation *op);

  llvm::DenseMap<mlir::Value, Field> fields;
};

/// As an attribute; `type` says whether channels are stored in blocks, `parts` which begin with one, if not the first alone.
FieldAttr fieldAttr(mlir::RankedTensorType type, mlir::DenseI64ArrayAttr parts, const Field &field);

} // namespace weft
