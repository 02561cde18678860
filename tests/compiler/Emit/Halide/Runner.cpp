// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The functions kernels need from a runtime stand here, in their simplest form; the loaded object finds them in
// this program.
#include "tests/compiler/Emit/Halide/Runner.h"

#include "compiler/Emit/Halide/Compile.h"
#include "compiler/Kernel/Spell.h"
#include "compiler/Kernel/Text.h"

#include "HalideRuntime.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <thread>
#include <unistd.h>
#include <utility>

namespace {

int threadCount = 1;
std::atomic<int64_t> workerPeak = 0;
thread_local bool isInTask = false;
thread_local int64_t heldBytes = 0, peakBytes = 0;
thread_local std::map<void *, int64_t> sizes;

} // namespace

extern "C" {

extern const char *weft_test_failed_check, *weft_test_failed_name; // Checks.c

void *halide_malloc(void *, size_t bytes) {
  size_t rounded = (bytes + 63) / 64 * 64;
  void *memory = std::aligned_alloc(128, (rounded + 127) / 128 * 128);
  std::memset(memory, 0xff, rounded); // NaN: what is read before it is written shows
  sizes[memory] = int64_t(rounded);
  heldBytes += int64_t(rounded);
  peakBytes = std::max(peakBytes, heldBytes);
  return memory;
}

void halide_free(void *, void *memory) {
  heldBytes -= sizes[memory];
  sizes.erase(memory);
  std::free(memory);
}

int weft_thread_count(void *) { return isInTask ? 1 : threadCount; } // as the runtime does

int halide_do_par_for(void *context, halide_task_t task, int min, int size, uint8_t *closure) {
  std::vector<std::thread> threads;
  const int workers = isInTask ? 1 : threadCount;
  std::vector<int> results(workers, 0);
  auto share = [&](int worker) {
    bool wasInTask = std::exchange(isInTask, true);
    for (int i = worker; i < size; i += workers)
      if (int failed = task(context, min + i, closure))
        results[worker] = failed;
    isInTask = wasInTask;
  };
  auto shareOfWorker = [&](int worker) {
    share(worker);
    int64_t known = workerPeak;
    while (known < peakBytes && !workerPeak.compare_exchange_weak(known, peakBytes))
      ;
  };
  for (int worker = 1; worker < workers; ++worker)
    threads.emplace_back(shareOfWorker, worker);
  share(0);
  for (std::thread &thread : threads)
    thread.join();
  for (int result : results)
    if (result)
      return result;
  return 0;
}

} // extern "C"

