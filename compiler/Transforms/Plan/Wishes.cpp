// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The backward walk over a network function that decides in which buffer every tensor is made.
#include "compiler/Transforms/Plan/Wishes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace weft::plan;

/// What lies so far apart meets in the same sets of the cache; what rows lie further apart so that they do not.
constexpr int64_t pageBytes = 4096, lineElements = 16;

Wishes::Wishes(func::FuncOp network, Values &values, const Bounds &bounds, std::vector<PlannedBuffer> &buffers)
    : network(network), values(values), bounds(bounds), buffers(buffers) {}

LogicalResult Wishes::run() {
  Block &body = network.getBody().front();
  outputs.resize(body.getTerminator()->getNumOperands());
  for (unsigned index = 0; index < outputs.size(); ++index)
    if (failed(outputPlace(index)))
      return failure();
  for (Operation &op : llvm::reverse(body))
    if (failed(visit(&op)))
      return failure();
  return success();
}

//===-- buffers ---------------------------------------------------------------------------------------------------===//

/// Widths that stand behind one row and before the next, and so on outwards, are there once: the low border of a row is
/// the high border of the row before it. So a border of one costs a column, not two. The strides make it so, and no
/// interior meets a border: with pitch `extent - min(low, high)` each lies before the other's first or behind its last
/// element, in every dimension and, by induction, in all of them.
static SmallVector<int64_t> sharedBorder(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> none(type.getRank(), 0);
  if (auto pad = value.getDefiningOp<tensor::PadOp>()) {
    bool isStatic = type.hasStaticShape() && !llvm::is_contained(pad.getStaticLow(), ShapedType::kDynamic) &&
                    !llvm::is_contained(pad.getStaticHigh(), ShapedType::kDynamic);
    if (!isStatic)
      return none;
    for (auto [width, low, high] : llvm::zip(none, pad.getStaticLow(), pad.getStaticHigh()))
      width = std::min(low, high);
    return none;
  }
  auto concat = value.getDefiningOp<tensor::ConcatOp>();
  if (!concat)
    return none;
  SmallVector<int64_t> widths = sharedBorder(concat.getInputs()[0]);
  for (Value member : concat.getInputs().drop_front())
    for (auto [width, other] : llvm::zip(widths, sharedBorder(member)))
      width = std::min(width, other);
  widths[concat.getDim()] = 0;
  return widths;
}

/// Whether all that reads `value` follows its strides. A reshape would have to copy.
static bool followsStrides(Value value) {
  return llvm::all_of(value.getUsers(), [](Operation *user) {
    if (isa<tensor::CastOp, tensor::ExtractSliceOp>(user))
      return followsStrides(user->getResult(0));
    return isa<func::CallOp, tensor::ConcatOp, tensor::PadOp>(user);
  });
}

/// Elements from the first to the last of all.
static std::optional<int64_t> coveredElements(const Extents &extents, const Extents &strides, const Bounds &bounds) {
  int64_t count = 1;
  for (auto [extent, stride] : llvm::zip(extents, strides)) {
    std::optional<int64_t> most = extent.evaluate(bounds), step = stride.evaluate(bounds);
    int64_t reach = 0;
    if (!most || !step || *most < 0)
      return std::nullopt;
    if (*most == 0)
      return 0;
    if (llvm::MulOverflow(*most - 1, *step, reach) || llvm::AddOverflow(count, reach, count))
      return std::nullopt;
  }
  return count;
}

FailureOr<Place> Wishes::newBuffer(Value value, PlannedBuffer::Kind kind, unsigned port, Type type,
                                   const Extents &extents, ArrayRef<int64_t> shared) {
  std::optional<Extents> strides = denseStrides(extents, shared);
  Type element = cast<RankedTensorType>(type).getElementType();
  int64_t bytes = elementBytes(element);
  if (!strides || !bytes)
    return emitError(value.getLoc()) << "a plan cannot hold " << type
                                     << "; a stride would depend on two run-time sizes, or elements are of an odd size";
  std::optional<int64_t> elements = coveredElements(extents, *strides, bounds);
  if (!elements || llvm::MulOverflow(bytes, *elements, bytes))
    return emitError(value.getLoc()) << "a plan cannot hold " << type
                                     << "; a run-time size has no bound, or the tensor is too large";
  buffers.push_back({kind, port, value, element, bytes, false});
  return Place{int(buffers.size()) - 1, Extent(0), *strides};
}

