// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The end of phase kernels: what cannot be imported is found here, with its place, not by an emitter.

#include "compiler/Conversion/KernelToDesc.h"
#include "compiler/Transforms/Passes.h"

namespace weft {
#define GEN_PASS_DEF_VERIFYIMPORTABLE
#include "compiler/Transforms/Passes.h.inc"
} // namespace weft

namespace weft {
namespace {

struct VerifyImportable : impl::VerifyImportableBase<VerifyImportable> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<mlir::func::FuncOp>()) {
      if (!function->hasAttr("weft.kernel"))
        continue;
      ++numChecked;
      if (mlir::failed(importKernel(function)))
        signalPassFailure();
    }
  }
};

} // namespace
} // namespace weft
