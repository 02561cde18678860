// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Calls of blocks and of operations. A block call is expanded in place; a call of an operation is handed to Call.h,
// which knows names, keywords and shapes. Here: paths, weights, and the values in between.
#include "frontends/Weft/Evaluator.h"

#include "dialects/Weft/Weft.h"

using namespace weft;
using namespace weft::language;
using llvm::StringRef;
using llvm::Twine;

static std::string joinPaths(StringRef prefix, StringRef rest) {
  if (prefix.empty() || rest.empty())
    return (prefix + rest).str();
  return (prefix + "." + rest).str();
}

/// Keywords whose values may be bare words: `pad=same`.
static bool takesWord(StringRef keyword) {
  for (StringRef known : {"pad", "fit", "mode", "rule", "kind", "approximate", "to", "coordinates"})
    if (keyword == known)
      return true;
  return false;
}

bool Evaluator::arguments(const CallExpr &expr, llvm::SmallVectorImpl<Value> &values) {
  bool fine = true;
  for (const Argument &argument : expr.arguments) {
    const auto *word = llvm::dyn_cast<NameExpr>(argument.value);
    bool isWord = word && takesWord(argument.name.text) && !(scope && scope->find(word->name)) && !entity(word->name);
    Value value = isWord ? Value::word(word->name) : evaluate(*argument.value);
    if (value.is(Value::Kind::None))
      value = fail(argument.value->range, "this has no value: its block returns nothing");
    values.push_back(value);
    fine &= !value.isError();
  }
  return fine;
}

/// The path in force with that of an `as` behind it.
std::optional<std::string> Evaluator::evaluatePath(const Path &written) {
  bool fine;
  std::string rest = text(written.pieces, written.range, limits.pathBytes, fine);
  if (!fine)
    return std::nullopt;
  std::string whole = joinPaths(path, rest);
  if (whole.size() > limits.pathBytes) {
    report(written.range, "a path has at most " + Twine(limits.pathBytes) + " characters");
    return std::nullopt;
  }
  return whole;
}

Value Evaluator::call(const CallExpr &expr) {
  StringRef name = expr.callee.text;
  if (name == "aggregate" || name == "softmax_by_dst")
    return edgeCall(expr);
  if (name == "readout")
    return readoutCall(expr);
  const Entity *known = entity(name);
  bool isBlock = known && known->item->kind == Item::Kind::Block;
  llvm::SmallVector<Value> values;
  bool fine = arguments(expr, values);
  Value result;
  if (isBlock)
    return fine ? blockCall(expr, *known, values) : Value::error();
  if (isCall(name) && !isBuiltinName(name))
    fine &= checkKeywords(expr);
  if (!fine && (isBuiltinName(name) || isCall(name)))
    return Value::error();
  if (fine && builtin(expr, values, result))
    return result;
  if (isCall(name))
    return operationCall(expr, values);
  return unknownCall(expr, values);
}

Value Evaluator::unknownCall(const CallExpr &expr, llvm::ArrayRef<Value> values) {
  StringRef name = expr.callee.text;
  if (values.size() == 1 && expr.arguments.front().name.text.empty() && values.front().isTensor())
    for (const Dim &dim : values.front().asTensor().dims)
      if (dim.name == name)
        return dimensionRead(expr, values.front().asTensor());
  bool looksLikeDimension = values.size() == 1 && name.size() <= 2 && name == name.upper();
  if (looksLikeDimension && values.front().isError())
    return Value::error();
  if (looksLikeDimension && values.front().isTensor())
    return dimensionRead(expr, values.front().asTensor());
  if (scope && scope->find(name))
    return fail(expr.callee.range, "`" + name + "` is a value and cannot be called");
  std::vector<StringRef> candidates(callNames().begin(), callNames().end());
  llvm::append_range(candidates, builtinNames());
  if (frame && frame->unit)
    llvm::append_range(candidates, frame->unit->nameList());
  return fail(expr.callee.range, "unknown operation or block `" + printable(name) + "`" + didYouMean(name, candidates));
}

//===-- Blocks
//------------------------------------------------------------------------------------------------------===//

Value Evaluator::blockCall(const CallExpr &expr, const Entity &entity, llvm::ArrayRef<Value> values) {
  for (const Frame *at = frame; at; at = at->caller)
    if (at->item == entity.item)
      return fail(expr.callee.range, "`" + expr.callee.text + "` calls itself: there is no recursion");
  if (blockDepth >= limits.blockDepth) {
    stop(expr.range, "blocks are nested deeper than " + Twine(limits.blockDepth));
    return Value::error();
  }
  if (!affordable(1, leastCost.ofBlock(entity), expr.callee.range))
    return Value::error();
  Restore<std::string> restorePath(path);
  if (expr.path) {
    std::optional<std::string> below = evaluatePath(*expr.path);
    if (!below)
      return Value::error();
    path = std::move(*below);
  }
  Frame inner{frame, entity.home, entity.item, expr.callee.range, path, false, {}, {}};
  Scope names;
  if (!bindArguments(expr, entity, names, values, inner))
    return Value::error();
  Restore<Frame *> restoreFrame(frame, &inner);
  Restore<unsigned> deeper(blockDepth, blockDepth + 1);
  size_t errorsBefore = diagnostics.raisedCount();
  body(*entity.item->body, names);
  if (stopped || (!inner.returned && diagnostics.raisedCount() != errorsBefore))
    return Value::error();
  return inner.result;
}

