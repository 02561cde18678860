// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase fuse: runs of groups that pass rows to each other become one group with line buffers.
//
// The groups of a network, in order, are cut into segments: a segment of one is a kernel as before, a longer one a chain.
// What lies between two segments does not depend on how the rest is cut, so while a segment runs exactly this is alive:
// what was made before it and is read in it or later, its result, and its scratch. The largest of these sums is the
// peak. With `memory = small` the cuts with the least peak are found first (a minimum over cuts of a maximum over
// segments, position by position), then the fastest among those that stay below it. A value inside a chain may have several
// readers and be part of concatenations, but none outside, so branches belong to a chain as a whole or not at all. A chain
// that would read too many weights anew in every step is none.
//
// Threads share a chain of one sample in strips of rows. A strip that begins inside the picture needs a few rows more of some
// line buffers, so a chain without strips is there to choose as well: on one thread nothing grows for the sake of
// others.
//
// With `memory = fast` the fastest cuts are taken, and of chains only those that are modelled to be faster by far: what they save is
// passing large tensors through memory, and where weights are many or tensors small they lose (compiler/Schedule/MEASURED.md).
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

/// Chains taken for speed take less than this part of the time of their groups, as modelled: measured, those above 0.8 gain
/// nothing.
constexpr double worthwhile = 0.8;

/// They work in the second-level cache, weights and lines.
constexpr int64_t mostWeightBytes = 512 << 10, mostScratchBytes = 1 << 20;

/// Samples are not cut in strips, so they keep threads busy only where they are some.
constexpr int64_t fewestSamples = 8;

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
  ChainFormer(func::FuncOp network, const Machine &machine, bool forMemory)
      : liveness(network), machine(machine), forMemory(forMemory) {
    for (unsigned group = 0; group < liveness.groups().size(); ++group)
      tensorPeak = std::max(tensorPeak, liveness.bytesWhile(group, group));
  }

  void run() {
    for (unsigned last = 0; last < liveness.groups().size(); ++last)
      collectEndingAt(last);
    SmallVector<std::pair<SmallVector<Operation *>, DictionaryAttr>> formed; // all read before the first is merged
    SmallVector<Segment> cuts = fastest(forMemory ? leastPeak() : std::numeric_limits<int64_t>::max());
    for (const Segment &segment : llvm::reverse(cuts)) {
      if (!segment.rows)
        continue;
      SmallVector<Operation *> members = *liveness.membersOf(segment.first, segment.last);
      formed.push_back({members, ChainModel(members, machine, choices).choice(segment.rows, segment.strips)});
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
    int64_t bytes = liveness.bytesWhile(last, last);
    Machine alone = machine;
    if (forMemory)
      alone.roomBytes = std::max<int64_t>(tensorPeak - bytes, 1); // as pass `weft-choose-schedules` will have it
    segments.back().push_back({last, last, bytes + liveness.scratchOf(last, alone), liveness.cyclesOf(last, machine), 0});
    unsigned earliest = last + 1 >= longestChain ? last + 1 - longestChain : 0;
    for (unsigned first = last; liveness.mayChain(last) && first-- > earliest && liveness.mayChain(first);) {
      std::optional<SmallVector<Operation *>> members = liveness.membersOf(first, last);
      if (!members || (!forMemory && !isForSpeed(*members)))
        continue;
      ChainModel model(*members, machine, choices);
      if (!forMemory && model.weightBytesOfStep() > mostWeightBytes)
        return; // longer ones have more
      if (!model.isChain() || (!forMemory && model.changesAlgorithms()))
        continue;
      int64_t around = liveness.bytesWhile(first, last) + liveness.bytesCopied(*members);
      for (int64_t rows : model.stepsToTry())
        for (bool strips : {true, false}) {
          if (strips && !model.hasStrips(rows))
            continue;
          ChainEstimate estimate = model.estimate(rows, strips);
          bool isShared = strips || model.isBatch();
          double cycles = estimate.cycles * (isShared ? 1 : unshared);
          Segment chain{first, last, around + estimate.scratchBytes, cycles, rows, strips};
          if (estimate.isWorthIt && (forMemory || (isShared && staysInCache(estimate) && isGain(chain))))
            segments.back().push_back(chain);
        }
    }
  }

  static bool staysInCache(const ChainEstimate &estimate) {
    return estimate.weightBytes <= mostWeightBytes && estimate.scratchBytes <= mostScratchBytes;
  }

  /// Whether all that a chain does not make itself is read by its first group too: the result of another branch would have to wait
  /// for the chain, while the groups one by one may run in an order that needs less memory.
  static bool isForSpeed(ArrayRef<Operation *> members) {
    auto type = cast<RankedTensorType>(members.back()->getResult(0).getType());
    if (int64_t samples = type.getDimSize(0); samples > 1 && samples < fewestSamples)
      return false;
    llvm::SmallPtrSet<Operation *, 16> inside(members.begin(), members.end());
    llvm::DenseSet<Value> known(members.front()->operand_begin(), members.front()->operand_end());
    return llvm::all_of(members.drop_front(), [&](Operation *member) {
      return llvm::all_of(member->getOperands(), [&](Value x) {
        return known.contains(x) || (x.getDefiningOp() && inside.contains(x.getDefiningOp())) || isRecipe(x);
      });
    });
  }

  /// Whether a chain is faster than its groups one by one, and needs no more memory.
  bool isGain(const Segment &chain) const {
    double cycles = 0;
    int64_t bytes = 0;
    for (unsigned number = chain.first; number <= chain.last; ++number) {
      const Segment &alone = segments[number].front();
      cycles += alone.cycles;
      bytes = std::max(bytes, alone.bytes);
    }
    return chain.cycles < worthwhile * cycles && chain.bytes <= bytes;
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
  ChoicesInChain choices{machine};
  const bool forMemory;
  int64_t tensorPeak = 0; ///< of the groups one by one
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
    Machine machine = Machine::of(getOperation());
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr("weft.net"))
        continue;
      ChainFormer former(function, machine, memory == "small");
      former.run();
      numChains += former.chains;
      numChained += former.chained;
    }
  }
};

} // namespace
} // namespace weft
