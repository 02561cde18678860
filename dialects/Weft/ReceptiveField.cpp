// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Receptive fields, operation by operation: each says how an index of its result leads to indices of its operand, and
// these maps are composed from the picture onwards.
#include "dialects/Weft/ReceptiveField.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace weft {
namespace {

/// Element p of a result reads elements `step * p + first` to `step * p + first + last` of its operand.
struct Reads {
  double step = 1, first = 0, last = 0;
};

FieldAxis composed(FieldAxis axis, Reads reads) {
  return {axis.pictureDim, axis.dim, axis.jump * reads.step, axis.jump * reads.first + axis.start,
          axis.jump * reads.last + axis.size};
}

FieldAxis whole(FieldAxis axis) { return {axis.pictureDim, -1, 0, 0, 0}; }

Field composed(Field field, function_ref<Reads(unsigned dim)> reads) {
  for (FieldAxis &axis : field.axes)
    if (axis.dim >= 0)
      axis = composed(axis, reads(axis.dim));
  return field;
}

/// Dimensions get new numbers; one without a number is reduced, so everything along it is seen.
Field renumbered(Field field, function_ref<int64_t(unsigned dim)> number) {
  for (FieldAxis &axis : field.axes)
    if (axis.dim >= 0) {
      axis.dim = number(axis.dim);
      if (axis.dim < 0)
        axis = whole(axis);
    }
  return field;
}

Field wholly(Field field) {
  return renumbered(field, [](unsigned) { return -1; });
}

FieldAxis joined(FieldAxis a, FieldAxis b) {
  if (a.dim != b.dim || a.jump != b.jump)
    return whole(a);
  const double start = std::min(a.start, b.start), end = std::max(a.start + a.size, b.start + b.size);
  return {a.pictureDim, a.dim, a.jump, start, end - start};
}

void join(Field &into, const Field &from) {
  if (into.axes.empty())
    into = from;
  else if (!from.axes.empty())
    for (auto [a, b] : llvm::zip_equal(into.axes, from.axes))
      a = joined(a, b);
}

//===-- operations ------------------------------------------------------------------------------------------------===//

/// `dim` is one of `[N, C, spatial...]`; windows have an entry a spatial dimension.
template <typename OpTy> Reads slides(OpTy op, ArrayRef<int64_t> kernel, unsigned dim) {
  if (dim < 2)
    return {};
  const unsigned s = dim - 2;
  return {double(op.getStride()[s]), -double(op.getPad()[s]), double(op.getDilation()[s] * (kernel[s] - 1))};
}

/// x[i] adds to y[i * stride - low + k * dilation], so y[p] has something from (p + low - k * dilation) / stride.
Reads spreads(ConvTransposeOp op, unsigned dim) {
  if (dim < 2)
    return {};
  const unsigned s = dim - 2;
  const double stride = op.getStride()[s], reach = op.getDilation()[s] * (op.getFilter()[dim] - 1);
  return {1 / stride, (op.getPad()[s] - reach) / stride, reach / stride};
}

/// Element p lies at (p + 1/2) / scale - 1/2 between two, or reads the one at floor(p / scale).
Reads enlarges(UpsampleOp op, unsigned dim) {
  if (dim < 2)
    return {};
  const double scale = op.getScale()[dim - 2];
  if (op.getMode() == Interpolation::Nearest)
    return {1 / scale, 1 / scale - 1, 1 - 1 / scale};
  return {1 / scale, 0.5 / scale - 1.5, 2};
}

Reads adapts(AdaptiveAvgpoolOp op, unsigned dim) {
  if (dim < 2)
    return {};
  const int64_t extent = tensorOf(op.getX()).getDimSize(dim), out = op.getOut()[dim - 2];
  const double step = double(extent) / out;
  return {step, 0, extent % out ? std::ceil(step) : step - 1};
}

Reads squares(DepthToSpaceOp op, unsigned dim) {
  if (dim < 2)
    return {};
  const double block = op.getBlock()[dim - 2];
  return {1 / block, 1 / block - 1, 1 - 1 / block};
}

/// Bytes `[N, H, W, C]` become `[N, C, H, W]`; the shorter side, or both, are resized first.
Field ofImage(ImageInputOp op, const Field &x) {
  ArrayRef<int64_t> bytes = tensorOf(op.getX()).getShape(), result = tensorOf(op.getY()).getShape();
  Field field = composed(x, [&](unsigned dim) -> Reads {
    if (dim != 1 && dim != 2)
      return {};
    double extent = bytes[dim];
    if (auto resize = op.getResize())
      extent = resize->size() == 2 ? (*resize)[dim - 1] : bytes[dim] * (*resize)[0] / std::min(bytes[1], bytes[2]);
    const double scale = bytes[dim] / extent, before = std::floor((extent - result[dim + 1]) / 2);
    if (scale == 1)
      return {1, before, 0};
    const double reach = std::max(scale, 1.0);
    return {scale, (before + 0.5) * scale - 0.5 - reach, 2 * reach};
  });
  return renumbered(field, [](unsigned dim) { return dim == 1 || dim == 2 ? int64_t(dim) + 1 : dim == 3 ? 1 : 0; });
}

/// Reductions: what is reduced is seen whole; the others move up where dimensions are dropped.
template <typename OpTy> Field reduced(OpTy op, const Field &x) {
  ArrayRef<int64_t> axes = op.getAxes();
  return renumbered(x, [&](unsigned dim) -> int64_t {
    if (axes.empty() || llvm::is_contained(axes, dim))
      return -1;
    return op.getKeepdims() ? dim : dim - llvm::count_if(axes, [&](int64_t axis) { return axis < dim; });
  });
}

/// A dimension survives a reshape where the same number of elements lies before it and it has the same extent.
Field reshaped(Value from, Value to, const Field &x) {
  ArrayRef<int64_t> before = tensorOf(from).getShape(), after = tensorOf(to).getShape();
  auto elements = [](ArrayRef<int64_t> shape) {
    return std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>());
  };
  return renumbered(x, [&](unsigned dim) -> int64_t {
    for (unsigned d = 0; d < after.size(); ++d)
      if (after[d] == before[dim] && elements(after.take_front(d)) == elements(before.take_front(dim)))
        return d;
    return -1;
  });
}

