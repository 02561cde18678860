// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Inside of the import: the values of a graph by name, one node at a time, and the means the conversions use. A failure
// is kept once and makes every later call on the node answer null, so that conversions need few checks.
#pragma once

#include "dialects/Weft/Weft.h"
#include "frontends/Onnx/Folded.h"
#include "frontends/Onnx/Schema/Model.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

#include <functional>
#include <optional>

namespace weft::onnxfile {

using Operands = llvm::SmallVector<mlir::Value>;

/// What a name of the graph stands for: a value of the network, a tensor of the file, numbers known now. Several at
/// once where one has been made from another.
struct Known {
  mlir::Value value;
  const Tensor *stored = nullptr;
  std::optional<Folded> folded;
  int32_t quantised = Undefined; ///< `value` holds floats that stand for integers of this type
  bool isTruth = false;          ///< `value` stands for a tensor of bool: floats that are 0 or 1
  /// Along this dimension some elements do not exist: they keep their places, and indices there are `nowhere`.
  std::optional<int64_t> partial;
};

/// The index of an element that does not exist. Scattering leaves out what it puts there.
constexpr int64_t nowhere = -(int64_t(1) << 30);

/// Letters, digits, `_` and `.`; everything else becomes `_`. Names of files may come near these.
std::string plainName(llvm::StringRef name, llvm::StringRef otherwise);
/// Leaves the nodes that `outputs` need, where each is a tensor that a node makes: what is behind them may be anything.
void dropBehind(Graph &graph, llvm::ArrayRef<std::string> outputs);
/// Results nobody reads (masks of Dropout, indices of MaxPool) are as if they had not been asked for; `outputs` are read.
void dropUnread(Graph &graph, llvm::ArrayRef<std::string> outputs);
/// Gives each initialiser and each tensor of a `Constant` node the path under which weight files hold it: its name as far
/// as a path may hold it, `initialiser.INDEX` where that is nothing or another's. Those of branches come last.
void namePaths(Model &model);
/// Calls `visit` with each tensor that has a path.
void forEachStored(const Graph &graph, llvm::function_ref<void(const Tensor &)> visit);

/// What the node has and the standard does not let its operation have; empty where there is nothing.
std::string whyUnlikeStandard(const Node &node);

/// The standard's operations, sorted, with the attributes of each.
std::vector<std::pair<llvm::StringRef, llvm::StringRef>> standardOperations();

/// A node being imported.
class NodeImport {
public:
  /// `budget`: how many elements the import may still compute.
  NodeImport(const Node &node, int64_t opset, llvm::StringMap<Known> &known, mlir::OpBuilder &builder,
             mlir::OpBuilder &weights, mlir::Location loc, int64_t &budget)
      : node(node), opset(opset), known(known), builder(builder), weights(weights), loc(loc), budget(budget) {}

  // Failures.
  void fail(const llvm::Twine &text) {
    if (reason.empty())
      reason = text.str();
  }
  bool failed() const { return !reason.empty(); }
  /// Takes `elements` from what the import may still compute.
  bool mayCompute(int64_t elements) { return (budget -= elements) >= 0; }
  const std::string &error() const { return reason; }

  // Inputs.
  size_t inputs() const { return node.inputs.size(); }
  bool has(size_t i) const { return i < node.inputs.size() && !node.inputs[i].empty(); }
  /// The input as a value of the network: weights and constants are made on first use. Null after a failure.
  mlir::Value tensor(size_t i);
  /// The same for a tensor of floats.
  mlir::Value floats(size_t i);
  /// The same for a tensor of bool: floats that are 0 or 1.
  mlir::Value truths(size_t i);
  /// Integers of a quantised tensor, or of one of the file, as floats.
  mlir::Value quantised(size_t i);
  /// The input's numbers where they are known now and few.
  const Folded *folded(size_t i);
  /// The same; a failure naming `what` where they are not.
  const Folded *numbers(size_t i, llvm::StringRef what);
  /// Whether all elements of the input are known to be one number: that.
  std::optional<double> uniform(size_t i);
  /// Known integers.
  std::optional<Ints> ints(size_t i, llvm::StringRef what);
  /// Shape and element type, without making the value.
  std::optional<Ints> shape(size_t i);
  int32_t elementType(size_t i);
  /// The dimension along which some of its elements do not exist.
  std::optional<int64_t> partial(size_t i) { return has(i) ? known.find(node.inputs[i])->second.partial : std::nullopt; }

  // Attributes.
  const Attribute *attribute(llvm::StringRef name, Attribute::Kind kind);
  int64_t integer(llvm::StringRef name, int64_t otherwise);
  double real(llvm::StringRef name, double otherwise);
  std::string word(llvm::StringRef name, llvm::StringRef otherwise);
  std::optional<Ints> integers(llvm::StringRef name);
  std::optional<std::vector<std::string>> words(llvm::StringRef name);
  /// Integers that are an input, and were an attribute in older operation sets.
  std::optional<Ints> intsOf(llvm::StringRef name, size_t input, llvm::StringRef what);
  /// An axis counted from the end if negative; 0 after a failure.
  int64_t axis(int64_t value, int64_t rank);

  // Results.
  /// Bool where an input read with `tensor` is.
  void define(size_t i, mlir::Value value);
  void defineTruth(size_t i, mlir::Value value);
  void defineNumbers(size_t i, mlir::Value value);
  void defineQuantised(size_t i, mlir::Value value, int32_t type);
  void define(size_t i, Folded value);
  /// Of the first result, once it is defined.
  llvm::ArrayRef<int64_t> resultShape();
  bool wanted(size_t i) const { return i < node.outputs.size() && !node.outputs[i].empty(); }
  /// Fails where a result beyond the first `count` is used.
  void onlyResults(size_t count);

