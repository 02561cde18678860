// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Halide lists dimensions innermost first, KernelDesc outermost first: every list is reversed here and nowhere else.
#include "compiler/Emit/Halide/Pipeline.h"

#include "compiler/Emit/Halide/Directives.h"
#include "compiler/Emit/Halide/Expressions.h"
#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/Peel.h"

#include <algorithm>

namespace weft::emit {

using namespace kernel;
using HExpr = Halide::Expr;

namespace {

template <typename T> std::vector<T> reversed(std::vector<T> list) {
  std::reverse(list.begin(), list.end());
  return list;
}

class Builder {
public:
  explicit Builder(const KernelDesc &desc) : desc(desc) {}

  BuiltPipeline run() {
    for (const Stage &stage : desc.stages)
      funcs.emplace_back(Halide::Internal::Function(funcName(stage))); // this constructor keeps the name as it is
    parameters.resize(desc.operands.size());
    // An output has a parameter of its own once its Func is defined; others may ask for its extents before that, by name.
    for (size_t i = 0; i < desc.operands.size(); ++i) {
      const Operand &operand = desc.operands[i];
      parameters[i] = operand.isOutput ? Halide::Parameter(halideType(operand.type), true, static_cast<int>(operand.dims.size()),
                                                           funcs[stageHolding(static_cast<int>(i))].name())
                                       : inputParameter(operand);
    }
    for (size_t i = 0; i < desc.stages.size(); ++i)
      defineStage(static_cast<int>(i));
    for (size_t i = 0; i < desc.stages.size(); ++i)
      applySchedule(desc, static_cast<int>(i), funcs);
    return {Halide::Pipeline(outputs()), inputs(), funcs};
  }

private:
  static Halide::Parameter inputParameter(const Operand &operand) {
    Halide::Parameter parameter(halideType(operand.type), true, static_cast<int>(operand.dims.size()), operand.name);
    constrain(operand, parameter);
    return parameter;
  }

  static void constrain(const Operand &operand, Halide::Parameter &parameter) {
    int rank = static_cast<int>(operand.dims.size());
    for (int d = 0; d < rank; ++d) {
      const OperandDim &dim = operand.dims[rank - 1 - d];
      parameter.set_min_constraint(d, 0);
      if (dim.extent >= 0)
        parameter.set_extent_constraint(d, static_cast<int>(dim.extent));
      if (d > 0 && dim.stride >= 0)
        parameter.set_stride_constraint(d, static_cast<int>(dim.stride));
    }
  }

  int stageHolding(int operand) const {
    for (size_t i = 0; i < desc.stages.size(); ++i)
      if (desc.stages[i].output == operand)
        return static_cast<int>(i);
    return -1;
  }

  /// The extent of dimension `dim` (outermost first) of an operand: a constant, or read from the buffer at run time.
  HExpr operandExtent(int operand, int dim) const {
    const Operand &of = desc.operands[operand];
    if (of.dims[dim].extent >= 0)
      return static_cast<int>(of.dims[dim].extent);
    std::string suffix = ".extent." + std::to_string(of.dims.size() - 1 - dim);
    return Halide::Internal::Variable::make(Halide::Int(32), parameters[operand].name() + suffix, parameters[operand]);
  }

  HExpr extentOf(const Extent &extent) const {
    if (extent.isFixed())
      return static_cast<int>(extent.value);
    HExpr all = operandExtent(extent.operand, extent.dim);
    int per = static_cast<int>(extent.per);
    return per > 1 ? (all + (per - 1)) / per : all;
  }

  static std::vector<HExpr> pureVars(const Stage &stage) {
    std::vector<HExpr> vars;
    for (const Loop &loop : stage.loops)
      vars.push_back(Halide::Var(loop.name));
    return vars;
  }

  Leaves leavesOf(std::vector<HExpr> loops) const {
    Leaves leaves;
    leaves.loop = [loops = std::move(loops)](int loop) { return loops[loop]; };
    leaves.loadOperand = [this](int operand, std::vector<HExpr> args) {
      return Halide::Internal::Call::make(parameters[operand], reversed(std::move(args)));
    };
    leaves.loadStage = [this](int from, std::vector<HExpr> args) {
      return HExpr(funcs[from](reversed(std::move(args))));
    };
    leaves.operandExtent = [this](int operand, int dim) { return operandExtent(operand, dim); };
    leaves.stageExtent = [this](int from, int dim) { return extentOf(desc.stages[from].loops[dim].extent); };
    return leaves;
  }

