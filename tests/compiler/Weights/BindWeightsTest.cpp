// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Weights bound wrongly give a network that runs and is wrong, or an error nobody understands: the texts are tested
// whole.
#include "compiler/Weights/BindWeights.h"

#include "compiler/Weights/RandomWeights.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/FileSystem.h"

#include <fstream>
#include <gtest/gtest.h>

using namespace llvm;
using namespace weft;

namespace {

/// A file of header and data that goes with the test.
class ScratchFile {
public:
  ScratchFile(StringRef header, StringRef data) {
    SmallString<128> place;
    sys::fs::createTemporaryFile("weights", "safetensors", place);
    path = std::string(place);
    std::ofstream out(path, std::ios::binary);
    const uint64_t bytes = header.size();
    out.write(reinterpret_cast<const char *>(&bytes), 8);
    out << header.str() << data.str();
  }
  ~ScratchFile() { sys::fs::remove(path); }
  std::string path;
};

class BindWeights : public ::testing::Test {
protected:
  NeededWeight need(std::string path, std::vector<int64_t> shape) {
    return {std::move(path), mlir::RankedTensorType::get(shape, mlir::Builder(&context).getF32Type())};
  }

  /// The error text of binding, with the file's name as FILE; "" when all is well.
  std::string check(const ScratchFile &file, ArrayRef<NeededWeight> needed, bool strict = false,
                    std::vector<std::string> uncompiled = {}) {
    auto given = GivenWeights::open({file.path});
    if (!given)
      return clean(toString(given.takeError()), file);
    raw_string_ostream out(warnings);
    Error error = given->check(needed, uncompiled, strict, out);
    return error ? clean(toString(std::move(error)), file) : "";
  }

  static std::string clean(std::string text, const ScratchFile &file) {
    for (size_t at; (at = text.find(file.path)) != std::string::npos;)
      text.replace(at, file.path.size(), "FILE");
    return text;
  }

  mlir::MLIRContext context;
  std::string warnings;
};

constexpr const char *twoTensors = R"({"conv1.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
  "fc.bias":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}})";

TEST_F(BindWeights, AllFaultsComeInOneError) {
  ScratchFile file(twoTensors, std::string(32, 0));
  EXPECT_EQ(check(file, {need("conv1.weight", {3, 2}), need("fc.bais", {2}), need("entirely.else", {1})}),
            "the weights do not fit the network\n"
            "  wrong shape: `conv1.weight` is [2, 3] in `FILE`; the network has [3, 2]\n"
            "  missing: `fc.bais` f32[2]; did you mean `fc.bias`?\n"
            "  missing: `entirely.else` f32[1]");
}

TEST_F(BindWeights, NamesOfAWrapperAreFoundAndUsedOnesNotSuggested) {
  ScratchFile file(R"({"module.conv1.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
    "fc.bias":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                   std::string(8, 0));
  EXPECT_EQ(check(file, {need("conv1.weight", {1}), need("fc.bias", {1}), need("fa.bias", {1})}),
            "the weights do not fit the network\n"
            "  missing: `conv1.weight` f32[1]; `module.conv1.weight` is there, take `module.` from the names of the file\n"
            "  missing: `fa.bias` f32[1]");
}

TEST_F(BindWeights, SurplusWarnsOrFails) {
  ScratchFile file(twoTensors, std::string(32, 0));
  EXPECT_EQ(check(file, {need("fc.bias", {2})}), "");
  EXPECT_EQ(warnings, "warning: 1 tensor is not part of the network: `conv1.weight`\n");
  EXPECT_EQ(check(file, {need("fc.bias", {2})}, /*strict=*/true),
            "the weights do not fit the network\n  surplus: `conv1.weight` belongs to no part of the network");
}

TEST_F(BindWeights, WhatIsNotCompiledIsNoSurplus) {
  ScratchFile file(R"({"bn1.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]},
    "aux.weight":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
                   std::string(12, 0));
  EXPECT_EQ(check(file, {}, /*strict=*/true, {"aux.weight"}), "");
  EXPECT_EQ(warnings, "");
}

TEST_F(BindWeights, NoWeightsAtAllSaysHowToGiveThem) {
  auto given = GivenWeights::open({});
  ASSERT_TRUE(bool(given));
  EXPECT_EQ(toString(given->check({need("w", {1})}, {}, false, nulls())),
            "the network has 1 weight: give `--weights=FILE.safetensors`, or `--weights=random:SEED`");
}

TEST_F(BindWeights, TwoFilesWithOneTensorAreAnError) {
  ScratchFile file(twoTensors, std::string(32, 0));
  auto given = GivenWeights::open({file.path, file.path});
  ASSERT_TRUE(bool(given));
  EXPECT_EQ(toString(given->check({need("fc.bias", {2}), need("conv1.weight", {2, 3})}, {}, false, nulls())),
            "the weights do not fit the network\n"
            "  given twice: `conv1.weight` is in more than one file\n"
            "  given twice: `fc.bias` is in more than one file");
}

TEST_F(BindWeights, UnusableTypesAreRefusedOnlyWhereNeeded) {
  ScratchFile file(R"({"w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})", std::string(8, 0));
  EXPECT_EQ(
      check(file, {need("w", {1})}),
      "the weights do not fit the network\n  wrong type: `w` is I64 in `FILE`; F32, F16, BF16 and F64 can be used");
}

