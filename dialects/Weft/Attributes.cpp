// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How attributes are checked, printed and parsed, and what `#weft.blocked` means for the stored shape.
#include "dialects/Weft/Weft.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace weft;

#define GET_ATTRDEF_CLASSES
#include "dialects/Weft/WeftAttributes.cpp.inc"

void WeftDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Weft/WeftAttributes.cpp.inc"
      >();
}

//===- #weft.blocked ---------------------------------------------------------------------------------------------===//

LogicalResult BlockedAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t block, ArrayRef<int64_t> border,
                                  FloatAttr fill) {
  if (block < 1)
    return emitError() << "a block has at least 1 channel, not " << block;
  if (border.size() % 2 != 0)
    return emitError() << "a border has two entries a spatial dimension, not " << border.size() << " in all";
  for (int64_t entry : border)
    if (entry < 0)
      return emitError() << "a border cannot be " << entry << " wide";
  return success();
}

LogicalResult BlockedAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                          function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.empty())
    return emitError() << "a tensor of rank 0 has no channels to block";
  size_t spatial = shape.size() < 2 ? 0 : shape.size() - 2;
  if (hasBorder() && getBorder().size() != 2 * spatial)
    return emitError() << "a border of " << getBorder().size() << " entries does not fit " << spatial
                       << " spatial dimensions: expected " << 2 * spatial;
  return success();
}

BlockedAttr BlockedAttr::withBorder(ArrayRef<int64_t> border, double fill) const {
  return get(getContext(), getBlock(), border, fill);
}

BlockedAttr BlockedAttr::withoutBorder() const { return get(getContext(), getBlock()); }

void BlockedAttr::print(AsmPrinter &printer) const {
  printer << '<' << getBlock();
  if (hasBorder()) {
    printer << ", border = [";
    llvm::interleaveComma(getBorder(), printer);
    printer << "], fill = ";
    printer.printFloat(APFloat(getFill()));
  }
  printer << '>';
}

Attribute BlockedAttr::parse(AsmParser &parser, Type) {
  int64_t block = 0;
  SmallVector<int64_t> border;
  double fill = 0;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseInteger(block))
    return {};
  if (succeeded(parser.parseOptionalComma())) {
    auto parseEntry = [&]() -> ParseResult { return parser.parseInteger(border.emplace_back()); };
    if (parser.parseKeyword("border") || parser.parseEqual() ||
        parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseEntry))
      return {};
    if (succeeded(parser.parseOptionalComma()) &&
        (parser.parseKeyword("fill") || parser.parseEqual() || parser.parseFloat(fill)))
      return {};
  }
  if (parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(), block, border,
                    parser.getBuilder().getF64FloatAttr(fill));
}

//===- #weft.target ----------------------------------------------------------------------------------------------===//

LogicalResult TargetAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef name, int64_t vector,
                                 ArrayAttr features) {
  if (vector < 1)
    return emitError() << "a vector has at least 1 lane, not " << vector;
  if (!llvm::all_of(features, llvm::IsaPred<StringAttr>))
    return emitError() << "`features` of target `" << name << "` must be strings";
  return success();
}

//===- #weft.field -----------------------------------------------------------------------------------------------===//

LogicalResult FieldAttr::verify(function_ref<InFlightDiagnostic()> emitError, DenseI64ArrayAttr, int64_t,
                                DenseI64ArrayAttr pictureDims, DenseI64ArrayAttr dims, DenseF64ArrayAttr jump,
                                DenseF64ArrayAttr start, DenseF64ArrayAttr size) {
  const int64_t axes = pictureDims.size();
  if (dims.size() != axes || jump.size() != axes || start.size() != axes || size.size() != axes)
    return emitError() << "a receptive field has as many `dims`, `jump`, `start` and `size` as `picture_dims`, " << axes;
  return success();
}

//===- Stored shapes ---------------------------------------------------------------------------------------------===//

BlockedAttr weft::getBlocked(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? dyn_cast_or_null<BlockedAttr>(tensor.getEncoding()) : BlockedAttr();
}

RankedTensorType weft::withEncoding(RankedTensorType type, Attribute encoding) {
  return RankedTensorType::get(type.getShape(), type.getElementType(), encoding);
}

RankedTensorType weft::withoutEncoding(RankedTensorType type) { return withEncoding(type, Attribute()); }

RankedTensorType weft::physicalType(RankedTensorType type) {
  BlockedAttr blocked = getBlocked(type);
  if (!blocked)
    return withoutEncoding(type);
  SmallVector<int64_t> shape(type.getShape());
  auto grow = [](int64_t &extent, auto with) {
    if (!ShapedType::isDynamic(extent))
      extent = with(extent);
  };
  grow(shape[shape.size() == 1 ? 0 : 1], [&](int64_t c) { return llvm::divideCeil(c, blocked.getBlock()); });
  for (size_t dim = 2; dim < shape.size(); ++dim)
    grow(shape[dim], [&](int64_t s) { return blocked.getLow(dim - 2) + s + blocked.getHigh(dim - 2); });
  shape.push_back(blocked.getBlock());
  return RankedTensorType::get(shape, type.getElementType());
}
