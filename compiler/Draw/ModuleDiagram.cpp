// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// One walk in running order; each value knows the boxes it comes from, so what makes no box of its own (views after phase
// kernels, buffers of a plan) passes arrows on.

#include "compiler/Draw/ModuleDiagram.h"

#include "compiler/Summary/Cost.h"
#include "dialects/Plan/Plan.h"
#include "dialects/Weft/Paths.h"
#include "dialects/Weft/Sizes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace weft::draw {
namespace {

using Boxes = SmallVector<size_t, 2>;

class Builder {
public:
  size_t add(Box box, ArrayRef<size_t> sources) {
    size_t number = diagram.boxes.size();
    for (size_t source : sources)
      diagram.arrows.push_back({source, number});
    diagram.boxes.push_back(std::move(box));
    return number;
  }

  size_t addPort(StringRef name, std::string shape, ArrayRef<size_t> sources = {}) {
    return add({BoxKind::Port, name.str(), {name.str()}, std::move(shape)}, sources);
  }

  Diagram take(StringRef name) {
    diagram.name = name.str();
    llvm::sort(diagram.arrows);
    diagram.arrows.erase(std::unique(diagram.arrows.begin(), diagram.arrows.end()), diagram.arrows.end());
    return std::move(diagram);
  }

private:
  Diagram diagram;
};

std::string shapeText(ArrayRef<std::string> dims) {
  bool letters = llvm::any_of(dims, [](StringRef dim) { return !llvm::all_of(dim, llvm::isDigit); });
  return llvm::join(dims, letters ? " x " : "x");
}

/// A network function, whatever its phase.
class NetworkReader {
public:
  explicit NetworkReader(func::FuncOp network)
      : network(network), module(network->getParentOfType<ModuleOp>()), sizes(network),
        paths(network.getBody().front()), recipes(recipesIn(network.getBody().front())) {}

  Diagram run() {
    for (BlockArgument argument : network.getArguments())
      sources[argument] = {builder.addPort(portName(argument.getArgNumber(), false), shapeOf(argument))};
    for (Operation &op : network.getBody().front().without_terminator())
      read(op);
    Operation *end = network.getBody().front().getTerminator();
    for (auto [i, value] : llvm::enumerate(end->getOperands()))
      builder.addPort(portName(i, true), shapeOf(value), sources.lookup(value));
    return builder.take(network.getName());
  }

private:
  std::string portName(unsigned index, bool result) {
    auto name = result ? network.getResultAttrOfType<StringAttr>(index, "weft.name")
                       : network.getArgAttrOfType<StringAttr>(index, "weft.name");
    return name ? name.str() : (result ? "result" : "input") + std::to_string(index);
  }

  std::string shapeOf(Value value) {
    return isa<RankedTensorType>(value.getType()) ? shapeText(sizes.dims(value)) : "";
  }

  void read(Operation &op) {
    if (op.getNumResults() == 0 || isa<ExtentOp>(op) || recipes.contains(op.getResult(0)))
      return; // a size, a weight
    Boxes from;
    for (Value operand : op.getOperands())
      for (size_t box : sources.lookup(operand))
        if (!llvm::is_contained(from, box))
          from.push_back(box);
    if (isa<WeftDialect>(op.getDialect()) || isa<func::CallOp>(op))
      from = {builder.add(boxOf(op), from)};
    for (Value result : op.getResults())
      sources[result] = from;
  }

  Box boxOf(Operation &op) {
    Box box{BoxKind::Operation, pathOf(op.getLoc()).str(), {}, shapeOf(op.getResult(0))};
    if (auto call = dyn_cast<func::CallOp>(op)) {
      if (auto path = call->getAttrOfType<StringAttr>("weft.path"))
        box.path = path.str();
      box.kind = BoxKind::Kernel;
      box.lines = {box.path, "kernel " + call.getCallee().str()};
      appendStages(call.getCallee(), box);
    } else if (auto group = dyn_cast<GroupOp>(op)) {
      box.kind = BoxKind::Kernel;
      box.path = group.getPath().str();
      box.lines = {box.path};
      for (Operation &inner : group.getBody().front().without_terminator())
        if (inner.getNumResults() == 0 || !isRecipe(inner.getResult(0)))
          box.lines.push_back(summary::describe(&inner));
    } else {
      box.kind = summary::isView(&op) || isa<ConcatOp, TransposeOp, RelayoutOp, PadOp>(op) ? BoxKind::Move
                                                                                         : BoxKind::Operation;
      StringRef name = paths.nameOf(op.getResult(0));
      box.lines = {name.str(), summary::describe(&op)};
      if (box.lines[0] == box.lines[1] || box.lines[0].empty())
        box.lines.erase(box.lines.begin());
    }
    return box;
  }

