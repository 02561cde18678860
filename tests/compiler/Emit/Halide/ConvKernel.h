// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The 3x3 convolution that several tests schedule in different ways.
#pragma once

#include "tests/compiler/Emit/Halide/Runner.h"

namespace weft::test {

/// 3x3 convolution, bias and ReLU over packed channels; `schedule` is the text behind the stages.
inline std::string convText(const std::string &schedule) {
  return R"(kernel conv3x3 {
    operand x f32 [?, ?, ?, 16] strides [?, ?, 16, 1]
    operand w f32 [?, ?, 3, 3, 16, 16] strides [?, ?, 768, 256, 16, 1]
    operand b f32 [?, 16] strides [16, 1]
    output y f32 [?, ?, ?, 16] strides [?, ?, 16, 1]
    stage conv f32 [ob < y.0, oy < y.1, ox < y.2, oc < 16] {
      init @b[ob, oc]
      update [ib < w.1, ky < 3, kx < 3, ic < 16]
      value = add(acc, mul(@x[ib, add(oy, ky), add(ox, kx), ic], @w[ob, ib, ky, kx, ic, oc]))
    }
    stage relu f32 [ob < y.0, oy < y.1, ox < y.2, oc < 16] holds y {
      init max(conv[ob, oy, ox, oc], 0)
    }
)" + schedule +
         "}\n";
}

inline std::vector<Buffer> convBuffers(int64_t ib, int64_t ob, int64_t height, int64_t width) {
  return {makeBuffer(kernel::Scalar::F32, {ib, height + 2, width + 2, 16}, 1),
          makeBuffer(kernel::Scalar::F32, {ob, ib, 3, 3, 16, 16}, 2), makeBuffer(kernel::Scalar::F32, {ob, 16}, 3),
          makeBuffer(kernel::Scalar::F32, {ob, height, width, 16}, 4)};
}

/// The schedule of the direct convolution: TX x TC accumulators of 16 lanes.
inline std::string tiledConv(int tx, int tc, const std::string &tailX, const std::string &tailC, int unrollIc) {
  return R"(
    schedule relu {
      split(ob, obo, obi by )" +
         std::to_string(tc) + ", " + tailC + R"()
      split(ox, oxo, oxi by )" +
         std::to_string(tx) + ", " + tailX + R"()
      reorder(obo, oy, oxo, obi, oxi, oc)
      vectorize(oc)
      unroll(oxi)
      unroll(obi)
      fuse(obo, oy, t)
      parallel(t)
    }
    schedule conv {
      compute_at(relu, oxo)
      bound_extent(oc by 16)
      vectorize(oc)
      unroll(ox)
      unroll(ob)
      update split(ic, ico, ici by )" +
         std::to_string(unrollIc) + R"(, exact)
      update reorder(ib, ky, kx, ico, ici, ob, ox, oc)
      update vectorize(oc)
      update unroll(ox)
      update unroll(ob)
      update unroll(ici)
    }
)";
}

} // namespace weft::test
