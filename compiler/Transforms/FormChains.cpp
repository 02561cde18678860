// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase fuse: runs of groups that pass rows to each other become one group with line buffers.
//
// The groups of a network, in order, are cut into segments: a segment of one is a kernel as before, a longer one a chain.
// What lies between two segments does not depend on how the rest is cut, so while a segment runs exactly this is alive:
// what was made before it and is read in it or later, its result, and its scratch. The largest of these sums is the
// peak. With `memory = small` the cuts with the least peak are found first (a minimum over cuts of a maximum over
// segments, position by position), then the fastest among those that stay below it. A value inside a chain must not be
// read outside, so branches belong to a chain as a whole or not at all.
//
// Threads share a chain of one sample in strips of rows. A strip that begins inside the picture needs a few rows more of some
// line buffers, so a chain without strips is there to choose as well: on one thread nothing grows for the sake of
// others.
#include "compiler/Conversion/WeftToLinalg/WeftToLinalg.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Schedule/WeightsBudget.h"
#include "compiler/Transforms/Chains/ChainModel.h"
#include "compiler/Transforms/Chains/Liveness.h"
#include "compiler/Transforms/Chains/MergeGroups.h"
#include "compiler/Transforms/Passes.h"

#include <limits>

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_FORMCHAINS
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// Most groups in one chain.
constexpr unsigned longestChain = 14;

/// A chain of one sample that threads cannot share counts so much longer: how many there will be is not known.
constexpr double unshared = 1.1;

/// One way to run a segment.
struct Segment {
  unsigned first = 0, last = 0; ///< groups
  int64_t bytes = 0;            ///< alive while it runs
  double cycles = 0;
  int64_t rows = 0; ///< of a chain's step; 0 for a single group
  bool strips = false;
};

class ChainFormer {
public:
  ChainFormer(func::FuncOp network, const Machine &machine) : liveness(network), machine(machine) {}

  void run() {
    for (unsigned last = 0; last < liveness.groups().size(); ++last)
      collectEndingAt(last);
    SmallVector<std::pair<SmallVector<Operation *>, DictionaryAttr>> formed; // all read before the first is merged
    SmallVector<Segment> cuts = fastest(leastPeak());
    for (const Segment &segment : llvm::reverse(cuts)) {
      if (!segment.rows)
        continue;
      SmallVector<Operation *> members = *liveness.membersOf(segment.first, segment.last);
      formed.push_back({members, ChainModel(members, machine).choice(segment.rows, segment.strips)});
      chained += segment.last - segment.first + 1;
    }
    for (auto &[members, choice] : formed)
      mergeGroups(members, choice);
    chains = formed.size();
  }

  unsigned chains = 0, chained = 0;

private:
  void collectEndingAt(unsigned last) {
    segments.emplace_back();
    segments.back().push_back({last, last, liveness.bytesWhile(last, last) + liveness.scratchOf(last, machine),
                               liveness.cyclesOf(last, machine), 0});
    unsigned earliest = last + 1 >= longestChain ? last + 1 - longestChain : 0;
    for (unsigned first = last; liveness.mayChain(last) && first-- > earliest && liveness.mayChain(first);) {
      std::optional<SmallVector<Operation *>> members = liveness.membersOf(first, last);
      if (!members)
        continue;
      ChainModel model(*members, machine);
      if (!model.isChain())
        continue;
      int64_t around = liveness.bytesWhile(first, last);
      for (int64_t rows : model.stepsToTry())
        for (bool strips : {true, false}) {
          if (strips && !model.hasStrips(rows))
            continue;
          ChainEstimate estimate = model.estimate(rows, strips);
          double cycles = estimate.cycles * (strips || model.isBatch() ? 1 : unshared);
          segments.back().push_back({first, last, around + estimate.scratchBytes, cycles, rows, strips});
        }
    }
  }

  /// The least peak any cut reaches: best[i] is that of the first i groups.
  int64_t leastPeak() const {
    std::vector<int64_t> best(segments.size() + 1, std::numeric_limits<int64_t>::max());
    best[0] = 0;
    for (unsigned last = 0; last < segments.size(); ++last)
      for (const Segment &segment : segments[last])
        best[last + 1] = std::min(best[last + 1], std::max(best[segment.first], segment.bytes));
    return best.back();
  }

  /// The cuts with the fewest cycles whose segments all stay within `peak` bytes, last one first.
  SmallVector<Segment> fastest(int64_t peak) const {
    std::vector<double> best(segments.size() + 1, std::numeric_limits<double>::infinity());
    std::vector<const Segment *> chosen(segments.size() + 1, nullptr);
    best[0] = 0;
    for (unsigned last = 0; last < segments.size(); ++last)
      for (const Segment &segment : segments[last])
        if (segment.bytes <= peak && best[segment.first] + segment.cycles < best[last + 1]) {
          best[last + 1] = best[segment.first] + segment.cycles;
          chosen[last + 1] = &segment;
        }
    SmallVector<Segment> cuts;
    for (unsigned end = segments.size(); end > 0; end = cuts.back().first)
      cuts.push_back(*chosen[end]);
    return cuts;
  }

  Liveness liveness;
  const Machine &machine;
  std::vector<SmallVector<Segment>> segments; ///< by their last group
};

struct FormChains : impl::FormChainsBase<FormChains> {
  using FormChainsBase::FormChainsBase;

  LogicalResult initialize(MLIRContext *) override {
    if (memory == "fast" || memory == "small")
      return success();
    llvm::errs() << "`memory` is `fast` or `small`, not `" << memory << "`\n";
    return failure();
  }

  void runOnOperation() override {
    if (memory != "small")
      return;
    Machine machine = Machine::of(getOperation());
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr("weft.net"))
        continue;
      ChainFormer former(function, machine);
      former.run();
      numChains += former.chains;
      numChained += former.chained;
    }
  }
};

} // namespace
} // namespace weft
