// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Recipes evaluated. One function an operation, found by its type; operands are evaluated first, without recursion.
#include "compiler/Weights/Recipes.h"

#include "compiler/Weights/Packing.h"
#include "compiler/Weights/Strides.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numeric>

using namespace mlir;

namespace weft {

HostTensor HostTensor::allocate(RankedTensorType type) {
  HostTensor result{type, nullptr, nullptr};
  size_t rounded = llvm::alignTo(std::max<size_t>(result.bytes(), 1), 64);
  void *memory = std::aligned_alloc(64, rounded);
  if (!memory)
    llvm::report_bad_alloc_error("out of memory for weights");
  result.owner = std::shared_ptr<const void>(memory, [](const void *p) { std::free(const_cast<void *>(p)); });
  result.data = static_cast<char *>(memory);
  return result;
}

namespace {

/// Evaluates one operation from the values of its operands; null data says that it could not.
using Operands = ArrayRef<HostTensor>;

/// Calls `f` with a zero of the C++ type of `type`; false for types recipes do not compute in.
template <typename F> bool withType(Type type, F f) {
  if (type.isF32())
    f(float());
  else if (type.isF64())
    f(double());
  else if (type.isInteger(32))
    f(int32_t());
  else if (type.isInteger(64))
    f(int64_t());
  else if (type.isInteger(8) || type.isInteger(1))
    f(uint8_t());
  else
    return false;
  return true;
}

//===- Sources ---------------------------------------------------------------------------------------------------===//

HostTensor constantBytes(ConstantOp op) {
  HostTensor result = HostTensor::allocate(cast<RankedTensorType>(op.getType()));
  auto elements = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!elements)
    return {};
  size_t size = result.elementBytes();
  char *to = result.writable();
  auto put = [&](const APInt &bits) {
    uint64_t value = bits.getZExtValue();
    std::memcpy(to, &value, size);
    to += size;
  };
  if (isa<FloatType>(elements.getElementType()))
    for (APFloat value : elements.getValues<APFloat>())
      put(value.bitcastToAPInt());
  else
    for (const APInt &value : elements.getValues<APInt>())
      put(value);
  return result;
}

//===- Element by element ----------------------------------------------------------------------------------------===//

/// The strides of `from` when it is read as a tensor of shape `to` by NumPy's broadcasting.
SmallVector<int64_t> broadcastStrides(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  SmallVector<int64_t> dense = denseStrides(from), result(to.size(), 0);
  size_t missing = to.size() - from.size();
  for (size_t dim = 0; dim < from.size(); ++dim)
    result[missing + dim] = from[dim] == 1 ? 0 : dense[dim];
  return result;
}

template <typename T, typename F> void mapBinary(HostTensor &z, Operands operands, F f) {
  ArrayRef<int64_t> shape = z.type.getShape();
  SmallVector<int64_t> dense = denseStrides(shape), xs = broadcastStrides(operands[0].type.getShape(), shape),
                       ys = broadcastStrides(operands[1].type.getShape(), shape);
  T *to = reinterpret_cast<T *>(z.writable());
  const T *x = operands[0].as<T>().data(), *y = operands[1].as<T>().data();
  StridedLoops<3>(shape, {ArrayRef(dense), ArrayRef(xs), ArrayRef(ys)})
      .forEach([&](std::array<int64_t, 3> at, int64_t count, std::array<int64_t, 3> step) {
        for (int64_t i = 0; i < count; ++i)
          to[at[0] + i * step[0]] = f(x[at[1] + i * step[1]], y[at[2] + i * step[2]]);
      });
}

/// min and max that give NaN if one operand is.
template <typename T> T smaller(T x, T y) { return x != x || x < y ? x : y; }
template <typename T> T larger(T x, T y) { return x != x || x > y ? x : y; }

template <typename T> bool computeBinary(Operation *op, HostTensor &z, Operands operands) {
  auto map = [&](auto f) {
    mapBinary<T>(z, operands, f);
    return true;
  };
  return TypeSwitch<Operation *, bool>(op)
      .Case([&](AddOp) { return map([](T x, T y) -> T { return x + y; }); })
      .Case([&](SubOp) { return map([](T x, T y) -> T { return x - y; }); })
      .Case([&](MulOp) { return map([](T x, T y) -> T { return x * y; }); })
      .Case([&](DivOp) {
        if constexpr (std::is_integral_v<T>)
          if (llvm::is_contained(operands[1].as<T>(), T(0)))
            return false;
        return map([](T x, T y) -> T { return x / y; });
      })
      .Case([&](MinimumOp) { return map(smaller<T>); })
      .Case([&](MaximumOp) { return map(larger<T>); })
      .Case([&](LessOp) { return map([](T x, T y) -> T { return x < y; }); })
      .Case([&](LessEqualOp) { return map([](T x, T y) -> T { return x <= y; }); })
      .Case([&](EqualOp) { return map([](T x, T y) -> T { return x == y; }); })
      .Case([&](PowOp) { return map([](T x, T y) -> T { return std::pow(double(x), double(y)); }); })
      .Default(false);
}

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }

