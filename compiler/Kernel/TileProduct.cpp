// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Which loops become steps and words follows from how the two sides are read; all other indices stay as they are.
#include "compiler/Kernel/TileProduct.h"

#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/Renumber.h"

#include <algorithm>
#include <bit>
#include <set>

namespace weft::kernel {

uint32_t bf16Part(ScalarOp op, float low, float high) {
  auto part = [&](float value) {
    constexpr uint32_t upper = 0xffff0000;
    auto cut = [](float rest) { return std::bit_cast<uint32_t>(rest) & upper; };
    for (ScalarOp at : {ScalarOp::Bf16High, ScalarOp::Bf16Middle})
      if (at != op)
        value -= std::bit_cast<float>(cut(value));
      else
        break;
    return cut(value);
  };
  return part(high) | part(low) >> 16;
}

double tileDot(const uint32_t words[6]) {
  double sum = 0;
  for (int shift : {16, 0}) {
    double parts[6];
    for (int i = 0; i < 6; ++i)
      parts[i] = std::bit_cast<float>((words[i] << shift) & 0xffff0000);
    for (int a = 0; a < 3; ++a)
      for (int b = 0; a + b < 3; ++b)
        sum += parts[a] * parts[3 + b];
  }
  return sum;
}

bool isTileSum(const Stage &stage) {
  if (!stage.update)
    return false;
  const Expr &value = *stage.update->value;
  return value.kind == ExprKind::Binary && value.op == ScalarOp::Add && value.args[1]->kind == ExprKind::TileDot;
}

namespace {

bool isLoop(const Expr &expr, int loop) { return expr.kind == ExprKind::LoopIndex && expr.ref == loop; }

bool reads(const Expr &expr, int loop) {
  return isLoop(expr, loop) ||
         std::any_of(expr.args.begin(), expr.args.end(), [&](const ExprPtr &arg) { return reads(*arg, loop); });
}

bool isLoad(const Expr &expr) { return expr.kind == ExprKind::LoadOperand || expr.kind == ExprKind::LoadStage; }

class Splitter {
public:
  Splitter(const KernelDesc &desc, Stage &sum, int first) : desc(desc), sum(sum), first(first) {}

  std::optional<SplitSides> run() {
    ExprPtr product;
    if (!sum.update || sum.update->predicate || sum.update->loops.empty() || sum.loops.empty() || !startsFromZero() ||
        !isFusedMultiplyAdd(*sum.update->value, product))
      return std::nullopt;
    const int pure = static_cast<int>(sum.loops.size()), columns = pure - 1;
    ExprPtr a = product->args[0], b = product->args[1];
    if (!isLoad(*a) || !isLoad(*b))
      return std::nullopt;
    if (!isLoop(*b->args.back(), columns))
      std::swap(a, b);
    outer = pure;
    inner = pure + static_cast<int>(sum.update->loops.size()) - 1;
    isWhole = outer == inner;
    const Extent &turns = sum.update->loops.back().extent;
    bool fits = turns.isFixed() && (isWhole ? turns.value >= termsOfStep : turns.value == wordsOfStep);
    if (!fits || !isLoop(*b->args.back(), columns) || !splits(*a) || !splits(*b) || !isLoop(*a->args.back(), inner) ||
        reads(*a, columns))
      return std::nullopt;
    SplitSides sides{stageOf(*a, sideA), std::nullopt};
    std::vector<ExprPtr> args = partsOf(*a, first);
    if (isWhole)
      sides.b = stageOf(*b, sideB);
    for (ExprPtr &arg : isWhole ? partsOf(*b, first + 1) : numbersOf(*b))
      args.push_back(std::move(arg));
    rewriteUpdate(std::move(args));
    return sides;
  }

private:
  bool startsFromZero() const { return sum.init && sum.init->kind == ExprKind::Constant && sum.init->constant == 0; }

  /// Each reduction loop at the ends is an index by itself, or stands nowhere.
  bool splits(const Expr &load) const {
    for (int loop : {outer, inner}) {
      int count = 0;
      for (const ExprPtr &arg : load.args) {
        if (reads(*arg, loop) && !isLoop(*arg, loop))
          return false;
        count += isLoop(*arg, loop);
      }
      if (count != 1)
        return false;
    }
    return true;
  }

  Extent extentOf(const Expr &load, size_t dim) const {
    if (load.kind == ExprKind::LoadStage)
      return desc.stages[load.ref].loops[dim].extent;
    const OperandDim &of = desc.operands[load.ref].dims[dim];
    return of.extent >= 0 ? Extent::fixed(of.extent) : Extent::ofOperand(load.ref, static_cast<int>(dim));
  }

