// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations on graphs. A region over one edge becomes scalar code in one `weft.segment_reduce` (see EdgeCode.h). What
// depends on the source or the destination alone and sums over features (`dot`) is computed once a vertex, in a stage
// before.

#include "compiler/Conversion/WeftToLinalg/EdgeCode.h"
#include "compiler/Conversion/WeftToLinalg/Scalars.h"

using namespace mlir;

namespace weft {
namespace {

using Builder = ImplicitLocOpBuilder;
using Index = EdgeCode::Index;

TypedAttr floatOf(RankedTensorType type, double value) { return FloatAttr::get(type.getElementType(), value); }

/// What an edge reads of a captured tensor, or of a stage computed ahead.
struct Captured {
  Value stored;
  Access access;
};

/// One operation on edges on its way into stages.
class EdgeLowering {
public:
  template <typename Op>
  EdgeLowering(Op op, KernelBuilder &kernel)
      : op(op), kernel(kernel), yielded(op.getYield().getValues()[0]), indptr(kernel.read(op.getIndptr(), "indptr")),
        indices(kernel.read(op.getIndices(), "indices")) {
    for (auto [i, value, argument] : llvm::enumerate(op.getCaptured(), op.getBody().getArguments()))
      captured[argument] = {kernel.read(value), op.getAccessOf(i)};
  }

  /// Computes sums over features once a vertex where they depend on one end of the edge only.
  LogicalResult computeAhead() {
    WalkResult result = op->walk([&](DotOp dot) -> WalkResult {
      std::optional<Access> end = endOfOperands(dot);
      return !end || *end == Access::All ? WalkResult::advance() : WalkResult(dotAhead(dot, *end));
    });
    return failure(result.wasInterrupted());
  }

  /// Gathers what the region yields over the edges of each row, `combine(element, accumulator)`.
  FailureOr<Value> reduce(StringRef name, RankedTensorType type, double init, ArrayRef<Source> extra,
                          llvm::function_ref<Value(Builder &, Value, ValueRange, Value)> combine) {
    unsigned rank = type.getRank();
    Index at;
    for (unsigned d = 1; d < rank; ++d)
      at.push_back(kernel.dim(d));
    if (failed(code.collect(yielded, at)))
      return failure();
    SmallVector<Value> operands;
    SmallVector<AffineMap> maps;
    for (const EdgeCode::Load &load : code.getLoads()) {
      operands.push_back(captured.lookup(load.row).stored);
      maps.push_back(mapOf(load, rank));
    }
    for (const Source &source : extra) {
      operands.push_back(source.value);
      maps.push_back(source.map);
    }
    return kernel.segment(name, indptr, indices, operands, maps, type, floatOf(type, init),
                          [&](Builder &b, ValueRange v) {
                            unsigned loads = code.getLoads().size();
                            Value element = code.emit(b, yielded, at, v.take_front(loads));
                            return combine(b, element, v.drop_front(loads).drop_back(1), v.back());
                          });
  }

  /// The element of the region at a point of a stage over edges: loop 0 is the edge, `row` its destination.
  Value elementAt(Builder &b, unsigned rank, Value row) {
    Value edge = linalg::IndexOp::create(b, 0);
    Index at;
    for (unsigned d = 1; d < rank; ++d)
      at.push_back(kernel.dim(d));
    SmallVector<Value> elements;
    for (const EdgeCode::Load &load : code.getLoads()) {
      const Captured &from = captured[load.row];
      SmallVector<Value> position;
      if (from.access == Access::Edge)
        position.push_back(edge);
      if (from.access == Access::Dst)
        position.push_back(row);
      if (from.access == Access::Src)
        position.push_back(asIndex(b, tensor::ExtractOp::create(b, indices, edge)));
      for (AffineExpr expr : load.at)
        position.push_back(expand(b, expr));
      elements.push_back(tensor::ExtractOp::create(b, from.stored, position));
    }
    return code.emit(b, yielded, at, elements);
  }

