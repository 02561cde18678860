// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// `aggregate(g, sum) { h[src] * edge.w }`: the expression in braces becomes the region of one operation, over one edge.
// It is expanded into a loose block first, which shows what it reads of the tensors outside; then the operation is made
// around the block.
#include "frontends/Weft/Evaluator.h"

#include "dialects/Weft/Weft.h"

using namespace weft;
using namespace weft::language;
using llvm::StringRef;
using llvm::Twine;

mlir::OpBuilder::InsertPoint Evaluator::outsidePoint() {
  mlir::Block &body = function.getBody().front();
  return {&body, body.end()};
}

/// The value of `expr` as if there were no edge around it.
Value Evaluator::outsideEdges(const Expr &expr) {
  Restore<EdgeRegion *> restore(edge, nullptr);
  mlir::OpBuilder::InsertionGuard guard(builder);
  builder.restoreInsertionPoint(outsidePoint());
  return evaluate(expr);
}

/// One of the words sum, mean, max and min, as a weft::ReduceKind.
std::optional<int> Evaluator::kindArgument(const CallExpr &expr, unsigned index) {
  if (index < expr.arguments.size()) {
    const Argument &argument = expr.arguments[index];
    const auto *word = llvm::dyn_cast<NameExpr>(argument.value);
    if (word && (argument.name.text.empty() || argument.name.text == "kind"))
      if (std::optional<ReduceKind> kind = symbolizeReduceKind(word->name))
        return static_cast<int>(*kind);
    report(argument.value->range, "`" + expr.callee.text + "` gathers by `sum`, `mean`, `max` or `min`");
    return std::nullopt;
  }
  report(expr.callee.range, "`" + expr.callee.text + "` wants to know how to gather: `sum`, `mean`, `max` or `min`");
  return std::nullopt;
}

Value Evaluator::edgeCall(const CallExpr &expr) {
  StringRef name = expr.callee.text;
  bool isAggregate = name == "aggregate";
  if (edge)
    return fail(expr.callee.range, "`" + name + "` inside the `{ }` of another; bind its value before");
  if (!expr.edge)
    return fail(expr.range, "`" + name + "` wants a value for each edge, as in `" + name +
                                (isAggregate ? "(g, sum) { h[src] }`" : "(g) { a[src] + a[dst] }`"));
  size_t wanted = isAggregate ? 2 : 1;
  if (expr.arguments.size() != wanted || !expr.arguments[0].name.text.empty())
    return fail(expr.callee.range, isAggregate ? "`aggregate` wants a graph and a kind, as in `aggregate(g, sum)`"
                                               : "`softmax_by_dst` wants a graph, as in `softmax_by_dst(g)`");
  std::optional<int> kind = isAggregate ? kindArgument(expr, 1) : 0;
  Value graph = evaluate(*expr.arguments[0].value);
  if (!graph.isError() && !graph.is(Value::Kind::Graph))
    graph = fail(expr.arguments[0].value->range, "`" + name + "` wants a graph; this is " + describe(graph));
  if (graph.isError() || !kind)
    return Value::error();
  mlir::Block block;
  EdgeRegion region{&graph.asGraph(), &block, {}};
  Value yielded;
  {
    Restore<EdgeRegion *> inside(edge, &region);
    mlir::OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(&block);
    yielded = evaluate(*expr.edge);
    if (yielded.isNumber())
      yielded = scalarConstant(yielded, builder.getF32Type(), expr.edge->range);
    if (!yielded.isError() && !yielded.isTensor())
      yielded = fail(expr.edge->range, "an edge has a number or a tensor; this is " + describe(yielded));
  }
  Value result = Value::error();
  if (!yielded.isError() && count(expr.range))
    result = edgeOperation(expr, graph.asGraph(), *kind, region, yielded.asTensor());
  // What is left of the block after an error goes from its users to its sources.
  while (!block.empty())
    block.back().erase();
  return result;
}

