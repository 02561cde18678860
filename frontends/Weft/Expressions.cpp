// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Values of expressions at compile time. Integers are 64 bits and checked; what is done to tensors goes to Calls.cpp.
#include "frontends/Weft/Evaluator.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace weft;
using namespace weft::language;
using llvm::cast;
using llvm::StringRef;
using llvm::Twine;

Value Evaluator::evaluate(const Expr &expr) {
  if (stopped)
    return Value::error();
  if (++steps > limits.steps)
    stop(expr.range, "the expansion takes more than " + Twine(limits.steps) + " steps");
  Restore<unsigned> restore(depth, depth + 1);
  if (depth > limits.depth)
    stop(expr.range, "blocks and expressions are nested too deep");
  return stopped ? Value::error() : evaluateKind(expr);
}

Value Evaluator::evaluateKind(const Expr &expr) {
  switch (expr.kind) {
  case Expr::Kind::Int:
    return Value::number(cast<IntExpr>(expr).value);
  case Expr::Kind::Float:
    return Value::number(cast<FloatExpr>(expr).value);
  case Expr::Kind::Bool:
    return Value::boolean(cast<BoolExpr>(expr).value);
  case Expr::Kind::String:
    return string(cast<StringExpr>(expr));
  case Expr::Kind::Name:
    return name(cast<NameExpr>(expr));
  case Expr::Kind::Tuple:
    return sequence(expr, cast<TupleExpr>(expr).items, /*isTuple=*/true);
  case Expr::Kind::List:
    return sequence(expr, cast<ListExpr>(expr).items, /*isTuple=*/false);
  case Expr::Kind::Call:
    return call(cast<CallExpr>(expr));
  case Expr::Kind::Index:
    return index(cast<IndexExpr>(expr));
  case Expr::Kind::Member:
    return member(cast<MemberExpr>(expr));
  case Expr::Kind::Unary:
    return unary(cast<UnaryExpr>(expr));
  case Expr::Kind::Chain:
    return chain(cast<ChainExpr>(expr));
  case Expr::Kind::If:
    return choice(cast<IfExpr>(expr));
  }
  llvm_unreachable("all kinds are listed");
}

Value Evaluator::name(const NameExpr &expr) {
  if (Binding *known = scope ? scope->find(expr.name) : nullptr) {
    if (edge && known->value.isTensor())
      return capture(known->value.asTensor(), -1, expr.range);
    return known->value;
  }
  const Entity *global = entity(expr.name);
  if (global && global->item->kind == Item::Kind::Const)
    return global->value;
  if (expr.name == "_")
    return fail(expr.range, "`_` has no value");
  if (global)
    return fail(expr.range, "`" + expr.name + "` is a block; call it with `(...)`");
  if (isCall(expr.name))
    return fail(expr.range, "`" + expr.name + "` is an operation; call it with `(...)`");
  std::vector<StringRef> candidates;
  for (Scope *s = scope; s; s = s->parent)
    for (auto &entry : s->names)
      candidates.push_back(entry.first);
  if (frame && frame->unit)
    llvm::append_range(candidates, frame->unit->nameList());
  std::sort(candidates.begin(), candidates.end());
  return fail(expr.range, "unknown name `" + printable(expr.name) + "`" + didYouMean(expr.name, candidates));
}

/// Text with its expressions replaced by their values.
std::string Evaluator::text(List<StringPart> parts, TextRange range, size_t limit, bool &fine) {
  std::string result;
  fine = true;
  for (const StringPart &part : parts) {
    if (part.expr) {
      Value value = evaluate(*part.expr);
      if (!value.isError() && !format(value, result))
        fail(part.expr->range, describe(value) + " has no text");
      fine &= !value.isError() && !value.isTensor() && !value.is(Value::Kind::Graph) && !value.is(Value::Kind::None);
    } else {
      for (size_t i = 0; i < part.text.size(); ++i) {
        if (part.text[i] == '\\' && i + 1 < part.text.size()) {
          char c = part.text[++i];
          result += c == 'n' ? '\n' : c == 't' ? '\t' : c;
        } else {
          result += part.text[i];
        }
      }
    }
    if (result.size() > limit) {
      fail(range, "this text is longer than " + Twine(limit) + " bytes");
      fine = false;
    }
    if (!fine)
      return result;
  }
  return result;
}

