// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Lifetimes of slices and working in place.
//
// A slice is cut into pieces where several steps write parts of it that follow each other in memory (the members of a
// concatenation): a piece begins to live when its own writer runs. Working in place means that a piece of the input
// ends and a piece of the output begins in the middle of one step, at the same bytes; the two slices become one family
// whose distances are fixed, each piece with a lifetime of its own, and the planner does the rest.
#include "compiler/Transforms/Plan/Lifetimes.h"

#include "compiler/Transforms/Plan/Uses.h"
#include "llvm/Support/MathExtras.h"

#include <utility>
#include <vector>

using namespace mlir;
using namespace weft::plan;

namespace {

class Planner {
public:
  Planner(Steps &steps, const Bounds &bounds) : steps(steps), bounds(bounds), uses(collectUses(steps, bounds)) {}

  SmallVector<SliceLife> run(unsigned &inPlace);

private:
  SliceLife lifeOf(int buffer);
  bool tryInPlace(unsigned step, unsigned write, unsigned read);
  /// The one slice and bytes a view covers; nothing for ports and slots.
  std::optional<Use> useOf(const PlannedView &view, unsigned step, bool writes);
  bool familiesFit(int familyA, int familyB, int64_t shift);

  Steps &steps;
  const Bounds &bounds;
  llvm::DenseMap<int, SmallVector<Use>> uses;
  SmallVector<SliceLife> slices;
  llvm::DenseMap<int, unsigned> sliceOf; ///< buffer to index in `slices`
  std::vector<SmallVector<unsigned>> families; ///< the slices of each; those share memory
};

std::optional<Use> Planner::useOf(const PlannedView &view, unsigned step, bool writes) {
  if (steps.buffers[view.place.buffer].kind != PlannedBuffer::Slice)
    return std::nullopt;
  auto [begin, end] = coveredBytes(view, bounds);
  return Use{begin, end, step, writes, steps.steps[step].kind == Step::Border};
}

SliceLife Planner::lifeOf(int buffer) {
  SliceLife life;
  life.buffer = buffer;
  SmallVector<int64_t> ends = pieceEnds(steps, buffer, uses[buffer]);
  int64_t begin = 0;
  for (int64_t end : ends) {
    PieceLife piece{begin, end, INT64_MAX, 0};
    for (const Use &use : uses[buffer]) {
      bool touches = ends.size() == 1 || (use.begin < end && use.end > begin);
      if (!touches)
        continue;
      piece.from = std::min<int64_t>(piece.from, 2 * use.step);
      piece.to = std::max<int64_t>(piece.to, 2 * use.step + 2);
    }
    begin = end;
    if (!life.pieces.empty() && life.pieces.back().from == piece.from && life.pieces.back().to == piece.to)
      life.pieces.back().end = end;
    else
      life.pieces.push_back(piece);
  }
  return life;
}

//===-- in place --------------------------------------------------------------------------------------------------===//

/// Whether pieces of the two families keep apart when `b` is moved by `shift` bytes.
bool Planner::familiesFit(int familyA, int familyB, int64_t shift) {
  for (unsigned memberA : families[familyA]) {
    const SliceLife &a = slices[memberA];
    for (unsigned memberB : families[familyB]) {
      const SliceLife &b = slices[memberB];
      int64_t offset = b.delta + shift - a.delta; // of b's bytes, seen from a's
      for (const PieceLife &p : a.pieces)
        for (const PieceLife &q : b.pieces)
          if (p.from < q.to && q.from < p.to && p.begin < q.end + offset && q.begin + offset < p.end)
            return false;
    }
  }
  return true;
}

bool overlap(const PieceLife &piece, const Use &use) { return piece.begin < use.end && use.begin < piece.end; }

/// `write` of the step takes over the memory of `read`: possible when both are boxes of one shape, nobody needs the
/// input afterwards or the output before, and no other operand of the step touches either.
bool Planner::tryInPlace(unsigned index, unsigned write, unsigned read) {
  Step &step = steps.steps[index];
  const PlannedView &input = step.reads[read], &output = step.writes[write];
  std::optional<Use> from = useOf(input, index, false), to = useOf(output, index, true);
  if (!from || !to || input.place.buffer == output.place.buffer || input.extents != output.extents ||
      input.place.strides != output.place.strides || input.element != output.element ||
      !input.place.offset.isConstant() || !output.place.offset.isConstant())
    return false;
  SliceLife &source = slices[sliceOf[input.place.buffer]], &target = slices[sliceOf[output.place.buffer]];
  auto sharedWithOther = [&](const PlannedView *own, ArrayRef<PlannedView> views, const SliceLife &slice) {
    return llvm::any_of(views,
                        [&](const PlannedView &view) { return &view != own && view.place.buffer == slice.buffer; });
  };
  if (sharedWithOther(&input, step.reads, source) || sharedWithOther(nullptr, step.writes, source) ||
      sharedWithOther(&output, step.writes, target) || sharedWithOther(nullptr, step.reads, target))
    return false;
  int64_t middle = 2 * int64_t(index) + 1;
  for (const PieceLife &piece : source.pieces)
    if (overlap(piece, *from) && piece.to != middle + 1)
      return false;
  for (const PieceLife &piece : target.pieces)
    if (overlap(piece, *to) && piece.from != middle - 1)
      return false;
  // Seen from the families' origins, the output's first byte must land on the input's.
  int64_t shift = source.delta + from->begin - (target.delta + to->begin);
  if (shift % alignmentBytes || (source.family == target.family && shift != 0))
    return false;
  SmallVector<PieceLife> sourceBefore = source.pieces, targetBefore = target.pieces;
  for (PieceLife &piece : source.pieces)
    if (overlap(piece, *from))
      piece.to = middle;
  for (PieceLife &piece : target.pieces)
    if (overlap(piece, *to))
      piece.from = middle;
  int sourceFamily = source.family, targetFamily = target.family;
  bool fits = sourceFamily == targetFamily || familiesFit(sourceFamily, targetFamily, shift);
  if (!fits) {
    source.pieces = sourceBefore;
    target.pieces = targetBefore;
    return false;
  }
  if (sourceFamily != targetFamily) {
    for (unsigned member : families[targetFamily]) {
      slices[member].family = sourceFamily;
      slices[member].delta += shift;
    }
    llvm::append_range(families[sourceFamily], std::exchange(families[targetFamily], {}));
  }
  step.inPlace[write] = read;
  return true;
}

SmallVector<SliceLife> Planner::run(unsigned &inPlace) {
  for (auto [index, buffer] : llvm::enumerate(steps.buffers)) {
    if (buffer.kind != PlannedBuffer::Slice || uses[index].empty())
      continue;
    sliceOf[index] = slices.size();
    slices.push_back(lifeOf(index));
    slices.back().family = families.size();
    families.push_back({sliceOf[index]});
  }
  for (auto [index, step] : llvm::enumerate(steps.steps)) {
    if (step.kind != Step::Launch)
      continue;
    auto kernel = SymbolTable::lookupNearestSymbolFrom(step.op, cast<func::CallOp>(step.op).getCalleeAttr());
    auto allowed = kernel->getAttrOfType<DenseI64ArrayAttr>(mayAliasAttrName);
    for (unsigned write = 0; allowed && write < step.writes.size() && write < size_t(allowed.size()); ++write)
      if (allowed[write] >= 0 && size_t(allowed[write]) < step.reads.size())
        inPlace += tryInPlace(index, write, allowed[write]);
  }
  return std::move(slices);
}

} // namespace

SmallVector<SliceLife> weft::plan::planLifetimes(Steps &steps, const Bounds &bounds, unsigned &inPlace) {
  return Planner(steps, bounds).run(inPlace);
}
