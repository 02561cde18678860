// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Where lanes do not divide the row, the last turn moves back into the row and leaves out what was taken before, so every load
// is a whole vector inside the row.
#include "compiler/Kernel/LaneSums.h"

#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/Renumber.h"

#include <algorithm>

namespace weft::kernel {

namespace {

/// Lanes below this are halved in one expression.
constexpr int64_t smallestVector = 16;
/// Turns of lanes that are straight code.
constexpr int64_t mostUnrolled = 8;

/// The position along the row of lane `lane` in turn `turn`, and whether it is taken then.
struct Position {
  ExprPtr at, isTaken; ///< always taken: null
};

Position positionOf(ExprPtr turn, ExprPtr lane, int64_t extent, int64_t lanes) {
  ExprPtr first = binary(ScalarOp::Mul, turn, index(lanes));
  if (extent % lanes == 0)
    return {binary(ScalarOp::Add, first, lane), nullptr};
  ExprPtr at = binary(ScalarOp::Add, binary(ScalarOp::Min, first, index(extent - lanes)), lane);
  return {at, binary(ScalarOp::Ge, at, first)};
}

std::vector<ExprPtr> pureLoops(const Stage &stage) {
  std::vector<ExprPtr> at;
  for (size_t l = 0; l < stage.loops.size(); ++l)
    at.push_back(loop(int(l)));
  return at;
}

/// The accumulator's partner decides how two results of the same reduction are joined: as terms were.
ScalarOp joinOf(const Stage &stage) { return stage.update->value->op; }

/// Straight code knows which turn leaves lanes out. A sum of products stays a loop: LLVM would choose where to contract.
bool isUnrolled(const Update &update) {
  const Expr &value = *update.value, &join = value.kind == ExprKind::Select ? *value.args[1] : value;
  ExprPtr product;
  const Extent &extent = update.loops.front().extent;
  return update.loops.size() == 1 && extent.isFixed() && extent.value <= mostUnrolled && !isFusedMultiplyAdd(join, product);
}

/// `count` elements of `source` (stage `number`) along its last loop, joined in pairs half the count apart.
ExprPtr joined(ScalarOp op, int number, Scalar type, const std::vector<ExprPtr> &outer, int64_t count) {
  std::vector<ExprPtr> values;
  for (int64_t l = 0; l < count; ++l) {
    std::vector<ExprPtr> at = outer;
    at.push_back(index(l));
    values.push_back(loadStage(number, type, std::move(at)));
  }
  for (int64_t left = count; left > 1; left = left / 2)
    for (int64_t l = 0; l < left / 2; ++l)
      values[l] = binary(op, values[l], values[l + left / 2]);
  return values[0];
}

/// Half as many lanes of `source`, stage `number`.
Stage halved(const Stage &source, ScalarOp op, int number, int64_t lanes) {
  Stage half;
  half.name = source.name.substr(0, source.name.rfind('_')) + "_" + std::to_string(lanes);
  half.type = source.type;
  half.loops = source.loops;
  half.loops.back().extent = Extent::fixed(lanes);
  std::vector<ExprPtr> low = pureLoops(half), high = low;
  high.back() = binary(ScalarOp::Add, low.back(), index(lanes));
  half.init = binary(op, loadStage(number, half.type, low), loadStage(number, half.type, high));
  return half;
}

} // namespace

std::vector<Stage> spreadOverLanes(Stage &whole, int64_t extent, int64_t lanes, int first) {
  const ScalarOp join = joinOf(whole);
  const int pure = int(whole.loops.size());
  Stage spread;
  spread.name = whole.name + "_" + std::to_string(lanes);
  spread.type = whole.type;
  spread.loops = whole.loops;
  spread.loops.push_back({whole.update->loops.back().name + "_lane", Extent::fixed(lanes)});
  spread.init = whole.init;
  spread.update = std::move(whole.update);
  std::vector<Loop> &turns = spread.update->loops;

  std::vector<ExprPtr> loops = pureLoops(whole);
  for (size_t l = 0; l + 1 < turns.size(); ++l)
    loops.push_back(loop(pure + 1 + int(l)));
  Position position{loop(pure), nullptr};
  if (extent == lanes && turns.size() > 1) {
    turns.pop_back();
  } else {
    position = positionOf(loop(pure + int(turns.size())), loop(pure), extent, lanes);
    turns.back().extent = Extent::fixed((extent + lanes - 1) / lanes);
  }
  loops.push_back(position.at);
  Renumber renumber(std::move(loops));
  spread.update->predicate = renumber(spread.update->predicate);
  spread.update->value = renumber(spread.update->value);
  if (position.isTaken)
    spread.update->value = select(position.isTaken, spread.update->value, accumulator(spread.type));

  std::vector<Stage> stages;
  stages.push_back(std::move(spread));
  while (lanes > smallestVector) {
    lanes /= 2;
    stages.push_back(halved(stages.back(), join, first + int(stages.size()) - 1, lanes));
  }
  whole.init = joined(join, first + int(stages.size()) - 1, whole.type, pureLoops(whole), lanes);
  return stages;
}

void scheduleLanes(KernelDesc &desc, const std::string &whole, const std::vector<std::string> &helpers) {
  const Stage &stage = desc.stages[findStage(desc, whole)];
  auto schedule = std::find_if(desc.schedule.begin(), desc.schedule.end(),
                               [&](const StageSchedule &one) { return one.stage == whole; });
  std::vector<StageSchedule> made;
  for (const std::string &name : helpers) {
    const Stage &helper = desc.stages[findStage(desc, name)];
    const std::string &lane = helper.loops.back().name;
    StageSchedule own{name, {}};
    own.directives.push_back(stage.loops.empty() ? computeRoot() : computeAt(whole, stage.loops.back().name));
    own.directives.push_back(vectorize(lane));
    if (helper.update) {
      std::vector<std::string> order;
      for (const Loop &loop : helper.update->loops)
        order.push_back(loop.name);
      order.push_back(lane);
      own.directives.push_back(onUpdate(reorder(order)));
      own.directives.push_back(onUpdate(vectorize(lane)));
      if (isUnrolled(*helper.update))
        own.directives.push_back(onUpdate(unroll(helper.update->loops.back().name)));
    }
    made.push_back(std::move(own));
  }
  desc.schedule.insert(schedule, made.begin(), made.end());
}

} // namespace weft::kernel
