// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Steps as an ordering problem and back. Storage is the pieces of slices; a step runs behind those listed before it that
// write what it touches or touch what it writes. What will work in place in every order is one storage with its operand.
// The order found counts only if lifetimes, with all that works in place, say that it is better.
#include "compiler/Transforms/Plan/OrderSteps.h"

#include "compiler/MemoryPlan/Order.h"
#include "compiler/Transforms/Plan/Lifetimes.h"
#include "compiler/Transforms/Plan/Uses.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;
using namespace weft::plan;
using weft::memplan::OrderProblem;

namespace {

/// States of one exact search (of 256 networks none needs less memory with four times as many), and looks at operations in all of them: bounds that end
/// at the same place on every machine.
/// Time is only a last resort.
constexpr int64_t searchStates = 25'000, searchWork = 300'000'000;
constexpr double searchSeconds = 30;
/// Who comes before whom is a matrix of bits; larger networks do without what works in place.
constexpr size_t mostForAncestors = 20'000;

class Problem {
public:
  Problem(const Steps &steps, const Bounds &bounds) : steps(steps), uses(collectUses(steps, bounds)) {
    problem.operations.resize(steps.steps.size());
    for (auto [buffer, all] : uses) {
      addDependences(all);
      if (steps.buffers[buffer].kind == PlannedBuffer::Slice)
        addStorage(buffer, all);
    }
    keepParts();
    for (OrderProblem::Operation &operation : problem.operations) {
      llvm::sort(operation.after);
      operation.after.erase(llvm::unique(operation.after), operation.after.end());
    }
    joinInPlace();
  }

  const OrderProblem &get() const { return problem; }

  /// No order needs less than its largest step.
  int64_t largestStep() const {
    int64_t most = 0;
    for (const OrderProblem::Operation &operation : problem.operations) {
      llvm::SmallDenseSet<int> touched(operation.reads.begin(), operation.reads.end());
      touched.insert(operation.writes.begin(), operation.writes.end());
      int64_t bytes = 0;
      for (int storage : touched)
        bytes += problem.sizes[storage];
      most = std::max(most, bytes);
    }
    return most;
  }

private:
  void addDependences(ArrayRef<Use> all) {
    for (size_t later = 1; later < all.size(); ++later)
      for (size_t earlier = 0; earlier < later; ++earlier) {
        const Use &a = all[earlier], &b = all[later];
        if ((a.writes || b.writes) && a.step != b.step && a.begin < b.end && b.begin < a.end)
          problem.operations[b.step].after.push_back(a.step);
      }
  }

  /// Launches of one layer, which are parts of a batch, run in the order in which they are listed: whoever looks between kernels takes
  /// them for the samples in order.
  void keepParts() {
    llvm::DenseMap<std::pair<Attribute, Attribute>, int> last;
    for (auto [index, step] : llvm::enumerate(steps.steps)) {
      if (step.kind != Step::Launch)
        continue;
      auto call = cast<func::CallOp>(step.op);
      auto [before, isFirst] = last.try_emplace({Attribute(LocationAttr(call.getLoc())), call.getCalleeAttr()}, index);
      if (!isFirst)
        problem.operations[index].after.push_back(std::exchange(before->second, index));
    }
  }

  void addStorage(int buffer, ArrayRef<Use> all) {
    int64_t begin = 0;
    for (int64_t end : pieceEnds(steps, buffer, all)) {
      int storage = problem.sizes.size();
      problem.sizes.push_back(end - begin);
      pieces[buffer].push_back({begin, end, storage});
      for (const Use &use : all)
        if (use.begin < end && begin < use.end) {
          auto &operation = problem.operations[use.step];
          (use.writes ? operation.writes : operation.reads).push_back(storage);
        }
      begin = end;
    }
  }

  //===-- in place ------------------------------------------------------------------------------------------------===//

  struct Piece {
    int64_t begin, end;
    int storage;
  };

  /// The storage that is exactly the bytes of `view`'s buffer, when the view lies in one piece; -1 if not.
  int onlyStorage(const PlannedView &view) const {
    auto found = pieces.find(view.place.buffer);
    return found != pieces.end() && found->second.size() == 1 ? found->second.front().storage : -1;
  }

