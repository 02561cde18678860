// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What conversions call: inputs in the form they want, checked attributes, operations made after inference has agreed.
#include "frontends/Onnx/Importer.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;
using llvm::StringRef;
using llvm::Twine;

static constexpr int64_t largestNumber = (int64_t(1) << 31) - 1;
static constexpr int64_t mostElements = int64_t(1) << 40;
static constexpr size_t maxRank = 6;

//===-- Inputs ---------------------------------------------------------------------------------------------------===//

Known *NodeImport::find(size_t i) {
  if (failed())
    return nullptr;
  if (!has(i)) {
    fail("input " + Twine(i) + " is missing");
    return nullptr;
  }
  return &known.find(node.inputs[i])->second; // the graph's order has been checked
}

/// Operations that compute nothing: integers held as floats go through them.
static bool onlyMoves(StringRef op) {
  return llvm::is_contained({"Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Slice", "Split", "Gather", "Identity", "Expand"}, op);
}

Value NodeImport::tensor(size_t i) {
  Known *entry = find(i);
  Value value = entry ? materialise(*entry) : Value();
  if (value && entry->quantised && i == 0 && onlyMoves(node.op)) {
    movesQuantised = entry->quantised;
    return value;
  }
  if (value && entry->quantised) {
    fail("input " + Twine(i) + " is " + nameOf(entry->quantised) + ", which only DequantizeLinear and Cast read");
    return {};
  }
  readsTruth |= value && entry->isTruth;
  return value;
}

Value NodeImport::floats(size_t i) {
  Known *entry = find(i);
  Value value = entry ? materialise(*entry) : Value();
  if (value && (entry->isTruth || entry->quantised || !elementTypeOf(value).isF32())) {
    fail("input " + Twine(i) + " is " + nameOf(elementType(i)) + "; only float is supported here");
    return {};
  }
  return value;
}

Value NodeImport::truths(size_t i) {
  Known *entry = find(i);
  Value value = entry ? materialise(*entry) : Value();
  if (value && !entry->isTruth) {
    fail("input " + Twine(i) + " is " + nameOf(elementType(i)) + ", not bool");
    return {};
  }
  return value;
}

Value NodeImport::quantised(size_t i) {
  Known *entry = find(i);
  if (!entry || entry->quantised)
    return entry ? entry->value : Value();
  int32_t type = elementType(i);
  if (type != Int8 && type != UInt8 && type != Int32) {
    fail("input " + Twine(i) + " is " + nameOf(type) + "; int8, uint8 and int32 are supported");
    return {};
  }
  if (!entry->stored)
    return cast(materialise(*entry), builder.getF32Type());
  if (entry->stored->dims.size() > maxRank || !entry->stored->elements) {
    fail("tensors have 1 to 6 dimensions, none of extent 0");
    return {};
  }
  auto at = NameLoc::get(builder.getStringAttr(entry->stored->path));
  entry->quantised = type;
  entry->folded.reset();
  return entry->value =
             WeightOp::create(weights, at, RankedTensorType::get(entry->stored->dims, builder.getF32Type()), entry->stored->path);
}

Value NodeImport::materialise(Known &entry) {
  if (entry.value)
    return entry.value;
  if (entry.folded && (entry.folded->size() <= 1 || !entry.stored || !entry.folded->isReal())) {
    entry.isTruth = entry.folded->type == Bool;
    return entry.value = constant(*entry.folded);
  }
  if (!isReal(entry.stored->type)) {
    fail("a constant of " + nameOf(entry.stored->type) + " and " + Twine(entry.stored->elements) +
         " elements is not supported");
    return {};
  }
  if (entry.stored->dims.size() > maxRank || !entry.stored->elements) {
    fail("tensors have 1 to 6 dimensions, none of extent 0");
    return {};
  }
  auto type = RankedTensorType::get(entry.stored->dims, builder.getF32Type());
  auto at = NameLoc::get(builder.getStringAttr(entry.stored->path));
  return entry.value = WeightOp::create(weights, at, type, entry.stored->path);
}

const Folded *NodeImport::folded(size_t i) {
  Known *entry = find(i);
  return entry && entry->folded ? &*entry->folded : nullptr;
}

const Folded *NodeImport::numbers(size_t i, StringRef what) {
  const Folded *value = folded(i);
  if (!value)
    fail(what + " must be known when compiling, with at most 2^22 elements; here it is larger, or computed while running");
  return value;
}

std::optional<double> NodeImport::uniform(size_t i) {
  Known *entry = find(i);
  if (!entry || (!entry->folded && (!entry->stored || !isReal(entry->stored->type) || entry->stored->bytes.empty())))
    return std::nullopt;
  if (entry->folded) {
    const Folded &all = *entry->folded;
    for (int64_t at = 1; at < all.size(); ++at)
      if (all.asReal(at) != all.asReal(0))
        return std::nullopt;
    return all.size() ? std::optional(all.asReal(0)) : std::nullopt;
  }
  std::string_view bytes = entry->stored->bytes;
  size_t step = bytesOf(entry->stored->type);
  if (bytes.substr(step) != bytes.substr(0, bytes.size() - step))
    return std::nullopt;
  Tensor first = *entry->stored;
  first.dims.clear(), first.elements = 1, first.bytes = bytes.substr(0, step);
  return Folded::of(first)->asReal(0);
}

