// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase plan: the network function becomes a `plan.program`. The thinking is in Transforms/Plan: Wishes (which tensors
// share a buffer), Steps (what runs), OrderSteps (in which order), Lifetimes (when bytes are needed), Arena (offsets).
// This file writes it down.

#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Plan/Arena.h"
#include "compiler/Transforms/Plan/Limit.h"
#include "compiler/Transforms/Plan/NestConcats.h"
#include "compiler/Transforms/Plan/OrderSteps.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "llvm/Support/MathExtras.h"

namespace weft {
#define GEN_PASS_DEF_BUILDPLAN
#include "compiler/Transforms/Passes.h.inc"
} // namespace weft

using namespace mlir;
using namespace weft::plan;

namespace weft {
namespace {

/// Writes one network down.
class PlanWriter {
public:
  PlanWriter(func::FuncOp network, const Steps &steps, ArrayRef<SliceLife> slices, const Arena &arena, int64_t threads)
      : network(network), steps(steps), slices(slices), arena(arena), threads(threads), builder(network) {}

  ProgramOp write(const llvm::SmallVectorImpl<std::pair<StringAttr, int64_t>> &sizes, Values &values);

private:
  void writeSizes(const llvm::SmallVectorImpl<std::pair<StringAttr, int64_t>> &sizes);
  void writeInputs();
  void writeOutputs();
  void writeGraphs();
  void writeWeights(Values &values);
  void writeArena();
  void writeStep(const Step &step);
  ViewAttr viewAttr(const PlannedView &view);
  ArrayAttr viewAttrs(ArrayRef<PlannedView> views);
  SmallVector<Value> buffersOf(ArrayRef<PlannedView> views);
  ExtentsAttr dims(ArrayRef<Extent> extents) { return ExtentsAttr::get(builder.getContext(), extents); }
  StringAttr argText(unsigned index, StringRef name) { return network.getArgAttrOfType<StringAttr>(index, name); }
  ExtentsAttr portDims(Value value, Values &values) { return dims(*values.extents(value)); }

