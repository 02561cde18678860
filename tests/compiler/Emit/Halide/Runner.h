// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Compiles a KernelDesc, links it into a shared object, loads and calls it; and the reference evaluator on the same
// data.
#pragma once

#include "compiler/Kernel/Evaluate.h"
#include "compiler/Kernel/KernelDesc.h"

#include <string>
#include <vector>

namespace weft::test {

/// One operand's memory with some slack around it, so that an overrun shows instead of crashing.
struct Buffer {
  kernel::Scalar type = kernel::Scalar::F32;
  std::vector<int64_t> extents, strides;
  std::vector<unsigned char> bytes; ///< slack, elements, slack
  size_t shift = 0;                 ///< bytes beyond the vector's own alignment
  static constexpr size_t slack = 4096;

  unsigned char *data() { return bytes.data() + slack + shift; }
  template <typename T> T *as() { return reinterpret_cast<T *>(data()); }
  int64_t elements() const;
  kernel::BufferView view() { return {data(), extents, strides}; }
};

/// Dense, filled with `seed`-dependent values in [-1, 1) (floats) or [0, 8) (integers).
Buffer makeBuffer(kernel::Scalar type, std::vector<int64_t> extents, int seed);

kernel::KernelDesc parseOrDie(const std::string &text);

struct RunOptions {
  bool asserts = false;
  std::vector<int> threads = {1}; ///< the kernel is called once for each of these numbers
  std::string target; ///< empty: this machine's
};

struct RunResult {
  std::string error; ///< why it was not compiled, or what Halide's checks said; empty when all went well
  /// Most bytes held at once through halide_malloc by the calling thread and by another, rounded as the planner counts.
  int64_t scratchPeak = 0, workerPeak = 0;
  std::string scratch; ///< the formula
};

/// An object in the scratch folder; empty, with the reason in `result`, where the kernel does not compile.
std::string compileObject(const kernel::KernelDesc &desc, const RunOptions &options, RunResult &result);

/// Compiles and calls, with the first number of threads.
RunResult run(const kernel::KernelDesc &desc, std::vector<Buffer> &operands, RunOptions options = {});

/// Links and calls an object made elsewhere.
RunResult runObject(const kernel::KernelDesc &desc, const std::string &object, std::vector<Buffer> &operands,
                    int threads = 1);

/// A folder of this process, removed at its end.
const std::string &scratchFolder();

/// The best of the known targets this machine can run.
std::string hostTarget();

} // namespace weft::test
