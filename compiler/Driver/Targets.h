// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The machines weft compiles for, by name. `cpu:native` is resolved at once: what lands in the IR is always a named list.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>

namespace llvm {
class raw_ostream;
}

namespace weft {

struct CpuTarget {
  llvm::StringRef name; ///< "cpu:znver4"
  int64_t vectorLanes;  ///< f32 lanes of the widest register
  llvm::ArrayRef<llvm::StringRef> features; ///< LLVM's names; all are needed to run
  /// Those of its tile registers, which only some kernels need and the operating system may refuse to a process.
  llvm::ArrayRef<llvm::StringRef> tileFeatures = {};
};

llvm::ArrayRef<CpuTarget> cpuTargets();

/// Stands for the best of them that this machine can run, with tile registers if this process may use them.
constexpr llvm::StringLiteral nativeTarget = "cpu:native";

/// The target called `name`, which is one of the table's or the native one. Reports to `errors` and returns nothing where
/// this machine can run none.
std::optional<CpuTarget> resolveTarget(llvm::StringRef name, llvm::raw_ostream &errors);

} // namespace weft
