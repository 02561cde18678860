// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The end of phase kernels: what cannot be imported is found here, with its place, not by an emitter.

#include "compiler/Conversion/KernelToDesc.h"
#include "compiler/Kernel/Check.h"
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
      mlir::FailureOr<kernel::KernelDesc> desc = importKernel(function);
      if (mlir::failed(desc)) {
        signalPassFailure();
        continue;
      }
      if (auto operand = llvm::find_if_not(desc->operands, kernel::isIndexable); operand != desc->operands.end()) {
        function.emitError("`") << operand->name << "`, an operand of the kernel, spans more than 2^31 - 64 elements";
        signalPassFailure();
        continue;
      }
      std::string fault = kernel::check(*desc);
      if (!fault.empty()) {
        function.emitError("compiler bug: kernel `") << function.getName() << "` is not well formed: " << fault;
        signalPassFailure();
      }
    }
  }
};

} // namespace
} // namespace weft
