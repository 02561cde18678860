// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Loops of a stage are numbered pure ones first, so cutting a reduction renumbers them; names stay.
#include "compiler/Kernel/PartialSums.h"

#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/Renumber.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>

namespace weft::kernel {

namespace {

/// How many pieces of `turns` a loop has.
Extent pieces(Extent extent, int64_t turns) {
  if (extent.isFixed())
    extent.value = (extent.value + turns - 1) / turns;
  else
    extent.per *= turns;
  return extent;
}

ExprPtr both(const ExprPtr &a, const ExprPtr &b) { return !a ? b : !b ? a : binary(ScalarOp::And, a, b); }

} // namespace

Stage cutSum(Stage &sum, Cut cut, int part) {
  const int pure = static_cast<int>(sum.loops.size());
  std::vector<Loop> reduction = std::move(sum.update->loops);
  Loop &whole = reduction[cut.loop];
  const bool counts = cut.turns == 1; // the loop itself counts partial sums
  const bool divides = whole.extent.isFixed() && whole.extent.value % cut.turns == 0;
  std::vector<Loop> counting(reduction.begin(), reduction.begin() + cut.loop), adding;
  counting.push_back(counts ? whole : Loop{whole.name + "_part", pieces(whole.extent, cut.turns)});
  if (!counts && divides)
    adding.push_back({whole.name, Extent::fixed(cut.turns)});
  else if (!counts)
    adding.push_back(whole); // of which the predicate leaves a piece: emitters make it the loop's bounds
  adding.insert(adding.end(), reduction.begin() + cut.loop + 1, reduction.end());

  const int count = static_cast<int>(counting.size());
  std::vector<ExprPtr> loops; // of the old stage, in terms of the new one's: counting, pure, adding
  for (int l = 0; l < pure; ++l)
    loops.push_back(loop(count + l));
  for (int l = 0; l < cut.loop; ++l)
    loops.push_back(loop(l));
  int next = count + pure;
  ExprPtr inside;
  if (counts) {
    loops.push_back(loop(cut.loop));
  } else {
    ExprPtr turn = loop(next++), first = binary(ScalarOp::Mul, loop(cut.loop), index(cut.turns));
    ExprPtr end = binary(ScalarOp::Add, first, index(cut.turns));
    if (!divides)
      inside = binary(ScalarOp::And, binary(ScalarOp::Le, first, turn), binary(ScalarOp::Lt, turn, end));
    loops.push_back(divides ? binary(ScalarOp::Add, first, turn) : turn);
  }
  while (loops.size() < pure + reduction.size())
    loops.push_back(loop(next++));

  Renumber renumber(std::move(loops));
  Stage partial;
  partial.name = sum.name + "_part";
  partial.type = sum.type;
  partial.loops = counting;
  partial.loops.insert(partial.loops.end(), sum.loops.begin(), sum.loops.end());
  partial.init = constant(0, sum.type);
  partial.update = std::make_unique<Update>();
  partial.update->loops = std::move(adding);
  partial.update->predicate = both(inside, renumber(sum.update->predicate));
  partial.update->value = renumber(sum.update->value);

  std::vector<ExprPtr> at;
  for (int l = 0; l < count; ++l)
    at.push_back(loop(pure + l));
  for (int l = 0; l < pure; ++l)
    at.push_back(loop(l));
  sum.update->loops = std::move(counting);
  sum.update->predicate = nullptr;
  sum.update->value = binary(ScalarOp::Add, accumulator(sum.type), loadStage(part, sum.type, std::move(at)));
  return partial;
}

//===-- schedules -------------------------------------------------------------------------------------------------===//

namespace {

/// Deals the directives of a sum in one level to two. Pure loops with loops of the reduction on both sides of them stay
/// with the sum, so each partial sum is made inside them.
class Dealer {
public:
  Dealer(const Stage &sum, const Stage &part) : sum(sum.name) {
    for (const Loop &loop : sum.loops) {
      levels[loop.name] = {true, true};
      pure.insert(loop.name);
    }
    for (const Loop &loop : part.update->loops)
      levels[loop.name] = {false, true};
    for (const Loop &loop : sum.update->loops)
      levels[loop.name] = {true, false};
    innermost = sum.update->loops.back().name;
  }

  void run(const std::vector<Directive> &directives) {
    for (const Directive &d : directives)
      findOutside(d);
    for (const Directive &d : directives)
      if (d.kind == Kind::Split && around.count(d.loops[1]))
        inPieces.insert(d.loops[0]);
    ofPart.push_back(computeAt(sum, place.empty() ? innermost : place));
    for (const Directive &d : directives)
      d.onUpdate ? update(d) : definition(d);
  }

  std::vector<Directive> ofSum, ofPart;

private:
  using Kind = Directive::Kind;
  struct Levels {
    bool ofSum = false, ofPart = false;
  };

