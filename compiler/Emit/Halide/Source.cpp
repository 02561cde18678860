// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The program around the expressions: buffers, Vars, one definition a stage, the schedule as chains of calls. Follows
// Pipeline.cpp and Directives.cpp step by step; a test compares the results of both.
#include "compiler/Emit/Halide/Source.h"

#include "compiler/Emit/Halide/SourceExpressions.h"
#include "compiler/Emit/Halide/SourceNames.h"
#include "compiler/Emit/Halide/SourceText.h"
#include "compiler/Emit/Halide/Target.h"
#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/LoopNest.h"
#include "compiler/Kernel/Peel.h"
#include "compiler/Kernel/WarmUp.h"

#include <algorithm>
#include <cstdint>

namespace weft::emit {

using namespace kernel;
using Kind = Directive::Kind;

namespace {

std::string join(const std::vector<std::string> &parts, const char *separator = ", ") {
  std::string text;
  for (const std::string &part : parts)
    text += (text.empty() ? "" : separator) + part;
  return text;
}

/// `first` and the parts behind one another, in lines of at most 120 columns; further lines begin with `indent`.
std::string wrapped(const std::string &first, const std::vector<std::string> &parts, const std::string &indent) {
  std::string text, line = first;
  for (const std::string &part : parts) {
    if (line.size() + part.size() > 120 && line != indent) {
      text += line + "\n";
      line = indent;
    }
    line += part;
  }
  return text + line + "\n";
}

/// Where to break a line of more than 120 columns: at the last space of the least nesting in its second half.
size_t breakingSpace(const std::string &line) {
  size_t best = std::string::npos;
  int depth = 0, least = INT32_MAX;
  for (size_t i = 0; i < line.size() && i <= 120; ++i) {
    depth += line[i] == '(' || line[i] == '{';
    depth -= line[i] == ')' || line[i] == '}';
    if (line[i] == ' ' && i >= 60 && depth <= least) {
      least = depth;
      best = i;
    }
  }
  return best;
}

/// Statements broken at spaces where they pass 120 columns.
std::string wrapped(const std::string &statements) {
  std::string text;
  for (size_t begin = 0; begin < statements.size();) {
    size_t end = std::min(statements.find('\n', begin), statements.size());
    std::string line = statements.substr(begin, end - begin);
    begin = end + 1;
    while (line.size() > 120) {
      size_t space = breakingSpace(line);
      if (space == std::string::npos)
        break;
      text += line.substr(0, space) + "\n";
      line = "      " + line.substr(space + 1);
    }
    text += line + "\n";
  }
  return text;
}

/// `  Var a("a"), b("b"), ...;`
std::string declaration(const char *type, const std::vector<std::string> &names) {
  std::vector<std::string> items;
  for (const std::string &name : names)
    items.push_back(" " + name + "(\"" + name + "\")" + (items.size() + 1 < names.size() ? "," : ";"));
  return items.empty() ? "" : wrapped(std::string("  ") + type, items, "     ");
}

std::string halideTypeText(Scalar type) {
  switch (type) {
  case Scalar::F32:
    return "Float(32)";
  case Scalar::F64:
    return "Float(64)";
  case Scalar::I32:
    return "Int(32)";
  case Scalar::I64:
    return "Int(64)";
  case Scalar::U8:
    return "UInt(8)";
  case Scalar::Bool:
    return "Bool()";
  }
  return "Float(32)";
}

class SourcePrinter {
public:
  SourcePrinter(const KernelDesc &desc, const std::string &target) : desc(desc), names(desc), target(target) {}

  /// A function that makes this kernel; `opening` is its first line.
  std::string function(const std::string &opening) {
    std::string algorithm, schedule;
    for (size_t i = 0; i < desc.stages.size(); ++i)
      algorithm += stageText(static_cast<int>(i));
    for (size_t i = desc.stages.size(); i-- > 0;)
      schedule += scheduleText(static_cast<int>(i));
    return opening + declarations() + "\n  // Algorithm.\n" + wrapped(algorithm) + "\n  // Schedule.\n" + schedule +
           "\n  // Shapes, innermost dimension first; what is not stated is known at run time.\n" + shapes() + tail();
  }

  /// Whether the functions made so far call helpers.
  bool usesMath = false, usesStrict = false, usesThreads = false, usesTiles = false;

