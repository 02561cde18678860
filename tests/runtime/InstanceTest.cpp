// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The public interface against hand-written models: results, threads, arenas, and every error with its text.
#include "FakeModel.h"

#include "runtime/src/common/checksum.h"

#include <atomic>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

/// Tensors of fake_dense and their expected result.
struct Dense {
  std::vector<float> x = std::vector<float>(FAKE_ROWS * FAKE_COLUMNS), y = std::vector<float>(x.size(), -1);
  weft_tensor input{x.data(), WEFT_F32, 2, {FAKE_ROWS, FAKE_COLUMNS}};
  weft_tensor output{y.data(), WEFT_F32, 2, {FAKE_ROWS, FAKE_COLUMNS}};

  explicit Dense(float seed = 1) {
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = seed * static_cast<float>(i % 997);
  }
  bool right() const {
    for (size_t i = 0; i < x.size(); ++i)
      if (y[i] != 2 * x[i] + static_cast<float>(i % FAKE_COLUMNS))
        return false;
    return true;
  }
};

class Instance : public ::testing::Test {
protected:
  void TearDown() override {
    fake_fault = FAKE_NONE;
    weft_destroy(net);
  }

  void create(int threads = 2) { ASSERT_EQ(weft_create(&fake_dense, threads, nullptr, nullptr, &net), WEFT_OK); }

  /// Creating fails with this status; returns the text.
  static std::string createError(const weft_model &model, weft_status status, int threads = 1, void *arena = nullptr,
                                 const char *weights = nullptr) {
    weft_instance *none;
    EXPECT_EQ(weft_create(&model, threads, arena, weights, &none), status);
    EXPECT_EQ(none, nullptr);
    return weft_error_message();
  }

  std::string runError(const weft_tensor &input, const weft_tensor &output, weft_status status = WEFT_ERROR_SHAPE) {
    EXPECT_EQ(weft_run(net, &input, &output, nullptr), status);
    return weft_error_message();
  }

  weft_instance *net = nullptr;
};

TEST_F(Instance, RunsWithAnyNumberOfThreads) {
  for (int threads : {0, 1, 2, 3, 16}) {
    weft_instance *net;
    ASSERT_EQ(weft_create(&fake_dense, threads, nullptr, nullptr, &net), WEFT_OK);
    for (int run = 0; run < 20; ++run) {
      Dense dense(static_cast<float>(run));
      ASSERT_EQ(weft_run(net, &dense.input, &dense.output, nullptr), WEFT_OK) << weft_error_message();
      ASSERT_TRUE(dense.right()) << threads << " threads, run " << run;
    }
    EXPECT_EQ(weft_verify(net), WEFT_OK);
    weft_destroy(net);
  }
}

TEST_F(Instance, UsesTheCallersArenaAndNoByteMore) {
  weft_info info;
  weft_get_info(&fake_dense, &info);
  const size_t bytes = info.arena_bytes + (3 - info.planned_threads) * info.thread_bytes;
  std::vector<unsigned char> memory(bytes + 64 + 64, 0xee);
  auto *arena = reinterpret_cast<unsigned char *>((reinterpret_cast<uintptr_t>(memory.data()) + 63) & ~uintptr_t(63));
  ASSERT_EQ(weft_create(&fake_dense, 3, arena, nullptr, &net), WEFT_OK);
  Dense dense;
  ASSERT_EQ(weft_run(net, &dense.input, &dense.output, nullptr), WEFT_OK);
  EXPECT_TRUE(dense.right());
  for (unsigned char *guard = arena + bytes; guard < memory.data() + memory.size(); ++guard)
    ASSERT_EQ(*guard, 0xee);
}

