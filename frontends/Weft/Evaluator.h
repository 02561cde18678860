// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Runs a net's text: loops, conditions and block calls happen here, and what remains are operations of the weft
// dialect, each with its path and place. Not here: which operations there are (dialects/Weft/Call.h) and files
// (Units.h).
//
// Errors are reported where they are found and become Value::error(), which every user passes on in silence: one
// mistake, one message. The members are spread over files by theme, as the headings below say.
#pragma once

#include "frontends/Weft/LeastCost.h"
#include "frontends/Weft/Units.h"

#include "dialects/Weft/Call.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSet.h"

#include <map>

namespace weft::language {

/// What a hostile text runs into. The numbers are far above any network known.
struct Limits {
  unsigned operations = 1'000'000;
  unsigned steps = 20'000'000;     // expressions evaluated
  unsigned blockDepth = 256;       // blocks inside blocks
  unsigned depth = 6'000;          // of evaluation: what the stack of the expanding thread holds
  size_t sequence = 1'000'000;     // elements of one list
  unsigned nesting = 16;           // lists inside lists
  unsigned ports = 10'000;         // inputs of a net, and results
  size_t memoryBytes = 400u << 20; // of values
  size_t stringBytes = 64u << 10;
  size_t pathBytes = 512;
  int64_t attribute = (1LL << 31) - 1; // integers handed to operations
  int64_t elements = 1LL << 40;        // of one tensor
};

struct Binding {
  Value value;
  TextRange place;
};

/// Names of one body. Blocks begin with a scope without parent.
struct Scope {
  Scope *parent = nullptr;
  llvm::SmallDenseMap<llvm::StringRef, Binding, 8> names;

  Binding *find(llvm::StringRef name);
};

/// One block (or the net) being expanded.
struct Frame {
  const Frame *caller = nullptr;
  const Unit *unit = nullptr;
  const Item *item = nullptr;
  TextRange calledAt;
  std::string path; // of the call, as far as it adds one
  bool returned = false;
  Value result;
  TextRange resultPlace;
};

/// The expression in braces of aggregate and softmax_by_dst while it is expanded: what it reads of the tensors outside.
struct EdgeRegion {
  const Graph *graph;
  mlir::Block *block;
  struct Capture {
    const Tensor *tensor;
    int access; // weft::Access
    Value row;
  };
  llvm::SmallVector<Capture> captures;
};

class Evaluator : public ConstantEvaluator, public CallContext {
public:
  Evaluator(mlir::MLIRContext &context, TextDiagnostics &diagnostics);
  ~Evaluator() override;

  /// Values for params and sizes from the command line, and the optional results wanted.
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<std::string> outputs;

  //===-- The net (Net.cpp) --===//
  mlir::OwningOpRef<mlir::ModuleOp> net(const Item &item, const Unit &unit);

  //===-- Statements and expressions (Statements.cpp, Expressions.cpp) --===//
  Value constant(const Item &item, const Unit &unit) override;

  //===-- Calls of operations (Calls.cpp) --===//
  mlir::Value weight(llvm::StringRef suffix, mlir::RankedTensorType type, mlir::Location loc) override;
  mlir::InFlightDiagnostic error(mlir::Location loc) override;

private:
  // Net.cpp
  void readSettings(const Item &item);
  void param(const Setting &setting);
  void bound(const Setting &setting);
  void memory(const Setting &setting);
  std::optional<Value> settingOf(llvm::StringRef name);
  Value settingValue(llvm::StringRef name, llvm::StringRef written);
  void checkSettingsUsed(const Item &item);
  bool fewPorts(const Item &item);
  void ports(const Item &item);
  void tensorPort(const Port &port);
  void graphPort(const Port &port);
  struct PortDims {
    llvm::SmallVector<Dim> dims;
    llvm::SmallVector<mlir::Attribute> texts;
  };
  std::optional<PortDims> portDims(llvm::ArrayRef<const Expr *> exprs);
  std::optional<Dim> portDim(const Expr &expr);
  bool bindPortName(const Expr &expr);
  mlir::Value addPort(const llvm::Twine &name, const PortDims &dims, mlir::Type element, llvm::StringRef role,
                      llvm::StringRef graph, TextRange place);
  void results(const Item &item);
  void innerResults(const Item &item);
  Binding resultOf(const Item &item, const Port &port, unsigned index);
  bool checkResult(const Port &port, const Binding &binding, const PortDims &declared);
  bool wanted(const Port &port) const;
  void checkOutputs(const Item &item);
  void dropUnused();
  void setModuleAttributes(const Item &item);