  static Extent inSteps(Extent extent, int64_t per) {
    if (extent.isFixed())
      extent.value = (extent.value + per - 1) / per;
    else
      extent.per *= per;
    return extent;
  }

  /// How many turns of the outer loop make one step.
  int64_t turnsOfStep() const { return isWhole ? termsOfStep : 2; }

  const Loop &loopAt(int number) const {
    size_t pure = sum.loops.size();
    return size_t(number) < pure ? sum.loops[number] : sum.update->loops[number - pure];
  }

  /// The name of the first loop an index reads, each once in a stage.
  std::string nameOf(const Expr &index, std::set<std::string> &taken) const {
    std::string name = "at";
    for (int loop = 0; loop <= inner; ++loop)
      if (reads(index, loop)) {
        name = loopAt(loop).name;
        break;
      }
    while (!taken.insert(name).second)
      name += "_";
    return name;
  }

  /// One loop a dimension of what is read, parts outside; of the dimension that is summed, steps and words.
  Stage stageOf(const Expr &load, const char *suffix) const {
    Stage stage;
    stage.name = sum.name + suffix;
    stage.type = Scalar::I32;
    stage.loops.push_back({"part", Extent::fixed(partCount)});
    std::set<std::string> taken{"part", "word"};
    std::vector<ExprPtr> at[2]; // of the two terms of a word
    ExprPtr isInside[2];        // each of them is; null: surely
    if (stepsGoFirst(load))
      addStepLoop(load, load.args.size() - 1, stage, taken);
    for (size_t d = 0; d < load.args.size(); ++d) {
      const Expr &arg = *load.args[d];
      if (isLoop(arg, outer)) {
        ExprPtr step = stepsGoFirst(load) ? loop(1) : addStepLoop(load, d, stage, taken);
        addStep(load, d, step, stage, at, isInside);
      } else if (isLoop(arg, inner)) {
        addWord(stage, at);
      } else {
        ExprPtr same = loop(static_cast<int>(stage.loops.size()));
        std::optional<int> alone = aloneIn(arg);
        stage.loops.push_back({nameOf(arg, taken), alone ? loopAt(*alone).extent : extentOf(load, d)});
        ExprPtr index = alone ? inTermsOf(load.args[d], *alone, same) : same;
        for (auto &args : at)
          args.push_back(index);
      }
    }
    stage.init = initOf(load, at, isInside);
    return stage;
  }

  /// Where one step of all rows lies together, as a tile takes it: of a side whose rows end with all that is summed.
  bool stepsGoFirst(const Expr &load) const { return isWhole && isLoop(*load.args.back(), outer); }

  ExprPtr addStepLoop(const Expr &load, size_t d, Stage &stage, std::set<std::string> &taken) const {
    stage.loops.push_back({nameOf(*load.args[d], taken), inSteps(extentOf(load, d), turnsOfStep())});
    return loop(static_cast<int>(stage.loops.size()) - 1);
  }

  /// The loop of the tensor that an index follows alone, since the others it reads have one turn: then only what is read is split.
  std::optional<int> aloneIn(const Expr &index) const {
    std::optional<int> found;
    for (int l = 0; l <= inner; ++l) {
      if (!reads(index, l) || (l >= outer && loopAt(l).extent.isFixed() && loopAt(l).extent.value == 1))
        continue;
      if (found || l >= outer)
        return std::nullopt;
      found = l;
    }
    return found;
  }

  ExprPtr inTermsOf(const ExprPtr &index, int alone, const ExprPtr &same) const {
    std::vector<ExprPtr> loops(inner + 1, kernel::index(0));
    loops[alone] = same;
    return Renumber(std::move(loops))(index);
  }

  void addStep(const Expr &load, size_t d, const ExprPtr &step, Stage &stage, std::vector<ExprPtr> (&at)[2], ExprPtr (&isInside)[2]) const {
    if (isWhole)
      return addWholeStep(load, step, stage, at, isInside);
    addPair(load, d, step, at, isInside[1]);
  }

  /// Both blocks of a step; whether the second is inside.
  void addPair(const Expr &load, size_t d, const ExprPtr &step, std::vector<ExprPtr> (&at)[2], ExprPtr &isInside) const {
    Extent all = extentOf(load, d);
    ExprPtr even = binary(ScalarOp::Mul, step, index(2)), odd = binary(ScalarOp::Add, even, index(1));
    if (!all.isFixed() || all.value % 2 != 0) {
      ExprPtr end = all.isFixed() ? index(all.value) : operandExtent(all.operand, all.dim);
      ExprPtr last = binary(ScalarOp::Sub, end, index(1));
      isInside = binary(ScalarOp::Le, odd, last);
      odd = binary(ScalarOp::Min, odd, last);
    }
    at[0].push_back(even);
    at[1].push_back(odd);
  }

