// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Compiled kernels give the bits of the reference evaluator: every kind of stage, odd extents, every tail, 1 and 2
// threads, with and without Halide's checks.
#include "tests/compiler/Emit/Halide/Compare.h"
#include "tests/compiler/Emit/Halide/ConvKernel.h"
#include "tests/compiler/Kernel/Texts.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace weft::kernel;
using namespace weft::test;

namespace {

constexpr float infinity = INFINITY;

TEST(Matrix, ConvolutionTiledShiftInwards) {
  KernelDesc desc = parseOrDie(convText(tiledConv(7, 4, "shift_inwards", "shift_inwards", 4)));
  expectLikeEvaluatorEverywhere(desc, convBuffers(2, 5, 6, 11));
}

TEST(Matrix, ConvolutionPredicatedTails) {
  KernelDesc desc = parseOrDie(convText(tiledConv(4, 2, "predicate", "predicate", 2)));
  expectLikeEvaluatorEverywhere(desc, convBuffers(1, 3, 5, 7));
}

/// What is fetched ahead changes no bit, also where it lies past the end of the filter.
TEST(Matrix, ConvolutionThatFetchesItsFilterAhead) {
  std::string schedule = tiledConv(4, 2, "predicate", "predicate", 4);
  std::string fused = "      fuse(obo, oy, t)\n      parallel(t)\n", update = "      update unroll(ici)\n";
  schedule.replace(schedule.find(fused), fused.size(), "      parallel(obo)\n");
  schedule.replace(schedule.find(update), update.size(), update + "      update prefetch(w, kx, obo by 3)\n");
  expectLikeEvaluatorEverywhere(parseOrDie(convText(schedule)), convBuffers(2, 5, 6, 11));
}

/// A last piece of one, two and three blocks, fewer blocks than a piece has, and a tile that moves back.
TEST(Matrix, SumInTwoLevels) {
  KernelDesc desc = parseOrDie(pieces);
  for (int64_t blocks : {1, 3, 4, 8})
    expectLikeEvaluatorEverywhere(desc, {makeBuffer(Scalar::F32, {6, blocks, 8}, 1), makeBuffer(Scalar::F32, {blocks, 8, 16}, 2),
                                         makeBuffer(Scalar::F32, {6, 16}, 3)});
}

/// Each tile of a strip of blocks takes one partial sum, then each takes the next; the weights of that are fetched meanwhile.
TEST(Matrix, TilesThatRunThroughOnePartialSumAfterTheOther) {
  KernelDesc desc = parseOrDie(chunks);
  expectLikeEvaluatorEverywhere(desc, convBuffers(3, 5, 3, 8));
  expectLikeEvaluatorEverywhere(desc, convBuffers(1, 2, 1, 4));
}

/// Each strip computes the rows around it itself, whatever the number of threads.
TEST(Matrix, StripsOfABorderedRow) {
  KernelDesc desc = parseOrDie(bordered);
  std::vector<Buffer> operands = {makeBuffer(Scalar::F32, {11, 12, 16}, 1), makeBuffer(Scalar::F32, {3, 3, 16}, 2),
                                  makeBuffer(Scalar::F32, {11, 12, 16}, 3)};
  expectLikeEvaluatorEverywhere(desc, operands);
  expectLikeEvaluator(desc, operands, {true, {1, 3, 4, 5, 20}, ""});
}

TEST(Matrix, ConvolutionUnscheduled) { expectLikeEvaluator(parseOrDie(convText("")), convBuffers(1, 2, 3, 5), {}); }

TEST(Matrix, ReluKeepsNaN) {
  KernelDesc desc = parseOrDie(R"(kernel relu {
    operand x f32 [?] strides [1]
    output y f32 [?] strides [1] alias x
    stage relu f32 [i < y.0] holds y { init max(@x[i], 0) }
    schedule relu { split(i, io, ii by 16, predicate) vectorize(ii) }
  })");
  std::vector<Buffer> operands = {makeBuffer(Scalar::F32, {37}, 1), makeBuffer(Scalar::F32, {37}, 2)};
  for (int i : {0, 17, 36})
    operands[0].as<float>()[i] = NAN;
  operands[0].as<float>()[5] = infinity;
  operands[0].as<float>()[6] = -infinity;
  expectLikeEvaluatorEverywhere(desc, operands);
}

