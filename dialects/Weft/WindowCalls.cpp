// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Calls of pooling and its kin, and what `pad=` and `fit=` mean for every window.
#include "dialects/Weft/CallBuilder.h"

using namespace mlir;
using namespace weft;

//===- Padding ---------------------------------------------------------------------------------------------------===//

/// ONNX's SAME_UPPER: the result has ceil(input / stride) elements; an odd padding has its larger half behind.
static FailureOr<Extents> samePadding(CallBuilder &call, RankedTensorType x, ArrayRef<int64_t> kernel,
                                      ArrayRef<int64_t> stride, ArrayRef<int64_t> dilation) {
  size_t rank = kernel.size();
  Extents result(2 * rank);
  for (size_t dim = 0; dim < rank; ++dim) {
    int64_t extent = x.getDimSize(dim + 2);
    if (ShapedType::isDynamic(extent) || stride[dim] < 1) {
      call.error(call.locOf("pad")) << "`pad=same` needs a known extent and a stride of at least 1 in dimension "
                                    << dimensionName(x.getRank(), dim + 2);
      return failure();
    }
    int64_t covered =
        (llvm::divideCeilSigned(extent, stride[dim]) - 1) * stride[dim] + dilation[dim] * (kernel[dim] - 1) + 1;
    int64_t total = std::max<int64_t>(covered - extent, 0);
    result[dim] = total / 2;
    result[rank + dim] = total - total / 2;
  }
  return result;
}

static FailureOr<Extents> listedPadding(CallBuilder &call, size_t rank) {
  FailureOr<Extents> values = call.integers("pad");
  if (failed(values) || values->size() == 2 * rank)
    return values;
  if (isa<IntegerAttr>(call.attribute("pad")))
    return Extents(2 * rank, values->front());
  if (values->size() == rank) {
    Extents both(*values);
    llvm::append_range(both, *values);
    return both;
  }
  call.error(call.locOf("pad")) << "`pad` has " << values->size() << " entries, expected `same`, `valid`, one integer, "
                                << rank << " (one a spatial dimension) or " << 2 * rank
                                << " (low ones, then high ones)";
  return failure();
}

/// Up to three values that satisfy `fits`, nearest to `wanted` first.
template <typename Fits> static std::string nearest(int64_t wanted, int64_t least, int64_t most, Fits fits) {
  constexpr int64_t farthest = 1000; // nobody is helped by what lies beyond
  SmallVector<int64_t> found;
  for (int64_t distance = 1; distance <= farthest && found.size() < 3; ++distance)
    for (int64_t candidate : {wanted - distance, wanted + distance})
      if (candidate >= least && candidate <= most && found.size() < 3 && fits(candidate))
        found.push_back(candidate);
  std::string text;
  for (auto [i, value] : llvm::enumerate(found))
    text += (i == 0 ? "" : i + 1 == found.size() ? " or " : ", ") + std::to_string(value);
  return text.empty() ? "none" : text;
}

/// With `fit=exact` the window has to meet the far end of the padded input.
static LogicalResult checkFit(CallBuilder &call, RankedTensorType x, ArrayRef<int64_t> kernel, ArrayRef<int64_t> stride,
                              ArrayRef<int64_t> dilation, ArrayRef<int64_t> pad) {
  size_t rank = kernel.size();
  for (size_t dim = 0; dim < rank; ++dim) {
    int64_t extent = x.getDimSize(dim + 2), window = dilation[dim] * (kernel[dim] - 1) + 1;
    int64_t padding = pad[dim] + pad[rank + dim], room = extent - window + padding;
    if (ShapedType::isDynamic(extent) || stride[dim] < 1 || room < 0 || room % stride[dim] == 0)
      continue;
    std::string pads = nearest(pad[dim], 0, window - 1, [&](int64_t p) {
      return extent - window + 2 * p >= 0 && (extent - window + 2 * p) % stride[dim] == 0;
    });
    std::string strides =
        nearest(stride[dim], 1, std::min<int64_t>(room, 64), [&](int64_t s) { return room % s == 0; });
    std::string value = llvm::formatv("{0:F2}", static_cast<double>(room) / stride[dim] + 1);
    call.error(call.locOf("fit")) << "the window does not fit dimension " << dimensionName(x.getRank(), dim + 2)
                                  << " exactly: (" << extent << " - " << window << " + " << padding << ") / "
                                  << stride[dim] << " + 1 = " << value << "; paddings that fit: " << pads
                                  << "; strides that fit: " << strides;
    return failure();
  }
  return success();
}

