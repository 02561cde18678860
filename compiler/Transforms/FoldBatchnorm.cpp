// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase graph: batch normalisation becomes recipes on the weights of the contraction before it.
//
// y = (x - mean) / sqrt(var + eps) * gamma + beta = x * s + t. A contraction is linear in its weight, so s goes there,
// one factor an output channel; t joins the bias. Nothing is evaluated: s and t are operations on names of weights.
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Slices.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_FOLDBATCHNORM
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// Makes the operations of a recipe at one location, in the notation of arithmetic.
class Recipe {
public:
  Recipe(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  Value scalar(RankedTensorType like, double value) {
    auto type = RankedTensorType::get({}, like.getElementType());
    auto attribute = DenseElementsAttr::get(type, builder.getFloatAttr(like.getElementType(), value));
    return ConstantOp::create(builder, loc, type, attribute);
  }
  Value add(Value x, Value y) { return AddOp::create(builder, loc, x, y); }
  Value sub(Value x, Value y) { return SubOp::create(builder, loc, x, y); }
  Value mul(Value x, Value y) { return MulOp::create(builder, loc, x, y); }
  Value rsqrt(Value x) { return RsqrtOp::create(builder, loc, x); }
  Value reshape(Value x, ArrayRef<int64_t> shape) { return ReshapeOp::create(builder, loc, x, shape); }

private:
  OpBuilder &builder;
  Location loc;
};

/// What a batch normalisation multiplies and adds, a vector over channels each.
struct ScaleAndShift {
  Value scale, shift;
};

ScaleAndShift scaleAndShift(Recipe &recipe, BatchnormOp norm) {
  Value eps = recipe.scalar(tensorOf(norm.getVar()), norm.getEps().convertToDouble());
  Value scale = recipe.mul(norm.getGamma(), recipe.rsqrt(recipe.add(norm.getVar(), eps)));
  return {scale, recipe.sub(norm.getBeta(), recipe.mul(norm.getMean(), scale))};
}

/// Where output channels lie in a weight: the weight seen as `view`, the factors as `factors`.
struct ChannelView {
  SmallVector<int64_t> view, factors;
};

ChannelView leadingChannels(ArrayRef<int64_t> filter) {
  SmallVector<int64_t> factors(filter.size(), 1);
  factors[0] = filter[0];
  return {SmallVector<int64_t>(filter), factors};
}

/// `[C, O / groups, k...]`: the group of an output channel is that of its input channels.
ChannelView transposedChannels(ArrayRef<int64_t> filter, int64_t groups) {
  SmallVector<int64_t> view{groups, filter[0] / groups};
  llvm::append_range(view, filter.drop_front());
  SmallVector<int64_t> factors(view.size(), 1);
  factors[0] = groups, factors[2] = filter[1];
  return {view, factors};
}

ChannelView channelView(Operation *contraction) {
  if (auto conv = dyn_cast<ConvOp>(contraction))
    return leadingChannels(conv.getFilter());
  if (auto conv = dyn_cast<ConvTransposeOp>(contraction))
    return transposedChannels(conv.getFilter(), conv.getGroups());
  return leadingChannels(cast<LinearOp>(contraction).getFilter());
}

constexpr unsigned weightOperand = 1, biasOperand = 2;

/// What `x` holds a row each of, where a reshape merged its dimensions but the last (LeViT normalises sequences so), or `x`.
Value beforeMerging(Value x) {
  auto merging = x.getDefiningOp<ReshapeOp>();
  bool mergesRows = merging && merging->hasOneUse() && tensorOf(x).getRank() == 2 && tensorOf(merging.getX()).getRank() > 2 &&
                    tensorOf(merging.getX()).getShape().back() == tensorOf(x).getShape().back() && merging.getX().getDefiningOp<LinearOp>();
  return mergesRows ? merging.getX() : x;
}

/// The contraction that makes `x` if its weight can take a scale: nobody else reads its result.
Operation *foldableContraction(Value x) {
  Operation *op = beforeMerging(x).getDefiningOp();
  if (!op || !isa<ConvOp, ConvTransposeOp, LinearOp>(op) || !op->hasOneUse() || op->hasAttr("algorithm"))
    return nullptr;
  // The channels of a normalisation are dimension 1; of a linear they are the last.
  bool areChannels = !isa<LinearOp>(op) || tensorOf(x).getRank() == 2;
  return areChannels && llvm::all_of(op->getOperands().drop_front(), isRecipe) ? op : nullptr;
}

Value scaledWeight(Recipe &recipe, Value weight, Value scale, const ChannelView &channels) {
  ArrayRef<int64_t> shape = tensorOf(weight).getShape();
  Value factors = recipe.reshape(scale, channels.factors);
  if (ArrayRef<int64_t>(channels.view) == shape)
    return recipe.mul(weight, factors);
  return recipe.reshape(recipe.mul(recipe.reshape(weight, channels.view), factors), shape);
}

void foldInto(RewriterBase &rewriter, BatchnormOp norm, Operation *contraction) {
  Recipe recipe(rewriter, norm.getLoc());
  auto [scale, shift] = scaleAndShift(recipe, norm);
  Value weight = scaledWeight(recipe, contraction->getOperand(weightOperand), scale, channelView(contraction));
  Value bias = shift;
  if (contraction->getNumOperands() > biasOperand)
    bias = recipe.add(recipe.mul(contraction->getOperand(biasOperand), scale), shift);
  OperationState state(contraction->getLoc(), contraction->getName(), {contraction->getOperand(0), weight, bias},
                       contraction->getResultTypes(), contraction->getAttrs());
  Value folded = rewriter.create(state)->getResult(0);
  Operation *merging = norm.getX().getDefiningOp();
  rewriter.replaceOp(norm, folded.getType() == norm.getType() ? folded : recipe.reshape(folded, tensorOf(norm.getY()).getShape()));
  if (merging != contraction)
    rewriter.eraseOp(merging);
  rewriter.eraseOp(contraction);
}

/// `x * s + t` with s and t as `[1, C, 1...]`.
void split(RewriterBase &rewriter, BatchnormOp norm) {
  Recipe recipe(rewriter, norm.getLoc());
  auto [scale, shift] = scaleAndShift(recipe, norm);
  SmallVector<int64_t> shape(tensorOf(norm.getX()).getRank(), 1);
  shape[1] = tensorOf(scale).getDimSize(0);
  Value scaled = recipe.mul(norm.getX(), recipe.reshape(scale, shape));
  rewriter.replaceOp(norm, recipe.add(scaled, recipe.reshape(shift, shape)));
}

/// Channels that contractions made part by part are normalised part by part, so that each can take its own.
ConcatOp foldableParts(BatchnormOp norm) {
  auto concat = norm.getX().getDefiningOp<ConcatOp>();
  bool folds = concat && concat->hasOneUse() && concat.getAxis() == 1 && llvm::all_of(concat.getXs(), foldableContraction);
  return folds ? concat : ConcatOp();
}

SmallVector<BatchnormOp> normaliseParts(RewriterBase &rewriter, BatchnormOp norm, ConcatOp concat) {
  SmallVector<BatchnormOp> norms;
  SmallVector<Value> parts;
  int64_t from = 0;
  for (Value part : concat.getXs()) {
    Range channels{from, from + tensorOf(part).getDimSize(1)};
    SmallVector<Value> operands{part};
    for (Value vector : norm->getOperands().drop_front())
      operands.push_back(slice(rewriter, vector, 0, channels));
    OperationState state(norm.getLoc(), norm->getName(), operands, {part.getType()}, norm->getAttrs());
    norms.push_back(cast<BatchnormOp>(rewriter.create(state)));
    parts.push_back(norms.back().getY());
    from = channels.to;
  }
  rewriter.replaceOp(norm, weft::concat(rewriter, concat.getLoc(), parts, 1));
  rewriter.eraseOp(concat);
  return norms;
}

class FoldBatchnormPass : public impl::FoldBatchnormBase<FoldBatchnormPass> {
  void runOnOperation() override {
    SmallVector<BatchnormOp> norms;
    getOperation().walk([&](BatchnormOp norm) {
      if (llvm::all_of(norm->getOperands().drop_front(), isRecipe))
        norms.push_back(norm);
    });
    IRRewriter rewriter(&getContext());
    for (BatchnormOp norm : norms) {
      rewriter.setInsertionPoint(norm);
      if (ConcatOp parts = foldableParts(norm))
        for (BatchnormOp part : normaliseParts(rewriter, norm, parts))
          fold(rewriter, part);
      else
        fold(rewriter, norm);
    }
  }

  void fold(RewriterBase &rewriter, BatchnormOp norm) {
    rewriter.setInsertionPoint(norm);
    if (Operation *contraction = foldableContraction(norm.getX())) {
      foldInto(rewriter, norm, contraction);
      ++numFolded;
    } else {
      split(rewriter, norm);
      ++numSplit;
    }
  }
};

} // namespace
} // namespace weft
