// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase graph: where a convolution's weight is a constant one times what was computed for each channel, the constant is its weight:
// what belongs to inputs multiplies those, what belongs to outputs the results.
//
// Generators that are told a style (StyleGAN2, "modulated convolution") multiply the filters with it and normalise them again, for each
// sample anew; several samples are written as groups. Such a filter would be computed, packed and, by Winograd, transformed each time.
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Slices.h"
#include "dialects/Weft/Shapes.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_MOVEFACTORSOUT
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// What a dimension of a weight, or of something it is made of, runs over. `Window` and above: a spatial dimension of the window.
enum Role : int { None = -1, Sample, Output, Input, Window };

using Roles = SmallVector<int>;

/// The roles and extents of the dimensions that have more than one element, in their order.
struct Extended {
  Roles roles;
  Extents extents;
};

/// A value that multiplies a weight or divides it, with the roles of its dimensions.
struct Factor {
  Value value;
  Roles roles;
  bool divides;

  bool has(int role) const { return llvm::is_contained(roles, role); }
  /// Whether its samples stand behind its channels.
  bool hasChannelsFirst() const {
    auto sample = llvm::find(roles, int(Sample));
    return sample != roles.end() && std::any_of(roles.begin(), sample, [](int role) { return role != None; });
  }
  bool isNumber() const { return llvm::all_of(roles, [](int role) { return role == None; }); }
  bool isOfWindow() const { return llvm::any_of(roles, [](int role) { return role >= Window; }); }
};

/// The roles of an operand that is repeated to meet `roles`.
Roles rolesOf(Value operand, ArrayRef<int> roles) {
  ArrayRef<int64_t> shape = tensorOf(operand).getShape();
  Roles own(roles.take_back(shape.size()));
  for (auto [role, extent] : llvm::zip(own, shape))
    if (extent == 1)
      role = None;
  return own;
}

/// A convolution's weight, followed back to a constant.
class Weight {
public:
  /// `first`: what the weight's first dimension runs over, the other channels are its second.
  Weight(Value weight, Role first, int64_t groups) : weight(weight), first(first), groups(groups) {
    ArrayRef<int64_t> shape = tensorOf(weight).getShape();
    roles = {first, first == Output ? Input : Output};
    for (size_t d = 2; d < shape.size(); ++d)
      roles.push_back(Window + d - 2);
    dropOnes(roles, shape);
  }

  /// Whether it is a constant times factors of channels, of which there is one at least.
  bool isConstantTimesFactors() {
    Value value = weight;
    while (!isRecipe(value)) {
      Operation *op = value.getDefiningOp();
      if (!op || !tensorOf(value).hasStaticShape())
        return false;
      bool isFollowed = TypeSwitch<Operation *, bool>(op)
                            .Case<ReshapeOp, GatherOp>([&](auto view) { return through(view, value); })
                            .Case([&](TransposeOp transpose) { return through(transpose, value); })
                            .Case<MulOp, DivOp>([&](auto op) { return through(op, value); })
                            .Default(false);
      if (!isFollowed)
        return false;
    }
    base = value;
    ArrayRef<int64_t> shape = tensorOf(base).getShape();
    bool sharesSamples = llvm::all_of(llvm::zip(roles, shape), [](auto pair) { return std::get<0>(pair) != Sample || std::get<1>(pair) == 1; });
    Role second = first == Output ? Input : Output; // of which each group has its own
    return !factors.empty() && sharesSamples && (samples > 1 || groups == 1 || llvm::none_of(factors, [&](const Factor &f) { return f.has(second); }));
  }

  /// The constant as the weight of a convolution of each sample.
  Value filter(OpBuilder &builder) const {
    Extents shape(tensorOf(weight).getShape());
    shape[0] /= samples;
    Extended own = extended(roles, tensorOf(base).getShape());
    SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, own.roles.size()));
    auto place = [&](int64_t d) { return own.roles[d] == first ? -1 : own.roles[d]; };
    llvm::sort(order, [&](int64_t a, int64_t b) { return place(a) < place(b); });
    Value value = builder.createOrFold<ReshapeOp>(base.getLoc(), base, own.extents);
    if (!llvm::is_sorted(order))
      value = TransposeOp::create(builder, base.getLoc(), value, order);
    return builder.createOrFold<ReshapeOp>(base.getLoc(), value, shape);
  }

  ArrayRef<Factor> getFactors() const { return factors; }
  int64_t getSamples() const { return samples; }