std::optional<Ints> NodeImport::ints(size_t i, StringRef what) {
  const Folded *value = numbers(i, what);
  if (!value)
    return std::nullopt;
  if (value->isReal()) {
    fail(what + " must be integers");
    return std::nullopt;
  }
  return Ints(value->ints.begin(), value->ints.end());
}

std::optional<Ints> NodeImport::shape(size_t i) {
  Known *entry = find(i);
  if (!entry)
    return std::nullopt;
  if (entry->folded)
    return Ints(entry->folded->shape);
  if (entry->value)
    return Ints(shapeOf(entry->value));
  return Ints(entry->stored->dims.begin(), entry->stored->dims.end());
}

int32_t NodeImport::elementType(size_t i) {
  Known *entry = find(i);
  if (!entry)
    return Undefined;
  if (entry->folded)
    return entry->folded->type;
  if (entry->stored)
    return isReal(entry->stored->type) ? int32_t(Float) : entry->stored->type;
  if (entry->quantised)
    return entry->quantised;
  if (entry->isTruth)
    return Bool;
  Type type = llvm::cast<RankedTensorType>(entry->value.getType()).getElementType();
  return type.isF32() ? Float : type.isInteger(32) ? Int32 : type.isInteger(64) ? Int64 : Bool;
}

//===-- Attributes -----------------------------------------------------------------------------------------------===//

const onnxfile::Attribute *NodeImport::attribute(StringRef name, onnxfile::Attribute::Kind kind) {
  for (const onnxfile::Attribute &attribute : node.attributes)
    if (attribute.name == name) {
      if (attribute.kind == kind)
        return &attribute;
      fail("attribute `" + name + "` has another type than the operation's");
    }
  return nullptr;
}

int64_t NodeImport::integer(StringRef name, int64_t otherwise) {
  const onnxfile::Attribute *found = attribute(name, onnxfile::Attribute::Int);
  if (found && (found->i > largestNumber || found->i < -largestNumber)) {
    fail("attribute `" + name + "` is " + Twine(found->i));
    return otherwise;
  }
  return found ? found->i : otherwise;
}

double NodeImport::real(StringRef name, double otherwise) {
  const onnxfile::Attribute *found = attribute(name, onnxfile::Attribute::Float);
  return found ? found->f : otherwise;
}

std::string NodeImport::word(StringRef name, StringRef otherwise) {
  const onnxfile::Attribute *found = attribute(name, onnxfile::Attribute::String);
  return found ? found->s : otherwise.str();
}

std::optional<Ints> NodeImport::integers(StringRef name) {
  const onnxfile::Attribute *found = attribute(name, onnxfile::Attribute::Ints);
  if (!found)
    return std::nullopt;
  for (int64_t value : found->ints)
    if (value > largestNumber || value < -largestNumber) {
      fail("attribute `" + name + "` contains " + Twine(value));
      return std::nullopt;
    }
  return Ints(found->ints.begin(), found->ints.end());
}

std::optional<std::vector<std::string>> NodeImport::words(StringRef name) {
  const onnxfile::Attribute *found = attribute(name, onnxfile::Attribute::Strings);
  return found ? std::optional(found->strings) : std::nullopt;
}

std::optional<Ints> NodeImport::intsOf(StringRef name, size_t input, StringRef what) {
  const onnxfile::Attribute *found = attribute(name, onnxfile::Attribute::Ints);
  return found ? std::optional(Ints(found->ints.begin(), found->ints.end())) : ints(input, what);
}

int64_t NodeImport::axis(int64_t value, int64_t rank) {
  if (value < -rank || value >= rank) {
    fail("axis " + Twine(value) + " of a tensor with " + Twine(rank) + " dimensions");
    return 0;
  }
  return value < 0 ? value + rank : value;
}

//===-- Results --------------------------------------------------------------------------------------------------===//

void NodeImport::define(size_t i, Value value) {
  if (!value || failed())
    return fail("could not be imported");
  if (!wanted(i))
    return;
  Known &entry = known[node.outputs[i]];
  entry.value = value;
  entry.isTruth = readsTruth;
  entry.quantised = movesQuantised;
}

void NodeImport::defineTruth(size_t i, Value value) {
  readsTruth = true;
  define(i, value);
}

void NodeImport::defineNumbers(size_t i, Value value) {
  readsTruth = false;
  define(i, value);
}

void NodeImport::defineQuantised(size_t i, Value value, int32_t type) {
  defineNumbers(i, value);
  if (!failed() && wanted(i))
    known[node.outputs[i]].quantised = type;
}

void NodeImport::define(size_t i, Folded value) {
  if (failed() || !wanted(i))
    return;
  if (!mayCompute(value.size()))
    return fail("computing on constants takes more than 2^27 elements");
  known[node.outputs[i]].folded = std::move(value);
}

ArrayRef<int64_t> NodeImport::resultShape() {
  const Known &result = known.find(node.outputs[0])->second;
  return result.value ? shapeOf(result.value) : ArrayRef<int64_t>(result.folded->shape);
}

