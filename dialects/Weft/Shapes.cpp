// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Shape arithmetic and its errors; see Shapes.h.
#include "dialects/Weft/Weft.h"

#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace weft;

bool weft::sameLogicalTypes(TypeRange lhs, TypeRange rhs) {
  if (lhs.size() != rhs.size())
    return false;
  return llvm::all_of(llvm::zip_equal(lhs, rhs), [](auto pair) {
    auto a = dyn_cast<RankedTensorType>(std::get<0>(pair)), b = dyn_cast<RankedTensorType>(std::get<1>(pair));
    if (!a || !b)
      return std::get<0>(pair) == std::get<1>(pair);
    return a.getElementType() == b.getElementType() && succeeded(verifyCompatibleShape(a.getShape(), b.getShape()));
  });
}

//===- Spelling --------------------------------------------------------------------------------------------------===//

std::string weft::spell(ArrayRef<int64_t> extents) {
  std::string text = "[";
  for (auto [i, extent] : llvm::enumerate(extents))
    text += (i ? ", " : "") + (ShapedType::isDynamic(extent) ? std::string("?") : std::to_string(extent));
  return text + "]";
}

std::string weft::spell(RankedTensorType type) {
  Type element = type.getElementType();
  if (element.isSignlessInteger(8) || element.isUnsignedInteger(8))
    return "u8" + spell(type.getShape());
  return llvm::formatv("{0}{1}", element, spell(type.getShape()));
}

std::string weft::dimensionName(unsigned rank, unsigned dim) {
  static constexpr StringRef names[] = {"NCW", "NCHW", "NCDHW"};
  if (rank < 3 || rank > 5)
    return std::to_string(dim);
  return names[rank - 3].substr(dim, 1).str();
}

//===- Simple results --------------------------------------------------------------------------------------------===//

LogicalResult weft::succeedWith(Types &types, ArrayRef<int64_t> extents, Type elementType) {
  types.push_back(RankedTensorType::get(extents, elementType));
  return success();
}

LogicalResult weft::inferSameShape(Value x, Types &types) {
  RankedTensorType type = tensorOf(x);
  return succeedWith(types, type.getShape(), type.getElementType());
}

std::variant<Extents, unsigned> weft::broadcast(ArrayRef<int64_t> x, ArrayRef<int64_t> y) {
  Extents result(std::max(x.size(), y.size()));
  auto extentOf = [&](ArrayRef<int64_t> shape, size_t dim) -> int64_t {
    size_t missing = result.size() - shape.size();
    return dim < missing ? 1 : shape[dim - missing];
  };
  for (size_t dim = 0; dim < result.size(); ++dim) {
    int64_t a = extentOf(x, dim), b = extentOf(y, dim);
    if (a == 1 || b == 1)
      result[dim] = a == 1 ? b : a;
    else if (agree(a, b))
      result[dim] = ShapedType::isDynamic(a) ? b : a;
    else
      return static_cast<unsigned>(dim);
  }
  return result;
}

/// "add" as people say it with two things.
static std::string sayBoth(StringRef verb, const std::string &x, const std::string &y) {
  if (verb == "sub")
    return "cannot subtract " + y + " from " + x;
  if (verb == "mul")
    return "cannot multiply " + x + " and " + y;
  if (verb == "div")
    return "cannot divide " + x + " by " + y;
  if (verb == "pow")
    return "cannot raise " + x + " to the power " + y;
  if (verb == "minimum" || verb == "maximum")
    return "cannot take the " + verb.str() + " of " + x + " and " + y;
  return "cannot " + verb.str() + " " + x + " and " + y;
}

LogicalResult weft::inferBroadcast(Where where, StringRef verb, Value x, Value y, Types &types) {
  return inferBroadcast(where, verb, tensorOf(x), tensorOf(y), types);
}

LogicalResult weft::inferBroadcast(Where where, StringRef verb, RankedTensorType a, RankedTensorType b, Types &types) {
  auto attempt = [&] { return sayBoth(verb, spell(a), spell(b)); }; // operations are verified often and wrong seldom
  if (a.getElementType() != b.getElementType())
    return emitOptionalError(where, attempt(), ": element types differ");
  auto result = broadcast(a.getShape(), b.getShape());
  if (auto *dim = std::get_if<unsigned>(&result))
    return emitOptionalError(where, attempt(), ": dimension ", dimensionName(std::max(a.getRank(), b.getRank()), *dim),
                             " differs");
  return succeedWith(types, std::get<Extents>(result), a.getElementType());
}

LogicalResult weft::inferReduce(Where where, Value x, ArrayRef<int64_t> axes, bool keepdims, Types &types) {
  RankedTensorType type = tensorOf(x);
  SmallVector<bool> reduced(type.getRank(), axes.empty());
  for (int64_t axis : axes) {
    if (failed(checkAxis(where, axis, type.getRank())))
      return failure();
    if (reduced[axis])
      return emitOptionalError(where, "dimension ", axis, " is reduced twice");
    reduced[axis] = true;
  }
  Extents result;
  for (auto [dim, extent] : llvm::enumerate(type.getShape()))
    if (!reduced[dim])
      result.push_back(extent);
    else if (keepdims)
      result.push_back(1);
  return succeedWith(types, result, type.getElementType());
}

