// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Groups: what becomes one kernel.
#include "dialects/Weft/Weft.h"

using namespace mlir;
using namespace weft;

/// Whether two lists of types are one; says what is where they are not.
static LogicalResult checkTypes(GroupOp op, StringRef what, TypeRange types, StringRef against, TypeRange expected) {
  if (types.size() != expected.size())
    return op.emitOpError() << "has " << types.size() << " " << what << "s for " << expected.size() << " " << against
                            << "s";
  for (auto [index, type, wanted] : llvm::enumerate(types, expected))
    if (type != wanted)
      return op.emitOpError() << what << " " << index << " is " << type << ", its " << against << " " << wanted;
  return success();
}

YieldOp GroupOp::getYield() { return cast<YieldOp>(getBody().front().getTerminator()); }

LogicalResult GroupOp::verifyRegions() {
  Block &block = getBody().front();
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  if (!yield)
    return emitOpError() << "does not end in `weft.yield`";
  if (failed(checkTypes(*this, "argument", block.getArgumentTypes(), "operand", getInputs().getTypes())) ||
      failed(checkTypes(*this, "result", getResultTypes(), "yielded value", yield.getValues().getTypes())))
    return failure();
  for (Operation &inner : block)
    if (!isPure(&inner))
      return emitOpError() << "holds `" << inner.getName() << "`, which is not pure";
  return success();
}
