// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The one question that decides how a network runs: in which ways can this group be computed on this machine, and what
// does each cost? A family answers for one kind of operation; each has a file in Families/.
#pragma once

#include "compiler/Schedule/KernelView.h"
#include "compiler/Schedule/Machine.h"
#include "dialects/Sched/Sched.h"

namespace weft {

/// One way to compute a group.
struct Choice {
  std::optional<Algorithm> algorithm; ///< of contractions
  int64_t block = 0;                  ///< channels are read and written in blocks of this; 0: plain tensors
  bool wholeBlocks = false;           ///< of input channels are read also where the last is half full (`inputLanes`)
  bool transformsFilter = false;      ///< Winograd: the kernel does, of a filter packed as for the direct algorithm
  int64_t weightBytes = 0;            ///< packed
  double cycles = 0;                  ///< estimated on one core, with weights read from memory
  /// What the family needs to know to write the schedule, `{family = "direct", x = 7, cb = 2}`: the `choice` of a
  /// group.
  mlir::DictionaryAttr parameters;
};

class Family {
public:
  virtual ~Family() = default;
  /// As in `family = "direct"`.
  virtual llvm::StringRef name() const = 0;
  /// Appends the ways to compute the group whose first heavy operation is `head`. Works on logical shapes, so that it
  /// gives the same answer before and after weights are packed. Whether its input is blocked is seen from the type of
  /// operand 0.
  virtual void candidates(mlir::Operation *head, const Machine &machine,
                          llvm::SmallVectorImpl<Choice> &choices) const = 0;
  /// The schedule of the kernel made from such a group.
  virtual sched::ScheduleAttr schedule(const KernelView &kernel, mlir::DictionaryAttr choice,
                                       const Machine &machine) const = 0;
};

/// All families; the order settles ties.
llvm::ArrayRef<const Family *> families();
const Family *familyNamed(llvm::StringRef name);

/// All ways to compute `head`, cheapest first.
llvm::SmallVector<Choice> candidates(mlir::Operation *head, const Machine &machine);

/// The operation that says how a group runs: the first that is more than element-wise or padding, else the first.
mlir::Operation *headOf(GroupOp group);
/// The cheapest way to compute a group that keeps the algorithm phase layout has decided on.
std::optional<Choice> choiceOf(GroupOp group, const Machine &machine);

/// Makes `{family = name, key = value, ...}`.
mlir::DictionaryAttr makeParameters(mlir::MLIRContext *context, llvm::StringRef family,
                                    llvm::ArrayRef<std::pair<llvm::StringRef, int64_t>> values);
/// What is wrong with the numbers of a choice, as somebody may have edited it: they are not negative, those of `winograd` at least 1; empty if nothing is.
std::string choiceProblem(mlir::DictionaryAttr choice);

/// Entry `key` of a choice; `otherwise` if it has none.
int64_t parameter(mlir::DictionaryAttr choice, llvm::StringRef key, int64_t otherwise = 0);

// The families, one function a file in Families/.
const Family &directFamily();
const Family &winogradFamily();
const Family &strassenFamily();
const Family &tilesFamily();
const Family &firstFamily();
const Family &depthwiseFamily();
const Family &gemmFamily();
const Family &planarFamily();
const Family &poolingFamily();
const Family &lrnFamily();
const Family &normalizationFamily();
const Family &reductionFamily();
const Family &pointwiseFamily();
const Family &segmentFamily();
const Family &scatterFamily();
const Family &chainFamily();
const Family &permutationFamily();
const Family &generalFamily();

} // namespace weft
