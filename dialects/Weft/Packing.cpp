// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Relayouts and packed weights: inference and checks.
#include "dialects/Weft/Weft.h"
#include "dialects/Weft/Winograd.h"

using namespace mlir;
using namespace weft;

LogicalResult RelayoutOp::verify() {
  if (!sameLogicalTypes(getX().getType(), getY().getType()))
    return emitOpError() << "cannot change " << spell(getX().getType()) << " into " << spell(getY().getType());
  return success();
}

OpFoldResult RelayoutOp::fold(FoldAdaptor) {
  if (getX().getType() == getType())
    return getX();
  auto inner = getX().getDefiningOp<RelayoutOp>();
  return inner && inner.getX().getType() == getType() ? inner.getX() : Value();
}

static LogicalResult checkFilter(Where where, RankedTensorType w, int64_t leastRank) {
  if (w.getRank() < leastRank || !w.hasStaticShape())
    return emitOptionalError(where, "expected a static tensor of rank ", leastRank, " or more, not ", spell(w));
  return success();
}

static LogicalResult checkBlock(Where where, StringRef name, int64_t block, int64_t least = 1) {
  if (block < least)
    return emitOptionalError(where, "`", name, "` cannot be ", block, "; the least is ", least);
  return success();
}

LogicalResult PackFilterOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType w = tensorOf(adaptor.getW());
  int64_t oc = adaptor.getOcBlock(), ic = adaptor.getIcBlock();
  if (failed(checkFilter(where, w, 2)) || failed(checkBlock(where, "oc_block", oc)) ||
      failed(checkBlock(where, "ic_block", ic, 0)))
    return failure();
  Extents result{llvm::divideCeilSigned(w.getDimSize(0), oc),
                 ic ? llvm::divideCeilSigned(w.getDimSize(1), ic) : w.getDimSize(1)};
  llvm::append_range(result, w.getShape().drop_front(2));
  if (ic)
    result.push_back(ic);
  result.push_back(oc);
  return succeedWith(types, result, w.getElementType());
}

LogicalResult PackDepthwiseOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType w = tensorOf(adaptor.getW());
  int64_t block = adaptor.getBlock();
  if (failed(checkFilter(where, w, 2)) || failed(checkBlock(where, "block", block)))
    return failure();
  if (w.getDimSize(1) != 1)
    return emitOptionalError(where, "expected a depthwise filter [C, 1, kernel...], not ", spell(w));
  Extents result{llvm::divideCeilSigned(w.getDimSize(0), block)};
  llvm::append_range(result, w.getShape().drop_front(2));
  result.push_back(block);
  return succeedWith(types, result, w.getElementType());
}

LogicalResult PackGroupedOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType w = tensorOf(adaptor.getW());
  int64_t groups = adaptor.getGroups(), oc = adaptor.getOcBlock(), ic = adaptor.getIcBlock();
  if (failed(checkFilter(where, w, 2)) || failed(checkBlock(where, "groups", groups)) ||
      failed(checkBlock(where, "oc_block", oc)) || failed(checkBlock(where, "ic_block", ic)))
    return failure();
  if (w.getDimSize(0) % groups != 0)
    return emitOptionalError(where, "`groups` ", groups, " does not divide the ", w.getDimSize(0), " output channels");
  Extents result{groups, llvm::divideCeilSigned(w.getDimSize(0) / groups, oc),
                 llvm::divideCeilSigned(w.getDimSize(1), ic)};
  llvm::append_range(result, w.getShape().drop_front(2));
  llvm::append_range(result, Extents{ic, oc});
  return succeedWith(types, result, w.getElementType());
}

LogicalResult PackVectorOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType w = tensorOf(adaptor.getW());
  int64_t block = adaptor.getBlock();
  if (failed(checkBlock(where, "block", block)))
    return failure();
  if (w.getRank() != 1 || !w.hasStaticShape())
    return emitOptionalError(where, "expected a static vector, not ", spell(w));
  return succeedWith(types, {llvm::divideCeilSigned(w.getDimSize(0), block), block}, w.getElementType());
}

LogicalResult WinogradFilterOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType w = tensorOf(adaptor.getW());
  int64_t m = adaptor.getM(), oc = adaptor.getOcBlock(), ic = adaptor.getIcBlock();
  if (failed(checkFilter(where, w, 4)) || failed(checkBlock(where, "oc_block", oc)) ||
      failed(checkBlock(where, "ic_block", ic)))
    return failure();
  ArrayRef<int64_t> window = w.getShape().drop_front(2);
  if (w.getRank() > 5 || !winogradPoints(window, 2))
    return emitOptionalError(where, "expected a filter of 3x3, 5x5 or a line of 3, 5, 7 or 9 taps, not ", spell(w));
  std::optional<int64_t> points = winogradPoints(window, m);
  if (!points)
    return emitOptionalError(where, "`m` is 2, 4 or, but for 5x5 filters and lines of 9, 6, not ", m);
  Extents packed{*points, llvm::divideCeilSigned(w.getDimSize(0), oc),
                 llvm::divideCeilSigned(w.getDimSize(1), ic)};
  llvm::append_range(packed, window.drop_back(2));
  packed.append({ic, oc});
  return succeedWith(types, packed, w.getElementType());
}

LogicalResult StrassenFilterOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType w = tensorOf(adaptor.getW());
  int64_t oc = adaptor.getOcBlock(), ic = adaptor.getIcBlock();
  if (failed(checkFilter(where, w, 4)) || failed(checkBlock(where, "oc_block", oc)) || failed(checkBlock(where, "ic_block", ic)))
    return failure();
  if (w.getRank() != 4 || w.getDimSize(2) != 1 || w.getDimSize(3) != 1)
    return emitOptionalError(where, "expected a filter of 1x1, not ", spell(w));
  Extents packed{7, llvm::divideCeilSigned(w.getDimSize(0), 2 * oc), llvm::divideCeilSigned(w.getDimSize(1), 2 * ic), ic, oc};
  return succeedWith(types, packed, w.getElementType());
}
