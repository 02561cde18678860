// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What emitters will read, on standard output: for tests, and for people who look at one kernel.

#include "compiler/Conversion/KernelToDesc.h"
#include "compiler/Kernel/Text.h"
#include "compiler/Transforms/Passes.h"

namespace weft {
#define GEN_PASS_DEF_PRINTDESCS
#include "compiler/Transforms/Passes.h.inc"
} // namespace weft

namespace weft {
namespace {

struct PrintDescs : impl::PrintDescsBase<PrintDescs> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<mlir::func::FuncOp>()) {
      if (!function->hasAttr("weft.kernel"))
        continue;
      mlir::FailureOr<kernel::KernelDesc> desc = importKernel(function);
      if (mlir::failed(desc))
        return signalPassFailure();
      llvm::outs() << kernel::print(*desc);
      ++numPrinted;
    }
  }
};

} // namespace
} // namespace weft
