// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The graph as a whole: ports, the order of nodes, the table of operations, results, and the module around them.
#include "frontends/Onnx/Importer.h"
#include "frontends/Onnx/Onnx.h"

#include "compiler/Support/Diagnostics.h"
#include "compiler/Support/Files.h"
#include "dialects/Weft/Paths.h"
#include "dialects/Weft/Shapes.h"

#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

#include <map>

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;
using llvm::StringRef;
using llvm::Twine;

namespace {

constexpr int64_t firstOpset = 7, lastOpset = 25;
constexpr int64_t largestExtent = (int64_t(1) << 31) - 1, mostElements = int64_t(1) << 40;
constexpr size_t maxRank = 6, mostNodes = 1 << 20;
constexpr const char *countedByData = "has as many elements as NonZero picks while running, which is not supported";

/// `plainName` as an identifier of C.
std::string identifier(StringRef name, StringRef otherwise) {
  std::string plain = plainName(name, otherwise);
  std::replace(plain.begin(), plain.end(), '.', '_');
  return llvm::isDigit(plain.front()) ? otherwise.str() + "_" + plain : plain;
}

class GraphImport {
public:
  GraphImport(const OnnxRequest &request, const Model &model, MLIRContext &context, llvm::raw_ostream &errors)
      : request(request), model(model), graph(model.graph), builder(&context), weights(&context), errors(errors) {}

  OwningOpRef<ModuleOp> run();

private:
  bool error(const Twine &text) {
    errors << printable(request.fileName, 200) << ": error: " << text << "\n";
    return false;
  }
  void warnOfShape(const Port &port, ArrayRef<int64_t> shape);
  bool checkModel();
  bool checkOperations(const Graph &graph);
  bool checkOrder(const Graph &graph);
  void begin();
  bool initialisers(const Graph &graph);
  bool ports();
  std::optional<bool> fixedInput(const Port &port);
  bool port(const Port &port);
  std::optional<int64_t> extent(const Port &port, size_t index);
  bool checkExtents();
  bool nodes(const Graph &graph);
  bool branchNode(const Node &node, size_t index);
  bool importNode(const Node &node, size_t index);
  bool constantNode(const Node &node, size_t index);
  bool results();
  bool innerResults();
  bool result(const Port &port, SmallVectorImpl<Value> &values, SmallVectorImpl<DictionaryAttr> &attributes);
  bool checkSettings();
  void dropUnused();
  void finish();
  std::string quoted(StringRef name) { return "`" + printable(name, 100) + "`"; }
  std::string describe(const Node &node, size_t index) {
    return "node " + (node.name.empty() ? "number " + std::to_string(index) : quoted(node.name)) + " (" +
           printable(node.op, 60) + ")";
  }
  std::string unique(std::string name) {
    std::string made = name;
    for (int i = 2; !portNames.insert(made).second; ++i)
      made = name + "_" + std::to_string(i);
    return made;
  }

