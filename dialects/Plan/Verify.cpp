// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What each operation of a plan promises, checked from what it states alone. Whether the stated lifetimes are those the
// steps need is the question of the pass `verify-plan`.
#include "dialects/Plan/Plan.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

#include <map>
#include <queue>

using namespace mlir;
using namespace weft::plan;

//===-- views and ports -------------------------------------------------------------------------------------------===//

static bool isNegative(const Extent &extent) { return extent.scale < 0 || extent.add < 0; }

LogicalResult ViewAttr::verify(function_ref<InFlightDiagnostic()> error, Extent offset, ArrayRef<Extent> extents,
                               ArrayRef<Extent> strides, Type element) {
  if (extents.size() != strides.size())
    return error() << "a view with " << extents.size() << " extents and " << strides.size() << " strides";
  if (!elementBytes(element))
    return error() << "a view of " << element << "; elements are integers or floats of 1, 8, 16, 32 or 64 bits";
  if (isNegative(offset) || llvm::any_of(extents, isNegative) || llvm::any_of(strides, isNegative))
    return error() << "a view with a negative offset, extent or stride";
  return success();
}

LogicalResult SizeOp::verify() {
  if (getBound() < 1)
    return emitOpError() << "`" << getName() << "` is bounded by " << getBound() << "; a bound is 1 or more";
  return success();
}

static LogicalResult verifyPort(Operation *op, StringRef name, ExtentsAttr dims, Type element) {
  if (!elementBytes(element))
    return op->emitOpError() << "`" << name << "` holds " << element << ", which no buffer may";
  if (llvm::any_of(dims.getValues(), isNegative))
    return op->emitOpError() << "`" << name << "` has a negative dimension";
  return success();
}

LogicalResult InputOp::verify() { return verifyPort(*this, getName(), getDims(), getElement()); }
LogicalResult OutputOp::verify() { return verifyPort(*this, getName(), getDims(), getElement()); }

LogicalResult GraphOp::verify() {
  if (getSizes().getValues().size() != 3)
    return emitOpError() << "has " << getSizes().getValues().size()
                         << " sizes; they are destinations, sources and edges";
  if (!getIndptr().getDefiningOp<InputOp>() || !getIndices().getDefiningOp<InputOp>())
    return emitOpError() << "`" << getName() << "` takes its row starts and columns from inputs";
  return success();
}

//===-- storage ---------------------------------------------------------------------------------------------------===//

static LogicalResult verifyOffset(Operation *op, int64_t offset) {
  if (offset < 0 || offset % alignmentBytes)
    return op->emitOpError() << "begins at byte " << offset << ", which is not a multiple of " << alignmentBytes;
  return success();
}

LogicalResult SlotOp::verify() {
  if (!getStorage().getDefiningOp<WeightsOp>())
    return emitOpError() << "is not part of packed weights";
  if (!elementBytes(cast<RankedTensorType>(getRecipe().getType()).getElementType()))
    return emitOpError() << "holds " << getRecipe().getType() << ", which no buffer may";
  return verifyOffset(*this, getOffset());
}

LogicalResult WeightsOp::verify() {
  if (int64_t(getBytes()) < 0)
    return emitOpError() << "has " << int64_t(getBytes()) << " bytes";
  SmallVector<SlotOp> slots;
  for (Operation *user : getStorage().getUsers())
    if (auto slot = dyn_cast<SlotOp>(user))
      slots.push_back(slot);
  llvm::sort(slots, [](SlotOp a, SlotOp b) { return a.getOffset() < b.getOffset(); });
  int64_t end = 0;
  for (SlotOp slot : slots) {
    if (int64_t(slot.getOffset()) < end)
      return slot.emitOpError() << "begins at byte " << slot.getOffset()
                                << ", inside the slot before it, which ends at " << end;
    end = slot.getOffset() + slot.getBytes();
  }
  if (end > int64_t(getBytes()))
    return emitOpError() << "has " << getBytes() << " bytes, but its last slot ends at " << end;
  return success();
}

LogicalResult SliceOp::verify() {
  size_t count = getEnds().size();
  if (!getArena().getDefiningOp<ArenaOp>())
    return emitOpError() << "is not part of an arena";
  if (count == 0 || getLives().size() != 2 * count)
    return emitOpError() << "has " << count << " ends and " << getLives().size() << " lifetime bounds";
  int64_t begin = 0;
  for (Piece piece : getPieces()) {
    if (piece.end <= begin)
      return emitOpError() << "has a piece from byte " << begin << " to " << piece.end;
    if (piece.to <= piece.from || piece.from < 0)
      return emitOpError() << "has the empty lifetime [" << piece.from << ", " << piece.to << ")";
    begin = piece.end;
  }
  if (begin != int64_t(getBytes()))
    return emitOpError() << "has " << getBytes() << " bytes, but its pieces end at " << begin;
  return verifyOffset(*this, getOffset());
}

