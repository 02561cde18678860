// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Counts what a plan states; decides and changes nothing.
#include "compiler/Emit/Host/PlanReport.h"

#include "dialects/Weft/Weft.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace weft;
using namespace weft::emit;

namespace {

class Reporter {
public:
  explicit Reporter(plan::ProgramOp program) : program(program), bounds(program.getBounds()) {}
  PlanReport run();

private:
  /// The border of a part of a buffer.
  struct Border {
    int64_t begin, end; ///< bytes of the buffer the part covers
    int64_t bytes;      ///< of these, border
  };
  Border borderOf(plan::BorderOp border);
  int64_t borderIn(const plan::SliceOp::Piece &piece, mlir::Value buffer) const;
  void describe(mlir::Operation *op, PlanReport::Step &step);
  void countStrips(plan::LaunchOp launch, PlanReport::Step &step) const;
  void addLiveBytes();

  plan::ProgramOp program;
  plan::Bounds bounds;
  PlanReport report;
  DenseMap<mlir::Value, SmallVector<Border>> borders; ///< of each buffer
};

/// All elements of the box less those of its interior; what neighbouring rows share counts once.
Reporter::Border Reporter::borderOf(plan::BorderOp border) {
  plan::ViewAttr view = border.getView();
  int64_t all = 1, interior = 1;
  for (auto [extent, stride, low, high] :
       reverse(zip_equal(view.getExtents(), view.getStrides(), border.getLow(), border.getHigh()))) {
    int64_t count = extent.evaluate(bounds).value_or(0), apart = stride.evaluate(bounds).value_or(0);
    all += std::max<int64_t>(count - 1, 0) * std::min(apart, all);
    interior *= std::max<int64_t>(count - low - high, 0);
  }
  auto [begin, end] = view.coveredBytes(bounds).value_or(std::pair<int64_t, int64_t>(0, 0));
  return {begin, end, (all - interior) * view.getElementBytes()};
}

/// Pieces are whole channels, and every channel has as much border.
int64_t Reporter::borderIn(const plan::SliceOp::Piece &piece, mlir::Value buffer) const {
  int64_t bytes = 0;
  for (const Border &border : borders.lookup(buffer)) {
    int64_t shared = std::min(piece.end, border.end) - std::max(piece.begin, border.begin);
    if (shared > 0)
      bytes += int64_t(double(border.bytes) * double(shared) / double(border.end - border.begin));
  }
  return bytes;
}

/// As a kernel cuts them when it is called: equal ones, the last moved back (directive `strips`).
void Reporter::countStrips(plan::LaunchOp launch, PlanReport::Step &step) const {
  mlir::Operation *kernel = mlir::SymbolTable::lookupNearestSymbolFrom(launch, launch.getKernelAttr());
  auto choice = kernel ? kernel->getAttrOfType<mlir::DictionaryAttr>("weft.choice") : mlir::DictionaryAttr();
  auto number = [&](StringRef key) {
    auto value = choice ? choice.getAs<mlir::IntegerAttr>(key) : mlir::IntegerAttr();
    return value ? value.getInt() : 0;
  };
  auto outputs = launch.getOutputViews().getAsRange<plan::ViewAttr>();
  int64_t rows = number("rows"), least = number("strip");
  if (rows < 1 || least < 1 || (*outputs.begin()).getExtents().size() < 3)
    return;
  int64_t height = (*outputs.begin()).getExtents()[2].evaluate(bounds).value_or(0);
  int64_t steps = divideCeil(height, rows);
  int64_t stepsOfStrip = std::max<int64_t>(divideCeil(steps, report.threads), divideCeil(least, rows));
  step.strips = divideCeil(steps, stepsOfStrip);
  step.againPermille = (step.strips - 1) * number("again_permille") +
                       1000 * (step.strips * stepsOfStrip - steps) / std::max<int64_t>(steps, 1);
}

void Reporter::describe(mlir::Operation *op, PlanReport::Step &step) {
  step.path = pathOf(op->getLoc()).str();
  if (auto launch = mlir::dyn_cast<plan::LaunchOp>(op)) {
    step.kind = "launch";
    step.path = launch.getPath().str();
    step.kernel = launch.getKernel().str();
    step.inPlace = launch.getInPlaceAttr() != nullptr;
    if (auto scratch = launch.getScratch() ? launch.getScratch().getDefiningOp<plan::SliceOp>() : plan::SliceOp())
      step.scratchBytes = scratch.getBytes();
    report.inPlace += step.inPlace;
    countStrips(launch, step);
  } else if (auto border = mlir::dyn_cast<plan::BorderOp>(op)) {
    step.kind = "border";
    borders[border.getBuffer()].push_back(borderOf(border));
    step.bytes = borders[border.getBuffer()].back().bytes;
    report.borderBytes += step.bytes;
  } else {
    auto copy = mlir::cast<plan::CopyOp>(op);
    step.kind = "copy";
    step.why = copy.getWhy().str();
    step.bytes = copy.getSourceView().elementCount(bounds).value_or(0) * copy.getSourceView().getElementBytes();
    report.copiedBytes += step.bytes;
    report.copiedBytesByReason[step.why] += step.bytes;
  }
}

/// The bytes alive during a step are those of its fuller half.
void Reporter::addLiveBytes() {
  std::vector<int64_t> live(2 * report.steps.size() + 2), border(live.size());
  for (auto slice : program.getBody().getOps<plan::SliceOp>())
    for (plan::SliceOp::Piece piece : slice.getPieces()) {
      int64_t bordering = borderIn(piece, slice.getBuffer());
      for (int64_t time = piece.from; time < piece.to && time < int64_t(live.size()); ++time) {
        live[time] += piece.end - piece.begin;
        border[time] += bordering;
      }
    }
  int64_t most = -1;
  for (auto [index, step] : enumerate(report.steps)) {
    size_t half = live[2 * index + 1] > live[2 * index] ? 2 * index + 1 : 2 * index;
    step.liveBytes = live[half];
    step.borderBytes = border[half];
    report.tensorBytes = std::max(report.tensorBytes, step.liveBytes - step.scratchBytes);
    for (size_t time : {2 * index, 2 * index + 1})
      report.bareBytes = std::max(report.bareBytes, live[time] - border[time] - step.scratchBytes);
    if (step.liveBytes <= most)
      continue;
    most = step.liveBytes;
    report.peak = step.path;
    report.peakBorderBytes = step.borderBytes;
    report.peakScratchBytes = step.scratchBytes;
  }
}

PlanReport Reporter::run() {
  report.name = program.getSymName().str();
  report.arenaBytes = program.getArenaBytes();
  report.threads = program.getPlannedThreads();
  report.threadBytes = program.getWorkerBytes();
  if (plan::ArenaOp arena = program.getArena())
    report.lowerBoundBytes = arena.getLowerBound();
  if (auto products = program->getParentOfType<mlir::ModuleOp>()->getAttrOfType<mlir::ArrayAttr>("weft.products"))
    for (auto entry : products.getAsRange<mlir::DictionaryAttr>()) {
      auto text = [&](StringRef key) {
        auto value = entry.getAs<mlir::StringAttr>(key);
        return value ? value.str() : std::string();
      };
      auto bytes = [&](StringRef key) {
        auto value = entry.getAs<mlir::IntegerAttr>(key);
        return value ? value.getInt() : 0;
      };
      report.products.push_back({text("path"), text("order"), bytes("bytes"), bytes("other_bytes")});
    }
  if (plan::WeightsOp weights = program.getWeights())
    report.weightBytes = weights.getBytes();
  for (mlir::Operation *op : program.getSteps())
    describe(op, report.steps.emplace_back());
  addLiveBytes();
  return std::move(report);
}

} // namespace

