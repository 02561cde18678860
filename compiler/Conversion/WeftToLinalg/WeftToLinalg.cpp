// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A group becomes a function: each operation through the lowering of its category, then stages fused and extents made
// general.

#include "compiler/Conversion/WeftToLinalg/WeftToLinalg.h"
#include "compiler/Conversion/WeftToLinalg/KernelBuilder.h"

using namespace mlir;

namespace weft {

const LoweringTable &LoweringTable::get() {
  static const LoweringTable table = [] {
    LoweringTable made;
    addElementwise(made);
    addContraction(made);
    addWindow(made);
    addReduction(made);
    addShape(made);
    addGraph(made);
    return made;
  }();
  return table;
}

const Lowering *LoweringTable::find(Operation *op) const {
  auto entry = entries.find(op->getName().getStringRef());
  return entry == entries.end() ? nullptr : &entry->second;
}

bool isChainGroup(GroupOp group) {
  auto choice = group->getAttrOfType<DictionaryAttr>("choice");
  auto family = choice ? choice.getAs<StringAttr>("family") : StringAttr();
  return family && family.getValue() == "chain";
}

/// Whether `op` joins or cuts packed channels inside a block, so that vectors are put together from several.
static bool cutsBlocks(Operation *op) {
  BlockedAttr layout = getBlocked(op->getResult(0).getType());
  if (!layout)
    return false;
  if (auto slice = dyn_cast<SliceOp>(op))
    return slice.getStart()[1] % layout.getBlock() != 0 || slice.getStep()[1] != 1;
  auto concat = dyn_cast<ConcatOp>(op);
  return concat && concat.getAxis() == 1 && llvm::any_of(concat.getXs().drop_back(), [&](Value x) {
           return cast<RankedTensorType>(x.getType()).getDimSize(1) % layout.getBlock() != 0;
         });
}

bool isViewOp(Operation *op) {
  if (op->getNumResults() != 0 && cutsBlocks(op))
    return false;
  if (auto pad = dyn_cast<PadOp>(op)) {
    auto type = cast<RankedTensorType>(pad.getX().getType());
    bool channels = !getBlocked(type) || (pad.getLow()[1] == 0 && pad.getHigh()[1] == 0);
    bool hasConstant = !type.getElementType().isUnsignedInteger(); // arith has none of these, a kernel makes one
    return pad.getMode() == PadMode::Constant && channels && hasConstant;
  }
  if (auto slice = dyn_cast<SliceOp>(op))
    return llvm::all_of(slice.getStep(), [](int64_t step) { return step > 0; });
  return isa<ReshapeOp, FlattenOp, ConcatOp, SplitOp>(op);
}

/// Whether channels and planes are constants, as windows and layouts want them; vertices of a graph are dimension 0.
static bool hasConstantPlanes(Operation *op) {
  if (!isa<ConvOp, ConvTransposeOp, MaxpoolOp, AvgpoolOp, GlobalAvgpoolOp, GlobalMaxpoolOp, AdaptiveAvgpoolOp, LrnOp,
           UpsampleOp, RelayoutOp, BatchnormOp, GroupnormOp, InstancenormOp, ChannelnormOp, ChannelShuffleOp,
           DepthToSpaceOp, ResampleOp, PadOp, SliceOp, ImageInputOp>(op))
    return true;
  auto type = cast<RankedTensorType>(op->getOperand(0).getType());
  return llvm::none_of(type.getShape().drop_front(type.getRank() ? 1 : 0), ShapedType::isDynamic);
}

FailureOr<Kernel> buildKernel(GroupOp group, ModuleOp module) {
  OpBuilder atEnd = OpBuilder::atBlockEnd(module.getBody());
  auto function = func::FuncOp::create(atEnd, group.getLoc(), "kernel", atEnd.getFunctionType({}, {}));
  function.setPrivate();
  KernelBuilder kernel(group, function);
  for (Operation &op : group.getBody().front().without_terminator()) {
    const Lowering *lower = LoweringTable::get().find(&op);
    if (!lower) {
      function.erase();
      return op.emitError("`") << op.getName() << "` has no kernel", failure();
    }
    if (!hasConstantPlanes(&op)) {
      function.erase();
      return op.emitError("only the first extent of ") << op.getOperand(0).getType() << " may be a run-time size",
             failure();
    }
    kernel.builder.setLoc(op.getLoc());
    if (failed((*lower)(&op, kernel))) {
      function.erase();
      return failure();
    }
  }
  kernel.finish();
  Kernel result{function, std::move(kernel.arguments), {}};
  if (failed(generalizeExtents(function, result.resultExtents))) {
    function.erase();
    return failure();
  }
  return result;
}

} // namespace weft