/// Stride 2, odd size; the lowest start value is minus infinity, as padding holds it.
TEST(Matrix, MaxPoolingWithInfinitiesAndNaN) {
  KernelDesc desc = parseOrDie(R"(kernel pool {
    operand x f32 [?, ?, ?, 16] strides [?, ?, 16, 1]
    output y f32 [?, ?, ?, 16] strides [?, ?, 16, 1]
    stage pool f32 [b < y.0, oy < y.1, ox < y.2, c < 16] holds y {
      init -inf
      update [ky < 3, kx < 3]
      value = max(acc, @x[b, add(mul(oy, 2:i32), ky), add(mul(ox, 2:i32), kx), c])
    }
    schedule pool {
      vectorize(c)
      parallel(b)
      update split(ox, oxo, oxi by 4, predicate)
      update reorder(b, oy, oxo, ky, kx, oxi, c)
      update vectorize(c)
      update unroll(oxi)
      update unroll(ky)
      update unroll(kx)
      update parallel(b)
    }
  })");
  std::vector<Buffer> operands = {makeBuffer(Scalar::F32, {3, 11, 15, 16}, 1),
                                  makeBuffer(Scalar::F32, {3, 5, 7, 16}, 2)};
  for (int i = 0; i < 40; ++i)
    operands[0].as<float>()[i * 97] = i % 3 == 0 ? NAN : i % 3 == 1 ? infinity : -infinity;
  expectLikeEvaluatorEverywhere(desc, operands);
}

/// A sum without a product is never contracted or reassociated, also at a scalar tail.
TEST(Matrix, AveragePooling) {
  KernelDesc desc = parseOrDie(R"(kernel average {
    operand x f32 [?, ?] strides [?, 1]
    output y f32 [?, ?] strides [?, 1]
    stage sum f32 [n < y.0, i < y.1] {
      init 0
      update [k < 7]
      value = add(acc, @x[n, add(mul(i, 3:i32), k)])
    }
    stage mean f32 [n < y.0, i < y.1] holds y { init mul(sum[n, i], 0.14285714285714285) }
    schedule mean { split(i, io, ii by 8, predicate) vectorize(ii) }
    schedule sum { compute_at(mean, io) vectorize(i) update vectorize(i) }
  })");
  // The stage is asked for 8 points in full tiles and fewer in the last: bound_extent makes its loop a constant.
  desc.schedule[1].directives.insert(desc.schedule[1].directives.begin(), [] {
    Directive bound;
    bound.kind = Directive::Kind::BoundExtent;
    bound.loops = {"i"};
    bound.factor = 8;
    return bound;
  }());
  expectLikeEvaluator(desc, {makeBuffer(Scalar::F32, {3, 61}, 1), makeBuffer(Scalar::F32, {3, 19}, 2)}, {});
}

/// Row maximum, exponentials, their sum and the quotient in one kernel.
TEST(Matrix, Softmax) {
  KernelDesc desc = parseOrDie(R"(kernel softmax {
    operand x f32 [?, ?] strides [?, 1]
    output y f32 [?, ?] strides [?, 1]
    stage largest f32 [n < x.0] {
      init -inf
      update [k < x.1]
      value = max(acc, @x[n, k])
    }
    stage e f32 [n < x.0, i < x.1] { init exp(sub(@x[n, i], largest[n])) }
    stage sum f32 [n < x.0] {
      init 0
      update [j < x.1]
      value = add(acc, e[n, j])
    }
    stage quotient f32 [n < y.0, i < y.1] holds y { init div(e[n, i], sum[n]) }
    schedule largest { compute_at(quotient, n) }
    schedule e { compute_at(quotient, n) split(i, io, ii by 16, predicate) vectorize(ii) }
    schedule sum { compute_at(quotient, n) }
    schedule quotient { split(i, io, ii by 16, predicate) vectorize(ii) parallel(n) }
  })");
  expectLikeEvaluatorEverywhere(desc, {makeBuffer(Scalar::F32, {5, 103}, 1), makeBuffer(Scalar::F32, {5, 103}, 2)},
                                1e-6);
}

