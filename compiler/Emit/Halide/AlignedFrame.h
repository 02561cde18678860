// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Sums in two levels wait on the stack while a partial sum fills the registers. LLVM aligns what it spills to whole
// vectors only in functions known to need an aligned frame before registers are allocated; else each store and load of
// a 512-bit vector crosses a cache line. So each task of such a kernel keeps one aligned line of its own: its address
// is given to a prefetch, which costs nothing and which LLVM cannot see through.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include "Halide.h"

#include <algorithm>

namespace weft::emit {

class AlignedFrame : public Halide::Internal::IRMutator {
public:
  /// Whether a stage is computed inside the update of another.
  static bool isNeeded(const kernel::KernelDesc &desc) {
    auto isInUpdate = [&](const kernel::Directive &d) {
      return d.kind == kernel::Directive::Kind::ComputeAt &&
             std::any_of(desc.stages.begin(), desc.stages.end(),
                         [&](const kernel::Stage &stage) { return stage.name == d.at && stage.update; });
    };
    return std::any_of(desc.schedule.begin(), desc.schedule.end(), [&](const kernel::StageSchedule &schedule) {
      return std::any_of(schedule.directives.begin(), schedule.directives.end(), isInUpdate);
    });
  }

private:
  using Halide::Internal::IRMutator::visit;

  Halide::Internal::Stmt visit(const Halide::Internal::For *op) override {
    namespace ir = Halide::Internal;
    if (op->for_type != ir::ForType::Parallel)
      return IRMutator::visit(op);
    std::string line = ir::unique_name("frame");
    Halide::Expr address = ir::Variable::make(Halide::Handle(), line);
    ir::Stmt touch = ir::Evaluate::make(
        ir::Call::make(Halide::Float(32), ir::Call::prefetch, {address, 0, 1, 1}, ir::Call::Intrinsic));
    ir::Stmt body = ir::Allocate::make(line, Halide::Float(32), Halide::MemoryType::Stack, {lineElements},
                                       ir::const_true(), ir::Block::make(touch, mutate(op->body)));
    return ir::For::make(op->name, op->min, op->extent, op->for_type, op->partition_policy, op->device_api, body);
  }

  static constexpr int lineElements = 16;
};

} // namespace weft::emit
