// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Dimensions: what types of parameters bind and check, and what the dimensions of a result are called.
#include "frontends/Weft/Evaluator.h"
#include "frontends/Weft/Printer.h"

#include "dialects/Weft/Weft.h"

using namespace weft;
using namespace weft::language;
using llvm::StringRef;
using llvm::Twine;

Value Evaluator::valueOf(const Dim &dim) const {
  return dim.isKnown() ? Value::number(dim.extent) : Value::size(dim.size.empty() ? StringRef("?") : dim.size);
}

bool Evaluator::dimOf(const Value &value, Dim &dim) const {
  dim = {};
  if (value.is(Value::Kind::Int))
    dim.extent = value.asInt();
  else if (value.is(Value::Kind::Size))
    dim.size = value.asString();
  else
    return false;
  return true;
}

//===-- Types of parameters
//-----------------------------------------------------------------------------------------===//

bool Evaluator::unify(const Type &type, const Value &value, Scope &names, TextRange place, StringRef what) {
  if (value.isError())
    return false;
  if (type.isGraph && value.is(Value::Kind::Graph))
    return unifyGraph(type, value.asGraph(), names, place, what);
  if (!type.isGraph && value.isTensor())
    return unifyTensor(type, value.asTensor(), names, place, what);
  report(place, what + " is to be " + (type.isGraph ? "a graph" : "a tensor " + type.range.text()) + ", not " +
                    describe(value))
      .note(type.range, "declared here");
  return false;
}

bool Evaluator::unifyTensor(const Type &type, const Tensor &tensor, Scope &names, TextRange place, StringRef what) {
  auto tensorType = llvm::cast<mlir::RankedTensorType>(tensor.value.getType());
  if (!type.element.text.empty()) {
    mlir::Type element = elementType(type.element, /*forPort=*/false);
    if (!element)
      return false;
    if (element != tensorType.getElementType()) {
      report(place, what + " is to be of " + type.element.text + ", not " + spellTensor(tensor))
          .note(type.range, "declared here");
      return false;
    }
  }
  if (type.dims.size() != tensor.dims.size()) {
    report(place, what + " is to have " + Twine(type.dims.size()) + " dimensions, as in " + type.range.text() +
                      ", but is " + spellTensor(tensor))
        .note(type.range, "declared here");
    return false;
  }
  bool fine = true;
  auto in = [&] { return what.str() + " = " + spellTensor(tensor); };
  for (auto [expr, dim] : llvm::zip(type.dims, tensor.dims))
    fine &= unifyDim(*expr, dim, names, place, in);
  if (!fine)
    return false;
  // Inside the block the dimensions go by the names of its signature.
  llvm::SmallVector<Dim> named(tensor.dims);
  for (auto [expr, dim] : llvm::zip(type.dims, named))
    if (const auto *name = llvm::dyn_cast<NameExpr>(expr))
      dim.name = name->name;
  if (what.size() > 2)
    if (auto binding = names.names.find(what.drop_front().drop_back()); binding != names.names.end())
      binding->second.value = Value::tensor(makeTensor(tensor.value, named, tensor.perEdge));
  return true;
}

bool Evaluator::unifyGraph(const Type &type, const Graph &graph, Scope &names, TextRange place, StringRef what) {
  bool bipartite = type.dims.size() == 3;
  auto in = [&] {
    return what.str() + " = graph[" + spell(graph.destinations) + ", " + spell(graph.sources) + ", " +
           spell(graph.edges) + "]";
  };
  bool fine = unifyDim(*type.dims.front(), graph.destinations, names, place, in);
  fine &= unifyDim(*type.dims[bipartite ? 1 : 0], graph.sources, names, place, in);
  fine &= unifyDim(*type.dims.back(), graph.edges, names, place, in);
  for (const EdgeFeature &feature : type.features) {
    const auto *found =
        llvm::find_if(graph.features, [&](const EdgeTensor &have) { return have.name == feature.name.text; });
    if (found == graph.features.end()) {
      report(place, what + " is to have `edge." + feature.name.text + "` on its edges, and has not")
          .note(feature.name.range, "declared here");
      fine = false;
    } else if (feature.type->hasDims && feature.type->dims.size() + 1 != found->tensor->dims.size()) {
      report(place, "`edge." + feature.name.text + "` is to be " + feature.type->range.text() + " on each edge, not " +
                        spellTensor(*found->tensor))
          .note(feature.type->range, "declared here");
      fine = false;
    } else {
      for (auto [expr, dim] : llvm::zip(feature.type->dims, found->tensor->dims.drop_front()))
        fine &= unifyDim(*expr, dim, names, place, [&] { return "`edge." + feature.name.text.str() + "`"; });
    }
  }
  return fine;
}