/// Whether a stride is a whole number of pages: what lies one stride apart would meet in the same sets of the cache.
static bool meetsInCache(const Extents &extents, ArrayRef<int64_t> shared, Type element) {
  std::optional<Extents> strides = denseStrides(extents, shared);
  return strides && llvm::any_of(llvm::zip(extents, *strides), [&](auto dim) {
           auto [extent, stride] = dim;
           return extent != Extent(1) && stride.isConstant() && stride.add * elementBytes(element) % pageBytes == 0;
         });
}

/// The operands of kernels that `value` is; none if anything else reads it.
static SmallVector<OpOperand *> kernelOperands(Value value) {
  SmallVector<OpOperand *> operands;
  for (OpOperand &use : value.getUses()) {
    auto cast = dyn_cast<tensor::CastOp>(use.getOwner());
    if (!cast && !isa<func::CallOp>(use.getOwner()))
      return {};
    SmallVector<OpOperand *> further = cast ? kernelOperands(cast.getResult()) : SmallVector<OpOperand *>{&use};
    if (further.empty())
      return {};
    operands.append(further);
  }
  return operands;
}

/// Whether a kernel adds up along the last dimension but one of an operand, and has a result for each element of the last.
static bool addsUpRows(OpOperand *operand) {
  func::FuncOp kernel = kernelOf(cast<func::CallOp>(operand->getOwner()));
  if (!kernel || kernel.isExternal())
    return false;
  Value argument = kernel.getArgument(operand->getOperandNumber());
  return llvm::any_of(argument.getUses(), [&](OpOperand &use) {
    auto op = dyn_cast<linalg::LinalgOp>(use.getOwner());
    if (!op || op.getNumReductionLoops() != 1)
      return false;
    AffineMap map = op.getMatchingIndexingMap(&use);
    auto isReduced = [&](unsigned result) {
      auto dim = dyn_cast<AffineDimExpr>(map.getResult(result));
      return dim && op.getIteratorTypesArray()[dim.getPosition()] == utils::IteratorType::reduction;
    };
    unsigned rank = map.getNumResults();
    return rank > 1 && isReduced(rank - 2) && !isReduced(rank - 1);
  });
}

/// Whether rows of a matrix, which a product adds up, lie whole pages apart though nothing wants them to: a strip of columns has a line of
/// each, and few of those stay in a cache together.
bool Wishes::rowsMeet(Value value, const Extents &extents) {
  constexpr int64_t fewRows = 16;
  auto type = cast<RankedTensorType>(value.getType());
  int64_t rank = type.getRank();
  bool isKnown = llvm::all_of(extents, [](const Extent &extent) { return extent.isConstant(); });
  if (!value.getDefiningOp<func::CallOp>() || rank < 2 || !isKnown || extents[rank - 2].add < fewRows ||
      extents[rank - 1].add * elementBytes(type.getElementType()) % pageBytes != 0)
    return false;
  SmallVector<OpOperand *> operands = kernelOperands(value);
  SmallVector<int64_t> apart(rank, 0);
  apart.back() = -lineElements;
  Place place{0, Extent(0), *denseStrides(extents, apart)};
  return llvm::any_of(operands, addsUpRows) && canWrite(value, place, extents) && llvm::all_of(operands, [&](OpOperand *operand) {
    func::FuncOp kernel = kernelOf(cast<func::CallOp>(operand->getOwner()));
    return kernel && fitsOperand(place, extents, kernel, operand->getOperandNumber());
  });
}

FailureOr<Place> Wishes::ownBuffer(Value value) {
  FailureOr<Extents> extents = values.extents(value);
  if (failed(extents))
    return failure();
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shared(type.getRank(), 0);
  if (followsStrides(value))
    shared = sharedBorder(value);
  if (rowsMeet(value, *extents))
    shared.back() = -lineElements;
  else if (meetsInCache(*extents, shared, type.getElementType())) // rows apart again, which moves planes too
    for (size_t d = shared.size(); d-- > 0;)
      if (std::exchange(shared[d], 0))
        break;
  return newBuffer(value, PlannedBuffer::Slice, 0, value.getType(), *extents, shared);
}

