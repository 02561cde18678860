// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Rows are followed backwards from the output, step by step. A stage that slides computes in a step only what no step
// before has, so that is all it asks of the stages before it. Halide's sliding windows do the same, and like them a
// stage that makes no new row still asks for the rows between the last it made and the next: readers that lag behind
// others keep a stage's rows alive that long.
#include "compiler/Schedule/LineBuffers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace weft {

//===-- the walk
//----------------------------------------------------------------------------------------------------------===//

namespace {

struct Interval {
  int64_t low, high;
};

void join(std::optional<Interval> &all, Interval more) {
  all = all ? Interval{std::min(all->low, more.low), std::max(all->high, more.high)} : more;
}

class Walk {
public:
  Walk(ArrayRef<RowStage> stages) : stages(stages), before(stages.size()), buffers(stages.size()) {}

  SmallVector<LineBuffer> run(int64_t rows) {
    int64_t height = stages.back().height;
    for (int64_t first = 0; first < height; first += rows)
      step({first, std::min(first + rows, height) - 1});
    return std::move(buffers);
  }

private:
  /// Readers first.
  void step(Interval rows) {
    needed.assign(stages.size(), std::nullopt);
    needed.back() = rows;
    for (unsigned number = stages.size(); number-- > 0;) {
      if (!needed[number])
        continue;
      Interval fresh = makes(number, *needed[number]);
      for (const RowRead &read : stages[number].reads)
        ask(read, fresh);
    }
  }

  /// The rows a stage makes of those its readers ask for.
  Interval makes(unsigned number, Interval now) {
    LineBuffer &buffer = buffers[number];
    buffer.rows = std::max(buffer.rows, now.high - now.low + 1);
    Interval fresh = now;
    if (before[number] && *before[number] >= now.low) {
      buffer.slides = true;
      fresh.low = *before[number] + 1;
    }
    before[number] = now.high;
    return fresh;
  }

  void ask(const RowRead &read, Interval rows) {
    // A border asks for rows outside: those below the last are made, too (compiler/Kernel/WarmUp.h), those above the first before it is.
    Interval asked{std::max<int64_t>(rows.low * read.stride + read.low, 0),
                   std::max<int64_t>(rows.high * read.stride + read.high, 0)};
    join(needed[read.from], asked);
  }

  ArrayRef<RowStage> stages;
  SmallVector<std::optional<int64_t>> before; ///< the last row made
  SmallVector<std::optional<Interval>> needed;
  SmallVector<LineBuffer> buffers;
};

} // namespace

SmallVector<int64_t> rowsAlone(ArrayRef<RowStage> stages, int64_t rows) {
  SmallVector<std::optional<Interval>> needed(stages.size());
  needed.back() = {0, rows - 1};
  SmallVector<int64_t> counts(stages.size(), 0);
  for (unsigned number = stages.size(); number-- > 0;) {
    if (!needed[number])
      continue;
    Interval own = *needed[number];
    counts[number] = own.high - own.low + 1;
    for (const RowRead &read : stages[number].reads)
      join(needed[read.from], {own.low * read.stride + read.low, own.high * read.stride + read.high});
  }
  return counts;
}

SmallVector<LineBuffer> lineBuffers(ArrayRef<RowStage> stages, int64_t rows, bool anywhere) {
  SmallVector<LineBuffer> buffers = Walk(stages).run(rows);
  if (anywhere)
    for (auto [buffer, alone] : llvm::zip_equal(buffers, rowsAlone(stages, rows)))
      buffer.rows = std::max(buffer.rows, alone);
  return buffers;
}

//===-- kernels as rows
//---------------------------------------------------------------------------------------------------===//

/// The stored dimension of rows: `n cb y x c` and `n ch y x`.
static constexpr unsigned rowDim = 2;

StringRef rowLoopOf(const StageView &stage) {
  bool blocked = stage.loops.size() == 5 && stage.loops[1] == "cb", plain = stage.loops.size() == 4 && stage.loops[1] == "ch";
  return (blocked || plain) && stage.loops[rowDim] == "y" ? StringRef(stage.loops[rowDim]) : StringRef();
}

namespace {

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

class Reader {
public:
  explicit Reader(const KernelView &kernel) : kernel(kernel) {}

  std::optional<SmallVector<RowStage>> run() {
    for (auto [number, stage] : llvm::enumerate(kernel.stages)) {
      if (rowLoopOf(stage).empty() || stage.extents[rowDim] < 0)
        return std::nullopt;
      numbers[stage.op->getResult(0)] = number;
    }
    SmallVector<RowStage> stages;
    for (const StageView &stage : kernel.stages) {
      stages.push_back({stage.extents[rowDim], {}});
      if (!collect(stage, stages.back()))
        return std::nullopt;
    }
    return stages;
  }

private:
  bool collect(const StageView &stage, RowStage &rows) {
    if (auto pad = dyn_cast<tensor::PadOp>(stage.op)) {
      if (auto found = numbers.find(pad.getSource()); found != numbers.end())
        rows.reads.push_back({found->second, 1, -pad.getStaticLow()[rowDim], -pad.getStaticLow()[rowDim]});
      return true;
    }
    auto generic = dyn_cast<linalg::GenericOp>(stage.op);
    if (!generic)
      return false;
    bool good = true;
    for (OpOperand &operand : generic->getOpOperands())
      if (auto found = numbers.find(operand.get()); found != numbers.end())
        good &= addRead(found->second, generic.getMatchingIndexingMap(&operand).getResult(rowDim), stage, rows);
    generic.getRegion().walk([&](tensor::ExtractOp extract) {
      auto found = numbers.find(extract.getTensor());
      if (found == numbers.end())
        return;
      auto row = extract.getIndices()[rowDim].getDefiningOp<linalg::IndexOp>();
      good &= row && row.getDim() == rowDim;
      rows.reads.push_back({found->second});
    });
    return good;
  }

  /// `row` is affine, so two rows tell all.
  static bool addRead(unsigned from, AffineExpr row, const StageView &stage, RowStage &rows) {
    SmallVector<Interval> loops;
    for (int64_t extent : stage.extents)
      loops.push_back({0, extent - 1});
    for (int64_t extent : stage.reductionExtents)
      loops.push_back({0, extent - 1});
    loops[rowDim] = {0, 0};
    std::optional<Interval> first = valuesOf(row, loops);
    loops[rowDim] = {1, 1};
    std::optional<Interval> second = valuesOf(row, loops);
    if (!first || !second || second->low < first->low)
      return false;
    rows.reads.push_back({from, second->low - first->low, first->low, first->high});
    return true;
  }

  const KernelView &kernel;
  llvm::DenseMap<Value, unsigned> numbers;
};

} // namespace

std::optional<SmallVector<RowStage>> rowStages(const KernelView &kernel) {
  if (kernel.stages.empty())
    return std::nullopt;
  return Reader(kernel).run();
}

} // namespace weft
