// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// .npy files come from anywhere: what is read must be what NumPy wrote, and nothing else may be read at all.
extern "C" {
#include "runtime/src/main/array.h"
}

#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <string>

namespace {

constexpr weft_extent dims[] = {2, 3}, bounded[] = {-1};
constexpr weft_port image{"image", dims, 2, WEFT_F32, WEFT_PORT_PLAIN, 0};
constexpr weft_port indptr{"g.indptr", bounded, 1, WEFT_I32, WEFT_PORT_INDPTR, 0};
constexpr weft_size sizes[] = {{"V", 4}};

weft_info info() {
  weft_info info = {};
  info.sizes = sizes;
  info.size_count = 1;
  return info;
}

std::string npy(const std::string &header, const std::string &data, char version = 1) {
  std::string file = "\x93NUMPY";
  file += version;
  file += '\0';
  file += static_cast<char>(header.size());
  file += static_cast<char>(header.size() >> 8);
  if (version > 1)
    file += std::string(2, '\0');
  return file + header + data;
}

std::string floats(std::initializer_list<float> values) {
  std::string data(values.size() * 4, 0);
  std::memcpy(data.data(), values.begin(), data.size());
  return data;
}

/// 0 when it was read; the array is checked with `look`.
template <typename Look> int parse(const std::string &file, const weft_port &port, Look look) {
  weft_array array = {};
  weft_info about = info();
  // A copy of exactly this size, so that the address sanitizer sees a read past the end.
  std::vector<unsigned char> bytes(file.begin(), file.end());
  int failed = weft_npy_parse("FILE", bytes.data(), bytes.size(), &about, &port, &array);
  if (!failed)
    look(array);
  weft_array_free(&array);
  return failed;
}

std::string complaint(const std::string &file, const weft_port &port = image) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(parse(file, port, [](const weft_array &) {}), 1);
  return ::testing::internal::GetCapturedStderr();
}

const std::string six = floats({0, 1, 2, 3, 4, 5});

TEST(Npy, ReadsAllThreeVersions) {
  for (char version : {1, 2, 3})
    EXPECT_EQ(parse(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }      \n", six, version), image,
                    [](const weft_array &array) {
                      EXPECT_EQ(array.rank, 2u);
                      EXPECT_EQ(array.dims[1], 3);
                      EXPECT_EQ(static_cast<const float *>(array.data)[5], 5.0f);
                    }),
              0);
}

TEST(Npy, FortranOrderBecomesC) {
  EXPECT_EQ(parse(npy("{'shape': (2, 3), 'fortran_order': True, 'descr': \"<f4\"}", six), image,
                  [](const weft_array &array) {
                    const float expected[] = {0, 2, 4, 1, 3, 5};
                    EXPECT_EQ(std::memcmp(array.data, expected, sizeof expected), 0);
                  }),
            0);
}

TEST(Npy, LongIndicesBecomeInts) {
  const int64_t values[] = {0, 2, 3};
  const std::string header = "{'descr': '<i8', 'fortran_order': False, 'shape': (3,)}";
  EXPECT_EQ(parse(npy(header, std::string(reinterpret_cast<const char *>(values), sizeof values)), indptr,
                  [](const weft_array &array) {
                    EXPECT_EQ(array.dtype, uint32_t(WEFT_I32));
                    EXPECT_EQ(static_cast<const int32_t *>(array.data)[1], 2);
                  }),
            0);
  const int64_t large[] = {0, int64_t(1) << 31, 3};
  EXPECT_NE(complaint(npy(header, std::string(reinterpret_cast<const char *>(large), sizeof large)), indptr)
                .find("`FILE`: element 1 is 2147483648, which is no 32-bit index"),
            std::string::npos);
}

TEST(Npy, RefusesWhatItCannotUse) {
  struct Case {
    std::string file, why;
  } cases[] = {
      {"", "is not a .npy file"},
      {"\x93NUMPY", "is not a .npy file"},
      {npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}", six + six),
       "has dtype `<f8`; `image` takes `<f4`"},
      {npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3)}", six), "has dtype `>f4`; `image` takes `<f4`"},
      {npy("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3)}", six), "has dtype `|O`; `image` takes `<f4`"},
      {npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3)}", six), "not a plain array's"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x", six), "not a plain array's"},
      {npy("{'descr': '<f4', 'fortran_order': False}", six), "not a plain array's"},
      {npy("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", six), "not a plain array's"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,2,3)}", six), "not a plain array's"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 3)}", six), "not a plain array's"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", six),
       "truncated or too long"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4)}", six), "truncated or too long"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}", six), "truncated or too long"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 6)}", six + six),
       "has 12 elements; `image` takes at most 6"},
      {npy("{'descr': '<f4'", six), "not a plain array's"},
      {std::string("\x93NUMPY\x01\0\xff\xff", 10) + six, "truncated or too long"},
  };
  for (const Case &one : cases)
    EXPECT_NE(complaint(one.file).find(one.why), std::string::npos) << one.file << "\n" << complaint(one.file);
}

/// Random damage to a good file: no crash, no read past the end (with the address sanitizer), nothing accepted that is
/// larger than the port.
TEST(Npy, SurvivesDamage) {
  const std::string good = npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n", six);
  std::mt19937 random(5);
  ::testing::internal::CaptureStderr();
  for (int round = 0; round < 20000; ++round) {
    std::string bad = good;
    for (unsigned hit = 0, hits = 1 + random() % 4; hit < hits; ++hit)
      bad[random() % bad.size()] = static_cast<char>(random());
    if (random() % 4 == 0)
      bad.resize(random() % (bad.size() + 1));
    parse(bad, image, [](const weft_array &array) { ASSERT_LE(weft_count(array.dims, array.rank, 4), 6); });
  }
  ::testing::internal::GetCapturedStderr();
}

} // namespace