  func::FuncOp network;
  const Steps &steps;
  ArrayRef<SliceLife> slices;
  const Arena &arena;
  int64_t threads;
  OpBuilder builder;
  Values *extents = nullptr;
  llvm::DenseMap<int, Value> buffers; ///< index into Steps::buffers to its value in the program
};

ProgramOp PlanWriter::write(const llvm::SmallVectorImpl<std::pair<StringAttr, int64_t>> &sizes, Values &values) {
  extents = &values;
  auto program = ProgramOp::create(builder, network.getLoc(), network.getSymName());
  builder.setInsertionPointToStart(&program.getBody().front());
  writeSizes(sizes);
  writeInputs();
  writeOutputs();
  writeGraphs();
  writeWeights(values);
  writeArena();
  for (const Step &step : steps.steps)
    writeStep(step);
  return program;
}

void PlanWriter::writeSizes(const llvm::SmallVectorImpl<std::pair<StringAttr, int64_t>> &sizes) {
  for (auto [name, bound] : sizes)
    plan::SizeOp::create(builder, network.getLoc(), name, builder.getI64IntegerAttr(bound));
}

void PlanWriter::writeInputs() {
  for (auto [index, buffer] : llvm::enumerate(steps.buffers))
    if (buffer.kind == PlannedBuffer::Input)
      buffers[index] = InputOp::create(builder, buffer.value.getLoc(), BufferType::get(builder.getContext()),
                                       argText(buffer.port, "weft.name"), portDims(buffer.value, *extents),
                                       TypeAttr::get(buffer.element), argText(buffer.port, "weft.role"),
                                       argText(buffer.port, "weft.graph"));
}

void PlanWriter::writeOutputs() {
  for (auto [index, buffer] : llvm::enumerate(steps.buffers))
    if (buffer.kind == PlannedBuffer::Output)
      buffers[index] = OutputOp::create(builder, buffer.value.getLoc(), BufferType::get(builder.getContext()),
                                        network.getResultAttrOfType<StringAttr>(buffer.port, "weft.name"),
                                        portDims(buffer.value, *extents), TypeAttr::get(buffer.element));
}

/// A graph is known by its row starts; the columns name the number of sources where it is another.
void PlanWriter::writeGraphs() {
  constexpr unsigned none = -1;
  llvm::MapVector<StringAttr, std::pair<unsigned, unsigned>> graphs;
  for (unsigned index = 0; index < network.getNumArguments(); ++index) {
    StringAttr role = argText(index, "weft.role"), graph = argText(index, "weft.graph");
    if (!role || !graph || cast<RankedTensorType>(network.getArgumentTypes()[index]).getRank() != 1)
      continue;
    auto &ports = graphs.try_emplace(graph, none, none).first->second;
    if (role.getValue() == "indptr")
      ports.first = index;
    if (role.getValue() == "indices")
      ports.second = index;
  }
  for (auto [name, ports] : graphs) {
    if (ports.first == none || ports.second == none)
      continue; // subgraph numbers name a size, not a graph
    auto valueOf = [&](unsigned port) -> Value {
      for (auto [index, buffer] : llvm::enumerate(steps.buffers))
        if (buffer.kind == PlannedBuffer::Input && buffer.port == port)
          return buffers[index];
      return {};
    };
    Extent destinations = *add(extents->extents(network.getArgument(ports.first))->front(), Extent(-1));
    Extent edges = extents->extents(network.getArgument(ports.second))->front();
    std::optional<Extent> sources;
    if (StringAttr text = argText(ports.second, "weft.sources"))
      sources = extentFromText(text.getValue(), builder.getContext());
    GraphOp::create(builder, network.getLoc(), name, valueOf(ports.first), valueOf(ports.second),
                    dims({destinations, sources.value_or(destinations), edges}));
  }
}

/// The recipes that slots need move into the program; slots follow in the order of their first use.
void PlanWriter::writeWeights(Values &values) {
  SetVector<Operation *> needed;
  BackwardSliceOptions options;
  options.inclusive = true;
  options.omitBlockArguments = true;
  int64_t bytes = 0;
  bool any = false;
  for (const PlannedBuffer &buffer : steps.buffers)
    if (buffer.kind == PlannedBuffer::Slot) {
      (void)getBackwardSlice(buffer.value, &needed, options);
      bytes = llvm::alignTo(bytes, alignmentBytes) + buffer.bytes;
      any = true;
    }
  if (!any)
    return;
  IRMapping mapping;
  for (Operation &op : network.getBody().front())
    if (needed.contains(&op))
      builder.clone(op, mapping);
  Type bufferType = BufferType::get(builder.getContext());
  Value storage = WeightsOp::create(builder, network.getLoc(), StorageType::get(builder.getContext()),
                                    builder.getI64IntegerAttr(bytes));
  int64_t offset = 0;
  for (auto [index, buffer] : llvm::enumerate(steps.buffers)) {
    if (buffer.kind != PlannedBuffer::Slot)
      continue;
    offset = llvm::alignTo(offset, alignmentBytes);
    buffers[index] = SlotOp::create(builder, buffer.value.getLoc(), bufferType, storage,
                                    builder.getI64IntegerAttr(offset), mapping.lookup(buffer.value));
    offset += buffer.bytes;
  }
}

void PlanWriter::writeArena() {
  if (slices.empty())
    return;
  Value storage = ArenaOp::create(builder, network.getLoc(), StorageType::get(builder.getContext()),
                                  builder.getI64IntegerAttr(arena.bytes), builder.getI64IntegerAttr(arena.lowerBound),
                                  builder.getI64IntegerAttr(threads));
  auto born = [&](unsigned index) {
    return llvm::min_element(slices[index].pieces, [](auto &a, auto &b) { return a.from < b.from; })->from;
  };
  auto order = llvm::to_vector(llvm::seq<unsigned>(0, slices.size()));
  llvm::sort(order, [&](unsigned a, unsigned b) { return std::pair(born(a), a) < std::pair(born(b), b); });
  for (unsigned index : order) {
    const SliceLife &slice = slices[index];
    SmallVector<int64_t> ends, lives;
    for (const PieceLife &piece : slice.pieces) {
      ends.push_back(piece.end);
      lives.append({piece.from, piece.to});
    }
    buffers[slice.buffer] = plan::SliceOp::create(
        builder, steps.buffers[slice.buffer].value.getLoc(), BufferType::get(builder.getContext()), storage,
        builder.getI64IntegerAttr(arena.offsets[index]), builder.getI64IntegerAttr(ends.back()),
        builder.getDenseI64ArrayAttr(ends), builder.getDenseI64ArrayAttr(lives));
  }
}

ViewAttr PlanWriter::viewAttr(const PlannedView &view) {
  return ViewAttr::get(builder.getContext(), view.place.offset, view.extents, view.place.strides, view.element);
}

ArrayAttr PlanWriter::viewAttrs(ArrayRef<PlannedView> views) {
  return builder.getArrayAttr(
      llvm::map_to_vector(views, [&](const PlannedView &view) -> Attribute { return viewAttr(view); }));
}

SmallVector<Value> PlanWriter::buffersOf(ArrayRef<PlannedView> views) {
  return llvm::map_to_vector(views, [&](const PlannedView &view) { return buffers.lookup(view.place.buffer); });
}

void PlanWriter::writeStep(const Step &step) {
  Location loc = step.op->getLoc();
  SmallVector<Value> reads = buffersOf(step.reads), writes = buffersOf(step.writes);
  if (step.kind == Step::Border) {
    BorderOp::create(builder, loc, writes[0], viewAttr(step.writes[0]), builder.getDenseI64ArrayAttr(step.low),
                     builder.getDenseI64ArrayAttr(step.high), step.fill);
    return;
  }
  if (step.kind == Step::Copy) {
    emitRemark(loc) << "a copy is not elided: `" << step.why << "`";
    CopyOp::create(builder, loc, builder.getStringAttr(step.why), reads[0], viewAttr(step.reads[0]), writes[0],
                   viewAttr(step.writes[0]));
    return;
  }
  auto call = cast<func::CallOp>(step.op);
  auto path = call->getAttrOfType<StringAttr>("weft.path");
  bool worksInPlace = llvm::any_of(step.inPlace, [](int64_t input) { return input != -1; });
  auto launch = LaunchOp::create(
      builder, loc, call.getCalleeAttr(), path ? path : builder.getStringAttr(call.getCallee()), reads,
      viewAttrs(step.reads), writes, viewAttrs(step.writes),
      worksInPlace ? builder.getDenseI64ArrayAttr(step.inPlace) : DenseI64ArrayAttr(),
      step.scratch < 0 ? Value() : buffers.lookup(step.scratch), builder.getI64IntegerAttr(step.callerBytes),
      builder.getI64IntegerAttr(step.workerBytes));
  if (Attribute fields = call->getAttr("weft.fields"))
    launch->setAttr("weft.fields", fields);
}

//===-- the pass --------------------------------------------------------------------------------------------------===//

struct BuildPlan : impl::BuildPlanBase<BuildPlan> {
  using BuildPlanBase::BuildPlanBase;

