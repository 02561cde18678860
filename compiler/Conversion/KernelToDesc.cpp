// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A kernel function as plain data. Each linalg operation is a stage: `linalg.fill` gives where a reduction begins,
// index maps give the loads, the region the expression. Slices fold into offsets; a selection whose other branch is the
// accumulator is the update's predicate.

#include "compiler/Conversion/KernelToDesc.h"
#include "compiler/Conversion/ScalarImport.h"
#include "compiler/Conversion/ScheduleImport.h"
#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/LaneSums.h"
#include "compiler/Kernel/PartialSums.h"
#include "compiler/Kernel/TileProduct.h"
#include "dialects/Weft/Weft.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace weft {
namespace {

using namespace kernel;

using Args = std::vector<ExprPtr>;

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// A condition on the accumulator itself bounds nothing: it stays part of the value.
bool readsAccumulator(const ExprPtr &expr) {
  return expr->kind == ExprKind::Accumulator || llvm::any_of(expr->args, readsAccumulator);
}

/// Whether a loop from `first` on stands in the expression. What is only counted (`acc + 1`) keeps its condition
/// inside: an emitter knows the reduction by its loops' appearance in the value.
bool readsLoops(const ExprPtr &expr, int first) {
  return (expr->kind == ExprKind::LoopIndex && expr->ref >= first) ||
         llvm::any_of(expr->args, [&](const ExprPtr &arg) { return readsLoops(arg, first); });
}

//===-- the function
//------------------------------------------------------------------------------------------------===//

class Importer {
public:
  explicit Importer(func::FuncOp function) : function(function), body(function.getBody().front()) {
    desc.name = function.getName().str();
  }

  FailureOr<KernelDesc> run() {
    if (failed(importOperands()))
      return failure();
    for (Operation &op : body)
      if (failed(importOperation(op)))
        return failure();
    if (auto schedule = function->getAttrOfType<sched::ScheduleAttr>(sched::scheduleAttrName))
      desc.schedule = importSchedule(schedule);
    for (const auto &[whole, helpers] : laneSums)
      scheduleLanes(desc, whole, helpers);
    for (const auto &[sum, part] : cutSums)
      schedulePartialSums(desc, sum, part);
    return std::move(desc);
  }

private:
  unsigned inputCount() { return function.getNumArguments() - function.getNumResults(); }

  LogicalResult importOperands() {
    if (function.getNumArguments() < function.getNumResults())
      return function.emitError("a kernel takes an output argument for each result");
    for (BlockArgument argument : body.getArguments())
      if (failed(importOperand(argument)))
        return failure();
    auto aliases = function->getAttrOfType<DenseI64ArrayAttr>("weft.may_alias");
    for (unsigned r = 0; aliases && r < aliases.size(); ++r)
      desc.operands[inputCount() + r].mayAlias = static_cast<int>(aliases[r]);
    return success();
  }

  LogicalResult importOperand(BlockArgument argument) {
    unsigned number = argument.getArgNumber();
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    std::optional<Scalar> scalar = type ? scalarTypeOf(type.getElementType()) : std::nullopt;
    if (!scalar)
      return function.emitError("argument ")
             << number << " has type " << argument.getType() << ", which no kernel takes";
    Operand operand;
    auto name = function.getArgAttrOfType<StringAttr>(number, "weft.name");
    operand.name = name ? name.str() : ("arg" + Twine(number)).str();
    operand.type = *scalar;
    operand.isOutput = number >= inputCount();
    for (int64_t extent : type.getShape())
      operand.dims.push_back({ShapedType::isDynamic(extent) ? -1 : extent, -1});
    auto dense = function.getArgAttrOfType<IntegerAttr>(number, "weft.dense");
    setStrides(operand, dense ? dense.getInt() : 1);
    if (auto filled = function.getArgAttrOfType<IntegerAttr>(number, "weft.filled"))
      operand.filled = filled.getInt();
    desc.operands.push_back(std::move(operand));
    return success();
  }

  /// The innermost `dense` dimensions lie without gaps: their strides are products of extents, as far as these are
  /// constant.
  static void setStrides(Operand &operand, int64_t dense) {
    int64_t stride = 1;
    for (auto dim = operand.dims.rbegin(); dim != operand.dims.rend() && dense-- > 0 && stride >= 0; ++dim) {
      dim->stride = stride;
      stride = dim->extent < 0 ? -1 : stride * dim->extent;
    }
  }

