// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Calls of operations that move elements. Axes may count from the end; they do not in the IR.
#include "dialects/Weft/CallBuilder.h"

using namespace mlir;
using namespace weft;

static NamedAttribute integerAttr(CallBuilder &call, StringRef name, int64_t value) {
  return call.named(name, call.builder.getI64IntegerAttr(value));
}

static FailureOr<Values> buildConcat(CallBuilder &call) {
  FailureOr<Values> xs = call.tensors("xs");
  if (failed(xs))
    return failure();
  if (xs->empty())
    return call.missing("xs");
  FailureOr<int64_t> axis = call.axis("axis", tensorOf(xs->front()).getRank());
  if (failed(axis))
    return failure();
  return call.make("weft.concat", *xs, integerAttr(call, "axis", *axis));
}

/// `sizes=[...]`, or `parts=n` equal ones.
static FailureOr<Extents> sizesOf(CallBuilder &call, int64_t extent) {
  if (call.has("sizes") || !call.has("parts"))
    return call.integers("sizes");
  FailureOr<int64_t> parts = call.integer("parts");
  if (failed(parts))
    return failure();
  if (*parts >= 1 && *parts <= mostPieces && !ShapedType::isDynamic(extent) && extent % *parts == 0)
    return Extents(*parts, extent / *parts);
  call.error(call.locOf("parts")) << "an extent of " << extent << " does not split into " << *parts << " equal parts";
  return failure();
}

static FailureOr<Values> buildSplit(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  FailureOr<int64_t> axis = failed(x) ? FailureOr<int64_t>() : call.axis("axis", tensorOf(*x).getRank(), 0);
  if (failed(axis))
    return failure();
  FailureOr<Extents> sizes = sizesOf(call, tensorOf(*x).getDimSize(*axis));
  if (failed(sizes))
    return failure();
  return call.make("weft.split", *x, {integerAttr(call, "axis", *axis), call.list("sizes", *sizes)});
}

/// ONNX's Slice for one dimension: negative positions count from the end, what lies outside is cut off.
static void sliceDimension(int64_t extent, std::optional<int64_t> &start, std::optional<int64_t> &stop, int64_t step) {
  auto place = [&](int64_t value, int64_t low, int64_t high) {
    return std::clamp(value < 0 ? value + extent : value, low, high);
  };
  bool forward = step > 0;
  start = start ? place(*start, 0, forward ? extent : extent - 1) : (forward ? 0 : extent - 1);
  stop = stop ? place(*stop, forward ? 0 : -1, forward ? extent : extent - 1) : (forward ? extent : -1);
  if (forward)
    stop = std::max(*start, *stop);
  else
    start = std::max(*start, *stop);
}

/// Whole dimensions, to be narrowed.
struct Ranges {
  Extents start, stop, step;
  explicit Ranges(ArrayRef<int64_t> shape) : start(shape.size(), 0), stop(shape), step(shape.size(), 1) {
    for (int64_t &end : stop)
      end = ShapedType::isDynamic(end) ? std::numeric_limits<int64_t>::max() : end;
  }
};

static FailureOr<Values> buildSlice(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  if (failed(x))
    return failure();
  ArrayRef<int64_t> shape = tensorOf(*x).getShape();
  int64_t rank = shape.size();
  auto listOf = [&](StringRef name) { return call.has(name) ? call.integers(name) : FailureOr<Extents>(Extents()); };
  FailureOr<Extents> axes = listOf("axis"), start = listOf("start"), stop = listOf("stop"), step = listOf("step");
  if (failed(axes) || failed(start) || failed(stop) || failed(step))
    return failure();
  size_t count = std::max({axes->size(), start->size(), stop->size(), step->size()});
  if (!call.has("axis"))
    *axes = llvm::to_vector(llvm::seq<int64_t>(0, count));
  for (StringRef name : {"axis", "start", "stop", "step"})
    if (call.has(name) && call.integers(name)->size() != count) {
      call.error(call.locOf(name)) << "`" << name << "` has " << call.integers(name)->size() << " entries, others "
                                   << count;
      return failure();
    }
  Ranges ranges(shape);
  for (size_t i = 0; i < count; ++i) {
    int64_t axis = (*axes)[i] < 0 ? (*axes)[i] + rank : (*axes)[i], by = step->empty() ? 1 : (*step)[i];
    if (axis < 0 || axis >= rank || by == 0 || ShapedType::isDynamic(shape[axis])) {
      call.error(call.loc) << "cannot slice dimension " << (*axes)[i] << " of " << spell(tensorOf(*x))
                           << " in steps of " << by;
      return failure();
    }
    std::optional<int64_t> from, to;
    if (!start->empty())
      from = (*start)[i];
    if (!stop->empty())
      to = (*stop)[i];
    sliceDimension(shape[axis], from, to, by);
    ranges.start[axis] = *from, ranges.stop[axis] = *to, ranges.step[axis] = by;
  }
  return call.make("weft.slice", *x,
                   {call.list("start", ranges.start), call.list("stop", ranges.stop), call.list("step", ranges.step)});
}