Value Evaluator::string(const StringExpr &expr) {
  bool fine;
  std::string result = text(expr.parts, expr.range, limits.stringBytes, fine);
  if (!fine || !roomFor(result.size() / sizeof(Value) + 1, expr.range))
    return Value::error();
  return Value::string(keep(StringRef(result)));
}

Value Evaluator::sequence(const Expr &expr, List<const Expr *> items, bool isTuple) {
  llvm::SmallVector<Value> result;
  bool fine = true;
  for (const Expr *item : items) {
    result.push_back(evaluate(*item));
    fine &= !result.back().isError();
    if (result.back().is(Value::Kind::None)) {
      fail(item->range, "this has no value: its block returns nothing");
      fine = false;
    }
  }
  return fine ? makeList(isTuple, result, expr.range) : Value::error();
}

Value Evaluator::makeList(bool isTuple, llvm::ArrayRef<Value> items, TextRange range) {
  if (Value::nestingOf(items) > limits.nesting)
    return fail(range, "lists are nested deeper than " + Twine(limits.nesting));
  return roomFor(items.size(), range) ? Value::items(isTuple, keep(items)) : Value::error();
}

Value Evaluator::index(const IndexExpr &expr) {
  if (edge && expr.indices.size() == 1)
    if (const auto *end = llvm::dyn_cast<NameExpr>(expr.indices.front()); end && !scope->find(end->name))
      if (end->name == "src" || end->name == "dst")
        return edgeIndex(expr);
  Value base = edge ? outsideEdges(*expr.base) : evaluate(*expr.base);
  if (base.isError())
    return base;
  if (base.isTensor() && edge)
    return fail(expr.indices.front()->range, "inside `{ }` a tensor is read at `[src]` or `[dst]`");
  if (base.isTensor())
    return fail(expr.range, "a tensor has no elements at compile time; `slice` and `gather` cut it");
  if (!base.isSequence())
    return fail(expr.base->range, describe(base) + " has no elements");
  if (expr.indices.size() != 1)
    return fail(expr.range, "one index, please: `a[i][j]` reaches into lists of lists");
  Value at = evaluate(*expr.indices.front());
  if (at.isError())
    return at;
  if (!at.is(Value::Kind::Int))
    return fail(expr.indices.front()->range, "an index is an integer; this is " + describe(at));
  if (at.asInt() < 0 || at.asInt() >= base.length())
    return fail(expr.indices.front()->range,
                "index " + Twine(at.asInt()) + " is outside " + describe(base) + "; it counts from 0");
  return base.item(at.asInt());
}

Value Evaluator::member(const MemberExpr &expr) {
  if (edge)
    if (const auto *base = llvm::dyn_cast<NameExpr>(expr.base); base && base->name == "edge" && !scope->find("edge"))
      return edgeMember(expr);
  if (const auto *base = llvm::dyn_cast<NameExpr>(expr.base); base && base->name == "edge")
    return fail(expr.range, "`edge` is known only inside the `{ }` of `aggregate` and `softmax_by_dst`");
  Value base = evaluate(*expr.base);
  if (base.isError())
    return base;
  return fail(expr.member.range, describe(base) + " has no part `" + printable(expr.member.text) + "`");
}

std::optional<bool> Evaluator::condition(const Expr &expr) {
  Value value = evaluate(expr);
  if (!value.isError() && !value.is(Value::Kind::Bool))
    value = fail(expr.range, "a condition is true or false at compile time; this is " + describe(value));
  if (value.isError())
    return std::nullopt;
  return value.asBool();
}

