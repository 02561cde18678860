// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What would make a kernel compute something else, or take an hour to compile, is refused with a reason.
#include "tests/compiler/Kernel/Texts.h"

#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/Check.h"

using namespace weft::kernel;
using namespace weft::test;

namespace {

std::string problemOf(const std::string &text) { return check(parsed(text)); }
std::string changed(const std::string &from, const std::string &to) { return problemOf(with(dense, from, to)); }

TEST(Check, AcceptsAWellFormedKernel) { EXPECT_EQ(problemOf(dense), ""); }

TEST(Check, Names) {
  const std::string copy = "kernel k { operand x f32 [?] strides [1] output y f32 [?] strides [1]\n"
                           "stage s f32 [i < y.0] holds y { init @x[0:i32] } }";
  EXPECT_EQ(problemOf(copy), "");
  EXPECT_EQ(problemOf(with(copy, "stage s", "stage y")), ""); // a stage may be called like the output it holds
  EXPECT_EQ(problemOf(with(copy, "stage s", "stage x")), "the name `x` is taken");
  EXPECT_EQ(problemOf(with(copy, "stage s", "stage let")), "a stage cannot be called `let`, a word of the text form");
  EXPECT_EQ(problemOf(with(copy, "[i < y.0]", "[acc < y.0]")),
            "a loop cannot be called `acc`, a word of the text form");
  EXPECT_EQ(problemOf(with(copy, "output y", "operand x f32 [] strides [] output y")), "two operands are called `x`");
  EXPECT_EQ(problemOf(with(copy, "init @x[0:i32]", "init 0 update [i < 3] value = acc")),
            "two loops of one stage are called `i`");
  KernelDesc desc = parsed(copy);
  desc.name = "no name";
  EXPECT_EQ(check(desc), "a kernel `no name` is no C identifier of at most 200 characters");
}

TEST(Check, Operands) {
  EXPECT_EQ(problemOf("kernel k { output y f32 [] strides [] operand x f32 [] strides []\n"
                      "stage s f32 [] holds y { init 0 } }"),
            "operand `x` follows an output; outputs are last");
  EXPECT_EQ(changed("x f32 [?, 64] strides [?, 1]", "x f32 [?, 64] strides [?, 2]"),
            "the last dimension of `x` has stride 2; it must be 1");
  EXPECT_EQ(changed("x f32 [?, 64] strides [?, 1]", "x f32 [70000, 64] strides [70000, 1]"),
            "`x` passes 2^31 - 64 elements, the reach of 32-bit indices");
  EXPECT_TRUE(isIndexable({.name = "x", .dims = {{46340, 46340}, {46340, 1}}}));
  EXPECT_FALSE(isIndexable({.name = "x", .dims = {{1, int64_t(1) << 40}, {int64_t(1) << 40, 1}}}));
  EXPECT_EQ(changed(" holds y", ""), "the last stage holds an output");
  EXPECT_EQ(changed("@b[c]", "@y[n, c]"), "in the initial value of stage `sum`: outputs are read through their stages");
}

TEST(Check, Expressions) {
  EXPECT_EQ(changed("@b[c]", "acc"),
            "in the initial value of stage `sum`: `acc` means something only in the value of an update");
  EXPECT_EQ(changed("@b[c]", "@b[c, c]"),
            "in the initial value of stage `sum`: `b` has 1 dimensions, a load of it 2 indices");
  EXPECT_EQ(changed("@b[c]", "@b[1]"), "in the initial value of stage `sum`: indices are i32");
  EXPECT_EQ(changed("@b[c]", "add(@b[c], c)"),
            "in the initial value of stage `sum`: the operands of `add` are f32 and i32");
  EXPECT_EQ(changed("@b[c]", "not(@b[c])"), "in the initial value of stage `sum`: `not` is not defined on f32");
  EXPECT_EQ(changed("@b[c]", "c"), "in the initial value of stage `sum`: expected f32, got i32");
  EXPECT_EQ(changed("where ge(@x[n, k], -inf)", "where @x[n, k]"),
            "in the predicate of stage `sum`: expected bool, got f32");
}

TEST(Check, ScattersHaveAPlace) {
  EXPECT_EQ(problemOf(scatter), "");
  EXPECT_EQ(problemOf(with(scatter, "@u[e, c]", "@u[n, c]")), "in the update of stage `sum`: there is no loop 0");
  EXPECT_EQ(problemOf(with(scatter, "0:i32) where", "0:i64) where")).substr(0, 27), "in the place of stage `sum`");
  EXPECT_EQ(problemOf(with(scatter, "reorder(e, c)", "reorder(n, e, c)")), "`reorder` of stage `sum`: no loop `n`; there are `c`, `e`");
}

TEST(Check, DirectivesNameWhatExists) {
  EXPECT_EQ(changed("parallel(n)", "parallel(m)"), "`parallel` of stage `out`: no loop `m`; there are `n`, `co`, `ci`");
  EXPECT_EQ(changed("split(c, co, ci", "split(c, n, ci"), "`split` of stage `out`: there is a loop `n` already");
  EXPECT_EQ(changed("compute_at(out, co)", "compute_at(nothing, co)"),
            "`compute_at` of stage `sum`: `nothing` is no later stage");
  EXPECT_EQ(changed("schedule out", "schedule none"), "a schedule names stage `none`, which does not exist");
  EXPECT_EQ(changed("bound_extent(c by", "bound_extent(k by"),
            "`bound_extent` of stage `sum`: `k` is no loop of the stage itself");
  EXPECT_EQ(changed("parallel(n)", "vectorize()"), "`vectorize` of stage `out`: names 0 loops");
  EXPECT_EQ(changed("parallel(n)", "compute_root()"),
            "`compute_root` of stage `out`: an output is computed at root as it is");
}

TEST(Check, StripsAreCutFromALoopOfKnownLength) {
  auto strips = [](const std::string &to) { return changed("parallel(n)", to); };
  std::string begin = "`strips` of stage `out`: ";
  EXPECT_EQ(strips("strips(n, s, t by 2)"), begin + "`n` has no trip count known at compile time");
  EXPECT_EQ(strips("strips(ci, s, t by 0)"), begin + "cannot cut strips of 0");
  EXPECT_EQ(strips("strips(ci, s, s by 2)"), begin + "strips name one loop and two new ones");
  EXPECT_EQ(strips("strips(ci, s by 2)"), begin + "names 2 loops");
  EXPECT_EQ(changed("update unroll(ki)", "update strips(ki, s, t by 2)"),
            "`strips` of stage `sum`: `ki` is a reduction loop: its order is fixed");
}

TEST(Check, StripsInPlaceHaveNoLineBuffers) {
  EXPECT_EQ(problemOf(bordered), "");
  EXPECT_EQ(problemOf(with(bordered, "strides [192, 16, 1]\n  stage", "strides [192, 16, 1] alias x\n  stage")),
            "`strips` of stage `out`: a last strip that must not move back has fewer rows than line buffers are made "
            "for, and "
            "`y` may lie where its input does");
}

TEST(Check, OnlyBordersArePeeled) {
  const std::string alone = with(bordered, "compute_at(border, qo) ", ""); // no other stage names its loops
  auto peel = [&](const std::string &from, const std::string &to) { return problemOf(with(alone, from, to)); };
  std::string begin = "`peel` of stage `border`: ";
  EXPECT_EQ(peel("lt(q, 13:i32)", "lt(13:i32, q)"), begin + "the stage is no border along `q`");
  EXPECT_EQ(peel("peel(q, qm)", "peel(q)"), begin + "names 1 loops");
  EXPECT_EQ(peel("peel(q, qm) split(qm", "split(q, q2, q3 by 2, exact) peel(q2, qm) split(qm"),
            begin + "the stage is no border along `q2`");
  EXPECT_EQ(peel("peel(q, qm) split(qm", "split(r, r2, r3 by 13, exact) peel(q, qm) split(qm"),
            begin + "comes before all that cuts loops");
  EXPECT_EQ(peel("qi by 4, exact", "qi by 4, shift_inwards"),
            "`split` of stage `border`: a peeled stage takes `exact` and `predicate`");
  EXPECT_EQ(peel("strips(r, s, rs by 2)", "peel(q, q2) strips(r, s, rs by 2)"),
            "`peel` of stage `out`: only a stage without update that lives in the kernel can be peeled");
}

TEST(Check, PrefetchesNameAnInputAndTwoLoops) {
  auto prefetch = [](const std::string &to) { return changed("update prefetch(w, ko, co by 3)", to); };
  std::string begin = "`prefetch` of stage `sum`: ";
  EXPECT_EQ(prefetch("update prefetch(y, ko, co by 3)"), begin + "`y` is no input");
  EXPECT_EQ(prefetch("prefetch(w, n, co by 3)"), begin + "belongs to an update");
  EXPECT_EQ(prefetch("update prefetch(w, ko by 3)"), begin + "names 1 loops");
  EXPECT_EQ(prefetch("update prefetch(w, ko, co by 65)"), begin + "by 65 lines; 1 to 64 are fetched in a turn");
  EXPECT_EQ(prefetch("update prefetch(w, k, co by 3)"), begin + "the update has no loop `k`");
  EXPECT_EQ(prefetch("update prefetch(w, ko, m by 3)"), begin + "no loop `m` lies around the update");
}

TEST(Check, PairsNeedAFilterThatFillsHalfOfItsLastVector) {
  const std::string conv = R"(kernel k {
  operand x f32 [9] strides [1]
  operand w f32 [2, 3, 16] strides [48, 16, 1] filled 24
  output y f32 [2, 7, 16] strides [112, 16, 1]
  stage sum f32 [b < 2, p < 7, c < 16] {
    init 0
    update [k < 3]
    value = add(acc, mul(@x[add(p, k)], @w[b, k, c]))
  }
  stage out f32 [b < 2, p < 7, c < 16] holds y {
    init sum[b, p, c]
  }
  schedule sum {
    vectorize(c)
    update reorder(k, b, p, c)
    update vectorize(c)
    update unroll(b)
    update unroll(p)
    update pair(b, p)
  }
})";
  auto pair = [&](const std::string &from, const std::string &to) { return problemOf(with(conv, from, to)); };
  const std::string begin = "`pair` of stage `sum`: ", unknown = begin + "no filter is known to fill half of a vector in the last turn of `b`";
  EXPECT_EQ(problemOf(conv), "");
  EXPECT_EQ(pair(" filled 24", ""), unknown);
  EXPECT_EQ(pair("filled 24", "filled 20"), unknown);
  EXPECT_EQ(pair("filled 24", "filled 8"), unknown);
  EXPECT_EQ(pair("@w[b, k, c]", "@w[1:i32, k, c]"), unknown);
  EXPECT_EQ(pair("add(acc, mul(", "max(acc, mul("), unknown);
  EXPECT_EQ(pair("update pair(b, p)", "update pair(p, b)"), begin + "no filter is known to fill half of a vector in the last turn of `p`");
  EXPECT_EQ(pair("update pair(b, p)", "pair(b, p)"), begin + "belongs to an update");
  EXPECT_EQ(pair("update pair(b, p)", "update pair(b)"), begin + "names two loops");
  EXPECT_EQ(pair("update pair(b, p)", "update pair(b, k)"), begin + "`k` is no unrolled loop of the stage itself");
  EXPECT_EQ(pair("    update unroll(p)\n", ""), begin + "`p` is no unrolled loop of the stage itself");
}

