// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// KernelDesc: one kernel as plain data, the only thing an emitter reads. A kernel function of the IR plus its schedule is
// imported once (compiler/Conversion/KernelToDesc); the reference evaluator, Halide in process, the printed Halide source
// and, later, CUDA are readers of these structs, so that what is printed and what runs cannot drift apart.
//
// Conventions. Dimensions and loops are listed outermost first, as in MLIR tensors; the last dimension of an operand has
// stride 1. Extents and strides are in elements. An operand's index 0 in each dimension is the first element the kernel
// may touch: borders are resolved by the caller, which passes a pointer and strides (see the plan dialect).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weft::kernel {

enum class Scalar : uint8_t { F32, F64, I32, I64, U8, Bool };

/// A loop's trip count: a constant, or the extent of one dimension of an operand, read at run time.
struct Extent {
  int64_t value = -1; ///< the constant; -1: read from the operand
  int operand = -1;   ///< index into KernelDesc::operands
  int dim = -1;       ///< dimension of that operand
  int64_t per = 1;    ///< of an operand's extent so many make one turn, the last of what is left

  static Extent fixed(int64_t value) { return {value, -1, -1}; }
  static Extent ofOperand(int operand, int dim) { return {-1, operand, dim}; }
  bool isFixed() const { return value >= 0; }
  bool operator==(const Extent &) const = default;
};

/// One dimension of a buffer the caller passes; -1 means known at run time only.
struct OperandDim {
  int64_t extent = -1;
  int64_t stride = -1;
  bool operator==(const OperandDim &) const = default;
};

struct Operand {
  std::string name; ///< a C identifier, unique in the kernel
  Scalar type = Scalar::F32;
  std::vector<OperandDim> dims;
  bool isOutput = false;
  /// Output only: index of the input whose memory it may share element by element, or -1. A kernel with such an output
  /// computes each element once (no ShiftInwards tails); emitters refuse the combination.
  int mayAlias = -1;
  /// Of a packed filter, how many channels it has: from this one on, counted by the outermost dimension and the innermost, all
  /// elements are zero. -1: not known.
  int64_t filled = -1;
};

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;

enum class ExprKind : uint8_t {
  Constant,    ///< `constant`, converted to `type`
  LoopIndex,   ///< value of the stage's loop `ref` (pure loops first, then the update's reduction loops), I32
  OperandExtent, ///< extent of dimension `dim` of operand `ref`, I32
  LoadOperand, ///< operand `ref` at args (one I32 expression a dimension)
  LoadStage,   ///< value of an earlier stage `ref` at args
  Accumulator, ///< the present value of the element being updated; only inside Update::value
  Unary,       ///< `op` of args[0]
  Binary,      ///< args[0] `op` args[1]
  Select,      ///< args[0] ? args[1] : args[2]
  Mux,         ///< args[1 + args[0]]: args[0] is an I32 index known once its loop is unrolled
  Cast,        ///< args[0] converted to `type`
  TileDot,     ///< a step of a sum of products in tiles: args are the three parts of a, as I32, then those of b or its two numbers; see TileProduct.h
};

/// Arithmetic is IEEE in the type of the node, one rounding an operation, infinities and NaN included; no reader
/// reassociates. One exception, so that bits depend on nothing but this text: an Add of the Accumulator and a Mul (in either
/// order) is a fused multiply-add, one rounding. Nothing else is ever contracted.
/// Round goes to the nearest, ties to even. Div and Mod of integers round towards minus infinity for positive divisors
/// (by zero: 0), Mod of floats is a - b * floor(a / b). Cast of a float to an integer truncates.
/// Exp, Log, Tanh, Erf, Sin, Cos, Pow and Rsqrt are within 4 units in the last place; the rest is exact.
/// Bf16High, Bf16Middle and Bf16Low pack a part of each of two f32 into an I32, that of args[0] in the lower half.
enum class ScalarOp : uint8_t {
  // unary
  Neg, Abs, Exp, Log, Sqrt, Rsqrt, Tanh, Erf, Sin, Cos, Floor, Ceil, Round, Not,
  // binary; Min and Max propagate NaN as arith.minimumf and arith.maximumf do, the sign of a zero is either one's
  Add, Sub, Mul, Div, Mod, Min, Max, Pow, And, Or, Bf16High, Bf16Middle, Bf16Low,
  // binary comparisons, result Bool
  Lt, Le, Gt, Ge, Eq, Ne,
};

