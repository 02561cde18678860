// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A nest whose reduction reads what another stage of the kernel makes (FusePrologues.cpp): strips of rows outside
// everything else, each prepared once, in memory of the kernel's own, for all channel blocks that read it.
#pragma once

#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Families/Nest.h"

namespace weft {

/// How the rows of a plane are cut.
struct Strips {
  int64_t rows = 1;
  bool forThreads = false; ///< there are enough strips for threads to take them; else they take blocks within one
};

/// Whether what `conv` reads is made in its own group.
bool hasPrologue(ConvOp conv);

/// The strips of a result of `height` rows, each of which needs `rowBytes` of prepared input; a strip takes up to
/// `stripBytes` where more than a row fits. Where filters weigh less than planes, `forThreads`, there are strips for threads;
/// neighbours both prepare `sharedRows`.
Strips chooseStrips(int64_t height, int64_t rowBytes, int64_t stripBytes, bool forThreads, int64_t sharedRows);

/// The same for `conv`, whose input takes `pixelBytes` a pixel and whose filter `weightBytes`, as parameters of a choice, and
/// read back from there.
void appendStrips(ConvOp conv, const ConvShape &shape, int64_t pixelBytes, int64_t weightBytes, int64_t stripBytes,
                  llvm::SmallVectorImpl<std::pair<llvm::StringRef, int64_t>> &values);
std::optional<Strips> stripsOf(const KernelView &kernel, mlir::DictionaryAttr choice);

/// The stage without reduction before the only reduction; null if there is none. Stages before it are inlined.
const StageView *prologueOf(const KernelView &kernel);

/// How vectors of a row-major stage end: the picture it reads may end with its last row, so none lies beyond, and where one
/// moves back, Halide does not cut rows at the picture's edges but gathers each element.
constexpr sched::Tail tailOfPlainRow = sched::Tail::Predicate;

/// The operand of which `sum` reads `picture`, the operand with its padding, in place, with fetches of the rows below where others
/// copy it (`Machine::readsInPlace`): Halide cuts loops into the picture's edges, where each pixel is asked whether it is padding, and
/// what lies between. Empty: none.
llvm::StringRef pictureInPlace(const StageView &picture, const StageView &sum, const Machine &machine);

/// Cache lines that a tile of `pixels` reads of a row of such a picture.
int64_t linesInPlace(const StageView &picture, const StageView &sum, int64_t pixels);

/// The schedule of such a kernel: loops `n cb y x c`.
sched::ScheduleAttr scheduleStrips(const KernelView &kernel, const Nest &nest, const Strips &strips,
                                   const Machine &machine);

} // namespace weft
