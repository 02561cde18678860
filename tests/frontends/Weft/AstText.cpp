// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Written apart from the printer, so that a printer that loses something is found out.
#include "tests/frontends/Weft/AstText.h"

using namespace weft::language;
using llvm::cast;

namespace {
class Writer {
public:
  std::string text;

  void file(const File &file) {
    for (const Item *i : file.items)
      item(*i);
  }

private:
  void word(llvm::StringRef w) {
    if (!w.empty())
      text += (text.empty() || text.back() == '(' ? "" : " ") + w.str();
  }
  template <typename Inside> void group(llvm::StringRef head, Inside inside) {
    word("(");
    text += head;
    inside();
    text += ")";
  }
  template <typename T, typename Each> void all(List<T> items, Each each) {
    for (const T &i : items)
      each(i);
  }

  void parts(List<StringPart> parts) {
    for (const StringPart &part : parts)
      part.expr ? expr(*part.expr) : word("'" + part.text.str() + "'");
  }
  void path(const Path *path) {
    if (path)
      group("as", [&] { parts(path->pieces); });
  }
  void body(const Body &body) {
    group("body", [&] { all(body.statements, [&](const Statement *s) { statement(*s); }); });
  }
  void exprs(List<const Expr *> exprs) {
    all(exprs, [&](const Expr *e) { expr(*e); });
  }
  void pattern(const Pattern &pattern) {
    if (!pattern.isTuple())
      return word(pattern.name);
    group("names", [&] { all(pattern.members, [&](const Pattern *p) { this->pattern(*p); }); });
  }

  void expr(const Expr &e) {
    switch (e.kind) {
    case Expr::Kind::Int:
      return word(std::to_string(cast<IntExpr>(e).value));
    case Expr::Kind::Float:
      return word(std::to_string(cast<FloatExpr>(e).value));
    case Expr::Kind::Bool:
      return word(cast<BoolExpr>(e).value ? "#true" : "#false");
    case Expr::Kind::Name:
      return word(cast<NameExpr>(e).name);
    case Expr::Kind::String:
      return group("string", [&] { parts(cast<StringExpr>(e).parts); });
    case Expr::Kind::Tuple:
      return group("tuple", [&] { exprs(cast<TupleExpr>(e).items); });
    case Expr::Kind::List:
      return group("list", [&] { exprs(cast<ListExpr>(e).items); });
    case Expr::Kind::Call:
      return group("call", [&] { call(cast<CallExpr>(e)); });
    case Expr::Kind::Index:
      return group("index", [&] {
        expr(*cast<IndexExpr>(e).base);
        exprs(cast<IndexExpr>(e).indices);
      });
    case Expr::Kind::Member:
      return group("member", [&] {
        expr(*cast<MemberExpr>(e).base);
        word(cast<MemberExpr>(e).member.text);
      });
    case Expr::Kind::Unary:
      return group(cast<UnaryExpr>(e).op == UnaryKind::Not ? "not" : "negate",
                   [&] { expr(*cast<UnaryExpr>(e).operand); });
    case Expr::Kind::Chain:
      return group("chain", [&] {
        expr(*cast<ChainExpr>(e).first);
        all(cast<ChainExpr>(e).links, [&](const Link &link) {
          word(spelling(link.op));
          expr(*link.operand);
        });
      });
    case Expr::Kind::If:
      return group("if", [&] {
        all(cast<IfExpr>(e).arms, [&](const Arm &arm) {
          expr(*arm.condition);
          body(*arm.body);
        });
        body(*cast<IfExpr>(e).otherwise);
      });
    }
  }

  void call(const CallExpr &call) {
    word(call.callee.text);
    all(call.arguments, [&](const Argument &argument) {
      if (!argument.name.text.empty())
        word(argument.name.text.str() + "=");
      expr(*argument.value);
    });
    if (call.edge)
      group("edge", [&] { expr(*call.edge); });
    path(call.path);
  }

  void statement(const Statement &s) {
    static const char *heads[] = {"=", "for", "assert", "return", "value"};
    group(heads[static_cast<int>(s.kind)], [&] {
      if (s.target)
        pattern(*s.target);
      exprs(s.values);
      if (s.message)
        expr(*s.message);
      path(s.path);
      if (s.body)
        body(*s.body);
    });
  }

  void type(const Type &type) {
    group(type.isGraph   ? "graph"
          : type.hasDims ? "tensor"
                         : "scalar",
          [&] {
            word(type.element.text);
            exprs(type.dims);
            all(type.features, [&](const EdgeFeature &feature) {
              word((feature.prefix.text + "." + feature.name.text).str());
              this->type(*feature.type);
            });
          });
  }

  void item(const Item &item) {
    static const char *heads[] = {"import", "const", "block", "net", "train"};
    group(heads[static_cast<int>(item.kind)], [&] {
      word(item.name.text);
      if (item.importPath)
        expr(*item.importPath);
      if (item.value)
        expr(*item.value);
      all(item.parameters, [&](const Parameter &parameter) {
        word(parameter.name.text);
        if (parameter.type)
          type(*parameter.type);
        if (parameter.defaultValue)
          expr(*parameter.defaultValue);
      });
      for (List<Port> ports : {item.ports, item.results})
        group("ports", [&] {
          all(ports, [&](const Port &port) {
            word(port.name.text.str() + (port.optional ? "?" : ""));
            type(*port.type);
          });
        });
      all(item.settings, [&](const Setting &setting) {
        word("setting" + std::to_string(static_cast<int>(setting.kind)));
        word(setting.name.text);
        if (setting.value)
          expr(*setting.value);
        word(setting.unit);
      });
      if (item.body)
        body(*item.body);
      word(item.trained.text);
      all(item.trainStatements, [&](const TrainStatement &s) {
        group("train", [&] {
          word(s.name.text);
          if (s.type)
            type(*s.type);
          if (s.target)
            pattern(*s.target);
          if (s.value)
            expr(*s.value);
        });
      });
    });
    text += "\n";
  }
};
} // namespace

std::string weft::language::astText(const File &file) {
  Writer writer;
  writer.file(file);
  return writer.text;
}