namespace {
/// A piece with its place in the arena.
struct Placed {
  int64_t begin, end, from, to;
  SliceOp slice;
};
} // namespace

static InFlightDiagnostic overlapError(Placed later, Placed earlier) {
  InFlightDiagnostic diag = later.slice.emitOpError()
                            << "holds bytes [" << later.begin << ", " << later.end << ") during [" << later.from << ", "
                            << later.to << "), where another slice lies alive";
  diag.attachNote(earlier.slice.getLoc()) << "it holds bytes [" << earlier.begin << ", " << earlier.end << ") during ["
                                          << earlier.from << ", " << earlier.to << ")";
  return diag;
}

/// Sweeps over time with the pieces alive kept in the order of their bytes: a new piece can only meet its neighbours.
static LogicalResult verifyDisjoint(SmallVector<Placed> &pieces) {
  llvm::sort(pieces,
             [](const Placed &a, const Placed &b) { return std::tie(a.from, a.begin) < std::tie(b.from, b.begin); });
  std::map<int64_t, const Placed *> alive; // by first byte
  using Death = std::pair<int64_t, int64_t>;
  std::priority_queue<Death, std::vector<Death>, std::greater<>> deaths; // (time, first byte)
  for (const Placed &piece : pieces) {
    for (; !deaths.empty() && deaths.top().first <= piece.from; deaths.pop())
      alive.erase(deaths.top().second);
    auto above = alive.lower_bound(piece.begin);
    if (above != alive.end() && above->first < piece.end)
      return overlapError(piece, *above->second);
    if (above != alive.begin() && std::prev(above)->second->end > piece.begin)
      return overlapError(piece, *std::prev(above)->second);
    alive.emplace(piece.begin, &piece);
    deaths.emplace(piece.to, piece.begin);
  }
  return success();
}

static bool hasPieces(SliceOp slice) {
  return !slice.getEnds().empty() && slice.getLives().size() == 2 * slice.getEnds().size() &&
         llvm::all_of(slice.getPieces(),
                      [](SliceOp::Piece piece) { return piece.begin < piece.end && piece.from < piece.to; });
}

LogicalResult ArenaOp::verify() {
  if (int64_t(getBytes()) < 0)
    return emitOpError() << "has " << int64_t(getBytes()) << " bytes";
  if (getLowerBound() > getBytes())
    return emitOpError() << "has " << getBytes() << " bytes, less than its lower bound " << getLowerBound();
  if (int64_t(getThreads()) < 1)
    return emitOpError() << "is for " << int64_t(getThreads()) << " threads; at least one runs";
  SmallVector<Placed> pieces;
  for (Operation *user : getStorage().getUsers()) {
    auto slice = dyn_cast<SliceOp>(user);
    if (!slice || !hasPieces(slice))
      continue; // says so itself
    if (int64_t(slice.getOffset() + slice.getBytes()) > int64_t(getBytes()))
      return slice.emitOpError() << "ends at byte " << slice.getOffset() + slice.getBytes() << " of an arena of "
                                 << getBytes();
    for (SliceOp::Piece piece : slice.getPieces())
      pieces.push_back({int64_t(slice.getOffset()) + piece.begin, int64_t(slice.getOffset()) + piece.end, piece.from,
                        piece.to, slice});
  }
  return verifyDisjoint(pieces);
}

//===-- steps -----------------------------------------------------------------------------------------------------===//

/// The byte of the arena a view of a slice begins with, when that is a constant.
static std::optional<int64_t> arenaByte(Value buffer, ViewAttr view) {
  auto slice = buffer.getDefiningOp<SliceOp>();
  if (!slice || !view.getOffset().isConstant())
    return std::nullopt;
  return slice.getOffset() + view.getOffset().add * view.getElementBytes();
}