  /// How the kernel is called, as comment lines.
  std::string prototype() const {
    return wrapped("// int " + desc.name + "(void *user_context,", cArguments(), "//    ");
  }

private:
  std::vector<std::string> cArguments() const {
    std::vector<std::string> arguments;
    for (const Operand &operand : desc.operands)
      arguments.push_back(" halide_buffer_t *" + operand.name + (isLast(operand) ? ")" : ","));
    return arguments;
  }

  bool isLast(const Operand &operand) const { return &operand == &desc.operands.back(); }

  std::string declarations() const {
    std::string text;
    for (size_t i = 0; i < desc.operands.size(); ++i)
      if (const Operand &operand = desc.operands[i]; !operand.isOutput)
        text += "  ImageParam " + names.operands[i] + "(" + halideTypeText(operand.type) + ", " +
                std::to_string(operand.dims.size()) + ", \"" + operand.name + "\");\n";
    return text + declaration("Func", names.stages) + declaration("Var", names.vars) + declaration("RVar", names.rvars);
  }

  /// `conv(c, x, y, cb, n)`; position `at` may be another.
  std::string left(int number, int at = -1, const std::string &position = "") const {
    const Stage &stage = desc.stages[number];
    std::vector<std::string> args;
    for (size_t i = stage.loops.size(); i-- > 0;)
      args.push_back(int(i) == at ? position : names.loop(number, false, stage.loops[i].name));
    return names.stages[number] + "(" + join(args) + ")";
  }

  std::string stageText(int number) {
    const Stage &stage = desc.stages[number];
    if (std::optional<Peeled> parts = peeled(desc, stage))
      return peeledText(number, *parts);
    SourceExpressions init(desc, names, number, false);
    std::string value = init.definition(stage.init);
    std::string text = init.declarations + "  " + left(number) + " = " + value + ";\n";
    note(init);
    return stage.update ? text + updateText(number) : text;
  }

  std::string peeledText(int number, const Peeled &parts) {
    std::string inside = names.loop(number, false, parts.inside), r = domain(number);
    SourceExpressions value(desc, names, number, false), edge(desc, names, number, false);
    std::string position = parts.low ? inside + " + " + std::to_string(parts.low) : inside;
    value.shifted[parts.loop] = position;
    std::string right = value.definition(parts.value), constant = edge.definition(parts.edge);
    note(value);
    std::string text = "  " + left(number) + " = undef(" + halideTypeText(parts.edge->type) + ");\n";
    text += partDomain(r, 0, parts.count) + "  RVar " + inside + " = " + r + "[0];\n" + value.declarations;
    text += "  " + left(number, parts.loop, position) + " = " + right + ";\n";
    auto edgeText = [&](const std::string &name, int64_t first, int64_t count) {
      if (count > 0)
        text += partDomain(name, first, count) + "  " + left(number, parts.loop, name) + " = " + constant + ";\n";
    };
    edgeText(r + "_low", 0, parts.low);
    edgeText(r + "_high", parts.low + parts.count, parts.total - parts.low - parts.count);
    return text;
  }

  static std::string partDomain(const std::string &name, int64_t first, int64_t count) {
    return "  RDom " + name + "(" + std::to_string(first) + ", " + std::to_string(count) + ", \"" + name + "\");\n";
  }

  void note(const SourceExpressions &expressions) {
    usesMath |= expressions.usesMath;
    usesStrict |= expressions.usesStrict;
    usesTiles |= expressions.usesTiles;
  }

  std::string updateText(int number) {
    const Stage &stage = desc.stages[number];
    SourceExpressions expressions(desc, names, number, true);
    std::string product, text = domainText(number);
    int scattered = stage.update->scattered;
    std::string place = scattered >= 0 ? expressions.definition(stage.update->place) : "";
    expressions.place = place;
    std::string where = stage.update->predicate ? expressions.definition(stage.update->predicate) : "";
    std::string statement = expressions.isPlainMultiplyAdd(stage.update->value, product)
                                ? " += " + product
                                : " = " + expressions.definition(stage.update->value);
    text += expressions.declarations;
    if (!where.empty())
      text += "  " + domain(number) + ".where(" + where + ");\n";
    note(expressions);
    return text + "  " + left(number, scattered, place) + statement + ";\n";
  }

  std::string domain(int number) const { return "r_" + names.stages[number]; }