/// A name not bound yet is bound; anything else must be equal.
bool Evaluator::unifyDim(const Expr &expr, const Dim &dim, Scope &names, TextRange place,
                         llvm::function_ref<std::string()> what) {
  const auto *name = llvm::dyn_cast<NameExpr>(&expr);
  if (name && name->name == "_")
    return true;
  Binding *bound = name ? names.find(name->name) : nullptr;
  if (name && !bound && !entity(name->name)) {
    names.names[name->name] = {valueOf(dim), place};
    return true;
  }
  Restore<Scope *> restore(scope, &names);
  Value wanted = evaluate(expr);
  Dim other;
  if (wanted.isError())
    return false;
  if (!dimOf(wanted, other)) {
    report(expr.range, "a dimension is an integer; this is " + describe(wanted));
    return false;
  }
  bool unknown = (!dim.isKnown() && dim.size.empty()) || other.size == "?" || dim.size == "?";
  if (unknown || (dim.isKnown() ? dim.extent == other.extent : dim.size == other.size))
    return true;
  std::string text = printExpr(expr);
  auto &line = report(place, (name ? "dimension `" + text + "`" : "the dimension " + text) + " is " + spell(other) +
                                 ", but " + spell(dim) + " in " + what());
  if (bound)
    line.note(bound->place, "`" + text + "` is " + spell(other) + " from here");
  else
    line.note(expr.range, "wanted here");
  return false;
}

mlir::Type Evaluator::elementType(const Name &name, bool forPort) {
  StringRef text = name.text;
  if (text.empty() || text == "f32")
    return builder.getF32Type();
  if (text == "i32")
    return builder.getI32Type();
  if (text == "i64")
    return builder.getI64Type();
  if (text == "u8")
    return builder.getIntegerType(8, /*isSigned=*/false);
  for (StringRef later : {"f16", "bf16", "f64", "i8", "bool"})
    if (text == later) {
      report(name.range, "`" + text + "` is not yet supported; there are `f32`, `i32`, `i64` and `u8`");
      return {};
    }
  report(name.range, "unknown number type `" + printable(text) + "`" +
                         didYouMean(text, {"f32", "i32", "i64", "u8", "f16", "bf16", "f64"}));
  return {};
}

//===-- Names of the dimensions of results
//--------------------------------------------------------------------------===//

static llvm::ArrayRef<StringRef> imageNames(size_t rank) {
  static const StringRef line[] = {"N", "C", "W"}, image[] = {"N", "C", "H", "W"}, volume[] = {"N", "C", "D", "H", "W"};
  switch (rank) {
  case 3:
    return line;
  case 4:
    return image;
  case 5:
    return volume;
  default:
    return {};
  }
}

static bool makesImages(StringRef op) {
  for (StringRef known :
       {"conv", "conv_transpose", "maxpool", "avgpool", "global_avgpool", "global_maxpool", "adaptive_avgpool", "lrn",
        "upsample", "batchnorm", "groupnorm", "instancenorm", "channelnorm", "image_input", "channel_shuffle",
        "depth_to_space", "resample"})
    if (op == known)
      return true;
  return false;
}

static bool losesNames(StringRef op) {
  return op == "reshape" || op == "transpose" || op == "expand" || op == "gather" || op == "matmul";
}

/// The run-time size that dimension `i` of a result is: that of the same dimension of an operand, or the only one there
/// is.
static StringRef sizeOf(size_t i, size_t rank, llvm::ArrayRef<const Tensor *> operands) {
  StringRef only;
  bool several = false;
  for (const Tensor *operand : operands)
    for (const Dim &dim : operand->dims)
      if (!dim.isKnown()) {
        several |= !only.empty() && only != dim.size;
        only = dim.size;
      }
  if (!several)
    return only;
  for (const Tensor *operand : operands)
    if (operand->dims.size() == rank && !operand->dims[i].isKnown())
      return operand->dims[i].size;
  return {};
}

