// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Kernel functions that are alike but for their name and places are one: types with their constants, stages, and what the
// family has chosen.

#include "compiler/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace weft {
#define GEN_PASS_DEF_SHAREKERNELS
#include "compiler/Transforms/Passes.h.inc"
} // namespace weft

using namespace mlir;

namespace weft {
namespace {

/// Functions by their operations. All have the same name while they are compared.
struct Alike : llvm::DenseMapInfo<func::FuncOp> {
  static constexpr auto flags = OperationEquivalence::IgnoreLocations;

  static unsigned getHashValue(func::FuncOp function) {
    llvm::hash_code hash(0);
    function->walk([&](Operation *op) {
      hash = llvm::hash_combine(hash, OperationEquivalence::computeHash(op, OperationEquivalence::ignoreHashValue,
                                                                       OperationEquivalence::ignoreHashValue, flags));
    });
    return hash;
  }

  static bool isEqual(func::FuncOp a, func::FuncOp b) {
    auto isKey = [](func::FuncOp key) { return key == getEmptyKey() || key == getTombstoneKey(); };
    return a == b || (!isKey(a) && !isKey(b) && OperationEquivalence::isEquivalentTo(a, b, flags));
  }
};

struct ShareKernels : impl::ShareKernelsBase<ShareKernels> {
  void runOnOperation() override {
    SmallVector<std::pair<func::FuncOp, StringAttr>> kernels; // with their names
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("weft.kernel"))
        kernels.push_back({function, function.getSymNameAttr()});
    llvm::DenseMap<func::FuncOp, FlatSymbolRefAttr, Alike> kept;
    llvm::StringMap<unsigned> counts;
    llvm::DenseMap<StringAttr, FlatSymbolRefAttr> renamed;
    SmallVector<std::pair<func::FuncOp, FlatSymbolRefAttr>> names;
    for (auto [kernel, old] : kernels) {
      kernel.setSymName("kernel");
      auto [entry, fresh] = kept.try_emplace(kernel);
      if (fresh) {
        StringRef base = kernel->getAttrOfType<StringAttr>("weft.kernel");
        entry->second = FlatSymbolRefAttr::get(&getContext(), (base + "_" + Twine(counts[base]++)).str());
        names.push_back({kernel, entry->second});
      } else {
        kernel.erase();
        ++numShared;
      }
      renamed[old] = entry->second;
    }
    for (auto [kernel, name] : names)
      kernel.setSymNameAttr(name.getAttr());
    getOperation().walk([&](func::CallOp call) {
      if (FlatSymbolRefAttr name = renamed.lookup(call.getCalleeAttr().getAttr()))
        call.setCalleeAttr(name);
    });
  }
};

} // namespace
} // namespace weft