/// Along an axis everything is seen.
Field across(const Field &x, int64_t axis) {
  return renumbered(x, [&](unsigned dim) -> int64_t { return dim == axis ? int64_t(-1) : dim; });
}

/// Operands of one shape, or broadcast: an operand with extent 1 where the result has more is a gate, and not counted
/// where another operand has a place of its own.
Field pointwise(Operation *op, ArrayRef<Field> operands) {
  Field result, gates;
  ArrayRef<int64_t> shape = tensorOf(op->getResult(0)).getShape();
  for (auto [operand, field] : llvm::zip_equal(op->getOperands(), operands)) {
    ArrayRef<int64_t> own = tensorOf(operand).getShape();
    const unsigned shift = shape.size() - own.size();
    bool gate = !field.axes.empty();
    for (const FieldAxis &axis : field.axes)
      gate &= axis.dim < 0 || (own[axis.dim] == 1 && shape[axis.dim + shift] != 1);
    join(gate ? gates : result, renumbered(field, [&](unsigned dim) -> int64_t { return dim + shift; }));
  }
  return result.axes.empty() ? gates : result;
}

bool keepsPlaces(Operation *op) {
  return isa<ChannelShuffleOp, RelayoutOp, BatchnormOp, GroupnormOp, InstancenormOp, ChannelnormOp, LayernormOp>(op);
}

/// Of a result of `op`, from those of its operands.
Field fieldOf(Operation *op, Value result, ArrayRef<Field> operands) {
  const Field &x = operands[0];
  return TypeSwitch<Operation *, Field>(op)
      .Case<ConvOp>([&](auto conv) {
        SmallVector<int64_t> kernel = conv.getKernel();
        return composed(x, [&](unsigned dim) { return slides(conv, kernel, dim); });
      })
      .Case<MaxpoolOp, AvgpoolOp>(
          [&](auto pool) { return composed(x, [&](unsigned dim) { return slides(pool, pool.getKernel(), dim); }); })
      .Case<ConvTransposeOp>([&](auto conv) { return composed(x, [&](unsigned dim) { return spreads(conv, dim); }); })
      .Case<UpsampleOp>([&](auto up) { return composed(x, [&](unsigned dim) { return enlarges(up, dim); }); })
      .Case<AdaptiveAvgpoolOp>([&](auto pool) {
        Field pooled = composed(x, [&](unsigned dim) { return adapts(pool, dim); });
        return renumbered(pooled, [&](unsigned dim) -> int64_t { return dim >= 2 && pool.getOut()[dim - 2] == 1 ? int64_t(-1) : dim; });
      })
      .Case<DepthToSpaceOp>([&](auto depth) { return composed(x, [&](unsigned dim) { return squares(depth, dim); }); })
      .Case<ImageInputOp>([&](auto image) { return ofImage(image, x); })
      .Case<PadOp>([&](auto pad) {
        return composed(x, [&](unsigned dim) { return Reads{1, -double(pad.getLow()[dim]), 0}; });
      })
      .Case<SliceOp>([&](auto slice) {
        return composed(
            x, [&](unsigned dim) { return Reads{double(slice.getStep()[dim]), double(slice.getStart()[dim]), 0}; });
      })
      .Case<SplitOp>([&](auto split) {
        const unsigned number = cast<OpResult>(result).getResultNumber();
        ArrayRef<int64_t> before = split.getSizes().take_front(number);
        const double offset = std::accumulate(before.begin(), before.end(), int64_t(0));
        return composed(x, [&](unsigned dim) { return Reads{1, dim == split.getAxis() ? offset : 0, 0}; });
      })
      .Case<ConcatOp>([&](auto concat) {
        Field all;
        for (const Field &field : operands)
          join(all, across(field, concat.getAxis()));
        return all;
      })
      .Case<TransposeOp>([&](auto transpose) {
        return renumbered(
            x, [&](unsigned dim) -> int64_t { return llvm::find(transpose.getPerm(), dim) - transpose.getPerm().begin(); });
      })
      .Case<ReshapeOp, FlattenOp>([&](auto) { return reshaped(op->getOperand(0), result, x); })
      .Case<ReduceSumOp, ReduceMeanOp, ReduceMaxOp, ReduceMinOp>([&](auto reduce) { return reduced(reduce, x); })
      .Case<SoftmaxOp, LogSoftmaxOp>([&](auto softmax) { return across(x, softmax.getAxis()); })
      .Case<LinearOp>([&](auto linear) { return across(x, tensorOf(linear.getX()).getRank() - 1); })
      .Default([&](Operation *) {
        if (keepsPlaces(op))
          return x;
        if (op->hasTrait<PlaceByPlace>())
          return pointwise(op, operands);
        Field all;
        for (const Field &field : operands)
          join(all, wholly(field));
        return all;
      });
}