PlanReport weft::emit::reportPlan(plan::ProgramOp program) { return Reporter(program).run(); }

void weft::emit::printJson(const PlanReport &report, raw_ostream &out) {
  json::OStream json(out, 2);
  auto printStep = [&](const PlanReport::Step &step) {
    json.object([&] {
      json.attribute("kind", step.kind);
      json.attribute("path", json::fixUTF8(step.path));
      if (step.kind == "launch") {
        json.attribute("kernel", step.kernel);
        json.attribute("in_place", step.inPlace);
        json.attribute("scratch_bytes", step.scratchBytes);
        if (step.strips) {
          json.attribute("strips", step.strips);
          json.attribute("again_permille", step.againPermille);
        }
      } else {
        json.attribute("bytes", step.bytes);
      }
      if (!step.why.empty())
        json.attribute("why", step.why);
      json.attribute("live_bytes", step.liveBytes);
    });
  };
  json.object([&] {
    json.attribute("network", json::fixUTF8(report.name));
    json.attribute("arena_bytes", report.arenaBytes);
    json.attribute("lower_bound_bytes", report.lowerBoundBytes);
    json.attribute("gap_bytes", report.gapBytes());
    json.attribute("tensor_bytes", report.tensorBytes);
    json.attribute("bare_bytes", report.bareBytes);
    json.attributeObject("overhead", [&] {
      json.attribute("border_bytes", report.borderOverheadBytes());
      json.attribute("scratch_bytes", report.scratchOverheadBytes());
      json.attribute("alignment_bytes", report.gapBytes());
      json.attribute("percent", report.overheadPercent());
    });
    json.attribute("threads", report.threads);
    json.attribute("thread_bytes", report.threadBytes);
    json.attribute("weight_bytes", report.weightBytes);
    json.attribute("border_bytes", report.borderBytes);
    json.attribute("peak_border_bytes", report.peakBorderBytes);
    json.attribute("peak_scratch_bytes", report.peakScratchBytes);
    json.attribute("peak", json::fixUTF8(report.peak));
    json.attribute("in_place", int64_t(report.inPlace));
    json.attribute("copied_bytes", report.copiedBytes);
    json.attributeObject("copied_bytes_by_reason", [&] {
      for (auto &[why, bytes] : report.copiedBytesByReason)
        json.attribute(why, bytes);
    });
    if (!report.products.empty())
      json.attributeArray("products", [&] {
        for (const PlanReport::Product &product : report.products)
          json.object([&] {
            json.attribute("path", json::fixUTF8(product.path));
            json.attribute("order", product.order);
            json.attribute("bytes", product.bytes);
            json.attribute("other_bytes", product.otherBytes);
          });
      });
    json.attributeArray("steps", [&] {
      for (const PlanReport::Step &step : report.steps)
        printStep(step);
    });
  });
  out << '\n';
}