FailureOr<Extents> weft::windowPadding(CallBuilder &call, RankedTensorType x, ArrayRef<int64_t> kernel,
                                       ArrayRef<int64_t> stride, ArrayRef<int64_t> dilation) {
  FailureOr<Extents> pad = Extents(2 * kernel.size(), 0);
  if (isa_and_nonnull<StringAttr>(call.attribute("pad"))) {
    FailureOr<StringRef> word = call.word("pad", {"same", "valid"});
    if (failed(word))
      return failure();
    if (*word == "same")
      pad = samePadding(call, x, kernel, stride, dilation);
  } else if (call.has("pad")) {
    pad = listedPadding(call, kernel.size());
  }
  if (failed(pad) || !call.has("fit"))
    return pad;
  FailureOr<StringRef> fit = call.word("fit", {"exact", "cut"});
  if (failed(fit) || (*fit == "exact" && failed(checkFit(call, x, kernel, stride, dilation, *pad))))
    return failure();
  return pad;
}

//===- Rows ------------------------------------------------------------------------------------------------------===//

/// The tensor `x` with spatial dimensions, and how many they are.
static FailureOr<std::pair<Value, unsigned>> imageOf(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  if (failed(x))
    return failure();
  int64_t rank = tensorOf(*x).getRank();
  if (rank >= 3 && rank <= 5)
    return std::pair(*x, static_cast<unsigned>(rank - 2));
  call.error(call.loc) << "`" << call.signature.name << "` wants [N, C, W], [N, C, H, W] or [N, C, D, H, W], not "
                       << spell(tensorOf(*x));
  return failure();
}

static FailureOr<Values> buildPool(CallBuilder &call) {
  auto image = imageOf(call);
  if (failed(image))
    return failure();
  auto [x, rank] = *image;
  FailureOr<Extents> kernel = call.spatial("kernel", rank), stride = call.spatial("stride", rank, 1),
                     dilation = call.spatial("dilation", rank, 1);
  FailureOr<bool> ceilMode = call.boolean("ceil_mode", false), include = call.boolean("count_include_pad", false);
  if (failed(kernel) || failed(stride) || failed(dilation) || failed(ceilMode) || failed(include))
    return failure();
  FailureOr<Extents> pad = windowPadding(call, tensorOf(x), *kernel, *stride, *dilation);
  if (failed(pad))
    return failure();
  Attributes attributes{call.list("kernel", *kernel), call.list("stride", *stride), call.list("pad", *pad),
                        call.list("dilation", *dilation), call.named("ceil_mode", call.builder.getBoolAttr(*ceilMode))};
  if (call.signature.name == "avgpool")
    attributes.push_back(call.named("count_include_pad", call.builder.getBoolAttr(*include)));
  return call.make(("weft." + call.signature.name).str(), x, attributes);
}

static FailureOr<Values> buildAdaptivePool(CallBuilder &call) {
  auto image = imageOf(call);
  if (failed(image))
    return failure();
  FailureOr<Extents> out = call.spatial("out", image->second);
  if (failed(out))
    return failure();
  return call.make("weft.adaptive_avgpool", image->first, call.list("out", *out));
}

static FailureOr<Values> buildUpsample(CallBuilder &call) {
  auto image = imageOf(call);
  if (failed(image))
    return failure();
  FailureOr<Extents> scale = call.spatial("scale", image->second);
  FailureOr<StringRef> mode = call.has("mode") ? call.word("mode", {"nearest", "linear"}) : StringRef("nearest");
  if (failed(scale) || failed(mode))
    return failure();
  auto attribute = InterpolationAttr::get(call.builder.getContext(), *symbolizeInterpolation(*mode));
  return call.make("weft.upsample", image->first, {call.list("scale", *scale), call.named("mode", attribute)});
}

/// `size` has no default; a plain row would leave that to the verifier.
static FailureOr<Values> buildLrn(CallBuilder &call) {
  return call.has("size") ? call.makePlainly() : FailureOr<Values>(call.missing("size"));
}

std::vector<Signature> weft::windowCalls() {
  std::vector<Parameter> pool{{"x", Takes::Tensor},     {"kernel", Takes::Spatial},   {"stride", Takes::Spatial},
                              {"pad", Takes::Anything}, {"dilation", Takes::Spatial}, {"ceil_mode", Takes::Bool},
                              {"fit", Takes::Word}};
  std::vector<Parameter> average = pool;
  average.push_back({"count_include_pad", Takes::Bool});
  return {{"maxpool", pool, buildPool},
          {"avgpool", average, buildPool},
          {"global_avgpool", {{"x", Takes::Tensor}}, buildPlainly},
          {"global_maxpool", {{"x", Takes::Tensor}}, buildPlainly},
          {"adaptive_avgpool", {{"x", Takes::Tensor}, {"out", Takes::Spatial}}, buildAdaptivePool},
          {"lrn",
           {{"x", Takes::Tensor},
            {"size", Takes::Integer},
            {"alpha", Takes::Real},
            {"beta", Takes::Real},
            {"k", Takes::Real}},
           buildLrn},
          {"upsample", {{"x", Takes::Tensor}, {"scale", Takes::Spatial}, {"mode", Takes::Word}}, buildUpsample}};
}