/// The dimensions of a picture that are places; none where the argument is no picture.
SmallVector<int64_t> placesOf(BlockArgument argument) {
  auto type = dyn_cast<RankedTensorType>(argument.getType());
  if (!type || type.getRank() < 3 || type.getRank() > 5 || !type.hasStaticShape())
    return {};
  if (type.getElementType().isInteger(8) && type.getRank() == 4)
    return {1, 2};
  return isa<FloatType>(type.getElementType()) ? llvm::to_vector(llvm::seq<int64_t>(2, type.getRank()))
                                              : SmallVector<int64_t>();
}

} // namespace

bool isPicture(BlockArgument argument) { return !placesOf(argument).empty(); }

ReceptiveFields::ReceptiveFields(Block &network) {
  auto picture = llvm::find_if(network.getArguments(), isPicture);
  if (picture != network.args_end())
    trace(*picture);
}

ReceptiveFields::ReceptiveFields(BlockArgument picture) { trace(picture); }

void ReceptiveFields::trace(BlockArgument picture) {
  Field &field = fields[picture];
  field.picture = picture.getArgNumber();
  for (int64_t dim : placesOf(picture))
    field.axes.push_back({dim, dim, 1, 0, 1});
  visit(*picture.getOwner());
}

const Field &ReceptiveFields::of(Value value) const {
  static const Field none;
  auto known = fields.find(value);
  return known == fields.end() ? none : known->second;
}

void ReceptiveFields::visit(Block &block) {
  for (Operation &op : block)
    visit(&op);
}

void ReceptiveFields::visit(Operation *op) {
  SmallVector<Field> operands = llvm::map_to_vector(op->getOperands(), [&](Value value) { return of(value); });
  if (llvm::all_of(operands, [](const Field &field) { return field.axes.empty(); }))
    return;
  if (auto group = dyn_cast<GroupOp>(op)) {
    for (auto [argument, field] : llvm::zip_equal(group.getBody().getArguments(), operands))
      fields[argument] = field;
    visit(group.getBody().front());
    for (auto [result, value] : llvm::zip_equal(group.getResults(), group.getYield().getValues())) {
      const Field field = of(value);
      fields[result] = field;
    }
    return;
  }
  for (Value result : op->getResults())
    if (isa<RankedTensorType>(result.getType()))
      fields[result] = fieldOf(op, result, operands);
}

FieldAttr fieldAttr(RankedTensorType type, DenseI64ArrayAttr parts, const Field &field) {
  MLIRContext *context = type.getContext();
  SmallVector<int64_t> pictureDims, dims;
  SmallVector<double> jump, start, size;
  for (const FieldAxis &axis : field.axes) {
    pictureDims.push_back(axis.pictureDim);
    dims.push_back(axis.dim);
    jump.push_back(axis.jump);
    start.push_back(axis.start);
    size.push_back(axis.size);
  }
  auto integers = [&](ArrayRef<int64_t> values) { return DenseI64ArrayAttr::get(context, values); };
  auto numbers = [&](ArrayRef<double> values) { return DenseF64ArrayAttr::get(context, values); };
  DenseI64ArrayAttr channels = integers({});
  if (isBlocked(type))
    channels = parts ? parts : integers(type.getDimSize(type.getRank() > 1));
  return FieldAttr::get(context, channels, field.picture, integers(pictureDims), integers(dims), numbers(jump),
                        numbers(start), numbers(size));
}

} // namespace weft
