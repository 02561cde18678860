// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Distances are differences of indices from one turn of a loop to the next.
#include "compiler/Emit/Halide/TileSums.h"

#include "compiler/Kernel/TileProduct.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace weft::emit {

using namespace Halide::Internal;
using Halide::Expr;

namespace {

constexpr const char *stepName = "weft_tile_dot", *functionName = "weft_tile_products", *splittingName = "weft_tile_products_split";

void require(bool condition, const std::string &otherwise) {
  if (!condition)
    throw std::runtime_error(otherwise);
}

/// Lets around an expression, outermost first.
using Lets = std::vector<std::pair<std::string, Expr>>;

/// An expression in terms of what stands around its lets.
Expr without(const Lets &lets, Expr expr) {
  for (auto let = lets.rbegin(); let != lets.rend(); ++let)
    expr = substitute(let->first, let->second, expr);
  return substitute_in_all_lets(expr);
}

struct Turn {
  std::string name;
  Expr min, extent;
  Expr ofSum, ofA, ofB; ///< distances in elements; undefined: none
};

/// The loops of an update, outermost first, and where its step reads and writes.
class Nest : public IRVisitor {
public:
  explicit Nest(const Stmt &update) {
    update.accept(this);
    require(store && step, "a sum in tiles was lowered to something else");
    sum = {store->name, without(lets, store->index)};
    for (const Expr &word : step->args) {
      Expr whole = without(lets, word);
      if (is_const_zero(whole) && words.size() == 4) { // one block of channels has no second one beside it
        hasHigh = const_false();
        words.push_back(words.back());
        continue;
      }
      if (const Select *select = whole.as<Select>()) {
        bool endsIfTrue = is_const_zero(select->true_value);
        require(endsIfTrue || is_const_zero(select->false_value), "the end of a sum in tiles is not zero");
        hasHigh = endsIfTrue ? !select->condition : select->condition;
        whole = endsIfTrue ? select->false_value : select->true_value;
      }
      const Load *load = whole.as<Load>();
      require(load, "a side of a sum in tiles is no load");
      words.push_back({load->name, load->index});
    }
    for (Turn &turn : turns) {
      turn.ofSum = distance(sum.index, turn);
      turn.ofA = distance(words[0].index, turn);
      turn.ofB = distance(words[3].index, turn);
    }
  }

  struct Access {
    std::string buffer;
    Expr index;
  };
  std::vector<Turn> turns;
  Access sum;
  std::vector<Access> words; ///< three parts of a, then those of b, or its two numbers
  Expr hasHigh;              ///< whether there is a second number; undefined: always

private:
  using IRVisitor::visit;

  void visit(const For *op) override {
    turns.push_back({op->name, without(lets, op->min), without(lets, op->extent), {}, {}, {}});
    op->body.accept(this);
  }

  void visit(const LetStmt *op) override {
    lets.emplace_back(op->name, op->value);
    op->body.accept(this);
  }

  void visit(const Store *op) override {
    store = op;
    op->value.accept(this);
  }

  void visit(const Call *op) override {
    if (op->name == stepName)
      step = op;
    else
      IRVisitor::visit(op);
  }

  static Expr distance(const Expr &index, const Turn &turn) {
    Expr next = substitute(turn.name, Variable::make(Halide::Int(32), turn.name) + 1, index);
    Expr difference = simplify(next - index);
    require(!expr_uses_var(difference, turn.name), "loop " + turn.name + " of a sum in tiles takes no equal steps");
    return is_const_zero(difference) ? Expr() : difference;
  }

  Lets lets;
  const Store *store = nullptr;
  const Call *step = nullptr;
};

/// Loops by what they do.
struct Roles {
  std::vector<Turn> around, rows, columns, sums;

  explicit Roles(const std::vector<Turn> &turns) {
    for (const Turn &turn : turns) {
      bool moves[] = {turn.ofSum.defined(), turn.ofA.defined(), turn.ofB.defined()};
      if (moves[0] && moves[1] && !moves[2])
        rows.push_back(turn);
      else if (moves[0] && !moves[1] && moves[2])
        columns.push_back(turn);
      else if (!moves[0] && moves[1] && moves[2])
        sums.push_back(turn);
      else
        around.push_back(turn);
    }
  }

  /// The loop inside a vector of words or columns: 16 turns, one after the other.
  static Turn takeLanes(std::vector<Turn> &turns, Expr Turn::*distance) {
    auto lanes = std::find_if(turns.begin(), turns.end(), [&](const Turn &turn) {
      return is_const_one((turn.*distance)) && is_const(turn.extent, kernel::wordsOfStep);
    });
    require(lanes != turns.end(), "a sum in tiles has no loop over 16 neighbours");
    Turn taken = *lanes;
    turns.erase(lanes);
    return taken;
  }