Value Evaluator::choice(const IfExpr &expr) {
  for (const Arm &arm : expr.arms) {
    std::optional<bool> taken = condition(*arm.condition);
    if (!taken)
      return Value::error();
    if (*taken)
      return bodyInNewScope(*arm.body);
  }
  return bodyInNewScope(*expr.otherwise);
}

Value Evaluator::unary(const UnaryExpr &expr) {
  if (expr.op == UnaryKind::Not) {
    std::optional<bool> value = condition(*expr.operand);
    return value ? Value::boolean(!*value) : Value::error();
  }
  Value value = evaluate(*expr.operand);
  switch (value.kind()) {
  case Value::Kind::Error:
    return value;
  case Value::Kind::Int:
    return integerArithmetic(BinaryKind::Subtract, 0, value.asInt(), expr.range);
  case Value::Kind::Float:
    return Value::number(-value.asFloat());
  case Value::Kind::Tensor:
    return operation("neg", {{"", llvm::SmallVector<mlir::Value>{value.asTensor().value}, placeOf(expr.range)}},
                     {&value.asTensor()}, expr.range, {expr.range.file, expr.range.begin, expr.range.begin + 1});
  default:
    return fail(expr.operand->range, "`-` wants a number or a tensor; this is " + describe(value));
  }
}

Value Evaluator::chain(const ChainExpr &expr) {
  if (precedence(expr.links.front().op) <= precedence(BinaryKind::And))
    return logical(expr);
  Value left = evaluate(*expr.first);
  TextRange leftRange = expr.first->range;
  for (const Link &link : expr.links) {
    Value right = evaluate(*link.operand);
    if (left.isError() || right.isError())
      left = Value::error(); // the other operands may still hold errors worth telling
    else
      left = binary(link.op, left, right, link, leftRange, link.operand->range);
    leftRange = join(expr.first->range, link.operand->range);
  }
  return left;
}

/// `and` and `or` look at the right side only if the left one does not decide.
Value Evaluator::logical(const ChainExpr &expr) {
  bool decides = expr.links.front().op == BinaryKind::Or;
  std::optional<bool> value = condition(*expr.first);
  for (const Link &link : expr.links) {
    if (!value || *value == decides)
      break;
    value = condition(*link.operand);
  }
  return value ? Value::boolean(*value) : Value::error();
}

Value Evaluator::binary(BinaryKind op, Value left, Value right, const Link &link, TextRange leftRange,
                        TextRange rightRange) {
  TextRange whole = join(leftRange, rightRange);
  if (left.is(Value::Kind::Size) || right.is(Value::Kind::Size)) {
    if ((op == BinaryKind::Equal || op == BinaryKind::NotEqual) && equal(left, right))
      return Value::boolean(op == BinaryKind::Equal);
    const Value &size = left.is(Value::Kind::Size) ? left : right;
    return fail(left.is(Value::Kind::Size) ? leftRange : rightRange,
                "`" + size.asString() + "` is known only when the network runs; it cannot be computed with here");
  }
  switch (precedence(op)) {
  case 3:
    return compare(op, left, right, whole);
  case 4:
    return makeRange(left, right, whole);
  default:
    break;
  }
  if (left.isTensor() || right.isTensor())
    return tensorArithmetic(op, left, right, link, leftRange, rightRange);
  if (left.isNumber() && right.isNumber())
    return arithmetic(op, left, right, whole);
  if (op == BinaryKind::Add && left.is(Value::Kind::List) && right.is(Value::Kind::List))
    return joinLists(left, right, whole);
  return fail(link.opRange, "`" + spelling(op) + "` cannot join " + describe(left) + " and " + describe(right));
}

Value Evaluator::joinLists(Value left, Value right, TextRange range) {
  if (!roomFor(size_t(left.length()) + right.length(), range))
    return Value::error();
  llvm::SmallVector<Value> items(left.asItems());
  llvm::append_range(items, right.asItems());
  return makeList(/*isTuple=*/false, items, range);
}