  /// A stage that gives each edge its destination: the last row that begins at or before it, by bisection. `bits` are
  /// those of the largest row number.
  Value destinations(int64_t edges, unsigned bits) {
    auto integers = [&](ArrayRef<int64_t> shape) {
      return RankedTensorType::get(shape, typeOf(indptr).getElementType());
    };
    TypedAttr zero = IntegerAttr::get(typeOf(indptr).getElementType(), 0);
    AffineMap end = AffineMap::get(2, 0, {kernel.dim(1)}, op->getContext());
    Value rows = kernel.reduce(
        "rows", {{"one", "r"}, 1, {-1}}, {{indptr, end}}, integers({1}), zero, [](Builder &b, ValueRange v) -> Value {
          Value last = arith::IndexCastOp::create(b, v[1].getType(), linalg::IndexOp::create(b, 1));
          return maxOf(b, v[1], last);
        });
    SmallVector<int32_t> steps;
    for (unsigned bit = bits; bit-- > 0;)
      steps.push_back(1 << bit);
    auto stepType = RankedTensorType::get({int64_t(bits)}, IntegerType::get(op->getContext(), 32));
    Value table = kernel.table(DenseElementsAttr::get(stepType, ArrayRef(steps)), "steps");
    AffineMap edge = AffineMap::get(2, 0, {kernel.dim(0)}, op->getContext());
    return kernel.reduce("row", {{"e", "kb"}, 1, {-1}}, {{indices, edge}, {table, end}}, integers({edges}), zero,
                         [&](Builder &b, ValueRange v) -> Value {
                           Value there = addOf(b, v[2], convertTo(b, v[1], v[2].getType()));
                           Value all = tensor::ExtractOp::create(b, rows, Value(arith::ConstantIndexOp::create(b, 0)));
                           Value begin = tensor::ExtractOp::create(b, indptr, asIndex(b, minOf(b, there, all)));
                           Value here = arith::IndexCastOp::create(b, begin.getType(), linalg::IndexOp::create(b, 0));
                           Value before = arith::CmpIOp::create(b, arith::CmpIPredicate::sle, begin, here);
                           return arith::SelectOp::create(b, before, there, v[2]);
                         });
  }

  static Value asIndex(Builder &b, Value number) { return arith::IndexCastOp::create(b, b.getIndexType(), number); }

  /// How many edges row `loop` of a stage has.
  Value degree(Builder &b) {
    Value row = linalg::IndexOp::create(b, 0);
    Value next = arith::AddIOp::create(b, row, arith::ConstantIndexOp::create(b, 1));
    Value begin = tensor::ExtractOp::create(b, indptr, row), end = tensor::ExtractOp::create(b, indptr, next);
    return arith::SubIOp::create(b, end, begin);
  }

private:
  static Value convertTo(Builder &b, Value number, Type type) {
    return number.getType() == type ? number : Value(arith::ExtSIOp::create(b, type, number));
  }

  /// Index arithmetic of a load, inside a stage.
  static Value expand(Builder &b, AffineExpr expr) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      return linalg::IndexOp::create(b, dim.getPosition());
    if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      return arith::ConstantIndexOp::create(b, constant.getValue());
    auto binary = cast<AffineBinaryOpExpr>(expr);
    Value left = expand(b, binary.getLHS()), right = expand(b, binary.getRHS());
    if (binary.getKind() == AffineExprKind::Add)
      return arith::AddIOp::create(b, left, right);
    if (binary.getKind() == AffineExprKind::Mul)
      return arith::MulIOp::create(b, left, right);
    if (binary.getKind() == AffineExprKind::FloorDiv)
      return arith::DivUIOp::create(b, left, right);
    return arith::RemUIOp::create(b, left, right);
  }

  /// The one end of the edge a value depends on; nothing where there are two.
  std::optional<Access> endOf(Value value) {
    if (isa<BlockArgument>(value))
      return captured.lookup(value).access;
    return endOfOperands(value.getDefiningOp());
  }
  std::optional<Access> endOfOperands(Operation *inner) {
    Access end = Access::All;
    for (Value operand : inner->getOperands()) {
      std::optional<Access> other = endOf(operand);
      if (!other || (end != Access::All && *other != Access::All && *other != end))
        return std::nullopt;
      if (*other != Access::All)
        end = *other;
    }
    return end;
  }

