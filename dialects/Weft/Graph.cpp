// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations on graphs: inference, and builders for regions over one edge.
#include "dialects/Weft/Weft.h"

using namespace mlir;
using namespace weft;

//===- Regions over one edge -------------------------------------------------------------------------------------===//

static RankedTensorType rowType(RankedTensorType captured, Access access) {
  if (access == Access::All)
    return withoutEncoding(captured);
  return RankedTensorType::get(captured.getShape().drop_front(), captured.getElementType());
}

RankedTensorType AggregateOp::getRowType(RankedTensorType captured, Access access) { return rowType(captured, access); }
RankedTensorType SoftmaxByDstOp::getRowType(RankedTensorType captured, Access access) {
  return rowType(captured, access);
}

YieldOp AggregateOp::getYield() { return cast<YieldOp>(getBody().front().getTerminator()); }
YieldOp SoftmaxByDstOp::getYield() { return cast<YieldOp>(getBody().front().getTerminator()); }

/// Checks everything about an edge operation; gives the type of the row its region yields.
template <typename Adaptor> static FailureOr<RankedTensorType> inferRow(Where where, Adaptor adaptor) {
  RankedTensorType indptr = tensorOf(adaptor.getIndptr()), indices = tensorOf(adaptor.getIndices());
  if (indptr.getRank() != 1 || indices.getRank() != 1 || indptr.getElementType() != indices.getElementType())
    return emitOptionalError(where, "`indptr` ", spell(indptr), " and `indices` ", spell(indices),
                             " must be vectors of one integer type");
  ArrayAttr access = adaptor.getAccess();
  Region &body = *adaptor.getRegions().front();
  if (access.size() != adaptor.getCaptured().size())
    return emitOptionalError(where, "`access` has ", access.size(), " entries for ", adaptor.getCaptured().size(),
                             " captured tensors");
  if (body.empty() || body.getNumArguments() != access.size())
    return emitOptionalError(where, "the region has ", body.empty() ? 0 : body.getNumArguments(), " arguments for ",
                             access.size(), " captured tensors");
  for (auto [index, captured, entry] : llvm::enumerate(adaptor.getCaptured(), access)) {
    Access how = cast<AccessAttr>(entry).getValue();
    RankedTensorType type = tensorOf(captured);
    if (how != Access::All && type.getRank() == 0)
      return emitOptionalError(where, "captured tensor ", index, " is a scalar: it has no row for `",
                               stringifyAccess(how), "`");
    if (!sameLogicalTypes(body.getArgument(index).getType(), rowType(type, how)))
      return emitOptionalError(where, "region argument ", index, " is ", body.getArgument(index).getType(),
                               ", expected ", rowType(type, how));
  }
  auto yield = body.front().empty() ? YieldOp() : dyn_cast<YieldOp>(body.front().back());
  if (!yield || yield.getValues().size() != 1 || !isa<RankedTensorType>(yield.getValues()[0].getType()))
    return emitOptionalError(where, "the region must yield one tensor");
  return tensorOf(yield.getValues()[0]);
}

static LogicalResult succeedWithRows(Types &types, int64_t count, RankedTensorType row) {
  Extents result{count};
  llvm::append_range(result, row.getShape());
  return succeedWith(types, result, row.getElementType());
}

LogicalResult AggregateOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  FailureOr<RankedTensorType> row = inferRow(where, adaptor);
  if (failed(row))
    return failure();
  int64_t ends = tensorOf(adaptor.getIndptr()).getDimSize(0);
  return succeedWithRows(types, ShapedType::isDynamic(ends) ? ends : ends - 1, *row);
}

LogicalResult SoftmaxByDstOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  FailureOr<RankedTensorType> row = inferRow(where, adaptor);
  if (failed(row))
    return failure();
  return succeedWithRows(types, tensorOf(adaptor.getIndices()).getDimSize(0), *row);
}

/// `prelu` finds its slope by a dimension a row does not have.
bool weft::mayStandAtEdge(Operation *op) {
  if (auto constant = dyn_cast<ConstantOp>(op))
    return isa<SplatElementsAttr>(constant.getValue());
  return isa<ReshapeOp, FlattenOp, TransposeOp, ExpandOp, DotOp, YieldOp>(op) || (op->hasTrait<PlaceByPlace>() && !isa<PreluOp>(op));
}

//===- Builders --------------------------------------------------------------------------------------------------===//

