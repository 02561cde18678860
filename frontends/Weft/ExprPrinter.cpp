// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Each node prints itself; where a node stands decides about parentheses, by the levels of the grammar.
#include "frontends/Weft/ExprPrinter.h"
#include "frontends/Weft/Printer.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <utility>

using namespace weft;
using namespace weft::language;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;
using llvm::StringRef;

ExprPrinter::ExprPrinter() {
  onBody = [this](const Body &body) { flatBody(body); };
}

void ExprPrinter::expr(const Expr &expr) {
  switch (expr.kind) {
  case Expr::Kind::Int:
    text += std::to_string(cast<IntExpr>(expr).value);
    return;
  case Expr::Kind::Float: // as written: 5e-4 stays 5e-4
    text += expr.range.text();
    return;
  case Expr::Kind::Bool:
    text += cast<BoolExpr>(expr).value ? "true" : "false";
    return;
  case Expr::Kind::String:
    return string(cast<StringExpr>(expr));
  case Expr::Kind::Name:
    text += cast<NameExpr>(expr).name;
    return;
  case Expr::Kind::Tuple:
    return list("(", cast<TupleExpr>(expr).items, ")");
  case Expr::Kind::List:
    return list("[", cast<ListExpr>(expr).items, "]");
  case Expr::Kind::Call:
    return call(cast<CallExpr>(expr));
  case Expr::Kind::Chain:
    return chain(cast<ChainExpr>(expr));
  case Expr::Kind::Index: {
    const auto &index = cast<IndexExpr>(expr);
    const auto *called = dyn_cast<CallExpr>(index.base);
    operand(*index.base, isa<ChainExpr, UnaryExpr, IfExpr>(index.base) || (called && called->path));
    return list("[", index.indices, "]");
  }
  case Expr::Kind::Member: {
    const auto &member = cast<MemberExpr>(expr);
    const auto *called = dyn_cast<CallExpr>(member.base);
    operand(*member.base,
            isa<ChainExpr, UnaryExpr, IfExpr, IntExpr, FloatExpr>(member.base) || (called && called->path));
    text += "." + member.member.text.str();
    return;
  }
  case Expr::Kind::Unary: {
    const auto &unary = cast<UnaryExpr>(expr);
    bool negate = unary.op == UnaryKind::Negate;
    const auto *inner = dyn_cast<UnaryExpr>(unary.operand);
    const auto *chained = dyn_cast<ChainExpr>(unary.operand);
    text += negate ? "-" : "not ";
    return operand(*unary.operand, isa<IfExpr>(unary.operand) ||
                                       (chained && (negate || precedence(chained->links.front().op) < 3)) ||
                                       (negate && inner && inner->op == UnaryKind::Not));
  }
  case Expr::Kind::If: {
    const auto &choice = cast<IfExpr>(expr);
    for (const Arm &arm : choice.arms) {
      text += &arm == choice.arms.begin() ? "if " : " else if ";
      head(*arm.condition);
      text += " ";
      onBody(*arm.body);
    }
    text += " else ";
    return onBody(*choice.otherwise);
  }
  }
}

void ExprPrinter::comma() {
  text += ',';
  text += breakable ? static_cast<char>(std::clamp<int>(depth, 1, deepestBreak)) : ' ';
}

void ExprPrinter::operand(const Expr &inner, bool parentheses) {
  text += parentheses ? "(" : "";
  expr(inner);
  text += parentheses ? ")" : "";
}

void ExprPrinter::list(StringRef open, List<const Expr *> items, StringRef close) {
  text += open;
  ++depth;
  expressions(items);
  --depth;
  text += close;
}

void ExprPrinter::expressions(List<const Expr *> values) {
  for (const Expr *const &value : values) {
    if (&value != values.begin())
      comma();
    expr(*value);
  }
}

void ExprPrinter::call(const CallExpr &call) {
  text += call.callee.text.str() + "(";
  ++depth;
  bool tightBefore = std::exchange(tight, false);
  for (const Argument &argument : call.arguments) {
    if (&argument != call.arguments.begin())
      comma();
    if (!argument.name.text.empty())
      text += argument.name.text.str() + (isa<IfExpr>(argument.value) ? " = " : "=");
    expr(*argument.value);
  }
  text += ")";
  --depth;
  tight = tightBefore;
  if (call.edge) {
    text += " { ";
    expr(*call.edge);
    text += " }";
  }
  if (call.path) {
    text += " as ";
    path(*call.path);
  }
}

/// Products of names and numbers are written without blanks: `4*width`.
static bool isShortProduct(const ChainExpr &chain) {
  auto isShort = [](const Expr *expr) {
    const auto *call = dyn_cast<CallExpr>(expr);
    return isa<NameExpr, IntExpr, FloatExpr>(expr) || (call && call->arguments.size() == 1 && !call->path);
  };
  return precedence(chain.links.front().op) == precedence(BinaryKind::Multiply) && isShort(chain.first) &&
         llvm::all_of(chain.links, [&](const Link &link) { return isShort(link.operand); });
}

