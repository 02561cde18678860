// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Sums in tile registers against the same sums in f64: a tail computed twice or a part forgotten is a wrong result, and
// bits that depend on how pixels are cut change with the number of threads. Skipped where there are no tile registers.
#include "runtime/src/cpu/tiles.h"

#include "FakeModel.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr const char *tileFeatures[] = {"amx-tile", "amx-bf16", nullptr};

weft_status createWithTiles() {
  weft_model model = {};
  model.abi = WEFT_MODEL_ABI;
  model.name = "tiles";
  model.target = "none";
  model.cpu_features = tileFeatures;
  model.run = [](weft_frame *) { return 0; };
  weft_instance *net = nullptr;
  weft_status status = weft_create(&model, 1, nullptr, nullptr, &net);
  weft_destroy(net);
  return status;
}

uint32_t bitsOf(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

/// What `say` writes to the end of a pipe, in a process of its own.
template <typename Say> std::string inAProcess(Say say) {
  int ends[2];
  if (pipe(ends) != 0)
    return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    say(ends[1]);
    _exit(0);
  }
  close(ends[1]);
  std::string text(512, 0);
  text.resize(size_t(std::max<ssize_t>(read(ends[0], text.data(), text.size()), 0)));
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return text;
}

/// The registers' 8 KiB must fit on the stack of every signal handler: a process where they do not is told why. First of
/// all tests, as what a process was granted it keeps.
TEST(TilePermission, ARefusalSaysWhy) {
  const std::string said = inAProcess([](int to) {
    static char small[4096];
    stack_t stack = {};
    stack.ss_sp = small;
    stack.ss_size = sizeof small;
    sigaltstack(&stack, nullptr);
    const weft_status status = createWithTiles();
    dprintf(to, "%s", status == WEFT_OK ? "granted" : weft_error_message());
  });
  const std::string refusal = "the system refuses this process the tile registers of `amx-tile`, which the model was compiled for (";
  const std::string hint = "); `weftc --no-tiles` makes one that needs none";
  const bool lacks = said == "this processor lacks `amx-tile`, which the model was compiled for";
  const bool refused = said.starts_with(refusal) && said.ends_with(hint);
  EXPECT_TRUE(said == "granted" || lacks || refused) << said;
}

/// The three parts of a number, as bf16; cut, not rounded, so each rest is exact.
struct Parts {
  uint16_t of[3];
  explicit Parts(float x) {
    for (uint16_t &part : of) {
      const uint32_t upper = bitsOf(x) & 0xffff0000u;
      float value;
      std::memcpy(&value, &upper, sizeof value);
      part = uint16_t(upper >> 16);
      x -= value;
    }
  }
};

struct Loop {
  int turns, a, b;
};

/// Operands with room around and between everything, filled at random.
struct Sum {
  int width, lines, blocks;
  int cPixel, cLine, cBlock, aPixel, aLine, aPart, bBlock, bPart;
  Loop loops[3];
  std::vector<float> av, bv; ///< two numbers for each word of the first part
  std::vector<float> c;
  std::vector<uint32_t> a, b;

