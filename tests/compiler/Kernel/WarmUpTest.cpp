// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A reader that stops at the first row of a line buffer keeps Halide from proving which rows are alive: two readers of one
// line would then overwrite what the other still reads, in silence.
#include "compiler/Kernel/WarmUp.h"

#include "compiler/Kernel/Text.h"

#include <gtest/gtest.h>

using namespace weft::kernel;

namespace {

/// A line `a`, its border `b`, and an output that reads both.
std::string lines(const std::string &storage) {
  return R"(kernel lines {
  operand x f32 [8, 16] strides [?, 1]
  output out f32 [8, 16] strides [?, 1]
  stage sum f32 [y < 8, c < 16] {
    init 0
    update [k < 1]
    value = add(acc, @x[add(y, k), c])
  }
  stage a f32 [y < 8, c < 16] {
    init max(sum[y, c], 0)
  }
  stage b f32 [y < 10, c < 16] {
    init select(and(ge(y, 1:i32), lt(y, 9:i32)), a[max(min(sub(y, 1:i32), 7:i32), 0:i32), c], 0)
  }
  stage s f32 [y < 8, c < 16] holds out {
    init add(a[y, c], b[add(y, 2:i32), c])
  }
  schedule a {
    compute_at(s, y)
    )" + storage +
         R"(
  }
  schedule b {
    compute_at(s, y)
  }
}
)";
}

std::string warmed(const std::string &text) {
  ParseError error;
  std::optional<KernelDesc> desc = parseKernel(text, error);
  if (!desc) {
    ADD_FAILURE() << error.line << ": " << error.message;
    return "";
  }
  return print(withWarmUp(*desc));
}

TEST(WarmUp, RowsBesideThePictureAreAskedForAndNeverSummed) {
  std::string text = warmed(lines("store_root() fold_storage(y by 3)"));
  EXPECT_NE(text.find("a[sub(y, 1:i32), c]"), std::string::npos) << text;
  EXPECT_NE(text.find("@x[max(min(add(y, k), 7:i32), 0:i32), c]"), std::string::npos) << text;
  EXPECT_NE(text.find("init select(and(ge(y, 0:i32), lt(y, 8:i32)), max(sum[y, c], 0), 0)"), std::string::npos) << text;
}

TEST(WarmUp, KernelsWithoutLineBuffersStayAsTheyAre) {
  std::string text = lines("store_root()");
  ParseError error;
  EXPECT_EQ(warmed(text), print(*parseKernel(text, error)));
}

} // namespace