  LogicalResult dotAhead(DotOp dot, Access end) {
    RankedTensorType row = typeOf(dot.getZ());
    SmallVector<int64_t> shape = {rowsOf(end)};
    llvm::append_range(shape, row.getShape());
    auto type = RankedTensorType::get(shape, row.getElementType());
    StageLoops loops = loopsOver(Layout(type));
    loops.names.push_back("k");
    loops.reductionExtents = {-1};
    Index at;
    for (unsigned d = 1; d <= row.getRank() + 1; ++d)
      at.push_back(kernel.dim(d));
    EdgeCode inner;
    RankedTensorType products = productType(dot);
    for (Value operand : dot->getOperands())
      if (failed(inner.collect(operand, broadcastIndex(typeOf(operand), products, at))))
        return failure();
    SmallVector<Source> sources;
    for (const EdgeCode::Load &load : inner.getLoads()) {
      Captured from = captured.lookup(load.row);
      Index index = load.at;
      if (from.access != Access::All)
        index.insert(index.begin(), kernel.dim(0));
      sources.push_back({from.stored, AffineMap::get(loops.names.size(), 0, index, op->getContext())});
    }
    Value stage = kernel.reduce("dot", loops, sources, type, floatOf(type, 0), [&](Builder &b, ValueRange v) {
      Value x = inner.emit(b, dot.getX(), broadcastIndex(typeOf(dot.getX()), products, at), v.drop_back(1));
      Value y = inner.emit(b, dot.getY(), broadcastIndex(typeOf(dot.getY()), products, at), v.drop_back(1));
      return addOf(b, v.back(), mulOf(b, x, y));
    });
    captured[dot.getZ()] = {stage, end};
    code.markAhead(dot.getZ());
    return success();
  }

  /// The extent of dimension 0 of a captured tensor read at this end.
  int64_t rowsOf(Access end) {
    int64_t rows = ShapedType::kDynamic;
    for (auto &[row, from] : captured)
      if (from.access == end && isa<BlockArgument>(row))
        rows = typeOf(from.stored).getDimSize(0);
    return rows;
  }

  AffineMap mapOf(const EdgeCode::Load &load, unsigned rank) {
    Index index = load.at;
    MLIRContext *context = op->getContext();
    switch (captured.lookup(load.row).access) {
    case Access::Src:
      index.insert(index.begin(), getAffineSymbolExpr(0, context));
      break;
    case Access::Dst:
      index.insert(index.begin(), kernel.dim(0));
      break;
    case Access::Edge:
      index.insert(index.begin(), kernel.dim(rank));
      break;
    case Access::All:
      break;
    }
    return AffineMap::get(rank + 1, 1, index, context);
  }

  Operation *op;
  KernelBuilder &kernel;
  Value yielded, indptr, indices;
  llvm::DenseMap<Value, Captured> captured;
  EdgeCode code;
};

//===-- aggregate
//-----------------------------------------------------------------------------------------------------===//

constexpr double infinity = std::numeric_limits<double>::infinity();

double initOf(ReduceKind kind) {
  return kind == ReduceKind::Max ? -infinity : kind == ReduceKind::Min ? infinity : 0.0;
}
Value combineOf(Builder &b, ReduceKind kind, Value element, Value accumulator) {
  if (kind == ReduceKind::Max)
    return maxOf(b, accumulator, element);
  if (kind == ReduceKind::Min)
    return minOf(b, accumulator, element);
  return addOf(b, accumulator, element);
}

/// A row with nothing in it is 0; a mean is divided by how many there were.
Value finishRow(Builder &b, ReduceKind kind, Value gathered, Value count) {
  Value zero = constantLike(b, count, 0);
  if (kind == ReduceKind::Mean) {
    Value one = constantLike(b, count, 1);
    Value divisor = arith::SIToFPOp::create(b, gathered.getType(), arith::MaxSIOp::create(b, count, one));
    return arith::DivFOp::create(b, gathered, divisor);
  }
  Value some = arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, count, zero);
  return arith::SelectOp::create(b, some, gathered, constantLike(b, gathered, 0));
}