/// `gather` has the dimensions of its indices in the place of the one they pick from.
static llvm::SmallVector<Dim> gatheredDims(GatherOp gather, llvm::ArrayRef<const Tensor *> operands) {
  auto dimsOf = [&](mlir::Value value) {
    return (*llvm::find_if(operands, [&](const Tensor *operand) { return operand->value == value; }))->dims;
  };
  llvm::ArrayRef<Dim> rows = dimsOf(gather.getX()), indices = dimsOf(gather.getIndices());
  llvm::SmallVector<Dim> dims(rows.take_front(gather.getAxis()));
  llvm::append_range(dims, indices);
  llvm::append_range(dims, rows.drop_front(gather.getAxis() + 1));
  return dims;
}

Value Evaluator::nameDims(StringRef op, llvm::ArrayRef<const Tensor *> operands, mlir::Value result) {
  auto type = llvm::cast<mlir::RankedTensorType>(result.getType());
  llvm::SmallVector<Dim> dims;
  size_t rank = type.getRank();
  const Tensor *like = nullptr;
  for (const Tensor *operand : operands)
    if (!like && operand->dims.size() == rank)
      like = operand;
  auto gather = op == "gather" ? result.getDefiningOp<GatherOp>() : GatherOp();
  llvm::SmallVector<Dim> gathered = gather ? gatheredDims(gather, operands) : llvm::SmallVector<Dim>();
  llvm::ArrayRef<StringRef> image = makesImages(op) ? imageNames(rank) : llvm::ArrayRef<StringRef>();
  for (size_t i = 0; i < rank; ++i) {
    Dim dim;
    dim.extent = type.getDimSize(i);
    if (!dim.isKnown())
      dim.size = gather ? gathered[i].size : sizeOf(i, rank, operands);
    if (!image.empty())
      dim.name = image[i];
    else if (like && !losesNames(op))
      dim.name = like->dims[i].name;
    // What linear and flatten make of the last dimension are channels again.
    if (i + 1 == rank && (op == "linear" || (op == "flatten" && rank == 2)))
      dim.name = "C";
    if (i == 0 && op == "flatten" && rank == 2 && !operands.empty() && !operands[0]->dims.empty())
      dim.name = operands[0]->dims[0].name;
    dims.push_back(dim);
  }
  const Graph *perEdge = like && !losesNames(op) ? like->perEdge : nullptr;
  return Value::tensor(makeTensor(result, dims, perEdge));
}

bool Evaluator::broadcastable(const Tensor &a, const Tensor &b, StringRef verb, TextRange opRange, TextRange leftRange,
                              TextRange rightRange) {
  size_t common = std::min(a.dims.size(), b.dims.size());
  for (size_t i = 1; i <= common; ++i) {
    const Dim &left = a.dims[a.dims.size() - i], &right = b.dims[b.dims.size() - i];
    bool differ =
        left.isKnown() && right.isKnown()     ? left.extent != right.extent && left.extent != 1 && right.extent != 1
        : !left.isKnown() && !right.isKnown() ? !left.size.empty() && !right.size.empty() && left.size != right.size
                                              : (left.isKnown() ? left.extent : right.extent) != 1;
    if (!differ)
      continue;
    const Tensor &longer = a.dims.size() >= b.dims.size() ? a : b;
    StringRef name = longer.dims[longer.dims.size() - i].name;
    std::string which = name.empty() ? dimensionName(longer.dims.size(), longer.dims.size() - i) : name.str();
    StringRef doing = verb == "sub" ? "subtract" : verb == "mul" ? "multiply" : verb == "div" ? "divide" : "add";
    report(opRange,
           "cannot " + doing + " " + spellTensor(a) + " and " + spellTensor(b) + ": dimension " + which + " differs")
        .note(leftRange, "the left side comes from here")
        .note(rightRange, "the right side comes from here");
    return false;
  }
  return true;
}
