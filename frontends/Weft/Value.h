// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What an expression is worth while a net is expanded: a number, a word, a list, a tensor of the net, a graph. Values
// are small, never change, and point into an arena that lives as long as the expansion.
#pragma once

#include "compiler/Support/Diagnostics.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

namespace weft::language {

/// A dimension of a tensor. `size` names the run-time size it is; then `extent` is unknown. An unknown extent without a
/// name is a run-time size nobody can tell.
struct Dim {
  int64_t extent = mlir::ShapedType::kDynamic;
  llvm::StringRef size;
  llvm::StringRef name; // "C": what `C(x)` looks for; may be empty

  bool isKnown() const { return !mlir::ShapedType::isDynamic(extent); }
};

struct Graph;

struct Tensor {
  mlir::Value value;
  llvm::ArrayRef<Dim> dims;
  const Graph *perEdge = nullptr; // one row an edge of this graph, read at the current edge inside `{ }`
};

struct EdgeTensor {
  llvm::StringRef name;
  const Tensor *tensor;
};

/// Compressed sparse rows by destination.
struct Graph {
  llvm::StringRef name;
  mlir::Value indptr, indices;
  Dim destinations, sources, edges;
  llvm::ArrayRef<EdgeTensor> features;
};

class Value {
public:
  enum class Kind : uint8_t {
    None,  // of a block without `return`
    Error, // reported already: whatever uses it stays silent
    Bool,
    Int,
    Float,
    String,
    Word, // `sum` in aggregate(g, sum)
    Range,
    Tuple,
    List,
    Size, // a run-time size
    Tensor,
    Graph
  };

  Value() : integer(0) {}
  static Value error() { return Value(Kind::Error); }
  static Value boolean(bool b) { return Value(Kind::Bool, b); }
  static Value number(int64_t i) { return Value(Kind::Int, i); }
  static Value number(double f) {
    Value value(Kind::Float);
    value.floating = f;
    return value;
  }
  /// The text must outlive the value.
  static Value string(llvm::StringRef text) { return Value(Kind::String, text); }
  static Value word(llvm::StringRef text) { return Value(Kind::Word, text); }
  static Value size(llvm::StringRef name) { return Value(Kind::Size, name); }
  static Value items(bool isTuple, llvm::ArrayRef<Value> items) {
    Value value(isTuple ? Kind::Tuple : Kind::List);
    value.inside = std::min<unsigned>(nestingOf(items), UINT8_MAX);
    value.elements = items.data();
    value.count = items.size();
    return value;
  }
  /// [begin, begin + count)
  static Value range(int64_t begin, uint32_t count) {
    Value value(Kind::Range, begin);
    value.count = count;
    return value;
  }
  static Value tensor(const language::Tensor *tensor) {
    Value value(Kind::Tensor);
    value.tensorPointer = tensor;
    return value;
  }
  static Value graph(const language::Graph *graph) {
    Value value(Kind::Graph);
    value.graphPointer = graph;
    return value;
  }

  Kind kind() const { return what; }
  bool is(Kind kind) const { return what == kind; }
  bool isError() const { return what == Kind::Error; }
  bool isTensor() const { return what == Kind::Tensor; }
  bool isNumber() const { return what == Kind::Int || what == Kind::Float; }
  bool isSequence() const { return what == Kind::Tuple || what == Kind::List || what == Kind::Range; }

  bool asBool() const { return integer != 0; }
  int64_t asInt() const { return integer; }
  double asFloat() const { return what == Kind::Int ? static_cast<double>(integer) : floating; }
  llvm::StringRef asString() const { return {characters, count}; }    // String, Word, Size
  llvm::ArrayRef<Value> asItems() const { return {elements, count}; } // Tuple, List
  uint32_t length() const { return count; }                           // of a sequence
  /// How deep a list of `items` is nested: [1, 2] is 1, [[1], 2] is 2.
  static unsigned nestingOf(llvm::ArrayRef<Value> items) {
    unsigned deepest = 0;
    for (const Value &item : items)
      deepest = std::max<unsigned>(deepest, item.inside);
    return deepest + 1;
  }
  Value item(uint32_t index) const { return what == Kind::Range ? number(integer + index) : elements[index]; }
  const language::Tensor &asTensor() const { return *tensorPointer; }
  const language::Graph &asGraph() const { return *graphPointer; }

private:
  explicit Value(Kind kind, int64_t integer = 0) : what(kind), integer(integer) {}
  Value(Kind kind, llvm::StringRef text) : what(kind), count(text.size()), characters(text.data()) {}

  Kind what = Kind::None;
  uint8_t inside = 0; // lists inside each other, 255 for more
  uint32_t count = 0;
  union {
    int64_t integer;
    double floating;
    const char *characters;
    const Value *elements;
    const language::Tensor *tensorPointer;
    const language::Graph *graphPointer;
  };
};

bool equal(const Value &a, const Value &b);

/// How many values a value holds, lists inside lists taken apart; no more than `most` are counted.
size_t countValues(const Value &value, size_t most);

/// "an integer", "a tensor f32[1, 64]": for error texts.
std::string describe(const Value &value);

/// A value as `{...}` in a string shows it; false for tensors and graphs.
bool format(const Value &value, std::string &text);

/// "f32[1, 64, V]": a type with the names of its run-time sizes.
std::string spellTensor(const Tensor &tensor);
std::string spell(const Dim &dim);

} // namespace weft::language