LogicalResult lowerAggregate(AggregateOp op, KernelBuilder &kernel) {
  Layout y(typeOf(op.getY()));
  kernel.setHead(("aggregate_" + stringifyReduceKind(op.getKind())).str());
  EdgeLowering edges(op, kernel);
  if (failed(edges.computeAhead()))
    return failure();
  ReduceKind kind = op.getKind();
  FailureOr<Value> gathered = edges.reduce("aggregate", y.type, initOf(kind), {},
                                           [&](Builder &b, Value element, ValueRange, Value accumulator) {
                                             return combineOf(b, kind, element, accumulator);
                                           });
  if (failed(gathered))
    return failure();
  Value result = *gathered;
  if (kind != ReduceKind::Sum)
    result = kernel.map("rows", loopsOver(y), {{result, kernel.builder.getMultiDimIdentityMap(y.rank)}}, y.stored(),
                        [&](Builder &b, ValueRange v) { return finishRow(b, kind, v[0], edges.degree(b)); });
  kernel.define(op.getY(), result);
  return success();
}

//===-- softmax over edges
//------------------------------------------------------------------------------------------===//

/// Bits of the largest row number: from the bounds of the run-time sizes where there are some.
unsigned rowBits(SoftmaxByDstOp op) {
  int64_t rows = typeOf(op.getIndptr()).getDimSize(0);
  auto bounds = op->getParentOfType<ModuleOp>()->getAttrOfType<DictionaryAttr>("weft.bounds");
  if (ShapedType::isDynamic(rows) && bounds)
    for (NamedAttribute bound : bounds)
      if (auto value = dyn_cast<IntegerAttr>(bound.getValue()))
        rows = std::max(rows, value.getInt());
  return ShapedType::isDynamic(rows) ? 31 : std::max(1u, llvm::Log2_64_Ceil(rows + 1));
}

/// Largest value and sum of exponentials a vertex, then the quotient an edge.
LogicalResult lowerSoftmaxByDst(SoftmaxByDstOp op, KernelBuilder &kernel) {
  Layout y(typeOf(op.getY()));
  kernel.setHead("softmax_by_dst");
  EdgeLowering edges(op, kernel);
  if (failed(edges.computeAhead()))
    return failure();
  SmallVector<int64_t> shape(y.type.getShape());
  int64_t rowEnds = typeOf(op.getIndptr()).getDimSize(0);
  shape[0] = ShapedType::isDynamic(rowEnds) ? rowEnds : rowEnds - 1;
  auto perRow = RankedTensorType::get(shape, y.type.getElementType());
  FailureOr<Value> max =
      edges.reduce("max", perRow, -infinity, {},
                   [](Builder &b, Value element, ValueRange, Value most) { return maxOf(b, most, element); });
  if (failed(max))
    return failure();
  AffineMap own = AffineMap::getMultiDimIdentityMap(y.rank + 1, op.getContext()).getMajorSubMap(y.rank);
  own = AffineMap::get(y.rank + 1, 1, own.getResults(), op.getContext());
  FailureOr<Value> sum =
      edges.reduce("sum", perRow, 0, {{*max, own}}, [](Builder &b, Value element, ValueRange v, Value sum) {
        return addOf(b, sum, math::ExpOp::create(b, arith::SubFOp::create(b, element, v[0])));
      });
  if (failed(sum))
    return failure();
  Value row = edges.destinations(y.type.getDimSize(0), rowBits(op));
  StageLoops loops = loopsOver(y);
  loops.names[0] = "e";
  AffineMap edge = AffineMap::get(y.rank, 0, {kernel.dim(0)}, op.getContext());
  kernel.define(op.getY(),
                kernel.map("softmax", loops, {{row, edge}}, y.stored(), [&](Builder &b, ValueRange v) -> Value {
                  Value vertex = EdgeLowering::asIndex(b, v[0]);
                  SmallVector<Value> at = {vertex};
                  for (unsigned d = 1; d < y.rank; ++d)
                    at.push_back(linalg::IndexOp::create(b, d));
                  Value most = tensor::ExtractOp::create(b, *max, at), all = tensor::ExtractOp::create(b, *sum, at);
                  Value shifted = arith::SubFOp::create(b, edges.elementAt(b, y.rank, vertex), most);
                  return arith::DivFOp::create(b, math::ExpOp::create(b, shifted), all);
                }));
  return success();
}

//===-- readout
//-------------------------------------------------------------------------------------------------------===//

