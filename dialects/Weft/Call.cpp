// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// From a call in a text to an operation. The table has a row a call (see <Category>Calls.cpp); this file sorts
// arguments by the row's parameters, converts them, and turns what inference and verifiers say into errors of the call.
#include "dialects/Weft/CallBuilder.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace weft;

//===- The table -------------------------------------------------------------------------------------------------===//

namespace {
/// Rows by name, with the views on names that Call.h promises.
class Table {
public:
  static const Table &get() {
    static const Table table;
    return table;
  }
  const Signature *find(StringRef name) const {
    auto row = rows.find(name);
    return row == rows.end() ? nullptr : &row->second;
  }
  ArrayRef<StringRef> names() const { return allNames; }
  ArrayRef<StringRef> keywords(StringRef name) const {
    auto row = keywordsOf.find(name);
    return row == keywordsOf.end() ? ArrayRef<StringRef>() : ArrayRef<StringRef>(row->second);
  }

private:
  Table() {
    for (auto category :
         {elementwiseCalls, contractionCalls, windowCalls, reductionCalls, shapeCalls, graphCalls, constantCalls})
      for (Signature &signature : category())
        add(std::move(signature));
  }
  void add(Signature signature) {
    allNames.push_back(signature.name); // the map below is walked in the same order only after sorting
    llvm::sort(allNames);
    for (const Parameter &parameter : signature.parameters)
      keywordsOf[signature.name].push_back(parameter.name);
    rows.emplace(signature.name, std::move(signature));
  }

  std::map<StringRef, Signature> rows;
  std::map<StringRef, std::vector<StringRef>> keywordsOf;
  std::vector<StringRef> allNames;
};
} // namespace

bool weft::isCall(StringRef name) { return Table::get().find(name); }
ArrayRef<StringRef> weft::callNames() { return Table::get().names(); }
ArrayRef<StringRef> weft::callKeywords(StringRef name) { return Table::get().keywords(name); }

StringRef weft::defaultPath(StringRef name) {
  const Signature *signature = Table::get().find(name);
  return signature ? signature->path : StringRef();
}

std::string weft::suggestion(StringRef name, ArrayRef<StringRef> names) {
  StringRef best;
  unsigned least = std::max<unsigned>(2, name.size() / 2) + 1;
  for (StringRef candidate : names)
    if (unsigned distance = name.edit_distance(candidate, true, least); distance < least)
      least = distance, best = candidate;
  return best.empty() ? "" : "; did you mean `" + best.str() + "`?";
}

FailureOr<SmallVector<Value>> weft::buildCall(OpBuilder &builder, Location loc, StringRef name,
                                              ArrayRef<CallArgument> args, CallContext &context) {
  const Signature *signature = Table::get().find(name);
  if (!signature) {
    context.error(loc) << "no operation is called `" << name << "`" << suggestion(name, callNames());
    return failure();
  }
  CallBuilder call(builder, loc, *signature, context);
  if (failed(call.bind(args)))
    return failure();
  return signature->build(call);
}

//===- Sorting arguments -----------------------------------------------------------------------------------------===//

const Parameter *CallBuilder::find(StringRef name) const {
  for (const Parameter &parameter : signature.parameters)
    if (parameter.name == name)
      return &parameter;
  return nullptr;
}

LogicalResult CallBuilder::bind(ArrayRef<CallArgument> args) {
  size_t next = 0;
  bool ok = true;
  for (const CallArgument &arg : args)
    ok &= succeeded(arg.name.empty() ? bindPositional(arg, next) : bindNamed(arg));
  return success(ok);
}

LogicalResult CallBuilder::bindNamed(const CallArgument &arg) {
  if (!find(arg.name)) {
    ArrayRef<StringRef> keywords = callKeywords(signature.name);
    std::string hint = suggestion(arg.name, keywords);
    if (hint.empty())
      hint = keywords.empty() ? "; it takes none" : "; it takes `" + llvm::join(keywords, "`, `") + "`";
    error(arg.loc) << "`" << signature.name << "` has no attribute `" << arg.name << "`" << hint;
    return failure();
  }
  if (has(arg.name)) {
    error(arg.loc) << "`" << arg.name << "` is given twice";
    return failure();
  }
  bound[find(arg.name)->name].push_back(&arg);
  return success();
}