TEST_F(Instance, InstancesRunSideBySide) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      weft_instance *net;
      if (weft_create(&fake_dense, 2, nullptr, nullptr, &net) != WEFT_OK)
        return void(++wrong);
      for (int run = 0; run < 50; ++run) {
        Dense dense(static_cast<float>(i * 50 + run));
        wrong += weft_run(net, &dense.input, &dense.output, nullptr) != WEFT_OK || !dense.right();
      }
      weft_destroy(net);
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(Instance, RefusesASecondRunAtOnce) {
  create(1);
  struct Second {
    weft_instance *net;
    weft_status status = WEFT_OK;
  } second{net};
  const unsigned char *arena;
  weft_runtime_api.observe(
      net,
      [](void *user, uint32_t, int) {
        auto *second = static_cast<Second *>(user);
        Dense dense;
        second->status = weft_run(second->net, &dense.input, &dense.output, nullptr);
      },
      &second, &arena);
  Dense dense;
  EXPECT_EQ(weft_run(net, &dense.input, &dense.output, nullptr), WEFT_OK);
  EXPECT_EQ(second.status, WEFT_ERROR_BUSY);
  EXPECT_STREQ(weft_error_message(), "this instance of `fake_dense` is running on another thread");
}

TEST_F(Instance, CreateRefusesBadArguments) {
  EXPECT_EQ(createError(fake_dense, WEFT_ERROR_ARGUMENT, -1), "-1 threads; it must be 0 (all processors) to 256");
  EXPECT_EQ(createError(fake_dense, WEFT_ERROR_ARGUMENT, 257), "257 threads; it must be 0 (all processors) to 256");
  alignas(64) static unsigned char memory[128];
  EXPECT_EQ(createError(fake_dense, WEFT_ERROR_ARGUMENT, 1, memory + 4), "the arena is not aligned to 64 bytes");
  EXPECT_EQ(createError(fake_dense, WEFT_ERROR_ARGUMENT, 0, memory),
            "an arena needs a number of threads that is not 0: its size depends on it");
  EXPECT_EQ(createError(fake_dense, WEFT_ERROR_ARGUMENT, 1, nullptr, "w"),
            "`fake_dense` carries its weights: it takes no weights file");
  EXPECT_EQ(weft_create(&fake_dense, 1, nullptr, nullptr, nullptr), WEFT_ERROR_ARGUMENT);
  EXPECT_STREQ(weft_error_message(), "no place to put the instance");
}

TEST_F(Instance, CreateRefusesOtherVersionsAndProcessors) {
  weft_model model = fake_dense;
  model.abi = 7;
  EXPECT_EQ(createError(model, WEFT_ERROR_VERSION), "the model has interface version 7, this runtime " + std::to_string(WEFT_ABI));
  const char *const features[] = {"sse2", "avx1024", nullptr};
  model = fake_dense;
  model.cpu_features = features;
  EXPECT_EQ(createError(model, WEFT_ERROR_CPU), "this processor lacks `avx1024`, which the model was compiled for");
}

TEST_F(Instance, CreateSurvivesAnArenaNobodyHas) {
  weft_model model = fake_dense;
  model.arena_bytes = uint64_t(1) << 62;
  EXPECT_EQ(createError(model, WEFT_ERROR_MEMORY), "no memory for an arena of 4611686018427387904 bytes");
  model.thread_bytes = uint64_t(1) << 63;
  EXPECT_EQ(createError(model, WEFT_ERROR_MEMORY, 4), "the arena is larger than the address space");
}

