// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The loops of one definition (initial or update) as directives rewrite them: names, trip counts as far as known,
// order.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include <optional>
#include <set>

namespace weft::kernel {

struct LoopState {
  enum class Mode : uint8_t { Serial, Vector, Unrolled, Parallel };
  std::string name;
  std::set<std::string> origins; ///< loops of the stage it came from
  std::optional<int64_t> size;   ///< trip count where known at compile time
  bool isReduction = false;
  Mode mode = Mode::Serial;
  bool isAtMost = false; ///< `size` is what the whole stage has; a round of its consumer asks for a tile of it
};

class LoopNest {
public:
  LoopNest(const KernelDesc &desc, const Stage &stage, bool update);

  /// Applies one directive about this definition's loops; returns what is wrong with it, or nothing.
  std::string apply(const Directive &directive);

  /// Outermost first.
  const std::vector<LoopState> &loops() const { return states; }
  const LoopState *find(const std::string &name) const;

  /// Whether the reduction loops still run in the order of the text.
  bool keepsReductionOrder() const;

  /// Known trip counts of pure loops, from elsewhere (BoundExtent, the consumer of a stage computed at one of its
  /// loops).
  void refine(const std::string &origin, int64_t size);

private:
  std::string split(const Directive &directive);
  std::string strips(const Directive &directive);
  std::string peel(const Directive &directive);
  std::string fuse(const Directive &directive);
  std::string reorder(const Directive &directive);
  std::string setMode(const Directive &directive, LoopState::Mode mode);
  size_t position(const std::string &name) const;
  std::string missing(const std::string &name) const;

  const Stage &stage;
  bool isUpdate;
  bool isPeeled = false;
  std::vector<LoopState> states;
  std::vector<std::string> reductions; ///< the order they must keep, leaves only
};

/// What the last strip does: in place each element is made once, so it has fewer turns; else it moves back.
Tail stripsTail(const KernelDesc &desc, const Stage &stage);

/// Turns of the loop that `directive`, one of the stage's initial definition, is about; nothing where unknown.
std::optional<int64_t> sizeBefore(const KernelDesc &desc, const Stage &stage, const Directive &directive);

/// The nest of a definition after all its directives; directives that do not apply are skipped.
LoopNest scheduledNest(const KernelDesc &desc, const Stage &stage, bool update);

/// Whether the inner loop of `split`, or a part of it, is vectorised by one of `all`.
bool becomesVector(const Directive &split, const std::vector<Directive> &all);

} // namespace weft::kernel