  /// `channels` in units of 32, by a window of `down` by `across` taps.
  Sum(std::mt19937 &random, int width, int lines, int blocks, int channels, int down, int across, bool tight = false)
      : width(width), lines(lines), blocks(blocks) {
    auto room = [&](int most) { return tight ? 0 : int(random() % (most + 1)); };
    aPixel = 16 * (1 + room(2));
    aLine = (width + across - 1) * aPixel + 16 * room(3);
    const int plane = (lines + down - 1) * aLine + 16 * room(2);
    aPart = plane;
    bPart = 256 + 16 * room(2);
    loops[0] = {channels, 3 * plane, down * across * 3 * bPart};
    loops[1] = {down, aLine, across * 3 * bPart};
    loops[2] = {across, aPixel, 3 * bPart};
    bBlock = channels * loops[0].b + 16 * room(2);
    cBlock = 16 * (1 + room(1));
    cPixel = blocks * cBlock + 16 * room(1);
    cLine = width * cPixel + 16 * room(3);
    a.resize(channels * loops[0].a);
    b.resize(blocks * bBlock);
    av.resize(2 * a.size());
    bv.resize(2 * b.size());
    c.resize(lines * cLine);
    std::normal_distribution<float> normal;
    for (float &x : c)
      x = normal(random);
    for (int i = 0; i < channels; ++i)
      for (int at = 0; at + 16 <= plane; at += 16)
        split(a, av, i * loops[0].a + at, 16, aPart, [&] { return normal(random); });
    for (int i = 0; i < blocks; ++i)
      for (int step = 0; step < channels * down * across; ++step)
        split(b, bv, i * bBlock + step * 3 * bPart, 256, bPart, [&] { return normal(random); });
  }

  template <typename Draw>
  static void split(std::vector<uint32_t> &words, std::vector<float> &values, int at, int count, int part, Draw draw) {
    for (int i = at; i < at + count; ++i) {
      const float low = values[2 * i] = draw(), high = values[2 * i + 1] = draw();
      store(words, i, part, low, high);
    }
  }
  static void store(std::vector<uint32_t> &words, int at, int part, float low, float high) {
    const Parts l(low), h(high);
    for (int p = 0; p < 3; ++p)
      words[at + p * part] = l.of[p] | uint32_t(h.of[p]) << 16;
  }

  void run(std::vector<float> &to) const { run(to, 0, 0, 0, width, lines, blocks); }
  void run(std::vector<float> &to, int pixel, int line, int block, int width, int lines, int blocks) const {
    weft_tile_products(to.data() + line * cLine + pixel * cPixel + block * cBlock, a.data() + line * aLine + pixel * aPixel,
                       b.data() + block * bBlock, width, lines, blocks, cPixel, cLine, cBlock, aPixel, aLine, aPart,
                       bBlock, bPart, loops[0].turns, loops[0].a, loops[0].b, loops[1].turns, loops[1].a, loops[1].b,
                       loops[2].turns, loops[2].a, loops[2].b, b.data() + b.size(), 100000);
  }

  /// add(value, a, b) for each product of an element, in order.
  template <typename Value, typename Add> Value reduce(int line, int pixel, int block, int column, Add add) const {
    Value value = c[line * cLine + pixel * cPixel + block * cBlock + column];
    for (int i = 0; i < loops[0].turns; ++i)
      for (int j = 0; j < loops[1].turns; ++j)
        for (int k = 0; k < loops[2].turns; ++k) {
          const int at = line * aLine + pixel * aPixel + i * loops[0].a + j * loops[1].a + k * loops[2].a;
          const int bt = block * bBlock + i * loops[0].b + j * loops[1].b + k * loops[2].b + column;
          for (int word = 0; word < 16; ++word)
            for (int half = 0; half < 2; ++half)
              value = add(value, av[2 * (at + word) + half], bv[2 * (bt + 16 * word) + half]);
        }
    return value;
  }

  /// visit(place in c, line, pixel, block, column) for every element of the result.
  template <typename Visit> void forEach(Visit visit) const {
    for (int l = 0; l < lines; ++l)
      for (int p = 0; p < width; ++p)
        for (int k = 0; k < blocks; ++k)
          for (int n = 0; n < 16; ++n)
            visit(size_t(l * cLine + p * cPixel + k * cBlock + n), l, p, k, n);
  }
};

double exactProduct(double value, float a, float b) { return value + double(a) * b; }

class Tiles : public testing::Test {
protected:
  void SetUp() override {
    if (createWithTiles() != WEFT_OK)
      GTEST_SKIP() << weft_error_message();
  }
  std::mt19937 random{5};
};