  LogicalResult importOperation(Operation &op) {
    if (auto constant = dyn_cast<arith::ConstantOp>(op))
      return isa<ShapedType, IndexType>(constant.getType()) ? success() : importConstant(constant);
    if (isa<tensor::EmptyOp, tensor::DimOp, tensor::CastOp, tensor::ExtractSliceOp>(op))
      return success(); // looked through where they are used
    if (auto fill = dyn_cast<linalg::FillOp>(op))
      return importFill(fill);
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      return importGeneric(generic);
    if (auto segments = dyn_cast<SegmentReduceOp>(op))
      return importSegments(segments);
    if (auto scatter = dyn_cast<ScatterReduceOp>(op))
      return importScatter(scatter);
    if (auto pad = dyn_cast<tensor::PadOp>(op))
      return importPad(pad);
    if (auto end = dyn_cast<func::ReturnOp>(op))
      return importReturn(end);
    return op.emitError("`") << op.getName() << "` may not stand in a kernel function";
  }

  LogicalResult importConstant(arith::ConstantOp op) {
    ScalarImporter scalars([](Operation *, ArrayRef<ExprPtr>) { return ExprPtr(); });
    ExprPtr value = scalars.import(op.getResult());
    if (!value)
      return failure();
    constants[op.getResult()] = value;
    return success();
  }

  LogicalResult importFill(linalg::FillOp op) {
    Value value = op.getInputs()[0];
    if (!constants.count(value))
      return op.emitError("fills with a value that is no constant");
    fills[op.getResult(0)] = constants[value];
    return success();
  }

  //===-- stages
  //----------------------------------------------------------------------------------------------------===//

  Stage stageOf(Operation &op, Type element) {
    Stage stage;
    auto name = op.getAttrOfType<StringAttr>("weft.stage");
    stage.name = name ? name.str() : ("stage" + Twine(desc.stages.size())).str();
    stage.type = scalarTypeOf(element).value_or(Scalar::F32);
    return stage;
  }

  static std::string loopName(Operation &op, unsigned position) {
    auto names = op.getAttrOfType<ArrayAttr>("weft.loops");
    return names && position < names.size() ? cast<StringAttr>(names[position]).str() : ("d" + Twine(position)).str();
  }

  /// A reduction in lanes (`weft.lanes`) is several stages, of which the first is a reduction.
  LogicalResult finishReduction(Operation &op, Stage stage, Value result) {
    auto lanes = op.getAttrOfType<IntegerAttr>("weft.lanes");
    if (op.hasAttr("weft.tiles"))
      return finishTileSum(op, std::move(stage), result);
    if (!lanes) {
      if (failed(cutReduction(op, stage)))
        return failure();
      return finishStage(std::move(stage), result), success();
    }
    Extent extent = stage.update->loops.back().extent;
    if (lanes.getInt() < 2 || !llvm::isPowerOf2_64(lanes.getInt()) || !extent.isFixed() || extent.value < lanes.getInt() ||
        stage.update->value->kind != ExprKind::Binary)
      return op.emitError("`weft.lanes` is a power of two, at most the constant extent of the innermost loop, on a stage that joins "
                          "its accumulator with a term; this is ")
             << lanes;
    std::vector<std::string> helpers;
    int first = static_cast<int>(desc.stages.size()) + (op.hasAttr("weft.partial") ? 1 : 0);
    for (Stage &helper : spreadOverLanes(stage, extent.value, lanes.getInt(), first)) {
      if (helper.update && failed(cutReduction(op, helper)))
        return failure();
      helpers.push_back(helper.name);
      desc.stages.push_back(std::move(helper));
    }
    laneSums.push_back({stage.name, std::move(helpers)});
    finishStage(std::move(stage), result);
    return success();
  }

  /// A sum in tiles (`weft.tiles`) has one or two stages before it, in which its sides are split.
  LogicalResult finishTileSum(Operation &op, Stage stage, Value result) {
    std::optional<SplitSides> sides = splitSides(desc, stage, static_cast<int>(desc.stages.size()));
    if (!sides)
      return op.emitError("`weft.tiles` stands on a sum of products whose outermost and innermost loops run along both sides, the "
                          "innermost over 16 terms (or, alone, over 32 or more), with 16 columns");
    desc.stages.push_back(std::move(sides->a));
    if (sides->b)
      desc.stages.push_back(std::move(*sides->b));
    return finishStage(std::move(stage), result), success();
  }