namespace weft::test {

using namespace kernel;

namespace {

std::string linkShared(const std::string &object, std::string &error) {
  std::string library = object + ".so";
  std::string command = std::string(WEFT_TEST_LINKER) + " -shared -o " + library + " " + object;
  if (std::system(command.c_str()) != 0)
    error = "cannot link: " + command;
  return library;
}

halide_type_t runtimeType(Scalar type) {
  switch (type) {
  case Scalar::F32:
    return {halide_type_float, 32, 1};
  case Scalar::F64:
    return {halide_type_float, 64, 1};
  case Scalar::I32:
    return {halide_type_int, 32, 1};
  case Scalar::I64:
    return {halide_type_int, 64, 1};
  case Scalar::U8:
    return {halide_type_uint, 8, 1};
  case Scalar::Bool:
    return {halide_type_uint, 1, 1};
  }
  return {};
}

/// The argument as the host function would build it: innermost dimension first.
struct Argument {
  explicit Argument(Buffer &buffer) {
    for (size_t d = buffer.extents.size(); d-- > 0;)
      dims.push_back({0, int32_t(buffer.extents[d]), int32_t(buffer.strides[d]), 0});
    raw.host = buffer.data();
    raw.type = runtimeType(buffer.type);
    raw.dimensions = int32_t(dims.size());
    raw.dim = dims.data();
  }
  std::vector<halide_dimension_t> dims;
  halide_buffer_t raw = {};
};

constexpr size_t mostOperands = 64;

template <size_t> using Pointer = halide_buffer_t *;

template <size_t... i>
int callWith(void *function, const std::vector<halide_buffer_t *> &a, std::index_sequence<i...>) {
  using F = int (*)(void *, Pointer<i>...);
  return reinterpret_cast<F>(function)(nullptr, i < a.size() ? a[i] : nullptr...);
}

int call(void *function, const std::vector<halide_buffer_t *> &a) {
  if (a.size() > mostOperands) {
    ADD_FAILURE() << a.size() << " operands; " << mostOperands << " are passed";
    return -1;
  }
  // Surplus arguments are harmless in the C calling convention.
  return callWith(function, a, std::make_index_sequence<mostOperands>());
}

} // namespace

const std::string &scratchFolder() {
  static struct Folder {
    std::string path = (std::filesystem::temp_directory_path() / "weft-kernels-XXXXXX").string();
    Folder() { path = mkdtemp(path.data()); }
    ~Folder() { std::filesystem::remove_all(path); }
  } folder;
  return folder.path;
}

int64_t Buffer::elements() const {
  int64_t count = 1;
  for (int64_t extent : extents)
    count *= extent;
  return count;
}

Buffer makeBuffer(Scalar type, std::vector<int64_t> extents, int seed) {
  Buffer buffer;
  buffer.type = type;
  buffer.extents = std::move(extents);
  buffer.strides.assign(buffer.extents.size(), 1);
  for (size_t d = buffer.extents.size(); d-- > 1;)
    buffer.strides[d - 1] = buffer.strides[d] * buffer.extents[d];
  buffer.bytes.assign(buffer.elements() * bytesOf(type) + 2 * Buffer::slack, 0x5a);
  std::minstd_rand random(seed + 1);
  for (int64_t i = 0; i < buffer.elements(); ++i) {
    uint32_t bits = random() >> 4;
    if (type == Scalar::F32)
      buffer.as<float>()[i] = float(int(bits % 65536) - 32768) / 32768;
    else if (type == Scalar::F64)
      buffer.as<double>()[i] = double(int(bits % 65536) - 32768) / 32768;
    else if (type == Scalar::I32)
      buffer.as<int32_t>()[i] = int32_t(bits % 8);
    else if (type == Scalar::I64)
      buffer.as<int64_t>()[i] = int64_t(bits % 8);
    else
      buffer.data()[i] = type == Scalar::Bool ? bits % 2 : bits % 8;
  }
  return buffer;
}

KernelDesc parseOrDie(const std::string &text) {
  ParseError error;
  std::optional<KernelDesc> desc = parseKernel(text, error);
  if (!desc) {
    ADD_FAILURE() << error.line << ":" << error.column << ": " << error.message << "\n" << text;
    std::abort();
  }
  return std::move(*desc);
}

std::string hostTarget() {
  if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16") &&
      __builtin_cpu_supports("avx512vbmi2"))
    return "znver4";
  return __builtin_cpu_supports("avx512bw") ? "x86-64-v4" : "x86-64-v3";
}

std::string compileObject(const KernelDesc &desc, const RunOptions &options, RunResult &result) {
  static int serial = 0;
  std::string object = scratchFolder() + "/" + std::to_string(serial++) + ".o";
  emit::CompiledKernel compiled;
  emit::CompileOptions compileOptions{options.target.empty() ? hostTarget() : options.target, options.asserts};
  if (!emit::compileKernel(desc, compileOptions, object, "", compiled, result.error))
    return "";
  result.scratch = compiled.scratch;
  return object;
}

RunResult run(const KernelDesc &desc, std::vector<Buffer> &operands, RunOptions options) {
  RunResult result;
  std::string object = compileObject(desc, options, result);
  if (object.empty())
    return result;
  RunResult ran = runObject(desc, object, operands, options.threads.front());
  ran.scratch = result.scratch;
  return ran;
}

RunResult runObject(const KernelDesc &desc, const std::string &object, std::vector<Buffer> &operands, int threads) {
  RunResult result;
  std::string library = linkShared(object, result.error);
  void *handle = result.error.empty() ? dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  if (!handle) {
    result.error += dlerror();
    return result;
  }
  std::vector<Argument> arguments;
  for (Buffer &buffer : operands)
    arguments.emplace_back(buffer);
  std::vector<halide_buffer_t *> raw;
  for (Argument &argument : arguments)
    raw.push_back(&argument.raw);
  threadCount = threads;
  peakBytes = heldBytes = workerPeak = 0;
  weft_test_failed_check = weft_test_failed_name = "";
  if (call(dlsym(handle, desc.name.c_str()), raw) != 0)
    result.error = "failed " + std::string(weft_test_failed_check) + " `" + weft_test_failed_name + "`";
  result.scratchPeak = peakBytes;
  result.workerPeak = workerPeak;
  dlclose(handle);
  return result;
}

} // namespace weft::test