TEST_F(Instance, RunRefusesWrongTensors) {
  create();
  Dense dense;
  EXPECT_EQ(weft_run(nullptr, &dense.input, &dense.output, nullptr), WEFT_ERROR_ARGUMENT);
  EXPECT_EQ(weft_run(net, nullptr, &dense.output, nullptr), WEFT_ERROR_ARGUMENT);
  EXPECT_EQ(weft_run(net, &dense.input, nullptr, nullptr), WEFT_ERROR_ARGUMENT);
  weft_tensor wrong = dense.input;
  wrong.dtype = WEFT_F64;
  EXPECT_EQ(runError(wrong, dense.output), "`x` is f64[64, 1000]; it must be f32[64, 1000]");
  wrong = dense.input;
  wrong.rank = 1;
  EXPECT_EQ(runError(wrong, dense.output), "`x` is f32[64]; it must be f32[64, 1000]");
  wrong.rank = 99;
  EXPECT_EQ(runError(wrong, dense.output), "`x` has rank 99; it must be f32[64, 1000]");
  wrong = dense.output;
  wrong.dims[1] = 999;
  EXPECT_EQ(runError(dense.input, wrong), "`y` is f32[64, 999]; it must be f32[64, 1000]");
  wrong = dense.input;
  wrong.data = nullptr;
  EXPECT_EQ(runError(wrong, dense.output, WEFT_ERROR_ARGUMENT), "`x` has no data");
  wrong.data = reinterpret_cast<char *>(dense.x.data()) + 1;
  EXPECT_EQ(runError(wrong, dense.output, WEFT_ERROR_ARGUMENT), "`x` is not aligned to its elements");
}

/// A kernel that is wrong ends the run with an error, not the program; the next run is fine.
TEST_F(Instance, FaultsOfKernelsAreErrors) {
  for (int threads : {1, 3}) {
    weft_instance *net;
    ASSERT_EQ(weft_create(&fake_dense, threads, nullptr, nullptr, &net), WEFT_OK);
    Dense dense;
    for (int fault : {FAKE_SCRATCH_OVERFLOW, FAKE_TASK_FAILS, FAKE_DOUBLE_FREE}) {
      fake_fault = fault;
      EXPECT_EQ(weft_run(net, &dense.input, &dense.output, nullptr), WEFT_ERROR_INTERNAL);
      EXPECT_EQ(std::string(weft_error_message()).rfind("a kernel of `fake_dense` failed", 0), 0u);
      fake_fault = FAKE_NONE;
      EXPECT_EQ(weft_run(net, &dense.input, &dense.output, nullptr), WEFT_OK);
      EXPECT_TRUE(dense.right());
    }
    weft_destroy(net);
  }
}

TEST_F(Instance, ProfileKeepsTheNewestEvents) {
  create();
  Dense dense;
  ASSERT_EQ(weft_profile(net, 3), WEFT_OK);
  for (int run = 0; run < 2; ++run)
    ASSERT_EQ(weft_run(net, &dense.input, &dense.output, nullptr), WEFT_OK);
  weft_event events[8];
  ASSERT_EQ(weft_profile_read(net, events, 8), 3u);
  EXPECT_STREQ(events[0].path, "add");
  EXPECT_STREQ(events[1].path, "scale");
  EXPECT_STREQ(events[2].kernel, "fake_add");
  EXPECT_LE(events[1].start_ns, events[1].end_ns);
  EXPECT_LE(events[1].end_ns, events[2].start_ns);
  EXPECT_EQ(weft_profile_read(net, events, 8), 0u);
  EXPECT_EQ(weft_profile(net, 0), WEFT_OK);
}

// ---- weights in a file ----

class WeightsFile : public Instance {
protected:
  void SetUp() override {
    size_t bytes;
    const unsigned char *image = fake_weights(&bytes);
    contents.assign(image, image + bytes);
    model.weights = nullptr;
    file = ::testing::TempDir() + "weft-weights-" + std::to_string(getpid());
  }
  void TearDown() override {
    Instance::TearDown();
    unlink(file.c_str());
  }

  void write() const {
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char *>(contents.data()), static_cast<std::streamsize>(contents.size()));
  }

  /// What create says of the contents, with the file's name as FILE.
  std::string error() const {
    write();
    std::string text = createError(model, WEFT_ERROR_WEIGHTS, 1, nullptr, file.c_str());
    const size_t at = text.find(file);
    return at == std::string::npos ? text : text.replace(at, file.size(), "FILE");
  }

  /// Changes a header field and makes the header's checksum right again, for file and model.
  template <typename T> void forge(size_t offset, T value) {
    std::memcpy(contents.data() + offset, &value, sizeof value);
    const uint64_t checksum = weft_checksum(contents.data(), 56);
    std::memcpy(contents.data() + 56, &checksum, 8);
    model.weight_header_checksum = checksum;
  }

  weft_model model = fake_dense;
  std::vector<unsigned char> contents;
  std::string file;
};

