// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Directives apply to loops that exist and never change what is computed; an output that shares an input's memory is
// written once, after its element was read.
#include "compiler/Kernel/CheckSchedule.h"

#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/LoopNest.h"
#include "compiler/Kernel/Spell.h"

#include <algorithm>
#include <functional>
#include <set>

namespace weft::kernel {

namespace {

using Kind = Directive::Kind;

/// A turn fetches no more than it could use: each line is an instruction.
constexpr int64_t maxPrefetchLines = 64;

std::string quoted(const std::string &name) { return "`" + name + "`"; }

bool isPureLoop(const Stage &stage, const std::string &name) {
  for (const Loop &loop : stage.loops)
    if (loop.name == name)
      return true;
  return false;
}

class StageCheck {
public:
  StageCheck(const KernelDesc &desc, const StageSchedule &schedule, int number)
      : desc(desc), schedule(schedule), number(number), stage(desc.stages[number]), init(desc, stage, false) {
    if (stage.update)
      update.emplace(desc, stage, true);
  }

  std::string run() {
    for (const Directive &d : schedule.directives)
      if (d.kind == Kind::BoundExtent && !d.loops.empty()) {
        init.refine(d.loops[0], d.factor);
        if (update)
          update->refine(d.loops[0], d.factor);
      }
    for (const Directive &d : schedule.directives)
      if (std::string problem = one(d); !problem.empty())
        return "`" + std::string(spell(d.kind)) + "` of stage " + quoted(stage.name) + ": " + problem;
    if (update && !update->keepsReductionOrder())
      return "the update of stage " + quoted(stage.name) + " visits its points in another order than the text says";
    return "";
  }

private:
  std::string one(const Directive &d) {
    if (d.onUpdate && !update)
      return "there is no update";
    switch (d.kind) {
    case Kind::Split:
    case Kind::Strips:
    case Kind::Peel:
    case Kind::Fuse:
    case Kind::Reorder:
    case Kind::Vectorize:
    case Kind::Unroll:
    case Kind::Parallel:
      return loops(d);
    case Kind::ComputeAt:
    case Kind::StoreAt:
      return level(d);
    case Kind::ComputeRoot:
    case Kind::StoreRoot:
      return stage.output >= 0 ? "an output is computed at root as it is" : d.loops.empty() ? "" : "takes no loop";
    case Kind::StorageOrder:
    case Kind::FoldStorage:
    case Kind::BoundExtent:
      return storage(d);
    case Kind::Prefetch:
      return prefetch(d);
    case Kind::Pair:
      return pair(d);
    }
    return "";
  }

  std::string loops(const Directive &d) {
    size_t wanted = d.kind == Kind::Split || d.kind == Kind::Strips || d.kind == Kind::Fuse ? 3
                    : d.kind == Kind::Peel                                                  ? 2
                                                                                            : 1;
    if (d.kind == Kind::Reorder ? d.loops.empty() : d.loops.size() != wanted)
      return "names " + std::to_string(d.loops.size()) + " loops";
    if (d.kind == Kind::Peel && (d.onUpdate || stage.update || stage.output >= 0))
      return "only a stage without update that lives in the kernel can be peeled";
    if (d.kind == Kind::Strips && stripsTail(desc, stage) != Tail::ShiftInwards && foldsStorage())
      return "a last strip that must not move back has fewer rows than line buffers are made for, and " +
             quoted(desc.operands[stage.output].name) + " may lie where its input does";
    if (d.kind == Kind::Split && d.tail == Tail::ShiftInwards && stage.output >= 0 &&
        desc.operands[stage.output].mayAlias >= 0)
      return "`shift_inwards` computes elements twice, and " + quoted(desc.operands[stage.output].name) +
             " may lie where its input does";
    if (d.kind == Kind::Split && d.tail == Tail::RoundUp && stage.output >= 0)
      return "`round_up` computes past the end, where " + quoted(desc.operands[stage.output].name) + " has no room";
    return (d.onUpdate ? *update : init).apply(d);
  }