void expectExact(const Sum &sum) {
  std::vector<float> to = sum.c;
  sum.run(to);
  std::vector<bool> written(to.size());
  sum.forEach([&](size_t at, int line, int pixel, int block, int column) {
    written[at] = true;
    const double exact = sum.reduce<double>(line, pixel, block, column, exactProduct);
    const double magnitude = sum.reduce<double>(line, pixel, block, column, [](double value, float a, float b) {
      return std::abs(value) + std::abs(double(a) * b);
    });
    ASSERT_NEAR(to[at], exact, magnitude * 0x1p-21) << line << ", " << pixel << ", " << block << ", " << column;
  });
  for (size_t i = 0; i < to.size(); ++i)
    ASSERT_TRUE(written[i] || bitsOf(to[i]) == bitsOf(sum.c[i])) << "element " << i << " lies between the results";
}

TEST_F(Tiles, EveryWidthFromOnePixelToThreeTiles) {
  for (int width = 1; width <= 49; ++width)
    expectExact(Sum(random, width, 1 + width % 3, 1 + width % 5, 1, 1, 1 + width % 2));
}

TEST_F(Tiles, WindowsOverLinesAtRandomDistances) {
  for (int i = 0; i < 40; ++i) {
    auto upTo = [&](int most) { return int(1 + random() % most); };
    const int width = upTo(40), lines = upTo(4), blocks = upTo(5), channels = upTo(5);
    expectExact(Sum(random, width, lines, blocks, channels, upTo(3), upTo(3)));
  }
}

TEST_F(Tiles, LinesThatContinueEachOtherAreOne) {
  for (int width : {1, 7, 17, 33})
    expectExact(Sum(random, width, 7, 3, 2, 1, 1, true));
}

TEST_F(Tiles, NothingIsDoneForNothing) {
  const Sum sum(random, 3, 2, 2, 2, 1, 1);
  using Extent = int &(*)(Sum &);
  for (Extent extent : {Extent([](Sum &s) -> int & { return s.width; }), Extent([](Sum &s) -> int & { return s.lines; }),
                        Extent([](Sum &s) -> int & { return s.blocks; }),
                        Extent([](Sum &s) -> int & { return s.loops[0].turns; }),
                        Extent([](Sum &s) -> int & { return s.loops[2].turns; })}) {
    Sum empty = sum;
    extent(empty) = 0;
    std::vector<float> to = sum.c;
    empty.run(to);
    EXPECT_EQ(std::memcmp(to.data(), sum.c.data(), to.size() * 4), 0);
  }
}

TEST_F(Tiles, BitsDoNotDependOnHowPixelsAndBlocksAreCut) {
  const Sum sum(random, 45, 5, 5, 6, 3, 1);
  std::vector<float> whole = sum.c;
  sum.run(whole);
  for (int width : {1, 7, 16, 29})
    for (int lines : {1, 3})
      for (int blocks : {1, 2, 3}) {
        std::vector<float> cut = sum.c;
        for (int l = 0; l < sum.lines; l += lines)
          for (int p = 0; p < sum.width; p += width)
            for (int k = 0; k < sum.blocks; k += blocks)
              sum.run(cut, p, l, k, std::min(width, sum.width - p), std::min(lines, sum.lines - l),
                      std::min(blocks, sum.blocks - k));
        EXPECT_EQ(std::memcmp(cut.data(), whole.data(), whole.size() * 4), 0) << width << ", " << lines << ", " << blocks;
      }
}