  std::string domainText(int number) const {
    const std::vector<Loop> &loops = desc.stages[number].update->loops;
    std::vector<std::string> bounds, variables;
    for (size_t i = loops.size(); i-- > 0;) {
      const Loop &loop = loops[i];
      variables.push_back(names.loop(number, true, loop.name) + " = " + domain(number) + "[" +
                          std::to_string(loops.size() - 1 - i) + "]");
      bounds.push_back("0, " + reductionExtent(number, loop));
    }
    return "  RDom " + domain(number) + "(" + join(bounds) + ", \"" + domain(number) + "\");\n  RVar " +
           join(variables) + ";\n";
  }

  std::string reductionExtent(int number, const Loop &loop) const {
    if (loop.extent.isFixed())
      return std::to_string(loop.extent.value);
    std::string text = extentText(desc, names, loop.extent);
    const StageSchedule *schedule = findSchedule(desc, desc.stages[number].name);
    if (schedule && desc.operands[loop.extent.operand].dims[loop.extent.dim].extent < 0)
      for (const Directive &d : schedule->directives)
        if (d.onUpdate && d.kind == Kind::Split && d.loops[0] == loop.name && d.tail == Tail::Exact && d.factor > 1)
          return text + " / " + std::to_string(d.factor) + " * " + std::to_string(d.factor);
    return text;
  }

  /// One statement for the initial definition, one for the update, each a chain of calls.
  std::string scheduleText(int number) {
    const Stage &stage = desc.stages[number];
    std::vector<std::string> init, update;
    std::string comments;
    LoopNest initNest(desc, stage, false);
    std::optional<LoopNest> updateNest;
    if (stage.update)
      updateNest.emplace(desc, stage, true);
    bool isPlaced = false;
    std::optional<Peeled> parts = peeled(desc, stage);
    if (const StageSchedule *schedule = findSchedule(desc, stage.name))
      for (const Directive &d : schedule->directives) {
        if (d.kind == Kind::Prefetch) {
          comments += "  // Halide has no word for it, weft adds it after lowering: each turn of " + d.loops[0] +
                      " fetches " + std::to_string(d.factor) + " cache lines of what the next " + d.loops[1] +
                      " reads of " + d.at + ".\n";
          continue;
        }
        if (d.kind == Kind::Pair) {
          comments += "  // Halide has no word for it, weft does it after lowering: in the last turn of " + d.loops[0] + ", which fills half a vector, two turns of " +
                      d.loops[1] + " share one.\n";
          continue;
        }
        isPlaced |= d.kind == Kind::ComputeAt || d.kind == Kind::ComputeRoot;
        std::string call = callText(number, d, d.onUpdate ? *updateNest : initNest, *schedule);
        if (!call.empty())
          (d.onUpdate || (parts && d.kind <= Kind::Parallel) ? update : init).push_back(call);
      }
    if (!isPlaced && stage.update && stage.output < 0)
      init.push_back("compute_root()");
    if (stage.update && update.empty() && !init.empty())
      update.push_back("unscheduled()");
    if (stage.output >= 0)
      for (size_t i = stage.loops.size(); i-- > 0;)
        if (stage.loops[i].extent.isFixed())
          init.insert(init.begin(), "bound(" + names.loop(number, false, stage.loops[i].name) + ", 0, " +
                                        std::to_string(stage.loops[i].extent.value) + ")");
    return comments + chain(names.stages[number], init) + chain(names.stages[number] + ".update()", update) +
           (parts ? edgesText(number, *parts) : "");
  }

  std::string edgesText(int number, const Peeled &parts) const {
    std::string text;
    int edges = int(parts.low > 0) + int(parts.low + parts.count < parts.total);
    for (int edge = 1; edge <= edges; ++edge) {
      std::vector<std::string> calls = {"unscheduled()"};
      for (const Directive &d : findSchedule(desc, desc.stages[number].name)->directives)
        for (const Loop &loop : desc.stages[number].loops)
          if (d.kind == Kind::Vectorize && d.loops[0] == loop.name)
            calls = {"vectorize(" + names.loop(number, false, loop.name) + ")"};
      text += chain(names.stages[number] + ".update(" + std::to_string(edge) + ")", calls);
    }
    return text;
  }