/// `x`, `indices` and `axis` of gather, gather_elements and scatter.
struct Indexed {
  Value x, indices;
  int64_t axis;
};
static FailureOr<Indexed> readIndexed(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x"), indices = call.tensor("indices");
  if (failed(x) || failed(indices))
    return failure();
  FailureOr<int64_t> axis = call.axis("axis", tensorOf(*x).getRank(), 0);
  if (failed(axis))
    return failure();
  Type element = tensorOf(*indices).getElementType();
  if (!element.isSignlessInteger(32) && !element.isSignlessInteger(64)) {
    call.error(call.locOf("indices")) << "`indices` is " << spell(tensorOf(*indices))
                                      << ", expected i32 or i64; `cast(..., to=i32)` makes them";
    return failure();
  }
  return Indexed{*x, *indices, *axis};
}

/// gather and gather_elements.
static FailureOr<Values> buildGather(CallBuilder &call) {
  FailureOr<Indexed> from = readIndexed(call);
  if (failed(from))
    return failure();
  return call.make(("weft." + call.signature.name).str(), {from->x, from->indices}, integerAttr(call, "axis", from->axis));
}

static FailureOr<Values> buildScatter(CallBuilder &call) {
  FailureOr<Indexed> to = readIndexed(call);
  FailureOr<Value> updates = call.tensor("updates");
  FailureOr<StringRef> kind = call.word("kind", {"put", "add", "mul", "max", "min"});
  if (failed(to) || failed(updates) || failed(kind))
    return failure();
  auto attribute = ScatterKindAttr::get(call.builder.getContext(), *symbolizeScatterKind(*kind));
  return call.make("weft.scatter", {to->x, to->indices, *updates},
                   {integerAttr(call, "axis", to->axis), call.named("kind", attribute)});
}

/// reshape and expand.
static FailureOr<Values> buildToShape(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  FailureOr<Extents> shape = call.integers("shape");
  if (failed(x) || failed(shape))
    return failure();
  return call.make(("weft." + call.signature.name).str(), *x, call.list("shape", *shape));
}

static FailureOr<Values> buildFlatten(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  FailureOr<int64_t> axis = call.integer("axis", 1);
  if (failed(x) || failed(axis))
    return failure();
  if (*axis < 0)
    *axis += tensorOf(*x).getRank();
  return call.make("weft.flatten", *x, integerAttr(call, "axis", *axis));
}

/// Without `perm=` the dimensions are reversed.
static FailureOr<Values> buildTranspose(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  if (failed(x))
    return failure();
  Extents reversed = llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, tensorOf(*x).getRank())));
  FailureOr<Extents> perm = call.has("perm") ? call.integers("perm") : FailureOr<Extents>(reversed);
  if (failed(perm))
    return failure();
  return call.make("weft.transpose", *x, call.list("perm", *perm));
}

/// Where integers are padded the value is one of them.
static LogicalResult checkFill(CallBuilder &call, Type element, double value) {
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer)
    return success();
  unsigned bits = integer.getWidth() - !integer.isUnsigned();
  double end = std::ldexp(1.0, bits), begin = integer.isUnsigned() ? 0 : -end;
  if (value == std::floor(value) && value >= begin && value < end)
    return success();
  call.error(call.locOf("value")) << "`value` is to be an integer of " << integer.getWidth() << " bits, as the elements of "
                                  << spell(tensorOf(*call.tensor("x"))) << " are";
  return failure();
}

/// `low=` and `high=` with an entry a dimension, or `pad=`: one integer or a list for the spatial dimensions.
static FailureOr<Values> buildPad(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  if (failed(x))
    return failure();
  size_t rank = tensorOf(*x).getRank();
  Extents low(rank, 0), high(rank, 0);
  if (call.has("pad")) {
    FailureOr<Extents> pad =
        rank > 2 ? windowPadding(call, tensorOf(*x), Extents(rank - 2, 1), Extents(rank - 2, 1), Extents(rank - 2, 1))
                 : FailureOr<Extents>(call.missing("low"));
    if (failed(pad))
      return failure();
    llvm::copy(ArrayRef(*pad).take_front(rank - 2), low.begin() + 2);
    llvm::copy(ArrayRef(*pad).drop_front(rank - 2), high.begin() + 2);
  } else {
    FailureOr<Extents> given = call.integers("low"), after = call.has("high") ? call.integers("high") : given;
    if (failed(given) || failed(after))
      return failure();
    low = *given, high = *after;
  }
  if (auto given = dyn_cast_or_null<StringAttr>(call.attribute("mode")); given && given.getValue() == "replicate") {
    call.error(call.locOf("mode")) << "PyTorch's `replicate` is `mode=edge` here";
    return failure();
  }
  FailureOr<StringRef> mode =
      call.has("mode") ? call.word("mode", {"constant", "reflect", "edge"}) : StringRef("constant");
  FailureOr<double> value = call.real("value", 0.0);
  if (failed(mode) || failed(value) || failed(checkFill(call, tensorOf(*x).getElementType(), *value)))
    return failure();
  auto attribute = PadModeAttr::get(call.builder.getContext(), *symbolizePadMode(*mode));
  return call.make("weft.pad", *x,
                   {call.list("low", low), call.list("high", high), call.named("mode", attribute),
                    call.named("value", call.builder.getF64FloatAttr(*value))});
}

