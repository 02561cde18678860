// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Calls the language itself knows: lists, numbers, dimensions, and tensors that stand for themselves (weight, bias,
// const).
#include "frontends/Weft/Evaluator.h"
#include "frontends/Weft/NpyFile.h"

#include "dialects/Weft/Weft.h"

#include <cmath>

using namespace weft;
using namespace weft::language;
using llvm::StringRef;
using llvm::Twine;

llvm::ArrayRef<StringRef> language::builtinNames() {
  static const StringRef names[] = {"bias", "const", "dim", "enumerate", "len", "scale", "weight"};
  return names;
}

bool language::isBuiltinName(StringRef name) { return llvm::is_contained(builtinNames(), name); }

/// Functions of numbers share their names with operations; numbers alone make them numbers.
static bool isNumberFunction(StringRef name) {
  return name == "min" || name == "max" || name == "abs" || name == "floor" || name == "ceil" || name == "sqrt";
}

bool Evaluator::builtin(const CallExpr &expr, Values values, Value &result) {
  StringRef name = expr.callee.text;
  if (name == "len")
    result = lengthCall(expr, values);
  else if (name == "enumerate")
    result = enumerateCall(expr, values);
  else if (name == "dim")
    result = dimCall(expr, values);
  else if (name == "weight" || name == "bias" || name == "scale")
    result = weightCall(expr, values);
  else if (name == "const")
    result = constCall(expr, values);
  else if (isNumberFunction(name) && !values.empty() &&
           llvm::all_of(values, [](const Value &value) { return value.isNumber(); }))
    result = numberFunction(expr, values);
  else
    return false;
  if (expr.path && name != "weight" && name != "bias" && name != "scale")
    result = fail(expr.path->range, "`" + name + "` has nothing that a path could name");
  return true;
}

/// Whether the call has `least` to `most` positional arguments and no keywords but these.
bool Evaluator::signature(const CallExpr &expr, unsigned least, unsigned most, llvm::ArrayRef<StringRef> keywords) {
  unsigned positional = 0;
  for (const Argument &argument : expr.arguments) {
    StringRef keyword = argument.name.text;
    positional += keyword.empty();
    if (keyword.empty() || llvm::is_contained(keywords, keyword))
      continue;
    report(argument.name.range,
           "`" + expr.callee.text + "` has no attribute `" + printable(keyword) + "`" + didYouMean(keyword, keywords));
    return false;
  }
  if (positional >= least && positional <= most)
    return true;
  std::string wanted = least == most ? std::to_string(least) : std::to_string(least) + " or more";
  report(expr.callee.range, "`" + expr.callee.text + "` wants " + wanted + (most == 1 ? " argument" : " arguments") +
                                ", not " + Twine(positional));
  return false;
}

Value Evaluator::lengthCall(const CallExpr &expr, Values values) {
  if (!signature(expr, 1, 1))
    return Value::error();
  if (!values[0].isSequence())
    return fail(expr.arguments[0].value->range, "`len` counts the elements of a list; this is " + describe(values[0]));
  return Value::number(int64_t(values[0].length()));
}

Value Evaluator::enumerateCall(const CallExpr &expr, Values values) {
  if (!signature(expr, 1, 2, {"start"}))
    return Value::error();
  int64_t start = 0;
  if (values.size() == 2) {
    if (!values[1].is(Value::Kind::Int) || std::abs(values[1].asInt()) > limits.attribute)
      return fail(expr.arguments[1].value->range, "`start` is an integer; this is " + describe(values[1]));
    start = values[1].asInt();
  }
  if (!values[0].isSequence())
    return fail(expr.arguments[0].value->range, "`enumerate` counts along a list; this is " + describe(values[0]));
  uint32_t length = values[0].length();
  if (!roomFor(size_t(length) * 3, expr.range))
    return Value::error();
  llvm::SmallVector<Value> pairs;
  for (uint32_t i = 0; i < length; ++i)
    pairs.push_back(Value::items(/*isTuple=*/true, keep(Values({Value::number(start + i), values[0].item(i)}))));
  return makeList(/*isTuple=*/false, pairs, expr.range);
}

Value Evaluator::dimCall(const CallExpr &expr, Values values) {
  if (!signature(expr, 2, 2))
    return Value::error();
  if (!values[0].isTensor())
    return fail(expr.arguments[0].value->range, "`dim` wants a tensor; this is " + describe(values[0]));
  llvm::ArrayRef<Dim> dims = values[0].asTensor().dims;
  if (!values[1].is(Value::Kind::Int) || values[1].asInt() < 0 || values[1].asInt() >= int64_t(dims.size()))
    return fail(expr.arguments[1].value->range, "`dim` counts dimensions from 0 to " + Twine(int64_t(dims.size()) - 1) +
                                                    "; this is " + describe(values[1]));
  return valueOf(dims[values[1].asInt()]);
}

/// `C(x)`: the dimension of that name.
Value Evaluator::dimensionRead(const CallExpr &expr, const Tensor &tensor) {
  StringRef name = expr.callee.text;
  std::vector<StringRef> named;
  for (const Dim &dim : tensor.dims) {
    if (dim.name == name)
      return valueOf(dim);
    if (!dim.name.empty())
      named.push_back(dim.name);
  }
  std::string known = named.empty() ? "; its dimensions have no names, `dim(x, i)` reads them by number"
                                    : "; it has " + listNames(named);
  return fail(expr.callee.range, spellTensor(tensor) + " has no dimension named `" + printable(name) + "`" + known);
}