/// Whether an argument given by position may be for this parameter.
static bool acceptsPosition(const Parameter &parameter) {
  return parameter.positional || parameter.takes == Takes::Tensor || parameter.takes == Takes::Tensors;
}

LogicalResult CallBuilder::bindPositional(const CallArgument &arg, size_t &next) {
  while (next < signature.parameters.size() && !acceptsPosition(signature.parameters[next]))
    ++next;
  if (next == signature.parameters.size()) {
    StringRef names = "attributes are written `name=value`";
    error(arg.loc) << "`" << signature.name << "` takes no further argument by position; " << names;
    return failure();
  }
  const Parameter &parameter = signature.parameters[next];
  bound[parameter.name].push_back(&arg);
  // Lists of tensors and of extents take all that follows.
  if (parameter.takes != Takes::Tensors && parameter.takes != Takes::Anything)
    ++next;
  return success();
}

//===- Reading arguments -----------------------------------------------------------------------------------------===//

LogicalResult CallBuilder::missing(StringRef name) {
  const Parameter *parameter = find(name);
  bool tensor = parameter && (parameter->takes == Takes::Tensor || parameter->takes == Takes::Tensors);
  error(loc) << "`" << signature.name << "` needs " << (tensor ? "a tensor `" : "`") << name << (tensor ? "`" : "=`");
  return failure();
}

/// How an argument reads in an error.
static std::string describe(const CallArgument &arg) {
  if (auto *values = std::get_if<SmallVector<Value>>(&arg.value))
    return values->size() == 1 ? "a tensor" : "a list of tensors";
  Attribute attribute = std::get<Attribute>(arg.value);
  if (auto text = dyn_cast_or_null<StringAttr>(attribute))
    return "\"" + text.getValue().str() + "\"";
  if (auto flag = dyn_cast_or_null<BoolAttr>(attribute))
    return flag.getValue() ? "true" : "false";
  if (auto integer = dyn_cast_or_null<IntegerAttr>(attribute))
    return std::to_string(integer.getInt());
  if (auto real = dyn_cast_or_null<FloatAttr>(attribute))
    return llvm::formatv("{0}", real.getValueAsDouble());
  return isa_and_nonnull<ArrayAttr>(attribute) ? "a list" : "this";
}

InFlightDiagnostic CallBuilder::mismatch(StringRef name, StringRef expected) {
  const CallArgument &arg = *bound.at(name).front();
  return error(arg.loc) << "`" << name << "` of `" << signature.name << "` is " << expected << ", not "
                        << describe(arg);
}

Attribute CallBuilder::attribute(StringRef name) const {
  if (!has(name))
    return {};
  auto *attribute = std::get_if<Attribute>(&bound.at(name).front()->value);
  return attribute ? *attribute : Attribute();
}

std::optional<Value> CallBuilder::optionalTensor(StringRef name) {
  if (!has(name))
    return std::nullopt;
  auto *values = std::get_if<SmallVector<Value>>(&bound.at(name).front()->value);
  return values && values->size() == 1 ? std::optional(values->front()) : std::nullopt;
}

FailureOr<Value> CallBuilder::tensor(StringRef name) {
  if (!has(name))
    return missing(name);
  if (std::optional<Value> value = optionalTensor(name))
    return *value;
  mismatch(name, "a tensor");
  return failure();
}

FailureOr<Values> CallBuilder::tensors(StringRef name) {
  if (!has(name))
    return missing(name);
  Values result;
  for (const CallArgument *arg : bound.at(name))
    if (auto *values = std::get_if<SmallVector<Value>>(&arg->value)) {
      llvm::append_range(result, *values);
    } else {
      mismatch(name, "a list of tensors");
      return failure();
    }
  return result;
}

/// A number, whatever way it was written; booleans are none.
static std::optional<double> asNumber(Attribute attribute) {
  if (isa_and_nonnull<BoolAttr>(attribute))
    return std::nullopt;
  if (auto integer = dyn_cast_or_null<IntegerAttr>(attribute))
    return static_cast<double>(integer.getInt());
  if (auto real = dyn_cast_or_null<FloatAttr>(attribute))
    return real.getValueAsDouble();
  return std::nullopt;
}

static std::optional<int64_t> asInteger(Attribute attribute) {
  if (isa_and_nonnull<BoolAttr>(attribute))
    return std::nullopt;
  auto integer = dyn_cast_or_null<IntegerAttr>(attribute);
  return integer ? std::optional(integer.getInt()) : std::nullopt;
}

