// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A small plan all the way to a shared library that runs: weights, borders, copies, run-time sizes, in-image weights.
// The kernel is LLVM IR, so that only this folder is on trial.
#include "Parse.h"
#include "compiler/Emit/Host/GrowSection.h"
#include "compiler/Emit/Host/Link.h"
#include "compiler/Emit/Host/Object.h"
#include "compiler/Emit/Host/PackedWeights.h"
#include "compiler/Support/Files.h"
#include "runtime/src/common/model.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

using namespace weft;
using namespace weft::emit;

/// out[i] = in[i] + in[i + 2] + weight[0], for the extent Halide's innermost dimension of `out` says.
static const char *const kernelText = R"(
%dim = type { i32, i32, i32, i32 }
%buffer = type { i64, ptr, ptr, i64, i32, i32, ptr, ptr }
define i32 @net__k(ptr %context, ptr %in, ptr %w, ptr %out) {
entry:
  %ip = getelementptr %buffer, ptr %in, i32 0, i32 2
  %i = load ptr, ptr %ip
  %wp = getelementptr %buffer, ptr %w, i32 0, i32 2
  %wd = load ptr, ptr %wp
  %weight = load float, ptr %wd
  %op = getelementptr %buffer, ptr %out, i32 0, i32 2
  %o = load ptr, ptr %op
  %dp = getelementptr %buffer, ptr %out, i32 0, i32 6
  %d = load ptr, ptr %dp
  %ep = getelementptr %dim, ptr %d, i32 0, i32 1
  %extent = load i32, ptr %ep
  br label %loop
loop:
  %n = phi i32 [0, %entry], [%next, %body]
  %more = icmp slt i32 %n, %extent
  br i1 %more, label %body, label %done
body:
  %a = getelementptr float, ptr %i, i32 %n
  %av = load float, ptr %a
  %n2 = add i32 %n, 2
  %c = getelementptr float, ptr %i, i32 %n2
  %cv = load float, ptr %c
  %s = fadd float %av, %cv
  %t = fadd float %s, %weight
  %r = getelementptr float, ptr %o, i32 %n
  store float %t, ptr %r
  %next = add i32 %n, 1
  br label %loop
done:
  ret i32 0
}
)";

static const char *const planText = R"(
func.func private @k(tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
plan.program @net {
  plan.size "V" at_most 100
  %x = plan.input "x" [V] f32
  %y = plan.output "y" [V] f32
  %w = weft.weight "w" : tensor<4xf32>
  %packed = plan.weights 80 bytes
  %slot = plan.slot %packed[64] of %w : tensor<4xf32>
  %arena = plan.arena 448 bytes lower_bound 408
  %s = plan.slice %arena[0] 408 bytes live [0, 6)
  plan.copy "pad" %x[0] [V] by [1] f32 to %s[1] [V] by [1] f32
  plan.border %s[0] [V + 2] by [1] f32 low [1] high [1] fill 5.000000e-01 : f32
  plan.launch @k "layer.k" ins(%s[0] [V + 2] by [1] f32, %slot[1] [3] by [1] f32) outs(%y[0] [V] by [1] f32)
})";

namespace {

class SharedLibrary : public testing::Test {
protected:
  void SetUp() override { ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("weft-host", folder)); }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  std::string file(const char *name) { return (folder + "/" + name).str(); }

  void write(llvm::Module &module, const std::string &path) {
    std::error_code error;
    llvm::raw_fd_ostream out(path, error);
    llvm::Error problem = writeObject(module, out);
    ASSERT_FALSE(bool(problem)) << toString(std::move(problem));
  }