  static std::string chain(const std::string &object, const std::vector<std::string> &calls) {
    if (calls.empty())
      return "";
    return "  " + object + (calls.size() > 1 ? "\n      ." : ".") + join(calls, "\n      .") + ";\n";
  }

  std::string callText(int number, const Directive &d, LoopNest &nest, const StageSchedule &schedule) {
    std::optional<int64_t> turns = d.kind == Kind::Strips ? nest.find(d.loops[0])->size : std::nullopt;
    if (d.kind <= Kind::Parallel)
      nest.apply(d);
    auto name = [&](size_t i) { return names.loop(number, d.onUpdate, d.loops[i]); };
    switch (d.kind) {
    case Kind::Split:
      return "split(" + name(0) + ", " + name(1) + ", " + name(2) + ", " + std::to_string(d.factor) +
             ", TailStrategy::" + tailText(number, d, schedule) + ")";
    case Kind::Strips:
      usesThreads = true;
      return "split(" + name(0) + ", " + name(1) + ", " + name(2) + ", max((" + std::to_string(*turns) +
             " + threadCount() - 1) / threadCount(), " + std::to_string(d.factor) + "), TailStrategy::" +
             (stripsTail(desc, desc.stages[number]) == Tail::ShiftInwards ? "ShiftInwards)" : "GuardWithIf)");
    case Kind::Peel:
      break; // the definition is in parts
    case Kind::Fuse:
      return "fuse(" + name(1) + ", " + name(0) + ", " + name(2) + ")";
    case Kind::Reorder:
      return "reorder(" + orderText(number, d, nest) + ")";
    case Kind::Vectorize:
      return "vectorize(" + name(0) + ")";
    case Kind::Unroll:
      return "unroll(" + name(0) + ")";
    case Kind::Parallel:
      return "parallel(" + name(0) + ")";
    case Kind::ComputeAt:
      return "compute_at(" + levelText(d) + ")";
    case Kind::StoreAt:
      return "store_at(" + levelText(d) + ").store_in(MemoryType::Heap)";
    case Kind::ComputeRoot:
      return "compute_root()";
    case Kind::StoreRoot:
      return "store_root()";
    case Kind::StorageOrder: {
      std::vector<std::string> order;
      for (size_t i = d.loops.size(); i-- > 0;)
        order.push_back(name(i));
      return "reorder_storage(" + join(order) + ")";
    }
    case Kind::FoldStorage:
      return "fold_storage(" + name(0) + ", " + std::to_string(d.factor) + ")";
    case Kind::BoundExtent:
      return "bound_extent(" + name(0) + ", " + std::to_string(d.factor) + ")";
    case Kind::Prefetch:
    case Kind::Pair:
      break; // no call of Halide's: a comment
    }
    return "";
  }

  std::string levelText(const Directive &d) const {
    int at = findStage(desc, d.at);
    bool onUpdate = names.isReduction(at, true, d.loops[0]);
    return names.stages[at] + ", " + names.loop(at, onUpdate, d.loops[0]);
  }

  /// All loops, innermost first: what a directive leaves unnamed stands outside, where Halide would keep its position.
  std::string orderText(int number, const Directive &d, const LoopNest &nest) const {
    std::vector<std::string> order;
    for (size_t i = nest.loops().size(); i-- > 0;)
      order.push_back(names.loop(number, d.onUpdate, nest.loops()[i].name));
    return join(order);
  }

  std::string tailText(int number, const Directive &d, const StageSchedule &schedule) const {
    bool isReduction = names.isReduction(number, d.onUpdate, d.loops[0]) || peeled(desc, desc.stages[number]);
    switch (d.tail) {
    case Tail::ShiftInwards:
      return "ShiftInwards";
    case Tail::RoundUp:
      return "RoundUp";
    case Tail::Exact:
      return isReduction ? "GuardWithIf" : "RoundUp";
    case Tail::Predicate:
      return !isReduction && becomesVector(d, schedule.directives) ? "Predicate" : "GuardWithIf";
    }
    return "GuardWithIf";
  }

  std::string shapes() const {
    std::string text;
    for (size_t i = 0; i < desc.operands.size(); ++i)
      text += shapeText(static_cast<int>(i));
    return text;
  }

