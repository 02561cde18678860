// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Names, operands, stages and expressions; CheckSchedule.cpp does the rest. The first problem is thrown to the top.
#include "compiler/Kernel/Check.h"

#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/CheckSchedule.h"
#include "compiler/Kernel/Spell.h"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace weft::kernel {

namespace {

struct Problem {
  std::string text;
};

[[noreturn]] void fail(const std::string &text) { throw Problem{text}; }

void require(bool condition, const std::string &text) {
  if (!condition)
    fail(text);
}

std::string quoted(const std::string &name) { return "`" + name + "`"; }

bool isIdentifier(const std::string &name) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && name.size() <= 200 && letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void requireName(const std::string &name, const std::string &what) {
  static const std::set<std::string> words = {"acc", "inf", "nan", "by", "let", "init", "value", "update", "place"};
  require(isIdentifier(name), what + " " + quoted(name) + " is no C identifier of at most 200 characters");
  require(!words.count(name), what + " cannot be called " + quoted(name) + ", a word of the text form");
}

/// The expressions of one definition.
class ExpressionCheck {
public:
  ExpressionCheck(const KernelDesc &desc, int stage, bool update) : desc(desc), stageNumber(stage), update(update) {}

  void run(const ExprPtr &expr, Scalar type, const std::string &what, bool mayAccumulate) {
    where = "in " + what + " of stage " + quoted(desc.stages[stageNumber].name) + ": ";
    accumulates = mayAccumulate;
    visit(expr);
    expect(expr->type == type, "expected " + std::string(spell(type)) + ", got " + std::string(spell(expr->type)));
  }

private:
  void expect(bool condition, const std::string &text) const { require(condition, where + text); }

  int visit(const ExprPtr &expr) {
    expect(expr != nullptr, "an expression is missing");
    if (auto known = heights.find(expr.get()); known != heights.end())
      return known->second;
    expect(++depth < 9000, "expressions nest deeper than 9000 levels");
    int height = 0;
    for (const ExprPtr &arg : expr->args)
      height = std::max(height, visit(arg));
    --depth;
    expect(expr->type == resultType(*expr), "an operation's type is not that of its operands");
    one(*expr);
    return heights[expr.get()] = height + 1;
  }

  void one(const Expr &expr) const {
    switch (expr.kind) {
    case ExprKind::Constant:
      return expect(expr.args.empty(), "a constant takes no operands");
    case ExprKind::LoopIndex:
      return loopIndex(expr);
    case ExprKind::OperandExtent:
      return expect(expr.args.empty() && expr.ref >= 0 && expr.ref < int(desc.operands.size()) && expr.dim >= 0 &&
                        expr.dim < int(desc.operands[expr.ref].dims.size()),
                    "there is no dimension " + std::to_string(expr.dim) + " of operand " + std::to_string(expr.ref));
    case ExprKind::LoadOperand:
      expect(expr.ref >= 0 && expr.ref < int(desc.operands.size()), "a load of operand " + std::to_string(expr.ref));
      expect(!desc.operands[expr.ref].isOutput, "outputs are read through their stages");
      return load(expr, desc.operands[expr.ref].name, desc.operands[expr.ref].type,
                  desc.operands[expr.ref].dims.size());
    case ExprKind::LoadStage:
      expect(expr.ref >= 0 && expr.ref < stageNumber,
             "a load of stage " + std::to_string(expr.ref) + ", which does not come before");
      return load(expr, desc.stages[expr.ref].name, desc.stages[expr.ref].type, desc.stages[expr.ref].loops.size());
    case ExprKind::Accumulator:
      expect(accumulates, "`acc` means something only in the value of an update");
      return expect(expr.type == desc.stages[stageNumber].type && expr.args.empty(), "`acc` has the type of its stage");
    case ExprKind::Unary:
      return unary(expr);
    case ExprKind::Binary:
      return binary(expr);
    case ExprKind::Select:
      expect(expr.args.size() == 3, "`select` takes three operands");
      expect(expr.args[0]->type == Scalar::Bool, "the condition of a `select` is a bool");
      return expect(expr.args[1]->type == expr.args[2]->type, "both sides of a `select` have one type");
    case ExprKind::Mux:
      expect(expr.args.size() >= 2 && expr.args[0]->type == Scalar::I32, "`mux` takes an i32 and values");
      for (size_t i = 2; i < expr.args.size(); ++i)
        expect(expr.args[i]->type == expr.args[1]->type, "all values of a `mux` have one type");
      return;
    case ExprKind::Cast:
      return expect(expr.args.size() == 1, "`cast` takes one operand");
    case ExprKind::TileDot:
      expect(expr.args.size() == 5 || expr.args.size() == 6, "`tile_dot` takes three parts of one side, and three or two numbers of the other");
      for (size_t i = 0; i < expr.args.size(); ++i)
        expect(expr.args[i]->type == (i < 3 || expr.args.size() == 6 ? Scalar::I32 : Scalar::F32), "parts are i32, numbers f32");
      return;
    }
  }

