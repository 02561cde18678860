// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Bodies, bindings and loops. `=` rebinds the nearest binding of the name in the same block; otherwise the name is
// local to the body.
#include "frontends/Weft/Evaluator.h"

using namespace weft;
using namespace weft::language;
using llvm::StringRef;

Binding *Scope::find(StringRef name) {
  for (Scope *scope = this; scope; scope = scope->parent)
    if (auto found = scope->names.find(name); found != scope->names.end())
      return &found->second;
  return nullptr;
}

/// Runs the statements; gives the value of the last one if that is an expression.
Value Evaluator::body(const Body &body, Scope &inner) {
  Restore<Scope *> restore(scope, &inner);
  Value last;
  for (const Statement *next : body.statements) {
    last = Value();
    statement(*next, last);
    if (stopped)
      return Value::error();
    if (frame && frame->returned)
      break;
  }
  return last;
}

Value Evaluator::bodyInNewScope(const Body &inner) {
  Scope local;
  local.parent = scope;
  return body(inner, local);
}

/// `a, b` without brackets. An item in error leaves the others usable: each name is bound to its own.
Value Evaluator::values(List<const Expr *> exprs) {
  if (exprs.size() == 1)
    return evaluate(*exprs.front());
  llvm::SmallVector<Value> items;
  for (const Expr *expr : exprs)
    items.push_back(evaluate(*expr));
  TextRange range = exprs.front()->range;
  range.end = exprs.back()->range.end;
  return makeList(/*isTuple=*/true, items, range);
}

void Evaluator::statement(const Statement &statement, Value &last) {
  switch (statement.kind) {
  case Statement::Kind::Bind: {
    Value value = values(statement.values);
    TextRange valueRange = join(statement.values.front()->range, statement.values.back()->range);
    return bind(*statement.target, value, valueRange, /*fresh=*/false);
  }
  case Statement::Kind::For:
    return forLoop(statement);
  case Statement::Kind::Assert:
    return assertion(statement);
  case Statement::Kind::Return:
    frame->result = values(statement.values);
    frame->resultPlace = join(statement.values.front()->range, statement.values.back()->range);
    frame->returned = true;
    return;
  case Statement::Kind::Evaluate:
    last = evaluate(*statement.values.front());
    return;
  }
}

void Evaluator::bind(const Pattern &pattern, Value value, TextRange valueRange, bool fresh) {
  if (!pattern.isTuple()) {
    if (value.is(Value::Kind::None))
      value = fail(valueRange, "this has no value: its block returns nothing");
    return assignName(pattern, value, fresh);
  }
  if (!value.isError() && !value.isSequence())
    value = fail(valueRange,
                 llvm::Twine(pattern.members.size()) + " names want as many values; this is " + describe(value));
  if (!value.isError() && value.length() != pattern.members.size())
    value = fail(pattern.range,
                 llvm::Twine(pattern.members.size()) + " names for " + llvm::Twine(value.length()) + " values");
  for (size_t i = 0; i < pattern.members.size(); ++i)
    bind(*pattern.members[i], value.isError() ? value : value.item(i), valueRange, fresh);
}

void Evaluator::assignName(const Pattern &pattern, Value value, bool fresh) {
  if (pattern.name == "_")
    return;
  Binding *known = fresh ? nullptr : scope->find(pattern.name);
  (known ? *known : scope->names[pattern.name]) = {value, pattern.range};
}

void Evaluator::forLoop(const Statement &statement) {
  const Expr &over = *statement.values.front();
  Value sequence = evaluate(over);
  if (!sequence.isError() && !sequence.isSequence())
    sequence = fail(over.range, "`for` runs over a list or a range; this is " + describe(sequence));
  if (sequence.isError())
    return;
  if (!LeastCost::mayReturn(*statement.body) &&
      !affordable(sequence.length(), leastCost.ofBody(*statement.body, *frame->unit), statement.range))
    return;
  for (uint32_t i = 0; i < sequence.length(); ++i) {
    if (++steps > limits.steps && stop(statement.range, "this loop runs too long"))
      return;
    Scope local;
    local.parent = scope;
    Restore<Scope *> inside(scope, &local);
    bind(*statement.target, sequence.item(i), over.range, /*fresh=*/true);
    Restore<std::string> restorePath(path);
    if (statement.path) {
      std::optional<std::string> turn = evaluatePath(*statement.path);
      if (!turn)
        return;
      path = std::move(*turn);
    }
    body(*statement.body, local);
    if (stopped || (frame && frame->returned))
      return;
  }
}

void Evaluator::assertion(const Statement &statement) {
  std::optional<bool> holds = condition(*statement.values.front());
  if (!holds || *holds)
    return;
  bool fine = true;
  std::string message = text(statement.message->parts, statement.message->range, limits.stringBytes, fine);
  if (fine)
    report(statement.values.front()->range, printable(message, 400));
}
