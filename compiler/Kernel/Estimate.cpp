// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How large the unrolled code of a kernel gets, before anything expensive sees it. Rough, from above: a factor of two
// does not matter, a schedule that unrolls 14 x 8 x 9 x 16 does.
#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/Check.h"
#include "compiler/Kernel/LoopNest.h"

#include <algorithm>
#include <functional>
#include <map>

namespace weft::kernel {

namespace {

constexpr int64_t cap = int64_t(1) << 40;
constexpr int64_t unknownTrips = 8; // of an unrolled loop whose extent follows from its consumer in a way not seen here

int64_t times(int64_t a, int64_t b) { return std::min(cap, a <= 0 || b <= 0 ? 0 : a > cap / b ? cap : a * b); }

class Estimator {
public:
  explicit Estimator(const KernelDesc &desc) : desc(desc) {}

  int64_t run() {
    int64_t sum = 0;
    for (const Stage &stage : desc.stages) {
      if (isInlined(stage))
        continue; // counted where it is read
      for (bool update : {false, true})
        if (!update || stage.update)
          sum = std::min(cap, sum + definition(stage, update));
    }
    return sum;
  }

private:
  const Directive *placement(const Stage &stage) const {
    if (const StageSchedule *schedule = findSchedule(desc, stage.name))
      for (const Directive &d : schedule->directives)
        if (d.kind == Directive::Kind::ComputeAt || d.kind == Directive::Kind::ComputeRoot)
          return &d;
    return nullptr;
  }

  bool isInlined(const Stage &stage) const { return stage.output < 0 && !stage.update && !placement(stage); }

  int64_t definition(const Stage &stage, bool update) {
    const ExprPtr &value = update ? stage.update->value : stage.init;
    known.clear();
    return times(times(operations(value), copies(nest(stage, update), 0)), copiesOfConsumer(stage));
  }

  /// How often the loops from position `from` inwards write out their body. Sixteen lanes are one operation.
  static int64_t copies(const LoopNest &nest, size_t from, size_t to = SIZE_MAX) {
    int64_t product = 1;
    for (size_t i = from; i < std::min(to, nest.loops().size()); ++i) {
      const LoopState &loop = nest.loops()[i];
      if (loop.mode == LoopState::Mode::Unrolled)
        product = times(product, loop.size.value_or(unknownTrips));
      if (loop.mode == LoopState::Mode::Vector)
        product = times(product, (loop.size.value_or(16) + 15) / 16);
    }
    return product;
  }

  /// A stage computed inside an unrolled loop of another is written out as often.
  int64_t copiesOfConsumer(const Stage &stage) {
    const Directive *at = placement(stage);
    int consumer = at ? findStage(desc, at->at) : -1;
    if (consumer < 0 || &desc.stages[consumer] <= &stage || at->loops.empty())
      return 1;
    const Stage &reader = desc.stages[consumer];
    int64_t product = copiesOfConsumer(reader);
    for (bool update : {false, true}) {
      if (update && !reader.update)
        continue;
      LoopNest outer = nest(reader, update);
      for (size_t i = 0; i < outer.loops().size(); ++i)
        if (outer.loops()[i].name == at->loops[0])
          return times(product, copies(outer, 0, i + 1));
    }
    return product;
  }

  /// The stage's loops, with the trip counts that follow from the tile of its consumer.
  LoopNest nest(const Stage &stage, bool update) {
    LoopNest result(desc, stage, update);
    for (const auto &[loop, size] : tile(stage))
      result.refine(loop, size);
    if (const StageSchedule *schedule = findSchedule(desc, stage.name)) {
      for (const Directive &d : schedule->directives)
        if (d.kind == Directive::Kind::BoundExtent && !d.loops.empty())
          result.refine(d.loops[0], d.factor);
      for (const Directive &d : schedule->directives)
        if (d.onUpdate == update && d.kind <= Directive::Kind::Parallel)
          result.apply(d);
    }
    return result;
  }

  /// For a stage computed at a loop: how many points of each of its loops one iteration there asks for. Index i of a
  /// load spans the product of the consumer's inner loops that come from the loops it mentions.
  std::map<std::string, int64_t> tile(const Stage &stage) {
    std::map<std::string, int64_t> sizes;
    const Directive *at = placement(stage);
    int consumer = at ? findStage(desc, at->at) : -1;
    if (consumer < 0 || &desc.stages[consumer] <= &stage || at->loops.empty())
      return sizes;
    const Stage &reader = desc.stages[consumer];
    int self = findStage(desc, stage.name);
    for (bool update : {false, true}) {
      if (update && !reader.update)
        continue;
      LoopNest outer = nest(reader, update);
      forEachLoad(update ? reader.update->value : reader.init, self, [&](const Expr &load) {
        for (size_t d = 0; d < load.args.size(); ++d)
          if (std::optional<int64_t> span = spanOf(reader, outer, at->loops[0], load.args[d]))
            sizes[stage.loops[d].name] = std::max(sizes[stage.loops[d].name], *span);
      });
    }
    return sizes;
  }

