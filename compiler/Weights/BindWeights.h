// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What a network needs against what was given: which tensor of which file is which weight. Everything that does not fit
// is said in one error.
#pragma once

#include "compiler/Weights/Recipes.h"
#include "compiler/Weights/Safetensors.h"

#include <optional>
#include <string>
#include <vector>

namespace weft {

struct NeededWeight {
  std::string path;
  mlir::RankedTensorType type; ///< static, f32, no encoding
};

/// The `weft.weight` operations below `root`, each path once, in order of appearance; an error at the second when two
/// of one path differ in type.
mlir::FailureOr<std::vector<NeededWeight>> collectWeights(mlir::Operation *root);

/// Opened files and the seed, if one was given. Files come before the seed: it draws only what no file holds.
class GivenWeights {
public:
  /// `sources` are the values of `--weights`: names of safetensors files and at most one `random:SEED`.
  static llvm::Expected<GivenWeights> open(llvm::ArrayRef<std::string> sources);

  /// Adds what `file` holds of a model that carries its own weights; files given by name come first.
  void add(SafetensorsFile file) { files->push_back(std::move(file)); }
  bool holds(llvm::StringRef path) const { return holder(path); }

  /// Checks that each needed weight is there once, with its shape and a type that becomes f32; tensors nobody needs
  /// become a line in `warnings`, or with `strict` a part of the error. Never surplus: `num_batches_tracked`, and the
  /// names in `uncompiled` (weights of optional outputs that were not asked for).
  llvm::Error check(llvm::ArrayRef<NeededWeight> needed, llvm::ArrayRef<std::string> uncompiled, bool strict,
                    llvm::raw_ostream &warnings) const;

  /// Reads weights that `check` has passed. Holds what it needs: this object may go.
  WeightSource source() const;

private:
  const SafetensorsFile *holder(llvm::StringRef path) const;
  std::vector<llvm::StringRef> names() const;
  std::string missing(const NeededWeight &weight, llvm::ArrayRef<llvm::StringRef> names) const;
  std::vector<std::string> surplus(llvm::ArrayRef<NeededWeight> needed, llvm::ArrayRef<std::string> uncompiled) const;
  void checkOnce(llvm::ArrayRef<llvm::StringRef> names, std::vector<std::string> &faults) const;
  void checkOne(const NeededWeight &weight, llvm::ArrayRef<llvm::StringRef> names,
                std::vector<std::string> &faults) const;

  std::shared_ptr<std::vector<SafetensorsFile>> files = std::make_shared<std::vector<SafetensorsFile>>();
  std::optional<uint64_t> seed;
};

} // namespace weft