/// Positional arguments in order, the others by name, defaults for the rest; then the types of parameters.
bool Evaluator::bindArguments(const CallExpr &expr, const Entity &entity, Scope &names, llvm::ArrayRef<Value> values,
                              Frame &inner) {
  List<Parameter> parameters = entity.item->parameters;
  llvm::SmallVector<int> argumentOf(parameters.size(), -1);
  TextRange definition = entity.item->name.range;
  bool fine = true;
  for (size_t i = 0; i < expr.arguments.size(); ++i) {
    const Argument &argument = expr.arguments[i];
    StringRef keyword = argument.name.text;
    size_t target = i;
    if (keyword.empty()) {
      if (i > 0 && !expr.arguments[i - 1].name.text.empty()) {
        report(argument.value->range, "arguments without a name come first");
        return false;
      }
      if (i >= parameters.size()) {
        report(argument.value->range, "`" + expr.callee.text + "` takes " + Twine(parameters.size()) + " arguments")
            .note(definition, "defined here");
        return false;
      }
    } else {
      target = 0;
      while (target < parameters.size() && parameters[target].name.text != keyword)
        ++target;
      if (target == parameters.size()) {
        std::vector<StringRef> known;
        for (const Parameter &p : parameters)
          known.push_back(p.name.text);
        report(argument.name.range,
               "`" + expr.callee.text + "` has no parameter `" + printable(keyword) + "`" + didYouMean(keyword, known))
            .note(definition, "defined here");
        fine = false;
        continue;
      }
    }
    if (argumentOf[target] != -1) {
      report(argument.value->range, "`" + parameters[target].name.text + "` is given twice");
      fine = false;
    }
    argumentOf[target] = i;
  }
  if (!fine)
    return false;
  auto placeOfParameter = [&](size_t i) {
    return argumentOf[i] < 0 ? expr.callee.range : expr.arguments[argumentOf[i]].value->range;
  };
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Parameter &parameter = parameters[i];
    if (names.names.count(parameter.name.text)) {
      report(parameter.name.range, "a second parameter named `" + parameter.name.text + "`");
      return false;
    }
    Value value;
    if (argumentOf[i] >= 0) {
      value = values[argumentOf[i]];
    } else if (parameter.defaultValue) {
      Restore<Frame *> restoreFrame(frame, &inner);
      Restore<Scope *> restoreScope(scope, &names);
      value = evaluate(*parameter.defaultValue);
      if (value.isError())
        return false;
    } else {
      report(expr.callee.range, "`" + expr.callee.text + "` wants a value for `" + parameter.name.text + "`")
          .note(parameter.name.range, "it has no default");
      fine = false;
    }
    names.names[parameter.name.text] = {value, placeOfParameter(i)};
  }
  if (!fine)
    return false;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].type)
      continue;
    Binding &binding = names.names[parameters[i].name.text];
    Restore<Frame *> restoreFrame(frame, &inner);
    if (!unify(*parameters[i].type, binding.value, names, placeOfParameter(i),
               "`" + parameters[i].name.text.str() + "`"))
      return false;
  }
  return true;
}

//===-- Operations
//--------------------------------------------------------------------------------------------------===//

mlir::Attribute Evaluator::attributeOf(Value value, TextRange range) {
  switch (value.kind()) {
  case Value::Kind::Bool:
    return builder.getBoolAttr(value.asBool());
  case Value::Kind::Int:
    if (value.asInt() > limits.attribute || value.asInt() < -limits.attribute) {
      report(range, "the integer " + Twine(value.asInt()) + " is too large for an operation; the limit is " +
                        Twine(limits.attribute));
      return {};
    }
    return builder.getI64IntegerAttr(value.asInt());
  case Value::Kind::Float:
    return builder.getF64FloatAttr(value.asFloat());
  case Value::Kind::String:
  case Value::Kind::Word:
    return builder.getStringAttr(value.asString());
  case Value::Kind::Size: // in shapes: what is left over
    return builder.getI64IntegerAttr(-1);
  case Value::Kind::Range:
  case Value::Kind::Tuple:
  case Value::Kind::List:
    return arrayOf(value, range);
  default:
    report(range, describe(value) + " is no argument for an operation");
    return {};
  }
}

