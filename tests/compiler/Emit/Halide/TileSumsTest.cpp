// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What lowering makes of sums in tiles, against the evaluator, on any machine: the micro-kernel the calls are for is written here
// as plainly as its description (runtime/src/cpu/tiles.h).
#include "tests/compiler/Emit/Halide/Compare.h"

#include "compiler/Kernel/TileProduct.h"

#include <gtest/gtest.h>

using namespace weft::kernel;
using namespace weft::test;

extern "C" __attribute__((visibility("default"))) void
weft_tile_products(float *c, const uint32_t *a, const uint32_t *b, int32_t width, int32_t lines, int32_t blocks, int32_t c_pixel,
                   int32_t c_line, int32_t c_block, int32_t a_pixel, int32_t a_line, int32_t a_part, int32_t b_block, int32_t b_part,
                   int32_t n0, int32_t a0, int32_t b0, int32_t n1, int32_t a1, int32_t b1, int32_t n2, int32_t a2, int32_t b2,
                   const void *, int32_t) {
  auto sum = [&](const uint32_t *pixel, const uint32_t *column) {
    double total = 0;
    for (int32_t i = 0; i < n0; ++i)
      for (int32_t j = 0; j < n1; ++j)
        for (int32_t k = 0; k < n2; ++k)
          for (int32_t word = 0; word < 16; ++word) {
            uint32_t words[6];
            for (int part = 0; part < 3; ++part) {
              words[part] = pixel[part * a_part + i * a0 + j * a1 + k * a2 + word];
              words[3 + part] = column[part * b_part + i * b0 + j * b1 + k * b2 + word * 16];
            }
            total += tileDot(words);
          }
    return static_cast<float>(total);
  };
  for (int32_t line = 0; line < lines; ++line)
    for (int32_t pixel = 0; pixel < width; ++pixel)
      for (int32_t block = 0; block < blocks; ++block)
        for (int32_t column = 0; column < 16; ++column)
          c[line * c_line + pixel * c_pixel + block * c_block + column] +=
              sum(a + line * a_line + pixel * a_pixel, b + block * b_block + column);
}

extern "C" __attribute__((visibility("default"))) void
weft_tile_products_split(float *c, const uint32_t *a, const float *b, int32_t width, int32_t lines, int32_t blocks, int32_t c_pixel,
                         int32_t c_line, int32_t c_block, int32_t a_pixel, int32_t a_line, int32_t a_part, int32_t b_block, int32_t b_row,
                         int32_t b_high, int32_t n0, int32_t a0, int32_t b0, int32_t n1, int32_t a1, int32_t b1, int32_t n2, int32_t a2,
                         int32_t b2, int32_t pairs, const void *, int32_t) {
  constexpr ScalarOp parts[] = {ScalarOp::Bf16High, ScalarOp::Bf16Middle, ScalarOp::Bf16Low};
  auto sum = [&](const uint32_t *pixel, const float *column) {
    double total = 0;
    for (int32_t i = 0; i < n0; ++i)
      for (int32_t j = 0; j < n1; ++j)
        for (int32_t k = 0; k < n2; ++k)
          for (int32_t word = 0; word < 16; ++word) {
            const float *low = column + i * b0 + j * b1 + k * b2 + word * b_row;
            uint32_t words[6];
            for (int part = 0; part < 3; ++part) {
              words[part] = pixel[part * a_part + i * a0 + j * a1 + k * a2 + word];
              words[3 + part] = bf16Part(parts[part], *low, i < pairs ? low[b_high] : 0);
            }
            total += tileDot(words);
          }
    return static_cast<float>(total);
  };
  for (int32_t line = 0; line < lines; ++line)
    for (int32_t pixel = 0; pixel < width; ++pixel)
      for (int32_t block = 0; block < blocks; ++block)
        for (int32_t column = 0; column < 16; ++column)
          c[line * c_line + pixel * c_pixel + block * c_block + column] =
              sum(a + line * a_line + pixel * a_pixel, b + block * b_block + column);
}

