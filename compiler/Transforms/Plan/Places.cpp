// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Arithmetic on places. A dimension with one element has no stride worth comparing.
#include "compiler/Transforms/Plan/Places.h"

using namespace mlir;
using namespace weft::plan;

static const Extent one(1);

std::optional<Extents> weft::plan::denseStrides(ArrayRef<Extent> extents, ArrayRef<int64_t> shared) {
  Extents strides(extents.size(), one);
  for (size_t d = extents.size(); d-- > 1;) {
    std::optional<Extent> pitch = shared.empty() ? extents[d] : add(extents[d], Extent(-shared[d]));
    std::optional<Extent> stride = pitch ? multiply(strides[d], *pitch) : std::nullopt;
    if (!stride)
      return std::nullopt;
    strides[d - 1] = *stride;
  }
  return strides;
}

std::optional<Place> weft::plan::boxOf(const Place &whole, ArrayRef<Extent> starts, ArrayRef<int64_t> steps,
                                       const llvm::SmallBitVector &dropped) {
  Place box{whole.buffer, whole.offset, {}};
  for (auto [d, stride] : llvm::enumerate(whole.strides)) {
    std::optional<Extent> skipped = multiply(starts[d], stride), step = multiply(stride, Extent(steps[d]));
    std::optional<Extent> offset = skipped ? add(box.offset, *skipped) : std::nullopt;
    if (!offset || !step)
      return std::nullopt;
    box.offset = *offset;
    if (!dropped.test(d))
      box.strides.push_back(*step);
  }
  return box;
}

/// The stride of `group` joined into one dimension.
static std::optional<Extent> joinedStride(const Place &place, ArrayRef<Extent> extents, ArrayRef<int64_t> group) {
  std::optional<Extent> inner; // stride of the dimensions joined so far, and how many elements they are
  Extent count(1);
  for (int64_t d : llvm::reverse(group)) {
    if (extents[d] == one)
      continue;
    std::optional<Extent> expected = inner ? multiply(*inner, count) : std::nullopt;
    if (inner && (!expected || *expected != place.strides[d]))
      return std::nullopt;
    if (!inner)
      inner = place.strides[d];
    std::optional<Extent> grown = multiply(count, extents[d]);
    if (!grown)
      return std::nullopt;
    count = *grown;
  }
  return inner ? *inner : one;
}

std::optional<Place> weft::plan::collapse(const Place &place, ArrayRef<Extent> extents,
                                          ArrayRef<ReassociationIndices> groups) {
  Place joined{place.buffer, place.offset, {}};
  for (const ReassociationIndices &group : groups) {
    std::optional<Extent> stride = joinedStride(place, extents, group);
    if (!stride)
      return std::nullopt;
    joined.strides.push_back(*stride);
  }
  return joined;
}

std::optional<Place> weft::plan::expand(const Place &place, ArrayRef<Extent> extents,
                                        ArrayRef<ReassociationIndices> groups) {
  Place apart{place.buffer, place.offset, Extents(extents.size(), one)};
  for (auto [stride, group] : llvm::zip_equal(place.strides, groups)) {
    std::optional<Extent> next = stride;
    for (int64_t d : llvm::reverse(group)) {
      if (!next)
        return std::nullopt;
      apart.strides[d] = *next;
      next = multiply(*next, extents[d]);
    }
  }
  return apart;
}

bool weft::plan::sameElements(const Place &a, const Place &b, ArrayRef<Extent> extents) {
  if (a.buffer != b.buffer || a.offset != b.offset || a.strides.size() != b.strides.size())
    return false;
  return llvm::all_of(llvm::zip_equal(a.strides, b.strides, extents), [](auto dim) {
    auto [left, right, extent] = dim;
    return left == right || extent == one;
  });
}

func::FuncOp weft::plan::kernelOf(func::CallOp call) {
  return SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(call, call.getCalleeAttr());
}

SmallVector<int64_t> weft::plan::wantedStrides(func::FuncOp kernel, unsigned index) {
  auto type = cast<RankedTensorType>(kernel.getArgumentTypes()[index]);
  auto stated = kernel.getArgAttrOfType<IntegerAttr>(index, "weft.dense");
  int64_t dense = stated ? stated.getInt() : 1, stride = 1;
  SmallVector<int64_t> wanted(type.getRank(), -1);
  for (int64_t d = type.getRank(); d-- > 0 && dense-- > 0 && stride >= 0;) {
    wanted[d] = stride;
    stride = type.isDynamicDim(d) ? -1 : stride * type.getDimSize(d);
  }
  return wanted;
}

bool weft::plan::fitsOperand(const Place &place, ArrayRef<Extent> extents, func::FuncOp kernel, unsigned index) {
  SmallVector<int64_t> wanted = wantedStrides(kernel, index);
  return llvm::all_of(llvm::zip_equal(place.strides, extents, wanted), [](auto dim) {
    auto [stride, extent, want] = dim;
    return want < 0 || extent == one || stride == Extent(want);
  });
}