/// The function of a unary operation, in double precision; null if it is none.
std::function<double(double)> unaryFunction(Operation *op) {
  using F = std::function<double(double)>;
  auto value = [](APFloat f) { return f.convertToDouble(); };
  return TypeSwitch<Operation *, F>(op)
      .Case([](ReluOp) -> F { return [](double x) { return larger(x, 0.0); }; })
      .Case([](Relu6Op) -> F { return [](double x) { return smaller(larger(x, 0.0), 6.0); }; })
      .Case([](SigmoidOp) -> F { return [](double x) { return 1 / (1 + std::exp(-x)); }; })
      .Case([](TanhOp) -> F { return [](double x) { return std::tanh(x); }; })
      .Case([](SiluOp) -> F { return [](double x) { return x / (1 + std::exp(-x)); }; })
      .Case([](SoftplusOp) -> F { return softplus; })
      .Case([](ErfOp) -> F { return [](double x) { return std::erf(x); }; })
      .Case([](ExpOp) -> F { return [](double x) { return std::exp(x); }; })
      .Case([](LogOp) -> F { return [](double x) { return std::log(x); }; })
      .Case([](SqrtOp) -> F { return [](double x) { return std::sqrt(x); }; })
      .Case([](RsqrtOp) -> F { return [](double x) { return 1 / std::sqrt(x); }; })
      .Case([](AbsOp) -> F { return [](double x) { return std::fabs(x); }; })
      .Case([](NegOp) -> F { return [](double x) { return -x; }; })
      .Case([](FloorOp) -> F { return [](double x) { return std::floor(x); }; })
      .Case([](CeilOp) -> F { return [](double x) { return std::ceil(x); }; })
      .Case([](RoundOp) -> F { return [](double x) { return std::nearbyint(x); }; })
      .Case([](SignOp) -> F { return [](double x) { return double(x > 0) - double(x < 0); }; })
      .Case([](SinOp) -> F { return [](double x) { return std::sin(x); }; })
      .Case([](CosOp) -> F { return [](double x) { return std::cos(x); }; })
      .Case([](ReciprocalOp) -> F { return [](double x) { return 1 / x; }; })
      .Case([&](ClipOp clip) -> F {
        double low = clip.getMin() ? value(*clip.getMin()) : -HUGE_VAL,
               high = clip.getMax() ? value(*clip.getMax()) : HUGE_VAL;
        return [=](double x) { return smaller(larger(x, low), high); };
      })
      .Default(F());
}

bool computeUnary(Operation *op, HostTensor &y, const HostTensor &x) {
  std::function<double(double)> function = unaryFunction(op);
  return function && withType(y.type.getElementType(), [&](auto zero) {
           using T = decltype(zero);
           T *to = reinterpret_cast<T *>(y.writable());
           for (T value : x.as<T>())
             *to++ = static_cast<T>(function(value));
         });
}

/// As C converts, but what lies outside a byte becomes the nearest one.
template <typename To, typename From> To converted(From value) {
  if constexpr (std::is_same_v<To, uint8_t> && std::is_floating_point_v<From>)
    return static_cast<To>(value > 0 ? std::min<From>(value, 255) : 0);
  else
    return static_cast<To>(value);
}

