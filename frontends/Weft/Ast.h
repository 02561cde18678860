// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The syntax tree of a .weft file: what was written, nothing looked up. Nodes live in the arena of their File, hold no
// memory of their own and are never changed after parsing. Long chains (`a + b + ...`, `else if`) are flat, so that the
// depth of a tree is the nesting of its text, at most 256.
#pragma once

#include "compiler/Support/Diagnostics.h"

#include "llvm/Support/Allocator.h"
#include "llvm/Support/Casting.h"

namespace weft::language {

template <typename T> using List = llvm::ArrayRef<T>;

struct Name {
  llvm::StringRef text;
  TextRange range;
};

struct Expr {
  enum class Kind : uint8_t { Int, Float, String, Bool, Name, Tuple, List, Call, Index, Member, Unary, Chain, If };
  Kind kind;
  TextRange range;

protected:
  Expr(Kind kind, TextRange range) : kind(kind), range(range) {}
};

template <Expr::Kind K> struct ExprOf : Expr {
  static bool classof(const Expr *expr) { return expr->kind == K; }

protected:
  explicit ExprOf(TextRange range) : Expr(K, range) {}
};

struct Body;

struct IntExpr : ExprOf<Expr::Kind::Int> {
  int64_t value;
  IntExpr(TextRange range, int64_t value) : ExprOf(range), value(value) {}
};

struct FloatExpr : ExprOf<Expr::Kind::Float> {
  double value;
  FloatExpr(TextRange range, double value) : ExprOf(range), value(value) {}
};

/// A piece of a string: text as written (escapes kept), or an expression in braces.
struct StringPart {
  llvm::StringRef text;
  const Expr *expr = nullptr;
};

struct StringExpr : ExprOf<Expr::Kind::String> {
  List<StringPart> parts;
  StringExpr(TextRange range, List<StringPart> parts) : ExprOf(range), parts(parts) {}
};

struct BoolExpr : ExprOf<Expr::Kind::Bool> {
  bool value;
  BoolExpr(TextRange range, bool value) : ExprOf(range), value(value) {}
};

struct NameExpr : ExprOf<Expr::Kind::Name> {
  llvm::StringRef name;
  NameExpr(TextRange range, llvm::StringRef name) : ExprOf(range), name(name) {}
};

struct TupleExpr : ExprOf<Expr::Kind::Tuple> { // `(a, b)`, at least two
  List<const Expr *> items;
  TupleExpr(TextRange range, List<const Expr *> items) : ExprOf(range), items(items) {}
};

struct ListExpr : ExprOf<Expr::Kind::List> {
  List<const Expr *> items;
  ListExpr(TextRange range, List<const Expr *> items) : ExprOf(range), items(items) {}
};

/// `layer{k}.0.conv`: pieces of text (dots among them) and expressions, in order.
struct Path {
  TextRange range;
  List<StringPart> pieces;
};

struct Argument {
  Name name; // empty for a positional one
  const Expr *value;
};

struct CallExpr : ExprOf<Expr::Kind::Call> {
  Name callee;
  List<Argument> arguments;
  const Expr *edge = nullptr; // `aggregate(g, sum) { edge }`
  const Path *path = nullptr; // `as path`
  CallExpr(TextRange range, Name callee, List<Argument> arguments)
      : ExprOf(range), callee(callee), arguments(arguments) {}
};

struct IndexExpr : ExprOf<Expr::Kind::Index> {
  const Expr *base;
  List<const Expr *> indices;
  IndexExpr(TextRange range, const Expr *base, List<const Expr *> indices)
      : ExprOf(range), base(base), indices(indices) {}
};

struct MemberExpr : ExprOf<Expr::Kind::Member> {
  const Expr *base;
  Name member;
  MemberExpr(TextRange range, const Expr *base, Name member) : ExprOf(range), base(base), member(member) {}
};

enum class UnaryKind : uint8_t { Negate, Not };

struct UnaryExpr : ExprOf<Expr::Kind::Unary> {
  UnaryKind op;
  const Expr *operand;
  UnaryExpr(TextRange range, UnaryKind op, const Expr *operand) : ExprOf(range), op(op), operand(operand) {}
};

enum class BinaryKind : uint8_t {
  Or,
  And,
  Equal,
  NotEqual,
  Less,
  Greater,
  LessEqual,
  GreaterEqual,
  Range,
  Add,
  Subtract,
  Multiply,
  Divide,
  FloorDivide,
  Remainder
};

/// How tightly an operator binds: 0 `or`, 1 `and`, 3 comparisons, 4 `..`, 5 sums, 6 products. (2 is `not`.)
unsigned precedence(BinaryKind op);
llvm::StringRef spelling(BinaryKind op);

struct Link {
  BinaryKind op;
  TextRange opRange;
  const Expr *operand;
};

/// Operators of one precedence, from the left: `first op a op b`. Comparisons and ranges have exactly one link.
struct ChainExpr : ExprOf<Expr::Kind::Chain> {
  const Expr *first;
  List<Link> links;
  ChainExpr(TextRange range, const Expr *first, List<Link> links) : ExprOf(range), first(first), links(links) {}
};

struct Arm {
  const Expr *condition;
  const Body *body;
};

struct IfExpr : ExprOf<Expr::Kind::If> {
  List<Arm> arms; // `if` and each `else if`
  const Body *otherwise;
  IfExpr(TextRange range, List<Arm> arms, const Body *otherwise) : ExprOf(range), arms(arms), otherwise(otherwise) {}
};

/// A name, `_` or a tuple of patterns.
struct Pattern {
  TextRange range;
  llvm::StringRef name;               // empty for a tuple
  List<const Pattern *> members = {}; // empty for a name
  bool isTuple() const { return name.empty(); }
};

struct Statement {
  enum class Kind : uint8_t { Bind, For, Assert, Return, Evaluate };
  Kind kind;
  TextRange range;
  const Pattern *target = nullptr; // Bind, For
  List<const Expr *> values = {};  // Bind, Return: one or more; For: what is run over; Assert: condition; Evaluate: it
  const StringExpr *message = nullptr; // Assert
  const Path *path = nullptr;          // For
  const Body *body = nullptr;          // For
};

struct Body {
  TextRange range; // with its braces
  List<const Statement *> statements;
};

struct Type;

struct EdgeFeature { // `edge.w: f32`
  Name prefix, name;
  const Type *type;
};

struct Type {
  TextRange range;
  bool isGraph = false;
  bool hasDims = true; // an edge feature may be a bare `f32`
  Name element;        // "f32"; empty where none is written
  List<const Expr *> dims;
  List<EdgeFeature> features;
};

struct Parameter {
  Name name;
  const Type *type = nullptr;
  const Expr *defaultValue = nullptr;
};

struct Port {
  Name name;
  const Type *type;
  bool optional = false;
};

struct Setting {
  enum class Kind : uint8_t { Param, Bound, Precision, Memory };
  Kind kind;
  TextRange range;
  Name name;                   // Param, Bound; Precision: the type
  const Expr *value = nullptr; // Param, Bound, Memory (a number)
  llvm::StringRef unit;        // Memory: B, KiB, MiB, GiB
};

struct TrainStatement {
  enum class Kind : uint8_t { Input, Bind, Directive };
  Kind kind;
  TextRange range;
  Name name;                  // Input: the port; Directive: `optimizer`, `schedule`, `metrics`, `seed`
  const Type *type = nullptr; // Input
  const Pattern *target = nullptr;
  const Expr *value = nullptr; // Bind, Directive
};

struct Item {
  enum class Kind : uint8_t { Import, Const, Block, Net, Train };
  Kind kind;
  TextRange range;
  Name name;                              // Const, Block, Net, Train
  const StringExpr *importPath = nullptr; // Import
  const Expr *value = nullptr;            // Const
  List<Parameter> parameters;             // Block
  List<Port> ports, results;              // Net
  List<Setting> settings;                 // Net
  const Body *body = nullptr;             // Block, Net
  Name trained;                           // Train: the net
  List<TrainStatement> trainStatements;   // Train
};

/// One parsed text. Owns everything its items point to, but not the text.
struct File {
  const TextFile *text = nullptr;
  int64_t version = 1;
  TextRange versionRange;
  std::vector<const Item *> items;
  std::vector<TextRange> comments;
  llvm::BumpPtrAllocator arena;
};

} // namespace weft::language