static ArrayAttr accessAttr(OpBuilder &builder, ArrayRef<Access> access) {
  return builder.getArrayAttr(llvm::map_to_vector(
      access, [&](Access entry) -> Attribute { return AccessAttr::get(builder.getContext(), entry); }));
}

/// A region with one block whose arguments are the rows, filled by `body`.
static std::unique_ptr<Region> buildBody(OpBuilder &builder, Location loc, ValueRange captured, ArrayRef<Access> access,
                                         EdgeBodyBuilder body) {
  auto region = std::make_unique<Region>();
  Block &block = region->emplaceBlock();
  for (auto [value, how] : llvm::zip_equal(captured, access))
    block.addArgument(rowType(tensorOf(value), how), loc);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&block);
  YieldOp::create(builder, loc, body(builder, loc, block.getArguments()));
  return region;
}

static RankedTensorType yieldedType(Region &body) {
  return tensorOf(cast<YieldOp>(body.front().back()).getValues().front());
}

static RankedTensorType rowsOf(int64_t count, RankedTensorType row) {
  SmallVector<Type> types;
  (void)succeedWithRows(types, count, row);
  return cast<RankedTensorType>(types.front());
}

void AggregateOp::build(OpBuilder &builder, OperationState &state, ReduceKind kind, Value indptr, Value indices,
                        ValueRange captured, ArrayRef<Access> access, std::unique_ptr<Region> body) {
  state.addOperands({indptr, indices});
  state.addOperands(captured);
  state.addAttribute(getKindAttrName(state.name), ReduceKindAttr::get(builder.getContext(), kind));
  state.addAttribute(getAccessAttrName(state.name), accessAttr(builder, access));
  int64_t ends = tensorOf(indptr).getDimSize(0);
  state.addTypes(rowsOf(ShapedType::isDynamic(ends) ? ends : ends - 1, yieldedType(*body)));
  state.addRegion(std::move(body));
}

void AggregateOp::build(OpBuilder &builder, OperationState &state, ReduceKind kind, Value indptr, Value indices,
                        ValueRange captured, ArrayRef<Access> access, EdgeBodyBuilder body) {
  build(builder, state, kind, indptr, indices, captured, access,
        buildBody(builder, state.location, captured, access, body));
}

void SoftmaxByDstOp::build(OpBuilder &builder, OperationState &state, Value indptr, Value indices, ValueRange captured,
                           ArrayRef<Access> access, std::unique_ptr<Region> body) {
  state.addOperands({indptr, indices});
  state.addOperands(captured);
  state.addAttribute(getAccessAttrName(state.name), accessAttr(builder, access));
  state.addTypes(rowsOf(tensorOf(indices).getDimSize(0), yieldedType(*body)));
  state.addRegion(std::move(body));
}

void SoftmaxByDstOp::build(OpBuilder &builder, OperationState &state, Value indptr, Value indices, ValueRange captured,
                           ArrayRef<Access> access, EdgeBodyBuilder body) {
  build(builder, state, indptr, indices, captured, access, buildBody(builder, state.location, captured, access, body));
}

//===- Without a region ------------------------------------------------------------------------------------------===//

LogicalResult ReadoutOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX()), part = tensorOf(adaptor.getPart());
  int64_t graphs = adaptor.getGraphs();
  if (x.getRank() < 1 || part.getRank() != 1 || !agree(x.getDimSize(0), part.getDimSize(0)))
    return emitOptionalError(where, "`part` ", spell(part), " does not give a part for each row of ", spell(x));
  if (graphs != -1 && graphs < 1)
    return emitOptionalError(where, "`graphs` cannot be ", graphs, "; the least is 1");
  if ((graphs == -1) != static_cast<bool>(adaptor.getSizeAttr()))
    return emitOptionalError(where, "`graphs` is -1 exactly when `size` names a run-time size");
  Extents result(x.getShape());
  result[0] = graphs == -1 ? ShapedType::kDynamic : graphs;
  return succeedWith(types, result, x.getElementType());
}

LogicalResult DotOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  SmallVector<Type> product;
  if (failed(inferBroadcast(where, "mul", adaptor.getX(), adaptor.getY(), product)))
    return failure();
  auto type = cast<RankedTensorType>(product.front());
  if (tensorOf(adaptor.getX()).getRank() < 1 || tensorOf(adaptor.getY()).getRank() < 1)
    return emitOptionalError(where, "a scalar has no last dimension to sum over");
  return succeedWith(types, type.getShape().drop_back(), type.getElementType());
}