  /// What a kernel function computes, by the names of its stages.
  void appendStages(StringRef callee, Box &box) {
    auto function = module.lookupSymbol<func::FuncOp>(callee);
    if (!function)
      return;
    std::string text;
    function.walk([&](Operation *op) {
      if (auto stage = op->getAttrOfType<StringAttr>("weft.stage"))
        text += (text.empty() ? "" : ", ") + stage.str();
    });
    if (!text.empty())
      box.lines.push_back(text);
  }

  func::FuncOp network;
  ModuleOp module;
  Sizes sizes;
  Paths paths;
  llvm::DenseSet<Value> recipes;
  Builder builder;
  llvm::DenseMap<Value, Boxes> sources;
};

/// A plan: who wrote the bytes a step reads.
class PlanReader {
public:
  explicit PlanReader(plan::ProgramOp program) : program(program), bounds(program.getBounds()) {}

  Diagram run() {
    for (plan::InputOp input : program.getInputs())
      written[input.getBuffer()].push_back(
          {0, std::numeric_limits<int64_t>::max(), builder.addPort(input.getName(), extents(input.getDims().getValues()))});
    for (Operation *step : program.getSteps())
      if (auto launch = dyn_cast<plan::LaunchOp>(step))
        addLaunch(launch);
      else if (auto copy = dyn_cast<plan::CopyOp>(step))
        addCopy(copy);
    for (plan::OutputOp output : program.getOutputs())
      builder.addPort(output.getName(), extents(output.getDims().getValues()), writersOf(output.getBuffer(), everything));
    return builder.take(program.getSymName());
  }

private:
  struct Write {
    int64_t begin, end;
    size_t box;
  };
  using Range = std::pair<int64_t, int64_t>;
  static constexpr Range everything = {0, std::numeric_limits<int64_t>::max()};

  std::string extents(ArrayRef<plan::Extent> values) {
    SmallVector<std::string> dims;
    for (const plan::Extent &extent : values) {
      llvm::raw_string_ostream text(dims.emplace_back());
      plan::print(text, extent);
    }
    return shapeText(dims);
  }

  Range rangeOf(plan::ViewAttr view) { return view.coveredBytes(bounds).value_or(everything); }

  Boxes writersOf(Value buffer, Range range) {
    Boxes boxes;
    for (const Write &write : written.lookup(buffer))
      if (write.begin < range.second && range.first < write.end && !llvm::is_contained(boxes, write.box))
        boxes.push_back(write.box);
    return boxes;
  }

  /// What lies wholly below the new write is gone.
  void write(Value buffer, Range range, size_t box) {
    auto &writes = written[buffer];
    llvm::erase_if(writes, [&](const Write &old) { return range.first <= old.begin && old.end <= range.second; });
    writes.push_back({range.first, range.second, box});
  }

  void addLaunch(plan::LaunchOp launch) {
    Boxes from;
    for (auto [buffer, view] : llvm::zip_equal(launch.getInputs(), launch.getInputViews().getAsRange<plan::ViewAttr>()))
      from.append(writersOf(buffer, rangeOf(view)));
    Box box{BoxKind::Kernel, launch.getPath().str(), {launch.getPath().str(), "kernel " + launch.getKernel().str()}, ""};
    if (launch.getInPlaceAttr())
      box.lines.push_back("in place");
    auto views = launch.getOutputViews().getAsRange<plan::ViewAttr>();
    if (views.begin() != views.end())
      box.output = extents((*views.begin()).getExtents());
    size_t number = builder.add(std::move(box), from);
    for (auto [buffer, view] : llvm::zip_equal(launch.getOutputs(), views))
      write(buffer, rangeOf(view), number);
  }

  void addCopy(plan::CopyOp copy) {
    std::string why = copy.getWhy().str();
    Box box{BoxKind::Move, pathOf(copy.getLoc()).str(), {"copy", why}, extents(copy.getTargetView().getExtents())};
    size_t number = builder.add(std::move(box), writersOf(copy.getSource(), rangeOf(copy.getSourceView())));
    write(copy.getTarget(), rangeOf(copy.getTargetView()), number);
  }

  plan::ProgramOp program;
  plan::Bounds bounds;
  Builder builder;
  llvm::DenseMap<Value, SmallVector<Write>> written;
};

} // namespace

Diagram diagramOf(ModuleOp module) {
  for (plan::ProgramOp program : module.getOps<plan::ProgramOp>())
    return PlanReader(program).run();
  for (auto function : module.getOps<func::FuncOp>())
    if (function->hasAttr("weft.net"))
      return NetworkReader(function).run();
  return {};
}

} // namespace weft::draw