TEST_F(BindWeights, ConvertsEveryFloatType) {
  // 1.5 as F16, BF16, F64; then the smallest F16 subnormal and infinity.
  const char data[] = "\x00\x3e"
                      "\xc0\x3f"
                      "\x00\x00\x00\x00\x00\x00\xf8\x3f"
                      "\x01\x80"
                      "\x00\x7c";
  ScratchFile file(R"({"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},
    "b":{"dtype":"BF16","shape":[1],"data_offsets":[2,4]},"c":{"dtype":"F64","shape":[1],"data_offsets":[4,12]},
    "d":{"dtype":"F16","shape":[2],"data_offsets":[12,16]}})",
                   StringRef(data, 16));
  auto given = GivenWeights::open({file.path});
  ASSERT_TRUE(bool(given));
  WeightSource source = given->source();
  auto value = [&](std::string name, int64_t count, int64_t at) {
    return source(name, need(name, {count}).type)->as<float>()[at];
  };
  EXPECT_EQ(value("a", 1, 0), 1.5f);
  EXPECT_EQ(value("b", 1, 0), 1.5f);
  EXPECT_EQ(value("c", 1, 0), 1.5f);
  EXPECT_EQ(value("d", 2, 0), -0x1p-24f);
  EXPECT_EQ(value("d", 2, 1), INFINITY);
}

TEST_F(BindWeights, RandomWeightsAreTheDocumentedOnes) {
  // The values tests/support/weft_random.py gives for the same arguments.
  HostTensor conv = drawWeight(7, "conv1.weight", need("", {4, 3, 2}).type);
  EXPECT_EQ(conv.as<float>()[0], 0x1.49a3p-6f);
  EXPECT_EQ(conv.as<float>()[1], -0x1.0fc14p-3f);
  EXPECT_EQ(drawWeight(7, "a.bias", need("", {5}).type).as<float>()[4], 0x1.656f74p-5f);
}

TEST_F(BindWeights, FilesComeBeforeTheSeed) {
  ScratchFile file(twoTensors, std::string(32, 0));
  auto given = GivenWeights::open({"random:1", file.path});
  ASSERT_TRUE(bool(given));
  EXPECT_FALSE(bool(given->check({need("fc.bias", {2}), need("other", {8})}, {"conv1.weight"}, true, nulls())));
  EXPECT_EQ(given->source()("fc.bias", need("", {2}).type)->as<float>()[0], 0.0f);
  EXPECT_NE(given->source()("other", need("", {8}).type)->as<float>()[0], 0.0f);
}

TEST_F(BindWeights, SeedsAreNumbers) {
  EXPECT_EQ(toString(GivenWeights::open({"random:x"}).takeError()),
            "`--weights=random:SEED` takes a number from 0 to 2^64 - 1, not `x`");
}

// ---- hostile files ----

TEST_F(BindWeights, BrokenFilesAreRefused) {
  struct Case {
    std::string header, why;
  } cases[] = {
      {"{", "its header is no JSON: "},
      {"[]", "its header is no JSON object"},
      {std::string(300, '['), "its header nests deeper than 256"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"v":1,"w":2})", "`w` is there twice"},
      {R"({"w":{"dtype":"F32","shape":[2],"shape" : [2],"data_offsets":[0,8]}})", "`shape` is there twice"},
      {R"({"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       "`w` and `v` overlap"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "4 bytes before `w` belong to no tensor"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", "`w` has 8 bytes, which its shape does not fill"},
      {R"({"w":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}})",
       "`w` lies outside the file, which may be truncated"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}})", "`w` lies outside the file"},
      {R"({"w":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]}})",
       "which its shape does not fill"},
      {R"({"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "`w` has no proper `dtype`, `shape` and"},
      {R"({"w":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", "`w` has no proper `dtype`, `shape` and"},
      {R"({"w\u001b[2J":7})", "has no proper"},
  };
  for (const Case &one : cases) {
    ScratchFile file(one.header, std::string(8, 0));
    std::string text = check(file, {});
    EXPECT_TRUE(StringRef(text).starts_with("`FILE` is not a usable safetensors file: ")) << text;
    EXPECT_NE(text.find(one.why), std::string::npos) << text;
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
  }
}

TEST_F(BindWeights, SizesThatLieAreRefused) {
  for (uint64_t size : {uint64_t(1) << 63, ~uint64_t(0), uint64_t(9), uint64_t(1) << 25}) {
    std::string bytes(16, '{');
    std::memcpy(bytes.data(), &size, 8);
    auto file = SafetensorsFile::parse(MemoryBuffer::getMemBufferCopy(bytes), "x");
    ASSERT_FALSE(bool(file));
    EXPECT_EQ(toString(file.takeError()),
              "`x` is not a usable safetensors file: its header would have " + std::to_string(size) + " bytes");
  }
}

TEST_F(BindWeights, BytesBehindTheLastTensorAreRefused) {
  ScratchFile file(twoTensors, std::string(35, 0));
  EXPECT_EQ(check(file, {need("fc.bias", {2})}),
            "`FILE` is not a usable safetensors file: its last 3 bytes belong to no tensor");
}

TEST_F(BindWeights, FilesThatAreNoneSayWhy) {
  EXPECT_EQ(toString(SafetensorsFile::open("no-such-file").takeError()),
            "cannot read weights `no-such-file`: No such file or directory");
  EXPECT_EQ(toString(SafetensorsFile::open(".").takeError()), "cannot read weights `.`: it is not a file");
  auto archive = SafetensorsFile::parse(MemoryBuffer::getMemBufferCopy("PK\x03\x04 archive/data.pkl"), "net.pth");
  EXPECT_TRUE(StringRef(toString(archive.takeError()))
                  .starts_with("`net.pth` is not a usable safetensors file: it is a ZIP archive, as torch.save writes"));
}

} // namespace