  /// A sum in two levels (`weft.partial`) is two stages.
  LogicalResult cutReduction(Operation &op, Stage &stage) {
    auto partial = op.getAttrOfType<ArrayAttr>("weft.partial");
    if (!partial)
      return success();
    auto name = partial.size() == 2 ? dyn_cast<StringAttr>(partial[0]) : StringAttr();
    auto turns = partial.size() == 2 ? dyn_cast<IntegerAttr>(partial[1]) : IntegerAttr();
    auto loop = llvm::find_if(stage.update->loops, [&](const Loop &loop) { return name && loop.name == name; });
    if (!name || !turns || turns.getInt() < 1 || loop == stage.update->loops.end())
      return op.emitError("`weft.partial` names a loop of the reduction and how many of its turns make a partial sum, "
                          "at least 1; this is ")
             << partial;
    Cut cut{static_cast<int>(loop - stage.update->loops.begin()), turns.getInt()};
    desc.stages.push_back(cutSum(stage, cut, static_cast<int>(desc.stages.size())));
    cutSums.push_back({stage.name, desc.stages.back().name});
    return success();
  }

  void finishStage(Stage stage, Value result) {
    stages[result] = static_cast<int>(desc.stages.size());
    desc.stages.push_back(std::move(stage));
  }

  /// The extent of a dimension, followed to a constant or to the argument that has it; none where there is no such dimension.
  std::optional<Extent> extentOf(Value value, int64_t dim) {
    if (dim < 0 || dim >= typeOf(value).getRank())
      return std::nullopt;
    if (!typeOf(value).isDynamicDim(dim))
      return Extent::fixed(typeOf(value).getDimSize(dim));
    if (auto argument = dyn_cast<BlockArgument>(value))
      return Extent::ofOperand(argument.getArgNumber(), dim);
    Operation *op = value.getDefiningOp();
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      return extentOf(linalgOp.getDpsInits()[cast<OpResult>(value).getResultNumber()], dim);
    if (auto segments = dyn_cast<SegmentReduceOp>(op))
      return extentOf(segments.getInit(), dim);
    if (auto scatter = dyn_cast<ScatterReduceOp>(op))
      return extentOf(scatter.getInit(), dim);
    if (auto view = dyn_cast<tensor::CastOp>(op))
      return extentOf(view.getSource(), dim);
    auto empty = dyn_cast<tensor::EmptyOp>(op);
    auto size = empty ? empty.getDynamicSize(dim).getDefiningOp<tensor::DimOp>() : tensor::DimOp();
    if (size && size.getConstantIndex())
      return extentOf(size.getSource(), *size.getConstantIndex());
    return std::nullopt;
  }

  ExprPtr extentExpr(tensor::DimOp op) {
    std::optional<int64_t> dim = op.getConstantIndex();
    std::optional<Extent> extent = dim ? extentOf(op.getSource(), *dim) : std::nullopt;
    if (!extent)
      return nullptr;
    return extent->isFixed() ? kernel::index(extent->value) : kernel::operandExtent(extent->operand, extent->dim);
  }

  LogicalResult importGeneric(linalg::GenericOp op) {
    if (op.getNumDpsInits() != 1)
      return op.emitError("has ") << op.getNumDpsInits() << " results, a stage has one";
    unsigned parallel = op.getNumParallelLoops(), total = op.getNumLoops();
    for (unsigned l = 0; l < total; ++l)
      if ((op.getIteratorTypesArray()[l] == utils::IteratorType::parallel) != (l < parallel))
        return op.emitError("reduction loops stand behind the parallel ones in a kernel");
    AffineMap outMap = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    if (outMap != AffineMap::getMultiDimIdentityMap(total, op.getContext()).getMajorSubMap(parallel) &&
        !(outMap.getNumResults() == parallel && outMap.isMinorIdentity() && total == parallel) && parallel != 0)
      return op.emitError("the result of a stage is indexed by its parallel loops in order, this one by ")
             << AffineMapAttr::get(outMap);

    Stage stage = stageOf(*op, typeOf(op.getResult(0)).getElementType());
    SmallVector<Loop> loops;
    for (unsigned l = 0; l < total; ++l) {
      std::optional<Extent> extent = loopExtent(op, l);
      if (!extent)
        return op.emitError("the extent of loop `") << loopName(*op, l) << "` is that of no argument";
      loops.push_back({loopName(*op, l), *extent});
    }
    stage.loops.assign(loops.begin(), loops.begin() + parallel);

    auto positions = identity(total);
    Value out = op.getDpsInits()[0];
    ExprPtr start = total == parallel ? nullptr : initOf(op, out, parallel);
    if (total != parallel && !start)
      return failure();
    auto loadArgument = [&](BlockArgument argument) -> ExprPtr {
      unsigned number = argument.getArgNumber();
      if (number == op.getNumDpsInputs())
        return total == parallel ? start : accumulator(stage.type);
      AffineMap map = op.getIndexingMapsArray()[number];
      return load(op, op.getDpsInputs()[number], applyMap(map, positions, {}));
    };
    return finishBody(*op, op.getRegion().front(), std::move(stage), std::move(loops), start, loadArgument, nullptr,
                      op.getResult(0));
  }

