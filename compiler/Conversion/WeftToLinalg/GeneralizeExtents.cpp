// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A kernel is built with the extents of one layer; here those that do not matter for its code become `?`, so that
// layers share kernels. Dimensions joined by a loop are one class, and a class is a constant or read from one argument:
//
//   conv   %in[n, ib, y + ky, x + kx, i]  %w[cb, ib, ky, kx, i, c]  %out[n, cb, y, x, c]
//          class of cb: {%w.0, %out.1}    of y: {%out.2}            of ky: {%w.2}, a window, stays constant
//
// A class stays constant when one of its loops is named in `isPinnedLoop`, when it has extent 1 (it may be repeated by
// broadcasting), when an index computation depends on it, or when no argument has it (tensors inside a chain of
// windows).

#include "compiler/Conversion/WeftToLinalg/KernelBuilder.h"
#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;

namespace weft {

bool isPinnedLoop(StringRef name) {
  return llvm::is_contained({"n", "c", "ch", "i", "ic", "kz", "ky", "kx", "u", "v", "p", "q", "t", "ty", "tx"}, name);
}

namespace {

/// Dimension `dim` of a tensor of the kernel.
using Dim = std::pair<void *, unsigned>;
Dim dimOf(Value value, unsigned dim) { return {value.getAsOpaquePointer(), dim}; }

class Generalizer {
public:
  explicit Generalizer(func::FuncOp function) : function(function), body(function.getBody().front()) {}

  LogicalResult run(SmallVectorImpl<ResultExtent> &resultExtents) {
    collectValues();
    joinDims();
    pinDims();
    chooseAnchors();
    findResultExtents(resultExtents);
    retype();
    return sizeEmpties();
  }

private:
  void collectValues() {
    auto add = [&](Value value) {
      if (auto type = dyn_cast<RankedTensorType>(value.getType()))
        for (int64_t d = 0; d < type.getRank(); ++d)
          classes.insert(dimOf(value, d));
    };
    llvm::for_each(body.getArguments(), add);
    for (Operation &op : body)
      llvm::for_each(op.getResults(), add);
  }

  void join(Value a, unsigned i, Value b, unsigned j) { classes.unionSets(dimOf(a, i), dimOf(b, j)); }
  void joinAll(Value a, Value b) {
    for (int64_t d = 0, e = cast<RankedTensorType>(a.getType()).getRank(); d < e; ++d)
      join(a, d, b, d);
  }

  void joinDims() {
    for (Operation &op : body) {
      if (auto loops = dyn_cast<linalg::LinalgOp>(op))
        for (OpOperand &operand : op.getOpOperands())
          joinLoops(loops, operand);
      if (auto style = dyn_cast<DestinationStyleOpInterface>(op))
        for (OpOperand &out : style.getDpsInitsMutable())
          joinAll(style.getTiedOpResult(&out), out.get());
      if (auto segments = dyn_cast<SegmentReduceOp>(op))
        joinSegments(segments);
      if (auto scatter = dyn_cast<ScatterReduceOp>(op))
        joinScatter(scatter);
    }
  }

  /// The first operand that has a loop as a dimension stands for the loop.
  void joinLoops(linalg::LinalgOp op, OpOperand &operand) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      return;
    for (auto [dim, expr] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
      if (auto loop = dyn_cast<AffineDimExpr>(expr))
        joinLoop(op, loop.getPosition(), operand.get(), dim);
  }
  void joinLoop(Operation *op, unsigned loop, Value value, unsigned dim) {
    auto [known, fresh] = loopDims.try_emplace({op, loop}, dimOf(value, dim));
    if (!fresh)
      classes.unionSets(known->second, dimOf(value, dim));
  }
  void joinSegments(SegmentReduceOp op) {
    joinAll(op.getResult(), op.getInit());
    for (int64_t d = 0, e = cast<RankedTensorType>(op.getResult().getType()).getRank(); d < e; ++d)
      joinLoop(op, d, op.getResult(), d);
    for (auto [value, map] : llvm::zip_equal(op.getInputs(), op.getMaps()))
      for (auto [dim, expr] : llvm::enumerate(map.getResults()))
        if (auto loop = dyn_cast<AffineDimExpr>(expr))
          joinLoop(op, loop.getPosition(), value, dim);
  }