static bool inRange(int64_t value) { return value >= -largestExtent && value <= largestExtent; }

FailureOr<Value> CallBuilder::tensorOrNumber(StringRef name, RankedTensorType like) {
  std::optional<double> number = asNumber(attribute(name));
  if (!number)
    return tensor(name);
  auto type = RankedTensorType::get({}, like.getElementType());
  if (isa<FloatType>(type.getElementType()))
    return constant(DenseElementsAttr::get(type, builder.getFloatAttr(type.getElementType(), *number)));
  if (!asInteger(attribute(name))) {
    mismatch(name, "an integer beside integer tensors");
    return failure();
  }
  return constant(
      DenseElementsAttr::get(type, builder.getIntegerAttr(type.getElementType(), *asInteger(attribute(name)))));
}

FailureOr<int64_t> CallBuilder::integer(StringRef name, std::optional<int64_t> otherwise) {
  if (!has(name))
    return otherwise ? FailureOr<int64_t>(*otherwise) : FailureOr<int64_t>(missing(name));
  if (std::optional<int64_t> value = asInteger(attribute(name)); value && inRange(*value))
    return *value;
  mismatch(name, asInteger(attribute(name)) ? "an integer of 32 bits" : "an integer");
  return failure();
}

FailureOr<double> CallBuilder::real(StringRef name, std::optional<double> otherwise) {
  if (!has(name))
    return otherwise ? FailureOr<double>(*otherwise) : FailureOr<double>(missing(name));
  if (std::optional<double> value = asNumber(attribute(name)))
    return *value;
  mismatch(name, "a number");
  return failure();
}

FailureOr<bool> CallBuilder::boolean(StringRef name, bool otherwise) {
  if (!has(name))
    return otherwise;
  if (auto flag = dyn_cast_or_null<BoolAttr>(attribute(name)))
    return flag.getValue();
  mismatch(name, "true or false");
  return failure();
}

FailureOr<StringRef> CallBuilder::word(StringRef name, ArrayRef<StringRef> legal) {
  if (!has(name))
    return missing(name);
  auto text = dyn_cast_or_null<StringAttr>(attribute(name));
  if (text && llvm::is_contained(legal, text.getValue()))
    return text.getValue();
  std::string choices = "one of `" + llvm::join(legal, "`, `") + "`";
  mismatch(name, choices) << (text ? suggestion(text.getValue(), legal) : "");
  return failure();
}

FailureOr<Extents> CallBuilder::integers(StringRef name) {
  if (!has(name))
    return missing(name);
  Extents result;
  auto add = [&](Attribute entry) {
    if (std::optional<int64_t> value = asInteger(entry); value && inRange(*value))
      result.push_back(*value);
    else if (isa_and_nonnull<StringAttr>(entry)) // a run-time size, by name
      result.push_back(-1);
    else
      return false;
    return true;
  };
  auto addAll = [&](Attribute attribute) {
    auto list = dyn_cast_or_null<ArrayAttr>(attribute);
    return list ? llvm::all_of(list, add) : add(attribute);
  };
  for (const CallArgument *arg : bound.at(name))
    if (auto *attribute = std::get_if<Attribute>(&arg->value); !attribute || !addAll(*attribute)) {
      mismatch(name, "an integer or a list of integers, of 32 bits");
      return failure();
    }
  return result;
}

FailureOr<Extents> CallBuilder::spatial(StringRef name, unsigned rank, std::optional<int64_t> otherwise) {
  if (!has(name))
    return otherwise ? FailureOr<Extents>(Extents(rank, *otherwise)) : FailureOr<Extents>(missing(name));
  FailureOr<Extents> values = integers(name);
  if (failed(values))
    return failure();
  if (asInteger(attribute(name)))
    return Extents(rank, values->front());
  if (values->size() == rank)
    return values;
  error(locOf(name)) << "`" << name << "` has " << values->size() << " entries, expected one integer or " << rank
                     << ", one a spatial dimension";
  return failure();
}

