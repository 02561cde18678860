// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase kernels: every group becomes a call of a kernel function, everything else of the network function a tensor
// operation on stored tensors. Operations outside groups that are neither views nor recipes become groups of one first.

#include "compiler/Schedule/Family.h"
#include "compiler/Transforms/NetworkViews.h"
#include "compiler/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace weft {
#define GEN_PASS_DEF_OUTLINEKERNELS
#include "compiler/Transforms/Passes.h.inc"
} // namespace weft

using namespace mlir;

namespace weft {
namespace {

bool isRecipeOp(Operation *op) { return op->getNumResults() != 0 && isRecipe(op->getResult(0)); }

/// An operation of the dialect that computes: what a kernel must be made for.
bool computes(Operation *op) {
  return isa<WeftDialect>(op->getDialect()) && !isa<GroupOp, YieldOp>(op) && !isViewOp(op) && !isRecipeOp(op);
}

GroupOp wrap(Operation *op) {
  OpBuilder builder(op);
  StringRef path = pathOf(op->getLoc());
  auto group = GroupOp::create(builder, op->getLoc(), op->getResultTypes(),
                               path.empty() ? op->getName().stripDialect() : path, op->getOperands());
  Block &body = group.getBody().emplaceBlock();
  IRMapping mapping;
  for (Value operand : op->getOperands())
    mapping.map(operand, body.addArgument(operand.getType(), op->getLoc()));
  // an operand given twice is one argument to the clone; the others stay unused and are never passed
  builder.setInsertionPointToStart(&body);
  Operation *inside = builder.clone(*op, mapping);
  YieldOp::create(builder, op->getLoc(), inside->getResults());
  op->replaceAllUsesWith(group.getResults());
  op->erase();
  return group;
}

/// A group of views is no kernel: its operations move out.
void inlineViews(GroupOp group) {
  Block &body = group.getBody().front();
  if (!llvm::all_of(body.without_terminator(), [](Operation &op) { return isViewOp(&op); }))
    return;
  for (auto [argument, input] : llvm::zip_equal(body.getArguments(), group.getInputs()))
    argument.replaceAllUsesWith(input);
  for (Operation &op : llvm::make_early_inc_range(body.without_terminator()))
    op.moveBefore(group);
  group.replaceAllUsesWith(ValueRange(group.getYield().getValues()));
  group.erase();
}

/// Groups that have equal kernels for certain: they do the same with inputs of the same kinds. In deep networks most have one like them, which
/// is found faster than a kernel is made.
struct AlikeGroups : llvm::DenseMapInfo<GroupOp> {
  static constexpr auto flags = OperationEquivalence::IgnoreLocations;

  static unsigned getHashValue(GroupOp group) {
    llvm::hash_code hash = llvm::hash_value(group->getAttr("choice").getAsOpaquePointer());
    for (Operation &op : group.getBody().front())
      hash = llvm::hash_combine(hash, OperationEquivalence::computeHash(&op, OperationEquivalence::ignoreHashValue,
                                                                        OperationEquivalence::ignoreHashValue, flags));
    return hash;
  }

  static bool isEqual(GroupOp a, GroupOp b) {
    auto isKey = [](GroupOp key) { return key == getEmptyKey() || key == getTombstoneKey(); };
    if (a == b || isKey(a) || isKey(b))
      return a == b;
    return a->getAttr("choice") == b->getAttr("choice") && a->getNumOperands() == b->getNumOperands() &&
           OperationEquivalence::isRegionEquivalentTo(&a.getBody(), &b.getBody(), flags) && haveLikeInputs(a, b);
  }

private:
  /// What kernels ask about values outside of their group.
  static bool haveLikeInputs(GroupOp a, GroupOp b) {
    auto firstOf = [](GroupOp group, Value input) { return llvm::find(group.getInputs(), input).getIndex(); };
    return llvm::all_of(llvm::zip_equal(a.getInputs(), b.getInputs()), [&](auto inputs) {
      auto [x, y] = inputs;
      auto constantX = x.template getDefiningOp<ConstantOp>(), constantY = y.template getDefiningOp<ConstantOp>();
      return firstOf(a, x) == firstOf(b, y) && isa<BlockArgument>(x) == isa<BlockArgument>(y) && isRecipe(x) == isRecipe(y) &&
             liesWithoutGaps(x) == liesWithoutGaps(y) &&
             (constantX ? constantX.getValueAttr() : Attribute()) == (constantY ? constantY.getValueAttr() : Attribute());
    });
  }
};

/// One network function on its way.
class Outliner {
public:
  Outliner(func::FuncOp network, llvm::StringMap<unsigned> &names)
      : network(network), module(network->getParentOfType<ModuleOp>()), builder(network.getContext()), views(builder),
        names(names) {}