  /// Pure loops around partial sums, and what the part calls the rest of those that are cut.
  void findOutside(const Directive &d) {
    if (d.kind == Kind::Split && pure.count(d.loops[0]))
      pure.insert(d.loops.begin() + 1, d.loops.end());
    if (d.kind != Kind::Reorder || !d.onUpdate)
      return;
    auto isPure = [&](const std::string &name) { return pure.count(name) != 0; };
    auto first = std::find_if_not(d.loops.begin(), d.loops.end(), isPure);
    auto last = std::find_if_not(d.loops.rbegin(), d.loops.rend(), isPure).base();
    std::copy_if(d.loops.begin(), last, std::inserter(around, around.end()), isPure);
    for (; first < last; ++first)
      if (isPure(*first)) {
        place = *first;
        outside.insert(place);
      }
  }

  /// A directive as the part has it; none about loops that are outside.
  std::optional<Directive> inPart(Directive d) {
    if (d.kind == Kind::Split && outside.count(d.loops[1])) {
      wholes[d.loops[2]] = d.loops[0];
      return std::nullopt;
    }
    if (d.kind != Kind::Prefetch)
      std::erase_if(d.loops, [&](const std::string &name) { return outside.count(name) != 0; });
    for (std::string &name : d.loops)
      if (auto whole = wholes.find(name); whole != wholes.end())
        name = whole->second;
    return d.loops.empty() ? std::nullopt : std::optional(d);
  }

  void give(std::optional<Directive> d) {
    if (d)
      ofPart.push_back(std::move(*d));
  }

  /// Where the sum stands says nothing of a partial sum, nor how far it reaches in loops of which a partial sum has a piece.
  void definition(const Directive &d) {
    static const std::set<Kind> places = {Kind::ComputeAt, Kind::StoreAt,     Kind::ComputeRoot,
                                          Kind::StoreRoot, Kind::FoldStorage, Kind::Parallel};
    ofSum.push_back(d);
    if (!places.count(d.kind) && !(d.kind == Kind::BoundExtent && inPieces.count(d.loops[0])))
      give(inPart(d));
  }

  void update(const Directive &d) {
    if (d.kind == Kind::Reorder)
      return order(d);
    if (d.kind == Kind::Prefetch)
      return prefetch(d);
    Levels where = levels[d.loops[0]];
    if (d.kind == Kind::Split || d.kind == Kind::Fuse)
      for (const std::string &name : d.loops)
        levels.try_emplace(name, where);
    if (where.ofSum)
      ofSum.push_back(d);
    if (where.ofPart && !(where.ofSum && d.kind == Kind::Parallel))
      give(inPart(d));
  }

  /// Partial sums are a loop of the sum.
  void prefetch(Directive d) {
    if (d.loops[1] == partialSums)
      d.loops[1] = innermost;
    ofPart.push_back(std::move(d));
  }

  /// Partial sums are counted where the reduction began.
  void order(const Directive &d) {
    Directive outer = d, inner = d;
    outer.loops.clear();
    inner.loops.clear();
    bool isPlaced = std::any_of(d.loops.begin(), d.loops.end(), [&](auto &name) { return name == innermost; });
    for (const std::string &name : d.loops) {
      Levels where = levels[name];
      if (where.ofSum)
        outer.loops.push_back(name);
      else if (!isPlaced) {
        outer.loops.push_back(innermost);
        isPlaced = true;
      }
      if (where.ofPart)
        inner.loops.push_back(name);
    }
    if (!outer.loops.empty())
      ofSum.push_back(outer);
    give(inPart(inner));
  }

  const std::string sum;
  std::map<std::string, Levels> levels; ///< of loops, by name: which of the two stages have them
  std::string innermost;                ///< loop of the sum: one partial sum a turn
  std::set<std::string> pure, outside;  ///< loops of the tensor; those of them that stay with the sum
  std::set<std::string> around;         ///< loops of the tensor in whose turns partial sums are made
  std::set<std::string> inPieces;       ///< loops of the tensor of which a partial sum has a piece
  std::string place;                    ///< the innermost loop outside
  std::map<std::string, std::string> wholes; ///< what the part calls a piece of a loop: all of it
};

} // namespace

void schedulePartialSums(KernelDesc &desc, const std::string &sum, const std::string &part) {
  Dealer dealer(desc.stages[findStage(desc, sum)], desc.stages[findStage(desc, part)]);
  auto schedule = std::find_if(desc.schedule.begin(), desc.schedule.end(),
                               [&](const StageSchedule &one) { return one.stage == sum; });
  if (schedule == desc.schedule.end()) {
    dealer.run({});
    desc.schedule.push_back({part, std::move(dealer.ofPart)});
    return;
  }
  dealer.run(schedule->directives);
  schedule->directives = std::move(dealer.ofSum);
  desc.schedule.insert(schedule, {part, std::move(dealer.ofPart)});
}

} // namespace weft::kernel
