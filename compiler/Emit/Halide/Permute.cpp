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

constexpr int widestVector = 16;

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

std::optional<Permute::Lanes> Permute::lanesOf(const Expr &index, int64_t width) const {
  Lanes lanes;
  int count = index.type().lanes();
  Expr whole = lower_intrinsics(substitute(vectors, index)); // products of constants are constants only as plain ones
  for (int lane = 0; lane < count; ++lane) {
    Expr element = simplify(extract_lane(whole, lane));
    ModulusRemainder part = modulus_remainder(element, multiples);
    if (part.modulus != 0 && part.modulus % width != 0)
      return std::nullopt;
    int place = static_cast<int>(mod_imp(part.remainder, width));
    Expr begin = simplify(element - place);
    auto same = [&](const Expr &block) { return is_const_zero(simplify(block - begin)); };
    auto found = std::find_if(lanes.blocks.begin(), lanes.blocks.end(), same);
    lanes.block.push_back(static_cast<int>(found - lanes.blocks.begin()));
    lanes.place.push_back(place);
    if (found != lanes.blocks.end())
      continue;
    lanes.blocks.push_back(begin);
    if (static_cast<int>(lanes.blocks.size()) * lanesOfBlock > count || (count < width && lanes.blocks.size() > 1))
      return std::nullopt;
  }
  return lanes;
}

/// Where lanes repeat few elements of one block, Halide loads these at a stride and repeats them in registers. Taken out of the whole block,
/// too, both are one permutation to LLVM.
Expr Permute::visit(const Load *op) {
  int count = op->type.lanes();
  auto operand = blockOf.find(op->name);
  if (operand == blockOf.end() || op->index.as<Broadcast>() || !is_const_one(op->predicate))
    return IRMutator::visit(op);
  const auto *ramp = op->index.as<Ramp>();
  int width = static_cast<int>(operand->second);
  bool isSpread = ramp && count > 1 && count < width && width <= widestVector && is_const(ramp->stride, width / count);
  if (ramp ? !isSpread : count != width)
    return IRMutator::visit(op);
  std::optional<Lanes> lanes = lanesOf(op->index, width);
  if (!lanes)
    return IRMutator::visit(op);
  auto load = [&](const Expr &begin) {
    return Load::make(op->type.with_lanes(width), op->name, Ramp::make(begin, 1, width), op->image, op->param, const_true(width),
                      ModulusRemainder());
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
