// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Calls that are tensors themselves: weight(dims), bias(n), scale(n) and const(...).
#include "dialects/Weft/CallBuilder.h"

using namespace mlir;
using namespace weft;

/// The path of the call is the weight's: no suffix.
static FailureOr<Values> buildWeight(CallBuilder &call) {
  FailureOr<Extents> dims = call.integers("dims");
  if (failed(dims))
    return failure();
  FailureOr<Value> value = call.weight("", *dims, call.builder.getF32Type());
  if (failed(value))
    return failure();
  return Values{*value};
}

/// Numbers in nested lists, row by row; false where they are ragged or no numbers.
static bool collect(Attribute value, size_t depth, Extents &shape, SmallVectorImpl<float> &numbers) {
  auto list = dyn_cast_or_null<ArrayAttr>(value);
  if (!list) {
    if (depth != shape.size())
      return false;
    if (auto real = dyn_cast_or_null<FloatAttr>(value))
      numbers.push_back(real.getValueAsDouble());
    else if (auto integer = dyn_cast_or_null<IntegerAttr>(value))
      numbers.push_back(integer.getInt());
    else
      return false;
    return true;
  }
  if (depth == shape.size() && numbers.empty())
    shape.push_back(list.size());
  if (depth >= shape.size() || shape[depth] != static_cast<int64_t>(list.size()))
    return false;
  return llvm::all_of(list, [&](Attribute entry) { return collect(entry, depth + 1, shape, numbers); });
}

/// A list of numbers, nested for more dimensions, or elements the frontend has read from a file.
static FailureOr<Values> buildConst(CallBuilder &call) {
  Attribute value = call.attribute("value");
  if (auto elements = dyn_cast_or_null<DenseElementsAttr>(value))
    return Values{call.constant(elements)};
  Extents shape;
  SmallVector<float> numbers;
  if (!value || !collect(value, 0, shape, numbers) || numbers.empty()) {
    call.error(call.locOf("value")) << "`const` wants numbers, or lists of numbers of one length in each dimension";
    return failure();
  }
  auto type = RankedTensorType::get(shape, call.builder.getF32Type());
  return Values{call.constant(DenseElementsAttr::get(type, ArrayRef<float>(numbers)))};
}

std::vector<Signature> weft::constantCalls() {
  std::vector<Parameter> dims{{"dims", Takes::Anything, true}};
  return {{"weight", dims, buildWeight, {}, "weight"},
          {"bias", dims, buildWeight, {}, "bias"},
          {"scale", dims, buildWeight, {}, "scale"},
          {"const", {{"value", Takes::Anything, true}}, buildConst}};
}