/// Each vector of a result takes lanes of several blocks, whole and with a part behind the last channel.
TEST(Matrix, ChannelsOutOfOrderInBlocks) {
  KernelDesc desc = parseOrDie(R"(kernel shuffle {
    operand x f32 [4, ?, 16] strides [?, 16, 1]
    output y f32 [4, ?, 16] strides [?, 16, 1]
    stage shuffle f32 [cb < 4, i < y.1, c < 16] holds y {
      let %0 = min(add(mul(cb, 16:i32), c), 59:i32)
      let %1 = add(mul(mod(%0, 3:i32), 20:i32), div(%0, 3:i32))
      init @x[div(%1, 16:i32), i, mod(%1, 16:i32)]
    }
    schedule shuffle { reorder(cb, i, c) vectorize(c) unroll(cb) parallel(i) }
  })");
  expectLikeEvaluatorEverywhere(desc, {makeBuffer(Scalar::F32, {4, 5, 16}, 1), makeBuffer(Scalar::F32, {4, 5, 16}, 2)});
}

/// Two neighbouring blocks make each vector of a result that begins inside one.
TEST(Matrix, ChannelsThatBeginInsideABlock) {
  KernelDesc desc = parseOrDie(R"(kernel shift {
    operand x f32 [?, ?, 8] strides [?, 8, 1]
    output y f32 [?, ?, 8] strides [?, 8, 1]
    stage shift f32 [cb < y.0, i < y.1, c < 8] holds y {
      let %0 = max(sub(add(mul(cb, 8:i32), c), 3:i32), 0:i32)
      init @x[div(%0, 8:i32), i, mod(%0, 8:i32)]
    }
    schedule shift { vectorize(c) parallel(cb) }
  })");
  expectLikeEvaluatorEverywhere(desc, {makeBuffer(Scalar::F32, {3, 5, 8}, 1), makeBuffer(Scalar::F32, {3, 5, 8}, 2)});
}

TEST(Matrix, GatherAndSparseRows) {
  KernelDesc desc = parseOrDie(R"(kernel neighbours {
    operand x f32 [?, ?] strides [?, 1]
    operand indptr i32 [?] strides [1]
    operand indices i32 [?] strides [1]
    operand weight f32 [?] strides [1]
    output y f32 [?, ?] strides [?, 1]
    stage sum f32 [v < y.0, f < y.1] {
      init 0
      update [e < indices.0]
      value where lt(e, sub(@indptr[add(v, 1:i32)], @indptr[v])) =
        add(acc, mul(@weight[add(@indptr[v], e)], @x[@indices[add(@indptr[v], e)], f]))
    }
    stage out f32 [v < y.0, f < y.1] holds y { init max(sum[v, f], 0) }
    schedule out { split(f, fo, fi by 16, predicate) vectorize(fi) reorder(v, fo, fi) parallel(v) }
    schedule sum { compute_at(out, fo) bound_extent(f by 16) vectorize(f) update reorder(e, f) update vectorize(f) }
  })");
  std::vector<Buffer> operands = {makeBuffer(Scalar::F32, {9, 21}, 1), makeBuffer(Scalar::I32, {8}, 2),
                                  makeBuffer(Scalar::I32, {13}, 3), makeBuffer(Scalar::F32, {13}, 4),
                                  makeBuffer(Scalar::F32, {7, 21}, 5)};
  const int32_t indptr[] = {0, 2, 2, 7, 8, 8, 13, 13};
  std::copy(std::begin(indptr), std::end(indptr), operands[1].as<int32_t>());
  // Features in whole vectors: the tile of 16 reads past 21, so the last dimension is exact here.
  operands[0] = makeBuffer(Scalar::F32, {9, 32}, 1);
  operands[4] = makeBuffer(Scalar::F32, {7, 32}, 5);
  expectLikeEvaluatorEverywhere(desc, operands);
}

/// Columns that are part of a vector: the other lanes are neither read nor stored.
TEST(Matrix, PartOfAVector) {
  KernelDesc desc = parseOrDie(R"(kernel narrow {
    operand a f32 [?, ?] strides [?, 1]
    operand b f32 [?, 7] strides [?, 1]
    output y f32 [?, 7] strides [?, 1]
    stage product f32 [m < y.0, j < 7] {
      init 0
      update [k < a.1]
      value = add(acc, mul(@a[m, k], @b[k, j]))
    }
    stage out f32 [m < y.0, j < 7] holds y { init max(product[m, j], 0) }
    schedule out { split(j, jo, ji by 16, predicate) vectorize(ji) split(m, mo, mi by 4, shift_inwards) reorder(mo, jo, mi, ji) unroll(mi) }
    schedule product { compute_at(out, jo) bound_extent(j by 16) bound_extent(m by 4) vectorize(j) unroll(m)
      update reorder(k, m, j) update vectorize(j) update unroll(m) }
  })");
  expectLikeEvaluatorEverywhere(desc, {makeBuffer(Scalar::F32, {9, 5}, 1), makeBuffer(Scalar::F32, {5, 7}, 2),
                                       makeBuffer(Scalar::F32, {9, 7}, 3)});
}