  /// The first operand that has the loop as a dimension; outputs last, since inputs say constants.
  std::optional<Extent> loopExtent(linalg::GenericOp op, unsigned loop) {
    std::optional<Extent> found;
    for (OpOperand &operand : op->getOpOperands())
      for (auto [dim, expr] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
        if (expr == getAffineDimExpr(loop, op.getContext())) {
          std::optional<Extent> extent = extentOf(operand.get(), dim);
          bool better = extent && (!found || (!found->isFixed() && (extent->isFixed() || op.isDpsInit(&operand))));
          if (better)
            found = extent;
        }
    return found;
  }

  /// Where the accumulators of a reduction begin.
  ExprPtr initOf(Operation *op, Value out, unsigned parallel) {
    if (auto fill = fills.find(out); fill != fills.end())
      return fill->second;
    if (stages.count(out))
      return load(op, out, identity(parallel));
    op->emitError("a reduction begins with `linalg.fill` or with another stage");
    return nullptr;
  }

  static Args identity(unsigned count) {
    Args args;
    for (unsigned l = 0; l < count; ++l)
      args.push_back(kernel::loop(l));
    return args;
  }

  /// What turns values of the region into expressions.
  std::optional<ScalarImporter> importBody(Operation &op, Block &block,
                                           llvm::function_ref<ExprPtr(BlockArgument)> loadArgument) {
    ScalarImporter scalars([this](Operation *inner, ArrayRef<ExprPtr> operands) -> ExprPtr {
      if (auto index = dyn_cast<linalg::IndexOp>(inner))
        return kernel::loop(index.getDim());
      if (auto extract = dyn_cast<tensor::ExtractOp>(inner))
        return load(inner, extract.getTensor(), Args(operands.begin(), operands.end()));
      if (auto dim = dyn_cast<tensor::DimOp>(inner))
        return extentExpr(dim);
      return nullptr;
    });
    for (auto &[value, constant] : constants)
      scalars.define(value, constant);
    for (BlockArgument argument : block.getArguments()) {
      if (argument.use_empty())
        continue;
      ExprPtr value = loadArgument(argument);
      if (!value) {
        if (argument.getArgNumber() + 1 == block.getNumArguments())
          op.emitError("a stage without reduction reads what it writes");
        return std::nullopt;
      }
      scalars.define(argument, value);
    }
    return scalars;
  }

  /// The region as an expression; `predicate` bounds the update beside what the region itself selects.
  LogicalResult finishBody(Operation &op, Block &block, Stage stage, SmallVector<Loop> loops, ExprPtr start,
                           llvm::function_ref<ExprPtr(BlockArgument)> loadArgument, ExprPtr predicate, Value result) {
    std::optional<ScalarImporter> scalars = importBody(op, block, loadArgument);
    ExprPtr value = scalars ? scalars->import(block.getTerminator()->getOperand(0)) : nullptr;
    if (!value)
      return failure();
    bool reduces = loops.size() > stage.loops.size();
    if (!reduces) {
      stage.init = value;
    } else {
      stage.init = start;
      stage.update = std::make_unique<Update>();
      stage.update->loops.assign(loops.begin() + stage.loops.size(), loops.end());
      if (value->kind == ExprKind::Select && value->args[2]->kind == ExprKind::Accumulator &&
          !readsAccumulator(value->args[0]) && readsLoops(value->args[1], stage.loops.size())) {
        predicate = predicate ? kernel::binary(ScalarOp::And, predicate, value->args[0]) : value->args[0];
        value = value->args[1];
      }
      // Halide takes the loops of a reduction from what its value reads: one that is the same for every term (`s[dst]` of each edge) names a
      // loop in a condition that always holds.
      int first = stage.loops.size();
      if (predicate && !readsLoops(value, first))
        value = kernel::select(kernel::binary(ScalarOp::Ge, kernel::loop(first), kernel::index(0)), value, accumulator(stage.type));
      stage.update->predicate = predicate;
      stage.update->value = value;
    }
    if (reduces)
      return finishReduction(op, std::move(stage), result);
    finishStage(std::move(stage), result);
    return success();
  }

  /// A loop for each dimension of what is initialised.
  FailureOr<SmallVector<Loop>> loopsOver(Operation &op, Value init) {
    SmallVector<Loop> loops;
    for (unsigned l = 0, rank = typeOf(init).getRank(); l < rank; ++l) {
      std::optional<Extent> extent = extentOf(init, l);
      if (!extent)
        return op.emitError("the extent of loop `") << loopName(op, l) << "` is that of no argument";
      loops.push_back({loopName(op, l), *extent});
    }
    return loops;
  }

  /// Edges are counted from the beginning of the row; the loop runs over as many as there are at most, the predicate
  /// says how many there are.
  LogicalResult importSegments(SegmentReduceOp op) {
    unsigned parallel = typeOf(op.getResult()).getRank();
    Stage stage = stageOf(*op, typeOf(op.getResult()).getElementType());
    FailureOr<SmallVector<Loop>> loops = loopsOver(*op, op.getInit());
    if (failed(loops))
      return failure();
    stage.loops.assign(loops->begin(), loops->end());
    std::optional<Extent> edges = extentOf(op.getIndices(), 0);
    if (!edges)
      return op.emitError("`indices` has no known extent");
    loops->push_back({loopName(*op, parallel), *edges});
    ExprPtr start = initOf(op, op.getInit(), parallel);
    if (!start)
      return failure();

    ExprPtr row = kernel::loop(0);
    ExprPtr begin = load(op, op.getIndptr(), {row});
    ExprPtr next = kernel::binary(ScalarOp::Add, row, kernel::index(1));
    std::optional<Extent> ends = extentOf(op.getIndptr(), 0);
    if (ends && loops->front().extent == *ends) // a row more than there are, which has no edges
      next = kernel::binary(ScalarOp::Min, next, kernel::binary(ScalarOp::Sub, kernel::operandExtent(ends->operand, ends->dim), kernel::index(1)));
    ExprPtr end = load(op, op.getIndptr(), {next});
    if (!begin || !end)
      return failure();
    ExprPtr edge = kernel::binary(ScalarOp::Add, asIndex(begin), kernel::loop(parallel));
    ExprPtr degree = kernel::binary(ScalarOp::Sub, asIndex(end), asIndex(begin));
    ExprPtr predicate = kernel::binary(ScalarOp::Lt, kernel::loop(parallel), degree);
    Args positions = identity(parallel);
    positions.push_back(edge);
    ExprPtr source = load(op, op.getIndices(), {edge});
    if (!source)
      return failure();
    SmallVector<AffineMap> maps = op.getMaps();
    auto loadArgument = [&](BlockArgument argument) -> ExprPtr {
      unsigned number = argument.getArgNumber();
      if (number == maps.size())
        return accumulator(stage.type);
      return load(op, op.getInputs()[number], applyMap(maps[number], positions, {asIndex(source)}));
    };
    return finishBody(*op, op.getBody().front(), std::move(stage), std::move(*loops), start, loadArgument, predicate,
                      op.getResult());
  }

  /// The term is the update's loop; places outside are skipped, and kept from being addressed.
  LogicalResult importScatter(ScatterReduceOp op) {
    unsigned parallel = typeOf(op.getResult()).getRank(), axis = op.getAxis();
    Stage stage = stageOf(*op, typeOf(op.getResult()).getElementType());
    FailureOr<SmallVector<Loop>> loops = loopsOver(*op, op.getInit());
    if (failed(loops))
      return failure();
    stage.loops.assign(loops->begin(), loops->end());
    std::optional<Extent> terms;
    for (auto [map, input] : llvm::zip_equal(op.getMaps(), op.getInputs()))
      for (auto [dim, expr] : llvm::enumerate(map.getResults()))
        if (expr == getAffineDimExpr(axis, op.getContext()) && !terms)
          terms = extentOf(input, dim);
    if (!terms)
      return op.emitError("no input says how many terms there are");
    loops->push_back({loopName(*op, parallel), *terms});
    ExprPtr start = initOf(op, op.getInit(), parallel);
    if (!start)
      return failure();

    Args positions = identity(parallel);
    positions[axis] = kernel::loop(parallel);
    SmallVector<AffineMap> maps = op.getMaps();
    auto loadArgument = [&](BlockArgument argument) -> ExprPtr {
      unsigned number = argument.getArgNumber();
      return number == maps.size() ? accumulator(stage.type)
                                   : load(op, op.getInputs()[number], applyMap(maps[number], positions, {}));
    };
    std::optional<ScalarImporter> body = importBody(*op, op.getBody().front(), loadArgument);
    if (!body)
      return failure();
    ExprPtr place = body->import(op.getYield().getValues()[0]), value = body->import(op.getYield().getValues()[1]);
    if (!place || !value)
      return failure();
    using enum ScalarOp;
    ExprPtr extent = stage.loops[axis].extent.isFixed()
                         ? kernel::index(stage.loops[axis].extent.value)
                         : kernel::operandExtent(stage.loops[axis].extent.operand, stage.loops[axis].extent.dim);
    stage.init = start;
    stage.update = std::make_unique<Update>();
    stage.update->loops = {loops->back()};
    stage.update->scattered = static_cast<int>(axis);
    stage.update->place = kernel::binary(
        Max, kernel::binary(Min, place, kernel::binary(Sub, extent, kernel::index(1))), kernel::index(0));
    stage.update->predicate =
        kernel::binary(And, kernel::binary(Ge, place, kernel::index(0)), kernel::binary(Lt, place, extent));
    stage.update->value = value;
    finishStage(std::move(stage), op.getResult());
    return success();
  }

  static ExprPtr asIndex(ExprPtr value) {
    return value->type == Scalar::I32 ? value : kernel::cast(Scalar::I32, value);
  }

  /// A border inside a chain: the element where there is one, else the fill.
  LogicalResult importPad(tensor::PadOp op) {
    Value fill = op.getConstantPaddingValue();
    if (!fill || !typeOf(op.getResult()).hasStaticShape() || !typeOf(op.getSource()).hasStaticShape())
      return op.emitError("a border inside a kernel has one value and constant extents");
    ScalarImporter scalars([](Operation *, ArrayRef<ExprPtr>) { return ExprPtr(); });
    ExprPtr outside = scalars.import(fill), inside;
    if (!outside)
      return failure();
    Stage stage = stageOf(*op, typeOf(op.getResult()).getElementType());
    Args at;
    for (auto [d, extent] : llvm::enumerate(typeOf(op.getResult()).getShape())) {
      stage.loops.push_back({loopName(*op, d), Extent::fixed(extent)});
      int64_t low = op.getStaticLow()[d], inner = typeOf(op.getSource()).getDimSize(d);
      ExprPtr position = kernel::loop(d);
      if (low == 0 && inner == extent) {
        at.push_back(position);
        continue;
      }
      using enum ScalarOp;
      ExprPtr from = kernel::binary(Ge, position, kernel::index(low));
      ExprPtr both = kernel::binary(And, from, kernel::binary(Lt, position, kernel::index(low + inner)));
      inside = inside ? kernel::binary(And, inside, both) : both;
      ExprPtr shifted = kernel::binary(Sub, position, kernel::index(low));
      at.push_back(kernel::binary(Max, kernel::binary(Min, shifted, kernel::index(inner - 1)), kernel::index(0)));
    }
    ExprPtr element = load(op, op.getSource(), at);
    if (!element)
      return failure();
    stage.init = inside ? kernel::select(inside, element, outside) : element;
    finishStage(std::move(stage), op.getResult());
    return success();
  }

  LogicalResult importReturn(func::ReturnOp op) {
    for (auto [index, value] : llvm::enumerate(op.getOperands())) {
      auto stage = stages.find(value);
      unsigned output = inputCount() + index;
      if (stage == stages.end())
        return op.emitError("result ") << index << " of a kernel is not made by a stage";
      if (destinationOf(value) != body.getArgument(output))
        return op.emitError("result ") << index << " is not written to argument " << output;
      desc.stages[stage->second].output = static_cast<int>(output);
    }
    return success();
  }

  /// The argument a value is written to, through fills.
  static Value destinationOf(Value value) {
    while (Operation *op = value.getDefiningOp()) {
      if (auto style = dyn_cast<linalg::LinalgOp>(op))
        value = style.getDpsInits()[0];
      else if (auto segments = dyn_cast<SegmentReduceOp>(op))
        value = segments.getInit();
      else if (auto scatter = dyn_cast<ScatterReduceOp>(op))
        value = scatter.getInit();
      else
        return Value();
    }
    return value;
  }

  //===-- loads
  //-----------------------------------------------------------------------------------------------------===//

  ExprPtr load(Operation *op, Value value, Args at) {
    if (auto argument = dyn_cast<BlockArgument>(value))
      return loadOperand(argument.getArgNumber(), desc.operands[argument.getArgNumber()].type, std::move(at));
    if (auto stage = stages.find(value); stage != stages.end())
      return loadStage(stage->second, desc.stages[stage->second].type, std::move(at));
    if (auto fill = fills.find(value); fill != fills.end())
      return fill->second;
    Operation *made = value.getDefiningOp();
    if (auto view = dyn_cast<tensor::CastOp>(made))
      return load(op, view.getSource(), std::move(at));
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(made))
      return loadSlice(op, slice, std::move(at));
    op->emitError("reads what `") << made->getName() << "` makes, which is no stage";
    return nullptr;
  }