  LogicalResult run() {
    Block &body = network.getBody().front();
    for (Operation &op : llvm::make_early_inc_range(body))
      if (computes(&op))
        wrap(&op);
    for (auto group : llvm::make_early_inc_range(body.getOps<GroupOp>()))
      inlineViews(group);
    SmallVector<Operation *> done = storeArguments(body);
    bool good = true;
    for (Operation &op : llvm::make_early_inc_range(body)) {
      builder.setInsertionPoint(&op);
      if (auto group = dyn_cast<GroupOp>(op)) {
        good &= succeeded(outline(group));
        done.push_back(group);
      } else if (isViewOp(&op) && !isRecipeOp(&op)) {
        good &= succeeded(views.convert(&op));
        done.push_back(&op);
      } else if (op.hasTrait<OpTrait::IsTerminator>()) {
        for (OpOperand &operand : op.getOpOperands())
          operand.set(views.stored(operand.get()));
      }
      if (!good)
        return failure();
    }
    for (Operation *op : llvm::reverse(done))
      op->erase();
    eraseDead(body);
    network.setFunctionType(builder.getFunctionType(body.getArgumentTypes(), body.getTerminator()->getOperandTypes()));
    return success();
  }

  unsigned kernels = 0;

private:
  /// Blocked arguments (of functions cut out of a network) become stored tensors; a cast keeps their logical type for a
  /// while.
  SmallVector<Operation *> storeArguments(Block &body) {
    SmallVector<Operation *> casts;
    builder.setInsertionPointToStart(&body);
    for (BlockArgument argument : body.getArguments()) {
      if (!isBlocked(argument.getType()))
        continue;
      auto logical = UnrealizedConversionCastOp::create(builder, argument.getLoc(), argument.getType(), argument);
      argument.replaceAllUsesExcept(logical.getResult(0), logical);
      argument.setType(physicalType(llvm::cast<RankedTensorType>(argument.getType())));
      views.define(logical.getResult(0), argument);
      casts.push_back(logical);
    }
    return casts;
  }

  /// That of a group like it, with this group's arguments, or a new one.
  FailureOr<Kernel> kernelOf(GroupOp group) {
    auto like = known.find(group);
    if (like == known.end()) {
      FailureOr<Kernel> made = buildKernel(group, module);
      if (failed(made))
        return failure();
      std::string base = made->function->getAttrOfType<StringAttr>("weft.kernel").str();
      made->function.setSymName(base + "_" + std::to_string(names[base]++));
      if (Attribute choice = group->getAttr("choice"))
        made->function->setAttr("weft.choice", choice);
      return known[group] = *made;
    }
    Kernel kernel = like->second;
    for (KernelArgument &argument : kernel.arguments)
      if (argument.source)
        argument.source = group.getInputs()[llvm::find(like->first.getInputs(), argument.source).getIndex()];
    return kernel;
  }

  LogicalResult outline(GroupOp group) {
    if (std::string problem = choiceProblem(group->getAttrOfType<DictionaryAttr>("choice")); !problem.empty())
      return group.emitError() << problem;
    FailureOr<Kernel> kernel = kernelOf(group);
    if (failed(kernel))
      return failure();
    ++kernels;
    func::FuncOp function = kernel->function;
    bool asLines = parameter(group->getAttrOfType<DictionaryAttr>("choice"), "lines") != 0;

    SmallVector<Value> operands;
    for (const KernelArgument &argument : kernel->arguments) {
      operands.push_back(argument.source ? views.box(argument.source, argument.window)
                                         : ConstantOp::create(builder, group.getLoc(), argument.table).getResult());
      if (asLines && argument.source && isBlocked(argument.source.getType()))
        operands.back() = asLine(operands.back());
    }
    unsigned inputs = operands.size();
    for (unsigned r = 0; r < group.getNumResults(); ++r) {
      operands.push_back(emptyResult(group, r, *kernel, ArrayRef(operands).take_front(inputs)));
      if (asLines)
        operands.back() = emptyLine(operands.back());
    }
    for (auto [operand, type] : llvm::zip_equal(operands, function.getArgumentTypes()))
      operand = cast(operand, type);
    auto call = func::CallOp::create(builder, group.getLoc(), function, operands);
    call->setAttr("weft.path", group.getPathAttr());
    if (Attribute fields = group->getAttr("fields"))
      call->setAttr("weft.fields", fields);
    for (auto [result, value] : llvm::zip_equal(group.getResults(), call.getResults())) {
      RankedTensorType type = storedInterior(llvm::cast<RankedTensorType>(result.getType()));
      views.define(result, asLines ? asPlanes(value, type) : cast(value, type));
    }
    return success();
  }

