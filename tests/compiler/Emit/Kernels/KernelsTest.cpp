// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Kernels through the helper process: the same bytes whatever the batch, one failure does not hide another, each
// failure leaves something to reproduce it with.
#include "compiler/Emit/Kernels/Kernels.h"

#include "compiler/Emit/Kernels/Cache.h"
#include "compiler/Emit/Kernels/Prefetches.h"
#include "compiler/Kernel/Text.h"
#include "compiler/Support/Process.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

using namespace weft;
using namespace weft::emit;
namespace fs = std::filesystem;

namespace {

std::string scale(const std::string &name, const std::string &factor, const std::string &schedule = "") {
  return "kernel " + name + " { operand x f32 [?] strides [1] output y f32 [?] strides [1]\n" +
         "stage s f32 [i < y.0] holds y { init mul(@x[i], " + factor + ") }\n" + schedule + "}\n";
}

std::vector<kernel::KernelDesc> kernelsOf(const std::string &text) {
  kernel::ParseError error;
  auto kernels = kernel::parseKernels(text, error);
  EXPECT_TRUE(kernels) << error.message;
  return kernels ? std::move(*kernels) : std::vector<kernel::KernelDesc>();
}

class Kernels : public testing::Test {
protected:
  Kernels() {
    options.kernelCompiler = WEFT_KERNELC;
    options.cacheFolder = folder.path() + "/cache";
    options.reproducerFolder = folder.path();
    options.jobs = 2;
  }

  std::vector<KernelObject> compile(const std::string &text) {
    auto objects = compileKernels(kernelsOf(text), options);
    if (!objects) {
      ADD_FAILURE() << llvm::toString(objects.takeError());
      return {};
    }
    return std::move(*objects);
  }

  std::string errorOf(const std::string &text) {
    auto objects = compileKernels(kernelsOf(text), options);
    return objects ? "" : llvm::toString(objects.takeError());
  }

  TemporaryFolder folder;
  KernelCompileOptions options;
};

TEST_F(Kernels, BytesDependOnTheKernelAlone) {
  options.useCache = false;
  auto together = compile(scale("a", "2") + scale("b", "3") + scale("c", "4"));
  options.jobs = 1;
  auto alone = compile(scale("c", "4"));
  ASSERT_EQ(together.size(), 3u);
  ASSERT_EQ(alone.size(), 1u);
  EXPECT_EQ(together[2].object, alone[0].object);
  EXPECT_EQ(together[2].name, "c");
  EXPECT_EQ(together[2].object.substr(0, 4), "\x7f"
                                             "ELF");
  EXPECT_EQ(together[2].object.find(folder.path()), std::string::npos);
}

TEST_F(Kernels, EqualKernelsAreCompiledOnce) {
  auto objects = compile(scale("a", "2") + scale("a", "2"));
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects[0].object, objects[1].object);
  int entries = 0;
  for (const auto &entry : fs::directory_iterator(options.cacheFolder))
    entries += entry.path().extension() == ".kernel";
  EXPECT_EQ(entries, 1);
}

TEST_F(Kernels, CacheGivesTheSameBytesAndHealsItself) {
  auto cold = compile(scale("a", "2"));
  auto warm = compile(scale("a", "2"));
  EXPECT_FALSE(cold[0].wasCached);
  EXPECT_TRUE(warm[0].wasCached);
  EXPECT_EQ(cold[0].object, warm[0].object);
  EXPECT_EQ(cold[0].scratch, warm[0].scratch);
  for (const auto &entry : fs::directory_iterator(options.cacheFolder))
    if (entry.path().extension() == ".kernel")
      std::fstream(entry.path(), std::ios::in | std::ios::out).seekp(200).write("garbage", 7);
  auto healed = compile(scale("a", "2"));
  EXPECT_FALSE(healed[0].wasCached);
  EXPECT_EQ(healed[0].object, cold[0].object);
  options.target = "x86-64-v4";
  EXPECT_FALSE(compile(scale("a", "2"))[0].wasCached);
}

/// Check.h lets this pass; Halide cannot vectorise a loop whose extent it does not know.
const std::string refused = scale("refused", "2", "schedule s { vectorize(i) }");

TEST_F(Kernels, AHomeThatIsNotThereIsNotMade) {
  ::unsetenv("XDG_CACHE_HOME");
  ::setenv("HOME", folder.path().c_str(), 1);
  EXPECT_EQ(defaultCacheFolder(), folder.path() + "/.cache/weft");
  ::setenv("HOME", (folder.path() + "/none").c_str(), 1);
  EXPECT_EQ(defaultCacheFolder(), "");
}