void ExprPrinter::chain(const ChainExpr &chain) {
  unsigned level = precedence(chain.links.front().op);
  auto side = [&](const Expr &expr) {
    const auto *inner = dyn_cast<ChainExpr>(&expr);
    const auto *unary = dyn_cast<UnaryExpr>(&expr);
    operand(expr, isa<IfExpr>(expr) || (inner && precedence(inner->links.front().op) <= level) ||
                      (unary && unary->op == UnaryKind::Not && level >= 3));
  };
  bool tightBefore = tight;
  tight |= level == precedence(BinaryKind::Range);
  side(*chain.first);
  for (const Link &link : chain.links) {
    bool word = level < precedence(BinaryKind::Equal);
    StringRef blank = !word && (tight || isShortProduct(chain)) ? "" : " ";
    text += (blank + spelling(link.op) + blank).str();
    side(*link.operand);
  }
  tight = tightBefore;
}

void ExprPrinter::parts(List<StringPart> parts) {
  // Strings and paths stay on one line, bodies in them too.
  bool before = breakable;
  bool tightBefore = std::exchange(tight, true);
  auto bodyBefore = std::exchange(onBody, [this](const Body &body) { flatBody(body); });
  breakable = false;
  for (const StringPart &part : parts) {
    if (!part.expr) {
      text += part.text;
      continue;
    }
    text += "{";
    expr(*part.expr);
    text += "}";
  }
  breakable = before;
  tight = tightBefore;
  onBody = std::move(bodyBefore);
}

void ExprPrinter::string(const StringExpr &string) {
  text += '"';
  parts(string.parts);
  text += '"';
}

void ExprPrinter::path(const Path &path) { parts(path.pieces); }

/// Whether a `{` or an `as` after `expr`, or one inside it but outside brackets, would be read as the head's own.
static bool wantsParentheses(const Expr &expr) {
  switch (expr.kind) {
  case Expr::Kind::Call: {
    const auto &call = cast<CallExpr>(expr);
    return call.path || (!call.edge && (call.callee.text == "aggregate" || call.callee.text == "softmax_by_dst"));
  }
  case Expr::Kind::If:
    return true;
  case Expr::Kind::Index:
    return wantsParentheses(*cast<IndexExpr>(expr).base);
  case Expr::Kind::Member:
    return wantsParentheses(*cast<MemberExpr>(expr).base);
  case Expr::Kind::Unary:
    return wantsParentheses(*cast<UnaryExpr>(expr).operand);
  case Expr::Kind::Chain:
    return wantsParentheses(*cast<ChainExpr>(expr).first) ||
           llvm::any_of(cast<ChainExpr>(expr).links, [](const Link &link) { return wantsParentheses(*link.operand); });
  default:
    return false;
  }
}

void ExprPrinter::head(const Expr &expr) { operand(expr, wantsParentheses(expr)); }

void ExprPrinter::pattern(const Pattern &pattern) {
  if (!pattern.isTuple()) {
    text += pattern.name;
    return;
  }
  for (const Pattern *const &member : pattern.members) {
    if (&member != pattern.members.begin())
      text += ", ";
    text += member->isTuple() ? "(" : "";
    this->pattern(*member);
    text += member->isTuple() ? ")" : "";
  }
}

void ExprPrinter::type(const Type &type) {
  if (type.isGraph)
    text += "graph";
  text += type.element.text;
  if (type.hasDims)
    list("[", type.dims, "]");
  if (type.features.empty())
    return;
  text += " { ";
  for (const EdgeFeature &feature : type.features) {
    if (&feature != type.features.begin())
      comma();
    text += (feature.prefix.text + "." + feature.name.text + ": ").str();
    this->type(*feature.type);
  }
  text += " }";
}

void ExprPrinter::statementHead(const Statement &statement) {
  switch (statement.kind) {
  case Statement::Kind::Bind:
    pattern(*statement.target);
    text += " = ";
    return expressions(statement.values);
  case Statement::Kind::For:
    text += statement.target->isTuple() ? "for (" : "for ";
    pattern(*statement.target);
    text += statement.target->isTuple() ? ") in " : " in ";
    head(*statement.values.front());
    if (statement.path) {
      text += " as ";
      path(*statement.path);
    }
    text += " ";
    return;
  case Statement::Kind::Assert:
    text += "assert ";
    expr(*statement.values.front());
    text += " : ";
    return string(*statement.message);
  case Statement::Kind::Return:
    text += "return ";
    return expressions(statement.values);
  case Statement::Kind::Evaluate:
    return expr(*statement.values.front());
  }
}

void ExprPrinter::flatBody(const Body &body) {
  text += "{ ";
  for (const Statement *const &statement : body.statements) {
    if (&statement != body.statements.begin())
      text += "; ";
    statementHead(*statement);
    if (statement->body)
      onBody(*statement->body);
  }
  text += body.statements.empty() ? "}" : " }";
}

std::string language::printExpr(const Expr &expr) {
  ExprPrinter printer;
  printer.expr(expr);
  std::replace_if(printer.text.begin(), printer.text.end(), isBreak, ' ');
  return printer.text;
}