/// An update in the output itself, at an address that no vector load may take for aligned.
TEST(Matrix, UpdateInUnalignedOutput) {
  KernelDesc desc = parseOrDie(R"(kernel sums {
    operand x f32 [5, ?, 16] strides [?, 16, 1]
    output y f32 [?, 16] strides [16, 1]
    stage sum f32 [i < y.0, c < 16] holds y {
      init 0
      update [k < x.0]
      value = add(acc, @x[k, i, c])
    }
    schedule sum { vectorize(c) update reorder(k, i, c) update vectorize(c) }
  })");
  std::vector<Buffer> operands = {makeBuffer(Scalar::F32, {5, 7, 16}, 1), makeBuffer(Scalar::F32, {7, 16}, 2)};
  for (Buffer &buffer : operands)
    buffer.shift = 4;
  expectLikeEvaluatorEverywhere(desc, operands);
}

/// One row of Winograd's input transform: a mux that unrolling resolves.
TEST(Matrix, MuxOfATransform) {
  KernelDesc desc = parseOrDie(R"(kernel transform {
    operand d f32 [?, 6, 16] strides [96, 16, 1]
    output v f32 [?, 4, 16] strides [64, 16, 1]
    stage t f32 [n < v.0, i < 4, c < 16] holds v {
      init mux(i, add(sub(mul(4, @d[n, 0:i32, c]), mul(5, @d[n, 2:i32, c])), @d[n, 4:i32, c]),
        sub(add(@d[n, 3:i32, c], @d[n, 4:i32, c]), mul(4, add(@d[n, 1:i32, c], @d[n, 2:i32, c]))),
        add(sub(@d[n, 4:i32, c], @d[n, 3:i32, c]), mul(4, sub(@d[n, 1:i32, c], @d[n, 2:i32, c]))),
        @d[n, 5:i32, c])
    }
    schedule t { vectorize(c) unroll(i) parallel(n) }
  })");
  expectLikeEvaluatorEverywhere(desc, {makeBuffer(Scalar::F32, {5, 6, 16}, 1), makeBuffer(Scalar::F32, {5, 4, 16}, 2)});
}

/// Reversed rows: an index that depends on a run-time extent.
TEST(Matrix, ExtentOfAnOperand) {
  KernelDesc desc = parseOrDie(R"(kernel reversed {
    operand x f32 [?, 16] strides [16, 1]
    operand at i32 [?] strides [1]
    output y f32 [?, 16] strides [16, 1]
    stage s f32 [n < y.0, c < 16] holds y {
      init @x[max(min(sub(extent(@x, 0), @at[n]), sub(extent(@x, 0), 1:i32)), 0:i32), c]
    }
    schedule s { vectorize(c) parallel(n) }
  })");
  expectLikeEvaluatorEverywhere(desc, {makeBuffer(Scalar::F32, {5, 16}, 1), makeBuffer(Scalar::I32, {7}, 2),
                                       makeBuffer(Scalar::F32, {7, 16}, 3)});
}

/// Two 3-tap sums in a row as a line buffer: the first is stored in a ring of four rows.
TEST(Matrix, LineBuffer) {
  KernelDesc desc = parseOrDie(R"(kernel chain {
    operand x f32 [?, 16] strides [16, 1]
    operand w f32 [3, 16] strides [16, 1]
    output y f32 [?, 16] strides [16, 1]
    stage a f32 [r < x.0, c < 16] {
      init 0
      update [k < 1]
      value = add(acc, mul(@x[add(r, k), c], @w[k, c]))
    }
    stage ar f32 [r < x.0, c < 16] { init max(a[r, c], 0) }
    stage b f32 [r < y.0, c < 16] {
      init 0
      update [k < 3]
      value = add(acc, mul(ar[add(r, k), c], @w[k, c]))
    }
    stage out f32 [r < y.0, c < 16] holds y { init b[r, c] }
    schedule out { vectorize(c) }
    schedule b { compute_at(out, r) vectorize(c) update reorder(k, c) update vectorize(c) }
    schedule ar { store_root() compute_at(out, r) fold_storage(r by 4) vectorize(c) bound_extent(c by 16) }
    schedule a { compute_at(ar, r) vectorize(c) update reorder(k, c) update vectorize(c) }
  })");
  expectLikeEvaluatorEverywhere(desc, {makeBuffer(Scalar::F32, {13, 16}, 1), makeBuffer(Scalar::F32, {3, 16}, 2),
                                       makeBuffer(Scalar::F32, {11, 16}, 3)});
}