static FailureOr<Values> buildChannelShuffle(CallBuilder &call) {
  if (!call.has("groups"))
    return call.missing("groups");
  FailureOr<Value> x = call.tensor("x");
  if (failed(x) || failed(call.wantsKnownSizes(*x)))
    return failure();
  return call.makePlainly();
}

static FailureOr<Values> buildDepthToSpace(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  FailureOr<Extents> block =
      failed(x) ? FailureOr<Extents>() : call.spatial("block", std::max<int64_t>(tensorOf(*x).getRank() - 2, 1));
  FailureOr<StringRef> mode = call.has("mode") ? call.word("mode", {"dcr", "crd"}) : StringRef("dcr");
  if (failed(x) || failed(block) || failed(mode) || failed(call.wantsKnownSizes(*x)))
    return failure();
  auto attribute = DepthModeAttr::get(call.builder.getContext(), *symbolizeDepthMode(*mode));
  return call.make("weft.depth_to_space", *x, {call.list("block", *block), call.named("mode", attribute)});
}

static FailureOr<Values> buildImageInput(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  FailureOr<SmallVector<double>> mean = call.has("mean") ? call.reals("mean") : SmallVector<double>{0.0};
  FailureOr<SmallVector<double>> std = call.has("std") ? call.reals("std") : SmallVector<double>{1.0};
  if (failed(x) || failed(mean) || failed(std) || failed(call.wantsKnownSizes(*x)))
    return failure();
  Attributes attributes{call.named("mean", call.builder.getDenseF64ArrayAttr(*mean)),
                        call.named("std", call.builder.getDenseF64ArrayAttr(*std))};
  if (call.has("resize")) {
    FailureOr<Extents> resize = call.integers("resize");
    if (failed(resize))
      return failure();
    attributes.push_back(call.list("resize", *resize));
  }
  if (call.has("crop")) {
    FailureOr<Extents> crop = call.spatial("crop", 2);
    if (failed(crop))
      return failure();
    attributes.push_back(call.list("crop", *crop));
  }
  return call.make("weft.image_input", *x, attributes);
}

static FailureOr<Values> buildResample(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x"), indices = call.tensor("indices"), weights = call.tensor("weights");
  if (failed(x) || failed(indices) || failed(weights))
    return failure();
  FailureOr<int64_t> axis = call.axis("axis", tensorOf(*x).getRank(), 2);
  if (failed(axis))
    return failure();
  return call.make("weft.resample", {*x, *indices, *weights}, integerAttr(call, "axis", *axis));
}

std::vector<Signature> weft::shapeCalls() {
  Parameter x{"x", Takes::Tensor}, axis{"axis", Takes::Integer}, shape{"shape", Takes::Integers, true};
  return {
      {"concat", {{"xs", Takes::Tensors}, axis}, buildConcat},
      {"split", {x, axis, {"sizes", Takes::Integers}, {"parts", Takes::Integer}}, buildSplit},
      {"slice",
       {x, {"axis", Takes::Integers}, {"start", Takes::Integers}, {"stop", Takes::Integers}, {"step", Takes::Integers}},
       buildSlice},
      {"gather", {x, {"indices", Takes::Tensor}, axis}, buildGather},
      {"gather_elements", {x, {"indices", Takes::Tensor}, axis}, buildGather},
      {"scatter",
       {x, {"indices", Takes::Tensor}, {"updates", Takes::Tensor}, {"kind", Takes::Word, true}, axis},
       buildScatter},
      {"resample", {x, {"indices", Takes::Tensor}, {"weights", Takes::Tensor}, axis}, buildResample},
      {"reshape", {x, shape}, buildToShape},
      {"expand", {x, shape}, buildToShape},
      {"flatten", {x, axis}, buildFlatten},
      {"transpose", {x, {"perm", Takes::Integers, true}}, buildTranspose},
      {"pad",
       {x,
        {"low", Takes::Integers},
        {"high", Takes::Integers},
        {"pad", Takes::Anything},
        {"mode", Takes::Word},
        {"value", Takes::Real}},
       buildPad},
      {"channel_shuffle", {x, {"groups", Takes::Integer}}, buildChannelShuffle},
      {"depth_to_space", {x, {"block", Takes::Spatial}, {"mode", Takes::Word}}, buildDepthToSpace},
      {"image_input",
       {x, {"mean", Takes::Reals}, {"std", Takes::Reals}, {"resize", Takes::Integers}, {"crop", Takes::Spatial}},
       buildImageInput},
  };
}