static LogicalResult verifyInPlace(LaunchOp launch, unsigned output) {
  int64_t input = launch.getInPlace(output);
  if (input < -1 || input >= int64_t(launch.getInputs().size()))
    return launch.emitOpError() << "works in place on input " << input << " of " << launch.getInputs().size();
  auto from = cast<ViewAttr>(launch.getInputViews()[input]);
  auto to = cast<ViewAttr>(launch.getOutputViews()[output]);
  auto fromByte = arenaByte(launch.getInputs()[input], from);
  if (!fromByte || fromByte != arenaByte(launch.getOutputs()[output], to) || from.getExtents() != to.getExtents() ||
      from.getStrides() != to.getStrides() || from.getElement() != to.getElement())
    return launch.emitOpError() << "works in place, but input " << input << " and output " << output
                                << " are different places";
  return success();
}

/// The slice holds the shares of all threads the arena is for, each a multiple of the alignment.
static LogicalResult verifyScratch(LaunchOp launch) {
  int64_t caller = launch.getCallerBytes(), worker = launch.getWorkerBytes();
  if (!launch.getScratch())
    return caller == 0 && worker == 0 ? success() : launch.emitOpError("needs scratch memory, but has no slice for it");
  auto slice = launch.getScratch().getDefiningOp<SliceOp>();
  auto arena = slice ? slice.getArena().getDefiningOp<ArenaOp>() : ArenaOp();
  if (!arena)
    return launch.emitOpError("works in something that is no slice of an arena");
  if (caller <= 0 || worker < 0 || worker > caller || caller % alignmentBytes || worker % alignmentBytes)
    return launch.emitOpError() << "works in " << caller << " bytes, a worker in " << worker
                                << "; both are multiples of " << alignmentBytes << ", the second at most the first";
  std::optional<int64_t> all = scratchBytes(caller, worker, arena.getThreads());
  if (!all || *all != int64_t(slice.getBytes()))
    return launch.emitOpError() << "works in " << caller << " bytes and " << worker << " for each further of "
                                << arena.getThreads() << " threads, but its slice has " << slice.getBytes();
  return success();
}

LogicalResult LaunchOp::verify() {
  if (getInputs().size() != getInputViews().size() || getOutputs().size() != getOutputViews().size())
    return emitOpError() << "has " << getInputs().size() << " + " << getOutputs().size() << " buffers and "
                         << getInputViews().size() << " + " << getOutputViews().size() << " views";
  if (failed(verifyScratch(*this)))
    return failure();
  auto inPlace = getInPlaceAttr();
  if (!inPlace)
    return success();
  if (size_t(inPlace.size()) != getOutputs().size())
    return emitOpError() << "has " << getOutputs().size() << " outputs and " << inPlace.size() << " `in_place` entries";
  for (unsigned output = 0; output < getOutputs().size(); ++output)
    if (getInPlace(output) != -1 && failed(verifyInPlace(*this, output)))
      return failure();
  return success();
}

/// Whether a view can stand where a kernel function has `type`.
static bool fits(ViewAttr view, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.getElementType() != view.getElement() || tensor.getRank() != int64_t(view.getExtents().size()))
    return false;
  return llvm::all_of(llvm::zip(tensor.getShape(), view.getExtents()), [](auto pair) {
    auto [dim, extent] = pair;
    return ShapedType::isDynamic(dim) || (extent.isConstant() && extent.add == dim);
  });
}

static LogicalResult verifyMayAlias(LaunchOp launch, FunctionOpInterface kernel) {
  auto allowed = kernel->getAttrOfType<DenseI64ArrayAttr>(mayAliasAttrName);
  for (unsigned output = 0; output < launch.getOutputs().size(); ++output) {
    int64_t input = launch.getInPlace(output);
    if (input != -1 && (!allowed || output >= size_t(allowed.size()) || allowed[output] != input))
      return launch.emitOpError() << "works in place on input " << input << ", which `" << kernel.getName()
                                  << "` does not allow";
  }
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto kernel = symbols.lookupNearestSymbolFrom<FunctionOpInterface>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError() << "runs `" << getKernel() << "`, which is no function here";
  SmallVector<Attribute> views(getInputViews().begin(), getInputViews().end());
  llvm::append_range(views, getOutputViews());
  if (views.size() != kernel.getNumArguments())
    return emitOpError() << "gives " << views.size() << " views to `" << getKernel() << "`, which takes "
                         << kernel.getNumArguments();
  for (auto [index, view, type] : llvm::enumerate(views, kernel.getArgumentTypes()))
    if (!fits(cast<ViewAttr>(view), type))
      return emitOpError() << "gives " << view << " to `" << getKernel() << "`, whose operand " << index << " is "
                           << type;
  return verifyMayAlias(*this, kernel);
}