  const OnnxRequest &request;
  const Model &model;
  const Graph &graph;
  OpBuilder builder, weights;
  llvm::raw_ostream &errors;
  llvm::StringMap<std::function<void(NodeImport &)>> table;
  llvm::StringMap<Known> known;
  llvm::StringSet<> settingsTaken, portNames;
  SmallVector<std::string> openDims; ///< of inputs, by the names that `--set` takes
  SmallVector<NamedAttribute> usedSettings;
  ModuleOp module;
  func::FuncOp function;
  std::string netName;
  int64_t budget = int64_t(1) << 27; // elements computed while importing
};

using ConversionTable = llvm::StringMap<std::function<void(NodeImport &)>>;

ConversionTable conversions() {
  ConversionTable table;
  using Rows = std::vector<Conversion> (*)();
  for (Rows rows :
       {activationConversions, arithmeticConversions, attentionConversions, comparisonConversions, convolutionConversions, einsumConversions,
        indexConversions, matrixConversions, poolingConversions, normalisationConversions,
        quantisationConversions, recurrentConversions, reductionConversions, regionConversions, resizeConversions, samplingConversions,
        scatterConversions, shapeConversions, sortConversions})
    for (Conversion &row : rows())
      table[row.op] = std::move(row.import);
  return table;
}

/// Constants and branches have no row.
bool isRead(StringRef op, const ConversionTable &table) {
  return op == "Constant" || op == "If" || table.contains(op) || canFold(op);
}

OwningOpRef<ModuleOp> GraphImport::run() {
  table = conversions();
  if (!checkModel() || !checkOperations(graph) || !checkOrder(graph))
    return nullptr;
  OwningOpRef<ModuleOp> owned(ModuleOp::create(builder.getUnknownLoc()));
  module = *owned;
  begin();
  if (!initialisers(graph) || !ports() || !checkSettings() || !nodes(graph) || !results())
    return nullptr;
  dropUnused();
  finish();
  return succeeded(verify(module)) ? std::move(owned) : nullptr;
}

//===-- Checks before anything is made ---------------------------------------------------------------------------===//

bool GraphImport::checkModel() {
  if (!model.opset)
    return error("does not say which operation set it uses");
  if (model.opset < firstOpset || model.opset > lastOpset)
    return error("uses operation set " + Twine(model.opset) + "; " + Twine(firstOpset) + " to " + Twine(lastOpset) + " are supported" +
                 (model.opset < firstOpset ? " (onnx.version_converter makes a newer file)" : ""));
  if (graph.nodes.size() > mostNodes)
    return error("has more than 2^20 nodes");
  if (graph.outputs.empty())
    return error("the graph has no outputs");
  return true;
}

/// The first tensor that the node reads and another node makes; empty if there is none.
static std::string madeInput(const Graph &graph, size_t index) {
  for (const std::string &input : graph.nodes[index].inputs)
    for (const Node &node : graph.nodes)
      if (node.op != "Constant" && !input.empty() && llvm::is_contained(node.outputs, input))
        return input;
  return "";
}

/// All operations that cannot be imported, in one error. Branches are looked at once it is known which one is taken.
bool GraphImport::checkOperations(const Graph &graph) {
  std::map<std::string, std::pair<size_t, size_t>> missing; // operation: first node, count
  for (auto [index, node] : llvm::enumerate(graph.nodes)) {
    bool isBranch = node.domain.empty() && node.op == "If";
    bool isKnown = node.domain.empty() && isRead(node.op, table);
    std::string name = node.domain.empty() ? node.op : node.domain + "::" + node.op;
    for (const onnxfile::Attribute &attribute : node.attributes)
      if (attribute.kind == onnxfile::Attribute::Graph && !isBranch)
        isKnown = false; // Loop, Scan
    if (!isKnown)
      ++missing.insert({name, {index, 0}}).first->second.second;
  }
  if (missing.empty())
    return true;
  std::string text = "operations that are not supported:";
  for (auto &[name, places] : missing)
    text += "\n  " + quoted(name) + ": " + describe(graph.nodes[places.first], places.first) +
            (places.second > 1 ? " and " + std::to_string(places.second - 1) + " more" : "");
  if (model.hasFunctions)
    text += "\nThe file defines operations of its own; onnx.inliner.inline_local_functions puts what they stand for in their place";
  size_t first = graph.nodes.size();
  for (auto &[name, places] : missing)
    first = std::min(first, places.first);
  if (std::string name = madeInput(graph, first); &graph == &this->graph && !name.empty())
    text += "\n`--outputs=" + printable(name, 200) + "` compiles what is before " + describe(graph.nodes[first], first);
  return error(text);
}

/// Each name is made once, before it is read. A branch reads names of the graph around it too.
bool GraphImport::checkOrder(const Graph &graph) {
  llvm::StringSet<> made, later;
  for (const Tensor &initialiser : graph.initialisers)
    made.insert(initialiser.name);
  for (const Port &input : graph.inputs)
    made.insert(input.name);
  for (const Node &node : graph.nodes)
    for (const std::string &output : node.outputs)
      later.insert(output);
  for (auto [index, node] : llvm::enumerate(graph.nodes)) {
    for (const std::string &input : node.inputs)
      if (!input.empty() && !made.contains(input) && !known.contains(input))
        return error(describe(node, index) + ": reads " + quoted(input) +
                     (later.contains(input) ? ", which is made behind it: the graph is not sorted, or has a cycle"
                                            : ", which nothing makes"));
    for (const std::string &output : node.outputs)
      if (!output.empty() && (known.contains(output) || !made.insert(output).second))
        return error(describe(node, index) + ": makes " + quoted(output) + ", which is there already");
  }
  return true;
}

//===-- Inputs ---------------------------------------------------------------------------------------------------===//

void GraphImport::begin() {
  netName = identifier(llvm::sys::path::stem(request.fileName), "net");
  builder.setInsertionPointToEnd(module.getBody());
  auto loc = NameLoc::get(builder.getStringAttr(netName));
  function = func::FuncOp::create(builder, loc, netName, builder.getFunctionType({}, {}));
  function->setAttr("weft.net", builder.getUnitAttr());
  Block &body = function.getBody().emplaceBlock();
  // Weights stand first, in front of an operation that goes away at the end.
  builder.setInsertionPointToEnd(&body);
  auto mark = ModuleOp::create(builder, loc);
  weights.setInsertionPoint(mark);
}

bool GraphImport::initialisers(const Graph &graph) {
  for (const Tensor &tensor : graph.initialisers) {
    Known entry;
    entry.stored = &tensor;
    entry.folded = Folded::of(tensor);
    if (!known.insert({tensor.name, std::move(entry)}).second)
      return error("a second initialiser " + quoted(tensor.name));
  }
  return true;
}

/// What `--set` calls a dimension that is open.
static std::string dimName(const Port &port, size_t i) {
  const Dim &dim = port.dims[i];
  return dim.extent >= 0 ? std::to_string(dim.extent) : printable(dim.name.empty() ? port.name + "." + std::to_string(i) : dim.name);
}

static SmallVector<std::string> dimNames(const Port &port) {
  return llvm::map_to_vector(llvm::seq(port.dims.size()), [&](size_t i) { return dimName(port, i); });
}

/// Whether what the graph says of an initialiser's shape is so; it may say nothing.
static bool describes(const Port &port, const Tensor &tensor) {
  auto isSo = [](auto pair) { return std::get<0>(pair).extent < 0 || std::get<0>(pair).extent == std::get<1>(pair); };
  return !port.hasShape || (port.dims.size() == tensor.dims.size() && llvm::all_of(llvm::zip(port.dims, tensor.dims), isSo));
}

bool GraphImport::ports() {
  for (const Port &input : graph.inputs) {
    if (auto found = known.find(input.name); found != known.end()) {
      const Tensor *stored = found->second.stored; // the old form: every initialiser is an input too
      if (!stored)
        return error("a second input " + quoted(input.name));
      if (!describes(input, *stored))
        return error("input " + quoted(input.name) + " is [" + llvm::join(dimNames(input), ", ") + "], its initialiser " +
                     spell(stored->dims));
      continue;
    }
    std::optional<bool> isFixed = fixedInput(input);
    if (!isFixed || (!*isFixed && !port(input)))
      return false;
  }
  return checkExtents();
}

/// Whether `--set` gives the only element of an input, which is a constant then: a sample rate, a threshold. Nothing after an error.
std::optional<bool> GraphImport::fixedInput(const Port &port) {
  auto isOne = [](const Dim &dim) { return dim.extent == 1; };
  const bool isWhole = port.type == Int64 || port.type == Int32, isNumber = isWhole || port.type == Float || port.type == Double;
  if (!port.isTensor || !port.hasShape || !isNumber || !llvm::all_of(port.dims, isOne))
    return false;
  for (const auto &[name, value] : llvm::reverse(request.settings)) {
    if (name != port.name)
      continue;
    Folded number{port.type, Ints(port.dims.size(), 1), {}, {}};
    int64_t whole = 0;
    double real = 0;
    if (isWhole ? StringRef(value).getAsInteger(10, whole) || (port.type == Int32 && whole != int32_t(whole)) : StringRef(value).getAsDouble(real))
      return error("`--set " + printable(name) + "=" + printable(value) + "`: input " + quoted(name) + " is " + (isWhole ? "a whole number" : "a number")),
             std::nullopt;
    if (isWhole)
      number.ints.push_back(whole);
    else
      number.reals.push_back(real);
    known[port.name].folded = std::move(number);
    settingsTaken.insert(name);
    return true;
  }
  return false;
}

std::optional<int64_t> GraphImport::extent(const Port &port, size_t index) {
  const Dim &dim = port.dims[index];
  std::string place = port.name + "." + std::to_string(index);
  if (dim.extent >= 0)
    return dim.extent;
  for (const auto &[name, value] : llvm::reverse(request.settings)) {
    if (name != place && (dim.name.empty() || name != dim.name))
      continue;
    int64_t extent;
    if (StringRef(value).getAsInteger(10, extent) || extent < 1 || extent > largestExtent)
      return error("`--set " + printable(name) + "=" + printable(value) + "`: a dimension is a positive integer below 2^31"),
             std::nullopt;
    if (settingsTaken.insert(name).second && name == dim.name)
      usedSettings.push_back(builder.getNamedAttr(identifier(name, "size"), builder.getI64IntegerAttr(extent)));
    return extent;
  }
  if (std::string name = dimName(port, index); !llvm::is_contained(openDims, name))
    openDims.push_back(std::move(name));
  return 1; // the import ends behind the inputs
}

/// All at once: whoever adds one option after the other has to be told as often.
bool GraphImport::checkExtents() {
  std::string shapes, options;
  for (const Port &port : graph.inputs) {
    SmallVector<std::string> names = dimNames(port);
    if (llvm::any_of(names, [&](const std::string &name) { return llvm::is_contained(openDims, name); }))
      shapes += (shapes.empty() ? "input " : ", input ") + quoted(port.name) + " is [" + llvm::join(names, ", ") + "]";
  }
  for (const std::string &name : openDims)
    options += " --set " + name + "=...";
  std::string others;
  for (const auto &[name, value] : request.settings)
    if (!settingsTaken.contains(name))
      others += "; `--set " + printable(name) + "` is none of them";
  return openDims.empty() || error(shapes + "; give its open dimensions with `" + options.substr(1) + "`" + others);
}

bool GraphImport::port(const Port &port) {
  bool isQuantised = port.type == Int8 || port.type == UInt8, isTruth = port.type == Bool;
  Type element = isReal(port.type) || isQuantised || isTruth ? Type(builder.getF32Type())
                 : port.type == Int32 ? Type(builder.getI32Type())
                 : port.type == Int64 ? Type(builder.getI64Type())
                                      : Type();
  if (!port.isTensor || !port.hasShape)
    return error("input " + quoted(port.name) + " is " + (port.isTensor ? "a tensor without a shape" : "no tensor"));
  if (!element)
    return error("input " + quoted(port.name) + " is " + nameOf(port.type) +
                 "; float, double, float16, bfloat16, int8, uint8, int32, int64 and bool are supported");
  if (port.dims.size() > maxRank)
    return error("input " + quoted(port.name) + " has " + Twine(port.dims.size()) +
                 " dimensions; at most 6 are supported");
  Ints shape;
  SmallVector<StringRef> texts;
  SmallVector<std::string> stored;
  int64_t elements = 1;
  for (size_t i = 0; i < port.dims.size(); ++i) {
    std::optional<int64_t> value = extent(port, i);
    if (!value)
      return false;
    if (*value < 0 || *value > largestExtent || llvm::MulOverflow(elements, *value, elements) ||
        elements > mostElements)
      return error("input " + quoted(port.name) + ": dimension " + Twine(i) + " is " + Twine(*value) +
                   "; extents are below 2^31, and a tensor has at most 2^40 elements");
    shape.push_back(*value);
    stored.push_back(port.dims[i].extent >= 0 || port.dims[i].name.empty() ? std::to_string(*value)
                                                                           : identifier(port.dims[i].name, "size"));
  }
  for (const std::string &text : stored)
    texts.push_back(text);
  std::string name = unique(identifier(port.name, "input"));
  auto attributes = builder.getDictionaryAttr({builder.getNamedAttr("weft.name", builder.getStringAttr(name)),
                                               builder.getNamedAttr("weft.dims", builder.getStrArrayAttr(texts))});
  unsigned index = function.getNumArguments();
  if (failed(function.insertArgument(index, RankedTensorType::get(shape, element), attributes,
                                     NameLoc::get(builder.getStringAttr(name)))))
    llvm_unreachable("arguments are added at the end");
  known[port.name].value = function.getArgument(index);
  known[port.name].quantised = isQuantised ? port.type : int32_t(Undefined);
  known[port.name].isTruth = isTruth;
  if (hasNoElements(shape)) // nothing left to know
    known[port.name].folded = Folded::empty(port.type, shape);
  return true;
}

bool GraphImport::checkSettings() {
  for (const auto &[name, value] : request.settings)
    if (!settingsTaken.contains(name))
      return error("`--set " + printable(name) + "`: no dimension of an input is open and called so, nor an input of one number");
  return true;
}

//===-- Nodes ----------------------------------------------------------------------------------------------------===//

bool GraphImport::nodes(const Graph &graph) {
  for (auto [index, node] : llvm::enumerate(graph.nodes)) {
    if (std::string why = whyUnlikeStandard(node); !why.empty())
      return error(describe(node, index) + ": " + why);
    if (!(node.op == "Constant" ? constantNode(node, index)
          : node.op == "If"     ? branchNode(node, index)
                                : importNode(node, index)))
      return false;
  }
  return true;
}

/// `If`: exporters ask questions about shapes, so the branch is taken now. Its names end with it.
bool GraphImport::branchNode(const Node &node, size_t index) {
  std::string place = describe(node, index) + ": ";
  auto condition = node.inputs.size() == 1 ? known.find(node.inputs.front()) : known.end();
  if (condition == known.end() || !condition->second.folded || condition->second.folded->size() != 1)
    return error(place + "its condition must be known when compiling; here it is computed while running (`--set` gives an input of one number)");
  StringRef wanted = condition->second.folded->asReal(0) != 0 ? "then_branch" : "else_branch";
  auto attribute = llvm::find_if(node.attributes, [&](const auto &attribute) { return attribute.name == wanted; });
  if (attribute == node.attributes.end() || !attribute->graph)
    return error(place + "has no `" + wanted + "`");
  const Graph &branch = *attribute->graph;
  if (branch.outputs.size() != node.outputs.size())
    return error(place + "has " + Twine(node.outputs.size()) + " results, its `" + wanted + "` has " + Twine(branch.outputs.size()));
  if (!checkOperations(branch) || !checkOrder(branch) || !initialisers(branch) || !nodes(branch))
    return false;
  std::vector<Known> results;
  for (const Port &port : branch.outputs) {
    auto found = known.find(port.name);
    if (found == known.end())
      return error(place + "nothing makes the result " + quoted(port.name) + " of its `" + wanted + "`");
    results.push_back(found->second);
  }
  for (const Tensor &tensor : branch.initialisers)
    known.erase(tensor.name);
  for (const Node &inner : branch.nodes)
    for (const std::string &output : inner.outputs)
      known.erase(output);
  for (auto [name, result] : llvm::zip_equal(node.outputs, results))
    if (!name.empty())
      known[name] = std::move(result);
  return true;
}

bool GraphImport::importNode(const Node &node, size_t index) {
  std::string path = plainName(node.name.empty() ? (node.outputs.empty() ? "" : node.outputs.front()) : node.name,
                               "node" + std::to_string(index));
  NodeImport import(node, model.opset, known, builder, weights, NameLoc::get(builder.getStringAttr(path)), budget);
  if (!foldNode(import) && !import.failed()) {
    auto row = table.find(node.op);
    if (row == table.end())
      import.fail("is supported only where its inputs are known when compiling");
    else
      row->second(import);
  }
  for (const std::string &output : node.outputs)
    if (!import.failed() && !output.empty() && !known.count(output))
      import.fail("its result " + quoted(output) + " is not supported");
  bool isKnown = import.failed() || node.outputs.empty() || !known[node.outputs[0]].value;
  if (std::optional<int64_t> partial = isKnown ? std::nullopt : partialResult(import))
    for (const std::string &output : node.outputs)
      known[output].partial = partial;
  return !import.failed() || error(describe(node, index) + ": " + import.error());
}

bool GraphImport::constantNode(const Node &node, size_t index) {
  std::string place = describe(node, index) + ": ";
  if (node.outputs.size() != 1 || node.attributes.size() != 1)
    return error(place + "has one result and one value");
  const onnxfile::Attribute &value = node.attributes.front();
  Known entry;
  if (value.name == "value" && value.tensor) {
    entry.stored = &*value.tensor;
    entry.folded = Folded::of(*value.tensor);
  } else if (value.name == "value_float" && value.kind == onnxfile::Attribute::Float) {
    entry.folded = Folded::real(value.f);
  } else if (value.name == "value_int" && value.kind == onnxfile::Attribute::Int) {
    entry.folded = Folded::integer(value.i);
  } else if (value.name == "value_ints" && value.kind == onnxfile::Attribute::Ints) {
    entry.folded = Folded::integers(value.ints);
  } else if (value.name == "value_floats" && value.kind == onnxfile::Attribute::Floats) {
    entry.folded = Folded{Float, {int64_t(value.floats.size())}, {}, {value.floats.begin(), value.floats.end()}};
  } else {
    return error(place + "its " + quoted(value.name) + " is not supported");
  }
  known[node.outputs.front()] = std::move(entry);
  return true;
}

//===-- Results --------------------------------------------------------------------------------------------------===//

bool GraphImport::results() {
  SmallVector<Value> values;
  SmallVector<DictionaryAttr> attributes;
  portNames.clear(); // a result may be called as an input
  for (const Port &port : graph.outputs)
    if (request.outputs.empty() || llvm::is_contained(request.outputs, port.name))
      if (!result(port, values, attributes))
        return false;
  func::ReturnOp::create(builder, function.getLoc(), values);
  function.setType(builder.getFunctionType(function.getArgumentTypes(), ValueRange(values).getTypes()));
  for (auto [i, dictionary] : llvm::enumerate(attributes))
    function.setResultAttrs(i, dictionary);
  return innerResults();
}

/// Names in `--outputs` that are no results: tensors of the file, or operations by their path.
bool GraphImport::innerResults() {
  std::optional<Paths> paths;
  SmallVector<std::pair<std::string, Value>> found; // all looked up before one is added: results are readers
  for (const std::string &name : request.outputs) {
    if (llvm::any_of(graph.outputs, [&](const Port &port) { return port.name == name; }))
      continue;
    auto tensor = known.find(name);
    Value value = tensor == known.end() ? Value() : tensor->second.value;
    std::string why = "does not depend on any input";
    if (value && tensor->second.partial)
      return error("`--outputs`: " + quoted(name) + " " + countedByData);
    if (!value) {
      SmallVector<StringRef> results;
      for (const Port &port : graph.outputs)
        results.push_back(port.name);
      if (!paths)
        paths.emplace(function.getBody().front());
      value = paths->find(name, results, why);
    }
    if (!value || isRecipe(value) || isa<BlockArgument>(value))
      return error("`--outputs`: " + quoted(name) + " " + why);
    found.emplace_back(unique(plainName(name, "output")), value);
  }
  for (auto &[name, value] : found)
    addResult(function, name, value);
  return true;
}

/// Says that a result has not the shape the file declares. Where dimensions are open a file may declare what held for others.
void GraphImport::warnOfShape(const Port &port, ArrayRef<int64_t> shape) {
  bool isFixed = port.isTensor && port.hasShape && llvm::all_of(port.dims, [](const Dim &dim) { return dim.extent >= 0; });
  Ints declared;
  for (const Dim &dim : port.dims)
    declared.push_back(dim.extent);
  if (isFixed && usedSettings.empty() && ArrayRef<int64_t>(declared) != shape)
    errors << printable(request.fileName, 200) << ": warning: the result " << quoted(port.name) << " is declared as " << spell(declared) << "; its shape is "
           << spell(shape) << "\n";
}

bool GraphImport::result(const Port &port, SmallVectorImpl<Value> &values,
                         SmallVectorImpl<DictionaryAttr> &attributes) {
  auto found = known.find(port.name);
  if (found == known.end())
    return error("nothing makes the result " + quoted(port.name));
  onnxfile::Node reader; // a result may be a tensor of the file, or numbers computed here
  reader.inputs = {port.name};
  NodeImport import(reader, model.opset, known, builder, weights, function.getLoc(), budget);
  Value value = import.tensor(0);
  if (value && found->second.partial)
    return error("the result " + quoted(port.name) + " " + countedByData);
  if (!value)
    return error("the result " + quoted(port.name) + ": " + import.error());
  warnOfShape(port, shapeOf(value));
  SmallVector<std::string> stored;
  SmallVector<StringRef> texts;
  for (int64_t extent : shapeOf(value))
    stored.push_back(std::to_string(extent));
  for (const std::string &text : stored)
    texts.push_back(text);
  std::string name = unique(identifier(port.name, "output"));
  values.push_back(value);
  attributes.push_back(builder.getDictionaryAttr({builder.getNamedAttr("weft.name", builder.getStringAttr(name)),
                                                  builder.getNamedAttr("weft.dims", builder.getStrArrayAttr(texts))}));
  return true;
}

/// What no result needs is left out, and with it the mark behind the weights.
void GraphImport::dropUnused() {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
    if (op.use_empty() && !op.hasTrait<OpTrait::IsTerminator>())
      op.erase();
}

void GraphImport::finish() {
  module->setAttr("weft.phase", builder.getStringAttr("parse"));
  module->setAttr("weft.name", builder.getStringAttr(netName));
  module->setAttr("weft.settings", builder.getDictionaryAttr(usedSettings));
  module->setAttr("weft.bounds", builder.getDictionaryAttr({}));
}

} // namespace

std::vector<std::pair<std::string, std::string>> weft::onnxOperations() {
  ConversionTable table = conversions();
  std::vector<std::pair<std::string, std::string>> operations;
  for (auto [op, attributes] : standardOperations())
    if (isRead(op, table))
      operations.emplace_back(op, attributes);
  return operations;
}

OwningOpRef<ModuleOp> weft::importOnnx(const OnnxRequest &request, MLIRContext &context, llvm::raw_ostream &errors) {
  context.loadDialect<WeftDialect, func::FuncDialect>();
  Model model;
  std::string why;
  bool isRead = readModel(request.fileName, model, why);
  for (const std::string &file : model.externalFiles)
    keepFromOutputs(file);
  if (!isRead) {
    errors << printable(request.fileName, 200) << ": error: " << printable(why, 500) << "\n";
    return nullptr;
  }
  namePaths(model);
  dropBehind(model.graph, request.outputs);
  dropUnread(model.graph, request.outputs);
  return GraphImport(request, model, context, errors).run();
}