FailureOr<Place> Wishes::outputPlace(unsigned index) {
  if (outputs[index].isValid())
    return outputs[index];
  Value value = network.getBody().front().getTerminator()->getOperand(index);
  FailureOr<Extents> extents = values.extents(value);
  if (failed(extents))
    return failure();
  FailureOr<Place> place = newBuffer(value, PlannedBuffer::Output, index, value.getType(), *extents);
  if (succeeded(place))
    outputs[index] = *place;
  return place;
}

//===-- parts of a place ------------------------------------------------------------------------------------------===//

static FailureOr<Place> boxAt(Operation *op, const Place &whole, ArrayRef<Extent> starts, ArrayRef<int64_t> steps,
                              const llvm::SmallBitVector &dropped) {
  std::optional<Place> box = boxOf(whole, starts, steps, dropped);
  if (!box)
    return op->emitError("a plan cannot tell where this begins; its place would depend on two run-time sizes");
  return *box;
}

static Extents constants(ArrayRef<int64_t> values) {
  return llvm::map_to_vector(values, [](int64_t value) { return Extent(value); });
}

FailureOr<Place> Wishes::padInterior(tensor::PadOp pad, const Place &place) {
  if (!pad.hasZeroLowPad() && llvm::is_contained(pad.getStaticLow(), ShapedType::kDynamic))
    return pad.emitError("a plan wants borders of constant width");
  size_t rank = place.strides.size();
  return boxAt(pad, place, constants(pad.getStaticLow()), SmallVector<int64_t>(rank, 1), llvm::SmallBitVector(rank));
}

FailureOr<Place> Wishes::concatMember(tensor::ConcatOp concat, unsigned member, const Place &place) {
  size_t rank = place.strides.size();
  Extents starts(rank, Extent(0));
  for (Value before : concat.getInputs().take_front(member)) {
    FailureOr<Extents> extents = values.extents(before);
    std::optional<Extent> sum =
        succeeded(extents) ? add(starts[concat.getDim()], (*extents)[concat.getDim()]) : std::nullopt;
    if (!sum)
      return concat.emitError("a plan cannot tell where member ") << member << " begins";
    starts[concat.getDim()] = *sum;
  }
  return boxAt(concat, place, starts, SmallVector<int64_t>(rank, 1), llvm::SmallBitVector(rank));
}

FailureOr<Place> Wishes::insertedPart(tensor::InsertSliceOp insert, const Place &place) {
  if (llvm::is_contained(insert.getStaticOffsets(), ShapedType::kDynamic) ||
      llvm::is_contained(insert.getStaticStrides(), ShapedType::kDynamic))
    return insert.emitError("a plan wants constant offsets and steps");
  return boxAt(insert, place, constants(insert.getStaticOffsets()), insert.getStaticStrides(), insert.getDroppedDims());
}

//===-- the walk --------------------------------------------------------------------------------------------------===//

void Wishes::wish(Value value, Kind kind, FailureOr<Place> place) {
  if (succeeded(place) && !values.isRecipe(value))
    wishes[value].emplace_back(kind, *place);
}

/// Whether the maker of `value` can write it at `place`.
bool Wishes::canWrite(Value value, const Place &place, const Extents &extents) {
  auto call = value.getDefiningOp<func::CallOp>();
  if (!call)
    return true;
  func::FuncOp kernel = kernelOf(call);
  unsigned operand = call.getNumOperands() - call.getNumResults() + cast<OpResult>(value).getResultNumber();
  return !kernel || fitsOperand(place, extents, kernel, operand);
}

Place Wishes::copyTarget(Value value) const {
  auto wished = wishes.find(value);
  if (wished == wishes.end() || wished->second.empty())
    return {};
  return llvm::min_element(wished->second, [](auto &a, auto &b) { return a.first < b.first; })->second;
}

/// Grants the first wish a kernel can fulfil.
LogicalResult Wishes::decide(Value value) {
  FailureOr<Extents> extents = values.extents(value);
  if (failed(extents))
    return failure();
  for (int kind = 0; kind < Count; ++kind)
    for (auto &[wished, place] : wishes[value])
      if (wished == kind && canWrite(value, place, *extents)) {
        decided[value] = place;
        return success();
      }
  FailureOr<Place> own = ownBuffer(value);
  if (succeeded(own))
    decided[value] = *own;
  return own;
}