  std::string shapeText(int number) const {
    const Operand &operand = desc.operands[number];
    size_t rank = operand.dims.size();
    std::vector<std::string> calls;
    for (size_t d = 0; d < rank; ++d) {
      const OperandDim &dim = operand.dims[rank - 1 - d];
      std::string one = ".dim(" + std::to_string(d) + ")";
      one += dim.extent >= 0 ? ".set_bounds(0, " + std::to_string(dim.extent) + ")" : ".set_min(0)";
      if (d > 0 && dim.stride >= 0)
        one += ".set_stride(" + std::to_string(dim.stride) + ")";
      calls.push_back(one + (d + 1 == rank ? ";" : ""));
    }
    std::string object = "  " + names.operands[number] + (operand.isOutput ? ".output_buffer()" : "");
    return calls.empty() ? "" : wrapped(object, calls, "      ");
  }

  std::string tail() const {
    std::vector<std::string> inputs, outputs;
    for (size_t i = 0; i < desc.operands.size(); ++i)
      (desc.operands[i].isOutput ? outputs : inputs).push_back(names.operands[i]);
    std::string make = "  Pipeline({" + join(outputs) + "}).compile_to_object(\"" + desc.name + ".o\", {" +
                       join(inputs) + "}, \"" + desc.name + "\", target);\n";
    return "\n  Target target(\"" + halideTarget(target, false).value_or("host") + "\");\n" + wrapped(make) + "}\n";
  }

  const KernelDesc &desc;
  const SourceNames names;
  const std::string target;
};

std::string helpers(bool usesMath, bool usesStrict, bool usesThreads, bool usesTiles) {
  std::string text;
  if (usesThreads)
    text +=
        "// Asked of weft's runtime when a kernel is called.\n"
        "static Expr threadCount() {\n"
        "  Expr context = Internal::Variable::make(type_of<void *>(), \"__user_context\");\n"
        "  return Internal::Call::make(Int(32), \"weft_thread_count\", {context}, Internal::Call::PureExtern);\n}\n\n";
  if (usesMath || usesStrict)
    text += "// IEEE operations that nothing reassociates.\n" + std::string(strictText) + "\n";
  if (usesMath)
    text += "// Vector forms of transcendental functions.\nnamespace strict {\n" + std::string(mathText) +
            "} // namespace strict\n\nusing strict::cosOf, strict::erfOf, strict::expOf, strict::expPlusOneOf, strict::geluOf, strict::logOf, strict::normalExpOf, "
            "strict::powOf, strict::sinOf, strict::tanhOf;\n\n";
  if (usesTiles)
    text += "// Sums in tiles of a matrix unit: each f32 as three bf16. What runs sums in the runtime, in another order.\n" +
            std::string(tilesText) + "\n";
  return text;
}

std::string head(const std::string &name, const std::string &writes) {
  return "// " + name + " in Halide. Alone:\n//   c++ -std=c++17 " + name +
         ".cpp -I$HALIDE/include -L$HALIDE/lib64 -lHalide -o " + name + "\n// Running it writes " + writes +
         "#include \"Halide.h\"\n\nusing namespace Halide;\n\n";
}

} // namespace

std::string printHalideSource(const KernelDesc &desc, const std::string &target) {
  KernelDesc emitted = withWarmUp(desc);
  SourcePrinter printer(emitted, target);
  std::string function = printer.function("int main() {\n");
  return head(desc.name, desc.name + ".o:\n" + printer.prototype()) +
         helpers(printer.usesMath, printer.usesStrict, printer.usesThreads, printer.usesTiles) + function;
}

std::string printHalideSource(const std::vector<KernelDesc> &kernels, const std::string &name,
                              const std::string &target) {
  std::string functions, calls;
  bool usesMath = false, usesStrict = false, usesThreads = false, usesTiles = false;
  for (const KernelDesc &desc : kernels) {
    KernelDesc emitted = withWarmUp(desc);
    SourcePrinter printer(emitted, target);
    functions += printer.prototype() + printer.function("static void " + desc.name + "() {\n") + "\n";
    calls += "  " + desc.name + "();\n";
    usesMath |= printer.usesMath;
    usesStrict |= printer.usesStrict;
    usesThreads |= printer.usesThreads;
    usesTiles |= printer.usesTiles;
  }
  return head(name, "an object for each kernel.\n") + helpers(usesMath, usesStrict, usesThreads, usesTiles) + functions +
         "int main() {\n" + calls + "}\n";
}

} // namespace weft::emit
