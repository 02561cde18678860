// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The forward walk over a network function: every tensor to its place, every call, border and copy to a step.
#include "compiler/Transforms/Plan/Steps.h"

#include "compiler/Kernel/Check.h"
#include "compiler/Kernel/Scratch.h"
#include "compiler/Transforms/Plan/Wishes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

#include <map>

using namespace mlir;
using namespace weft::plan;

namespace {

class StepBuilder {
public:
  StepBuilder(func::FuncOp network, Values &values, const Bounds &bounds, int64_t threads)
      : network(network), values(values), bounds(bounds), threads(threads),
        wishes(network, values, bounds, result.buffers) {}

  FailureOr<Steps> run();

private:
  LogicalResult visit(Operation *op);
  LogicalResult visitCall(func::CallOp call);
  LogicalResult visitPad(tensor::PadOp pad);
  LogicalResult visitConcat(tensor::ConcatOp concat);
  LogicalResult visitInsert(tensor::InsertSliceOp insert);
  LogicalResult visitExtract(tensor::ExtractSliceOp extract);
  LogicalResult visitReshape(Operation *op, ArrayRef<ReassociationIndices> groups, bool collapses);
  LogicalResult visitReturn(Operation *op);
  LogicalResult addInput(BlockArgument argument);

  /// Where a tensor lies; weights get their slot here.
  FailureOr<Place> placeOf(Value value);
  FailureOr<PlannedView> viewOf(Value value);
  /// The same for operand `index` of a kernel, copied where the kernel cannot walk it.
  FailureOr<PlannedView> operandOf(func::CallOp call, func::FuncOp kernel, unsigned index);
  FailureOr<Place> slotOf(Value recipe);
  /// Copies `value` to `to` unless it is made there.
  LogicalResult bring(Operation *op, Value value, const Place &to, StringRef why);
  void copy(Operation *op, PlannedView from, PlannedView to, StringRef why);
  LogicalResult addScratch(func::CallOp call, func::FuncOp function, Step &step);