  /// Along `axis` inputs have as many elements as there are terms, which is loop number `rank`.
  void joinScatter(ScatterReduceOp op) {
    unsigned axis = op.getAxis(), rank = cast<RankedTensorType>(op.getResult().getType()).getRank();
    joinAll(op.getResult(), op.getInit());
    for (unsigned d = 0; d < rank; ++d)
      joinLoop(op, d, op.getResult(), d);
    for (auto [value, map] : llvm::zip_equal(op.getInputs(), op.getMaps()))
      for (auto [dim, expr] : llvm::enumerate(map.getResults()))
        if (auto loop = dyn_cast<AffineDimExpr>(expr))
          joinLoop(op, loop.getPosition() == axis ? rank : loop.getPosition(), value, dim);
  }

  void pin(Value value, unsigned dim) { pinned.insert(classes.getLeaderValue(dimOf(value, dim))); }
  void pinAll(Value value) {
    if (auto type = dyn_cast<RankedTensorType>(value.getType()))
      for (int64_t d = 0; d < type.getRank(); ++d)
        pin(value, d);
  }

  void pinDims() {
    bool keep = function->hasAttr(KernelBuilder::keepExtentsAttrName);
    for (BlockArgument argument : body.getArguments()) {
      pinShape(argument, keep);
      if (function.removeArgAttr(argument.getArgNumber(), KernelBuilder::blockAttrName))
        pin(argument, cast<RankedTensorType>(argument.getType()).getRank() - 1);
    }
    for (Operation &op : body) {
      for (Value result : op.getResults())
        pinShape(result, keep || isa<tensor::PadOp>(op));
      if (isa<tensor::PadOp>(op))
        pinAll(op.getOperand(0));
      pinLoops(op);
    }
  }
  void pinShape(Value value, bool keep) {
    if (auto type = dyn_cast<RankedTensorType>(value.getType()))
      for (auto [dim, extent] : llvm::enumerate(type.getShape()))
        if (keep || extent == 1)
          pin(value, dim);
  }
  void pinLoops(Operation &op) {
    bool planes = function->hasAttr(KernelBuilder::keepPlanesAttrName);
    auto names = op.getAttrOfType<ArrayAttr>("weft.loops");
    if (!names)
      return;
    for (auto [loop, name] : llvm::enumerate(names.getAsValueRange<StringAttr>()))
      if (auto known = loopDims.find({&op, unsigned(loop)});
          known != loopDims.end() && (isPinnedLoop(name) || (planes && (name == "z" || name == "y" || name == "x"))))
        pinned.insert(classes.getLeaderValue(known->second));
  }

  /// An output says an extent best: it is there for each; then the first argument that has it.
  void chooseAnchors() {
    unsigned outputs = function.getNumResults();
    SmallVector<BlockArgument> order(body.getArguments().take_back(outputs));
    llvm::append_range(order, body.getArguments().drop_back(outputs));
    for (BlockArgument argument : order)
      for (int64_t d = 0, e = cast<RankedTensorType>(argument.getType()).getRank(); d < e; ++d)
        anchors.try_emplace(classes.getLeaderValue(dimOf(argument, d)), argument, d);
    // Rows that no argument has (of a softmax that reads no destination) are as many as row ends: behind the last is one without edges.
    for (auto op : body.getOps<SegmentReduceOp>())
      if (auto indptr = dyn_cast<BlockArgument>(op.getIndptr()); indptr && op.getResult().getType().isDynamicDim(0))
        anchors.try_emplace(classes.getLeaderValue(dimOf(op.getResult(), 0)), indptr, 0);
  }