TEST(Check, ReductionsKeepTheirOrder) {
  EXPECT_EQ(changed("update reorder(ko, ki, c)", "update reorder(ki, ko, c)"),
            "the update of stage `sum` visits its points in another order than the text says");
  EXPECT_EQ(changed("update vectorize(c)", "update vectorize(ko)"),
            "`vectorize` of stage `sum`: `ko` is a reduction loop: its order is fixed, it can only be unrolled");
  EXPECT_EQ(
      changed("ki by 4, exact", "ki by 4, round_up"),
      "`split` of stage `sum`: `k` is a reduction loop: its points must be visited once, `round_up` cannot do that");
  EXPECT_EQ(changed("ki by 4, exact", "ki by 5, exact"), "`split` of stage `sum`: `k` runs 64 times, no multiple of 5");
}

TEST(Check, InPlaceMeansOnce) {
  const std::string inPlace = R"(kernel k {
    operand x f32 [?, ?] strides [?, 1]
    output y f32 [?, ?] strides [?, 1] alias x
    stage square f32 [i < y.0, j < y.1] { init mul(@x[i, j], @x[i, j]) }
    stage s f32 [i < y.0, j < y.1] holds y { init add(square[i, j], 1) }
    schedule s { split(j, jo, ji by 8, predicate) }
  })";
  EXPECT_EQ(problemOf(inPlace), "");
  EXPECT_EQ(problemOf(with(inPlace, "predicate", "shift_inwards")),
            "`split` of stage `s`: `shift_inwards` computes elements twice, and `y` may lie where its input does");
  EXPECT_EQ(problemOf(with(inPlace, "predicate", "round_up")),
            "`split` of stage `s`: `round_up` computes past the end, where `y` has no room");
  const std::string other =
      "`y` may lie where `x` does, but stage `square` reads other elements than the one being written";
  EXPECT_EQ(problemOf(with(inPlace, "@x[i, j], @x[i, j]", "@x[i, j], @x[j, i]")), other);
  EXPECT_EQ(problemOf(with(inPlace, "schedule s", "schedule square { compute_at(s, jo) } schedule s")), "");
  EXPECT_EQ(problemOf(with(inPlace, "schedule s", "schedule square { store_root() compute_at(s, jo) } schedule s")),
            other);
  EXPECT_EQ(problemOf(with(inPlace, "schedule s", "schedule square { compute_root() } schedule s")), "");
}