TEST_F(Kernels, FailuresNameTheKernelAndLeaveAReproducer) {
  std::string error = errorOf(scale("good", "2") + refused);
  EXPECT_NE(error.find("kernel `refused` failed: "), std::string::npos) << error;
  EXPECT_EQ(error.find("`good`"), std::string::npos) << error;
  std::string reproducer = folder.path() + "/weft-refused.kernel";
  EXPECT_NE(error.find("weft-kernelc --target=x86-64-v3 -o . " + reproducer), std::string::npos) << error;
  std::ifstream in(reproducer);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(text, kernel::print(kernelsOf(refused)[0]));
}

/// Halide writes `prefetchnta`, which leaves the second-level cache out.
TEST_F(Kernels, PrefetchedLinesGoToTheSecondLevel) {
  options.assembly = true;
  auto objects = compile(R"(kernel ahead { operand x f32 [?] strides [1] operand w f32 [?, 64, 16] strides [1024, 16, 1]
    output y f32 [?, 16] strides [16, 1]
    stage sum f32 [n < y.0, c < 16] { init 0
      update [k < 64] value = add(acc, mul(@x[k], @w[n, k, c])) }
    stage out f32 [n < y.0, c < 16] holds y { init add(sum[n, c], 1) }
    schedule sum { compute_at(out, n) bound_extent(c by 16) vectorize(c)
      update reorder(k, c) update vectorize(c) update prefetch(w, k, n by 2) }
    schedule out { vectorize(c) } })");
  ASSERT_EQ(objects.size(), 1u);
  auto count = [](const std::string &text, const std::string &what) {
    size_t found = 0;
    for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at)
      ++found;
    return found;
  };
  EXPECT_EQ(count(objects[0].assembly, "prefetcht1"), 2u) << objects[0].assembly;
  EXPECT_EQ(count(objects[0].assembly, "prefetchnta"), 0u);
  std::string again = objects[0].object;
  EXPECT_EQ(redirectPrefetches(again, PrefetchLevel::Second), 0u);
  EXPECT_EQ(again, objects[0].object);
}

TEST_F(Kernels, MalformedKernelsAreNotCompiled) {
  EXPECT_EQ(errorOf(scale("k", "2", "schedule s { parallel(j) }")),
            "kernel `k` is malformed: `parallel` of stage `s`: no loop `j`; there are `i`");
}

TEST_F(Kernels, MemoryIsLimited) {
  options.useCache = false;
  options.mebibytes = 1; // not even libHalide fits
  EXPECT_NE(errorOf(scale("k", "2")).find("kernel `k`"), std::string::npos);
}

/// A kernel just below the bound on unrolled code keeps LLVM busy for many seconds.
TEST_F(Kernels, TimeIsLimitedForEachKernelAlone) {
  options.useCache = false;
  options.seconds = 1;
  std::string slow = "kernel slow { operand x f32 [?, ?] strides [?, 1] output y f32 [?, ?] strides [?, 1]\n"
                     "stage s f32 [i < y.0, j < y.1] holds y { init tanh(tanh(exp(@x[i, j]))) }\n"
                     "schedule s { split(i, io, ii by 24, predicate) split(j, jo, ji by 24, predicate)\n"
                     "reorder(io, jo, ii, ji) unroll(ii) unroll(ji) } }\n";
  std::string error = errorOf(slow + scale("quick", "2"));
  EXPECT_NE(error.find("kernel `slow` was given up: took longer than 1 s"), std::string::npos) << error;
  EXPECT_EQ(error.find("`quick`"), std::string::npos) << error;
}

TEST_F(Kernels, AMissingCompilerIsSaid) {
  options.useCache = false;
  options.kernelCompiler = folder.path() + "/none";
  EXPECT_EQ(errorOf(scale("k", "2")), "cannot start `" + options.kernelCompiler + "`: No such file or directory");
}

TEST_F(Kernels, UnknownTargetsListTheKnown) {
  options.target = "z80";
  EXPECT_NE(errorOf(scale("k", "2")).find("no target `z80`; choose one of `x86-64-v3`"), std::string::npos);
}

TEST_F(Kernels, CommandLineErrorsOfTheTool) {
  auto run = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), WEFT_KERNELC);
    auto result = runProcess(arguments);
    return result ? *result : ProcessResult{-2, 0, "", llvm::toString(result.takeError())};
  };
  EXPECT_EQ(run({}).exitCode, 2);
  EXPECT_EQ(run({"-o", folder.path(), "--fast"}).exitCode, 2);
  EXPECT_EQ(run({"-o", folder.path(), "--jobs=0"}).exitCode, 2);
  EXPECT_EQ(run({"-o", folder.path(), folder.path() + "/none"}).exitCode, 1);
  EXPECT_EQ(run({"--help"}).exitCode, 0);
  std::ofstream(folder.path() + "/bad.kernel") << "kernel k {\n  stage\n}";
  ProcessResult bad = run({"-o", folder.path(), folder.path() + "/bad.kernel"});
  EXPECT_EQ(bad.exitCode, 1);
  EXPECT_NE(bad.errors.find("bad.kernel:3:1: error: expected a name, got `}`"), std::string::npos) << bad.errors;
}

} // namespace
