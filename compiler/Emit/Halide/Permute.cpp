// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Each lane's index is taken apart into the beginning of a block and a place in it; lanes are then gathered by blocks.
#include "compiler/Emit/Halide/Permute.h"

#include <algorithm>

namespace weft::emit {

using namespace Halide::Internal;
using Halide::Expr;

namespace {

/// A gather takes about a load for each lane; beyond this part of them blocks and permutations take as long.
constexpr int lanesOfBlock = 2;

/// `lanes[i]` of the concatenation of two vectors. Both are as long as the result, so that it is one instruction.
Expr permuted(const Expr &a, const Expr &b, const std::vector<int> &lanes) { return Shuffle::make({a, b}, lanes); }

} // namespace

Permute::Permute(const kernel::KernelDesc &desc) {
  for (const kernel::Operand &operand : desc.operands) {
    int64_t block = operand.dims.empty() ? -1 : operand.dims.back().extent;
    if (operand.isOutput || block < 2)
      continue;
    blockOf[operand.name] = block;
    for (size_t d = 1; d < operand.dims.size(); ++d)
      multiples.push(operand.name + ".stride." + std::to_string(d), ModulusRemainder(block, 0));
  }
}

void Permute::define(const std::string &name, const Expr &value) {
  if (!value.type().is_scalar())
    vectors[name] = substitute(vectors, value);
  else if (value.type() == Halide::Int(32) && !multiples.contains(name)) // strides are read from the buffers
    multiples.push(name, modulus_remainder(value, multiples));
}

Expr Permute::visit(const Let *op) {
  define(op->name, op->value);
  return IRMutator::visit(op);
}

Stmt Permute::visit(const LetStmt *op) {
  define(op->name, op->value);
  return IRMutator::visit(op);
}

std::optional<Permute::Lanes> Permute::lanesOf(const Expr &index) const {
  Lanes lanes;
  int count = index.type().lanes();
  Expr whole = lower_intrinsics(substitute(vectors, index)); // products of constants are constants only as plain ones
  for (int lane = 0; lane < count; ++lane) {
    Expr element = simplify(extract_lane(whole, lane));
    ModulusRemainder part = modulus_remainder(element, multiples);
    if (part.modulus != 0 && part.modulus % count != 0)
      return std::nullopt;
    int place = static_cast<int>(mod_imp(part.remainder, static_cast<int64_t>(count)));
    Expr begin = simplify(element - place);
    auto same = [&](const Expr &block) { return is_const_zero(simplify(block - begin)); };
    auto found = std::find_if(lanes.blocks.begin(), lanes.blocks.end(), same);
    lanes.block.push_back(static_cast<int>(found - lanes.blocks.begin()));
    lanes.place.push_back(place);
    if (found != lanes.blocks.end())
      continue;
    lanes.blocks.push_back(begin);
    if (static_cast<int>(lanes.blocks.size()) * lanesOfBlock > count)
      return std::nullopt;
  }
  return lanes;
}

Expr Permute::visit(const Load *op) {
  int count = op->type.lanes();
  auto operand = blockOf.find(op->name);
  if (operand == blockOf.end() || count != operand->second || op->index.as<Ramp>() || op->index.as<Broadcast>() ||
      !is_const_one(op->predicate))
    return IRMutator::visit(op);
  std::optional<Lanes> lanes = lanesOf(op->index);
  if (!lanes)
    return IRMutator::visit(op);
  auto load = [&](const Expr &begin) {
    return Load::make(op->type, op->name, Ramp::make(begin, 1, count), op->image, op->param, const_true(count), ModulusRemainder());
  };
  Expr result = load(lanes->blocks[0]);
  result = permuted(result, result, lanes->place);
  for (size_t block = 1; block < lanes->blocks.size(); ++block) {
    std::vector<int> from;
    for (int lane = 0; lane < count; ++lane)
      from.push_back(lanes->block[lane] == static_cast<int>(block) ? count + lanes->place[lane] : lane);
    result = permuted(result, load(lanes->blocks[block]), from);
  }
  return result;
}

} // namespace weft::emit
