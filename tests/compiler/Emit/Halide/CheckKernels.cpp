// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Kernels from a file, as `weft-opt --weft-print-descs` prints them, against the evaluator, with Halide's checks and
// without: what a compiled network's kernels do is seen before it is assembled. Run-time extents are what the first
// argument's kernels ask for nowhere: only kernels with constant extents are taken. Where threads take strips of rows there are
// few and many of them, more than rows too.
#include "tests/compiler/Emit/Halide/Compare.h"

#include "compiler/Kernel/Text.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <sstream>

using namespace weft::kernel;
using namespace weft::test;

namespace {

std::string kernelsFile;

std::string readFile(const std::string &path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool hasConstantExtents(const KernelDesc &desc) {
  for (const Operand &operand : desc.operands)
    for (const OperandDim &dim : operand.dims)
      if (dim.extent < 0)
        return false;
  return true;
}

/// What a packed filter of so many channels is rounded up by.
void emptyPastEnd(Buffer &filter, int64_t channels) {
  int64_t lanes = filter.extents.back(), ofBlock = filter.elements() / filter.extents.front();
  for (int64_t i = 0; i < filter.elements(); ++i)
    if (i / ofBlock * lanes + i % lanes >= channels)
      filter.as<float>()[i] = 0;
}

std::vector<Buffer> buffersFor(const KernelDesc &desc) {
  std::vector<Buffer> buffers;
  for (const Operand &operand : desc.operands) {
    std::vector<int64_t> extents;
    for (const OperandDim &dim : operand.dims)
      extents.push_back(dim.extent);
    buffers.push_back(makeBuffer(operand.type, extents, static_cast<int>(buffers.size()) + 1));
    if (operand.filled >= 0)
      emptyPastEnd(buffers.back(), operand.filled);
  }
  return buffers;
}

TEST(Kernels, GiveWhatTheEvaluatorGives) {
  ParseError error;
  std::optional<std::vector<KernelDesc>> kernels = parseKernels(readFile(kernelsFile), error);
  ASSERT_TRUE(kernels) << "`" << kernelsFile << "` holds no kernels";
  int checked = 0;
  for (const KernelDesc &desc : *kernels) {
    if (!hasConstantExtents(desc))
      continue;
    SCOPED_TRACE(desc.name);
    for (bool asserts : {true, false})
      expectLikeEvaluator(desc, buffersFor(desc), {asserts, {1, 2, 3, 4, 5, 64}, ""}, 1e-3);
    ++checked;
  }
  std::cout << checked << " kernels checked\n";
  EXPECT_GT(checked, 0);
}

} // namespace

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 2) {
    std::cerr << "usage: check-kernels FILE\n";
    return 2;
  }
  kernelsFile = argv[1];
  return RUN_ALL_TESTS();
}