  /// Of pixels: a loop that goes on where the one inside it ends is one with it.
  void joinRows() {
    for (size_t i = rows.size(); i-- > 1;) {
      Turn &outer = rows[i - 1], &inner = rows[i];
      auto goesOn = [&](Expr Turn::*distance) { return is_const_zero(simplify(outer.*distance - inner.*distance * inner.extent)); };
      if (!goesOn(&Turn::ofSum) || !goesOn(&Turn::ofA))
        continue;
      outer.ofSum = inner.ofSum;
      outer.ofA = inner.ofA;
      outer.extent = simplify(outer.extent * inner.extent);
      rows.erase(rows.begin() + i);
    }
  }

  /// The innermost `most` loops; those further out are around the call.
  void keep(std::vector<Turn> &turns, size_t most) {
    while (turns.size() > most) {
      around.push_back(turns.front());
      turns.erase(turns.begin());
    }
  }
};

Expr orZero(const Expr &distance) { return distance.defined() ? distance : Expr(0); }

/// The address of element `index`.
Expr address(const std::string &buffer, const Expr &index) {
  Expr begin = Halide::reinterpret(Halide::UInt(64), Variable::make(Halide::Handle(), buffer));
  return Halide::reinterpret(Halide::Handle(), begin + Halide::cast(Halide::UInt(64), Halide::cast(Halide::Int(64), index) * 4));
}

/// What splitting a side reads of an operand in one turn of the loop around it.
class SplitReads : public IRVisitor {
public:
  SplitReads(const For *turn, const std::string &side) : side(side) {
    if (turn)
      turn->body.accept(this);
  }

  std::string operand; ///< empty: nothing that could be said
  Interval elements = Interval::nothing();

private:
  using IRVisitor::visit;

  void visit(const For *op) override {
    Interval min = bounds_of_expr_in_scope(without(lets, op->min), loops), last = bounds_of_expr_in_scope(without(lets, op->min + op->extent - 1), loops);
    ScopedBinding<Interval> bind(loops, op->name, Interval(min.min, last.max));
    op->body.accept(this);
  }

  void visit(const LetStmt *op) override {
    lets.emplace_back(op->name, op->value);
    op->body.accept(this);
    lets.pop_back();
  }

  void visit(const Store *op) override {
    bool outside = std::exchange(inside, op->name == side);
    op->value.accept(this);
    inside = outside;
  }

  void visit(const Load *op) override {
    if (!inside || !op->param.defined())
      return;
    operand = op->name;
    elements.include(bounds_of_expr_in_scope(without(lets, op->index), loops));
  }

  std::string side;
  Lets lets;
  Scope<Interval> loops;
  bool inside = false;
};

/// Whether a side is split inside a loop: then it is around the calls.
class Splitting : public IRVisitor {
public:
  static bool standsIn(const For *loop) {
    Splitting visitor;
    loop->body.accept(&visitor);
    return visitor.found;
  }

private:
  using IRVisitor::visit;
  void visit(const ProducerConsumer *) override { found = true; }