Value Evaluator::makeRange(Value left, Value right, TextRange range) {
  if (!left.is(Value::Kind::Int) || !right.is(Value::Kind::Int))
    return fail(range,
                "a range goes from an integer to an integer, not from " + describe(left) + " to " + describe(right));
  int64_t count;
  if (llvm::SubOverflow(right.asInt(), left.asInt(), count) || count > int64_t(UINT32_MAX))
    return fail(range, "this range has more than " + Twine(UINT32_MAX) + " elements");
  return Value::range(left.asInt(), std::max<int64_t>(count, 0));
}

Value Evaluator::compare(BinaryKind op, Value left, Value right, TextRange range) {
  if (op == BinaryKind::Equal || op == BinaryKind::NotEqual) {
    if (left.isTensor() || right.isTensor())
      return fail(range, "tensors have no values at compile time to compare");
    bool ranges = left.is(Value::Kind::Range) && right.is(Value::Kind::Range);
    if (!ranges && !(walkable(left, range) && walkable(right, range)))
      return Value::error();
    return Value::boolean(equal(left, right) == (op == BinaryKind::Equal));
  }
  if (!left.isNumber() || !right.isNumber())
    return fail(range, "`" + spelling(op) + "` compares numbers, not " + describe(left) + " and " + describe(right));
  bool integers = left.is(Value::Kind::Int) && right.is(Value::Kind::Int);
  bool less = integers ? left.asInt() < right.asInt() : left.asFloat() < right.asFloat();
  bool greater = integers ? left.asInt() > right.asInt() : left.asFloat() > right.asFloat();
  switch (op) {
  case BinaryKind::Less:
    return Value::boolean(less);
  case BinaryKind::Greater:
    return Value::boolean(greater);
  case BinaryKind::LessEqual:
    return Value::boolean(!greater);
  default:
    return Value::boolean(!less);
  }
}

Value Evaluator::arithmetic(BinaryKind op, Value left, Value right, TextRange range) {
  if (left.is(Value::Kind::Int) && right.is(Value::Kind::Int))
    return integerArithmetic(op, left.asInt(), right.asInt(), range);
  double a = left.asFloat(), b = right.asFloat(), result = 0;
  switch (op) {
  case BinaryKind::Add:
    result = a + b;
    break;
  case BinaryKind::Subtract:
    result = a - b;
    break;
  case BinaryKind::Multiply:
    result = a * b;
    break;
  case BinaryKind::Divide:
    result = a / b;
    break;
  case BinaryKind::FloorDivide:
    result = std::floor(a / b);
    break;
  default:
    result = a - b * std::floor(a / b);
    break;
  }
  if (!std::isfinite(result))
    return fail(range, b == 0 ? Twine("division by zero") : "`" + spelling(op) + "` overflows here");
  return Value::number(result);
}

Value Evaluator::integerArithmetic(BinaryKind op, int64_t a, int64_t b, TextRange range) {
  int64_t result = 0;
  bool overflow = false;
  switch (op) {
  case BinaryKind::Add:
    overflow = llvm::AddOverflow(a, b, result);
    break;
  case BinaryKind::Subtract:
    overflow = llvm::SubOverflow(a, b, result);
    break;
  case BinaryKind::Multiply:
    overflow = llvm::MulOverflow(a, b, result);
    break;
  default: {
    if (b == 0)
      return fail(range, "division by zero");
    if (a == INT64_MIN && b == -1) {
      overflow = true;
      break;
    }
    if (op == BinaryKind::Divide && a % b != 0)
      return fail(range, Twine(a) + " / " + Twine(b) + " does not come out whole; `//` rounds down");
    // C rounds towards zero, the language down.
    bool roundedUp = a % b != 0 && (a < 0) != (b < 0);
    result = op == BinaryKind::Remainder ? a % b + (roundedUp ? b : 0) : a / b - roundedUp;
    break;
  }
  }
  if (overflow)
    return fail(range, "integer overflow: the result of `" + spelling(op) + "` does not fit 64 bits");
  return Value::number(result);
}