mlir::Attribute Evaluator::arrayOf(Value value, TextRange range) {
  llvm::SmallVector<mlir::Attribute> items;
  for (uint32_t i = 0; i < value.length(); ++i) {
    items.push_back(attributeOf(value.item(i), range));
    if (!items.back())
      return {};
  }
  return builder.getArrayAttr(items);
}

bool Evaluator::convertArgument(Value value, StringRef keyword, TextRange range, CallArgument &result) {
  result.name = keyword;
  result.loc = placeOf(range);
  if (value.isTensor()) {
    result.value = llvm::SmallVector<mlir::Value>{value.asTensor().value};
    return true;
  }
  bool isList = value.is(Value::Kind::List) || value.is(Value::Kind::Tuple);
  if (isList && value.length() > 0 && llvm::any_of(value.asItems(), [](const Value &v) { return v.isTensor(); })) {
    llvm::SmallVector<mlir::Value> tensors;
    for (const Value &item : value.asItems()) {
      if (!item.isTensor()) {
        report(range, "this list holds tensors and " + describe(item));
        return false;
      }
      tensors.push_back(item.asTensor().value);
    }
    result.value = std::move(tensors);
    return true;
  }
  mlir::Attribute attribute = walkable(value, range) ? attributeOf(value, range) : mlir::Attribute();
  result.value = attribute;
  return static_cast<bool>(attribute);
}

/// Unknown attributes, all of them, each under its own name.
bool Evaluator::checkKeywords(const CallExpr &expr) {
  llvm::ArrayRef<StringRef> known = callKeywords(expr.callee.text);
  bool fine = true;
  for (const Argument &argument : expr.arguments) {
    StringRef keyword = argument.name.text;
    if (keyword.empty() || llvm::is_contained(known, keyword))
      continue;
    std::string hint = didYouMean(keyword, known);
    report(argument.name.range, "`" + expr.callee.text + "` has no attribute `" + printable(keyword) + "`" +
                                    (!hint.empty()   ? hint
                                     : known.empty() ? "; it takes none"
                                                     : "; it takes " + listNames(known)));
    fine = false;
  }
  return fine;
}

Value Evaluator::operationCall(const CallExpr &expr, llvm::ArrayRef<Value> values) {
  StringRef name = expr.callee.text;
  llvm::SmallVector<CallArgument> converted;
  llvm::SmallVector<const Tensor *> operands;
  for (size_t i = 0; i < values.size(); ++i) {
    CallArgument argument{{}, mlir::Attribute(), builder.getUnknownLoc()};
    if (!convertArgument(values[i], expr.arguments[i].name.text, expr.arguments[i].value->range, argument))
      return Value::error();
    converted.push_back(std::move(argument));
    if (values[i].isTensor())
      operands.push_back(&values[i].asTensor());
    else if (values[i].is(Value::Kind::List) || values[i].is(Value::Kind::Tuple))
      for (const Value &item : values[i].asItems())
        if (item.isTensor())
          operands.push_back(&item.asTensor());
  }
  Restore<std::string> restoreCall(callPath);
  if (expr.path) {
    std::optional<std::string> written = evaluatePath(*expr.path);
    if (!written)
      return Value::error();
    callPath = std::move(*written);
  } else {
    StringRef own = defaultPath(name);
    callPath = joinPaths(path, own.empty() ? name : own);
  }
  return operation(name, converted, operands, expr.range, expr.callee.range);
}

Value Evaluator::operation(StringRef op, llvm::ArrayRef<CallArgument> arguments,
                           llvm::ArrayRef<const Tensor *> operands, TextRange range, TextRange nameRange) {
  if (!count(range))
    return Value::error();
  Restore<TextRange> restore(atCall, nameRange);
  size_t errorsBefore = diagnostics.raisedCount();
  weightFailed = false;
  mlir::Operation *before = edge && !edge->block->empty() ? &edge->block->back() : nullptr;
  auto results = buildCall(builder, locationOf(callPath, nameRange), op, arguments, *this);
  if (mlir::failed(results)) {
    if (diagnostics.raisedCount() == errorsBefore)
      report(nameRange, "`" + op + "` refuses its arguments");
    return Value::error();
  }
  if (edge && !checkAtEdge(op, before, nameRange))
    return Value::error();
  llvm::SmallVector<Value> values;
  for (mlir::Value result : *results)
    values.push_back(nameDims(op, operands, result));
  return values.size() == 1 ? values.front() : Value::items(/*isTuple=*/true, keep(llvm::ArrayRef<Value>(values)));
}

