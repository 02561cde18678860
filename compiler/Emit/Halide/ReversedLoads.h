// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Vectors that are read backwards from the start of a buffer, with lanes before it masked off: Halide 21 takes the lowest address of
// such a ramp for one that is read, and stops where it is a negative number. Written as a difference it reads lane by lane.
#pragma once

#include "Halide.h"

namespace weft::emit {

class ReversedLoads : public Halide::Internal::IRMutator {
  using Halide::Internal::IRMutator::visit;

  Halide::Expr visit(const Halide::Internal::Load *op) override {
    const auto *ramp = op->index.as<Halide::Internal::Ramp>();
    auto base = ramp ? Halide::Internal::as_const_int(ramp->base) : std::nullopt;
    auto stride = ramp ? Halide::Internal::as_const_int(ramp->stride) : std::nullopt;
    if (!base || !stride || *base + *stride * (ramp->lanes - 1) >= 0)
      return IRMutator::visit(op);
    Halide::Expr steps = Halide::Internal::Ramp::make(0, -ramp->stride, ramp->lanes);
    Halide::Expr index = Halide::Internal::Sub::make(Halide::Internal::Broadcast::make(ramp->base, ramp->lanes), steps);
    return Halide::Internal::Load::make(op->type, op->name, index, op->image, op->param, mutate(op->predicate), op->alignment);
  }
};

} // namespace weft::emit