  bool found = false;
};

/// What b is split from in the next turn of the loop around both: address and bytes.
std::vector<Expr> nextOf(const For *around, const std::string &side) {
  SplitReads reads(around, side);
  if (reads.operand.empty() || !reads.elements.is_bounded())
    return {Halide::reinterpret(Halide::Handle(), Halide::cast(Halide::UInt(64), 0)), 0};
  Expr next = substitute(around->name, Variable::make(Halide::Int(32), around->name) + 1, reads.elements.min);
  Expr count = reads.elements.max - reads.elements.min + 1;
  return {address(reads.operand, simplify(next)), simplify(count) * 4};
}

/// What is read of a b that the function splits, in the next turn of the loop around: address and bytes.
std::vector<Expr> nextOf(const Nest &nest, const For *around, const Lets &between) {
  Scope<Interval> loops;
  for (const Turn &turn : nest.turns)
    loops.push(turn.name, Interval(turn.min, turn.min + turn.extent - 1));
  Interval elements = bounds_of_expr_in_scope(nest.words[3].index, loops);
  elements.include(bounds_of_expr_in_scope(nest.words[4].index, loops));
  if (!around || !elements.is_bounded())
    return {Halide::reinterpret(Halide::Handle(), Halide::cast(Halide::UInt(64), 0)), 0};
  Expr next = substitute(around->name, Variable::make(Halide::Int(32), around->name) + 1, without(between, elements.min));
  return {address(nest.words[3].buffer, simplify(next)), simplify(elements.max - elements.min + 1) * 4};
}

/// In how many turns of the outermost loop of a sum there is a second number: in all, or in all but the last.
Expr pairsOf(const Nest &nest, const std::vector<Turn> &sums) {
  Expr turns = sums.empty() ? Expr(1) : sums.front().extent;
  if (!nest.hasHigh.defined())
    return turns;
  Expr last = nest.hasHigh;
  if (!sums.empty())
    last = substitute(sums.front().name, sums.front().min + turns - 1, last);
  for (const Turn &turn : nest.turns)
    require(!expr_uses_var(last, turn.name), "where a sum in tiles ends depends on loop " + turn.name);
  bool varies = !sums.empty() && expr_uses_var(nest.hasHigh, sums.front().name);
  return simplify(select(last, turns, varies ? turns - 1 : Expr(0)));
}

Stmt callOf(const Stmt &update, const For *loop, const Lets &between) {
  Nest nest(update);
  Roles roles(nest.turns);
  Turn column = Roles::takeLanes(roles.columns, &Turn::ofSum), word = Roles::takeLanes(roles.sums, &Turn::ofA);
  const bool splits = nest.words.size() == 5;
  require(!splits || (is_const_one(column.ofB) && roles.sums.size() <= 3), "a sum in tiles reads its second side otherwise");
  roles.joinRows();
  roles.keep(roles.rows, 2);
  roles.keep(roles.columns, 1);
  roles.keep(roles.sums, 3);
  std::set<std::string> around;
  for (const Turn &turn : roles.around)
    around.insert(turn.name);
  auto begin = [&](Expr index) {
    for (const Turn &turn : nest.turns)
      if (!around.count(turn.name))
        index = substitute(turn.name, turn.min, index);
    return simplify(index);
  };
  const Turn none{"", 0, 1, {}, {}, {}};
  auto at = [&](const std::vector<Turn> &turns, size_t fromInside) { return fromInside < turns.size() ? turns[turns.size() - 1 - fromInside] : none; };
  Turn pixel = at(roles.rows, 0), line = at(roles.rows, 1), block = at(roles.columns, 0);
  auto partDistance = [&](int first) { return simplify(nest.words[first + 1].index - nest.words[first].index); };
  std::vector<Expr> args = {address(nest.sum.buffer, begin(nest.sum.index)),
                            address(nest.words[0].buffer, begin(nest.words[0].index)),
                            address(nest.words[3].buffer, begin(nest.words[3].index)),
                            pixel.extent, line.extent, block.extent,
                            orZero(pixel.ofSum), orZero(line.ofSum), orZero(block.ofSum),
                            orZero(pixel.ofA), orZero(line.ofA), begin(partDistance(0)),
                            orZero(block.ofB)};
  if (splits)
    args.push_back(orZero(word.ofB));
  args.push_back(begin(partDistance(3))); // of numbers: from the lower to the upper ones
  for (size_t i = 0; i < 3; ++i) {
    Turn sum = i < roles.sums.size() ? roles.sums[i] : none;
    args.insert(args.end(), {sum.extent, orZero(sum.ofA), orZero(sum.ofB)});
  }
  if (splits)
    args.push_back(pairsOf(nest, roles.sums));
  std::vector<Expr> next = splits ? nextOf(nest, loop, between) : nextOf(loop, nest.words[3].buffer);
  args.insert(args.end(), next.begin(), next.end());
  Stmt call = Evaluate::make(Call::make(Halide::Int(32), splits ? splittingName : functionName, args, Call::Extern));
  for (auto turn = nest.turns.rbegin(); turn != nest.turns.rend(); ++turn)
    if (around.count(turn->name))
      call = For::make(turn->name, turn->min, turn->extent, ForType::Serial, Halide::Partition::Auto, Halide::DeviceAPI::None, call);
  return call;
}

} // namespace

Expr tileStep(const std::vector<Expr> &words) { return Call::make(Halide::Float(32), stepName, words, Call::PureExtern); }

TileSums::TileSums(const kernel::KernelDesc &desc) {
  for (const kernel::Stage &stage : desc.stages)
    if (kernel::isTileSum(stage)) {
      updates.insert(stage.name + ".s1.");
      if (stage.update->value->args[1]->args.size() == 5)
        zeros.insert(stage.name + ".s0.");
    }
}

Stmt TileSums::visit(const For *op) {
  auto isOneOf = [&](const std::set<std::string> &loops) {
    return std::any_of(loops.begin(), loops.end(), [&](const std::string &begin) { return op->name.compare(0, begin.size(), begin) == 0; });
  };
  if (isOneOf(zeros))
    return Evaluate::make(0);
  if (isOneOf(updates) && !Splitting::standsIn(op))
    return callOf(op, loop, lets);
  const For *outside = std::exchange(loop, op);
  Lets around = std::exchange(lets, {});
  Stmt result = IRMutator::visit(op);
  loop = outside;
  lets = std::move(around);
  return result;
}

Stmt TileSums::visit(const LetStmt *op) {
  lets.emplace_back(op->name, op->value);
  Stmt result = IRMutator::visit(op);
  lets.pop_back();
  return result;
}

} // namespace weft::emit