  void runOnOperation() override {
    for (auto network : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (network->hasAttr("weft.net") && failed(plan(network)))
        return signalPassFailure();
    for (auto kernel : getOperation().getOps<func::FuncOp>())
      kernel->removeAttr(scratchAttrName); // each launch states what it comes to
  }

  int64_t limitBytes() {
    if (memoryLimit)
      return memoryLimit;
    auto limit = getOperation()->getAttrOfType<IntegerAttr>("weft.memory_limit");
    return limit ? limit.getInt() : 0;
  }

  LogicalResult plan(func::FuncOp network) {
    SmallVector<std::pair<StringAttr, int64_t>> sizes;
    Bounds bounds;
    if (auto stated = getOperation()->getAttrOfType<DictionaryAttr>("weft.bounds"))
      for (NamedAttribute size : stated) {
        auto bound = dyn_cast<IntegerAttr>(size.getValue());
        if (!bound || bound.getInt() < 1)
          return getOperation().emitError("the bound of `") << size.getName().getValue() << "` is no positive integer";
        sizes.emplace_back(size.getName(), bound.getInt());
        bounds[size.getName()] = bound.getInt();
      }
    if (failed(checkNetwork(network)))
      return failure();
    nestConcats(network);
    Values values(network);
    FailureOr<Steps> steps = planSteps(network, values, bounds, threads);
    if (failed(steps))
      return failure();
    if (int64_t saved = orderSteps(*steps, bounds)) {
      emitRemark(network.getLoc()) << "operations run in another order than written: " << saved << " bytes less";
      numReordered += saved;
    }
    unsigned inPlace = 0;
    SmallVector<SliceLife> slices = planLifetimes(*steps, bounds, inPlace);
    FailureOr<Arena> arena = planArena(network.getLoc(), *steps, slices);
    if (failed(arena))
      return failure();
    ProgramOp program = PlanWriter(network, *steps, slices, *arena, threads).write(sizes, values);
    network.erase();
    if (failed(checkMemoryLimit(program, limitBytes())))
      return failure();
    numInPlace += inPlace;
    numSlices += slices.size();
    for (const Step &step : steps->steps) {
      numLaunches += step.kind == Step::Launch;
      numBorders += step.kind == Step::Border;
      numCopies += step.kind == Step::Copy;
    }
    return success();
  }

  /// A network in one block, its ports tensors with names: they are found by name from here on.
  static LogicalResult checkNetwork(func::FuncOp network) {
    if (!network.getBody().hasOneBlock())
      return network.emitError("a network is one block of calls and views");
    auto isTensor = [](Type type) { return isa<RankedTensorType>(type); };
    if (!llvm::all_of(network.getArgumentTypes(), isTensor) || !llvm::all_of(network.getResultTypes(), isTensor))
      return network.emitError("inputs and outputs of a network are ranked tensors");
    for (unsigned index = 0; index < network.getNumArguments(); ++index)
      if (!network.getArgAttrOfType<StringAttr>(index, "weft.name"))
        return network.emitError("argument ") << index << " has no `weft.name`";
    for (unsigned index = 0; index < network.getNumResults(); ++index)
      if (!network.getResultAttrOfType<StringAttr>(index, "weft.name"))
        return network.emitError("result ") << index << " has no `weft.name`";
    return success();
  }
};

} // namespace
} // namespace weft