  // Statements.cpp
  Value body(const Body &body, Scope &scope);
  Value bodyInNewScope(const Body &body);
  void statement(const Statement &statement, Value &last);
  void bind(const Pattern &pattern, Value value, TextRange valueRange, bool fresh);
  void assignName(const Pattern &pattern, Value value, bool fresh);
  void forLoop(const Statement &statement);
  void assertion(const Statement &statement);
  Value values(List<const Expr *> exprs);

  // Expressions.cpp
  Value evaluate(const Expr &expr);
  Value evaluateKind(const Expr &expr);
  Value name(const NameExpr &expr);
  Value string(const StringExpr &expr);
  Value sequence(const Expr &expr, List<const Expr *> items, bool isTuple);
  Value makeList(bool isTuple, llvm::ArrayRef<Value> items, TextRange range);
  Value index(const IndexExpr &expr);
  Value member(const MemberExpr &expr);
  Value unary(const UnaryExpr &expr);
  Value chain(const ChainExpr &expr);
  Value choice(const IfExpr &expr);
  Value logical(const ChainExpr &expr);
  Value binary(BinaryKind op, Value left, Value right, const Link &link, TextRange leftRange, TextRange rightRange);
  Value arithmetic(BinaryKind op, Value left, Value right, TextRange range);
  Value integerArithmetic(BinaryKind op, int64_t left, int64_t right, TextRange range);
  Value compare(BinaryKind op, Value left, Value right, TextRange range);
  Value makeRange(Value left, Value right, TextRange range);
  Value joinLists(Value left, Value right, TextRange range);
  std::optional<bool> condition(const Expr &expr);
  std::string text(List<StringPart> parts, TextRange range, size_t limit, bool &fine);

  // Calls.cpp
  Value call(const CallExpr &expr);
  bool arguments(const CallExpr &expr, llvm::SmallVectorImpl<Value> &values);
  Value blockCall(const CallExpr &expr, const Entity &entity, llvm::ArrayRef<Value> values);
  bool bindArguments(const CallExpr &expr, const Entity &entity, Scope &names, llvm::ArrayRef<Value> values,
                     Frame &inner);
  Value operationCall(const CallExpr &expr, llvm::ArrayRef<Value> values);
  bool checkKeywords(const CallExpr &expr);
  bool convertArgument(Value value, llvm::StringRef keyword, TextRange range, CallArgument &result);
  mlir::Attribute attributeOf(Value value, TextRange range);
  mlir::Attribute arrayOf(Value value, TextRange range);
  Value operation(llvm::StringRef op, llvm::ArrayRef<CallArgument> arguments, llvm::ArrayRef<const Tensor *> operands,
                  TextRange range, TextRange nameRange);
  Value tensorArithmetic(BinaryKind op, Value left, Value right, const Link &link, TextRange leftRange,
                         TextRange rightRange);
  Value unknownCall(const CallExpr &expr, llvm::ArrayRef<Value> values);
  Value scalarConstant(Value number, mlir::Type element, TextRange range);
  std::optional<std::string> evaluatePath(const Path &path);
  mlir::Value makeWeight(llvm::StringRef path, mlir::RankedTensorType type, TextRange place);

  // Builtins.cpp
  using Values = llvm::ArrayRef<Value>;
  bool builtin(const CallExpr &expr, Values values, Value &result);
  Value lengthCall(const CallExpr &expr, Values values);
  Value enumerateCall(const CallExpr &expr, Values values);
  Value dimCall(const CallExpr &expr, Values values);
  Value numberFunction(const CallExpr &expr, Values values);
  Value dimensionRead(const CallExpr &expr, const Tensor &tensor);
  Value weightCall(const CallExpr &expr, Values values);
  Value constCall(const CallExpr &expr, Values values);
  bool signature(const CallExpr &expr, unsigned least, unsigned most, llvm::ArrayRef<llvm::StringRef> keywords = {});

  // Edges.cpp
  Value edgeCall(const CallExpr &expr);
  Value edgeOperation(const CallExpr &expr, const Graph &graph, int kind, EdgeRegion &region, const Tensor &yielded);
  Value readoutCall(const CallExpr &expr);
  std::optional<int> kindArgument(const CallExpr &expr, unsigned index);
  /// The row of `tensor` an edge reads; `access` is a weft::Access, or -1 where a name stands alone.
  Value capture(const Tensor &tensor, int access, TextRange range);
  Value edgeIndex(const IndexExpr &expr);
  bool checkAtEdge(llvm::StringRef op, mlir::Operation *before, TextRange place);
  Value edgeMember(const MemberExpr &expr);
  Value outsideEdges(const Expr &expr);
  mlir::OpBuilder::InsertPoint outsidePoint();