  /// Planes `[N, C, H, W, block]` as planes of one row.
  static RankedTensorType lineType(RankedTensorType planes) {
    SmallVector<int64_t> shape(planes.getShape());
    shape[3] *= std::exchange(shape[2], 1);
    return RankedTensorType::get(shape, planes.getElementType());
  }

  /// `value` with rows and pixels joined, then parted as `type` has them.
  Value withPixels(Value value, RankedTensorType type) {
    const SmallVector<ReassociationIndices> pixels{{0}, {1}, {2, 3}, {4}};
    Location loc = builder.getInsertionPoint()->getLoc();
    Value joined = tensor::CollapseShapeOp::create(builder, loc, value, pixels);
    return tensor::ExpandShapeOp::create(builder, loc, type, joined, pixels);
  }

  /// What each pixel of a channel shares stays.
  Value asLine(Value planes) {
    auto type = llvm::cast<RankedTensorType>(planes.getType());
    return type.getDimSize(2) == 1 ? planes : withPixels(planes, lineType(type));
  }
  Value asPlanes(Value line, RankedTensorType type) { return withPixels(cast(line, lineType(type)), type); }
  Value emptyLine(Value planes) {
    RankedTensorType type = lineType(llvm::cast<RankedTensorType>(planes.getType()));
    return tensor::EmptyOp::create(builder, planes.getLoc(), type.getShape(), type.getElementType());
  }

  Value cast(Value value, Type type) {
    return value.getType() == type
               ? value
               : tensor::CastOp::create(builder, builder.getInsertionPoint()->getLoc(), type, value);
  }

  /// What a result is written to; its run-time extents come from an operand, or by name.
  Value emptyResult(GroupOp group, unsigned index, const Kernel &kernel, ArrayRef<Value> operands) {
    RankedTensorType type = storedInterior(llvm::cast<RankedTensorType>(group.getResult(index).getType()));
    Location loc = group.getLoc();
    SmallVector<Value> sizes;
    for (unsigned d = 0; d < type.getRank(); ++d)
      if (type.isDynamicDim(d))
        sizes.push_back(runTimeExtent(group, index, d, kernel, operands));
    return tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType(), sizes);
  }

  Value runTimeExtent(GroupOp group, unsigned result, unsigned dim, const Kernel &kernel, ArrayRef<Value> operands) {
    Location loc = group.getLoc();
    auto source = llvm::find_if(kernel.resultExtents, [&](const ResultExtent &extent) {
      return extent.result == result && extent.resultDim == dim;
    });
    if (source == kernel.resultExtents.end()) {
      StringAttr size;
      group.walk([&](ReadoutOp readout) { size = readout.getSizeAttr(); });
      return ExtentOp::create(builder, loc, size ? size : builder.getStringAttr("?"));
    }
    Value extent = tensor::DimOp::create(builder, loc, operands[source->argument], source->dim);
    if (source->add == 0)
      return extent;
    return arith::AddIOp::create(builder, loc, extent, arith::ConstantIndexOp::create(builder, loc, source->add));
  }

  /// Recipes that only blocked types needed, constants that have become code.
  static void eraseDead(Block &body) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
      if (isOpTriviallyDead(&op))
        op.erase();
  }

  func::FuncOp network;
  ModuleOp module;
  OpBuilder builder;
  NetworkViews views;
  llvm::StringMap<unsigned> &names;
  llvm::DenseMap<GroupOp, Kernel, AlikeGroups> known;
};

struct OutlineKernels : impl::OutlineKernelsBase<OutlineKernels> {
  void runOnOperation() override {
    llvm::StringMap<unsigned> names;
    SmallVector<func::FuncOp> networks;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("weft.net"))
        networks.push_back(function);
    for (func::FuncOp network : networks) {
      Outliner outliner(network, names);
      if (failed(outliner.run()))
        return signalPassFailure();
      numKernels += outliner.kernels;
    }
  }
};

} // namespace
} // namespace weft