TEST_F(WeightsFile, IsMappedAndVerified) {
  write();
  ASSERT_EQ(weft_create(&model, 2, nullptr, file.c_str(), &net), WEFT_OK) << weft_error_message();
  Dense dense;
  ASSERT_EQ(weft_run(net, &dense.input, &dense.output, nullptr), WEFT_OK);
  EXPECT_TRUE(dense.right());
  EXPECT_EQ(weft_verify(net), WEFT_OK);
}

TEST_F(WeightsFile, DamagedDataIsFoundByVerify) {
  contents.back() ^= 1;
  write();
  ASSERT_EQ(weft_create(&model, 1, nullptr, file.c_str(), &net), WEFT_OK);
  EXPECT_EQ(weft_verify(net), WEFT_ERROR_WEIGHTS);
  EXPECT_STREQ(weft_error_message(), "the weights of `fake_dense` are damaged: their checksum differs");
}

TEST_F(WeightsFile, EveryDamagedHeaderByteIsFound) {
  for (size_t i = 0; i < 64; ++i) {
    contents[i] ^= 0x40;
    EXPECT_NE(error(), "") << i;
    contents[i] ^= 0x40;
  }
}

TEST_F(WeightsFile, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(createError(model, WEFT_ERROR_WEIGHTS),
            "the weights of `fake_dense` are in a file of their own: give its name");
  EXPECT_EQ(createError(model, WEFT_ERROR_WEIGHTS, 1, nullptr, "/no/such"),
            "cannot open `/no/such`: No such file or directory");
  EXPECT_EQ(createError(model, WEFT_ERROR_WEIGHTS, 1, nullptr, "/dev/zero"), "`/dev/zero` is not a weft weights file");
  contents[20] ^= 1;
  EXPECT_EQ(error(), "the header of `FILE` is damaged");
  contents[20] ^= 1;
  contents.pop_back();
  EXPECT_EQ(error(), "`FILE` is truncated or too long: 8095 bytes where its header says 4096 + 4000");
  contents.resize(10);
  EXPECT_EQ(error(), "`FILE` is not a weft weights file");
}

TEST_F(WeightsFile, AnotherModelsFileIsRefused) {
  model.weight_header_checksum ^= 1;
  EXPECT_EQ(error(), "`FILE` holds the weights of another compilation, not of this `fake_dense`");
}

TEST_F(WeightsFile, ForgedHeadersAreRefused) {
  forge(8, uint32_t(2));
  EXPECT_EQ(error(), "`FILE` has weights format 2; this program reads format 1");
  forge(8, uint32_t(1));
  for (uint64_t offset : {uint64_t(0), uint64_t(32), uint64_t(4097), uint64_t(1) << 63, ~uint64_t(63)}) {
    forge(16, offset);
    EXPECT_EQ(error().rfind("`FILE` is truncated or too long", 0), 0u) << offset;
  }
}

// ---- graphs ----

/// A path graph of 4 vertices: 0 -> 1 -> 2 -> 3, parts 0, 0, 1, 1.
class Graph : public Instance {
protected:
  void SetUp() override { ASSERT_EQ(weft_create(&fake_graph, 1, nullptr, nullptr, &net), WEFT_OK); }

