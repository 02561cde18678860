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

/// Rows added where an index says; those it puts outside are left out.
inline const std::string scatter = R"(kernel scatter {
  operand i i64 [?] strides [1]
  operand u f32 [?, 4] strides [4, 1]
  output y f32 [3, 4] strides [4, 1]
  stage sum f32 [n < 3, c < 4] {
    init 0
    update [e < u.0]
    let %0 = cast:i32(@i[e])
    value place n = max(min(%0, 2:i32), 0:i32) where and(ge(%0, 0:i32), lt(%0, 3:i32)) = add(acc, @u[e, c])
  }
  stage out f32 [n < 3, c < 4] holds y {
    init sum[n, c]
  }
  schedule sum {
    compute_root()
    vectorize(c)
    update reorder(e, c)
    update vectorize(c)
  }
}
)";

/// A 3x3 convolution whose tiles all take one partial sum, over a block of input channels, before any takes the next.
inline const std::string chunks = R"(kernel chunks {
  operand x f32 [?, ?, ?, 16] strides [?, ?, 16, 1]
  operand w f32 [?, ?, 3, 3, 16, 16] strides [?, ?, 768, 256, 16, 1]
  operand b f32 [?, 16] strides [16, 1]
  output y f32 [?, ?, ?, 16] strides [?, ?, 16, 1]
  stage conv_part f32 [ib < w.1, ob < y.0, oy < y.1, ox < y.2, oc < 16] {
    init 0
    update [ky < 3, kx < 3, ic < 16]
    value = add(acc, mul(@x[ib, add(oy, ky), add(ox, kx), ic], @w[ob, ib, ky, kx, ic, oc]))
  }
  stage conv f32 [ob < y.0, oy < y.1, ox < y.2, oc < 16] {
    init 0
    update [ib < w.1]
    value = add(acc, conv_part[ib, ob, oy, ox, oc])
  }
  stage relu f32 [ob < y.0, oy < y.1, ox < y.2, oc < 16] holds y {
    init max(add(conv[ob, oy, ox, oc], @b[ob, oc]), 0)
  }
  schedule conv_part {
    compute_at(conv, oxo)
    vectorize(oc)
    unroll(ob)
    unroll(ox)
    update split(ic, ico, ici by 4, exact)
    update reorder(ky, kx, ico, ici, ob, ox, oc)
    update vectorize(oc)
    update unroll(ob)
    update unroll(ox)
    update unroll(ici)
    update prefetch(w, kx, ib by 2)
  }
  schedule conv {
    compute_at(relu, obo)
    split(ox, oxo, oxi by 4, exact)
    vectorize(oc)
    unroll(ob)
    unroll(oxi)
    update split(ox, oxo, oxi by 4, exact)
    update reorder(ib, oy, oxo, ob, oxi, oc)
    update vectorize(oc)
    update unroll(ob)
    update unroll(oxi)
  }
  schedule relu {
    split(ob, obo, obi by 2, shift_inwards)
    split(ox, oxo, oxi by 4, exact)
    reorder(obo, oy, oxo, obi, oxi, oc)
    vectorize(oc)
    unroll(oxi)
    unroll(obi)
    parallel(obo)
  }
})";

/// A sum in two levels: three blocks at a time make a partial sum, the last of what is left.
inline const std::string pieces = R"(kernel pieces {
  operand x f32 [?, ?, 8] strides [?, 8, 1]
  operand w f32 [?, 8, 16] strides [128, 16, 1]
  output y f32 [?, 16] strides [16, 1]
  stage sum_part f32 [b_part < w.0 by 3, p < y.0, c < 16] {
    init 0
    update [b < w.0, i < 8]
    let %0 = mul(b_part, 3:i32)
    value where and(le(%0, b), lt(b, add(%0, 3:i32))) = add(acc, mul(@x[p, b, i], @w[b, i, c]))
  }
  stage sum f32 [p < y.0, c < 16] {
    init 0
    update [b_part < w.0 by 3]
    value = add(acc, sum_part[b_part, p, c])
  }
  stage out f32 [p < y.0, c < 16] holds y {
    init sum[p, c]
  }
  schedule sum_part {
    compute_at(sum, b_part)
    vectorize(c)
    unroll(p)
    update split(i, io, ii by 4, exact)
    update reorder(b, io, ii, p, c)
    update vectorize(c)
    update unroll(p)
    update unroll(ii)
    update prefetch(w, b, po by 2)
  }
  schedule sum {
    compute_at(out, po)
    vectorize(c)
    unroll(p)
    update reorder(b_part, p, c)
    update vectorize(c)
    update unroll(p)
  }
  schedule out {
    split(p, po, pi by 4, shift_inwards)
    reorder(po, pi, c)
    vectorize(c)
    unroll(pi)
    parallel(po)
  }
}
)";

/// Strips of rows, each with a line buffer whose border is stored apart.
inline const std::string bordered = R"(kernel bordered {
  operand x f32 [11, 12, 16] strides [192, 16, 1]
  operand w f32 [3, 3, 16] strides [48, 16, 1]
  output y f32 [11, 12, 16] strides [192, 16, 1]
  stage scaled f32 [r < 11, q < 12, c < 16] {
    init 0
    update [k < 2]
    value = add(acc, mul(@x[r, q, c], @w[k, 0:i32, c]))
  }
  stage relu f32 [r < 11, q < 12, c < 16] { init max(scaled[r, q, c], 0) }
  stage border f32 [r < 13, q < 14, c < 16] {
    init select(and(and(ge(r, 1:i32), lt(r, 12:i32)), and(ge(q, 1:i32), lt(q, 13:i32))), relu[max(min(sub(r, 1:i32), 10:i32), 0:i32), max(min(sub(q, 1:i32), 11:i32), 0:i32), c], -inf)
  }
  stage window f32 [r < 11, q < 12, c < 16] {
    init -inf
    update [i < 3, j < 3]
    value = max(acc, border[add(r, i), add(q, j), c])
  }
  stage out f32 [r < 11, q < 12, c < 16] holds y { init mul(window[r, q, c], @w[0:i32, 0:i32, c]) }
  schedule scaled {
    compute_at(border, qo) vectorize(c) unroll(q)
    update reorder(k, q, c) update vectorize(c) update unroll(q)
  }
  schedule border {
    compute_at(out, rs) store_at(out, s) fold_storage(r by 3) storage_order(r, q, c)
    peel(q, qm) split(qm, qo, qi by 4, exact) reorder(r, qo, qi, c) vectorize(c) unroll(qi)
  }
  schedule window {
    compute_at(out, q) vectorize(c)
    update reorder(i, j, c) update vectorize(c) update unroll(j)
  }
  schedule out { strips(r, s, rs by 2) reorder(s, rs, q, c) vectorize(c) parallel(s) }
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