  ExprPtr loadSlice(Operation *op, tensor::ExtractSliceOp slice, Args at) {
    bool constant = llvm::none_of(slice.getStaticOffsets(), ShapedType::isDynamic) &&
                    llvm::none_of(slice.getStaticStrides(), ShapedType::isDynamic);
    if (!constant || slice.getSourceType().getRank() != slice.getType().getRank()) {
      slice.emitError("a slice inside a kernel has constant offsets and keeps all dimensions");
      return nullptr;
    }
    for (auto [position, offset, stride] : llvm::zip_equal(at, slice.getStaticOffsets(), slice.getStaticStrides())) {
      if (stride != 1)
        position = kernel::binary(ScalarOp::Mul, position, kernel::index(stride));
      if (offset != 0)
        position = kernel::binary(ScalarOp::Add, position, kernel::index(offset));
    }
    return load(op, slice.getSource(), std::move(at));
  }

  static Args applyMap(AffineMap map, const Args &dims, const Args &symbols) {
    Args at;
    for (AffineExpr expr : map.getResults())
      at.push_back(applyExpr(expr, dims, symbols));
    return at;
  }

  static ExprPtr applyExpr(AffineExpr expr, const Args &dims, const Args &symbols) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      return dims[dim.getPosition()];
    if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
      return symbols[symbol.getPosition()];
    if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      return kernel::index(constant.getValue());
    auto binary = cast<AffineBinaryOpExpr>(expr);
    ExprPtr left = applyExpr(binary.getLHS(), dims, symbols), right = applyExpr(binary.getRHS(), dims, symbols);
    switch (binary.getKind()) {
    case AffineExprKind::Add:
      return kernel::binary(ScalarOp::Add, left, right);
    case AffineExprKind::Mul:
      return kernel::binary(ScalarOp::Mul, left, right);
    case AffineExprKind::FloorDiv:
      return kernel::binary(ScalarOp::Div, left, right);
    case AffineExprKind::CeilDiv:
      return kernel::binary(ScalarOp::Div,
                            kernel::binary(ScalarOp::Add, left, kernel::binary(ScalarOp::Sub, right, kernel::index(1))),
                            right);
    case AffineExprKind::Mod:
      return kernel::binary(ScalarOp::Mod, left, right);
    default:
      llvm_unreachable("constants, dimensions and symbols are handled above");
    }
  }

  func::FuncOp function;
  Block &body;
  KernelDesc desc;
  llvm::DenseMap<Value, int> stages;
  llvm::DenseMap<Value, ExprPtr> fills, constants;
  SmallVector<std::pair<std::string, std::vector<std::string>>> laneSums; ///< stages: a reduction, and what it is made from
  SmallVector<std::pair<std::string, std::string>> cutSums; ///< stages: a sum, and that of its partial sums
};

} // namespace

FailureOr<KernelDesc> importKernel(func::FuncOp function) {
  if (function.isExternal() || !function.getBody().hasOneBlock())
    return function.emitError("a kernel function has one block"), failure();
  return Importer(function).run();
}

} // namespace weft