bool castElements(HostTensor &y, const HostTensor &x) {
  bool known = true, isTruth = y.type.getElementType().isInteger(1);
  known &= withType(y.type.getElementType(), [&](auto to) {
    known &= withType(x.type.getElementType(), [&](auto from) {
      auto *out = reinterpret_cast<decltype(to) *>(y.writable());
      for (auto value : x.as<decltype(from)>())
        *out++ = isTruth ? static_cast<decltype(to)>(value != 0) : converted<decltype(to)>(value);
    });
  });
  return known;
}

//===- Moving elements -------------------------------------------------------------------------------------------===//

/// Copies a box of elements between strided tensors, starting `toOffset` and `fromOffset` elements in.
void copyBox(ArrayRef<int64_t> shape, HostTensor &to, int64_t toOffset, ArrayRef<int64_t> toStrides,
             const HostTensor &from, int64_t fromOffset, ArrayRef<int64_t> fromStrides) {
  size_t size = to.elementBytes();
  char *out = to.writable() + toOffset * size;
  const char *in = from.data + fromOffset * size;
  StridedLoops<2>(shape, {toStrides, fromStrides}).forEach([&](auto at, int64_t count, auto step) {
    if (step[0] == 1 && step[1] == 1) {
      std::memcpy(out + at[0] * size, in + at[1] * size, count * size);
      return;
    }
    for (int64_t i = 0; i < count; ++i)
      std::memcpy(out + (at[0] + i * step[0]) * size, in + (at[1] + i * step[1]) * size, size);
  });
}

int64_t dot(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  int64_t sum = 0;
  for (auto [x, y] : llvm::zip_equal(a, b))
    sum += x * y;
  return sum;
}

void transpose(TransposeOp op, HostTensor &y, const HostTensor &x) {
  SmallVector<int64_t> from = denseStrides(x.type.getShape()), picked;
  for (int64_t dim : op.getPerm())
    picked.push_back(from[dim]);
  copyBox(y.type.getShape(), y, 0, denseStrides(y.type.getShape()), x, 0, picked);
}

void expand(HostTensor &y, const HostTensor &x) {
  ArrayRef<int64_t> shape = y.type.getShape();
  copyBox(shape, y, 0, denseStrides(shape), x, 0, broadcastStrides(x.type.getShape(), shape));
}

void slice(SliceOp op, HostTensor &y, const HostTensor &x) {
  SmallVector<int64_t> from = denseStrides(x.type.getShape()), steps;
  for (auto [stride, step] : llvm::zip_equal(from, op.getStep()))
    steps.push_back(stride * step);
  copyBox(y.type.getShape(), y, 0, denseStrides(y.type.getShape()), x, dot(op.getStart(), from), steps);
}

void concat(ConcatOp op, HostTensor &y, Operands xs) {
  SmallVector<int64_t> to = denseStrides(y.type.getShape());
  int64_t offset = 0;
  for (const HostTensor &x : xs) {
    copyBox(x.type.getShape(), y, offset * to[op.getAxis()], to, x, 0, denseStrides(x.type.getShape()));
    offset += x.type.getDimSize(op.getAxis());
  }
}

/// Every element of `y` becomes `value`.
void fill(HostTensor &y, double value) {
  if (value == 0) {
    std::memset(y.writable(), 0, y.bytes());
    return;
  }
  withType(y.type.getElementType(), [&](auto zero) {
    using T = decltype(zero);
    std::fill_n(reinterpret_cast<T *>(y.writable()), y.elements(), static_cast<T>(value));
  });
}

bool pad(PadOp op, HostTensor &y, const HostTensor &x) {
  if (op.getMode() != PadMode::Constant)
    return false;
  fill(y, op.getValue().convertToDouble());
  SmallVector<int64_t> to = denseStrides(y.type.getShape());
  copyBox(x.type.getShape(), y, dot(op.getLow(), to), to, x, 0, denseStrides(x.type.getShape()));
  return true;
}