void NodeImport::onlyResults(size_t count) {
  for (size_t i = count; i < node.outputs.size(); ++i)
    if (wanted(i))
      fail("its result " + Twine(i) + " is not supported");
}

//===-- Operations -----------------------------------------------------------------------------------------------===//

/// Runs `f`, and keeps the first error it reports as the reason.
template <typename F> static bool listen(MLIRContext *context, std::string &reason, F f) {
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    if (reason.empty())
      reason = diagnostic.str();
    return success();
  });
  return succeeded(f());
}

static LogicalResult inferTypes(OperationState &state, SmallVectorImpl<Type> &types) {
  Operation *probe = Operation::create(state);
  auto inference = llvm::dyn_cast<InferTypeOpInterface>(probe);
  bool inferred =
      inference && succeeded(inference.inferReturnTypes(probe->getContext(), state.location, probe->getOperands(),
                                                        probe->getDiscardableAttrDictionary(),
                                                        probe->getPropertiesStorage(), probe->getRegions(), types));
  probe->destroy();
  return success(inferred);
}

/// Why a tensor of this shape is refused; empty if it is not.
static std::string whyNot(ArrayRef<int64_t> shape) {
  int64_t elements = 1;
  if (shape.size() > maxRank)
    return "its result would have " + std::to_string(shape.size()) + " dimensions; at most 6 are supported";
  for (int64_t extent : shape)
    if (extent < 1)
      return "its result would have a dimension of extent " + std::to_string(extent);
    else if (extent > largestNumber || llvm::MulOverflow(elements, extent, elements) || elements > mostElements)
      return "its result would have more than 2^40 elements";
  return "";
}

Operands NodeImport::makeAll(StringRef op, ValueRange operands, ArrayRef<NamedAttribute> attributes) {
  if (failed() || llvm::is_contained(operands, Value()))
    return {};
  OperationState state(loc, ("weft." + op).str(), operands, TypeRange(), attributes);
  SmallVector<Type> types;
  std::string said;
  if (!listen(context(), said, [&] { return inferTypes(state, types); }))
    return fail(said.empty() ? "its operands do not fit" : said), Operands();
  for (Type type : types)
    if (std::string why = whyNot(llvm::cast<RankedTensorType>(type).getShape()); !why.empty())
      return fail(why), Operands();
  state.addTypes(types);
  Operation *made = builder.create(state);
  if (!listen(context(), said, [&] { return verify(made); })) {
    made->erase();
    return fail(said.empty() ? "its operands do not fit" : said), Operands();
  }
  return Operands(made->getResults());
}

Value NodeImport::reshape(Value x, ArrayRef<int64_t> shape) {
  if (auto inner = x ? x.getDefiningOp<ReshapeOp>() : ReshapeOp(); inner && shapeOf(inner.getX()) == shape)
    return inner.getX();
  return !x || shapeOf(x) == shape ? x : make("reshape", x, list("shape", shape));
}

Value NodeImport::expand(Value x, ArrayRef<int64_t> shape) {
  return !x || shapeOf(x) == shape ? x : make("expand", x, list("shape", shape));
}

Value NodeImport::transpose(Value x, ArrayRef<int64_t> perm) {
  return !x || llvm::equal(perm, llvm::seq<int64_t>(0, perm.size())) ? x : make("transpose", x, list("perm", perm));
}

Value NodeImport::slice(Value x, int64_t axis, int64_t start, int64_t stop, int64_t step) {
  if (!x)
    return x;
  Ints from(rankOf(x), 0), to(shapeOf(x)), steps(rankOf(x), 1);
  from[axis] = start, to[axis] = stop, steps[axis] = step;
  return make("slice", x, {list("start", from), list("stop", to), list("step", steps)});
}

Value NodeImport::cast(Value x, Type to) {
  return !x || elementTypeOf(x) == to ? x : make("cast", x, named("to", TypeAttr::get(to)));
}

Value NodeImport::constant(const Folded &value) {
  if (failed())
    return {};
  if (std::string why = whyNot(value.shape); !why.empty() && value.size())
    return fail(why), Value();
  bool isFloat = value.isReal() || value.type == Bool;
  Type element = isFloat ? Type(builder.getF32Type()) : builder.getIntegerType(value.type == Int32 ? 32 : 64);
  auto type = RankedTensorType::get(value.shape, element);
  SmallVector<float> reals;
  for (int64_t i = 0; isFloat && i < value.size(); ++i)
    reals.push_back(float(value.asReal(i)));
  SmallVector<int32_t> narrow(value.ints.begin(), value.ints.end());
  DenseElementsAttr elements = isFloat               ? DenseElementsAttr::get(type, ArrayRef<float>(reals))
                               : value.type == Int32 ? DenseElementsAttr::get(type, ArrayRef<int32_t>(narrow))
                                                     : DenseElementsAttr::get(type, ArrayRef<int64_t>(value.ints));
  if (!value.size()) // nothing computes with it: it can only be a result
    return ConstantOp::create(builder, loc, type, elements);
  return make("constant", {}, named("value", elements));
}
