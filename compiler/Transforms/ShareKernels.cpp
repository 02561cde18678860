// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Kernel functions that read alike are one. Alike is what is printed, the name and the places left out: types with
// their constants, stages, and what the family has chosen.

#include "compiler/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace weft {
#define GEN_PASS_DEF_SHAREKERNELS
#include "compiler/Transforms/Passes.h.inc"
} // namespace weft

using namespace mlir;

namespace weft {
namespace {

std::string textOf(func::FuncOp function) {
  std::string text;
  llvm::raw_string_ostream os(text);
  StringAttr name = function.getSymNameAttr();
  function.setSymName("kernel");
  function->print(os, OpPrintingFlags().useLocalScope());
  function.setSymNameAttr(name);
  return text;
}

struct ShareKernels : impl::ShareKernelsBase<ShareKernels> {
  void runOnOperation() override {
    llvm::StringMap<func::FuncOp> kept;
    llvm::StringMap<unsigned> counts;
    llvm::DenseMap<StringAttr, FlatSymbolRefAttr> renamed;
    SmallVector<func::FuncOp> kernels;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("weft.kernel"))
        kernels.push_back(function);
    SmallVector<std::pair<func::FuncOp, std::string>> names;
    for (func::FuncOp kernel : kernels) {
      StringAttr old = kernel.getSymNameAttr();
      auto [entry, fresh] = kept.try_emplace(textOf(kernel), kernel);
      if (fresh) {
        StringRef base = kernel->getAttrOfType<StringAttr>("weft.kernel");
        names.push_back({kernel, (base + "_" + Twine(counts[base]++)).str()});
        renamed[old] = FlatSymbolRefAttr::get(&getContext(), names.back().second);
      } else {
        renamed[old] = renamed.lookup(entry->second.getSymNameAttr());
        kernel.erase();
        ++numShared;
      }
    }
    for (auto &[kernel, name] : names)
      kernel.setSymName(name);
    getOperation().walk([&](func::CallOp call) {
      if (FlatSymbolRefAttr name = renamed.lookup(call.getCalleeAttr().getAttr()))
        call.setCalleeAttr(name);
    });
  }
};

} // namespace
} // namespace weft