/// Rows of `x` along an axis. A negative index counts from the end, others are brought inside.
bool gather(GatherOp op, HostTensor &y, Operands xs) {
  const HostTensor &x = xs[0], &indices = xs[1];
  ArrayRef<int64_t> shape = x.type.getShape();
  int64_t extent = shape[op.getAxis()], row = x.elementBytes(), outer = 1;
  for (int64_t size : shape.drop_front(op.getAxis() + 1))
    row *= size;
  for (int64_t size : shape.take_front(op.getAxis()))
    outer *= size;
  char *to = y.writable();
  return withType(indices.type.getElementType(), [&](auto zero) {
    for (int64_t o = 0; o < outer; ++o)
      for (auto index : indices.as<decltype(zero)>()) {
        int64_t at = std::clamp<int64_t>(int64_t(index) + (index < 0 ? extent : 0), 0, extent - 1);
        std::memcpy(to, x.data + (o * extent + at) * row, row);
        to += row;
      }
  });
}

/// `z = condition ? x : y`, all read by broadcasting.
bool choose(HostTensor &z, Operands xs) {
  return withType(z.type.getElementType(), [&](auto zero) {
    using T = decltype(zero);
    ArrayRef<int64_t> shape = z.type.getShape();
    SmallVector<int64_t> dense = denseStrides(shape), at[3];
    for (int i = 0; i < 3; ++i)
      at[i] = broadcastStrides(xs[i].type.getShape(), shape);
    T *to = reinterpret_cast<T *>(z.writable());
    const T *condition = xs[0].as<T>().data(), *x = xs[1].as<T>().data(), *y = xs[2].as<T>().data();
    StridedLoops<4>(shape, {ArrayRef(dense), ArrayRef(at[0]), ArrayRef(at[1]), ArrayRef(at[2])})
        .forEach([&](std::array<int64_t, 4> p, int64_t count, std::array<int64_t, 4> step) {
          for (int64_t i = 0; i < count; ++i)
            to[p[0] + i * step[0]] =
                condition[p[1] + i * step[1]] != T(0) ? x[p[2] + i * step[2]] : y[p[3] + i * step[3]];
        });
  });
}

/// Gathers over axes in double precision, in the order of the elements; `scale` is applied at the end.
template <typename Op, typename F>
bool reduce(Op op, HostTensor &y, const HostTensor &x, double begin, F f, double scale = 1) {
  ArrayRef<int64_t> shape = x.type.getShape();
  SmallVector<int64_t> kept(shape), from = denseStrides(shape);
  for (auto [dim, extent] : llvm::enumerate(kept))
    if (op.getAxes().empty() || llvm::is_contained(op.getAxes(), int64_t(dim)))
      extent = 1;
  SmallVector<int64_t> to = broadcastStrides(kept, shape);
  std::vector<double> sums(y.elements(), begin);
  bool known = withType(x.type.getElementType(), [&](auto zero) {
    auto values = x.as<decltype(zero)>();
    StridedLoops<2>(shape, {ArrayRef(to), ArrayRef(from)})
        .forEach([&](std::array<int64_t, 2> p, int64_t count, std::array<int64_t, 2> step) {
          for (int64_t i = 0; i < count; ++i) {
            double &sum = sums[p[0] + i * step[0]];
            sum = f(sum, double(values[p[1] + i * step[1]]));
          }
        });
  });
  return known && withType(y.type.getElementType(), [&](auto zero) {
           using T = decltype(zero);
           T *out = reinterpret_cast<T *>(y.writable());
           for (double sum : sums)
             *out++ = static_cast<T>(sum * scale);
         });
}

