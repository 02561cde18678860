// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The arithmetic of single operations.

#include "compiler/Summary/Cost.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace weft::summary {

constexpr int64_t most = std::numeric_limits<int64_t>::max();

int64_t plus(int64_t a, int64_t b) {
  int64_t sum;
  return llvm::AddOverflow(a, b, sum) ? most : sum;
}

int64_t times(int64_t a, int64_t b) {
  int64_t result;
  return llvm::MulOverflow(a, b, result) ? most : result;
}

int64_t product(ArrayRef<int64_t> factors) {
  int64_t result = 1;
  for (int64_t factor : factors)
    result = times(result, factor);
  return result;
}

namespace {

/// Products and dot products of the expression on one edge, a time for each edge.
int64_t onEdges(Operation *op, const Sizes &sizes) {
  int64_t each = 0;
  op->getRegion(0).walk([&](Operation *inner) {
    if (isa<MulOp>(inner))
      each = plus(each, product(tensorOf(inner->getResult(0)).getShape()));
    else if (auto dot = dyn_cast<DotOp>(inner))
      each = plus(each, product(tensorOf(dot.getX()).getShape()));
  });
  return times(each, sizes.largest(op->getOperand(1)).front());
}

int64_t ofMatmul(MatmulOp op, const Sizes &sizes) {
  return times(product(sizes.largest(op.getZ())), sizes.largest(op.getX()).back());
}

std::string joined(ArrayRef<int64_t> values, StringRef by = "x") {
  std::string text;
  for (auto [i, value] : llvm::enumerate(values))
    text += (i ? by.str() : "") + std::to_string(value);
  return text;
}

std::string once(ArrayRef<int64_t> values, StringRef by) {
  return llvm::all_equal(values) ? std::to_string(values.front()) : joined(values, by);
}

std::string window(ArrayRef<int64_t> kernel, ArrayRef<int64_t> stride) {
  return " " + joined(kernel) + "/" + once(stride, "x");
}

std::string paddingAndDilation(ArrayRef<int64_t> pad, ArrayRef<int64_t> dilation) {
  std::string text;
  if (llvm::any_of(pad, [](int64_t value) { return value != 0; }))
    text += " pad " + (pad.take_front(pad.size() / 2) == pad.drop_front(pad.size() / 2) ? once(pad.take_front(pad.size() / 2), "x")
                                                                                       : joined(pad, ","));
  if (llvm::any_of(dilation, [](int64_t value) { return value != 1; }))
    text += " dilation " + once(dilation, "x");
  return text;
}

std::string describeConv(ConvOp op) {
  std::string text = (op.isDepthwise() ? "depthwise conv" : "conv") + window(op.getKernel(), op.getStride()) + " " +
                     std::to_string(op.getFilter()[0]) + paddingAndDilation(op.getPad(), op.getDilation());
  if (op.getGroups() > 1 && !op.isDepthwise())
    text += " groups " + std::to_string(op.getGroups());
  return text;
}

template <typename Pool> std::string describePool(Pool op, StringRef name) {
  return name.str() + window(op.getKernel(), op.getStride()) + paddingAndDilation(op.getPad(), op.getDilation());
}

} // namespace

int64_t multiplyAdds(Operation *op, const Sizes &sizes) {
  return llvm::TypeSwitch<Operation *, int64_t>(op)
      .Case([&](ConvOp conv) {
        return times(product(sizes.largest(conv.getY())), product(ArrayRef(conv.getFilter()).drop_front()));
      })
      .Case([&](ConvTransposeOp conv) {
        return times(product(sizes.largest(conv.getX())), product(ArrayRef(conv.getFilter()).drop_front()));
      })
      .Case([&](LinearOp linear) { return times(product(sizes.largest(linear.getY())), linear.getFilter()[1]); })
      .Case([&](MatmulOp matmul) { return ofMatmul(matmul, sizes); })
      .Case([&](DotOp dot) { return product(sizes.largest(dot.getX())); })
      .Case<AggregateOp, SoftmaxByDstOp>([&](auto edges) { return onEdges(edges, sizes); })
      .Default(int64_t(0));
}

SmallVector<WeightOp> weightsOf(Value recipe) {
  llvm::SetVector<Operation *> seen;
  SmallVector<WeightOp> weights;
  seen.insert(recipe.getDefiningOp());
  for (size_t i = 0; i < seen.size(); ++i) {
    if (auto weight = dyn_cast<WeightOp>(seen[i]))
      weights.push_back(weight);
    for (Value operand : seen[i]->getOperands())
      seen.insert(operand.getDefiningOp());
  }
  return weights;
}

bool isStatistic(WeightOp weight) {
  return llvm::all_of(weight->getUses(), [](OpOperand &use) {
    auto norm = dyn_cast<BatchnormOp>(use.getOwner());
    return norm && (use.get() == norm.getMean() || use.get() == norm.getVar()) && use.get() != norm.getGamma() &&
           use.get() != norm.getBeta();
  });
}

bool isContraction(Operation *op) { return isa<ConvOp, ConvTransposeOp, LinearOp, MatmulOp>(op); }

bool isView(Operation *op) {
  if (auto depth = dyn_cast<StochasticDepthOp>(op))
    return depth.getRule() == SurviveRule::Identity;
  if (auto pool = dyn_cast<AdaptiveAvgpoolOp>(op)) // torchvision's VGG has one that changes nothing at 224 x 224
    return tensorOf(pool.getX()) == pool.getType();
  return isa<DropoutOp, FlattenOp, ReshapeOp, ExpandOp, SliceOp, SplitOp>(op);
}

bool isPointwise(Operation *op) {
  return !isView(op) &&
         !isa<ConvOp, ConvTransposeOp, LinearOp, MatmulOp, MaxpoolOp, AvgpoolOp, GlobalAvgpoolOp, GlobalMaxpoolOp,
              AdaptiveAvgpoolOp, LrnOp, UpsampleOp, ReduceSumOp, ReduceMeanOp, ReduceMaxOp, ReduceMinOp, ConcatOp,
              GatherOp, GatherElementsOp, ScatterOp, OrdinalRankOp, ResampleOp, TransposeOp, PadOp, ChannelShuffleOp, DepthToSpaceOp, ImageInputOp, AggregateOp,
              SoftmaxByDstOp, ReadoutOp, DotOp, CastOp>(op);
}

std::string describe(Operation *op) {
  std::string name = op->getName().stripDialect().str();
  return llvm::TypeSwitch<Operation *, std::string>(op)
      .Case([&](ConvOp conv) { return describeConv(conv); })
      .Case([&](ConvTransposeOp conv) {
        SmallVector<int64_t> filter = conv.getFilter();
        return name + window(ArrayRef(filter).drop_front(2), conv.getStride()) + " " +
               std::to_string(filter[1] * conv.getGroups()) + paddingAndDilation(conv.getPad(), conv.getDilation());
      })
      .Case<MaxpoolOp, AvgpoolOp>([&](auto pool) { return describePool(pool, name); })
      .Case([&](LinearOp linear) { return name + " " + std::to_string(linear.getFilter()[0]); })
      .Case([&](LrnOp lrn) { return name + " " + std::to_string(lrn.getSize()); })
      .Case([&](AggregateOp edges) { return name + " " + stringifyReduceKind(edges.getKind()).str(); })
      .Case([&](ReadoutOp readout) { return name + " " + stringifyReduceKind(readout.getKind()).str(); })
      .Default(name);
}

} // namespace weft::summary