  // Making operations; null operands and failures give null.
  Operands makeAll(llvm::StringRef op, mlir::ValueRange operands, llvm::ArrayRef<mlir::NamedAttribute> attributes = {});
  mlir::Value make(llvm::StringRef op, mlir::ValueRange operands,
                   llvm::ArrayRef<mlir::NamedAttribute> attributes = {}) {
    Operands results = makeAll(op, operands, attributes);
    return results.size() == 1 ? results.front() : mlir::Value();
  }
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  mlir::Value expand(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> perm);
  /// Elements `start` up to `stop` along one dimension.
  mlir::Value slice(mlir::Value x, int64_t axis, int64_t start, int64_t stop, int64_t step = 1);
  mlir::Value cast(mlir::Value x, mlir::Type to);
  mlir::Value reduce(llvm::StringRef op, mlir::Value x, llvm::ArrayRef<int64_t> axes, bool keep) {
    return make(op, x, {list("axes", axes), flag("keepdims", keep)});
  }
  mlir::Value constant(const Folded &value);
  mlir::Value scalar(double value) { return constant(Folded::real(value)); }

  mlir::NamedAttribute list(llvm::StringRef name, llvm::ArrayRef<int64_t> values) {
    return builder.getNamedAttr(name, builder.getDenseI64ArrayAttr(values));
  }
  mlir::NamedAttribute number(llvm::StringRef name, int64_t value) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
  }
  mlir::NamedAttribute number(llvm::StringRef name, double value) {
    return builder.getNamedAttr(name, builder.getF64FloatAttr(value));
  }
  mlir::NamedAttribute flag(llvm::StringRef name, bool value) {
    return builder.getNamedAttr(name, builder.getBoolAttr(value));
  }
  mlir::NamedAttribute named(llvm::StringRef name, mlir::Attribute value) { return builder.getNamedAttr(name, value); }
  mlir::MLIRContext *context() { return builder.getContext(); }

  const Node &node;
  const int64_t opset;

private:
  Known *find(size_t i);
  mlir::Value materialise(Known &entry);

  llvm::StringMap<Known> &known;
  mlir::OpBuilder &builder, &weights;
  mlir::Location loc;
  int64_t &budget;
  bool readsTruth = false;
  int32_t movesQuantised = Undefined; ///< type of the integers that the results hold as floats
  std::string reason;
};

inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getShape();
}
inline int64_t rankOf(mlir::Value value) { return shapeOf(value).size(); }
inline int64_t elementCount(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getNumElements();
}
inline mlir::Type elementTypeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

/// 0 to `count` - 1: all dimensions.
inline Ints countUp(int64_t count) { return llvm::to_vector(llvm::seq<int64_t>(0, count)); }

/// A row of the table of operations.
struct Conversion {
  llvm::StringRef op;
  std::function<void(NodeImport &)> import;
};

// The rows of each category, one file each.
std::vector<Conversion> activationConversions();
std::vector<Conversion> arithmeticConversions();
std::vector<Conversion> attentionConversions();
std::vector<Conversion> comparisonConversions();
std::vector<Conversion> convolutionConversions();
std::vector<Conversion> einsumConversions();
std::vector<Conversion> indexConversions();
std::vector<Conversion> matrixConversions();
std::vector<Conversion> poolingConversions();
std::vector<Conversion> normalisationConversions();
std::vector<Conversion> quantisationConversions();
std::vector<Conversion> reductionConversions();
std::vector<Conversion> recurrentConversions();
std::vector<Conversion> regionConversions();
std::vector<Conversion> samplingConversions();
std::vector<Conversion> scatterConversions();
std::vector<Conversion> shapeConversions();
std::vector<Conversion> sortConversions();
std::vector<Conversion> resizeConversions();

/// The dimension of the results along which elements do not exist where that is so for inputs; fails where that would make a
/// difference to those that do.
std::optional<int64_t> partialResult(NodeImport &node);

/// Computes the node now where all it reads is known and small. False where it is not that kind of node.
bool foldNode(NodeImport &node);
/// Whether there is a way to compute the operation now.
bool canFold(llvm::StringRef op);

// What conversions and folds read in the same way; nothing after a failure.

/// A slice, one entry a dimension, within a tensor of the shape it was read for.
struct SliceRange {
  Ints start, stop, step;
  Ints extents() const;
};
std::optional<SliceRange> readSlice(NodeImport &node, llvm::ArrayRef<int64_t> shape);
/// How long the parts are that Split cuts `extent` into.
std::optional<Ints> readSplit(NodeImport &node, int64_t extent);
/// The shape Reshape, Flatten, Squeeze and Unsqueeze give a tensor of `shape`.
std::optional<Ints> newShape(NodeImport &node, llvm::ArrayRef<int64_t> shape);
/// Which dimensions a reduction removes.
struct ReducedAxes {
  Ints axes;
  bool keep = true, nothing = false;
};
std::optional<ReducedAxes> readAxes(NodeImport &node, int64_t rank);

// Windows: shared by convolutions and pooling.
struct WindowShape {
  Ints kernel, stride, pad, dilation;
};
/// Reads strides, pads, dilations and auto_pad of a window of `kernel` over the spatial dimensions of `x`, a value or a
/// shape.
std::optional<WindowShape> readWindow(NodeImport &node, mlir::Value x, llvm::ArrayRef<int64_t> kernel);
std::optional<WindowShape> readWindow(NodeImport &node, llvm::ArrayRef<int64_t> x, llvm::ArrayRef<int64_t> kernel);

} // namespace weft::onnxfile