  void joinInPlace() {
    if (steps.steps.size() > mostForAncestors)
      return;
    std::vector<llvm::BitVector> ancestors;
    llvm::EquivalenceClasses<int> same;
    for (auto [index, step] : llvm::enumerate(steps.steps)) {
      if (step.kind != Step::Launch)
        continue;
      auto kernel = SymbolTable::lookupNearestSymbolFrom(step.op, cast<func::CallOp>(step.op).getCalleeAttr());
      auto allowed = kernel->getAttrOfType<DenseI64ArrayAttr>(mayAliasAttrName);
      if (!allowed || allowed.size() != 1 || step.writes.size() != 1 || allowed[0] < 0 ||
          size_t(allowed[0]) >= step.reads.size())
        continue;
      const PlannedView &input = step.reads[allowed[0]], &output = step.writes[0];
      int from = onlyStorage(input), to = onlyStorage(output);
      if (from < 0 || to < 0 || from == to || problem.sizes[from] != problem.sizes[to] ||
          input.place.strides != output.place.strides || input.extents != output.extents)
        continue;
      if (ancestors.empty())
        ancestors = ancestorsOfAll();
      bool last = llvm::all_of(uses.find(input.place.buffer)->second, [&](const Use &use) {
        return use.step == index || ancestors[index].test(use.step);
      });
      bool first = llvm::all_of(uses.find(output.place.buffer)->second, [&](const Use &use) {
        return use.step == index || ancestors[use.step].test(index);
      });
      if (last && first)
        same.unionSets(from, to);
    }
    for (OrderProblem::Operation &operation : problem.operations)
      for (std::vector<int> *all : {&operation.reads, &operation.writes})
        for (int &storage : *all)
          if (auto leader = same.findLeader(storage); leader != same.member_end())
            storage = *leader;
  }

  std::vector<llvm::BitVector> ancestorsOfAll() const {
    size_t count = problem.operations.size();
    std::vector<llvm::BitVector> ancestors(count, llvm::BitVector(count));
    for (size_t i = 0; i < count; ++i)
      for (int before : problem.operations[i].after) {
        ancestors[i] |= ancestors[before];
        ancestors[i].set(before);
      }
    return ancestors;
  }

  const Steps &steps;
  llvm::DenseMap<int, SmallVector<Use>> uses;
  llvm::DenseMap<int, SmallVector<Piece>> pieces;
  OrderProblem problem;
};

/// The most bytes alive at once, by the lifetimes these steps would get.
int64_t peakOf(Steps steps, const Bounds &bounds) {
  unsigned inPlace = 0;
  std::vector<int64_t> change(2 * steps.steps.size() + 2);
  for (const SliceLife &slice : planLifetimes(steps, bounds, inPlace))
    for (const PieceLife &piece : slice.pieces) {
      change[piece.from] += piece.end - piece.begin;
      change[piece.to] -= piece.end - piece.begin;
    }
  int64_t alive = 0, peak = 0;
  for (int64_t bytes : change)
    peak = std::max(peak, alive += bytes);
  return peak;
}

} // namespace

int64_t weft::plan::orderSteps(Steps &steps, const Bounds &bounds) {
  Problem problem(steps, bounds);
  std::vector<int> listed(steps.steps.size());
  std::iota(listed.begin(), listed.end(), 0);
  if (!check(problem.get()).empty() || orderPeakBytes(problem.get(), listed) <= problem.largestStep())
    return 0;
  memplan::OrderResult found = chooseOrder(problem.get(), {searchSeconds, searchStates, searchWork});
  if (found.order == listed || !isOrder(problem.get(), found.order))
    return 0;
  Steps reordered = steps;
  for (auto [place, index] : llvm::enumerate(found.order))
    reordered.steps[place] = steps.steps[index];
  int64_t saved = peakOf(steps, bounds) - peakOf(reordered, bounds);
  if (saved <= 0)
    return 0;
  steps = std::move(reordered);
  return saved;
}