  func::FuncOp network;
  Values &values;
  const Bounds &bounds;
  int64_t threads;
  Steps result;
  /// By formula and extents: a batch in parts asks the same for each part.
  std::map<std::pair<const void *, std::vector<std::vector<int64_t>>>, std::optional<weft::kernel::ScratchBytes>> scratchOf;
  Wishes wishes;
  llvm::DenseMap<Value, Place> places;
};

/// What the walks rely on: each call is of a kernel, and its last operands are written.
LogicalResult checkCall(func::CallOp call) {
  func::FuncOp kernel = kernelOf(call);
  if (!kernel || !kernel->hasAttr("weft.kernel"))
    return call.emitError("calls `") << call.getCallee() << "`, which is no kernel";
  if (call.getNumOperands() < call.getNumResults())
    return call.emitError("calls `") << call.getCallee() << "` with too few operands; the last ones are written";
  if (!llvm::all_of(kernel.getArgumentTypes(), [](Type type) { return isa<RankedTensorType>(type); }))
    return call.emitError("calls `") << call.getCallee() << "`, which takes something else than ranked tensors";
  return success();
}

FailureOr<Steps> StepBuilder::run() {
  for (auto call : network.getBody().front().getOps<func::CallOp>())
    if (failed(checkCall(call)))
      return failure();
  for (BlockArgument argument : network.getArguments())
    if (failed(addInput(argument)))
      return failure();
  if (failed(wishes.run()))
    return failure();
  for (Operation &op : network.getBody().front())
    if (failed(visit(&op)))
      return failure();
  return std::move(result);
}

LogicalResult StepBuilder::visit(Operation *op) {
  if (auto call = dyn_cast<func::CallOp>(op))
    return visitCall(call);
  if (op->getNumResults() && values.isRecipe(op->getResult(0)))
    return success();
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return visitPad(pad);
  if (auto concat = dyn_cast<tensor::ConcatOp>(op))
    return visitConcat(concat);
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return visitInsert(insert);
  if (auto extract = dyn_cast<tensor::ExtractSliceOp>(op))
    return visitExtract(extract);
  if (auto reshape = dyn_cast<tensor::CollapseShapeOp>(op))
    return visitReshape(op, reshape.getReassociationIndices(), true);
  if (auto reshape = dyn_cast<tensor::ExpandShapeOp>(op))
    return visitReshape(op, reshape.getReassociationIndices(), false);
  if (auto cast = dyn_cast<tensor::CastOp>(op)) {
    if (isa_and_present<tensor::EmptyOp>(cast.getSource().getDefiningOp()))
      return success();
    FailureOr<Place> source = placeOf(cast.getSource());
    if (succeeded(source))
      places[cast] = *source;
    return source;
  }
  if (isa<func::ReturnOp>(op))
    return visitReturn(op);
  // Places to write to, and arithmetic on extents, which Values has followed.
  if (isa<tensor::EmptyOp, tensor::DimOp>(op) || op->getNumResults() == 0 ||
      !isa<TensorType>(op->getResult(0).getType()))
    return success();
  return op->emitError("`") << op->getName() << "` has no place beside the calls of kernels in phase plan";
}

//===-- places ----------------------------------------------------------------------------------------------------===//

LogicalResult StepBuilder::addInput(BlockArgument argument) {
  FailureOr<Place> place = wishes.ownBuffer(argument);
  if (failed(place))
    return failure();
  PlannedBuffer &buffer = result.buffers[place->buffer];
  buffer.kind = PlannedBuffer::Input;
  buffer.port = argument.getArgNumber();
  places[argument] = *place;
  return success();
}

FailureOr<Place> StepBuilder::slotOf(Value recipe) {
  while (auto cast = recipe.getDefiningOp<tensor::CastOp>())
    recipe = cast.getSource();
  if (auto known = places.find(recipe); known != places.end())
    return known->second;
  FailureOr<Place> place = wishes.ownBuffer(recipe);
  if (succeeded(place)) {
    result.buffers[place->buffer].kind = PlannedBuffer::Slot;
    places[recipe] = *place;
  }
  return place;
}

FailureOr<Place> StepBuilder::placeOf(Value value) {
  if (values.isRecipe(value))
    return slotOf(value);
  if (auto known = places.find(value); known != places.end())
    return known->second;
  return emitError(value.getLoc()) << "this tensor is read, but nothing has written it";
}

FailureOr<PlannedView> StepBuilder::viewOf(Value value) {
  FailureOr<Place> place = placeOf(value);
  FailureOr<Extents> extents = values.extents(value);
  if (failed(place) || failed(extents))
    return failure();
  return PlannedView{*place, *extents, cast<RankedTensorType>(value.getType()).getElementType()};
}

void StepBuilder::copy(Operation *op, PlannedView from, PlannedView to, StringRef why) {
  Step step(Step::Copy, op);
  step.reads.push_back(std::move(from));
  step.writes.push_back(std::move(to));
  step.why = why;
  result.steps.push_back(std::move(step));
}

LogicalResult StepBuilder::bring(Operation *op, Value value, const Place &to, StringRef why) {
  FailureOr<PlannedView> from = viewOf(value);
  if (failed(from))
    return failure();
  if (!sameElements(from->place, to, from->extents))
    copy(op, *from, {to, from->extents, from->element}, why);
  return success();
}

/// Gives dimensions with one element the stride the kernel was compiled for.
static void adoptStrides(PlannedView &view, func::FuncOp kernel, unsigned index) {
  for (auto [stride, extent, want] : llvm::zip_equal(view.place.strides, view.extents, wantedStrides(kernel, index)))
    if (want >= 0 && extent == Extent(1))
      stride = Extent(want);
}

FailureOr<PlannedView> StepBuilder::operandOf(func::CallOp call, func::FuncOp kernel, unsigned index) {
  FailureOr<PlannedView> view = viewOf(call.getOperand(index));
  if (failed(view))
    return failure();
  if (!fitsOperand(view->place, view->extents, kernel, index)) {
    FailureOr<Place> dense = wishes.ownBuffer(call.getOperand(index));
    if (failed(dense))
      return failure();
    PlannedView target{*dense, view->extents, view->element};
    copy(call, *view, target, "stride");
    view = target;
  }
  adoptStrides(*view, kernel, index);
  return view;
}

//===-- operations ------------------------------------------------------------------------------------------------===//

LogicalResult StepBuilder::visitCall(func::CallOp call) {
  func::FuncOp kernel = kernelOf(call);
  Step step(Step::Launch, call);
  unsigned inputs = call.getNumOperands() - call.getNumResults();
  for (unsigned index = 0; index < inputs; ++index) {
    FailureOr<PlannedView> view = operandOf(call, kernel, index);
    if (failed(view))
      return failure();
    step.reads.push_back(*view);
  }
  for (auto [operand, value] : llvm::zip_equal(call.getOperands().drop_front(inputs), call.getResults())) {
    while (auto cast = operand.getDefiningOp<tensor::CastOp>())
      operand = cast.getSource();
    if (!isa_and_present<tensor::EmptyOp>(operand.getDefiningOp()))
      return call.emitError("writes to a tensor that already has values; a plan wants `tensor.empty`");
    places[value] = wishes.placeOf(value);
    FailureOr<PlannedView> view = viewOf(value);
    if (failed(view))
      return failure();
    adoptStrides(*view, kernel, inputs + step.writes.size());
    step.writes.push_back(*view);
    step.inPlace.push_back(-1);
  }
  if (failed(addScratch(call, kernel, step)))
    return failure();
  result.steps.push_back(std::move(step));
  return success();
}

/// A slice like any other, needed during this step alone.
LogicalResult StepBuilder::addScratch(func::CallOp call, func::FuncOp function, Step &step) {
  auto formula = function->getAttrOfType<StringAttr>(scratchAttrName);
  if (!formula || call.getNumResults() == 0)
    return success();
  std::vector<std::vector<int64_t>> extents;
  for (ArrayRef<PlannedView> views : {ArrayRef<PlannedView>(step.reads), ArrayRef<PlannedView>(step.writes)})
    for (const PlannedView &view : views) {
      std::vector<int64_t> &all = extents.emplace_back();
      for (const Extent &extent : view.extents)
        all.push_back(extent.evaluate(bounds).value_or(0));
    }
  auto isIndexable = [](const std::vector<int64_t> &shape) {
    double elements = 1; // which may be more than 64 bits count
    for (int64_t extent : shape)
      elements *= extent;
    return elements <= weft::kernel::mostElements;
  };
  if (auto operand = llvm::find_if_not(extents, isIndexable); operand != extents.end())
    return call.emitError("operand ") << operand - extents.begin() << " of the kernel spans more than 2^31 - 64 elements";
  auto [known, isNew] = scratchOf.try_emplace({formula.getAsOpaquePointer(), extents});
  if (isNew)
    known->second = weft::kernel::evaluateScratch(formula.str(), extents);
  const std::optional<weft::kernel::ScratchBytes> &needed = known->second;
  std::optional<int64_t> bytes = needed ? scratchBytes(needed->caller, needed->worker, threads) : std::nullopt;
  if (!bytes)
    return call.emitError("compiler bug: the scratch memory of `") << call.getCallee() << "` cannot be bounded";
  if (*bytes == 0)
    return success();
  step.scratch = result.buffers.size();
  step.callerBytes = needed->caller;
  step.workerBytes = needed->worker;
  Type byte = IntegerType::get(call.getContext(), 8);
  result.buffers.push_back({PlannedBuffer::Slice, 0, call.getResult(0), byte, *bytes, true});
  return success();
}

LogicalResult StepBuilder::visitPad(tensor::PadOp pad) {
  Place whole = wishes.placeOf(pad);
  FailureOr<Place> interior = wishes.padInterior(pad, whole);
  if (failed(interior) || failed(bring(pad, pad.getSource(), *interior, "pad")))
    return failure();
  places[pad] = whole;
  TypedAttr fill;
  Value value = pad.getConstantPaddingValue();
  if (!value || !matchPattern(value, m_Constant(&fill)))
    return pad.emitError("a plan wants borders of one constant value");
  if (llvm::is_contained(pad.getStaticHigh(), ShapedType::kDynamic))
    return pad.emitError("a plan wants borders of constant width");
  auto isZero = [](int64_t width) { return width == 0; };
  if (llvm::all_of(pad.getStaticLow(), isZero) && llvm::all_of(pad.getStaticHigh(), isZero))
    return success();
  FailureOr<PlannedView> view = viewOf(pad);
  if (failed(view))
    return failure();
  Step step(Step::Border, pad);
  step.writes.push_back(*view);
  step.low = llvm::to_vector(pad.getStaticLow());
  step.high = llvm::to_vector(pad.getStaticHigh());
  step.fill = fill;
  result.steps.push_back(std::move(step));
  return success();
}

LogicalResult StepBuilder::visitConcat(tensor::ConcatOp concat) {
  Place whole = wishes.placeOf(concat);
  places[concat] = whole;
  for (auto [index, member] : llvm::enumerate(concat.getInputs())) {
    FailureOr<Place> place = wishes.concatMember(concat, index, whole);
    if (failed(place) || failed(bring(concat, member, *place, "concat")))
      return failure();
  }
  return success();
}

LogicalResult StepBuilder::visitInsert(tensor::InsertSliceOp insert) {
  Place whole = wishes.placeOf(insert);
  places[insert] = whole;
  bool nothingYet = isa_and_present<tensor::EmptyOp>(insert.getDest().getDefiningOp());
  if (!nothingYet && failed(bring(insert, insert.getDest(), whole, "insert_slice")))
    return failure();
  FailureOr<Place> part = wishes.insertedPart(insert, whole);
  return failed(part) ? failure() : bring(insert, insert.getSource(), *part, "insert_slice");
}

LogicalResult StepBuilder::visitExtract(tensor::ExtractSliceOp extract) {
  FailureOr<Place> whole = placeOf(extract.getSource());
  if (failed(whole))
    return failure();
  if (llvm::is_contained(extract.getStaticOffsets(), ShapedType::kDynamic) ||
      llvm::is_contained(extract.getStaticStrides(), ShapedType::kDynamic))
    return extract.emitError("a plan wants constant offsets and steps");
  Extents starts = llvm::map_to_vector(extract.getStaticOffsets(), [](int64_t start) { return Extent(start); });
  std::optional<Place> box = boxOf(*whole, starts, extract.getStaticStrides(), extract.getDroppedDims());
  if (!box)
    return extract.emitError("a plan cannot tell where this begins; its place would depend on two run-time sizes");
  places[extract] = *box;
  return success();
}

/// A view where the elements follow each other in memory, else a copy: to where the result is wanted, if anywhere.
LogicalResult StepBuilder::visitReshape(Operation *op, ArrayRef<ReassociationIndices> groups, bool collapses) {
  Value source = op->getOperand(0), value = op->getResult(0);
  FailureOr<PlannedView> from = viewOf(source);
  FailureOr<Extents> extents = values.extents(value);
  if (failed(from) || failed(extents))
    return failure();
  std::optional<Place> view =
      collapses ? collapse(from->place, from->extents, groups) : expand(from->place, *extents, groups);
  if (view) {
    places[value] = *view;
    return success();
  }
  auto asSource = [&](const Place &place) {
    return collapses ? expand(place, from->extents, groups) : collapse(place, *extents, groups);
  };
  FailureOr<Place> own = wishes.copyTarget(value);
  if (!own->isValid() || !asSource(*own))
    own = wishes.ownBuffer(value);
  if (failed(own))
    return failure();
  places[value] = *own;
  std::optional<Place> target = asSource(*own);
  if (!target)
    return op->emitError("a plan cannot reshape this; a stride would depend on two run-time sizes");
  copy(op, *from, {*target, from->extents, from->element}, "reshape");
  return success();
}

LogicalResult StepBuilder::visitReturn(Operation *op) {
  for (auto [index, value] : llvm::enumerate(op->getOperands())) {
    FailureOr<Place> place = wishes.outputPlace(index);
    if (failed(place) || failed(bring(op, value, *place, "output")))
      return failure();
  }
  return success();
}

} // namespace

FailureOr<Steps> weft::plan::planSteps(func::FuncOp network, Values &values, const Bounds &bounds, int64_t threads) {
  return StepBuilder(network, values, bounds, threads).run();
}
