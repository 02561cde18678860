// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase graph: a sum over the few parts that channels were divided into, or that branches were stacked from, becomes additions of
// these parts.
//
// Networks with split attention (ResNeSt, SKNet) weigh branches by a dimension of their own, [N, branches, C, H, W], for which no
// packed layout exists: each such block turned its planes row-major, wrote them weighed and read them again for the sum. Each
// part is a range of channels, or was a tensor before it was stacked, so products and sums of parts are one element-wise kernel.
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Passes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_ADDPARTS
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// The dimension of parts, in front of the channels.
constexpr int64_t axis = 1;

/// Sums of more parts are loops.
constexpr int64_t mostParts = 8;

/// What is as small beside the sum may be cut and copied: weights of attention, one for each channel and part.
constexpr int64_t smallPart = 8;

class Parts {
public:
  explicit Parts(ReduceSumOp sum)
      : sum(sum), whole(tensorOf(sum.getX())), count(whole.hasStaticShape() && whole.getRank() > axis + 2 ? whole.getDimSize(axis) : 0) {}

  /// Whether the sum is over few parts of planes, each of which exists or is cheap to make.
  bool exist() { return sum.getAxes() == ArrayRef<int64_t>{axis} && count > 1 && count <= mostParts && comesApart(sum.getX()); }

  Value add(OpBuilder &builder) {
    Value total = part(builder, sum.getX(), 0);
    for (int64_t i = 1; i < count; ++i)
      total = AddOp::create(builder, sum.getLoc(), total.getType(), total, part(builder, sum.getX(), i));
    Type type = sum.getY().getType();
    return total.getType() == type ? total : ReshapeOp::create(builder, sum.getLoc(), total, tensorOf(sum.getY()).getShape());
  }

private:
  static SmallVector<int64_t> withoutAxis(ArrayRef<int64_t> shape) {
    SmallVector<int64_t> rest(shape);
    rest.erase(rest.begin() + axis);
    return rest;
  }

  /// What is divided in channels: [N, count * C, ...] seen as [N, count, C, ...].
  Value dividedBy(ReshapeOp reshape) const {
    SmallVector<int64_t> joined = withoutAxis(tensorOf(reshape.getY()).getShape());
    joined[axis] *= count;
    return tensorOf(reshape.getX()).getShape() == ArrayRef(joined) ? reshape.getX() : Value();
  }

  bool isStack(ConcatOp concat) const {
    auto isOne = [](Value x) { return tensorOf(x).getDimSize(axis) == 1; };
    return concat.getAxis() == axis && int64_t(concat.getXs().size()) == count && llvm::all_of(concat.getXs(), isOne);
  }

  static bool isNumber(Value x) { return tensorOf(x).getRank() == 0; }

  /// An element-wise operation whose operands have all dimensions, or none.
  bool isElementwise(Operation *op) const {
    auto hasAll = [&](Value x) { return isNumber(x) || tensorOf(x).getRank() == whole.getRank(); };
    return op && isPointwise(op) && channelVectors(op).empty() && op->getNumResults() == 1 && llvm::all_of(op->getOperands(), hasAll);
  }

  /// What a value's parts are.
  enum class Form {
    Number,      ///< all of it, for each
    Shared,      ///< all of it, less the dimension of parts, of which it has one element
    Ranges,      ///< ranges of the channels it divides
    Members,     ///< what it stacks
    Elementwise, ///< the same operation on its operands' parts
    Slices,      ///< cut from it
  };

  Form formOf(Value x) const {
    if (isNumber(x))
      return Form::Number;
    if (tensorOf(x).getDimSize(axis) != count)
      return Form::Shared;
    Operation *op = x.getDefiningOp();
    if (auto reshape = dyn_cast_or_null<ReshapeOp>(op); reshape && dividedBy(reshape))
      return Form::Ranges;
    if (auto concat = dyn_cast_or_null<ConcatOp>(op); concat && isStack(concat))
      return Form::Members;
    return isElementwise(op) && op->hasOneUse() ? Form::Elementwise : Form::Slices;
  }

  bool comesApart(Value x) const {
    switch (formOf(x)) {
    case Form::Number:
    case Form::Ranges:
    case Form::Members:
      return true;
    case Form::Shared:
      return tensorOf(x).getDimSize(axis) == 1;
    case Form::Elementwise:
      return llvm::all_of(x.getDefiningOp()->getOperands(), [&](Value operand) { return comesApart(operand); });
    case Form::Slices:
      return smallPart * tensorOf(x).getNumElements() <= whole.getNumElements();
    }
  }

  /// `x` in `shape`, which leaves out a dimension of one element.
  static Value reshaped(OpBuilder &builder, Value x, ArrayRef<int64_t> shape) {
    if (auto reshape = x.getDefiningOp<ReshapeOp>(); reshape && tensorOf(reshape.getX()).getShape() == shape)
      return reshape.getX();
    return ReshapeOp::create(builder, x.getLoc(), x, shape);
  }

  static Value slice(OpBuilder &builder, Value x, int64_t from, int64_t to) {
    auto type = tensorOf(x);
    SmallVector<int64_t> start(type.getRank(), 0), stop(type.getShape()), step(type.getRank(), 1), shape(stop);
    start[axis] = from;
    stop[axis] = to;
    shape[axis] = to - from;
    return SliceOp::create(builder, x.getLoc(), type.clone(shape), x, start, stop, step);
  }

  Value part(OpBuilder &builder, Value x, int64_t i) const {
    Form form = formOf(x);
    if (form == Form::Number)
      return x;
    Operation *op = x.getDefiningOp();
    SmallVector<int64_t> shape = withoutAxis(tensorOf(x).getShape());
    switch (form) {
    case Form::Number:
    case Form::Shared:
      return reshaped(builder, x, shape);
    case Form::Ranges:
      return slice(builder, dividedBy(cast<ReshapeOp>(op)), i * shape[axis], (i + 1) * shape[axis]);
    case Form::Members:
      return reshaped(builder, cast<ConcatOp>(op).getXs()[i], shape);
    case Form::Slices:
      return reshaped(builder, slice(builder, x, i, i + 1), shape);
    case Form::Elementwise:
      break;
    }
    SmallVector<Value> operands = llvm::map_to_vector(op->getOperands(), [&](Value operand) { return part(builder, operand, i); });
    OperationState state(op->getLoc(), op->getName(), operands, tensorOf(x).clone(shape), op->getAttrs());
    return builder.create(state)->getResult(0);
  }

  ReduceSumOp sum;
  RankedTensorType whole;
  int64_t count;
};

struct AddParts : impl::AddPartsBase<AddParts> {
  void runOnOperation() override {
    getOperation().walk([&](ReduceSumOp sum) {
      Parts parts(sum);
      if (!parts.exist())
        return;
      OpBuilder builder(sum);
      sum.getY().replaceAllUsesWith(parts.add(builder));
      sum.erase();
      ++numSums;
    });
  }
};

} // namespace
} // namespace weft
