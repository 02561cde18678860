// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A name is kept as it is unless C++, Halide or an earlier name has it.
#include "compiler/Emit/Halide/SourceNames.h"

#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/Peel.h"

namespace weft::emit {

using namespace kernel;

namespace {

/// Keywords, what a printed program uses of Halide and C, and what it declares itself.
const std::set<std::string> &reserved() {
  static const std::set<std::string> words = {"alignas",
                                              "alignof",
                                              "and",
                                              "and_eq",
                                              "asm",
                                              "auto",
                                              "bitand",
                                              "bitor",
                                              "bool",
                                              "break",
                                              "case",
                                              "catch",
                                              "char",
                                              "char16_t",
                                              "char32_t",
                                              "class",
                                              "compl",
                                              "const",
                                              "const_cast",
                                              "constexpr",
                                              "continue",
                                              "decltype",
                                              "default",
                                              "delete",
                                              "do",
                                              "double",
                                              "dynamic_cast",
                                              "else",
                                              "enum",
                                              "explicit",
                                              "export",
                                              "extern",
                                              "false",
                                              "float",
                                              "for",
                                              "friend",
                                              "goto",
                                              "if",
                                              "inline",
                                              "int",
                                              "long",
                                              "mutable",
                                              "namespace",
                                              "new",
                                              "noexcept",
                                              "not",
                                              "not_eq",
                                              "nullptr",
                                              "operator",
                                              "or",
                                              "or_eq",
                                              "private",
                                              "protected",
                                              "public",
                                              "register",
                                              "reinterpret_cast",
                                              "return",
                                              "short",
                                              "signed",
                                              "sizeof",
                                              "static",
                                              "static_assert",
                                              "static_cast",
                                              "struct",
                                              "switch",
                                              "template",
                                              "this",
                                              "thread_local",
                                              "throw",
                                              "true",
                                              "try",
                                              "typedef",
                                              "typeid",
                                              "typename",
                                              "union",
                                              "unsigned",
                                              "using",
                                              "virtual",
                                              "void",
                                              "volatile",
                                              "wchar_t",
                                              "while",
                                              "xor",
                                              "xor_eq",
                                              "char8_t",
                                              "concept",
                                              "consteval",
                                              "constinit",
                                              "co_await",
                                              "co_return",
                                              "co_yield",
                                              "requires",
                                              "main",
                                              "std",
                                              "Halide",
                                              "Expr",
                                              "Func",
                                              "Var",
                                              "RVar",
                                              "RDom",
                                              "ImageParam",
                                              "Float",
                                              "Int",
                                              "UInt",
                                              "Bool",
                                              "Target",
                                              "Pipeline",
                                              "TailStrategy",
                                              "Internal",
                                              "abs",
                                              "cast",
                                              "ceil",
                                              "cos",
                                              "exp",
                                              "floor",
                                              "is_nan",
                                              "log",
                                              "max",
                                              "min",
                                              "mux",
                                              "pow",
                                              "round",
                                              "select",
                                              "sin",
                                              "sqrt",
                                              "strict",
                                              "strict_float",
                                              "tanh",
                                              "unsafe_promise_clamped",
                                              "undef",
                                              "threadCount",
                                              "expOf",
                                              "expPlusOneOf",
                                              "geluOf",
                                              "normalExpOf",
                                              "logOf",
                                              "tanhOf",
                                              "erfOf",
                                              "sinOf",
                                              "cosOf",
                                              "powOf",
                                              "INFINITY",
                                              "NAN",
                                              "int32_t",
                                              "int64_t",
                                              "uint8_t"};
  return words;
}

} // namespace

SourceNames::SourceNames(const KernelDesc &desc) : taken(reserved()) {
  kernelName = desc.name;
  for (const Operand &operand : desc.operands)
    operands.push_back(operand.isOutput ? "" : unique(operand.name));
  for (const Stage &stage : desc.stages) {
    stages.push_back(unique(stage.name));
    if (stage.output >= 0)
      operands[stage.output] = stages.back();
  }
  for (const Stage &stage : desc.stages)
    for (const Loop &loop : stage.loops)
      addVar(loop.name);
  for (size_t i = 0; i < desc.stages.size(); ++i)
    nameReductions(desc, static_cast<int>(i));
}

std::string SourceNames::unique(const std::string &wanted) {
  std::string name = wanted;
  while (!taken.insert(name).second)
    name += "_";
  return name;
}

void SourceNames::addVar(const std::string &name) {
  if (auto [at, isNew] = varNames.try_emplace(name); isNew)
    vars.push_back(at->second = unique(name));
}

/// Reduction loops belong to one stage: the second stage with a `k` gets `sum_k`.
void SourceNames::nameReductions(const KernelDesc &desc, int number) {
  const Stage &stage = desc.stages[number];
  auto name = [&](const std::string &loop) {
    return taken.count(loop) ? unique(stage.name + "_" + loop) : unique(loop);
  };
  if (stage.update)
    for (const Loop &loop : stage.update->loops)
      reductionNames[{number, loop.name}] = name(loop.name);
  const StageSchedule *schedule = findSchedule(desc, stage.name);
  if (!schedule)
    return;
  if (std::optional<Peeled> parts = peeled(desc, stage)) {
    peeledStages.insert(number);
    reductionNames[{number, parts->inside}] = name(parts->inside);
  }
  for (const Directive &d : schedule->directives) {
    if (d.kind != Directive::Kind::Split && d.kind != Directive::Kind::Strips && d.kind != Directive::Kind::Fuse)
      continue;
    bool reduces = isReduction(number, d.onUpdate, d.loops[0]);
    for (size_t i = d.kind == Directive::Kind::Fuse ? 2 : 1; i < 3; ++i) {
      if (!reduces)
        addVar(d.loops[i]);
      else if (auto [at, isNew] = reductionNames.try_emplace({number, d.loops[i]}); isNew)
        rvars.push_back(at->second = name(d.loops[i]));
    }
  }
}

bool SourceNames::isReduction(int stage, bool onUpdate, const std::string &name) const {
  return (onUpdate || peeledStages.count(stage)) && reductionNames.count({stage, name});
}

std::string SourceNames::loop(int stage, bool onUpdate, const std::string &name) const {
  if (onUpdate || peeledStages.count(stage))
    if (auto found = reductionNames.find({stage, name}); found != reductionNames.end())
      return found->second;
  return varNames.at(name);
}

} // namespace weft::emit
