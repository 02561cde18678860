// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Rows are followed backwards from the output, step by step, through the index maps of the stages. A stage that slides
// computes in a step only what no step before has, so that is all it asks of the stages before it.
#include "compiler/Schedule/LineBuffers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace weft {

/// The stored dimension of rows: `n cb y x c` and `n ch y x`.
static constexpr unsigned rowDim = 2;

StringRef rowLoopOf(const StageView &stage) {
  bool blocked = stage.loops.size() == 5 && stage.loops[1] == "cb", plain = stage.loops.size() == 4 && stage.loops[1] == "ch";
  return (blocked || plain) && stage.loops[rowDim] == "y" ? StringRef(stage.loops[rowDim]) : StringRef();
}

namespace {

struct Interval {
  int64_t low = 0, high = -1;
  bool isEmpty() const { return high < low; }
  void join(Interval other) {
    if (other.isEmpty())
      return;
    *this = isEmpty() ? other : Interval{std::min(low, other.low), std::max(high, other.high)};
  }
};

/// The values of `expr` where each dimension runs over its interval.
std::optional<Interval> valuesOf(AffineExpr expr, ArrayRef<Interval> dims) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return dims[dim.getPosition()];
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return Interval{constant.getValue(), constant.getValue()};
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  std::optional<Interval> left = valuesOf(binary.getLHS(), dims), right = valuesOf(binary.getRHS(), dims);
  if (!left || !right)
    return std::nullopt;
  if (binary.getKind() == AffineExprKind::Add)
    return Interval{left->low + right->low, left->high + right->high};
  bool scales = binary.getKind() == AffineExprKind::Mul && right->low == right->high && right->low >= 0;
  if (!scales)
    return std::nullopt;
  return Interval{left->low * right->low, left->high * right->low};
}

/// A stage's reads of another stage.
struct Read {
  unsigned producer;
  AffineExpr row; ///< in the reader's loops; null: the reader's own row
};

class Follower {
public:
  Follower(const KernelView &kernel, int64_t rows, bool anywhere) : kernel(kernel), rows(rows), anywhere(anywhere) {}

  std::optional<SmallVector<LineBuffer>> run() {
    if (!collect())
      return std::nullopt;
    SmallVector<LineBuffer> buffers(kernel.stages.size());
    SmallVector<Interval> before(kernel.stages.size());
    int64_t height = kernel.output().extents[rowDim];
    for (int64_t first = 0; first < height; first += rows)
      if (!step(first, height, before, buffers))
        return std::nullopt;
    for (int64_t first = 0; anywhere && first < height; first += rows) {
      SmallVector<Interval> nothing(kernel.stages.size());
      if (!step(first, height, nothing, buffers))
        return std::nullopt;
    }
    return buffers;
  }

private:
  bool step(int64_t first, int64_t height, SmallVector<Interval> &before, SmallVector<LineBuffer> &buffers) {
    SmallVector<Interval> needed(kernel.stages.size());
    needed.back() = {first, std::min(first + rows, height) - 1};
    return follow(needed, before, buffers);
  }

  bool collect() {
    llvm::DenseMap<Value, unsigned> numbers;
    for (auto [number, stage] : llvm::enumerate(kernel.stages)) {
      if (rowLoopOf(stage).empty() || stage.extents[rowDim] < 0)
        return false;
      numbers[stage.op->getResult(0)] = number;
    }
    reads.resize(kernel.stages.size());
    for (auto [number, stage] : llvm::enumerate(kernel.stages))
      if (!collectReads(stage.op, reads[number], numbers))
        return false;
    return true;
  }

  static bool collectReads(Operation *op, SmallVector<Read> &reads, const llvm::DenseMap<Value, unsigned> &numbers) {
    if (auto pad = dyn_cast<tensor::PadOp>(op)) {
      if (auto found = numbers.find(pad.getSource()); found != numbers.end())
        reads.push_back({found->second, getAffineDimExpr(rowDim, op->getContext()) - pad.getStaticLow()[rowDim]});
      return true;
    }
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic)
      return false;
    for (OpOperand &operand : generic->getOpOperands())
      if (auto found = numbers.find(operand.get()); found != numbers.end())
        reads.push_back({found->second, generic.getMatchingIndexingMap(&operand).getResult(rowDim)});
    bool good = true;
    generic.getRegion().walk([&](tensor::ExtractOp extract) {
      auto found = numbers.find(extract.getTensor());
      if (found == numbers.end())
        return;
      auto row = extract.getIndices()[rowDim].getDefiningOp<linalg::IndexOp>();
      good &= row && row.getDim() == rowDim;
      reads.push_back({found->second, AffineExpr()});
    });
    return good;
  }

  /// One step, consumers first.
  bool follow(SmallVector<Interval> &needed, SmallVector<Interval> &before, SmallVector<LineBuffer> &buffers) {
    for (unsigned number = kernel.stages.size(); number-- > 0;) {
      Interval now = needed[number];
      if (now.isEmpty())
        continue;
      LineBuffer &buffer = buffers[number];
      buffer.rows = std::max(buffer.rows, now.high - now.low + 1);
      Interval fresh = now;
      if (!before[number].isEmpty() && before[number].high >= now.low) {
        buffer.slides = true;
        fresh.low = before[number].high + 1;
      }
      before[number] = now;
      if (fresh.isEmpty())
        continue;
      for (const Read &read : reads[number])
        if (!ask(read, number, fresh, needed))
          return false;
    }
    return true;
  }

  bool ask(const Read &read, unsigned reader, Interval rowsOfReader, SmallVector<Interval> &needed) const {
    const StageView &stage = kernel.stages[reader];
    SmallVector<Interval> loops;
    for (int64_t extent : stage.extents)
      loops.push_back({0, extent - 1});
    for (int64_t extent : stage.reductionExtents)
      loops.push_back({0, extent - 1});
    loops[rowDim] = rowsOfReader;
    std::optional<Interval> asked = read.row ? valuesOf(read.row, loops) : rowsOfReader;
    if (!asked)
      return false;
    int64_t last = kernel.stages[read.producer].extents[rowDim] - 1; // a border asks for rows outside, and gets the edge
    needed[read.producer].join({std::clamp<int64_t>(asked->low, 0, last), std::clamp<int64_t>(asked->high, 0, last)});
    return true;
  }

  const KernelView &kernel;
  const int64_t rows;
  const bool anywhere;
  SmallVector<SmallVector<Read>> reads;
};

} // namespace

std::optional<SmallVector<LineBuffer>> lineBuffers(const KernelView &kernel, int64_t rows, bool anywhere) {
  if (kernel.stages.empty())
    return std::nullopt;
  return Follower(kernel, rows, anywhere).run();
}

} // namespace weft
