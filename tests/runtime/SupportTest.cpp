// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Borders and strided copies against the plain definition, on random boxes: a border byte not written is the neighbour
// layer's data, one too many destroys it.
#include "runtime/src/common/support.h"

#include "FakeModel.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace {

/// A box in a buffer with room around every dimension.
struct Box {
  std::vector<int64_t> extents, strides;
  int64_t elements = 1;

  Box(std::vector<int64_t> shape, std::vector<int64_t> room) : extents(shape), strides(shape.size()) {
    for (size_t d = shape.size(); d-- > 0;) {
      strides[d] = elements;
      elements *= shape[d] + room[d];
    }
  }
  template <typename Visit> void forEach(Visit visit) const {
    std::vector<int64_t> index(extents.size(), 0);
    for (int64_t e : extents)
      if (e == 0)
        return;
    while (true) {
      int64_t place = 0;
      for (size_t d = 0; d < index.size(); ++d)
        place += index[d] * strides[d];
      visit(index, place);
      size_t d = index.size();
      while (d > 0 && ++index[d - 1] == extents[d - 1])
        index[--d] = 0;
      if (d == 0)
        return;
    }
  }
};

/// The context the helpers want: the worker of a running instance, seen from a host function.
template <typename Body> void insideARun(int threads, Body body) {
  static Body *current;
  current = &body;
  weft_model model = {};
  model.abi = WEFT_MODEL_ABI;
  model.name = "helper";
  model.target = "none";
  model.run = [](weft_frame *frame) {
    (*current)(frame->context);
    return 0;
  };
  weft_instance *net;
  ASSERT_EQ(weft_create(&model, threads, nullptr, nullptr, &net), WEFT_OK);
  EXPECT_EQ(weft_run(net, nullptr, nullptr, nullptr), WEFT_OK);
  weft_destroy(net);
}

template <typename T>
void borderCase(void *context, std::mt19937 &random, const std::vector<int64_t> &shape, T pattern) {
  auto upTo = [&](int64_t n) { return static_cast<int64_t>(random() % (n + 1)); };
  std::vector<int64_t> room, low, high;
  for (int64_t extent : shape) {
    room.push_back(upTo(1));
    low.push_back(random() % 2 ? 0 : upTo(std::min<int64_t>(extent, 2)));
    high.push_back(random() % 2 ? 0 : upTo(std::min<int64_t>(extent, 2)));
  }
  Box box(shape, room);
  std::vector<T> data(box.elements, T(3)), expected = data;
  box.forEach([&](const std::vector<int64_t> &index, int64_t place) {
    for (size_t d = 0; d < index.size(); ++d)
      if (index[d] < low[d] || index[d] >= shape[d] - high[d])
        expected[place] = pattern;
  });
  uint64_t bits = 0;
  std::memcpy(&bits, &pattern, sizeof pattern);
  EXPECT_EQ(weft_fill_border(context, data.data(), sizeof(T), shape.size(), shape.data(), box.strides.data(),
                             low.data(), high.data(), bits),
            0);
  ASSERT_EQ(data, expected);
}

TEST(Support, BordersAreExactlyFilled) {
  for (int threads : {1, 2})
    insideARun(threads, [](void *context) {
      std::mt19937 random(1);
      for (int round = 0; round < 400; ++round) {
        std::vector<int64_t> shape;
        for (unsigned d = 0, rank = random() % 6; d < rank; ++d)
          shape.push_back(random() % 6);
        borderCase<float>(context, random, shape, -1.5f);
        borderCase<float>(context, random, shape, 0.0f);
        borderCase<uint8_t>(context, random, shape, 200);
        borderCase<double>(context, random, shape, 2.5);
        borderCase<uint16_t>(context, random, shape, 0x1234);
      }
      for (int round = 0; round < 20; ++round) // large enough for the pool
        borderCase<float>(context, random, {2, 40, 58, 58, 16}, -1.0f);
    });
}

template <typename T> void copyCase(void *context, std::mt19937 &random, const std::vector<int64_t> &shape) {
  std::vector<int64_t> toRoom, fromRoom;
  for (size_t d = 0; d < shape.size(); ++d) {
    toRoom.push_back(random() % 2);
    fromRoom.push_back(random() % 2);
  }
  Box to(shape, toRoom), from(shape, fromRoom);
  if (!shape.empty() && random() % 3 == 0) // a broadcast
    from.strides[random() % shape.size()] = 0;
  std::vector<T> source(from.elements), data(to.elements, T(1)), expected = data;
  for (T &value : source)
    value = T(random());
  to.forEach([&](const std::vector<int64_t> &index, int64_t place) {
    int64_t there = 0;
    for (size_t d = 0; d < index.size(); ++d)
      there += index[d] * from.strides[d];
    expected[place] = source[there];
  });
  EXPECT_EQ(weft_copy_strided(context, data.data(), to.strides.data(), source.data(), from.strides.data(), sizeof(T),
                              shape.size(), shape.data()),
            0);
  ASSERT_EQ(data, expected);
}

TEST(Support, CopiesAreExact) {
  for (int threads : {1, 2})
    insideARun(threads, [](void *context) {
      std::mt19937 random(2);
      for (int round = 0; round < 400; ++round) {
        std::vector<int64_t> shape;
        for (unsigned d = 0, rank = random() % 6; d < rank; ++d)
          shape.push_back(random() % 6);
        copyCase<uint8_t>(context, random, shape);
        copyCase<uint16_t>(context, random, shape);
        copyCase<uint32_t>(context, random, shape);
        copyCase<uint64_t>(context, random, shape);
      }
      for (int round = 0; round < 10; ++round)
        copyCase<uint32_t>(context, random, {30, 50, 100});
    });
}

} // namespace