Value Evaluator::numberFunction(const CallExpr &expr, Values values) {
  StringRef name = expr.callee.text;
  bool many = name == "min" || name == "max";
  if (!signature(expr, 1, many ? 1000 : 1))
    return Value::error();
  if (many) {
    Value best = values[0];
    for (const Value &value : values.drop_front())
      if (name == "min" ? value.asFloat() < best.asFloat() : value.asFloat() > best.asFloat())
        best = value;
    return best;
  }
  double x = values[0].asFloat();
  if (name == "abs" && values[0].is(Value::Kind::Int))
    return x < 0 ? integerArithmetic(BinaryKind::Subtract, 0, values[0].asInt(), expr.range) : values[0];
  if (name == "abs")
    return Value::number(std::fabs(x));
  if (name == "sqrt")
    return x < 0 ? fail(expr.range, "the square root of a negative number") : Value::number(std::sqrt(x));
  double rounded = name == "floor" ? std::floor(x) : std::ceil(x);
  if (values[0].is(Value::Kind::Int))
    return values[0];
  if (std::fabs(rounded) > 1e15)
    return fail(expr.range, "this number is too large for an integer");
  return Value::number(int64_t(rounded));
}

//===-- Tensors that stand for themselves
//---------------------------------------------------------------------------===//

/// `weight(3, 4) as NAME`, `bias(10)`: the path is that of the tensor, nothing behind it.
Value Evaluator::weightCall(const CallExpr &expr, Values values) {
  StringRef name = expr.callee.text;
  bool isVector = name != "weight";
  if (!signature(expr, isVector ? 1 : 0, isVector ? 1 : 6))
    return Value::error();
  llvm::SmallVector<int64_t> extents;
  llvm::SmallVector<Dim> dims;
  for (size_t i = 0; i < values.size(); ++i) {
    TextRange range = expr.arguments[i].value->range;
    if (values[i].is(Value::Kind::Size))
      return fail(range, "a weight has the same size in every run; `" + values[i].asString() + "` has not");
    if (!values[i].is(Value::Kind::Int) || values[i].asInt() < 1 || values[i].asInt() > limits.attribute)
      return fail(range, "a dimension is an integer from 1 to " + std::to_string(limits.attribute) + "; this is " + describe(values[i]));
    extents.push_back(values[i].asInt());
    dims.push_back({extents.back(), {}, isVector ? StringRef("C") : StringRef()});
  }
  std::string whole = path.empty() ? name.str() : path + "." + name.str();
  if (expr.path) {
    std::optional<std::string> written = evaluatePath(*expr.path);
    if (!written)
      return Value::error();
    whole = std::move(*written);
  }
  auto type = mlir::RankedTensorType::get(extents, builder.getF32Type());
  mlir::Value value = makeWeight(whole, type, expr.callee.range);
  return value ? Value::tensor(makeTensor(value, dims)) : Value::error();
}

namespace {
/// A nested list of numbers as a tensor.
struct Flattened {
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<float> numbers;

  /// What is wrong with the list, or nothing.
  std::string add(const Value &value, size_t level) {
    constexpr size_t maxRank = 6;
    if (!value.isSequence()) {
      if (!value.isNumber())
        return "`const` holds numbers; this has " + describe(value);
      if (level != shape.size())
        return "lists of numbers and numbers side by side make no tensor";
      numbers.push_back(static_cast<float>(value.asFloat()));
      return {};
    }
    if (level == shape.size()) {
      if (level == maxRank)
        return "tensors have at most 6 dimensions";
      if (!numbers.empty())
        return "lists of numbers and numbers side by side make no tensor";
      shape.push_back(value.length());
    }
    if (shape[level] != value.length())
      return "rows of " + std::to_string(shape[level]) + " and of " + std::to_string(value.length()) +
             " elements make no tensor";
    if (value.length() == 0)
      return "an empty list makes no tensor";
    for (uint32_t i = 0; i < value.length(); ++i)
      if (std::string wrong = add(value.item(i), level + 1); !wrong.empty())
        return wrong;
    return {};
  }
};
} // namespace

Value Evaluator::constCall(const CallExpr &expr, Values values) {
  if (!signature(expr, 1, 1) || !count(expr.range))
    return Value::error();
  Flattened tensor;
  TextRange range = expr.arguments[0].value->range;
  std::string wrong;
  if (values[0].is(Value::Kind::String)) {
    if (frame && frame->unit)
      wrong = readNpy(frame->unit->folder, values[0].asString(), tensor.shape, tensor.numbers);
  } else if (walkable(values[0], range)) {
    wrong = tensor.add(values[0], 0);
  } else {
    return Value::error();
  }
  if (!wrong.empty())
    return fail(range, wrong);
  if (!roomFor(tensor.numbers.size() / 4, range))
    return Value::error();
  auto type = mlir::RankedTensorType::get(tensor.shape, builder.getF32Type());
  auto elements = mlir::DenseElementsAttr::get(type, llvm::ArrayRef<float>(tensor.numbers));
  mlir::OpBuilder::InsertionGuard guard(builder);
  if (edge)
    builder.restoreInsertionPoint(outsidePoint());
  mlir::Value value = ConstantOp::create(builder, locationOf(path, expr.range), type, elements).getResult();
  llvm::SmallVector<Dim> dims;
  for (int64_t extent : tensor.shape)
    dims.push_back({extent, {}, {}});
  const Tensor *made = makeTensor(value, dims);
  return edge ? capture(*made, static_cast<int>(Access::All), expr.range) : Value::tensor(made);
}