FailureOr<SmallVector<double>> CallBuilder::reals(StringRef name) {
  if (!has(name))
    return missing(name);
  Attribute value = attribute(name);
  ArrayAttr list = dyn_cast_or_null<ArrayAttr>(value);
  SmallVector<double> result;
  for (Attribute entry : list ? list.getValue() : ArrayRef<Attribute>(value)) {
    std::optional<double> number = asNumber(entry);
    if (!number) {
      mismatch(name, "a number or a list of numbers");
      return failure();
    }
    result.push_back(*number);
  }
  return result;
}

FailureOr<int64_t> CallBuilder::axis(StringRef name, int64_t rank, std::optional<int64_t> otherwise) {
  FailureOr<int64_t> value = integer(name, otherwise);
  if (failed(value))
    return failure();
  if (*value >= -rank && *value < rank)
    return *value < 0 ? *value + rank : *value;
  error(locOf(name)) << "`" << name << "` " << *value << " is not a dimension of a tensor of rank " << rank
                     << ": it goes from " << -rank << " to " << rank - 1;
  return failure();
}

//===- Answering -------------------------------------------------------------------------------------------------===//

LogicalResult CallBuilder::checkSize(StringRef what, ArrayRef<int64_t> extents) {
  int64_t elements = 1;
  for (int64_t extent : extents) {
    if (ShapedType::isDynamic(extent))
      continue;
    if (extent > largestExtent || (extent > 0 && elements > mostElements / extent)) {
      error(loc) << what << " " << spell(extents) << ", more than the " << mostElements
                 << " elements a tensor may have";
      return failure();
    }
    elements *= extent;
  }
  return success();
}

LogicalResult CallBuilder::wantsKnownSizes(Value x) {
  if (tensorOf(x).hasStaticShape())
    return success();
  error(loc) << "`" << signature.name << "` wants sizes known at compile time, not " << spell(tensorOf(x))
             << "; `param` and `--set` give them instead of `bound`";
  return failure();
}

LogicalResult CallBuilder::refuseBytes(ValueRange operands) {
  for (Value operand : operands)
    if (tensorOf(operand).getElementType().isUnsignedInteger()) {
      error(loc) << "`" << signature.name << "` does not compute with " << spell(tensorOf(operand))
                 << "; `cast(..., to=f32)` makes numbers of it";
      return failure();
    }
  return success();
}

FailureOr<Value> CallBuilder::weight(StringRef suffix, ArrayRef<int64_t> extents, Type elementType) {
  if (llvm::any_of(extents, ShapedType::isDynamic)) {
    error(loc) << "the weight `" << suffix << "` of `" << signature.name << "` would have the shape " << spell(extents)
               << ": it depends on a run-time size";
    return failure();
  }
  for (int64_t extent : extents)
    if (extent < 1) {
      error(loc) << "the weight `" << suffix << "` of `" << signature.name << "` would have the shape "
                 << spell(extents);
      return failure();
    }
  if (failed(checkSize("a weight would be", extents)))
    return failure();
  Value value = context.weight(suffix, RankedTensorType::get(extents, elementType), loc);
  if (!value)
    return failure();
  return value;
}

Value CallBuilder::constant(DenseElementsAttr value) {
  return ConstantOp::create(builder, loc, value.getType(), value);
}

LogicalResult CallBuilder::wantsFloats(Value x) {
  if (isa<FloatType>(tensorOf(x).getElementType()))
    return success();
  error(loc) << "`" << signature.name << "` wants floating-point numbers, not " << spell(tensorOf(x))
             << "; `cast(..., to=f32)` makes them";
  return failure();
}

/// The text of an error of the verifier without "'weft.conv' op ".
static std::string withoutOpName(std::string text) {
  size_t end = text.find("' op ");
  return text.starts_with("'") && end != std::string::npos ? text.substr(end + 5) : text;
}

/// The operand whose element type the operation has no meaning for: what ODS checks and says in terms of MLIR.
static Value unfitOperand(StringRef text, ValueRange operands) {
  unsigned index = 0;
  if (!text.consume_front("operand #") || text.consumeInteger(10, index) || index >= operands.size() ||
      !text.starts_with(" must be ranked tensor of floating-point values, but got "))
    return nullptr;
  return operands[index];
}

void CallBuilder::report(ArrayRef<std::string> texts, ValueRange operands) {
  std::string text =
      texts.empty() ? "`" + signature.name.str() + "` cannot be applied" : withoutOpName(texts.front());
  if (Value unfit = unfitOperand(text, operands)) {
    (void)wantsFloats(unfit);
    return;
  }
  InFlightDiagnostic diagnostic = error(loc) << text;
  // Two tensors that do not go together: say where the second one is from.
  if (operands.size() == 2 && !operands[1].getDefiningOp<WeightOp>())
    diagnostic.attachNote(operands[1].getLoc()) << "the right side comes from here";
}

