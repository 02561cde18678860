// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How a person names a value of a network: by the path of the operation that makes it, or of the block it leaves.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Block.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

#include <string>
#include <vector>

namespace weft {

/// The values of a network function, in order. A value is called by the path of its operation ("layer1.0.conv1"); where
/// several have one path, by the path and a number from 1 ("relu#3"). A block ("layer1.0") stands for the one value that
/// is made in it and read outside. Weights and what is made of weights alone have no name here.
class Paths {
public:
  explicit Paths(mlir::Block &network);

  /// Empty for values that have no name.
  llvm::StringRef nameOf(mlir::Value value) const;

  /// Null where no single value is meant; `why` then says it with what would have been right: "names 3 values: ...".
  /// `results` are what else a person may have meant.
  mlir::Value find(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> results, std::string &why) const;

private:
  struct Entry {
    mlir::Value value;
    std::string path, name;
  };
  mlir::Value oneOf(llvm::ArrayRef<size_t> found, llvm::StringRef what, std::string &why) const;
  std::vector<size_t> leaving(llvm::StringRef block) const;
  std::string describe(const Entry &entry) const;
  std::string unknown(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> results) const;

  std::vector<Entry> entries;
  llvm::StringMap<std::vector<size_t>> byPath;
  llvm::DenseMap<mlir::Value, size_t> places;
};

/// Makes `value` a result of the network, behind those it has.
void addResult(mlir::func::FuncOp network, llvm::StringRef name, mlir::Value value);

/// Whether `path` is inside the block `block` ("layer1.0.conv1" is inside "layer1").
bool isInside(llvm::StringRef path, llvm::StringRef block);

} // namespace weft
