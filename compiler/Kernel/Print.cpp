// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// KernelDesc to text. Order of everything is the order in the structs, so equal descriptions print equal bytes.
#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/Spell.h"
#include "compiler/Kernel/Text.h"

#include <charconv>
#include <cmath>
#include <map>

namespace weft::kernel {

namespace {

std::string number(double value) {
  if (std::isnan(value))
    return "nan";
  if (std::isinf(value))
    return value < 0 ? "-inf" : "inf";
  char buffer[64]; // the shortest text that reads back as the same double
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

std::string list(const std::vector<std::string> &names) {
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool isLeaf(const Expr &expr) { return expr.args.empty(); }

/// Prints the expressions of one definition, naming those used more than once or nested too deeply to read back.
class ExprPrinter {
public:
  ExprPrinter(const KernelDesc &desc, const Stage &stage) : desc(desc), stage(stage) {}

  void count(const ExprPtr &expr) {
    if (!expr || isLeaf(*expr))
      return;
    if (++uses[expr.get()] > 1)
      return;
    for (const ExprPtr &arg : expr->args)
      count(arg);
  }

  /// The text of `expr`; what must be bound first is appended to `lets`.
  std::string text(const ExprPtr &expr, int depth = 0) {
    if (auto bound = names.find(expr.get()); bound != names.end())
      return bound->second;
    if (isLeaf(*expr))
      return leaf(*expr);
    bool bind = uses[expr.get()] > 1 || depth > 64;
    std::string body = compound(*expr, bind ? 0 : depth);
    if (!bind)
      return body;
    std::string name = "%" + std::to_string(names.size());
    lets += "    let " + name + " = " + body + "\n";
    names[expr.get()] = name;
    return name;
  }

  std::string lets;

private:
  std::string leaf(const Expr &expr) {
    switch (expr.kind) {
    case ExprKind::Constant:
      return number(expr.constant) + (expr.type == Scalar::F32 ? "" : ":" + std::string(spell(expr.type)));
    case ExprKind::LoopIndex:
      return loopName(expr.ref);
    case ExprKind::OperandExtent:
      return "extent(@" + desc.operands[expr.ref].name + ", " + std::to_string(expr.dim) + ")";
    case ExprKind::Accumulator:
      return "acc";
    case ExprKind::LoadOperand:
      return "@" + desc.operands[expr.ref].name + "[]";
    case ExprKind::LoadStage:
      return desc.stages[expr.ref].name + "[]";
    default:
      return std::string(spell(expr.op)) + "()";
    }
  }

  std::string loopName(int ref) {
    size_t pure = stage.loops.size();
    return size_t(ref) < pure ? stage.loops[ref].name : stage.update->loops[ref - pure].name;
  }

  std::string compound(const Expr &expr, int depth) {
    std::string args;
    for (const ExprPtr &arg : expr.args)
      args += (args.empty() ? "" : ", ") + text(arg, depth + 1);
    switch (expr.kind) {
    case ExprKind::LoadOperand:
      return "@" + desc.operands[expr.ref].name + "[" + args + "]";
    case ExprKind::LoadStage:
      return desc.stages[expr.ref].name + "[" + args + "]";
    case ExprKind::Select:
      return "select(" + args + ")";
    case ExprKind::Mux:
      return "mux(" + args + ")";
    case ExprKind::TileDot:
      return "tile_dot(" + args + ")";
    case ExprKind::Cast:
      return "cast:" + std::string(spell(expr.type)) + "(" + args + ")";
    default:
      return std::string(spell(expr.op)) + "(" + args + ")";
    }
  }

  const KernelDesc &desc;
  const Stage &stage;
  std::map<const Expr *, int> uses;
  std::map<const Expr *, std::string> names;
};

class Printer {
public:
  explicit Printer(const KernelDesc &desc) : desc(desc) {}

  std::string run() {
    out = "kernel " + desc.name + " {\n";
    for (const Operand &operand : desc.operands)
      printOperand(operand);
    for (const Stage &stage : desc.stages)
      printStage(stage);
    for (const StageSchedule &schedule : desc.schedule)
      printSchedule(schedule);
    return out + "}\n";
  }

private:
  static std::string dim(int64_t value) { return value < 0 ? "?" : std::to_string(value); }

  void printOperand(const Operand &operand) {
    std::vector<std::string> extents, strides;
    for (const OperandDim &d : operand.dims) {
      extents.push_back(dim(d.extent));
      strides.push_back(dim(d.stride));
    }
    out += (operand.isOutput ? "  output " : "  operand ") + operand.name + " " + std::string(spell(operand.type));
    out += " [" + list(extents) + "] strides [" + list(strides) + "]";
    if (operand.mayAlias >= 0)
      out += " alias " + desc.operands[operand.mayAlias].name;
    if (operand.filled >= 0)
      out += " filled " + std::to_string(operand.filled);
    out += "\n";
  }

  std::string loops(const std::vector<Loop> &loops) {
    std::vector<std::string> texts;
    for (const Loop &loop : loops)
      texts.push_back(loop.name + " < " + extent(loop.extent));
    return "[" + list(texts) + "]";
  }

  std::string extent(const Extent &extent) {
    if (extent.isFixed())
      return std::to_string(extent.value);
    std::string per = extent.per > 1 ? " by " + std::to_string(extent.per) : "";
    return desc.operands[extent.operand].name + "." + std::to_string(extent.dim) + per;
  }

  void printStage(const Stage &stage) {
    out += "  stage " + stage.name + " " + std::string(spell(stage.type)) + " " + loops(stage.loops);
    if (stage.output >= 0)
      out += " holds " + desc.operands[stage.output].name;
    out += " {\n";
    ExprPrinter init(desc, stage);
    init.count(stage.init);
    std::string value = init.text(stage.init);
    out += init.lets + "    init " + value + "\n";
    if (stage.update)
      printUpdate(stage);
    out += "  }\n";
  }

  void printUpdate(const Stage &stage) {
    const Update &update = *stage.update;
    ExprPrinter exprs(desc, stage);
    exprs.count(update.place);
    exprs.count(update.predicate);
    exprs.count(update.value);
    std::string place = update.place ? " place " + stage.loops[update.scattered].name + " = " + exprs.text(update.place) : "";
    std::string where = update.predicate ? " where " + exprs.text(update.predicate) : "";
    std::string value = exprs.text(update.value);
    // The loops come first: what the lets read must be known when they are read back.
    out += "    update " + loops(update.loops) + "\n" + exprs.lets + "    value" + place + where + " = " + value + "\n";
  }

  void printSchedule(const StageSchedule &schedule) {
    out += "  schedule " + schedule.stage + " {\n";
    for (const Directive &directive : schedule.directives)
      out += "    " + text(directive) + "\n";
    out += "  }\n";
  }

  static std::string text(const Directive &d) {
    std::string args = list(d.loops);
    switch (d.kind) {
    case Directive::Kind::Split:
      args += " by " + std::to_string(d.factor) + ", " + std::string(spell(d.tail));
      break;
    case Directive::Kind::Strips:
    case Directive::Kind::FoldStorage:
    case Directive::Kind::BoundExtent:
      args += " by " + std::to_string(d.factor);
      break;
    case Directive::Kind::ComputeAt:
    case Directive::Kind::StoreAt:
      args = d.at + ", " + args;
      break;
    case Directive::Kind::Prefetch:
      args = d.at + ", " + args + " by " + std::to_string(d.factor);
      break;
    default:
      break;
    }
    return (d.onUpdate ? "update " : "") + std::string(spell(d.kind)) + "(" + args + ")";
  }

  const KernelDesc &desc;
  std::string out;
};

} // namespace

std::string print(const KernelDesc &desc) { return Printer(desc).run(); }

} // namespace weft::kernel