Value Evaluator::edgeOperation(const CallExpr &expr, const Graph &graph, int kind, EdgeRegion &region,
                               const Tensor &yielded) {
  llvm::SmallVector<mlir::Value> captured;
  llvm::SmallVector<Access> access;
  for (const EdgeRegion::Capture &capture : region.captures) {
    captured.push_back(capture.tensor->value);
    access.push_back(static_cast<Access>(capture.access));
  }
  auto body = [&](mlir::OpBuilder &inner, mlir::Location, mlir::ValueRange rows) {
    mlir::Value result = yielded.value;
    for (auto [argument, row] : llvm::zip(region.block->getArguments(), rows)) {
      if (result == argument)
        result = row;
      argument.replaceAllUsesWith(row);
    }
    mlir::Block *target = inner.getInsertionBlock();
    target->getOperations().splice(target->end(), region.block->getOperations());
    inner.setInsertionPointToEnd(target);
    return result;
  };
  std::string opPath = path;
  if (expr.path) {
    std::optional<std::string> written = evaluatePath(*expr.path);
    if (!written)
      return Value::error();
    opPath = std::move(*written);
  } else {
    opPath += (path.empty() ? "" : ".") + expr.callee.text.str();
  }
  Restore<TextRange> restore(atCall, expr.callee.range);
  mlir::Location loc = locationOf(opPath, expr.callee.range);
  bool isAggregate = expr.callee.text == "aggregate";
  mlir::Value value =
      isAggregate
          ? AggregateOp::create(builder, loc, static_cast<ReduceKind>(kind), graph.indptr, graph.indices, captured,
                                access, body)
                .getResult()
          : SoftmaxByDstOp::create(builder, loc, graph.indptr, graph.indices, captured, access, body).getResult();
  llvm::SmallVector<Dim> dims{isAggregate ? graph.destinations : graph.edges};
  llvm::append_range(dims, yielded.dims);
  return Value::tensor(makeTensor(value, dims, isAggregate ? nullptr : &graph));
}

/// Whether row `access` of `tensor` exists for this graph; an unknown extent is checked when the network runs.
static bool fits(const Dim &rows, const Dim &ends) {
  if (rows.isKnown() && ends.isKnown())
    return rows.extent == ends.extent;
  return rows.size.empty() || ends.size.empty() || rows.size == ends.size;
}

Value Evaluator::capture(const Tensor &tensor, int access, TextRange range) {
  if (mlir::Value value = tensor.value; value.getParentBlock() == edge->block)
    return Value::tensor(&tensor);
  if (access < 0) {
    access = static_cast<int>(tensor.perEdge ? Access::Edge : Access::All);
    if (tensor.perEdge && tensor.perEdge != edge->graph)
      return fail(range, "this has a value for each edge of another graph");
  }
  for (const EdgeRegion::Capture &known : edge->captures)
    if (known.tensor->value == tensor.value && known.access == access)
      return known.row;
  auto kind = static_cast<Access>(access);
  llvm::ArrayRef<Dim> dims = tensor.dims;
  if (kind != Access::All) {
    const Dim &ends = kind == Access::Src   ? edge->graph->sources
                      : kind == Access::Dst ? edge->graph->destinations
                                            : edge->graph->edges;
    if (dims.empty() || !fits(dims.front(), ends))
      return fail(range, spellTensor(tensor) + " has no row for each " + (kind == Access::Edge ? "edge" : "vertex") +
                             " of `" + edge->graph->name + "`: there are " + spell(ends));
    dims = dims.drop_front();
  } else if (llvm::any_of(dims, [](const Dim &dim) { return !dim.isKnown(); })) {
    return fail(range, "inside `{ }` a tensor with rows is read at `[src]` or `[dst]`");
  }
  auto type = llvm::cast<mlir::RankedTensorType>(tensor.value.getType());
  mlir::Value argument = edge->block->addArgument(AggregateOp::getRowType(type, kind), placeOf(range));
  Value row = Value::tensor(makeTensor(argument, dims));
  edge->captures.push_back({&tensor, access, row});
  return row;
}

/// `h[src]`, `h[dst]`
Value Evaluator::edgeIndex(const IndexExpr &expr) {
  StringRef end = llvm::cast<NameExpr>(expr.indices.front())->name;
  Value base = outsideEdges(*expr.base);
  if (base.isError())
    return base;
  if (!base.isTensor())
    return fail(expr.base->range, "`[" + end + "]` reads a row of a tensor; this is " + describe(base));
  return capture(base.asTensor(), static_cast<int>(end == "src" ? Access::Src : Access::Dst), expr.range);
}