  /// Everything from the plan to the library `path`.
  void build(const std::string &path) {
    Parsed parsed(planText);
    ASSERT_TRUE(parsed.module);
    HostOptions options;
    options.name = "net";
    options.target = "cpu:x86-64-v3";
    RecipeEvaluator recipes([](llvm::StringRef, mlir::RankedTensorType type) -> mlir::FailureOr<HostTensor> {
      HostTensor tensor = HostTensor::allocate(type);
      for (int i = 0; i < 4; ++i)
        reinterpret_cast<float *>(tensor.writable())[i] = 10.0f * i;
      return tensor;
    });
    llvm::LLVMContext context;
    auto host = emitHostModule(*parsed.module, options, context);
    ASSERT_TRUE(host);
    write(*host, file("host.o"));
    llvm::SMDiagnostic diagnostic;
    auto kernel = llvm::parseAssemblyString(kernelText, diagnostic, context);
    ASSERT_TRUE(kernel) << diagnostic.getMessage().str();
    kernel->setTargetTriple(host->getTargetTriple());
    kernel->setDataLayout(host->getDataLayout());
    write(*kernel, file("kernel.o"));
    LinkOptions link{LinkOptions::SharedLibrary,
                     {file("host.o"), file("kernel.o")},
                     {WEFT_RUNTIME_ARCHIVE},
                     "net",
                     path,
                     weightsSection};
    auto linked = weft::emit::link(link);
    ASSERT_TRUE(bool(linked)) << toString(linked.takeError());
    auto place = growSection(linked->part(), weightsSection, packedWeightsBytes(parsed.program()));
    ASSERT_TRUE(bool(place)) << toString(place.takeError());
    ASSERT_TRUE(mlir::succeeded(packWeights(parsed.program(), recipes, *place)));
    ASSERT_FALSE(bool(linked->commit()));
  }

  llvm::SmallString<128> folder;
};

TEST_F(SharedLibrary, RunsForEveryValueOfARunTimeSize) {
  build(file("net.so"));
  void *library = dlopen(file("net.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_TRUE(library) << dlerror();
  auto query = reinterpret_cast<const weft_model *(*)(uint32_t)>(dlsym(library, "weft_query"));
  ASSERT_TRUE(query);
  EXPECT_FALSE(query(WEFT_ABI + 1));
  const weft_model *model = query(WEFT_ABI);
  ASSERT_TRUE(model);
  EXPECT_STREQ(model->name, "net");
  EXPECT_STREQ(model->events[0].path, "layer.k");
  EXPECT_EQ(uintptr_t(model->weights) % 4096, 0u);
  EXPECT_FALSE(dlsym(library, "net__k")) << "kernels are private";
  EXPECT_TRUE(dlsym(library, "net_create"));
  weft_instance *net = nullptr;
  ASSERT_EQ(model->api->create(model, 1, nullptr, nullptr, &net), WEFT_OK) << model->api->error_message();
  EXPECT_EQ(model->api->verify(net), WEFT_OK) << model->api->error_message();
  for (int64_t size : {1, 7, 100}) {
    std::vector<float> x(size), y(size, -1.0f);
    for (int64_t i = 0; i < size; ++i)
      x[i] = float(i);
    weft_tensor input{x.data(), WEFT_F32, 1, {size}}, output{y.data(), WEFT_F32, 1, {size}};
    ASSERT_EQ(model->api->run(net, &input, &output, nullptr), WEFT_OK) << model->api->error_message();
    for (int64_t i = 0; i < size; ++i)
      EXPECT_EQ(y[i], (i == 0 ? 0.5f : x[i - 1]) + (i + 1 == size ? 0.5f : x[i + 1]) + 10.0f) << "element " << i;
  }
  model->api->destroy(net);
  dlclose(library);
}

TEST_F(SharedLibrary, SaysWhyACallFailed) {
  build(file("net.so"));
  void *library = dlopen(file("net.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_TRUE(library) << dlerror();
  auto create = reinterpret_cast<weft_status (*)(int, void *, const char *, weft_instance **)>(dlsym(library, "net_create"));
  auto message = reinterpret_cast<const char *(*)()>(dlsym(library, "net_error_message"));
  ASSERT_TRUE(create && message);
  weft_instance *net = nullptr;
  EXPECT_EQ(create(-1, nullptr, nullptr, &net), WEFT_ERROR_ARGUMENT);
  EXPECT_STREQ(message(), "-1 threads; it must be 0 (all processors) to 256");
  dlclose(library);
}

TEST_F(SharedLibrary, IsTheSameBytesUnderAnyName) {
  build(file("net.so"));
  build(file("other.so"));
  auto first = llvm::MemoryBuffer::getFile(file("net.so")), second = llvm::MemoryBuffer::getFile(file("other.so"));
  EXPECT_TRUE((*first)->getBuffer() == (*second)->getBuffer());
  EXPECT_EQ((*first)->getBuffer().find("/tmp"), llvm::StringRef::npos);
}

TEST_F(SharedLibrary, LinkErrorsNameTheReason) {
  auto linked = weft::emit::link({LinkOptions::SharedLibrary, {file("missing.o")}, {}, "net", file("net.so"), ""});
  std::string text = toString(linked.takeError());
  EXPECT_NE(text.find("missing.o"), std::string::npos) << text;
  EXPECT_FALSE(llvm::sys::fs::exists(file("net.so")));
}

} // namespace