/// Products of matrices, summed in double precision; batches repeat by broadcasting.
void multiply(HostTensor &z, Operands operands) {
  ArrayRef<int64_t> shape = z.type.getShape(), xs = operands[0].type.getShape(), ys = operands[1].type.getShape();
  int64_t terms = xs.back(), columns = shape.back();
  SmallVector<int64_t> ofX(xs.drop_back()), ofY(ys.drop_back(2));
  ofX.push_back(1);
  ofY.append({1, columns}); // all rows of a result read the same right side
  SmallVector<int64_t> to = denseStrides(shape), x = broadcastStrides(ofX, shape), y = broadcastStrides(ofY, shape);
  for (size_t dim = 0; dim + 1 < shape.size(); ++dim)
    x[dim] *= terms;
  for (size_t dim = 0; dim + 2 < shape.size(); ++dim)
    y[dim] *= terms;
  float *out = reinterpret_cast<float *>(z.writable());
  const float *left = operands[0].as<float>().data(), *right = operands[1].as<float>().data();
  StridedLoops<3>(shape, {ArrayRef(to), ArrayRef(x), ArrayRef(y)}).forEach([&](std::array<int64_t, 3> at, int64_t count, std::array<int64_t, 3> step) {
    for (int64_t i = 0; i < count; ++i) {
      double sum = 0;
      for (int64_t k = 0; k < terms; ++k)
        sum += double(left[at[1] + i * step[1] + k]) * right[at[2] + i * step[2] + k * columns];
      out[at[0] + i * step[0]] = static_cast<float>(sum);
    }
  });
}

bool softmax(SoftmaxOp op, HostTensor &y, const HostTensor &x) {
  ArrayRef<int64_t> shape = x.type.getShape();
  int64_t axis = op.getAxis(), step = denseStrides(shape)[axis], extent = shape[axis];
  return withType(y.type.getElementType(), [&](auto zero) {
    using T = decltype(zero);
    const T *from = x.as<T>().data();
    T *to = reinterpret_cast<T *>(y.writable());
    for (int64_t first = 0; first < x.elements(); ++first) {
      if (first / step % extent != 0)
        continue;
      double most = -HUGE_VAL, sum = 0;
      for (int64_t i = 0; i < extent; ++i)
        most = larger<double>(most, from[first + i * step]);
      for (int64_t i = 0; i < extent; ++i)
        sum += std::exp(from[first + i * step] - most);
      for (int64_t i = 0; i < extent; ++i)
        to[first + i * step] = static_cast<T>(std::exp(from[first + i * step] - most) / sum);
    }
  });
}

//===- Layouts ---------------------------------------------------------------------------------------------------===//

/// A tensor cut into pieces that are plain boxes in its stored form: a blocked tensor has one box a block of channels.
class Stored {
public:
  explicit Stored(RankedTensorType type) : type(type), blocked(getBlocked(type)) {
    strides = denseStrides(physicalType(type).getShape());
    channel = type.getRank() == 1 ? 0 : 1;
  }

  int64_t block() const { return blocked ? blocked.getBlock() : 0; }
  /// Where logical element [0, c, 0...] lies.
  int64_t offset(int64_t c) const {
    if (!blocked)
      return type.getRank() == 0 ? 0 : c * strides[channel];
    int64_t result = c / block() * strides[channel] + c % block();
    for (int64_t dim = 2; dim < type.getRank(); ++dim)
      result += blocked.getLow(dim - 2) * strides[dim];
    return result;
  }
  /// Strides of the logical dimensions inside one block of channels.
  SmallVector<int64_t> boxStrides() const {
    SmallVector<int64_t> result(strides.begin(), strides.begin() + type.getRank());
    if (blocked)
      result[channel] = 1;
    return result;
  }
  unsigned channelDim() const { return channel; }

private:
  RankedTensorType type;
  BlockedAttr blocked;
  SmallVector<int64_t> strides;
  unsigned channel;
};

/// The border, then the channels that are rounded up, hold what `weft.relayout` says.
void fillAround(HostTensor &y) {
  BlockedAttr blocked = getBlocked(y.type);
  if (blocked)
    fill(y, 0);
  if (!blocked || blocked.getFill() == 0 || !blocked.hasBorder())
    return;
  fill(y, blocked.getFill());
  // Inside the border everything starts at 0.
  RankedTensorType physical = physicalType(y.type);
  SmallVector<int64_t> shape(physical.getShape()), strides = denseStrides(shape), none(shape.size(), 0);
  int64_t offset = 0;
  for (int64_t dim = 2; dim < y.type.getRank(); ++dim) {
    shape[dim] = y.type.getDimSize(dim);
    offset += blocked.getLow(dim - 2) * strides[dim];
  }
  HostTensor zero = HostTensor::allocate(RankedTensorType::get({}, y.type.getElementType()));
  fill(zero, 0);
  copyBox(shape, y, offset, strides, zero, 0, none);
}