/// Every part looks at all vertices: parts are few, and the order of each sum is that of the vertices.
LogicalResult lowerReadout(ReadoutOp op, KernelBuilder &kernel) {
  Layout x(typeOf(op.getX())), y(typeOf(op.getY()));
  kernel.setHead(("readout_" + stringifyReduceKind(op.getKind())).str());
  ReduceKind kind = op.getKind();
  Value part = kernel.read(op.getPart(), "part");
  StageLoops loops = loopsOver(y);
  loops.names.push_back("r");
  loops.reductionExtents = {-1};
  unsigned total = loops.names.size(), vertex = total - 1;
  SmallVector<AffineExpr> at = {kernel.dim(vertex)};
  for (unsigned d = 1; d < x.rank; ++d)
    at.push_back(kernel.dim(d));
  AffineMap partAt = AffineMap::get(total, 0, {kernel.dim(vertex)}, op.getContext());
  auto belongs = [](Builder &b, Value number) -> Value {
    Value group = arith::IndexCastOp::create(b, number.getType(), linalg::IndexOp::create(b, 0));
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, number, group);
  };
  Value gathered = kernel.reduce(
      "readout", loops, {{kernel.read(op.getX(), "x"), AffineMap::get(total, 0, at, op.getContext())}, {part, partAt}},
      y.stored(), floatOf(y.type, initOf(kind)), [&](Builder &b, ValueRange v) -> Value {
        return arith::SelectOp::create(b, belongs(b, v[1]), combineOf(b, kind, v[0], v[2]), v[2]);
      });
  if (kind == ReduceKind::Sum) {
    kernel.define(op.getY(), gathered);
    return success();
  }
  auto counts = RankedTensorType::get({y.type.getDimSize(0)}, IntegerType::get(op.getContext(), 32));
  StageLoops countLoops{{"n", "r"}, 1, {-1}};
  Value count =
      kernel.reduce("count", countLoops, {{part, AffineMap::get(2, 0, {kernel.dim(1)}, op.getContext())}}, counts,
                    IntegerAttr::get(counts.getElementType(), 0), [&](Builder &b, ValueRange v) -> Value {
                      Value more = addOf(b, v[1], constantLike(b, v[1], 1));
                      return arith::SelectOp::create(b, belongs(b, v[0]), more, v[1]);
                    });
  AffineMap rowOnly = AffineMap::get(y.rank, 0, {kernel.dim(0)}, op.getContext());
  kernel.define(op.getY(),
                kernel.map("rows", loopsOver(y),
                           {{gathered, kernel.builder.getMultiDimIdentityMap(y.rank)}, {count, rowOnly}}, y.stored(),
                           [&](Builder &b, ValueRange v) { return finishRow(b, kind, v[0], v[1]); }));
  return success();
}

//===-- dot
//-----------------------------------------------------------------------------------------------------------===//

LogicalResult lowerDot(DotOp op, KernelBuilder &kernel) {
  Layout x(typeOf(op.getX())), y(typeOf(op.getY())), z(typeOf(op.getZ()));
  if (x.isBlocked() || y.isBlocked() || z.isBlocked())
    return op.emitError("no kernel for blocked operands");
  kernel.setHead("dot");
  StageLoops loops = loopsOver(z);
  loops.names.push_back("k");
  loops.reductionExtents = {-1};
  unsigned total = loops.names.size();
  Index all;
  for (unsigned d = 0; d < total; ++d)
    all.push_back(kernel.dim(d));
  auto source = [&](Value value, StringRef name) -> Source {
    return {kernel.read(value, name),
            AffineMap::get(total, 0, broadcastIndex(typeOf(value), productType(op), all), op.getContext())};
  };
  kernel.define(op.getZ(), kernel.reduce("dot", loops, {source(op.getX(), "a"), source(op.getY(), "b")}, z.stored(),
                                         floatOf(z.type, 0), [](Builder &b, ValueRange v) {
                                           return addOf(b, v[2], mulOf(b, v[0], v[1]));
                                         }));
  return success();
}

} // namespace

void addGraph(LoweringTable &table) {
  table.add<AggregateOp>(lowerAggregate);
  table.add<SoftmaxByDstOp>(lowerSoftmaxByDst);
  table.add<ReadoutOp>(lowerReadout);
  table.add<DotOp>(lowerDot);
}

} // namespace weft