  /// A last step that would go beyond the end begins earlier; what it has in common with the one before is zero on one side.
  void addWholeStep(const Expr &load, const ExprPtr &step, Stage &stage, std::vector<ExprPtr> (&at)[2], ExprPtr (&isInside)[2]) const {
    int64_t terms = sum.update->loops.back().extent.value;
    ExprPtr begin = binary(ScalarOp::Mul, step, index(termsOfStep)), from = begin;
    if (terms % termsOfStep != 0)
      from = binary(ScalarOp::Min, begin, index(terms - termsOfStep));
    ExprPtr word = loop(static_cast<int>(stage.loops.size()));
    stage.loops.push_back({"word", Extent::fixed(wordsOfStep)});
    for (int half : {0, 1}) {
      ExprPtr term = binary(ScalarOp::Add, half ? binary(ScalarOp::Add, from, index(wordsOfStep)) : from, word);
      at[half].push_back(term);
      if (terms % termsOfStep != 0 && !stepsGoFirst(load))
        isInside[half] = binary(ScalarOp::Ge, term, begin);
    }
  }

  void addWord(Stage &stage, std::vector<ExprPtr> (&at)[2]) const {
    ExprPtr word = loop(static_cast<int>(stage.loops.size()));
    stage.loops.push_back({"word", Extent::fixed(wordsOfStep)});
    for (auto &args : at)
      args.push_back(word);
  }

  /// What is read for both terms of a word; zero for one that is not inside.
  static std::pair<ExprPtr, ExprPtr> termsOf(const Expr &load, std::vector<ExprPtr> (&at)[2], const ExprPtr (&isInside)[2]) {
    auto value = [&](std::vector<ExprPtr> args) {
      return load.kind == ExprKind::LoadStage ? loadStage(load.ref, load.type, std::move(args))
                                              : loadOperand(load.ref, load.type, std::move(args));
    };
    ExprPtr low = value(at[0]), high = value(at[1]);
    if (isInside[0])
      low = select(isInside[0], low, constant(0));
    if (isInside[1])
      high = select(isInside[1], high, constant(0));
    return {low, high};
  }

  ExprPtr initOf(const Expr &load, std::vector<ExprPtr> (&at)[2], const ExprPtr (&isInside)[2]) const {
    auto [low, high] = termsOf(load, at, isInside);
    return mux(loop(0), {binary(ScalarOp::Bf16High, low, high), binary(ScalarOp::Bf16Middle, low, high),
                         binary(ScalarOp::Bf16Low, low, high)});
  }

  /// Loads of the parts; where one loop was cut, words are a loop more.
  std::vector<ExprPtr> partsOf(const Expr &load, int stage) const {
    std::vector<ExprPtr> loads;
    for (int part = 0; part < partCount; ++part) {
      std::vector<ExprPtr> args{index(part)};
      if (stepsGoFirst(load))
        args.push_back(loop(outer));
      for (const ExprPtr &arg : load.args) {
        std::optional<int> alone = aloneIn(*arg);
        if (!stepsGoFirst(load) || !isLoop(*arg, outer))
          args.push_back(alone ? loop(*alone) : arg);
        if (isWhole && isLoop(*arg, outer))
          args.push_back(loop(inner + 1));
      }
      loads.push_back(loadStage(stage, Scalar::I32, std::move(args)));
    }
    return loads;
  }

  /// Both numbers of a word.
  std::vector<ExprPtr> numbersOf(const Expr &load) const {
    std::vector<ExprPtr> at[2];
    ExprPtr isInside[2];
    for (size_t d = 0; d < load.args.size(); ++d)
      if (isLoop(*load.args[d], outer))
        addPair(load, d, loop(outer), at, isInside[1]);
      else
        for (auto &args : at)
          args.push_back(load.args[d]);
    auto [low, high] = termsOf(load, at, isInside);
    return {low, high};
  }

  void rewriteUpdate(std::vector<ExprPtr> args) {
    Update &update = *sum.update;
    update.loops.front().extent = inSteps(update.loops.front().extent, turnsOfStep());
    if (isWhole)
      update.loops.push_back({"word", Extent::fixed(wordsOfStep)});
    update.value = binary(ScalarOp::Add, accumulator(sum.type), tileDot(std::move(args)));
  }

  const KernelDesc &desc;
  Stage &sum;
  const int first;
  int outer = 0, inner = 0; ///< loops of the reduction
  bool isWhole = false;     ///< they are one
};

} // namespace

std::optional<SplitSides> splitSides(const KernelDesc &desc, Stage &sum, int first) { return Splitter(desc, sum, first).run(); }

} // namespace weft::kernel
