// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Kernels in text form that several tests read, and the ways they read them.
#pragma once

#include "compiler/Kernel/Text.h"

#include <gtest/gtest.h>

namespace weft::test {

inline const std::string dense = R"(kernel dense {
  operand x f32 [?, 64] strides [?, 1]
  operand w f32 [64, ?] strides [?, 1]
  operand b f32 [?] strides [1]
  output y f32 [?, ?] strides [?, 1]
  stage sum f32 [n < y.0, c < y.1] {
    init @b[c]
    update [k < 64]
    value where ge(@x[n, k], -inf) = add(acc, mul(@x[n, k], @w[k, c]))
  }
  stage out f32 [n < y.0, c < y.1] holds y {
    let %0 = max(sum[n, c], 0)
    init select(lt(%0, 6), %0, cast:f32(mux(0:i32, 6:i64, 1e-07:i64)))
  }
  schedule sum {
    compute_at(out, co)
    bound_extent(c by 16)
    vectorize(c)
    update split(k, ko, ki by 4, exact)
    update reorder(ko, ki, c)
    update vectorize(c)
    update unroll(ki)
    update prefetch(w, ko, co by 3)
  }
  schedule out {
    split(c, co, ci by 16, predicate)
    vectorize(ci)
    parallel(n)
  }
}
)";

inline kernel::KernelDesc parsed(const std::string &text) {
  kernel::ParseError error;
  std::optional<kernel::KernelDesc> desc = kernel::parseKernel(text, error);
  EXPECT_TRUE(desc) << error.line << ":" << error.column << ": " << error.message;
  return desc ? std::move(*desc) : kernel::KernelDesc();
}

/// `text` with the first `from` replaced.
inline std::string with(std::string text, const std::string &from, const std::string &to) {
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

} // namespace weft::test
