// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase fuse: a product, the softmax along its rows and the product with that as its first matrix become one kernel where what lies
// between them, a number for each pair of tokens, outgrows the cache. A band of rows then passes all three.
#include "compiler/Schedule/Machine.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Chains/MergeGroups.h"
#include "compiler/Transforms/Passes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_FUSEATTENTION
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// Below, maps stay in the second-level cache, and one kernel is no faster than three.
constexpr int64_t leastMapBytes = 256 << 10;

/// A group of one product and element-wise operations behind it.
bool isProductGroup(GroupOp group) {
  Block &body = group.getBody().front();
  auto behind = llvm::drop_begin(body.without_terminator());
  return isa<MatmulOp>(body.front()) && llvm::all_of(behind, [](Operation &op) { return isPointwise(&op); });
}

/// A group of a softmax along rows alone.
bool isSoftmaxGroup(GroupOp group) {
  auto softmax = dyn_cast<SoftmaxOp>(group.getBody().front().front());
  return softmax && isa<YieldOp>(softmax->getNextNode()) && int64_t(softmax.getAxis()) == softmax.getX().getType().getRank() - 1;
}

/// Whether rows fill tiles, of a map that is large.
bool isWorthwhile(RankedTensorType map, RankedTensorType result, const Machine &machine) {
  constexpr int64_t fewestRows = 64;
  if (!map.hasStaticShape() || isBlocked(map) || map.getRank() < 3 || result.getRank() != map.getRank())
    return false;
  int64_t rank = map.getRank();
  return machine.fusesAttention && map.getNumElements() * 4 >= leastMapBytes && map.getDimSize(rank - 2) >= fewestRows &&
         map.getDimSize(rank - 1) >= fewestRows;
}

/// The groups of an attention in order, if `softmax` is in the middle of one.
SmallVector<Operation *> attentionAround(GroupOp softmax, const Machine &machine) {
  auto scores = softmax.getInputs()[0].getDefiningOp<GroupOp>();
  Value map = softmax.getResult(0);
  if (!scores || !isProductGroup(scores) || !scores.getResult(0).hasOneUse() || !map.hasOneUse())
    return {};
  auto product = dyn_cast<GroupOp>(*map.user_begin());
  if (!product || !isProductGroup(product))
    return {};
  auto matmul = cast<MatmulOp>(product.getBody().front().front());
  auto left = dyn_cast<BlockArgument>(matmul.getX());
  bool isLeft = left && left.hasOneUse() && product.getInputs()[left.getArgNumber()] == map;
  if (!isLeft || !isWorthwhile(cast<RankedTensorType>(map.getType()), cast<RankedTensorType>(matmul.getZ().getType()), machine))
    return {};
  return {scores, softmax, product};
}

struct FuseAttention : impl::FuseAttentionBase<FuseAttention> {
  void runOnOperation() override {
    Machine machine = Machine::of(getOperation());
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr("weft.net"))
        continue;
      auto groups = llvm::to_vector(llvm::make_filter_range(function.getBody().front().getOps<GroupOp>(), isSoftmaxGroup));
      for (GroupOp softmax : groups)
        if (SmallVector<Operation *> members = attentionAround(softmax, machine); !members.empty()) {
          auto product = cast<GroupOp>(members.back());
          joinGroups(members, product.getLoc(), product.getPath());
          ++numFused;
        }
    }
  }
};

} // namespace
} // namespace weft