private:
  static void dropOnes(Roles &roles, ArrayRef<int64_t> shape) {
    for (auto [role, extent] : llvm::zip(roles, shape))
      if (extent == 1)
        role = None;
  }

  static Extended extended(ArrayRef<int> roles, ArrayRef<int64_t> shape) {
    Extended result;
    for (auto [role, extent] : llvm::zip(roles, shape))
      if (extent > 1) {
        result.roles.push_back(role);
        result.extents.push_back(extent);
      }
    return result;
  }

  /// The same elements in their order, dimensions of one element more or fewer; samples may have been merged with the first channels.
  template <typename View> bool through(View view, Value &value) {
    Value x = view.getX();
    auto from = tensorOf(x), to = tensorOf(value);
    if (!from.hasStaticShape() || from.getNumElements() != to.getNumElements() || !keepsOrder(view))
      return false;
    Extended wanted = extended(roles, to.getShape());
    Extents extents = extended(Roles(from.getRank(), None), from.getShape()).extents;
    if (extents != wanted.extents && !splitSamples(wanted, extents))
      return false;
    Roles behind;
    size_t next = 0;
    for (int64_t extent : from.getShape())
      behind.push_back(extent > 1 ? wanted.roles[next++] : int(None));
    roles = behind;
    value = x;
    return true;
  }

  static bool keepsOrder(ReshapeOp) { return true; }
  /// Of one element there is no other.
  static bool keepsOrder(GatherOp gather) { return tensorOf(gather.getX()).getDimSize(gather.getAxis()) == 1; }

  bool splitSamples(Extended &wanted, ArrayRef<int64_t> extents) {
    if (groups == 1 || samples > 1 || wanted.roles.empty() || wanted.roles[0] != first || wanted.extents[0] % groups)
      return false;
    wanted.roles.insert(wanted.roles.begin(), Sample);
    wanted.extents[0] /= groups;
    wanted.extents.insert(wanted.extents.begin(), groups);
    if (wanted.extents[1] == 1) {
      wanted.extents.erase(wanted.extents.begin() + 1);
      wanted.roles.erase(wanted.roles.begin() + 1);
    }
    bool isSplit = ArrayRef(wanted.extents) == extents && llvm::all_of(factors, [](const Factor &f) { return f.isNumber(); });
    samples = isSplit ? groups : 1;
    return isSplit;
  }

  bool through(TransposeOp transpose, Value &value) {
    Roles behind(roles.size(), None);
    for (auto [to, from] : llvm::enumerate(transpose.getPerm()))
      behind[from] = roles[to];
    roles = behind;
    value = transpose.getX();
    return true;
  }

  bool through(MulOp product, Value &value) { return takes(product.getX(), product.getY(), false, value) || takes(product.getY(), product.getX(), false, value); }
  bool through(DivOp quotient, Value &value) { return takes(quotient.getX(), quotient.getY(), true, value); }

  /// `value` is `x` times `y`, or divided by it: goes on with `x` where the other is of channels.
  bool takes(Value x, Value y, bool divides, Value &value) {
    Factor factor{y, rolesOf(y, roles), divides};
    Roles left = rolesOf(x, roles);
    bool lacksSamples = samples > 1 && factor.has(Sample) && !llvm::is_contained(left, Sample);
    bool isOfChannels = !factor.isOfWindow() && !(factor.has(Input) && factor.has(Output));
    int64_t repeats = lacksSamples ? samples : 1;
    if (!isOfChannels || !tensorOf(x).hasStaticShape() || tensorOf(x).getNumElements() * repeats != tensorOf(value).getNumElements() ||
        tensorOf(x).getRank() != tensorOf(value).getRank())
      return false;
    factors.push_back(factor);
    roles = left;
    value = x;
    return true;
  }

  Value weight, base;
  Role first;
  int64_t groups, samples = 1;
  Roles roles; ///< of what was reached
  SmallVector<Factor> factors;
};

/// `x` times `factor`, or divided by it, which is `[samples or 1, channels or 1, 1...]`.
Value applied(OpBuilder &builder, Location loc, Value x, const Factor &factor, int64_t samples) {
  Extents shape(tensorOf(x).getRank(), 1);
  shape[0] = factor.has(Sample) ? samples : 1;
  shape[1] = tensorOf(factor.value).getNumElements() / shape[0];
  Value value = factor.value;
  if (factor.hasChannelsFirst())
    value = TransposeOp::create(builder, loc, ReshapeOp::create(builder, loc, value, ArrayRef{shape[1], shape[0]}), ArrayRef<int64_t>{1, 0});
  Value reshaped = builder.createOrFold<ReshapeOp>(loc, value, shape);
  if (factor.divides)
    return DivOp::create(builder, loc, x, reshaped);
  return MulOp::create(builder, loc, x, reshaped);
}