struct Expr {
  ExprKind kind = ExprKind::Constant;
  Scalar type = Scalar::F32;
  ScalarOp op = ScalarOp::Add;
  double constant = 0;
  int ref = -1;
  int dim = -1;
  std::vector<ExprPtr> args = {};
};

struct Loop {
  std::string name; ///< unique in its stage
  Extent extent;
};

/// The reduction of a stage: for each point of `loops`, in exactly this order (outermost first), element = value.
/// The order is part of the meaning: a schedule may interleave these loops with pure ones, never permute them.
struct Update {
  std::vector<Loop> loops;
  ExprPtr predicate; ///< may be null; where false the point is skipped (also how ragged rows are bounded)
  ExprPtr value;     ///< reads Accumulator
  /// With `scattered` >= 0 the update does not run over that pure loop: `place`, an I32 that lies in it, says along it which
  /// element is updated.
  int scattered = -1;
  ExprPtr place;
};

/// One function over a box of points: element = init, then the update if there is one. A stage that holds an output has
/// one loop a dimension of that operand, in the same order. Readers may compute more points of a stage than its box
/// (never of an output) but none fewer than are read.
struct Stage {
  std::string name; ///< a C identifier, unique in the kernel
  Scalar type = Scalar::F32;
  std::vector<Loop> loops;
  ExprPtr init;
  std::unique_ptr<Update> update;
  int output = -1; ///< operand that holds this stage, or -1 when it lives inside the kernel
};

/// What happens where a split does not divide its loop.
enum class Tail : uint8_t {
  ShiftInwards, ///< the last tile moves back and computes some elements twice; extent must be >= factor; never in place
  Predicate,    ///< vector code under a condition or a mask
  RoundUp,      ///< computes past the end: the buffer is padded to a multiple
  Exact,        ///< the factor is known to divide the extent
};

/// One scheduling decision. `loops` are names of loops of the stage, or names made by earlier directives of that stage.
struct Directive {
  enum class Kind : uint8_t {
    Split,        ///< loops = {old, outer, inner}, factor, tail
    Strips,       ///< loops = {old, outer, inner}, factor: `outer` are strips, one for each thread of the runtime, of `factor`
                  ///< or more turns of `old` each; the last moves back into the one before it, or in place has fewer
    Peel,         ///< loops = {old, inside}: of a border (`select(inside, value, constant)`) the points along `old` that lie
                  ///< outside are stored apart; `inside` runs over the others. No tail shifts inwards in such a stage
    Fuse,         ///< loops = {outer, inner, fused}
    Reorder,      ///< loops, outermost first; those not named keep their place outside
    Vectorize,    ///< loops = {l}
    Unroll,       ///< loops = {l}
    Parallel,     ///< loops = {l}
    ComputeAt,    ///< stage `at`, loops = {l of `at`}; a stage without it is inlined when it has no update, else at root
    StoreAt,      ///< the same, for its storage, which then lies in the workspace however small it is
    ComputeRoot,  ///< one buffer for the whole stage, in the kernel's workspace
    StoreRoot,
    StorageOrder, ///< loops, outermost first: the order in which the stage's own buffer is laid out
    FoldStorage,  ///< loops = {l}, factor: a circular buffer of `factor` along l
    BoundExtent,  ///< loops = {l}, factor: the stage is only asked for this many; where that is more than there
                  ///< are, operands are not read past the end
    Prefetch,     ///< operand `at`, loops = {turn, next}: each iteration of the update's loop `turn` fetches `factor`
                  ///< cache lines of what the next iteration of `next` will read of it, along each block of memory that
                  ///< one turn reads; `next` is a loop of the same update or one of a later stage, around this one.
                  ///< After its last iteration comes the first one in the next iteration of the loop around it
    Pair,         ///< loops = {blocks, pixels}, both unrolled in an update that sums products with a filter whose channels fill
                  ///< half a vector in the last turn of `blocks`: there two turns of `pixels` are summed in one vector. What
                  ///< lies in a tile without its neighbour is summed alone
  };
  Kind kind = Kind::Split;
  bool onUpdate = false; ///< applies to the update's loops, else to the initial definition's
  std::vector<std::string> loops;
  int64_t factor = 0;
  Tail tail = Tail::Predicate;
  std::string at;
};

struct StageSchedule {
  std::string stage;
  std::vector<Directive> directives;
};

struct KernelDesc {
  std::string name; ///< C symbol of the kernel
  std::vector<Operand> operands; ///< in the order of the C arguments; outputs last
  std::vector<Stage> stages;     ///< producers before consumers; the last one is an output
  std::vector<StageSchedule> schedule;
};

} // namespace weft::kernel
