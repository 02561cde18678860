// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Normalisations, softmax and reductions over dimensions: statistics of a part of the tensor, then one pass over its elements. The
// statistics of a row of parts are made just before its elements, so that a tensor is read from memory once.
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/OpKinds.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {
namespace {

/// Elements of a row that are computed faster as part of a vector than one by one.
constexpr int64_t fewestElements = 3;

/// Elements of rows whose statistics are made together: they stay in the first-level cache.
constexpr int64_t mostTogether = 4096;

using Names = llvm::StringSet<llvm::MallocAllocator>;

/// Planes on blocks have a family of their own.
bool reducesDimensions(Operation *op) {
  bool isPacked = isBlocked(op->getOperand(0).getType());
  if (sumsPlanes(op))
    return false;
  return isa<LayernormOp, ChannelnormOp, SoftmaxOp, LogSoftmaxOp, ReduceSumOp, ReduceMeanOp, ReduceMaxOp, ReduceMinOp>(op) ||
         (isChannelNorm(op) && !isPacked);
}

/// Where statistics are made, and the loops of the output around and inside.
struct Rows {
  Rows(const KernelView &kernel, const Machine &machine);

  SmallVector<StringRef> order; ///< of the output's loops
  StringRef at;                 ///< inside which the statistics of a row lie; empty: before all
  /// Where rows are not long: the loop over them that is cut. Statistics of several fill a vector where rows are shorter than one, and
  /// elements of one row need not wait for the end of its own sum alone.
  StringRef together;
};

/// Loops that statistics share with the output go outside. The innermost of those runs inside again where others stood
/// outside it (pixels inside channel blocks): a row of parts then has its statistics made together.
Rows::Rows(const KernelView &kernel, const Machine &machine) {
  const StageView &out = kernel.output();
  Names shared;
  bool isFirst = true;
  for (const StageView &stage : kernel.stages) {
    if (!stage.isReduction())
      continue;
    Names own;
    for (StringRef loop : refs(stage.loops))
      if (isFirst || shared.contains(loop))
        own.insert(loop);
    shared = std::move(own);
    isFirst = false;
  }
  SmallVector<StringRef> kept, others;
  bool otherStandsOutside = false;
  for (StringRef loop : refs(out.loops)) {
    bool isKept = shared.contains(loop);
    otherStandsOutside |= isKept && !others.empty();
    (isKept ? kept : others).push_back(loop);
  }
  if (otherStandsOutside) {
    StringRef inner = kept.pop_back_val();
    auto place = llvm::find_if(others, [&](StringRef loop) { return llvm::find(out.loops, loop) > llvm::find(out.loops, inner); });
    others.insert(place, inner);
  }
  order = kept;
  if (!kept.empty() && kept.back() == out.loops.back()) // that one becomes vectors
    kept.pop_back();
  if (!kept.empty())
    at = kept.back();
  order.append(others);
  bool alongRows = others.size() == 1 && others.front() == out.loops.back();
  int64_t elements = out.extents.back();
  bool waits = elements > 0 && elements * machine.vector <= mostTogether;
  if (alongRows && !at.empty() && waits && out.extentOf(at) >= machine.vector) {
    together = std::exchange(at, "rows");
    order.insert(llvm::find(order, together), at);
    *llvm::find(order, together) = "row";
  }
}

class Reduction final : public Family {
public:
  StringRef name() const override { return "reduction"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    if (head->getNumOperands() == 0 || !reducesDimensions(head))
      return;
    auto type = cast<RankedTensorType>(head->getOperand(0).getType());
    Choice choice;
    choice.block = isBlocked(type) ? machine.vector : 0;
    choice.cycles = type.hasStaticShape() ? 3.0 * double(type.getNumElements()) / machine.vector : 1e6;
    choice.parameters = makeParameters(head->getContext(), name(), {});
    choices.push_back(choice);
  }

  ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    if (!kernel.stages.empty() && kernel.output().loops.empty())
      return scheduleAnything(kernel, machine);
    Rows rows(kernel, machine);
    SmallVector<StageAttr> stages;
    for (const StageView &view : ArrayRef(kernel.stages).drop_back())
      stages.push_back(statistics(kernel, view, rows, machine));
    stages.push_back(output(kernel, rows, machine));
    return ScheduleAttr::get(kernel.getContext(), stages);
  }

private:
  /// The innermost of a stage's loops as vectors, in whichever of its definitions the builder is.
  static SmallVector<StringRef> vectorize(StageBuilder &stage, const StageView &view, const Machine &machine, Tail tail) {
    StringRef inner = view.loops.back();
    int64_t extent = view.extents.back();
    if (extent == machine.vector) {
      stage.vectorize(inner);
      return {inner};
    }
    bool divides = extent > 0 && extent % machine.vector == 0;
    stage.split(inner, "vo", "vi", machine.vector, divides ? Tail::Exact : extent > machine.vector ? tail : Tail::Predicate);
    stage.vectorize("vi");
    return {"vo", "vi"};
  }

  static StageAttr statistics(const KernelView &kernel, const StageView &view, const Rows &rows, const Machine &machine) {
    StageBuilder stage(kernel.getContext(), view.name);
    if (rows.at.empty())
      stage.computeRoot();
    else
      stage.computeAt(kernel.output().name, rows.at);
    bool isOne = !view.loops.empty() && view.loops.back() == rows.at; // of its innermost loop: vectors would be of others, too
    if (view.inLanes || view.loops.empty() || isOne || !isWide(view, machine))
      return stage.get();
    vectorize(stage, view, machine, Tail::ShiftInwards);
    if (!view.isReduction())
      return stage.get();
    stage.onUpdate();
    SmallVector<StringRef> inner = vectorize(stage, view, machine, Tail::Predicate), order = refs(view.reduction);
    if (inner.size() > 1)
      order.insert(order.begin(), inner.front());
    order.push_back(inner.back());
    stage.reorder(order);
    return stage.get();
  }

  /// Whether vectors along the innermost loop pay: part of one does where elements are computed, exponentials most of all.
  static bool isWide(const StageView &view, const Machine &machine) {
    int64_t extent = view.extents.back(), least = view.isReduction() ? machine.vector : fewestElements;
    return extent < 0 || extent >= least;
  }

  static StageAttr output(const KernelView &kernel, const Rows &rows, const Machine &machine) {
    const StageView &out = kernel.output();
    StageBuilder stage(kernel.getContext(), out.name);
    if (!rows.together.empty())
      stage.split(rows.together, rows.at, "row", machine.vector, Tail::Predicate);
    SmallVector<StringRef> inner = vectorize(stage, out, machine, Tail::Predicate), order;
    for (StringRef loop : rows.order) {
      if (loop != out.loops.back())
        order.push_back(loop);
      else
        order.push_back(inner.front());
    }
    if (inner.size() > 1)
      order.push_back(inner.back());
    stage.reorder(order);
    for (StringRef loop : rows.order) {
      if (loop == out.loops.back())
        break;
      if (loop == rows.at || out.extentOf(loop) != 1) {
        stage.parallel(loop);
        break;
      }
    }
    return stage.get();
  }
};

} // namespace

const Family &reductionFamily() {
  static const Reduction family;
  return family;
}

} // namespace weft
