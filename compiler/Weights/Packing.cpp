// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A rule for each packing operation; the loops are those of PackLoops.
#include "compiler/Weights/Packing.h"

#include "dialects/Weft/Weft.h"
#include "mlir/IR/Threading.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cstring>
#include <memory>

using namespace mlir;

namespace weft {
namespace {

FilterView filterView(const HostTensor &w) {
  ArrayRef<int64_t> shape = w.type.getShape();
  int64_t taps = 1;
  for (int64_t extent : shape.drop_front(2))
    taps *= extent;
  return {w.as<float>().data(), shape[0], shape[1], taps};
}

float *floats(HostTensor &tensor) { return reinterpret_cast<float *>(tensor.writable()); }

/// A depthwise filter is one with a single input whose blocks need no transposition of inputs.
void packDepthwise(PackDepthwiseOp op, HostTensor &y, const HostTensor &w) {
  packFilter(filterView(w), 1, op.getBlock(), floats(y));
}

void packGrouped(PackGroupedOp op, HostTensor &y, const HostTensor &w) {
  FilterView all = filterView(w);
  int64_t groups = op.getGroups(), outputs = all.outputs / groups, packed = y.elements() / groups;
  for (int64_t g = 0; g < groups; ++g)
    packFilter({all.data + g * outputs * all.inputs * all.taps, outputs, all.inputs, all.taps}, op.getIcBlock(),
               op.getOcBlock(), floats(y) + g * packed);
}

void packVector(HostTensor &y, const HostTensor &w) {
  std::memset(y.writable() + w.bytes(), 0, y.bytes() - w.bytes());
  std::memcpy(y.writable(), w.data, w.bytes());
}

} // namespace

std::optional<Packing> packingOf(Operation *op) {
  using Form = std::optional<Packing>;
  return TypeSwitch<Operation *, Form>(op)
      .Case([](PackFilterOp op) -> Form {
        return {{1, int64_t(op.getOcBlock()), [=](FilterView filter, float *packed) mutable {
                   packFilter(filter, op.getIcBlock(), op.getOcBlock(), packed);
                 }}};
      })
      .Case([](WinogradFilterOp op) -> Form {
        int64_t points = cast<RankedTensorType>(op.getType()).getDimSize(0);
        return {{points, int64_t(op.getOcBlock()), [=](FilterView filter, float *packed) mutable {
                   auto window = op.getW().getType().getShape().take_back(2);
                   packWinograd(filter, op.getM(), window[0], window[1], op.getIcBlock(), op.getOcBlock(), packed);
                 }}};
      })
      .Case([](StrassenFilterOp op) -> Form {
        return {{7, 2 * int64_t(op.getOcBlock()), [=](FilterView filter, float *packed) mutable {
                   packStrassen(filter, op.getIcBlock(), op.getOcBlock(), packed);
                 }}};
      })
      .Default(std::nullopt);
}

LogicalResult packInPieces(RankedTensorType type, const Packing &packing, const HostTensor &tensor, TakeBytes take) {
  const FilterView filter = filterView(tensor);
  constexpr int64_t pieceBytes = 1 << 20;
  int64_t blocks = llvm::divideCeil(filter.outputs, packing.outputs);
  int64_t pointBytes = HostTensor{type, nullptr, nullptr}.bytes() / packing.points, blockBytes = pointBytes / blocks;
  int64_t atOnce = std::clamp<int64_t>(pieceBytes / (packing.points * blockBytes), 1, blocks);
  return failableParallelForEachN(type.getContext(), 0, llvm::divideCeil(blocks, atOnce), [&](size_t number) {
    int64_t first = number * atOnce, begin = first * packing.outputs, bytes = std::min(atOnce, blocks - first) * blockBytes;
    auto piece = std::make_unique_for_overwrite<char[]>(packing.points * bytes);
    FilterView part = filter;
    part.data += begin * filter.inputs * filter.taps;
    part.outputs = std::min(atOnce * packing.outputs, filter.outputs - begin);
    packing.pack(part, reinterpret_cast<float *>(piece.get()));
    for (int64_t point = 0; point < packing.points; ++point)
      if (failed(take(point * pointBytes + first * blockBytes, piece.get() + point * bytes, bytes)))
        return failure();
    return success();
  });
}

bool packWeight(Operation *op, HostTensor &y, const HostTensor &w) {
  if (!y.type.getElementType().isF32())
    return false;
  TypeSwitch<Operation *>(op)
      .Case([&](PackDepthwiseOp pack) { packDepthwise(pack, y, w); })
      .Case([&](PackGroupedOp pack) { packGrouped(pack, y, w); })
      .Case([&](PackVectorOp) { packVector(y, w); })
      .Default([&](Operation *) { packingOf(op)->pack(filterView(w), floats(y)); });
  return true;
}

} // namespace weft