/// A number as a tensor of the element type it stands beside.
Value Evaluator::scalarConstant(Value number, mlir::Type element, TextRange range) {
  if (!count(range))
    return Value::error();
  mlir::Attribute attribute;
  if (auto integer = llvm::dyn_cast<mlir::IntegerType>(element)) {
    if (!number.is(Value::Kind::Int))
      return fail(range, "a tensor of integers goes with integers; this is " + describe(number));
    int64_t whole = number.asInt();
    unsigned bits = integer.getWidth();
    if (integer.isUnsigned() ? !llvm::isUIntN(bits, whole) : !llvm::isIntN(bits, whole))
      return fail(range, "this does not fit the " + std::to_string(bits) + " bits of the tensor's elements");
    attribute = builder.getIntegerAttr(element, whole);
  } else {
    attribute = builder.getFloatAttr(element, number.asFloat());
  }
  auto type = mlir::RankedTensorType::get({}, element);
  auto value = mlir::DenseElementsAttr::get(type, attribute);
  return Value::tensor(makeTensor(ConstantOp::create(builder, locationOf(path, range), type, value).getResult(), {}));
}

/// `+ - * /` with a tensor on one side or both.
Value Evaluator::tensorArithmetic(BinaryKind op, Value left, Value right, const Link &link, TextRange leftRange,
                                  TextRange rightRange) {
  StringRef name = op == BinaryKind::Add        ? "add"
                   : op == BinaryKind::Subtract ? "sub"
                   : op == BinaryKind::Multiply ? "mul"
                   : op == BinaryKind::Divide   ? "div"
                                                : "";
  if (name.empty())
    return fail(link.opRange, "`" + spelling(op) + "` is for numbers; tensors have `+`, `-`, `*` and `/`");
  auto toTensor = [&](Value value, Value other, TextRange range) {
    if (!value.isNumber() || !other.isTensor())
      return value;
    auto type = llvm::cast<mlir::RankedTensorType>(other.asTensor().value.getType());
    return scalarConstant(value, type.getElementType(), range);
  };
  Value a = toTensor(left, right, leftRange), b = toTensor(right, left, rightRange);
  for (auto [value, range] : {std::pair(a, leftRange), std::pair(b, rightRange)})
    if (!value.isError() && !value.isTensor() && !value.isNumber())
      return fail(range, "`" + spelling(op) + "` joins tensors and numbers; this is " + describe(value));
  if (a.isError() || b.isError())
    return Value::error();
  if (!broadcastable(a.asTensor(), b.asTensor(), name, link.opRange, leftRange, rightRange))
    return Value::error();
  Restore<std::string> restoreCall(callPath, joinPaths(path, name));
  // What could be wrong with one side alone has been told: the place of the operator is enough, and costs nothing.
  mlir::Location loc = placeOf(link.opRange);
  CallArgument arguments[] = {{"", llvm::SmallVector<mlir::Value>{a.asTensor().value}, loc},
                              {"", llvm::SmallVector<mlir::Value>{b.asTensor().value}, loc}};
  return operation(name, arguments, {&a.asTensor(), &b.asTensor()}, link.opRange, link.opRange);
}

//===-- Weights
//-----------------------------------------------------------------------------------------------------===//

mlir::InFlightDiagnostic Evaluator::error(mlir::Location loc) { return mlir::emitError(loc); }

mlir::Value Evaluator::weight(StringRef suffix, mlir::RankedTensorType type, mlir::Location) {
  if (weightFailed) // one clash of a call says it all
    return {};
  mlir::Value value = makeWeight(callPath + "." + suffix.str(), type, atCall);
  weightFailed = !value;
  return value;
}

mlir::Value Evaluator::makeWeight(StringRef name, mlir::RankedTensorType type, TextRange place) {
  if (!count(place))
    return {};
  int64_t elements = 1;
  for (int64_t extent : type.getShape())
    if (extent <= 0 || llvm::MulOverflow(elements, extent, elements) || elements > limits.elements) {
      report(place, "the weight `" + printable(name, 200) + "` would have " +
                        (extent <= 0 ? "an empty dimension" : "more than 2^40 elements"));
      return {};
    }
  auto [known, fresh] = weights.try_emplace(name, MadeWeight{place, frame ? frame->path : std::string()});
  if (!fresh) {
    report(place, "two weights have the path `" + name + "`; put one of them under a path of its own with `as`")
        .note(known->second.place, "the first is here");
    return {};
  }
  mlir::OpBuilder::InsertionGuard guard(builder);
  if (edge)
    builder.restoreInsertionPoint(outsidePoint());
  mlir::Value value = WeightOp::create(builder, locationOf(name, place), type, builder.getStringAttr(name));
  if (!edge)
    return value;
  llvm::SmallVector<Dim> dims;
  for (int64_t extent : type.getShape())
    dims.push_back({extent, {}, {}});
  return capture(*makeTensor(value, dims), static_cast<int>(Access::All), place).asTensor().value;
}