TEST(Matrix, RootStageTakesScratch) {
  KernelDesc desc = parseOrDie(R"(kernel scratch {
    operand x f32 [?, ?] strides [?, 1]
    output y f32 [?, ?] strides [?, 1]
    stage square f32 [i < x.0, j < x.1] { init mul(@x[i, j], @x[i, j]) }
    stage sum f32 [i < y.0, j < y.1] holds y { init add(square[i, j], square[add(i, 1:i32), add(j, 2:i32)]) }
    schedule square { compute_root() split(j, jo, ji by 8, predicate) vectorize(ji) parallel(i) }
    schedule sum { split(j, jo, ji by 8, predicate) vectorize(ji) parallel(i) }
  })");
  std::vector<Buffer> operands = {makeBuffer(Scalar::F32, {80, 101}, 1), makeBuffer(Scalar::F32, {79, 99}, 2)};
  expectLikeEvaluatorEverywhere(desc, operands);
  RunResult result = run(desc, operands);
  EXPECT_GE(result.scratchPeak, 80 * 101 * 4);
}

TEST(Matrix, RoundUpAndExactTails) {
  KernelDesc desc = parseOrDie(R"(kernel tails {
    operand x f32 [?, ?] strides [?, 1]
    output y f32 [?, ?] strides [?, 1]
    stage twice f32 [i < y.0, j < y.1] holds y { init add(@x[i, j], @x[i, j]) }
    schedule twice { split(j, jo, ji by 16, exact) vectorize(ji) split(i, io, ii by 2, exact) unroll(ii) }
  })");
  expectLikeEvaluatorEverywhere(desc, {makeBuffer(Scalar::F32, {6, 48}, 1), makeBuffer(Scalar::F32, {6, 48}, 2)});
}

TEST(Matrix, IntegersBooleansAndCasts) {
  KernelDesc desc = parseOrDie(R"(kernel integers {
    operand a i32 [?] strides [1]
    operand b u8 [?] strides [1]
    operand m bool [?] strides [1]
    output y i32 [?] strides [1]
    stage s i32 [i < y.0] holds y {
      init select(and(@m[i], gt(@a[i], 2:i32)), div(sub(@a[i], 9:i32), 4:i32),
                  add(mod(sub(@a[i], 9:i32), 4:i32), cast:i32(add(cast:f32(@b[i]), -0.5))))
    }
    schedule s { split(i, io, ii by 8, predicate) vectorize(ii) }
  })");
  expectLikeEvaluatorEverywhere(desc, {makeBuffer(Scalar::I32, {45}, 1), makeBuffer(Scalar::U8, {45}, 2),
                                       makeBuffer(Scalar::Bool, {45}, 3), makeBuffer(Scalar::I32, {45}, 4)});
}

TEST(Matrix, TwoOutputs) {
  KernelDesc desc = parseOrDie(R"(kernel both {
    operand x f32 [?] strides [1]
    output lo f32 [?] strides [1]
    output hi f32 [?] strides [1]
    stage low f32 [i < lo.0] holds lo { init min(@x[i], 0.25) }
    stage high f32 [i < hi.0] holds hi { init add(low[i], max(@x[i], 0.25)) }
    schedule low { split(i, io, ii by 8, predicate) vectorize(ii) }
    schedule high { split(i, io, ii by 8, predicate) vectorize(ii) }
  })");
  expectLikeEvaluatorEverywhere(
      desc, {makeBuffer(Scalar::F32, {29}, 1), makeBuffer(Scalar::F32, {29}, 2), makeBuffer(Scalar::F32, {29}, 3)});
}

} // namespace
