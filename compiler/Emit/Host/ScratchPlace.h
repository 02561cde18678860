// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Where the thread that calls has its scratch memory: inside the arena, over bytes that no tensor needs while a kernel runs.
#pragma once

#include "dialects/Plan/Plan.h"

namespace weft::emit {

/// The scratch memory of the calling thread ends at one place for all launches and is used from there down, so that each
/// launch takes no more than it needs. What lies above the tensors adds to the arena; each further thread has its scratch
/// behind.
struct ScratchPlace {
  int64_t end = 0;         ///< in the arena; a multiple of 64
  int64_t threadBytes = 0; ///< the most any launch needs, a multiple of 64
  int64_t totalBytes = 0;  ///< of the arena with one thread: the tensors, and the scratch where it does not fit between

  int64_t bytesFor(int64_t threads) const { return totalBytes + (threads - 1) * threadBytes; }
};

/// The lowest such place. Launches state their scratch memory (`plan.launch ... scratch`).
ScratchPlace placeScratch(plan::ProgramOp program);

} // namespace weft::emit