//===- Checks ----------------------------------------------------------------------------------------------------===//

FailureOr<unsigned> weft::spatialRank(Where where, RankedTensorType x) {
  if (x.getRank() < 3 || x.getRank() > 5)
    return emitOptionalError(where, "expected [N, C, W], [N, C, H, W] or [N, C, D, H, W], not ", spell(x));
  return x.getRank() - 2;
}

LogicalResult weft::checkList(Where where, StringRef name, ArrayRef<int64_t> values, size_t count, int64_t least) {
  if (values.size() != count)
    return emitOptionalError(where, "`", name, "` has ", values.size(), " entries, expected ", count);
  for (int64_t value : values)
    if (value < least)
      return emitOptionalError(where, "`", name, "` cannot be ", value, "; the least is ", least);
  return success();
}

LogicalResult weft::checkAxis(Where where, int64_t axis, int64_t limit) {
  if (axis < 0 || axis >= limit)
    return emitOptionalError(where, "`axis` ", axis, " is not a dimension of a tensor of rank ", limit);
  return success();
}

LogicalResult weft::checkShape(Where where, StringRef name, Value value, ArrayRef<int64_t> extents) {
  if (!value || succeeded(verifyCompatibleShape(tensorOf(value).getShape(), extents)))
    return success();
  return emitOptionalError(where, "`", name, "` is ", spell(tensorOf(value)), ", expected shape ", spell(extents));
}

LogicalResult weft::checkPerChannel(Where where, StringRef name, Value value, RankedTensorType x) {
  BlockedAttr blocked = getBlocked(x);
  if (!value || !blocked || tensorOf(value).getRank() != 2)
    return checkShape(where, name, value, x.getDimSize(1));
  return checkShape(where, name, value,
                    {llvm::divideCeilSigned(x.getDimSize(1), blocked.getBlock()), blocked.getBlock()});
}

//===- Windows ---------------------------------------------------------------------------------------------------===//

LogicalResult Window::check(Where where, unsigned spatialRank) const {
  return success(succeeded(checkList(where, "kernel", kernel, spatialRank, 1)) &&
                 succeeded(checkList(where, "stride", stride, spatialRank, 1)) &&
                 succeeded(checkList(where, "dilation", dilation, spatialRank, 1)) &&
                 succeeded(checkList(where, "pad", pad, 2 * spatialRank, 0)));
}

/// How many positions a window has, none where it does not fit; in `ceil_mode` the last, or the only one, may end behind what is
/// padded, but begins inside `x` or its low padding.
static int64_t positions(const Window &window, unsigned dim, int64_t extent) {
  int64_t room = extent + window.low(dim) + window.high(dim) - window.dilated(dim);
  int64_t stride = window.stride[dim];
  if (!window.ceilMode)
    return room < 0 ? 0 : room / stride + 1;
  int64_t count = llvm::divideCeilSigned(room, stride) + 1;
  return (count - 1) * stride >= extent + window.low(dim) ? count - 1 : count;
}

LogicalResult Window::slide(Where where, ArrayRef<int64_t> x, Extents &result) const {
  for (unsigned dim = 0; dim < rank(); ++dim) {
    int64_t extent = x[dim + 2];
    if (ShapedType::isDynamic(extent)) {
      result.push_back(extent);
      continue;
    }
    int64_t padded = extent + low(dim) + high(dim), count = positions(*this, dim, extent);
    if (count < 1)
      return emitOptionalError(where, dilation[dim] > 1 ? "dilated window " : "window ", dilated(dim),
                               " is larger than the ", padded == extent ? "" : "padded ", "input ", padded,
                               " in dimension ", dimensionName(x.size(), dim + 2));
    result.push_back(count);
  }
  return success();
}

//===- The trait -------------------------------------------------------------------------------------------------===//

LogicalResult weft::verifyInferredShape(Operation *op) {
  SmallVector<Type> inferred;
  auto inference = cast<InferTypeOpInterface>(op);
  if (failed(inference.inferReturnTypes(op->getContext(), op->getLoc(), op->getOperands(),
                                        op->getDiscardableAttrDictionary(), op->getPropertiesStorage(),
                                        op->getRegions(), inferred)))
    return failure();
  if (inferred.size() != op->getNumResults())
    return op->emitOpError() << "has " << op->getNumResults() << " results, expected " << inferred.size();
  for (auto [index, declared, expected] : llvm::enumerate(op->getResultTypes(), inferred))
    if (!sameLogicalTypes(declared, expected))
      return op->emitOpError() << "result " << index << " is " << spell(cast<RankedTensorType>(declared))
                               << ", expected " << spell(cast<RankedTensorType>(expected));
  return success();
}