  /// Loads of `stage`, also those of stages computed where they are read, in the loops of the reader.
  void forEachLoad(const ExprPtr &expr, int stage, const std::function<void(const Expr &)> &visit) {
    std::set<const Expr *> seen;
    std::function<void(const ExprPtr &)> walk = [&](const ExprPtr &node) {
      if (!seen.insert(node.get()).second)
        return;
      if (node->kind == ExprKind::LoadStage && node->ref == stage)
        visit(*node);
      else if (node->kind == ExprKind::LoadStage && node->ref > stage && isInlined(desc.stages[node->ref]))
        forEachLoad(desc.stages[node->ref].init, stage, [&](const Expr &load) { visit(*atPlace(load, node->args)); });
      for (const ExprPtr &arg : node->args)
        walk(arg);
    };
    walk(expr);
  }

  /// `expr` with `loops` for its loops.
  static ExprPtr atPlace(const Expr &expr, const std::vector<ExprPtr> &loops) {
    if (expr.kind == ExprKind::LoopIndex && size_t(expr.ref) < loops.size())
      return loops[expr.ref];
    auto copy = std::make_shared<Expr>(expr);
    for (ExprPtr &arg : copy->args)
      arg = atPlace(*arg, loops);
    return copy;
  }

  std::optional<int64_t> spanOf(const Stage &reader, const LoopNest &nest, const std::string &at,
                                const ExprPtr &index) {
    std::set<std::string> origins;
    collectLoops(reader, *index, origins);
    int64_t product = 1;
    bool isInside = false;
    for (const LoopState &loop : nest.loops()) {
      bool mentions = std::any_of(origins.begin(), origins.end(), [&](auto &o) { return loop.origins.count(o); });
      if (isInside && mentions) {
        if (!loop.size)
          return std::nullopt;
        product = times(product, *loop.size);
      }
      isInside |= loop.name == at;
    }
    return isInside ? std::optional<int64_t>(product) : std::nullopt;
  }

  static void collectLoops(const Stage &stage, const Expr &expr, std::set<std::string> &names) {
    if (expr.kind == ExprKind::LoopIndex) {
      size_t pure = stage.loops.size();
      names.insert(size_t(expr.ref) < pure ? stage.loops[expr.ref].name : stage.update->loops[expr.ref - pure].name);
    }
    for (const ExprPtr &arg : expr.args)
      collectLoops(stage, *arg, names);
  }

  /// Operations of an expression; shared parts once, index arithmetic not at all, a mux as its largest value, an
  /// inlined stage wherever it is read.
  int64_t operations(const ExprPtr &expr) {
    if (!known.insert(expr.get()).second)
      return 0; // computed once
    return count(*expr);
  }

  int64_t count(const Expr &expr) {
    switch (expr.kind) {
    case ExprKind::Constant:
    case ExprKind::LoopIndex:
    case ExprKind::OperandExtent:
    case ExprKind::Accumulator:
      return 0;
    case ExprKind::LoadOperand:
      return 1;
    case ExprKind::LoadStage:
      return isInlined(desc.stages[expr.ref]) ? inlined(expr.ref) : 1;
    case ExprKind::Mux: {
      int64_t largest = 0;
      for (size_t i = 1; i < expr.args.size(); ++i)
        largest = std::max(largest, operations(expr.args[i]));
      return largest;
    }
    default:
      break;
    }
    int64_t sum = isTranscendental(expr) ? 20 : 1;
    for (const ExprPtr &arg : expr.args)
      sum = std::min(cap, sum + operations(arg));
    return sum;
  }

  int64_t inlined(int stage) {
    if (auto found = inlinedCounts.find(stage); found != inlinedCounts.end())
      return found->second;
    std::set<const Expr *> outer;
    outer.swap(known);
    int64_t result = operations(desc.stages[stage].init);
    outer.swap(known);
    return inlinedCounts[stage] = std::max<int64_t>(1, result);
  }

  static bool isTranscendental(const Expr &expr) {
    return (expr.kind == ExprKind::Unary && (expr.op == ScalarOp::Exp || expr.op == ScalarOp::Log ||
                                             expr.op == ScalarOp::Tanh || expr.op == ScalarOp::Erf ||
                                             expr.op == ScalarOp::Sin || expr.op == ScalarOp::Cos)) ||
           (expr.kind == ExprKind::Binary && expr.op == ScalarOp::Pow);
  }

  const KernelDesc &desc;
  std::set<const Expr *> known;
  std::map<int, int64_t> inlinedCounts;
};

} // namespace

int64_t estimateOperations(const KernelDesc &desc) { return Estimator(desc).run(); }

} // namespace weft::kernel
