// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Directives on names. `states` is what will run, `reductions` what the meaning demands.
#include "compiler/Kernel/LoopNest.h"

#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/Peel.h"
#include "compiler/Kernel/Spell.h"

#include <algorithm>

namespace weft::kernel {

namespace {

std::optional<int64_t> knownSize(const KernelDesc &desc, const Extent &extent) {
  int64_t value = extent.isFixed() ? extent.value : desc.operands[extent.operand].dims[extent.dim].extent;
  return value < 0 ? std::nullopt : std::optional<int64_t>((value + extent.per - 1) / extent.per);
}

std::string quoted(const std::string &name) { return "`" + name + "`"; }

bool isPlacedInside(const KernelDesc &desc, const Stage &stage) {
  const StageSchedule *schedule = findSchedule(desc, stage.name);
  return schedule && std::any_of(schedule->directives.begin(), schedule->directives.end(),
                                 [](const Directive &d) { return d.kind == Directive::Kind::ComputeAt; });
}

} // namespace

LoopNest::LoopNest(const KernelDesc &desc, const Stage &stage, bool update) : stage(stage), isUpdate(update) {
  bool isAtMost = isPlacedInside(desc, stage);
  for (size_t i = 0; i < stage.loops.size(); ++i)
    if (const Loop &loop = stage.loops[i]; !update || int(i) != stage.update->scattered)
      states.push_back({loop.name, {loop.name}, knownSize(desc, loop.extent), false, LoopState::Mode::Serial, isAtMost});
  if (!update)
    return;
  for (const Loop &loop : stage.update->loops) {
    states.push_back({loop.name, {loop.name}, knownSize(desc, loop.extent), true, LoopState::Mode::Serial});
    reductions.push_back(loop.name);
  }
}

size_t LoopNest::position(const std::string &name) const {
  auto at = std::find_if(states.begin(), states.end(), [&](const LoopState &state) { return state.name == name; });
  return static_cast<size_t>(at - states.begin());
}

const LoopState *LoopNest::find(const std::string &name) const {
  size_t at = position(name);
  return at == states.size() ? nullptr : &states[at];
}

std::string LoopNest::missing(const std::string &name) const {
  std::string names;
  for (const LoopState &state : states)
    names += (names.empty() ? "" : ", ") + quoted(state.name);
  return "no loop " + quoted(name) + "; there are " + (names.empty() ? "none" : names);
}

std::string LoopNest::apply(const Directive &directive) {
  for (size_t i = 0; i < directive.loops.size(); ++i) {
    bool isNew = ((directive.kind == Directive::Kind::Split || directive.kind == Directive::Kind::Strips ||
                   directive.kind == Directive::Kind::Peel) &&
                  i > 0) ||
                 (directive.kind == Directive::Kind::Fuse && i == 2);
    if (!isNew && !find(directive.loops[i]))
      return missing(directive.loops[i]);
    if (isNew && find(directive.loops[i]))
      return "there is a loop " + quoted(directive.loops[i]) + " already";
  }
  switch (directive.kind) {
  case Directive::Kind::Split:
    return split(directive);
  case Directive::Kind::Strips:
    return strips(directive);
  case Directive::Kind::Peel:
    return peel(directive);
  case Directive::Kind::Fuse:
    return fuse(directive);
  case Directive::Kind::Reorder:
    return reorder(directive);
  case Directive::Kind::Vectorize:
    return setMode(directive, LoopState::Mode::Vector);
  case Directive::Kind::Unroll:
    return setMode(directive, LoopState::Mode::Unrolled);
  case Directive::Kind::Parallel:
    return setMode(directive, LoopState::Mode::Parallel);
  default:
    return "";
  }
}

std::string LoopNest::split(const Directive &d) {
  if (d.loops.size() != 3 || d.loops[1] == d.loops[2])
    return "a split names one loop and two new ones";
  if (d.factor < 1 || d.factor > INT32_MAX)
    return "cannot split by " + std::to_string(d.factor);
  LoopState old = states[position(d.loops[0])];
  if (old.isReduction && (d.tail == Tail::ShiftInwards || d.tail == Tail::RoundUp))
    return quoted(old.name) + " is a reduction loop: its points must be visited once, `" + std::string(spell(d.tail)) +
           "` cannot do that";
  if (isPeeled && (d.tail == Tail::ShiftInwards || d.tail == Tail::RoundUp))
    return "a peeled stage takes `exact` and `predicate`";
  if (isUpdate && d.tail == Tail::ShiftInwards)
    return "`shift_inwards` computes points twice, which an update must not";
  if (d.tail == Tail::Exact && old.size && *old.size % d.factor != 0)
    return quoted(old.name) + " runs " + std::to_string(*old.size) + " times, no multiple of " +
           std::to_string(d.factor);
  if (d.tail == Tail::ShiftInwards && old.size && *old.size < d.factor)
    return quoted(old.name) + " runs " + std::to_string(*old.size) + " times: too few to shift tiles of " +
           std::to_string(d.factor);
  LoopState outer = old, inner = old;
  outer.name = d.loops[1];
  inner.name = d.loops[2];
  if (old.size)
    outer.size = (*old.size + d.factor - 1) / d.factor;
  inner.size = d.factor;
  inner.isAtMost = false;
  size_t at = position(d.loops[0]);
  states[at] = outer;
  states.insert(states.begin() + at + 1, inner);
  auto kept = std::find(reductions.begin(), reductions.end(), d.loops[0]);
  if (kept != reductions.end())
    reductions.insert(std::next(reductions.erase(kept), 0), {d.loops[1], d.loops[2]});
  return "";
}

std::string LoopNest::strips(const Directive &d) {
  if (d.loops.size() != 3 || d.loops[1] == d.loops[2])
    return "strips name one loop and two new ones";
  if (d.factor < 1 || d.factor > INT32_MAX)
    return "cannot cut strips of " + std::to_string(d.factor);
  LoopState outer = states[position(d.loops[0])], inner = outer;
  if (outer.isReduction)
    return quoted(outer.name) + " is a reduction loop: its order is fixed";
  if (!outer.size)
    return quoted(outer.name) + " has no trip count known at compile time";
  outer.name = d.loops[1];
  inner.name = d.loops[2];
  outer.size = inner.size = std::nullopt; // known when there are threads
  size_t at = position(d.loops[0]);
  states[at] = outer;
  states.insert(states.begin() + at + 1, inner);
  return "";
}

std::string LoopNest::peel(const Directive &d) {
  if (d.loops.size() != 2)
    return "peeling names one loop and a new one";
  std::optional<Peeled> peeled = peelOff(stage, d);
  if (!peeled)
    return "the stage is no border along " + quoted(d.loops[0]);
  if (states.size() != stage.loops.size() || isPeeled)
    return "comes before all that cuts loops";
  isPeeled = true;
  LoopState &state = states[position(d.loops[0])];
  state.name = d.loops[1];
  state.size = peeled->count;
  return "";
}

std::string LoopNest::fuse(const Directive &d) {
  if (d.loops.size() != 3 || d.loops[0] == d.loops[1])
    return "a fusion names two loops and a new one";
  LoopState outer = states[position(d.loops[0])], inner = states[position(d.loops[1])];
  if (outer.isReduction != inner.isReduction)
    return "cannot fuse a reduction loop with another";
  if (outer.isReduction) {
    auto first = std::find(reductions.begin(), reductions.end(), outer.name);
    if (std::next(first) == reductions.end() || *std::next(first) != inner.name)
      return quoted(inner.name) + " does not follow " + quoted(outer.name) + " in the reduction";
    *first = d.loops[2];
    reductions.erase(std::next(first));
  }
  LoopState fused = inner;
  fused.name = d.loops[2];
  fused.origins.insert(outer.origins.begin(), outer.origins.end());
  fused.size = outer.size && inner.size ? std::optional<int64_t>(*outer.size * *inner.size) : std::nullopt;
  states[position(inner.name)] = fused;
  states.erase(states.begin() + position(outer.name));
  return "";
}

std::string LoopNest::reorder(const Directive &d) {
  std::set<std::string> named(d.loops.begin(), d.loops.end());
  if (named.size() != d.loops.size())
    return "a loop is named twice";
  std::vector<LoopState> outside, inside;
  for (const LoopState &state : states)
    if (!named.count(state.name))
      outside.push_back(state);
  for (const std::string &name : d.loops)
    inside.push_back(states[position(name)]);
  states = std::move(outside);
  states.insert(states.end(), inside.begin(), inside.end());
  return "";
}

std::string LoopNest::setMode(const Directive &d, LoopState::Mode mode) {
  if (d.loops.size() != 1)
    return "names " + std::to_string(d.loops.size()) + " loops";
  LoopState &state = states[position(d.loops[0])];
  if (state.mode != LoopState::Mode::Serial)
    return quoted(state.name) + " is vectorised, unrolled or parallel already";
  if (state.isReduction && mode != LoopState::Mode::Unrolled)
    return quoted(state.name) + " is a reduction loop: its order is fixed, it can only be unrolled";
  if (state.isReduction && !state.size)
    return quoted(state.name) + " has no trip count known at compile time";
  if (mode == LoopState::Mode::Vector && !state.isAtMost && state.size && *state.size > 128)
    return quoted(state.name) + " has " + std::to_string(*state.size) + " points; vectors have at most 128 lanes";
  if (mode == LoopState::Mode::Unrolled && !state.isAtMost && state.size && *state.size > 256)
    return quoted(state.name) + " has " + std::to_string(*state.size) + " points; at most 256 are unrolled";
  state.mode = mode;
  return "";
}

bool LoopNest::keepsReductionOrder() const {
  std::vector<std::string> order;
  for (const LoopState &state : states)
    if (state.isReduction)
      order.push_back(state.name);
  return order == reductions;
}

void LoopNest::refine(const std::string &origin, int64_t size) {
  for (LoopState &state : states)
    if (state.name == origin && !state.isReduction) {
      state.size = size;
      state.isAtMost = false;
    }
}

LoopNest scheduledNest(const KernelDesc &desc, const Stage &stage, bool update) {
  LoopNest nest(desc, stage, update);
  const StageSchedule *schedule = findSchedule(desc, stage.name);
  if (!schedule)
    return nest;
  for (const Directive &d : schedule->directives)
    if (d.kind == Directive::Kind::BoundExtent && !d.loops.empty())
      nest.refine(d.loops[0], d.factor);
  for (const Directive &d : schedule->directives)
    if (d.onUpdate == update && d.kind <= Directive::Kind::Parallel)
      nest.apply(d);
  return nest;
}

Tail stripsTail(const KernelDesc &desc, const Stage &stage) {
  bool isInPlace = stage.output >= 0 && desc.operands[stage.output].mayAlias >= 0;
  return isInPlace ? Tail::Predicate : Tail::ShiftInwards;
}

std::optional<int64_t> sizeBefore(const KernelDesc &desc, const Stage &stage, const Directive &directive) {
  LoopNest nest(desc, stage, false);
  for (const Directive &d : findSchedule(desc, stage.name)->directives) {
    if (&d == &directive)
      break;
    if (!d.onUpdate && d.kind <= Directive::Kind::Parallel)
      nest.apply(d);
  }
  const LoopState *state = nest.find(directive.loops[0]);
  return state ? state->size : std::nullopt;
}

bool becomesVector(const Directive &split, const std::vector<Directive> &all) {
  std::set<std::string> parts = {split.loops[2]};
  for (const Directive &d : all) {
    if (d.onUpdate != split.onUpdate || d.loops.empty() || &d == &split || !parts.count(d.loops[0]))
      continue;
    if (d.kind == Directive::Kind::Vectorize)
      return true;
    if (d.kind == Directive::Kind::Split)
      parts.insert(d.loops.begin() + 1, d.loops.end());
  }
  return false;
}

} // namespace weft::kernel