/// A row is read whole, in another order, before any of it is written; a part of a row would be too late.
TEST(Check, InPlaceMayReadARowBeforeItIsWritten) {
  const std::string rows = R"(kernel k {
    operand x f32 [?, 8] strides [8, 1]
    output y f32 [?, 8] strides [8, 1] alias x
    stage line f32 [i < y.0, j < 10] { init @x[i, min(j, 7:i32)] }
    stage s f32 [i < y.0, j < 8] holds y { init add(@x[i, j], line[i, add(j, 2:i32)]) }
    schedule line { compute_at(s, i) }
    schedule s { parallel(i) }
  })";
  EXPECT_EQ(problemOf(rows), "");
  const std::string other =
      "`y` may lie where `x` does, but stage `line` reads other elements than the one being written";
  EXPECT_EQ(problemOf(with(rows, "compute_at(s, i)", "compute_at(s, j)")), other);
  EXPECT_EQ(problemOf(with(rows, "@x[i, min", "@x[max(sub(i, 1:i32), 0:i32), min")), other);
  EXPECT_EQ(problemOf(with(rows, "line[i, add", "line[max(sub(i, 1:i32), 0:i32), add")), other);
  EXPECT_EQ(problemOf(with(rows, "compute_at(s, i)", "store_root() compute_at(s, i)")), other);
  EXPECT_EQ(problemOf(with(rows, "schedule s { parallel(i)", "schedule s { reorder(j, i)")), other);
}