LogicalResult BorderOp::verify() {
  size_t rank = getView().getExtents().size();
  if (size_t(getLow().size()) != rank || size_t(getHigh().size()) != rank)
    return emitOpError() << "has rank " << rank << ", but " << getLow().size() << " low and " << getHigh().size()
                         << " high widths";
  for (auto [low, high, extent] : llvm::zip(getLow(), getHigh(), getView().getExtents()))
    if (low < 0 || high < 0 || (extent.isConstant() && low + high > extent.add))
      return emitOpError() << "of " << low << " and " << high << " elements does not fit its box";
  if (!isa<FloatAttr, IntegerAttr>(getFill()))
    return emitOpError() << "fills with " << getFill() << ", which is no number";
  if (getFill().getType() != getView().getElement())
    return emitOpError() << "fills " << getView().getElement() << " with a value of " << getFill().getType();
  return success();
}

LogicalResult CopyOp::verify() {
  if (getSourceView().getExtents() != getTargetView().getExtents() ||
      getSourceView().getElement() != getTargetView().getElement())
    return emitOpError() << "copies between boxes of different shapes or element types";
  return success();
}

//===-- the program -----------------------------------------------------------------------------------------------===//

static std::optional<int64_t> denseBytes(ExtentsAttr dims, Type element, const Bounds &bounds) {
  int64_t bytes = elementBytes(element);
  for (const Extent &extent : dims.getValues()) {
    std::optional<int64_t> value = extent.evaluate(bounds);
    if (!value || llvm::MulOverflow(bytes, *value, bytes))
      return std::nullopt;
  }
  return bytes;
}

static std::optional<int64_t> bufferBytes(Value buffer, const Bounds &bounds) {
  Operation *op = buffer.getDefiningOp();
  if (auto slice = dyn_cast<SliceOp>(op))
    return slice.getBytes();
  if (auto slot = dyn_cast<SlotOp>(op))
    return slot.getBytes();
  if (auto input = dyn_cast<InputOp>(op))
    return denseBytes(input.getDims(), input.getElement(), bounds);
  auto output = cast<OutputOp>(op);
  return denseBytes(output.getDims(), output.getElement(), bounds);
}

static LogicalResult verifyWithin(Operation *step, Value buffer, ViewAttr view, const Bounds &bounds) {
  auto covered = view.coveredBytes(bounds);
  auto size = bufferBytes(buffer, bounds);
  if (!covered || !size)
    return step->emitOpError() << "has a view with a size that is not declared, or one too large";
  if (covered->second > *size)
    return step->emitOpError() << "reaches byte " << covered->second << " of a buffer of " << *size;
  return success();
}

static LogicalResult verifyViews(Operation *step, const Bounds &bounds) {
  auto within = [&](Value buffer, Attribute view) {
    return succeeded(verifyWithin(step, buffer, cast<ViewAttr>(view), bounds));
  };
  auto allWithin = [&](ValueRange buffers, ArrayAttr views) { return llvm::all_of_zip(buffers, views, within); };
  if (auto launch = dyn_cast<LaunchOp>(step))
    return success(allWithin(launch.getInputs(), launch.getInputViews()) &&
                   allWithin(launch.getOutputs(), launch.getOutputViews()));
  if (auto border = dyn_cast<BorderOp>(step))
    return success(within(border.getBuffer(), border.getView()));
  auto copy = cast<CopyOp>(step);
  return success(within(copy.getSource(), copy.getSourceView()) && within(copy.getTarget(), copy.getTargetView()));
}

template <typename Range> static LogicalResult verifyUnique(Range ops, StringRef what) {
  llvm::StringSet<> seen;
  for (auto op : ops)
    if (!seen.insert(op.getName()).second)
      return op.emitOpError() << "`" << op.getName() << "` is the second " << what << " of that name";
  return success();
}

static LogicalResult verifyStepsAreLast(ProgramOp program) {
  Operation *step = nullptr;
  for (Operation &op : program.getBody().getOps()) {
    if (isa<LaunchOp, BorderOp, CopyOp>(op))
      step = &op;
    else if (step)
      return op.emitOpError() << "stands after the first step of its program";
  }
  return success();
}

LogicalResult ProgramOp::verifyRegions() {
  if (failed(verifyUnique(getSizes(), "size")) || failed(verifyUnique(getInputs(), "input")) ||
      failed(verifyUnique(getOutputs(), "output")) || failed(verifyStepsAreLast(*this)))
    return failure();
  Bounds bounds = getBounds();
  for (Operation *step : getSteps())
    if (failed(verifyViews(step, bounds)))
      return failure();
  return success();
}
