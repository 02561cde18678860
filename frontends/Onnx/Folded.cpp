// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Elements read from a file, and picked from other tensors.
#include "frontends/Onnx/Folded.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cstring>

using namespace weft;
using namespace weft::onnxfile;
using llvm::ArrayRef;

template <typename From, typename To> static void decode(const Tensor &tensor, std::vector<To> &to) {
  to.resize(tensor.elements);
  for (int64_t i = 0; i < tensor.elements; ++i) {
    From value;
    std::memcpy(&value, tensor.bytes.data() + i * sizeof(From), sizeof(From));
    to[i] = value;
  }
}

/// Elements of 16 bits, which become float.
static Folded widened(const Tensor &tensor, const llvm::fltSemantics &semantics) {
  Folded result{Float, Ints(tensor.dims.begin(), tensor.dims.end()), {}, {}};
  std::vector<uint16_t> bits;
  decode<uint16_t>(tensor, bits);
  for (uint16_t element : bits)
    result.reals.push_back(llvm::APFloat(semantics, llvm::APInt(16, element)).convertToFloat());
  return result;
}

std::optional<Folded> Folded::of(const Tensor &tensor) {
  if (tensor.elements > (onnxfile::isReal(tensor.type) ? mostFoldedReals : mostComputed))
    return std::nullopt;
  Folded result;
  result.type = tensor.type;
  result.shape.assign(tensor.dims.begin(), tensor.dims.end());
  switch (tensor.type) {
  case Float:
    decode<float>(tensor, result.reals);
    return result;
  case Double:
    decode<double>(tensor, result.reals);
    return result;
  case Float16:
    return widened(tensor, llvm::APFloat::IEEEhalf());
  case BFloat16:
    return widened(tensor, llvm::APFloat::BFloat());
  case Int32:
    decode<int32_t>(tensor, result.ints);
    return result;
  case Int64:
    decode<int64_t>(tensor, result.ints);
    return result;
  case Bool:
    decode<uint8_t>(tensor, result.ints);
    return result;
  default:
    return std::nullopt;
  }
}

int64_t Folded::asInt(size_t i) const {
  if (!isReal())
    return ints[i];
  return reals[i] == reals[i] ? int64_t(std::clamp(reals[i], -9e18, 9e18)) : 0;
}

void Folded::append(const Folded &from, size_t i) {
  if (isReal())
    return reals.push_back(type == Float ? float(from.asReal(i)) : from.asReal(i));
  int64_t value = type == Bool && from.isReal() ? from.reals[i] != 0 : from.asInt(i);
  ints.push_back(type == Int32 ? int32_t(value) : type == Bool ? value != 0 : value);
}

void Folded::append(double value) {
  Folded one{Double, {}, {}, {value}};
  append(one, 0);
}

std::optional<int64_t> weft::onnxfile::elementsOf(ArrayRef<int64_t> shape) {
  if (hasNoElements(shape))
    return 0;
  int64_t elements = 1;
  for (int64_t extent : shape)
    if (extent < 0 || llvm::MulOverflow(elements, extent, elements) || elements > mostComputed)
      return std::nullopt;
  return elements;
}

bool weft::onnxfile::hasNoElements(ArrayRef<int64_t> shape) { return llvm::is_contained(shape, 0); }

Ints weft::onnxfile::denseStrides(ArrayRef<int64_t> shape) {
  Ints strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * std::max<int64_t>(shape[i], 1);
  return strides;
}

void weft::onnxfile::forEachIndex(ArrayRef<int64_t> shape, llvm::function_ref<void(ArrayRef<int64_t>)> visit) {
  if (hasNoElements(shape))
    return;
  Ints at(shape.size(), 0);
  while (true) {
    visit(at);
    size_t i = shape.size();
    while (i > 0 && ++at[i - 1] == shape[i - 1])
      at[--i] = 0;
    if (i == 0)
      return;
  }
}

std::optional<Folded> weft::onnxfile::strided(const Folded &from, ArrayRef<int64_t> shape, ArrayRef<int64_t> strides,
                                              int64_t offset) {
  std::optional<int64_t> elements = elementsOf(shape);
  if (!elements)
    return std::nullopt;
  Folded result{from.type, Ints(shape), {}, {}};
  bool isFilled = *elements && llvm::all_of(strides, [](int64_t stride) { return stride == 0; });
  if (isFilled && from.isReal())
    return result.reals.assign(*elements, from.reals[offset]), result;
  if (isFilled)
    return result.ints.assign(*elements, from.ints[offset]), result;
  forEachIndex(shape, [&](ArrayRef<int64_t> at) {
    int64_t place = offset;
    for (size_t i = 0; i < at.size(); ++i)
      place += at[i] * strides[i];
    result.append(from, place);
  });
  return result;
}

std::optional<Folded> weft::onnxfile::broadcast(const Folded &from, ArrayRef<int64_t> shape) {
  if (from.shape.size() > shape.size())
    return std::nullopt;
  size_t shift = shape.size() - from.shape.size();
  Ints strides(shape.size(), 0), dense = denseStrides(from.shape);
  for (size_t i = 0; i < from.shape.size(); ++i) {
    if (from.shape[i] != 1 && from.shape[i] != shape[i + shift])
      return std::nullopt;
    strides[i + shift] = from.shape[i] == 1 ? 0 : dense[i];
  }
  return strided(from, shape, strides);
}

Ints weft::onnxfile::commonShape(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  Ints shape(std::max(a.size(), b.size()), 1);
  for (ArrayRef<int64_t> side : {a, b})
    for (size_t i = 0; i < side.size(); ++i)
      if (int64_t &extent = shape[shape.size() - side.size() + i]; extent == 1)
        extent = side[i];
  return shape;
}