/// Runs `f` and keeps the errors it raises instead of showing them.
static LogicalResult listening(MLIRContext *context, std::vector<std::string> &texts,
                               llvm::function_ref<LogicalResult()> f) {
  ScopedDiagnosticHandler capture(context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      texts.push_back(diagnostic.str());
    return success();
  });
  return f();
}

/// The result types of the operation `state` describes, from an operation made for the question only: it has the
/// properties inference wants, defaults included.
static LogicalResult inferTypes(OperationState &state, SmallVectorImpl<Type> &types) {
  Operation *probe = Operation::create(state);
  auto inference = dyn_cast<InferTypeOpInterface>(probe);
  bool inferred =
      inference && succeeded(inference.inferReturnTypes(probe->getContext(), state.location, probe->getOperands(),
                                                        probe->getDiscardableAttrDictionary(),
                                                        probe->getPropertiesStorage(), probe->getRegions(), types));
  probe->destroy();
  return success(inferred);
}

FailureOr<Values> CallBuilder::make(StringRef name, ValueRange operands, ArrayRef<NamedAttribute> attributes) {
  std::vector<std::string> texts;
  OperationState state(loc, name, operands, TypeRange(), attributes);
  SmallVector<Type> types;
  if (failed(listening(builder.getContext(), texts, [&] { return inferTypes(state, types); }))) {
    report(texts, operands);
    return failure();
  }
  for (Type type : types)
    if (failed(checkSize("the result would be", cast<RankedTensorType>(type).getShape())))
      return failure();
  state.addTypes(types);
  Operation *op = builder.create(state);
  if (failed(listening(builder.getContext(), texts, [&] { return verify(op); }))) {
    op->erase();
    report(texts, operands);
    return failure();
  }
  return Values(op->getResults());
}

/// The attribute a plain row hands on for one of its parameters, as the operation wants it.
FailureOr<Attribute> CallBuilder::convert(const Parameter &parameter) {
  StringRef name = parameter.name;
  switch (parameter.takes) {
  case Takes::Integer: {
    FailureOr<int64_t> value = integer(name);
    return failed(value) ? FailureOr<Attribute>() : FailureOr<Attribute>(builder.getI64IntegerAttr(*value));
  }
  case Takes::Real: {
    FailureOr<double> value = real(name);
    return failed(value) ? FailureOr<Attribute>() : FailureOr<Attribute>(builder.getF64FloatAttr(*value));
  }
  case Takes::Bool: {
    FailureOr<bool> value = boolean(name, false);
    return failed(value) ? FailureOr<Attribute>() : FailureOr<Attribute>(builder.getBoolAttr(*value));
  }
  case Takes::Integers: {
    FailureOr<Extents> values = integers(name);
    return failed(values) ? FailureOr<Attribute>() : FailureOr<Attribute>(builder.getDenseI64ArrayAttr(*values));
  }
  case Takes::Reals: {
    FailureOr<SmallVector<double>> values = reals(name);
    return failed(values) ? FailureOr<Attribute>() : FailureOr<Attribute>(builder.getDenseF64ArrayAttr(*values));
  }
  default:
    llvm_unreachable("a plain row cannot convert this kind of parameter");
  }
}

FailureOr<Values> CallBuilder::makePlainly() {
  Values operands;
  Attributes attributes;
  bool ok = true;
  for (const Parameter &parameter : signature.parameters) {
    if (parameter.takes == Takes::Tensor) {
      FailureOr<Value> value = tensor(parameter.name);
      ok &= succeeded(value);
      operands.push_back(ok ? *value : Value());
    } else if (has(parameter.name)) {
      FailureOr<Attribute> value = convert(parameter);
      ok &= succeeded(value);
      if (ok)
        attributes.push_back(named(parameter.name, *value));
    }
  }
  if (!ok)
    return failure();
  return make(("weft." + (signature.op.empty() ? signature.name : signature.op)).str(), operands, attributes);
}

FailureOr<Values> weft::buildPlainly(CallBuilder &call) { return call.makePlainly(); }
