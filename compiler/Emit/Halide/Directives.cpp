// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// One case a directive. Loops are known by name only; which names are reduction loops is tracked along the way.
#include "compiler/Emit/Halide/Directives.h"

#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/LoopNest.h"
#include "compiler/Kernel/Peel.h"

#include <algorithm>
#include <set>

namespace weft::emit {

using namespace kernel;

Halide::TailStrategy tailStrategy(Tail tail, bool isVector, bool isReduction) {
  switch (tail) {
  case Tail::ShiftInwards:
    return Halide::TailStrategy::ShiftInwards;
  case Tail::Predicate: // masks where lanes are cut off, a branch around whole iterations elsewhere
    return isVector && !isReduction ? Halide::TailStrategy::Predicate : Halide::TailStrategy::GuardWithIf;
  case Tail::RoundUp:
    return Halide::TailStrategy::RoundUp;
  case Tail::Exact: // a reduction's extent is written as a multiple, which makes the guard vanish
    return isReduction ? Halide::TailStrategy::GuardWithIf : Halide::TailStrategy::RoundUp;
  }
  return Halide::TailStrategy::GuardWithIf;
}

int64_t exactFactor(const KernelDesc &desc, const Stage &stage, const std::string &loop) {
  const StageSchedule *schedule = findSchedule(desc, stage.name);
  if (!schedule)
    return 0;
  for (const Directive &d : schedule->directives)
    if (d.onUpdate && d.kind == Directive::Kind::Split && d.loops[0] == loop && d.tail == Tail::Exact)
      return d.factor;
  return 0;
}

namespace {

class StageScheduler {
public:
  StageScheduler(const KernelDesc &desc, const Stage &stage, Halide::Func func, std::vector<Halide::Func> &funcs)
      : desc(desc), stage(stage), func(func), funcs(funcs) {
    if (stage.update)
      for (const Loop &loop : stage.update->loops)
        reductions.insert(loop.name);
    if (std::optional<Peeled> parts = peeled(desc, stage)) {
      isPeeled = true;
      reductions.insert(parts->inside);
    }
  }

  void run(const StageSchedule *schedule) {
    bool schedulesUpdate = false;
    if (schedule)
      for (const Directive &directive : schedule->directives) {
        apply(directive, schedule->directives);
        schedulesUpdate |= directive.onUpdate;
      }
    if (isPeeled)
      scheduleEdges(schedule->directives);
    if (stage.update && !schedulesUpdate)
      func.update().unscheduled(); // on purpose: Halide would warn
    if (!isPlaced && stage.update && stage.output < 0)
      func.compute_root();
  }

private:
  using Kind = Directive::Kind;

  Halide::Stage definition(const Directive &d) { return d.onUpdate || isPeeled ? func.update() : Halide::Stage(func); }

  /// The edges of a peeled stage: vectors where the part inside has them.
  void scheduleEdges(const std::vector<Directive> &all) {
    for (int number = 1; number < func.num_update_definitions(); ++number) {
      func.update(number).unscheduled(); // for most of its loops
      for (const Directive &d : all)
        for (const Loop &loop : stage.loops)
          if (d.kind == Kind::Vectorize && d.loops[0] == loop.name)
            func.update(number).vectorize(Halide::Var(loop.name));
    }
  }

  Halide::VarOrRVar var(const std::string &name, bool onUpdate) const {
    bool isReduction = (onUpdate || isPeeled) && reductions.count(name);
    return Halide::VarOrRVar(name, isReduction);
  }

  Halide::VarOrRVar var(const Directive &d, size_t i) const { return var(d.loops[i], d.onUpdate); }

  void apply(const Directive &d, const std::vector<Directive> &all) {
    switch (d.kind) {
    case Kind::Split:
      return split(d, all);
    case Kind::Strips:
      return strips(d);
    case Kind::Peel: // the definition is in parts
      return;
    case Kind::Fuse:
      return fuse(d);
    case Kind::Reorder:
      return reorder(d);
    case Kind::Vectorize:
      definition(d).vectorize(var(d, 0));
      return;
    case Kind::Unroll:
      definition(d).unroll(var(d, 0));
      return;
    case Kind::Parallel:
      definition(d).parallel(var(d, 0));
      return;
    case Kind::ComputeAt:
      isPlaced = true;
      func.compute_at(loopLevel(d));
      return;
    case Kind::StoreAt:
      func.store_at(loopLevel(d)).store_in(Halide::MemoryType::Heap);
      return;
    case Kind::ComputeRoot:
      isPlaced = true;
      func.compute_root();
      return;
    case Kind::StoreRoot:
      func.store_root();
      return;
    case Kind::StorageOrder:
      return storageOrder(d);
    case Kind::FoldStorage:
      func.fold_storage(Halide::Var(d.loops[0]), static_cast<int>(d.factor));
      return;
    case Kind::BoundExtent:
      func.bound_extent(Halide::Var(d.loops[0]), static_cast<int>(d.factor));
      return;
    case Kind::Prefetch: // after lowering, see Prefetch.h
    case Kind::Pair:     // see PairedPixels.h
      return;
    }
  }