/// What is wished of a view is wished of its source.
LogicalResult Wishes::passOn(Operation *view) {
  Value source = view->getOperand(0), result = view->getResult(0);
  FailureOr<Extents> from = values.extents(source), to = values.extents(result);
  if (failed(from) || failed(to))
    return failure();
  for (auto [kind, place] : SmallVector<std::pair<Kind, Place>, 2>(wishes[result])) {
    std::optional<Place> at = place;
    if (auto op = dyn_cast<tensor::CollapseShapeOp>(view))
      at = expand(place, *from, op.getReassociationIndices());
    else if (auto op = dyn_cast<tensor::ExpandShapeOp>(view))
      at = collapse(place, *to, op.getReassociationIndices());
    if (at)
      wish(source, kind, *at);
  }
  return success();
}

bool weft::plan::beganEmpty(Value dest) {
  while (auto insert = dest.getDefiningOp<tensor::InsertSliceOp>()) {
    if (!insert->hasOneUse())
      return false;
    dest = insert.getDest();
  }
  return isa_and_present<tensor::EmptyOp>(dest.getDefiningOp());
}

/// Whether two insertions write no common element; both have constant offsets, sizes and steps.
static bool disjoint(tensor::InsertSliceOp a, tensor::InsertSliceOp b) {
  for (size_t d = 0; d < a.getStaticOffsets().size(); ++d) {
    int64_t aBegin = a.getStaticOffsets()[d], bBegin = b.getStaticOffsets()[d];
    int64_t aEnd = aBegin + (a.getStaticSizes()[d] - 1) * a.getStaticStrides()[d];
    int64_t bEnd = bBegin + (b.getStaticSizes()[d] - 1) * b.getStaticStrides()[d];
    if (aEnd < bBegin || bEnd < aBegin)
      return true;
  }
  return false;
}

static bool isConstant(tensor::InsertSliceOp insert) {
  return !llvm::is_contained(insert.getStaticOffsets(), ShapedType::kDynamic) &&
         !llvm::is_contained(insert.getStaticSizes(), ShapedType::kDynamic) &&
         !llvm::is_contained(insert.getStaticStrides(), ShapedType::kDynamic);
}

/// An inserted tensor may be made in place only if nothing else is ever written there: producers run in any order.
static bool writesAlone(tensor::InsertSliceOp insert) {
  if (!isConstant(insert) || !beganEmpty(insert.getDest()))
    return false;
  auto meets = [&](tensor::InsertSliceOp other) { return !isConstant(other) || !disjoint(insert, other); };
  for (auto other = insert.getDest().getDefiningOp<tensor::InsertSliceOp>(); other;
       other = other.getDest().getDefiningOp<tensor::InsertSliceOp>())
    if (meets(other))
      return false;
  for (Operation *op = insert; op->hasOneUse();) {
    auto later = dyn_cast<tensor::InsertSliceOp>(*op->user_begin());
    if (!later || later.getDest() != op->getResult(0))
      break;
    if (meets(later))
      return false;
    op = later;
  }
  return true;
}

LogicalResult Wishes::visitInsert(tensor::InsertSliceOp insert) {
  Value result = insert.getResult();
  if (failed(decide(result)))
    return failure();
  FailureOr<Place> part = insertedPart(insert, decided[result]);
  if (failed(part))
    return failure();
  if (writesAlone(insert))
    wish(insert.getSource(), Join, *part);
  if (insert.getDest().hasOneUse())
    wish(insert.getDest(), Join, decided[result]);
  return success();
}

LogicalResult Wishes::visit(Operation *op) {
  if (op->getNumResults() && values.isRecipe(op->getResult(0)))
    return success();
  if (isa<func::ReturnOp>(op)) {
    for (auto [index, value] : llvm::enumerate(op->getOperands()))
      wish(value, Output, outputs[index]);
    return success();
  }
  if (isa<tensor::CastOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
    return passOn(op);
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return visitInsert(insert);
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    if (failed(decide(pad)))
      return failure();
    FailureOr<Place> interior = padInterior(pad, decided[pad.getResult()]);
    wish(pad.getSource(), Pad, interior);
    return interior;
  }
  if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    if (failed(decide(concat)))
      return failure();
    for (unsigned member = 0; member < concat.getInputs().size(); ++member) {
      FailureOr<Place> place = concatMember(concat, member, decided[concat.getResult()]);
      if (failed(place))
        return failure();
      wish(concat.getInputs()[member], Join, *place);
    }
    return success();
  }
  if (isa<func::CallOp>(op))
    for (Value result : op->getResults())
      if (failed(decide(result)))
        return failure();
  return success();
}