/// Whether what the call `op` has added behind `before` (null: the beginning) may stand in the braces.
bool Evaluator::checkAtEdge(StringRef op, mlir::Operation *before, TextRange place) {
  auto first = before ? std::next(before->getIterator()) : edge->block->begin();
  if (llvm::all_of(llvm::make_range(first, edge->block->end()), [](mlir::Operation &made) { return mayStandAtEdge(&made); }))
    return true;
  bool isProduct = op == "linear" || op == "matmul";
  report(place, "`" + op + "` cannot stand in the braces of an edge, where only element-wise operations, `reshape`, `flatten`, `transpose`, "
                           "`expand` and `dot` can; " +
                    (isProduct ? "compute it outside and read its rows, or write `dot(x, weight(out, in))`"
                               : "compute it outside and read its rows, as in `h[src]`"));
  return false;
}

/// `edge.w`
Value Evaluator::edgeMember(const MemberExpr &expr) {
  std::vector<StringRef> known;
  for (const EdgeTensor &feature : edge->graph->features) {
    if (feature.name == expr.member.text)
      return capture(*feature.tensor, static_cast<int>(Access::Edge), expr.range);
    known.push_back(feature.name);
  }
  return fail(
      expr.member.range,
      "the graph `" + edge->graph->name + "` has no `edge." + printable(expr.member.text) + "`" +
          (known.empty() ? "; declare it, as in `graph[V, E] { edge.w: f32 }`" : "; it has " + listNames(known)));
}

/// readout(x, part, mean, graphs=G)
Value Evaluator::readoutCall(const CallExpr &expr) {
  if (edge)
    return fail(expr.callee.range, "`readout` has no meaning at one edge");
  if (expr.arguments.size() != 4 || expr.arguments[3].name.text != "graphs")
    return fail(expr.callee.range, "`readout` is called as `readout(x, part, mean, graphs=G)`");
  std::optional<int> kind = kindArgument(expr, 2);
  Value x = evaluate(*expr.arguments[0].value), part = evaluate(*expr.arguments[1].value);
  Value graphs = evaluate(*expr.arguments[3].value);
  for (auto [value, index] : {std::pair(&x, 0), std::pair(&part, 1)})
    if (!value->isError() && !value->isTensor())
      *value = fail(expr.arguments[index].value->range, "`readout` wants a tensor; this is " + describe(*value));
  if (!kind || x.isError() || part.isError() || graphs.isError())
    return Value::error();
  Dim dim;
  if (!dimOf(graphs, dim) || (dim.isKnown() && dim.extent < 1))
    return fail(expr.arguments[3].value->range, "`graphs` is how many there are; this is " + describe(graphs));
  const Tensor &rows = x.asTensor(), &parts = part.asTensor();
  if (rows.dims.empty() || parts.dims.size() != 1 || !fits(rows.dims[0], parts.dims[0]) ||
      !llvm::cast<mlir::RankedTensorType>(parts.value.getType()).getElementType().isInteger(32))
    return fail(expr.arguments[1].value->range, "`readout` wants `part: i32[" +
                                                    (rows.dims.empty() ? "V" : spell(rows.dims[0])) + "]`; this is " +
                                                    spellTensor(parts));
  if (!count(expr.range))
    return Value::error();
  Restore<TextRange> restore(atCall, expr.callee.range);
  mlir::Location loc = locationOf(path.empty() ? "readout" : path + ".readout", expr.callee.range);
  auto size = dim.isKnown() ? mlir::StringAttr() : builder.getStringAttr(dim.size);
  mlir::Value value = ReadoutOp::create(builder, loc, rows.value, parts.value, static_cast<ReduceKind>(*kind),
                                        dim.isKnown() ? dim.extent : -1, size)
                          .getResult();
  if (auto argument = llvm::dyn_cast<mlir::BlockArgument>(parts.value)) {
    function.setArgAttr(argument.getArgNumber(), "weft.role", builder.getStringAttr("part"));
    function.setArgAttr(argument.getArgNumber(), "weft.graph", builder.getStringAttr(spell(dim)));
  }
  llvm::SmallVector<Dim> dims{dim};
  llvm::append_range(dims, rows.dims.drop_front());
  return Value::tensor(makeTensor(value, dims));
}