TEST(Check, UnrolledCodeIsBounded) {
  EXPECT_EQ(changed("update unroll(ki)", "update unroll(ko)"), "");
  const std::string large =
      with(with(with(dense, "ki by 4", "ki by 64"), "ci by 16", "ci by 128"), "c by 16", "c by 128");
  EXPECT_EQ(problemOf(large), "");
  std::string problem = problemOf(R"(kernel k {
    operand x f32 [?, ?, ?] strides [?, ?, 1]
    output y f32 [?, ?, ?] strides [?, ?, 1]
    stage s f32 [i < y.0, j < y.1, k < y.2] holds y { init exp(@x[i, j, k]) }
    schedule s { split(i, io, ii by 32, exact) split(j, jo, ji by 32, exact) split(k, ko, ki by 32, exact)
      reorder(io, jo, ko, ii, ji, ki) unroll(ii) unroll(ji) unroll(ki) }
  })");
  EXPECT_EQ(problem.substr(0, 37), "the unrolled code would hold about 68") << problem;
}

/// A convolution's tile: 7 x 4 accumulators, 4 steps of the reduction.
const std::string tile = R"(kernel k {
    operand x f32 [?, ?] strides [?, 1]
    operand w f32 [?, 16] strides [16, 1]
    output y f32 [?, ?, 16] strides [?, 16, 1]
    stage sum f32 [i < y.0, j < y.1, c < 16] {
      init 0
      update [k < w.0]
      value = add(acc, mul(@x[add(i, j), k], @w[k, c]))
    }
    stage out f32 [i < y.0, j < y.1, c < 16] holds y { init sum[i, j, c] }
    schedule out { split(j, jo, ji by 7, predicate) vectorize(c) unroll(ji) }
    schedule sum { compute_at(out, jo) vectorize(c) unroll(j)
      update split(k, ko, ki by 4, exact) update reorder(ko, ki, j, c) update vectorize(c) update unroll(j) update unroll(ki) }
  })";

TEST(Check, OfALongRowATileIsUnrolled) {
  const std::string row = with(tile, "output y f32 [?, ?, 16]", "output y f32 [?, 300, 16]");
  EXPECT_EQ(problemOf(row), "");
  EXPECT_EQ(problemOf(with(row, "compute_at(out, jo)", "compute_root()")),
            "`unroll` of stage `sum`: `j` has 300 points; at most 256 are unrolled");
}

TEST(Check, EstimateFollowsTheTileOfTheConsumer) {
  KernelDesc desc = parsed(tile);
  EXPECT_EQ(check(desc), "");
  int64_t operations = estimateOperations(desc);
  EXPECT_GE(operations, 7 * 4 * 4);
  EXPECT_LE(operations, 7 * 4 * 4 + 20);
  const std::string relu = "stage relu f32 [i < y.0, j < y.1, c < 16] { init max(sum[i, j, c], 0) }\n";
  KernelDesc through = parsed(with(with(tile, "init sum[i, j, c] }", "init relu[i, j, c] }"), "stage out", relu + "stage out"));
  EXPECT_EQ(check(through), "");
  EXPECT_LE(estimateOperations(through), 7 * 4 * 4 + 40); // read through a stage computed there, it is the same tile
}

} // namespace