  /// Extents the caller does not know as constants: each is that of an input, or one less than there are row ends.
  void findResultExtents(SmallVectorImpl<ResultExtent> &extents) {
    unsigned inputs = body.getNumArguments() - function.getNumResults();
    llvm::DenseMap<Dim, std::pair<unsigned, unsigned>> sources;
    for (BlockArgument argument : body.getArguments().take_front(inputs))
      for (int64_t d = 0, e = cast<RankedTensorType>(argument.getType()).getRank(); d < e; ++d)
        sources.try_emplace(classes.getLeaderValue(dimOf(argument, d)), argument.getArgNumber(), d);
    llvm::DenseMap<Dim, unsigned> rowEnds;
    for (auto op : body.getOps<SegmentReduceOp>())
      if (auto indptr = dyn_cast<BlockArgument>(op.getIndptr()))
        rowEnds.try_emplace(classes.getLeaderValue(dimOf(op.getResult(), 0)), indptr.getArgNumber());
    for (BlockArgument out : body.getArguments().drop_front(inputs)) {
      auto type = cast<RankedTensorType>(out.getType());
      for (unsigned d = 0; d < type.getRank(); ++d) {
        if (!type.isDynamicDim(d))
          continue;
        Dim leader = classes.getLeaderValue(dimOf(out, d));
        unsigned result = out.getArgNumber() - inputs;
        if (auto rows = rowEnds.find(leader); rows != rowEnds.end())
          extents.push_back({result, d, rows->second, 0, -1});
        else if (auto source = sources.find(leader); source != sources.end())
          extents.push_back({result, d, source->second.first, source->second.second, 0});
      }
    }
  }

  bool isFree(Value value, unsigned dim) {
    Dim leader = classes.getLeaderValue(dimOf(value, dim));
    bool bounded = cast<RankedTensorType>(value.getType()).isDynamicDim(dim);
    return anchors.contains(leader) && (bounded || !pinned.contains(leader));
  }

  void retype() {
    auto generalize = [&](Value value) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      if (!type)
        return;
      SmallVector<int64_t> shape(type.getShape());
      for (auto [dim, extent] : llvm::enumerate(shape))
        if (isFree(value, dim))
          extent = ShapedType::kDynamic;
      value.setType(type.clone(shape));
    };
    llvm::for_each(body.getArguments(), generalize);
    for (BlockArgument argument : body.getArguments())
      if (auto type = dyn_cast<RankedTensorType>(argument.getType()); type && type.getRank() > 0 && type.isDynamicDim(0))
        function.removeArgAttr(argument.getArgNumber(), "weft.filled"); // the kernel is for any number of channels
    for (Operation &op : body)
      llvm::for_each(op.getResults(), generalize);
    function.setFunctionType(
        FunctionType::get(function.getContext(), body.getArgumentTypes(), body.getTerminator()->getOperandTypes()));
  }

  LogicalResult sizeEmpties() {
    for (tensor::EmptyOp empty : llvm::make_early_inc_range(body.getOps<tensor::EmptyOp>())) {
      if (empty->use_empty()) {
        empty.erase();
        continue;
      }
      ImplicitLocOpBuilder builder(empty.getLoc(), empty);
      SmallVector<Value> sizes;
      for (auto [dim, extent] : llvm::enumerate(empty.getType().getShape())) {
        if (!ShapedType::isDynamic(extent))
          continue;
        auto anchor = anchors.find(classes.getLeaderValue(dimOf(empty.getResult(), dim)));
        if (anchor == anchors.end())
          return empty.emitError("compiler bug: no argument has run-time extent ") << dim << " of this tensor";
        sizes.push_back(tensor::DimOp::create(builder, anchor->second.first, anchor->second.second));
      }
      Value sized = tensor::EmptyOp::create(builder, empty.getType(), sizes);
      empty.replaceAllUsesWith(sized);
      empty.erase();
    }
    for (auto constant : llvm::make_early_inc_range(body.getOps<arith::ConstantOp>()))
      if (constant->use_empty())
        constant.erase();
    return success();
  }

  func::FuncOp function;
  Block &body;
  llvm::EquivalenceClasses<Dim> classes;
  llvm::DenseMap<std::pair<Operation *, unsigned>, Dim> loopDims;
  llvm::DenseSet<Dim> pinned;
  llvm::DenseMap<Dim, std::pair<BlockArgument, int64_t>> anchors;
};

} // namespace

LogicalResult generalizeExtents(func::FuncOp function, SmallVectorImpl<ResultExtent> &resultExtents) {
  LogicalResult done = Generalizer(function).run(resultExtents);
  function->removeAttr(KernelBuilder::keepExtentsAttrName);
  function->removeAttr(KernelBuilder::keepPlanesAttrName);
  return done;
}

} // namespace weft