  void defineStage(int number) {
    const Stage &stage = desc.stages[number];
    Halide::Func &func = funcs[number];
    std::vector<HExpr> pure = pureVars(stage);
    std::vector<Halide::Var> vars;
    for (const Loop &loop : stage.loops)
      vars.emplace_back(loop.name);
    Leaves leaves = leavesOf(pure);
    if (std::optional<Peeled> parts = peeled(desc, stage))
      return definePeeled(*parts, func, pure, reversed(vars));
    leaves.stopsAtEdge = [&stage](const kernel::Expr &index) { return stopsAtEdge(stage, index); };
    leaves.cutsReaders = [&](const kernel::Expr &pick) { return cutsReaders(desc, stage, pick); };
    func(reversed(vars)) = Halide::cast(halideType(stage.type), ExpressionBuilder(leaves).build(stage.init));
    if (stage.update)
      defineUpdate(stage, func, pure);
    if (stage.output >= 0) {
      Halide::Parameter parameter = func.output_buffer().parameter();
      constrain(desc.operands[stage.output], parameter);
    }
    for (const Loop &loop : stage.loops)
      if (stage.output >= 0 && loop.extent.isFixed())
        func.bound(Halide::Var(loop.name), 0, static_cast<int>(loop.extent.value));
  }

  /// Three updates over parts of one loop; nothing is done for the points as a whole.
  void definePeeled(const Peeled &parts, Halide::Func &func, std::vector<HExpr> loops,
                    const std::vector<Halide::Var> &vars) {
    Halide::Type type = halideType(parts.edge->type);
    auto part = [&](const std::string &name, int64_t first, int64_t count, const ExprPtr &value) {
      if (count == 0)
        return;
      Halide::RDom points(
          Halide::Internal::ReductionDomain({{name, static_cast<int>(first), static_cast<int>(count)}}));
      loops[parts.loop] = points[0];
      define(func, loops, value, type);
    };
    func(vars) = Halide::undef(type);
    Halide::RDom inside(Halide::Internal::ReductionDomain({{parts.inside, 0, static_cast<int>(parts.count)}}));
    loops[parts.loop] = inside[0] + static_cast<int>(parts.low);
    define(func, loops, parts.value, type);
    part(parts.inside + "_low", 0, parts.low, parts.edge);
    part(parts.inside + "_high", parts.low + parts.count, parts.total - parts.low - parts.count, parts.edge);
  }

  void define(Halide::Func &func, const std::vector<HExpr> &loops, const ExprPtr &value, Halide::Type type) const {
    func(reversed(loops)) = Halide::cast(type, ExpressionBuilder(leavesOf(loops)).build(value));
  }

  void defineUpdate(const Stage &stage, Halide::Func &func, std::vector<HExpr> pure) {
    Halide::RDom domain = reductionDomain(stage);
    std::vector<HExpr> loops = pure;
    for (int k = static_cast<int>(stage.update->loops.size()) - 1; k >= 0; --k)
      loops.push_back(domain[k]);
    Leaves leaves = leavesOf(loops);
    if (int scattered = stage.update->scattered; scattered >= 0)
      pure[scattered] = ExpressionBuilder(leaves).build(stage.update->place);
    std::vector<HExpr> args = reversed(pure);
    leaves.accumulator = func(args);
    leaves.reachesPastEnd = [&](int loop) { return reachesPastEnd(desc, stage, loop); };
    ExpressionBuilder expressions(std::move(leaves));
    if (stage.update->predicate)
      domain.where(expressions.build(stage.update->predicate));
    func(args) = Halide::cast(halideType(stage.type), expressions.build(stage.update->value));
  }

  /// The innermost loop is Halide's first. An extent known to be a multiple of its split (Tail::Exact) says so.
  Halide::RDom reductionDomain(const Stage &stage) const {
    std::vector<Halide::Internal::ReductionVariable> variables;
    for (const Loop &loop : stage.update->loops) {
      HExpr extent = extentOf(loop.extent);
      if (int64_t factor = exactFactor(desc, stage, loop.name); factor > 1 && !loop.extent.isFixed())
        extent = extent / static_cast<int>(factor) * static_cast<int>(factor);
      variables.push_back({loop.name, 0, extent});
    }
    return Halide::RDom(Halide::Internal::ReductionDomain(reversed(std::move(variables))));
  }

  std::vector<Halide::Func> outputs() const {
    std::vector<Halide::Func> list;
    for (size_t i = 0; i < desc.operands.size(); ++i)
      if (desc.operands[i].isOutput)
        list.push_back(funcs[stageHolding(static_cast<int>(i))]);
    return list;
  }

  std::vector<Halide::Argument> inputs() const {
    std::vector<Halide::Argument> list;
    for (size_t i = 0; i < desc.operands.size(); ++i)
      if (const Operand &operand = desc.operands[i]; !operand.isOutput)
        list.emplace_back(operand.name, Halide::Argument::InputBuffer, halideType(operand.type),
                          static_cast<uint8_t>(operand.dims.size()), Halide::ArgumentEstimates{});
    return list;
  }

  const KernelDesc &desc;
  std::vector<Halide::Func> funcs;
  std::vector<Halide::Parameter> parameters;
};

} // namespace

std::string funcName(const kernel::Stage &stage) {
  using Halide::Internal::Call;
  for (int op = 0; op < Call::IntrinsicOpCount; ++op)
    if (stage.name == Call::get_intrinsic_name(static_cast<Call::IntrinsicOp>(op)))
      return stage.name + "_";
  return stage.name;
}

BuiltPipeline buildPipeline(const KernelDesc &desc) { return Builder(desc).run(); }

} // namespace weft::emit