  bool foldsStorage() const {
    for (const StageSchedule &one : desc.schedule)
      for (const Directive &d : one.directives)
        if (d.kind == Kind::FoldStorage)
          return true;
    return false;
  }

  std::string level(const Directive &d) const {
    int at = findStage(desc, d.at);
    if (at <= number)
      return quoted(d.at) + " is no later stage";
    if (stage.output >= 0)
      return "an output is computed at root";
    if (d.loops.size() != 1)
      return "names one loop";
    const Stage &consumer = desc.stages[at];
    if (scheduledNest(desc, consumer, false).find(d.loops[0]) ||
        (consumer.update && scheduledNest(desc, consumer, true).find(d.loops[0])))
      return "";
    return "stage " + quoted(d.at) + " has no loop " + quoted(d.loops[0]);
  }

  std::string prefetch(const Directive &d) const {
    bool isInput = false;
    for (const Operand &operand : desc.operands)
      isInput |= operand.name == d.at && !operand.isOutput;
    if (!isInput)
      return quoted(d.at) + " is no input";
    if (!d.onUpdate)
      return "belongs to an update";
    if (d.loops.size() != 2)
      return "names " + std::to_string(d.loops.size()) + " loops";
    if (d.factor < 1 || d.factor > maxPrefetchLines)
      return "by " + std::to_string(d.factor) + " lines; 1 to " + std::to_string(maxPrefetchLines) +
             " are fetched in a turn";
    if (!update->find(d.loops[0]))
      return "the update has no loop " + quoted(d.loops[0]);
    bool isAround = update->find(d.loops[1]);
    for (size_t later = number + 1; later < desc.stages.size(); ++later)
      for (bool ofUpdate : {false, true})
        isAround |= (!ofUpdate || desc.stages[later].update) &&
                    scheduledNest(desc, desc.stages[later], ofUpdate).find(d.loops[1]) != nullptr;
    return isAround ? "" : "no loop " + quoted(d.loops[1]) + " lies around the update";
  }

  std::string pair(const Directive &d) const {
    if (!d.onUpdate)
      return "belongs to an update";
    if (d.loops.size() != 2 || d.loops[0] == d.loops[1])
      return "names two loops";
    for (const std::string &loop : d.loops) {
      auto unrolls = [&](const Directive &other) { return other.kind == Kind::Unroll && other.onUpdate && other.loops == std::vector{loop}; };
      auto is = [&](const Loop &own) { return own.name == loop; };
      auto own = std::find_if(stage.loops.begin(), stage.loops.end(), is);
      bool isUnrolled = own != stage.loops.end() && (own->extent == Extent::fixed(1) || std::any_of(schedule.directives.begin(), schedule.directives.end(), unrolls));
      if (!isUnrolled)
        return quoted(loop) + " is no unrolled loop of the stage itself";
    }
    return pairedFilter(desc, stage, d.loops[0]) >= 0
               ? ""
               : "no filter is known to fill half of a vector in the last turn of " + quoted(d.loops[0]);
  }

  std::string storage(const Directive &d) const {
    if (d.kind == Kind::StorageOrder ? d.loops.empty() : d.loops.size() != 1)
      return "names " + std::to_string(d.loops.size()) + " loops";
    for (const std::string &loop : d.loops)
      if (!isPureLoop(stage, loop))
        return quoted(loop) + " is no loop of the stage itself";
    if (std::set<std::string>(d.loops.begin(), d.loops.end()).size() != d.loops.size())
      return "a loop is named twice";
    if (d.kind != Kind::StorageOrder && (d.factor < 1 || d.factor > INT32_MAX))
      return "by " + std::to_string(d.factor);
    if (d.kind != Kind::BoundExtent && stage.output >= 0)
      return "the layout of an output is the caller's";
    return "";
  }