  void split(const Directive &d, const std::vector<Directive> &all) {
    bool isReduction = (d.onUpdate || isPeeled) && reductions.count(d.loops[0]);
    if (isReduction)
      reductions.insert({d.loops[1], d.loops[2]});
    definition(d).split(var(d, 0), var(d, 1), var(d, 2), static_cast<int>(d.factor),
                        tailStrategy(d.tail, becomesVector(d, all), isReduction || isPeeled));
  }

  void strips(const Directive &d) {
    int turns = static_cast<int>(*sizeBefore(desc, stage, d));
    Halide::Expr threads = threadCount();
    Halide::Expr height = Halide::max((turns + threads - 1) / threads, static_cast<int>(d.factor));
    definition(d).split(var(d, 0), var(d, 1), var(d, 2), height, tailStrategy(stripsTail(desc, stage), false, false));
  }

  /// Asked of the runtime when the kernel is called.
  static Halide::Expr threadCount() {
    namespace ir = Halide::Internal;
    Halide::Expr context = ir::Variable::make(Halide::type_of<void *>(), "__user_context");
    return ir::Call::make(Halide::Int(32), "weft_thread_count", {context}, ir::Call::PureExtern);
  }

  void fuse(const Directive &d) {
    if ((d.onUpdate || isPeeled) && reductions.count(d.loops[0]))
      reductions.insert(d.loops[2]);
    definition(d).fuse(var(d, 1), var(d, 0), var(d, 2));
  }

  /// Halide keeps unnamed loops at their positions; ours stand outside the named ones, in their present order.
  void reorder(const Directive &d) {
    Halide::Stage target = definition(d);
    std::vector<Halide::VarOrRVar> order;
    for (size_t i = d.loops.size(); i-- > 0;)
      order.push_back(var(d, i));
    for (const Halide::Internal::Dim &dim : target.get_schedule().dims()) {
      std::string name = dim.var.substr(dim.var.rfind('.') + 1); // Halide calls what x is split into x.xo and x.xi
      bool isNamed = std::find(d.loops.begin(), d.loops.end(), name) != d.loops.end();
      if (!isNamed && dim.var != Halide::Var::outermost().name())
        order.push_back(var(name, d.onUpdate));
    }
    target.reorder(order);
  }

  void storageOrder(const Directive &d) {
    std::vector<Halide::Var> order;
    for (size_t i = d.loops.size(); i-- > 0;)
      order.emplace_back(d.loops[i]);
    func.reorder_storage(order);
  }

  /// The loop may belong to the initial definition or to the update of `at`.
  Halide::LoopLevel loopLevel(const Directive &d) {
    int at = findStage(desc, d.at);
    bool isReduction = reductionLoopOf(desc.stages[at], d.loops[0]);
    return Halide::LoopLevel(funcs[at], Halide::VarOrRVar(d.loops[0], isReduction));
  }

  bool reductionLoopOf(const Stage &of, const std::string &name) const {
    std::set<std::string> names;
    if (of.update)
      for (const Loop &loop : of.update->loops)
        names.insert(loop.name);
    std::optional<Peeled> parts = peeled(desc, of);
    if (parts)
      names.insert(parts->inside);
    if (const StageSchedule *schedule = findSchedule(desc, of.name))
      for (const Directive &d : schedule->directives)
        if ((d.onUpdate || parts) && (d.kind == Kind::Split || d.kind == Kind::Fuse) && names.count(d.loops[0]))
          names.insert(d.loops.begin() + 1, d.loops.end());
    return names.count(name);
  }

  const KernelDesc &desc;
  const Stage &stage;
  Halide::Func func;
  std::vector<Halide::Func> &funcs;
  std::set<std::string> reductions;
  bool isPlaced = false, isPeeled = false;
};

} // namespace

void applySchedule(const KernelDesc &desc, int number, std::vector<Halide::Func> &funcs) {
  const Stage &stage = desc.stages[number];
  StageScheduler(desc, stage, funcs[number], funcs).run(findSchedule(desc, stage.name));
}

} // namespace weft::emit