  // Dims.cpp
  bool unify(const Type &type, const Value &value, Scope &scope, TextRange place, llvm::StringRef what);
  bool unifyTensor(const Type &type, const Tensor &tensor, Scope &scope, TextRange place, llvm::StringRef what);
  bool unifyGraph(const Type &type, const Graph &graph, Scope &scope, TextRange place, llvm::StringRef what);
  bool unifyDim(const Expr &expr, const Dim &dim, Scope &scope, TextRange place,
                llvm::function_ref<std::string()> what);
  Value valueOf(const Dim &dim) const;
  bool dimOf(const Value &value, Dim &dim) const;
  Value nameDims(llvm::StringRef op, llvm::ArrayRef<const Tensor *> operands, mlir::Value result);
  bool broadcastable(const Tensor &a, const Tensor &b, llvm::StringRef verb, TextRange opRange, TextRange leftRange,
                     TextRange rightRange);
  mlir::Type elementType(const Name &name, bool forPort);

  // Places, memory, limits (Evaluator.cpp)
  TextDiagnostics::Report &report(TextRange range, const llvm::Twine &text);
  Value fail(TextRange range, const llvm::Twine &text) {
    report(range, text);
    return Value::error();
  }
  bool stop(TextRange range, const llvm::Twine &text); // gives up the whole expansion
  void receive(mlir::Diagnostic &diagnostic);
  TextRange rangeOf(mlir::Location loc) const;
  mlir::StringAttr locationName(const TextFile *file);
  mlir::Location placeOf(TextRange range);
  mlir::Location locationOf(llvm::StringRef path, TextRange range);
  llvm::StringRef keep(llvm::StringRef text) { return text.copy(arena); }
  template <typename T> llvm::ArrayRef<T> keep(llvm::ArrayRef<T> items) { return items.copy(arena); }
  const Tensor *makeTensor(mlir::Value value, llvm::ArrayRef<Dim> dims, const Graph *perEdge = nullptr);
  bool count(TextRange range);                                     // one operation more
  bool affordable(uint64_t turns, uint64_t each, TextRange range); // that many operations more
  bool roomFor(size_t elements, TextRange range);
  bool walkable(Value value, TextRange range); // few enough values to look at each
  const Entity *entity(llvm::StringRef name) const;

  mlir::MLIRContext &context;
  TextDiagnostics &diagnostics;
  mlir::OpBuilder builder;
  mlir::DiagnosticEngine::HandlerID handler;
  Limits limits;
  LeastCost leastCost;
  llvm::BumpPtrAllocator arena;

  // The module being made
  mlir::ModuleOp module;
  mlir::func::FuncOp function;
  llvm::SmallVector<mlir::NamedAttribute> usedSettings, bounds;
  std::optional<int64_t> memoryLimit;
  llvm::StringSet<> settingsTaken;

  struct MadeWeight {
    TextRange place;
    std::string calledAs;
  };
  llvm::StringMap<MadeWeight> weights;

  // Where the expansion is
  Frame *frame = nullptr;
  Scope *scope = nullptr;
  std::string path;     // prefix in force
  std::string callPath; // of the operation being made
  EdgeRegion *edge = nullptr;
  TextRange atCall;          // of the operation being made
  bool weightFailed = false; // in the call being made
  bool stopped = false;
  unsigned operations = 0, steps = 0, depth = 0, blockDepth = 0;

  llvm::DenseMap<mlir::StringAttr, const TextFile *> filesByName;
  llvm::DenseMap<std::tuple<const TextFile *, uint32_t, uint32_t>, mlir::Location> places;
  llvm::DenseMap<const TextFile *, mlir::StringAttr> locationNames;
};

/// Calls that are neither blocks nor operations, sorted.
llvm::ArrayRef<llvm::StringRef> builtinNames();
bool isBuiltinName(llvm::StringRef name);

/// For the duration of a C++ scope.
template <typename T> class Restore {
public:
  Restore(T &variable, T value) : variable(variable), before(std::exchange(variable, std::move(value))) {}
  explicit Restore(T &variable) : variable(variable), before(variable) {}
  ~Restore() { variable = std::move(before); }
  Restore(const Restore &) = delete;

private:
  T &variable;
  T before;
};

} // namespace weft::language