  const KernelDesc &desc;
  const StageSchedule &schedule;
  const int number;
  const Stage &stage;
  LoopNest init;
  std::optional<LoopNest> update;
};

/// In place: element i of the input is read before element i of the output is written, and never again. So whoever
/// reads that input is complete before the output begins (computed at root), or before each round of an outer loop of
/// the output, all of whose rounds read and write elements of their own; or it reads exactly the element written.
class InPlaceCheck {
public:
  InPlaceCheck(const KernelDesc &desc, int output)
      : desc(desc), output(output), input(desc.operands[output].mayAlias) {}

  std::string run() {
    followLoops();
    for (size_t i = 0; i < desc.stages.size(); ++i)
      if (!check(static_cast<int>(i)))
        return quoted(desc.operands[output].name) + " may lie where " + quoted(desc.operands[input].name) +
               " does, but stage " + quoted(desc.stages[i].name) + " reads other elements than the one being written";
    return "";
  }

private:
  bool check(int number) {
    const Stage &stage = desc.stages[number];
    if (isAtRoot(stage) || isBeforeEachRound(number))
      return true;
    bool readsExactly = true, reads = false;
    forEachLoad(stage, [&](const Expr &load, bool inUpdate) {
      if (!leadsToInput(load))
        return;
      reads = true;
      readsExactly &= !inUpdate && isIdentity(load);
    });
    if (reads && stage.output < 0)
      transparent.insert(number);
    // A stage of its own memory inside the output's loops is computed per tile, before the tile is written; only an
    // inlined one is surely computed element by element.
    return !reads || (readsExactly && (stage.output >= 0 || isInlined(stage)));
  }

  /// Which loops of each stage are one of the output's: all its readers read it exactly there.
  void followLoops() {
    constexpr int notYet = -2;
    same.resize(desc.stages.size());
    for (size_t i = 0; i < same.size(); ++i)
      same[i].assign(desc.stages[i].loops.size(), desc.stages[i].output == output ? 0 : notYet);
    for (size_t i = same.size(); i-- > 0;) {
      if (desc.stages[i].output == output)
        for (size_t l = 0; l < same[i].size(); ++l)
          same[i][l] = static_cast<int>(l);
      forEachLoad(desc.stages[i], [&](const Expr &load, bool) {
        if (load.kind != ExprKind::LoadStage)
          return;
        for (size_t d = 0; d < load.args.size(); ++d) {
          int loop = outputLoop(static_cast<int>(i), *load.args[d]), &known = same[load.ref][d];
          known = known == notYet || known == loop ? loop : -1;
        }
      });
    }
  }

  /// The loop of the output that `index` is, in an expression of stage `number`; -1 if it is something else.
  int outputLoop(int number, const Expr &index) const {
    bool pure = index.kind == ExprKind::LoopIndex && index.ref < int(same[number].size());
    return pure ? std::max(same[number][index.ref], -1) : -1;
  }

  /// Computed inside a loop of the output, for all that one round writes; in the dimensions of that loop and of those
  /// outside it, a round reads only where it writes. A round that moves back would read what the one before wrote, but
  /// `shift_inwards` is refused above.
  bool isBeforeEachRound(int number) const {
    const Stage &stage = desc.stages[number];
    if (stage.output >= 0)
      return false;
    const Directive *place = placeOf(stage);
    int at = place ? findStage(desc, place->at) : -1;
    while (at > number && desc.stages[at].output < 0) { // partial sums are made where the sum is
      place = placeOf(desc.stages[at]);
      int next = place ? findStage(desc, place->at) : -1;
      at = next > at ? next : -1;
    }
    if (at < 0 || desc.stages[at].output != output || desc.stages[at].update || place->loops.size() != 1)
      return false;
    std::set<std::string> outside;
    LoopNest nest = scheduledNest(desc, desc.stages[at], false);
    for (const LoopState &loop : nest.loops()) {
      outside.insert(loop.origins.begin(), loop.origins.end());
      if (loop.name == place->loops[0])
        break;
    }
    bool own = true;
    forEachLoad(stage, [&](const Expr &load, bool) {
      if (!leadsToInput(load))
        return;
      for (size_t d = 0; d < load.args.size() && d < desc.stages[at].loops.size(); ++d)
        own &= !outside.count(desc.stages[at].loops[d].name) || outputLoop(number, *load.args[d]) == int(d);
    });
    return own;
  }