namespace {

/// Of an element, some of which are small differences of large terms.
constexpr double mostOff = 1e-3;

/// As the family writes it: strips of rows, two blocks of channels; an odd number of input blocks, of output blocks and of rows.
std::string convolution(int window, int stride) {
  std::string k = std::to_string(window), area = std::to_string(window * window * 256), row = std::to_string(window * 256);
  std::string y = "add(mul(y, " + std::to_string(stride) + ":i32), ky)", x = "add(mul(x, " + std::to_string(stride) + ":i32), kx)";
  auto both = [](const std::string &name, const std::string &args, const std::string &extent) {
    auto at = [&](const std::string &ib) { return "@" + name + "[" + std::string(args).replace(args.find("IB"), 2, ib) + "]"; };
    std::string low = at("mul(ib, 2:i32)"), end = "sub(extent(@" + extent + "), 1:i32)", odd = "add(mul(ib, 2:i32), 1:i32)";
    return low + ", select(le(" + odd + ", " + end + "), " + at("min(" + odd + ", " + end + ")") + ", 0)";
  };
  std::string ofX = "(" + both("x", "n, IB, y, x, word", "x, 1") + ")", a;
  for (int part = 0; part < 3; ++part)
    a += "conv_a[" + std::to_string(part) + ":i32, n, ib, " + y + ", " + x + ", i], ";
  return "kernel tiles {\n"
         "operand x f32 [?, ?, ?, ?, 16] strides [?, ?, ?, 16, 1]\n"
         "operand w f32 [?, ?, " + k + ", " + k + ", 16, 16] strides [?, " + area + ", " + row + ", 256, 16, 1]\n"
         "output y f32 [?, ?, ?, ?, 16] strides [?, ?, ?, 16, 1]\n"
         "stage conv_a i32 [part < 3, n < x.0, ib < x.1 by 2, y < x.2, x < x.3, word < 16] { init mux(part, bf16_high" + ofX + ", bf16_middle" + ofX +
         ", bf16_low" + ofX + ") }\n"
         "stage conv f32 [n < y.0, cb < y.1, y < y.2, x < y.3, c < 16] { init 0\n"
         "update [ib < x.1 by 2, ky < " + k + ", kx < " + k + ", i < 16]\n"
         "value = add(acc, tile_dot(" + a + both("w", "cb, IB, ky, kx, i, c", "w, 1") + ")) }\n"
         "stage out f32 [n < y.0, cb < y.1, y < y.2, x < y.3, c < 16] holds y { init max(conv[n, cb, y, x, c], 0) }\n"
         "schedule conv_a { compute_at(out, strip) reorder(n, ib, y, x, part, word) vectorize(word) unroll(part) }\n"
         "schedule conv { compute_at(out, cbo) vectorize(c) }\n"
         "schedule out { split(y, strip, row by 2, predicate) split(cb, cbo, cbi by 2, shift_inwards)\n"
         "reorder(strip, cbo, n, cbi, row, x, c) vectorize(c) parallel(strip) }\n}";
}

void check(int window, int stride) {
  std::vector<Buffer> operands = {makeBuffer(Scalar::F32, {2, 3, 4 * stride + window, 6 * stride + window, 16}, 1),
                                  makeBuffer(Scalar::F32, {3, 3, window, window, 16, 16}, 2), makeBuffer(Scalar::F32, {2, 3, 5, 7, 16}, 3)};
  expectLikeEvaluatorEverywhere(parseOrDie(convolution(window, stride)), operands, mostOff);
}

TEST(TileSums, OfOnePixel) { check(1, 1); }
TEST(TileSums, OfAWindow) { check(3, 1); }
TEST(TileSums, ThatSkipPixels) { check(3, 2); }

/// With one block of input channels, which is a constant, no number has a second one beside it.
TEST(TileSums, OfOneBlock) {
  std::string text = convolution(3, 1);
  for (auto [from, to] : {std::pair<std::string, std::string>("ib < x.1 by 2", "ib < 1"), {"extent(@x, 1)", "1:i32"}, {"extent(@w, 1)", "1:i32"},
                          {"x f32 [?, ?,", "x f32 [?, 1,"}, {"w f32 [?, ?,", "w f32 [?, 1,"}})
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
  std::vector<Buffer> operands = {makeBuffer(Scalar::F32, {2, 1, 7, 9, 16}, 1), makeBuffer(Scalar::F32, {3, 1, 3, 3, 16, 16}, 2),
                                  makeBuffer(Scalar::F32, {2, 3, 5, 7, 16}, 3)};
  expectLikeEvaluatorEverywhere(parseOrDie(text), operands, mostOff);
}

/// Words along one dimension: rows of a matrix, the other side in blocks of columns.
void checkRows(const std::string &schedule) {
  auto parts = [](const std::string &low, const std::string &high) {
    std::string both = "(" + low + ", " + high + ")";
    return "init mux(part, bf16_high" + both + ", bf16_middle" + both + ", bf16_low" + both + ")";
  };
  std::string words;
  for (const char *part : {"0:i32", "1:i32", "2:i32"})
    words += std::string("sum_a[") + part + ", m, k, word], ";
  for (const char *part : {"0:i32", "1:i32", "2:i32"})
    words += std::string("sum_b[") + part + ", nb, k, word, c]" + (part[0] == '2' ? "" : ", ");
  KernelDesc desc = parseOrDie(
      "kernel rows { operand x f32 [?, 128] strides [128, 1]\noperand w f32 [4, 128, 16] strides [2048, 16, 1]\n"
      "output y f32 [?, 4, 16] strides [64, 16, 1]\n"
      "stage sum_a i32 [part < 3, m < x.0, k < 4, word < 16] { " +
      parts("@x[m, add(mul(k, 32:i32), word)]", "@x[m, add(add(mul(k, 32:i32), 16:i32), word)]") +
      " }\nstage sum_b i32 [part < 3, nb < 4, k < 4, word < 16, c < 16] { " +
      parts("@w[nb, add(mul(k, 32:i32), word), c]", "@w[nb, add(add(mul(k, 32:i32), 16:i32), word), c]") +
      " }\nstage sum f32 [m < y.0, nb < 4, c < 16] { init 0\nupdate [k < 4, word < 16]\nvalue = add(acc, tile_dot(" + words + ")) }\n"
      "stage out f32 [m < y.0, nb < 4, c < 16] holds y { init sum[m, nb, c] }\n" + schedule + " }");
  expectLikeEvaluatorEverywhere(
      desc, {makeBuffer(Scalar::F32, {11, 128}, 1), makeBuffer(Scalar::F32, {4, 128, 16}, 2), makeBuffer(Scalar::F32, {11, 4, 16}, 3)}, mostOff);
}

TEST(TileSums, OfRows) {
  checkRows("schedule sum_a { compute_root() vectorize(word) }\nschedule sum_b { compute_root() vectorize(c) }\n"
            "schedule sum { compute_at(out, mo) vectorize(c) }\n"
            "schedule out { split(m, mo, mi by 5, predicate) vectorize(c) parallel(mo) }");
}

/// Both sides are split between the loops of the sum: rows for one chunk of its steps, columns for a strip of them.
TEST(TileSums, InChunks) {
  const std::string sides = "schedule sum_a { compute_at(sum, chunk) vectorize(word) }\nschedule sum_b { compute_at(sum, strip) vectorize(c) }\n";
  const std::string turns = "update split(k, chunk, step by 2, exact) update split(nb, strip, block by 2, exact)\n"
                            "update reorder(chunk, strip, m, block, step, word, c)";
  checkRows(sides + "schedule sum { compute_root() vectorize(c) " + turns + " update parallel(strip) }\nschedule out { vectorize(c) parallel(nb) }");
  checkRows(sides + "schedule sum { compute_at(out, mo) vectorize(c) " + turns + " }\n"
            "schedule out { split(m, mo, mi by 4, predicate) vectorize(c) parallel(mo) }");
}

} // namespace