void relayout(HostTensor &y, const HostTensor &x) {
  fillAround(y);
  Stored to(y.type), from(x.type);
  SmallVector<int64_t> shape(y.type.getShape());
  if (shape.empty())
    return copyBox(shape, y, 0, {}, x, 0, {});
  int64_t channels = shape[to.channelDim()], step = channels;
  for (int64_t block : {to.block(), from.block()})
    step = block ? std::gcd(step, block) : step;
  shape[to.channelDim()] = step;
  for (int64_t c = 0; c < channels; c += step)
    copyBox(shape, y, to.offset(c), to.boxStrides(), x, from.offset(c), from.boxStrides());
}

//===- One operation ---------------------------------------------------------------------------------------------===//

/// The same bytes under another type.
HostTensor renamed(HostTensor x, Type type) {
  x.type = cast<RankedTensorType>(type);
  return x;
}

/// The first weight a value is made from; empty if there is none.
StringRef weightBehind(Value value) {
  SmallVector<Value> waiting{value};
  while (!waiting.empty()) {
    Operation *op = waiting.pop_back_val().getDefiningOp();
    if (auto weight = dyn_cast_or_null<WeightOp>(op))
      return weight.getPath();
    if (op)
      llvm::append_range(waiting, op->getOperands());
  }
  return "";
}

/// A file with variances below zero is damaged, or another tensor has their name: every result would be NaN.
LogicalResult checkVariances(RsqrtOp op, const HostTensor &x) {
  double negative = 0;
  size_t at = 0;
  withType(x.type.getElementType(), [&](auto zero) {
    ArrayRef<decltype(zero)> values = x.as<decltype(zero)>();
    auto found = llvm::find_if(values, [](auto value) { return value < 0; });
    if (found != values.end())
      negative = *found, at = found - values.begin();
  });
  if (negative == 0)
    return success();
  return op.emitError() << "`" << weightBehind(op.getX()) << "` has no square root at [" << int64_t(at)
                        << "], where it is " << negative << " with eps: a variance is not negative";
}

/// Fills `y`; false if there is no rule for the operation or its element types.
bool compute(Operation *op, HostTensor &y, Operands xs) {
  auto done = [](auto &&...) { return true; };
  return TypeSwitch<Operation *, bool>(op)
      .Case<AddOp, SubOp, MulOp, DivOp, MinimumOp, MaximumOp, PowOp, LessOp, LessEqualOp, EqualOp>([&](auto) {
        bool ok = false;
        return withType(y.type.getElementType(), [&](auto zero) { ok = computeBinary<decltype(zero)>(op, y, xs); }) &&
               ok;
      })
      .Case([&](WhereOp) { return choose(y, xs); })
      .Case([&](CastOp) { return castElements(y, xs[0]); })
      .Case([&](GatherOp gatherOp) { return gather(gatherOp, y, xs); })
      .Case([&](ReduceSumOp sum) { return reduce(sum, y, xs[0], 0, [](double a, double b) { return a + b; }); })
      .Case([&](ReduceMeanOp mean) {
        return reduce(
            mean, y, xs[0], 0, [](double a, double b) { return a + b; },
            double(y.elements()) / double(xs[0].elements()));
      })
      .Case([&](ReduceMaxOp max) { return reduce(max, y, xs[0], -HUGE_VAL, larger<double>); })
      .Case([&](ReduceMinOp min) { return reduce(min, y, xs[0], HUGE_VAL, smaller<double>); })
      .Case([&](MatmulOp) { return y.type.getElementType().isF32() && (multiply(y, xs), true); })
      .Case([&](SoftmaxOp op) { return softmax(op, y, xs[0]); })
      .Case([&](TransposeOp transposeOp) { return transpose(transposeOp, y, xs[0]), done(); })
      .Case([&](ExpandOp) { return expand(y, xs[0]), done(); })
      .Case([&](SliceOp sliceOp) { return slice(sliceOp, y, xs[0]), done(); })
      .Case([&](ConcatOp concatOp) { return concat(concatOp, y, xs), done(); })
      .Case([&](PadOp padOp) { return pad(padOp, y, xs[0]); })
      .Case([&](RelayoutOp) { return relayout(y, xs[0]), done(); })
      .Case<PackFilterOp, PackDepthwiseOp, PackGroupedOp, PackVectorOp, WinogradFilterOp, StrassenFilterOp>(
          [&](auto) { return packWeight(op, y, xs[0]); })
      .Default([&](Operation *) { return xs.size() == 1 && computeUnary(op, y, xs[0]); });
}