  weft_status run(const int64_t *sizes = nullptr) {
    auto length = [](const std::vector<int32_t> &values) { return static_cast<int64_t>(values.size()); };
    weft_tensor inputs[] = {{indptr.data(), WEFT_I32, 1, {length(indptr)}},
                            {indices.data(), WEFT_I32, 1, {length(indices)}},
                            {part.data(), WEFT_I32, 1, {length(part)}}};
    weft_tensor output{y.data(), WEFT_F32, 1, {static_cast<int64_t>(y.size())}};
    return weft_run(net, inputs, &output, sizes);
  }
  std::string error(weft_status status, const int64_t *sizes = nullptr) {
    EXPECT_EQ(run(sizes), status);
    return weft_error_message();
  }

  std::vector<int32_t> indptr{0, 0, 1, 2, 3}, indices{0, 1, 2}, part{0, 0, 1, 1};
  std::vector<float> y = std::vector<float>(2);
};

TEST_F(Graph, SizesComeFromShapesOrTheRun) {
  ASSERT_EQ(run(), WEFT_OK) << weft_error_message();
  EXPECT_EQ(y, (std::vector<float>{1, 2}));
  const int64_t sizes[] = {-1, -1, 2};
  EXPECT_EQ(run(sizes), WEFT_OK);
  const int64_t three[] = {-1, -1, 3};
  EXPECT_EQ(error(WEFT_ERROR_SHAPE, three), "the shape of `y` makes G = 2, but it is 3 elsewhere");
  const int64_t many[] = {-1, -1, 9};
  EXPECT_EQ(error(WEFT_ERROR_SHAPE, many), "the argument `sizes` makes G = 9; it must be 0 to 8");
}

TEST_F(Graph, RejectsWhatIsNoGraph) {
  indptr = {0, 2, 1, 2, 3};
  EXPECT_EQ(error(WEFT_ERROR_GRAPH), "`g.indptr`[2] is 1, less than the 2 before it; it must never decrease");
  indptr = {1, 1, 1, 2, 3};
  EXPECT_EQ(error(WEFT_ERROR_GRAPH), "`g.indptr`[0] is 1; it must be 0");
  indptr = {0, 0, 1, 2, 4};
  EXPECT_EQ(error(WEFT_ERROR_GRAPH), "`g.indptr` ends with 4; it must end with the number of edges, 3");
  indptr = {0, 0, 1, 2, 3};
  indices[1] = 4;
  EXPECT_EQ(error(WEFT_ERROR_GRAPH), "`g.indices`[1] is 4; it must be 0 to 3");
  indices[1] = -1;
  EXPECT_EQ(error(WEFT_ERROR_GRAPH), "`g.indices`[1] is -1; it must be 0 to 3");
  indices[1] = 1;
  part[3] = 2;
  EXPECT_EQ(error(WEFT_ERROR_GRAPH), "`part`[3] is 2; it must be 0 to 1");
}

TEST_F(Graph, RejectsSizesOverTheBound) {
  indptr.assign(FAKE_V + 2, 0);
  EXPECT_EQ(error(WEFT_ERROR_SHAPE), "the shape of `g.indptr` makes V = 51; it must be 0 to 50");
  indptr.assign(1, 0);
  EXPECT_EQ(error(WEFT_ERROR_SHAPE), "the shape of `part` makes V = 4, but it is 0 elsewhere");
  indptr.clear();
  EXPECT_EQ(error(WEFT_ERROR_SHAPE), "`g.indptr` is i32[0]; it must be i32[V + 1]");
}

TEST_F(Graph, NoEdgesAndFullSizesAreFine) {
  indptr = {0, 0, 0, 0, 0};
  indices = {};
  ASSERT_EQ(run(), WEFT_OK) << weft_error_message();
  EXPECT_EQ(y, (std::vector<float>{0, 0}));
  indptr.assign(FAKE_V + 1, FAKE_E);
  indptr[0] = 0;
  indices.assign(FAKE_E, FAKE_V - 1);
  part.assign(FAKE_V, 1);
  ASSERT_EQ(run(), WEFT_OK) << weft_error_message();
  EXPECT_EQ(y, (std::vector<float>{0, FAKE_E}));
}

} // namespace