Value convolution(OpBuilder &builder, ConvOp conv, Value x, Value weight, int64_t groups) {
  return ConvOp::create(builder, conv.getLoc(), x, weight, Value(), conv.getStride(), conv.getPad(), conv.getDilation(), groups,
                        AlgorithmAttr(), DenseI64ArrayAttr());
}

Value convolution(OpBuilder &builder, ConvTransposeOp conv, Value x, Value weight, int64_t groups) {
  return ConvTransposeOp::create(builder, conv.getLoc(), x, weight, Value(), conv.getStride(), conv.getPad(), conv.getOutputPad(),
                                 conv.getDilation(), groups, AlgorithmAttr(), DenseI64ArrayAttr());
}

template <typename Conv> bool moveFactorsOut(Conv conv, Role first) {
  auto type = tensorOf(conv.getX());
  int64_t groups = conv.getGroups();
  if (isRecipe(conv.getWeight()) || !type.hasStaticShape())
    return false;
  Weight weight(conv.getWeight(), first, groups);
  if (!weight.isConstantTimesFactors() || (weight.getSamples() > 1 && type.getDimSize(0) != 1))
    return false;
  OpBuilder builder(conv);
  Location loc = conv.getLoc();
  int64_t samples = weight.getSamples();
  auto divided = [&](Value value) {
    Extents shape(tensorOf(value).getShape());
    shape[0] *= samples;
    shape[1] /= samples;
    return builder.createOrFold<ReshapeOp>(loc, value, shape);
  };
  Value x = divided(conv.getX());
  for (const Factor &factor : weight.getFactors())
    if (factor.has(Input))
      x = applied(builder, loc, x, factor, samples);
  Value y = convolution(builder, conv, x, weight.filter(builder), samples > 1 ? 1 : groups);
  for (const Factor &factor : weight.getFactors())
    if (!factor.has(Input))
      y = applied(builder, loc, y, factor, samples);
  y = builder.createOrFold<ReshapeOp>(loc, y, tensorOf(conv.getY()).getShape());
  y = plusBias(builder, loc, y, conv.getBias());
  conv.getY().replaceAllUsesWith(y);
  conv.erase();
  return true;
}

/// The sum of (w * s)^2, w constant and s the same where w runs: of w^2 as much as can be is summed when compiling, the rest times s^2.
bool sumSquaresFirst(ReduceSumOp sum) {
  auto square = sum.getX().getDefiningOp<MulOp>();
  auto product = square && square.getX() == square.getY() ? square.getX().getDefiningOp<MulOp>() : MulOp();
  if (!product || !product.getType().hasStaticShape())
    return false;
  Value w = product.getX(), s = product.getY();
  if (!isRecipe(w))
    std::swap(w, s);
  auto whole = tensorOf(w), factor = tensorOf(s);
  if (!isRecipe(w) || isRecipe(s) || whole.getRank() != product.getType().getRank() || factor.getNumElements() >= whole.getNumElements())
    return false;
  Extents before, after;
  int64_t lead = whole.getRank() - factor.getRank();
  for (int64_t axis : sum.getAxes())
    (axis < lead || factor.getDimSize(axis - lead) == 1 ? before : after).push_back(axis);
  if (before.empty())
    return false;
  OpBuilder builder(sum);
  Location loc = sum.getLoc();
  Value squares = ReduceSumOp::create(builder, loc, MulOp::create(builder, loc, w, w), before, true);
  Value y = MulOp::create(builder, loc, squares, MulOp::create(builder, loc, s, s));
  if (!after.empty())
    y = ReduceSumOp::create(builder, loc, y, after, true);
  y = builder.createOrFold<ReshapeOp>(loc, y, tensorOf(sum.getY()).getShape());
  sum.getY().replaceAllUsesWith(y);
  sum.erase();
  return true;
}

struct MoveFactorsOut : impl::MoveFactorsOutBase<MoveFactorsOut> {
  void runOnOperation() override {
    SmallVector<ReduceSumOp> sums;
    SmallVector<Operation *> convs;
    getOperation().walk([&](Operation *op) {
      if (isa<ConvOp, ConvTransposeOp>(op))
        convs.push_back(op);
      else if (auto sum = dyn_cast<ReduceSumOp>(op))
        sums.push_back(sum);
    });
    for (ReduceSumOp sum : sums)
      sumSquaresFirst(sum);
    for (Operation *op : convs) {
      if (auto conv = dyn_cast<ConvOp>(op))
        numMoved += moveFactorsOut(conv, Output);
      else
        numMoved += moveFactorsOut(cast<ConvTransposeOp>(op), Input);
    }
  }
};

} // namespace
} // namespace weft
