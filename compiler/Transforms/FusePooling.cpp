// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase fuse, behind the choice of schedules: 2x2 max pooling moves into the kernel of the Winograd convolution before it.
//
// A tile of that algorithm is 2x2 or 4x4 results, whole windows, which meet in registers on their way out. So a quarter is
// stored, and nothing is computed twice or read again. A tile of other algorithms is part of a row, and other windows reach
// into neighbouring tiles. Before, chains may have taken one of both, and the convolution has been given room to work in, which
// it needs no less now that its results are never alive as a whole.
#include "compiler/Conversion/WeftToLinalg/WeftToLinalg.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Chains/MergeGroups.h"
#include "compiler/Transforms/Passes.h"
#include "dialects/Weft/Winograd.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_FUSEPOOLING
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// Whether windows of 2x2 cover the plane, but perhaps its last row and column, next to each other.
bool takesQuarter(MaxpoolOp pool) {
  auto is = [](ArrayRef<int64_t> values, int64_t wanted) {
    return llvm::all_of(values, [&](int64_t value) { return value == wanted; });
  };
  auto halved = [&](unsigned d) {
    return pool.getY().getType().getDimSize(2 + d) == pool.getX().getType().getDimSize(2 + d) / 2;
  };
  return pool.getKernel().size() == 2 && is(pool.getKernel(), 2) && is(pool.getStride(), 2) && is(pool.getPad(), 0) &&
         is(pool.getDilation(), 1) && halved(0) && halved(1);
}

/// Whether each tile of the convolution's results is of whole windows.
bool makesWindows(ConvOp conv) {
  auto isOne = [](int64_t value) { return value == 1; };
  std::optional<int64_t> m = winogradTile(conv.getAlgorithm());
  return m && *m % 2 == 0 && conv.getSpatialRank() == 2 && llvm::none_of(conv.getKernel(), isOne) &&
         llvm::all_of(conv.getDilation(), isOne);
}

/// The group before `pooling` whose convolution can pool; null if there is none.
GroupOp producerOf(GroupOp pooling) {
  auto pool = dyn_cast<MaxpoolOp>(pooling.getBody().front().front());
  auto argument = pool ? dyn_cast<BlockArgument>(pool.getX()) : BlockArgument();
  if (!argument || !argument.hasOneUse() || isChainGroup(pooling) || !takesQuarter(pool))
    return {};
  Value x = pooling.getInputs()[argument.getArgNumber()];
  auto producer = x.getDefiningOp<GroupOp>();
  if (!producer || !x.hasOneUse() || isChainGroup(producer))
    return {};
  auto conv = dyn_cast<ConvOp>(producer.getBody().front().front());
  return conv && makesWindows(conv) ? producer : GroupOp();
}

void merge(GroupOp producer, GroupOp pooling) {
  Attribute choice = producer->getAttr("choice");
  GroupOp merged = joinGroups({producer, pooling}, producer.getLoc(), producer.getPath().str());
  if (choice)
    merged->setAttr("choice", choice);
}

/// Pooling behind another convolution keeps a kernel of its own. What one kernel could save is reading the plane once more,
/// from the cache for all but the largest: compiler/Schedule/MEASURED.md has the shares measured.
void remarkWhyAlone(GroupOp pooling) {
  Operation &pool = pooling.getBody().front().front();
  auto argument = isWindow(&pool) ? dyn_cast<BlockArgument>(pool.getOperand(0)) : BlockArgument();
  auto producer = argument ? pooling.getInputs()[argument.getArgNumber()].getDefiningOp<GroupOp>() : GroupOp();
  if (!producer || isChainGroup(pooling))
    return;
  Operation &before = producer.getBody().front().front();
  if (isContraction(&before))
    pool.emitRemark() << "`" << pool.getName() << "` is not fused with `" << before.getName()
                      << "`: it reads what is in the cache, and the kernel without it serves other layers too";
}

struct FusePooling : impl::FusePoolingBase<FusePooling> {
  void runOnOperation() override {
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr("weft.net"))
        continue;
      for (auto group : llvm::make_early_inc_range(function.getBody().front().getOps<GroupOp>())) {
        if (GroupOp producer = producerOf(group)) {
          merge(producer, group);
          ++numFused;
        } else {
          remarkWhyAlone(group);
        }
      }
    }
  }
};

} // namespace
} // namespace weft