  /// Where a stage is made and kept; null where what an earlier round has read may be kept.
  const Directive *placeOf(const Stage &stage) const {
    const Directive *place = nullptr, *storage = nullptr;
    if (const StageSchedule *schedule = findSchedule(desc, stage.name))
      for (const Directive &d : schedule->directives) {
        if (d.kind == Kind::StoreAt || d.kind == Kind::StoreRoot)
          storage = &d;
        if (d.kind == Kind::ComputeAt)
          place = &d;
      }
    bool keeps = storage && (!place || storage->at != place->at || storage->loops != place->loops);
    return keeps ? nullptr : place;
  }

  bool leadsToInput(const Expr &load) const {
    return load.kind == ExprKind::LoadOperand ? load.ref == input : transparent.count(load.ref) != 0;
  }

  bool isAtRoot(const Stage &stage) const {
    if (stage.output >= 0)
      return false;
    bool isPlacedAt = false, isRoot = false;
    if (const StageSchedule *schedule = findSchedule(desc, stage.name))
      for (const Directive &d : schedule->directives) {
        isPlacedAt |= d.kind == Kind::ComputeAt;
        isRoot |= d.kind == Kind::ComputeRoot;
      }
    return isRoot || (stage.update && !isPlacedAt);
  }

  bool isInlined(const Stage &stage) const {
    if (stage.update)
      return false;
    if (const StageSchedule *schedule = findSchedule(desc, stage.name))
      for (const Directive &d : schedule->directives)
        if (d.kind == Kind::ComputeAt)
          return false;
    return true;
  }

  static bool isIdentity(const Expr &load) {
    for (size_t d = 0; d < load.args.size(); ++d)
      if (load.args[d]->kind != ExprKind::LoopIndex || load.args[d]->ref != int(d))
        return false;
    return true;
  }

  static void forEachLoad(const Stage &stage, const std::function<void(const Expr &, bool)> &visit) {
    std::set<const Expr *> seen;
    std::function<void(const ExprPtr &, bool)> walk = [&](const ExprPtr &expr, bool inUpdate) {
      if (!expr || !seen.insert(expr.get()).second)
        return;
      if (expr->kind == ExprKind::LoadOperand || expr->kind == ExprKind::LoadStage)
        visit(*expr, inUpdate);
      for (const ExprPtr &arg : expr->args)
        walk(arg, inUpdate);
    };
    if (stage.update) {
      walk(stage.update->place, true);
      walk(stage.update->predicate, true);
      walk(stage.update->value, true);
    }
    seen.clear(); // an expression both definitions share is looked at for each
    walk(stage.init, false);
  }

  const KernelDesc &desc;
  const int output, input;
  std::set<int> transparent;          // stages inlined into their readers that read the input
  std::vector<std::vector<int>> same; // for each loop of each stage, the loop of the output it is, or -1
};

} // namespace

std::string checkSchedule(const KernelDesc &desc) {
  std::set<std::string> seen;
  for (size_t i = desc.schedule.size(); i-- > 0;) { // readers first: a loop that they fail to make is their fault
    const StageSchedule &schedule = desc.schedule[i];
    int number = findStage(desc, schedule.stage);
    if (number < 0)
      return "a schedule names stage " + quoted(schedule.stage) + ", which does not exist";
    if (!seen.insert(schedule.stage).second)
      return "stage " + quoted(schedule.stage) + " has two schedules";
    if (std::string problem = StageCheck(desc, schedule, number).run(); !problem.empty())
      return problem;
  }
  for (size_t i = 0; i < desc.operands.size(); ++i)
    if (desc.operands[i].mayAlias >= 0)
      if (std::string problem = InPlaceCheck(desc, static_cast<int>(i)).run(); !problem.empty())
        return problem;
  return "";
}

} // namespace weft::kernel
