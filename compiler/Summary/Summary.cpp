// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// One walk over the network function. An operation becomes a row of its own unless it has no parameters and writes over
// what it reads (activations: named in the row before it) or moves nothing (views: not shown).

#include "compiler/Summary/Summary.h"

#include "compiler/Summary/Cost.h"
#include "compiler/Summary/Reach.h"
#include "dialects/Weft/Paths.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace weft {
namespace {

using namespace summary;

/// "112x112x64" for `[1, 64, 112, 112]`: channels last, a batch of one left out. Rows of a graph's vertices or edges stay
/// as they are ("V x 16"), and so do photographs, whose channels are last.
std::string papersOrder(ArrayRef<std::string> dims, bool channelsSecond) {
  SmallVector<std::string> order(dims.begin(), dims.end());
  bool letters = llvm::any_of(order, [](StringRef dim) { return !llvm::all_of(dim, llvm::isDigit); });
  if (dims.size() >= 3 && channelsSecond && !letters)
    std::rotate(order.begin() + 1, order.begin() + 2, order.end());
  if (order.size() > 1 && order.front() == "1")
    order.erase(order.begin());
  return order.empty() ? "1" : llvm::join(order, letters ? " x " : "x");
}

class Summariser {
public:
  explicit Summariser(func::FuncOp network)
      : network(network), sizes(network), paths(network.getBody().front()),
        recipes(recipesIn(network.getBody().front())), reach(network.getBody().front()) {}

  NetworkSummary run() {
    if (auto name = network->getParentOfType<ModuleOp>()->getAttrOfType<StringAttr>("weft.name"))
      result.name = name.str();
    readBounds();
    for (BlockArgument argument : network.getArguments())
      addInput(argument);
    for (Operation &op : network.getBody().front().without_terminator())
      if (op.getNumResults() != 0 && !isRecipe(op.getResult(0)))
        add(op);
    total();
    return std::move(result);
  }

private:
  bool isRecipe(Value value) const { return recipes.contains(value); }

  void readBounds() {
    if (auto bounds = network->getParentOfType<ModuleOp>()->getAttrOfType<DictionaryAttr>("weft.bounds"))
      for (NamedAttribute bound : bounds)
        if (auto value = dyn_cast<IntegerAttr>(bound.getValue()))
          result.bounds.emplace_back(bound.getName().str(), value.getInt());
  }

  /// A batch is what the first dimension of the first image counts; graphs have none.
  void addInput(BlockArgument argument) {
    LayerSummary row;
    if (auto name = network.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "weft.name"))
      row.path = name.str();
    row.operation = row.kind = "input";
    Extents shape = sizes.largest(argument);
    if (argument.getArgNumber() == 0 && shape.size() >= 2 && tensorOf(argument).hasStaticShape())
      result.batch = shape.front();
    keep(row, argument);
    addRow(std::move(row), argument);
  }

  void add(Operation &op) {
    addDepth(op);
    Value source = inPlaceOf(op);
    int64_t parameters = parametersOf(op);
    auto known = op.getNumOperands() == 0 ? rows.end() : rows.find(source ? source : op.getOperand(0));
    if (known != rows.end() && parameters == 0 && (isView(&op) || (source && dataOperands(op) == 1))) {
      if (!isView(&op))
        result.layers[known->second].operation += " + " + describe(&op);
      for (Value value : op.getResults())
        rows[value] = known->second;
      return;
    }
    LayerSummary row;
    row.path = paths.nameOf(op.getResult(0)).str();
    row.operation = describe(&op);
    row.kind = op.getName().stripDialect().str();
    row.parameters = parameters;
    row.multiplyAdds = multiplyAdds(&op, sizes);
    if (auto concat = dyn_cast<ConcatOp>(op))
      keepCopied(row, concat);
    else if (!source && !isView(&op))
      keep(row, op.getResult(0));
    addRow(std::move(row), op.getResult(0));
    for (Value value : op.getResults())
      rows[value] = result.layers.size() - 1;
  }

  void addRow(LayerSummary row, Value value) {
    Extents shape = sizes.largest(value);
    row.shape.assign(shape.begin(), shape.end());
    row.output = papersOrder(sizes.dims(value), isa<FloatType>(tensorOf(value).getElementType()));
    row.receptiveField = reach.of(value);
    rows[value] = result.layers.size();
    result.layers.push_back(std::move(row));
  }

  void keep(LayerSummary &row, Value value) { keep(row, product(sizes.largest(value)), value); }
  void keep(LayerSummary &row, int64_t elements, Value value) {
    int64_t bytes = (tensorOf(value).getElementTypeBitWidth() + 7) / 8;
    row.activations = plus(row.activations, elements);
    row.activationBytes = plus(row.activationBytes, times(elements, bytes));
  }

  /// Members that nobody else reads are written into their place at once; the others are copied.
  void keepCopied(LayerSummary &row, ConcatOp concat) {
    for (Value member : concat.getXs())
      if (!member.hasOneUse() || isa<BlockArgument>(member))
        keep(row, product(sizes.largest(member)), concat.getY());
  }

  unsigned dataOperands(Operation &op) const {
    return llvm::count_if(op.getOperands(), [&](Value operand) { return !isRecipe(operand); });
  }