  void loopIndex(const Expr &expr) const {
    const Stage &stage = desc.stages[stageNumber];
    size_t count = stage.loops.size() + (update ? stage.update->loops.size() : 0);
    bool isThere = !update || expr.ref != stage.update->scattered;
    expect(expr.ref >= 0 && size_t(expr.ref) < count && expr.args.empty() && isThere,
           "there is no loop " + std::to_string(expr.ref));
  }

  void load(const Expr &expr, const std::string &name, Scalar type, size_t rank) const {
    expect(expr.type == type, quoted(name) + " holds " + std::string(spell(type)));
    expect(expr.args.size() == rank, quoted(name) + " has " + std::to_string(rank) + " dimensions, a load of it " +
                                         std::to_string(expr.args.size()) + " indices");
    for (const ExprPtr &arg : expr.args)
      expect(arg->type == Scalar::I32, "indices are i32");
  }

  void unary(const Expr &expr) const {
    expect(isUnary(expr.op) && expr.args.size() == 1, "a unary operation takes one operand");
    bool anyNumber = expr.op == ScalarOp::Neg || expr.op == ScalarOp::Abs;
    bool good = expr.op == ScalarOp::Not ? expr.type == Scalar::Bool
                : anyNumber              ? expr.type != Scalar::Bool && expr.type != Scalar::U8
                                         : isFloat(expr.type);
    expect(good, "`" + std::string(spell(expr.op)) + "` is not defined on " + std::string(spell(expr.type)));
  }

  void binary(const Expr &expr) const {
    expect(!isUnary(expr.op) && expr.args.size() == 2, "a binary operation takes two operands");
    Scalar type = expr.args[0]->type;
    expect(type == expr.args[1]->type, "the operands of `" + std::string(spell(expr.op)) + "` are " +
                                           std::string(spell(type)) + " and " + std::string(spell(expr.args[1]->type)));
    bool isLogic = expr.op == ScalarOp::And || expr.op == ScalarOp::Or;
    bool isEquality = expr.op == ScalarOp::Eq || expr.op == ScalarOp::Ne;
    bool good = isLogic                    ? !isFloat(type)
                : isBf16Part(expr.op)      ? type == Scalar::F32
                : expr.op == ScalarOp::Pow ? isFloat(type)
                                           : type != Scalar::Bool || isEquality;
    expect(good, "`" + std::string(spell(expr.op)) + "` is not defined on " + std::string(spell(type)));
  }

  const KernelDesc &desc;
  const int stageNumber;
  const bool update;
  bool accumulates = false;
  std::string where;
  int depth = 0;
  std::unordered_map<const Expr *, int> heights;
};

class Checker {
public:
  explicit Checker(const KernelDesc &desc) : desc(desc) {}

  void run() {
    requireName(desc.name, "a kernel");
    checkOperands();
    require(!desc.stages.empty(), "a kernel has at least one stage");
    for (size_t i = 0; i < desc.stages.size(); ++i)
      checkStage(static_cast<int>(i));
    require(desc.stages.back().output >= 0, "the last stage holds an output");
    for (size_t i = 0; i < desc.operands.size(); ++i)
      if (desc.operands[i].isOutput)
        requireOneHolder(static_cast<int>(i));
  }

private:
  void checkOperands() {
    bool sawOutput = false;
    for (const Operand &operand : desc.operands) {
      requireName(operand.name, "an operand");
      require(operandNames.insert(operand.name).second, "two operands are called " + quoted(operand.name));
      require(!sawOutput || operand.isOutput,
              "operand " + quoted(operand.name) + " follows an output; outputs are last");
      sawOutput |= operand.isOutput;
      checkDims(operand);
      checkAlias(operand);
    }
  }

  static void checkDims(const Operand &operand) {
    require(operand.dims.size() <= 16, quoted(operand.name) + " has more than 16 dimensions");
    for (const OperandDim &dim : operand.dims)
      require(dim.extent >= -1 && dim.stride >= -1, quoted(operand.name) + " has a negative extent or stride");
    require(isIndexable(operand), quoted(operand.name) + " passes 2^31 - 64 elements, the reach of 32-bit indices");
    require(operand.dims.empty() || operand.dims.back().stride == 1 || operand.dims.back().stride == -1,
            "the last dimension of " + quoted(operand.name) + " has stride " +
                std::to_string(operand.dims.empty() ? 1 : operand.dims.back().stride) + "; it must be 1");
  }

  void checkAlias(const Operand &operand) const {
    if (operand.mayAlias == -1)
      return;
    require(operand.isOutput, quoted(operand.name) + " is no output and cannot share memory");
    require(operand.mayAlias >= 0 && operand.mayAlias < int(desc.operands.size()) &&
                !desc.operands[operand.mayAlias].isOutput,
            quoted(operand.name) + " can only share the memory of an input");
    const Operand &other = desc.operands[operand.mayAlias];
    require(other.type == operand.type && other.dims.size() == operand.dims.size(),
            quoted(operand.name) + " and " + quoted(other.name) + " share memory but not type and rank");
  }