/// The values of one call of `evaluate`. Each is dropped when its last reader has run.
class Evaluation {
public:
  explicit Evaluation(const WeightSource &source) : source(source) {}

  FailureOr<HostTensor> run(Value root) {
    SmallVector<Operation *> order;
    if (failed(collect(root, order)))
      return failure();
    for (Operation *op : order)
      if (failed(step(op)))
        return failure();
    return values.at(root);
  }

private:
  /// Operations `root` needs, operands first, and how often each value is read.
  LogicalResult collect(Value root, SmallVectorImpl<Operation *> &order) {
    SmallVector<std::pair<Operation *, unsigned>> path;
    DenseSet<Operation *> seen;
    auto enter = [&](Value value) -> LogicalResult {
      ++readers[value];
      Operation *op = value.getDefiningOp();
      if (!op || op->getNumResults() != 1)
        return emitError(value.getLoc()) << "not a recipe: this value is not made from weights alone";
      if (seen.insert(op).second)
        path.push_back({op, 0});
      return success();
    };
    if (failed(enter(root)))
      return failure();
    while (!path.empty()) {
      auto &[op, next] = path.back();
      if (next < op->getNumOperands()) {
        if (failed(enter(op->getOperand(next++))))
          return failure();
        continue;
      }
      order.push_back(op);
      path.pop_back();
    }
    return success();
  }

  LogicalResult step(Operation *op) {
    SmallVector<HostTensor> operands;
    for (Value operand : op->getOperands())
      operands.push_back(values.at(operand));
    FailureOr<HostTensor> result = evaluate(op, operands);
    if (failed(result))
      return failure();
    for (Value operand : op->getOperands())
      if (--readers[operand] == 0)
        values.erase(operand);
    values[op->getResult(0)] = *result;
    return success();
  }

  FailureOr<HostTensor> evaluate(Operation *op, Operands operands) {
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type || !type.hasStaticShape())
      return op->emitError() << "a recipe has static types";
    if (auto weight = dyn_cast<WeightOp>(op))
      return source(weight.getPath(), type);
    if (isa<ReshapeOp, FlattenOp>(op))
      return renamed(operands[0], type);
    if (auto constant = dyn_cast<ConstantOp>(op))
      if (HostTensor bytes = constantBytes(constant); bytes.data)
        return bytes;
    HostTensor result = HostTensor::allocate(type);
    if (op->getNumOperands() == 0 || !compute(op, result, operands))
      return op->emitError() << "`" << op->getName() << "` on " << spell(type)
                             << " cannot be part of a recipe for weights";
    if (auto root = dyn_cast<RsqrtOp>(op); root && failed(checkVariances(root, operands[0])))
      return failure();
    return result;
  }

  const WeightSource &source;
  DenseMap<Value, HostTensor> values;
  DenseMap<Value, unsigned> readers;
};

} // namespace

FailureOr<HostTensor> RecipeEvaluator::evaluate(Value value) { return Evaluation(source).run(value); }

LogicalResult RecipeEvaluator::evaluate(Value value, TakeBytes take) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  bool hasPieces = type && type.hasStaticShape() && type.getNumElements() > 0 && type.getElementType().isF32();
  std::optional<Packing> packing = hasPieces && value.getDefiningOp() ? packingOf(value.getDefiningOp()) : std::nullopt;
  FailureOr<HostTensor> result = evaluate(packing ? value.getDefiningOp()->getOperand(0) : value);
  if (failed(result))
    return failure();
  return packing ? packInPieces(type, *packing, *result, take) : take(0, result->data, result->bytes());
}

} // namespace weft