/// A b in numbers, at random distances, gives the bits of one in parts; an upper half that does not exist is not read.
TEST_F(Tiles, SplittingOnTheWayChangesNothing) {
  for (int i = 0; i < 40; ++i) {
    auto upTo = [&](int most) { return int(1 + random() % most); };
    const int width = upTo(70), lines = upTo(4), blocks = upTo(5), channels = upTo(5);
    Sum sum(random, width, lines, blocks, channels, upTo(3), upTo(3));
    const int row = 15 + upTo(9), high = 15 * row + 15 + upTo(9), step = high + 15 * row + 15 + upTo(9), pairs = channels - i % 2;
    const int across = sum.loops[2].turns, down = sum.loops[1].turns, block = channels * down * across * step;
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> numbers(blocks * block, nan);
    for (int k = 0; k < blocks; ++k)
      for (int at = 0; at < channels * down * across; ++at)
        for (int word = 0; word < 256; ++word) {
          const int from = k * sum.bBlock + at * sum.loops[2].b + word, to = k * block + at * step + word / 16 * row + word % 16;
          const bool hasHigh = at < pairs * down * across;
          numbers[to] = sum.bv[2 * from];
          if (hasHigh)
            numbers[to + high] = sum.bv[2 * from + 1];
          else
            Sum::store(sum.b, from, sum.bPart, numbers[to], 0);
        }
    std::vector<float> parts = sum.c, split(sum.c.size(), nan);
    sum.forEach([&](size_t at, int, int, int, int) { parts[at] = 0; });
    sum.run(parts);
    weft_tile_products_split(split.data(), sum.a.data(), numbers.data(), width, lines, blocks, sum.cPixel, sum.cLine, sum.cBlock,
                             sum.aPixel, sum.aLine, sum.aPart, block, row, high, channels, sum.loops[0].a, down * across * step, down,
                             sum.loops[1].a, across * step, across, sum.loops[2].a, step, pairs, nullptr, 0);
    sum.forEach([&](size_t at, int line, int pixel, int, int) { ASSERT_EQ(bitsOf(split[at]), bitsOf(parts[at])) << line << ", " << pixel; });
  }
}

/// Squared errors, summed over all results: of tiles, and of one f32 multiply-add after another.
TEST_F(Tiles, ErrorsAreBelowThoseOfSingleMultiplyAdds) {
  for (int channels : {1, 2, 8, 32}) {
    Sum sum(random, 20, 2, 2, channels, 1, 1);
    std::fill(sum.c.begin(), sum.c.end(), 0.0f);
    std::vector<float> to = sum.c;
    sum.run(to);
    double tiles = 0, plain = 0;
    sum.forEach([&](size_t at, int line, int pixel, int block, int column) {
      const double exact = sum.reduce<double>(line, pixel, block, column, exactProduct);
      const float added = sum.reduce<float>(line, pixel, block, column,
                                            [](float value, float a, float b) { return std::fma(a, b, value); });
      tiles += (to[at] - exact) * (to[at] - exact);
      plain += (added - exact) * (added - exact);
    });
    EXPECT_LT(tiles, plain) << 32 * channels << " channels";
  }
}

TEST_F(Tiles, SpecialValues) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  auto product = [&](float x, float y) {
    Sum sum(random, 1, 1, 1, 1, 1, 1, true);
    std::fill(sum.a.begin(), sum.a.end(), 0);
    std::fill(sum.c.begin(), sum.c.end(), 0.0f);
    Sum::store(sum.a, 0, sum.aPart, x, 0);
    Sum::store(sum.b, 0, sum.bPart, y, 0);
    std::vector<float> to = sum.c;
    sum.run(to);
    return to[0];
  };
  EXPECT_EQ(product(3, -5), -15);
  EXPECT_EQ(product(0x1.fffffep+127f, 0.5f), 0x1.fffffep+126f);
  EXPECT_EQ(product(0x1p-126f, 1), 0x1p-126f);
  EXPECT_EQ(product(0x1p-127f, 0x1p20f), 0) << "parts below 2^-126 count as zeros";
  EXPECT_EQ(product(0x1p-80f, 0x1p-60f), 0) << "and so do sums";
  EXPECT_EQ(product(0x1p100f, -0x1p100f), -infinity);
  EXPECT_TRUE(std::isnan(product(infinity, 2)));
  EXPECT_TRUE(std::isnan(product(2, nan)));
}

} // namespace
