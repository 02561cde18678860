// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Small constructors for expressions and directives, so that importers, schedules and tests read like what they mean.
// Types are derived as the text form derives them; nothing is folded or simplified.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

namespace weft::kernel {

// Expressions.
ExprPtr constant(double value, Scalar type = Scalar::F32);
ExprPtr index(int64_t value); ///< an I32 constant
ExprPtr loop(int ref);        ///< LoopIndex
ExprPtr operandExtent(int ref, int dim);
ExprPtr loadOperand(int ref, Scalar type, std::vector<ExprPtr> args);
ExprPtr loadStage(int ref, Scalar type, std::vector<ExprPtr> args);
ExprPtr accumulator(Scalar type = Scalar::F32);
ExprPtr unary(ScalarOp op, ExprPtr a);
ExprPtr binary(ScalarOp op, ExprPtr a, ExprPtr b);
ExprPtr select(ExprPtr condition, ExprPtr ifTrue, ExprPtr ifFalse);
ExprPtr mux(ExprPtr which, std::vector<ExprPtr> values);
ExprPtr cast(Scalar type, ExprPtr a);
ExprPtr tileDot(std::vector<ExprPtr> args);

/// The node's type, given its kind and operands; loads, constants, accumulators and casts state theirs.
Scalar resultType(const Expr &expr);
bool isComparison(ScalarOp op);
bool isUnary(ScalarOp op);
bool isBf16Part(ScalarOp op);

/// Whether `expr` is `Accumulator + a * b`, the one form that is contracted; then `product` is the Mul.
bool isFusedMultiplyAdd(const Expr &expr, ExprPtr &product);

/// Whether emitters write the second operand of an extremum of two unknown values first, which is asked for NaN: an accumulator goes last, then that
/// compare waits for nobody, and so does another stage, which may be a sum that compilers take for a number.
bool asksSecondOperand(const Expr &extremum);

/// Whether `expr` is `exp(exponent) + 1` in f32, which sigmoid and silu divide by.
bool isExpPlusOne(const Expr &expr, ExprPtr &exponent);

/// Whether `expr` is `x / 2 * (erf(x * sqrt(1/2)) + 1)` in f32.
bool isGelu(const Expr &expr, ExprPtr &x);

/// Whether minima and maxima with constants keep `exponent`, an f32, where its exponential is neither a denormal nor infinite.
bool hasNormalExp(const Expr &exponent);

/// Whether `expr` is a position along a row, kept from leaving it by `min` with a constant: emitters cut that loop, one
/// of the stage's innermost two, into its edges and what lies between, where the position needs no looking after.
bool stopsAtEdge(const Stage &stage, const Expr &expr);

/// Whether `pick` chooses between an operand's elements and a constant beside them in `stage`, which has no directive and so is part of
/// its readers: emitters cut their loops where the choice is known.
bool cutsReaders(const KernelDesc &desc, const Stage &stage, const Expr &pick);

/// Whether `stage` is computed past the end of its loop number `loop` (`BoundExtent` asks for more than the loop has): what an
/// operand holds there is not read, and nobody reads what is computed.
bool reachesPastEnd(const KernelDesc &desc, const Stage &stage, int loop);

/// The operand of which `stage` adds products in a vector of channels, `blocks` of them, the last of which it fills by half; -1 if
/// there is none.
int pairedFilter(const KernelDesc &desc, const Stage &stage, const std::string &blocks);

// Directives about a stage's initial definition; `onUpdate` turns one into a directive about its update.
Directive split(std::string loop, std::string outer, std::string inner, int64_t factor, Tail tail);
Directive strips(std::string loop, std::string outer, std::string inner, int64_t atLeast);
Directive peel(std::string loop, std::string inside);
Directive fuse(std::string outer, std::string inner, std::string fused);
Directive reorder(std::vector<std::string> outermostFirst);
Directive vectorize(std::string loop);
Directive unroll(std::string loop);
Directive parallel(std::string loop);
Directive computeAt(std::string stage, std::string loop);
Directive storeAt(std::string stage, std::string loop);
Directive computeRoot();
Directive storeRoot();
Directive storageOrder(std::vector<std::string> outermostFirst);
Directive foldStorage(std::string loop, int64_t factor);
Directive boundExtent(std::string loop, int64_t factor);
Directive prefetch(std::string operand, std::string turn, std::string next, int64_t lines);
Directive pair(std::string blocks, std::string pixels);
Directive onUpdate(Directive directive);

/// A copy that shares expressions (they are immutable).
KernelDesc clone(const KernelDesc &desc);

int findStage(const KernelDesc &desc, const std::string &name);
int findOperand(const KernelDesc &desc, const std::string &name);
/// The directives of `stage`, or null.
const StageSchedule *findSchedule(const KernelDesc &desc, const std::string &stage);

} // namespace weft::kernel