  /// The operand a pointwise operation writes over: of its shape, no input, read by nothing else (through views
  /// neither).
  Value inPlaceOf(Operation &op) {
    if (!isPointwise(&op))
      return {};
    for (Value operand : op.getOperands())
      if (!isRecipe(operand) && operand.getType() == op.getResult(0).getType() && isLast(operand))
        return operand;
    return {};
  }

  static bool isLast(Value value) {
    while (value.hasOneUse()) {
      Operation *op = value.getDefiningOp();
      if (!op)
        return false;
      if (!isView(op))
        return true;
      value = op->getOperand(0);
    }
    return false;
  }

  /// Each weight counts where it is first used.
  int64_t parametersOf(Operation &op) {
    int64_t count = 0;
    for (Value operand : llvm::make_filter_range(op.getOperands(), [&](Value value) { return isRecipe(value); }))
      for (WeightOp weight : weightsOf(operand)) {
        RankedTensorType type = weight.getType();
        if (!isa<FloatType>(type.getElementType()) || isStatistic(weight) || !counted.insert(weight.getPath()).second)
          continue;
        count = plus(count, product(type.getShape()));
        result.parameterBytes =
            plus(result.parameterBytes, times(product(type.getShape()), (type.getElementTypeBitWidth() + 7) / 8));
      }
    return count;
  }

  /// Layers of a gate are not counted, as SE-ResNet-50 is called 50.
  void addDepth(Operation &op) {
    int64_t depth = 0;
    bool weight = false;
    for (Value operand : op.getOperands()) {
      if (!isGate(op, operand))
        depth = std::max(depth, depths.lookup(operand));
      weight |= isRecipe(operand) && !weightsOf(operand).empty();
    }
    depth += weight && isContraction(&op);
    for (Value value : op.getResults())
      depths[value] = depth;
  }

  /// Whether the operand is spread over another one that has the result's shape.
  bool isGate(Operation &op, Value operand) const {
    auto spans = [&](Value value) {
      return !isRecipe(value) && !value.getDefiningOp<ExpandOp>() &&
             tensorOf(value).getShape() == tensorOf(op.getResult(0)).getShape();
    };
    return op.hasTrait<PlaceByPlace>() && !spans(operand) && llvm::any_of(op.getOperands(), spans);
  }

  void total() {
    for (Value value : network.getBody().front().getTerminator()->getOperands())
      result.depth = std::max(result.depth, depths.lookup(value));
    for (const LayerSummary &row : result.layers) {
      result.parameters = plus(result.parameters, row.parameters);
      result.multiplyAdds = plus(result.multiplyAdds, row.multiplyAdds);
      result.activations = plus(result.activations, row.activations);
      result.activationBytes = plus(result.activationBytes, row.activationBytes);
    }
  }

  func::FuncOp network;
  Sizes sizes;
  Paths paths;
  llvm::DenseSet<Value> recipes;
  Reach reach;
  NetworkSummary result;
  llvm::DenseMap<Value, size_t> rows; ///< the row a value is told in
  llvm::DenseMap<Value, int64_t> depths;
  llvm::DenseSet<StringRef> counted;
};

/// The first `parts` parts of a path.
StringRef prefix(StringRef path, unsigned parts) {
  size_t end = 0;
  for (unsigned i = 0; i < parts && end != StringRef::npos; ++i)
    end = path.find('.', end + (i != 0));
  return path.take_front(end);
}

void merge(LayerSummary &block, const LayerSummary &row) {
  block.parameters = plus(block.parameters, row.parameters);
  block.multiplyAdds = plus(block.multiplyAdds, row.multiplyAdds);
  block.activations = plus(block.activations, row.activations);
  block.activationBytes = plus(block.activationBytes, row.activationBytes);
  block.shape = row.shape;
  block.output = row.output;
  block.receptiveField = row.receptiveField;
}

/// A block stands where its first layer stood and has the shape of its last.
std::vector<LayerSummary> folded(std::vector<LayerSummary> rows, unsigned parts) {
  llvm::MapVector<StringRef, SmallVector<const LayerSummary *>> blocks;
  for (const LayerSummary &row : rows)
    blocks[prefix(row.path, parts)].push_back(&row);
  std::vector<LayerSummary> result;
  for (auto &[path, members] : blocks) {
    LayerSummary block = *members.front();
    for (const LayerSummary *member : ArrayRef(members).drop_front())
      merge(block, *member);
    if (members.size() > 1) {
      block.path = path.str();
      block.kind = "block";
      block.operation = std::to_string(members.size()) + " layers";
    }
    result.push_back(std::move(block));
  }
  return result;
}

int64_t fitting(int64_t deviceBytes, int64_t fixed, int64_t each) {
  return each <= 0 || fixed > deviceBytes ? 0 : (deviceBytes - fixed) / each;
}

} // namespace

int64_t NetworkSummary::largestBatch(int64_t deviceBytes) const {
  return fitting(deviceBytes, parameterBytes, activationBytes / batch);
}

int64_t NetworkSummary::largestTrainingBatch(int64_t deviceBytes) const {
  return fitting(deviceBytes, times(parameterBytes, 3), times(activationBytes / batch, 2));
}

NetworkSummary summarise(ModuleOp module, unsigned fold) {
  for (auto function : module.getOps<func::FuncOp>())
    if (function->hasAttr("weft.net")) {
      NetworkSummary summary = Summariser(function).run();
      if (fold > 0)
        summary.layers = folded(std::move(summary.layers), fold);
      return summary;
    }
  return {};
}

} // namespace weft