  void checkExtent(const Extent &extent, const std::string &loop) const {
    if (extent.isFixed())
      return require(extent.value <= INT32_MAX, "loop " + quoted(loop) + " is too long");
    require(extent.operand >= 0 && extent.operand < int(desc.operands.size()) && extent.dim >= 0 &&
                extent.dim < int(desc.operands[extent.operand].dims.size()),
            "loop " + quoted(loop) + " takes its extent from a dimension that does not exist");
  }

  void checkLoops(const std::vector<Loop> &loops, std::set<std::string> &names) const {
    for (const Loop &loop : loops) {
      requireName(loop.name, "a loop");
      require(names.insert(loop.name).second, "two loops of one stage are called " + quoted(loop.name));
      checkExtent(loop.extent, loop.name);
    }
  }

  void checkStage(int number) {
    const Stage &stage = desc.stages[number];
    requireName(stage.name, "a stage");
    bool isOwnOutput =
        stage.output >= 0 && stage.output < int(desc.operands.size()) && desc.operands[stage.output].name == stage.name;
    require(stageNames.insert(stage.name).second && (isOwnOutput || !operandNames.count(stage.name)),
            "the name " + quoted(stage.name) + " is taken");
    std::set<std::string> loops;
    checkLoops(stage.loops, loops);
    if (stage.update)
      checkLoops(stage.update->loops, loops);
    ExpressionCheck(desc, number, false).run(stage.init, stage.type, "the initial value", false);
    if (stage.update)
      checkUpdate(number);
    if (stage.output != -1)
      checkOutput(stage);
  }

  void checkUpdate(int number) const {
    const Stage &stage = desc.stages[number];
    require(!stage.update->loops.empty(), "the update of stage " + quoted(stage.name) + " has no loops");
    bool scatters = stage.update->scattered >= 0;
    require(scatters == bool(stage.update->place) && stage.update->scattered < int(stage.loops.size()),
            "the update of stage " + quoted(stage.name) + " scatters along a loop that does not exist, or to no place");
    ExpressionCheck expressions(desc, number, true);
    if (scatters)
      expressions.run(stage.update->place, Scalar::I32, "the place", false);
    expressions.run(stage.update->value, stage.type, "the update", true);
    if (stage.update->predicate)
      ExpressionCheck(desc, number, true).run(stage.update->predicate, Scalar::Bool, "the predicate", false);
  }

  void checkOutput(const Stage &stage) const {
    require(stage.output >= 0 && stage.output < int(desc.operands.size()) && desc.operands[stage.output].isOutput,
            "stage " + quoted(stage.name) + " holds no output operand");
    const Operand &operand = desc.operands[stage.output];
    require(stage.type == operand.type && stage.loops.size() == operand.dims.size(),
            "stage " + quoted(stage.name) + " and its output " + quoted(operand.name) + " differ in type or rank");
    for (size_t d = 0; d < stage.loops.size(); ++d)
      require(!stage.loops[d].extent.isFixed() || operand.dims[d].extent < 0 ||
                  operand.dims[d].extent == stage.loops[d].extent.value,
              "loop " + quoted(stage.loops[d].name) + " does not cover dimension " + std::to_string(d) + " of " +
                  quoted(operand.name));
  }

  void requireOneHolder(int operand) const {
    auto holders = std::count_if(desc.stages.begin(), desc.stages.end(),
                                 [&](const Stage &stage) { return stage.output == operand; });
    require(holders == 1,
            quoted(desc.operands[operand].name) + " is held by " + std::to_string(holders) + " stages instead of one");
  }

  const KernelDesc &desc;
  std::set<std::string> operandNames, stageNames;
};

} // namespace

bool isIndexable(const Operand &operand) {
  int64_t reach = 1;
  for (const OperandDim &dim : operand.dims) {
    if (std::max({dim.extent, dim.stride, reach}) > INT32_MAX)
      return false; // before a product leaves 64 bits
    if (dim.extent > 0 && dim.stride > 0)
      reach += (dim.extent - 1) * dim.stride;
  }
  return reach <= mostElements;
}

std::string check(const KernelDesc &desc, CheckLimits limits) {
  try {
    Checker(desc).run();
  } catch (const Problem &problem) {
    return problem.text;
  }
  if (std::string problem = checkSchedule(desc); !problem.empty())
    return problem;
  int64_t operations = estimateOperations(desc);
  if (operations > limits.unrolledOperations)
    return "the unrolled code would hold about " + std::to_string(operations) + " operations; at most " +
           std::to_string(limits.unrolledOperations) + " are compiled";
  return "";
}

} // namespace weft::kernel
