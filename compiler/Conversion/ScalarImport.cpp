// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The table from arith and math to KernelDesc's scalar operations.

#include "compiler/Conversion/ScalarImport.h"
#include "compiler/Kernel/Build.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace weft {

using namespace kernel;

std::optional<Scalar> scalarTypeOf(Type type) {
  if (type.isF32())
    return Scalar::F32;
  if (type.isF64())
    return Scalar::F64;
  if (type.isIndex() || type.isInteger(32))
    return Scalar::I32;
  if (type.isInteger(64))
    return Scalar::I64;
  if (type.isInteger(8))
    return Scalar::U8;
  if (type.isInteger(1))
    return Scalar::Bool;
  return std::nullopt;
}

namespace {

std::optional<ScalarOp> unaryOf(Operation *op) {
  return TypeSwitch<Operation *, std::optional<ScalarOp>>(op)
      .Case<arith::NegFOp>([](auto) { return ScalarOp::Neg; })
      .Case<math::AbsFOp, math::AbsIOp>([](auto) { return ScalarOp::Abs; })
      .Case<math::ExpOp>([](auto) { return ScalarOp::Exp; })
      .Case<math::LogOp>([](auto) { return ScalarOp::Log; })
      .Case<math::SqrtOp>([](auto) { return ScalarOp::Sqrt; })
      .Case<math::RsqrtOp>([](auto) { return ScalarOp::Rsqrt; })
      .Case<math::TanhOp>([](auto) { return ScalarOp::Tanh; })
      .Case<math::ErfOp>([](auto) { return ScalarOp::Erf; })
      .Case<math::SinOp>([](auto) { return ScalarOp::Sin; })
      .Case<math::CosOp>([](auto) { return ScalarOp::Cos; })
      .Case<math::FloorOp>([](auto) { return ScalarOp::Floor; })
      .Case<math::CeilOp>([](auto) { return ScalarOp::Ceil; })
      .Case<math::RoundEvenOp>([](auto) { return ScalarOp::Round; })
      .Default([](auto) { return std::nullopt; });
}

std::optional<ScalarOp> binaryOf(Operation *op) {
  return TypeSwitch<Operation *, std::optional<ScalarOp>>(op)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return ScalarOp::Add; })
      .Case<arith::SubFOp, arith::SubIOp>([](auto) { return ScalarOp::Sub; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return ScalarOp::Mul; })
      .Case<arith::DivUIOp>([](auto) { return ScalarOp::Div; })
      .Case<arith::RemUIOp>([](auto) { return ScalarOp::Mod; })
      .Case<arith::MaximumFOp, arith::MaxSIOp>([](auto) { return ScalarOp::Max; })
      .Case<arith::MinimumFOp, arith::MinSIOp>([](auto) { return ScalarOp::Min; })
      .Case<math::PowFOp>([](auto) { return ScalarOp::Pow; })
      .Case<arith::AndIOp>([](auto) { return ScalarOp::And; })
      .Case<arith::OrIOp>([](auto) { return ScalarOp::Or; })
      .Default([](auto) { return std::nullopt; });
}

/// Only predicates whose meaning with NaN is that of C's operators.
std::optional<ScalarOp> comparisonOf(Operation *op) {
  if (auto compare = dyn_cast<arith::CmpFOp>(op)) {
    switch (compare.getPredicate()) {
    case arith::CmpFPredicate::OLT:
      return ScalarOp::Lt;
    case arith::CmpFPredicate::OLE:
      return ScalarOp::Le;
    case arith::CmpFPredicate::OGT:
      return ScalarOp::Gt;
    case arith::CmpFPredicate::OGE:
      return ScalarOp::Ge;
    case arith::CmpFPredicate::OEQ:
      return ScalarOp::Eq;
    case arith::CmpFPredicate::UNE:
      return ScalarOp::Ne;
    default:
      return std::nullopt;
    }
  }
  auto compare = dyn_cast<arith::CmpIOp>(op);
  if (!compare)
    return std::nullopt;
  switch (compare.getPredicate()) {
  case arith::CmpIPredicate::slt:
    return ScalarOp::Lt;
  case arith::CmpIPredicate::sle:
    return ScalarOp::Le;
  case arith::CmpIPredicate::sgt:
    return ScalarOp::Gt;
  case arith::CmpIPredicate::sge:
    return ScalarOp::Ge;
  case arith::CmpIPredicate::eq:
    return ScalarOp::Eq;
  case arith::CmpIPredicate::ne:
    return ScalarOp::Ne;
  default:
    return std::nullopt;
  }
}

bool isConversion(Operation *op) {
  return isa<arith::SIToFPOp, arith::UIToFPOp, arith::FPToSIOp, arith::ExtFOp, arith::TruncFOp, arith::ExtUIOp,
             arith::ExtSIOp, arith::TruncIOp, arith::IndexCastOp, arith::IndexCastUIOp, UnrealizedConversionCastOp>(op);
}

/// C's division rounds towards zero, KernelDesc's down: the sign apart, they are one.
ExprPtr divideTowardsZero(ExprPtr a, ExprPtr b) {
  ExprPtr zero = constant(0, a->type);
  ExprPtr size = binary(ScalarOp::Div, unary(ScalarOp::Abs, a), unary(ScalarOp::Abs, b));
  ExprPtr differ = binary(ScalarOp::Ne, binary(ScalarOp::Lt, a, zero), binary(ScalarOp::Lt, b, zero));
  return select(differ, unary(ScalarOp::Neg, size), size);
}

/// Halide refuses a constant 0 as a divisor; infinity as a factor is the same, zeros and NaN included.
ExprPtr divide(ExprPtr a, ExprPtr b) {
  if (b->kind == kernel::ExprKind::Constant && b->constant == 0)
    return binary(ScalarOp::Mul, a, constant(1 / b->constant, b->type));
  return binary(ScalarOp::Div, a, b);
}

} // namespace

/// `select(i == 0, a, select(i == 1, b, c))` picks by index: the values, and the index; nothing for other selections.
static SmallVector<Value> pickedByIndex(arith::SelectOp op, Value &index) {
  SmallVector<Value> values;
  Value rest = op.getResult();
  for (auto select = op; select; select = rest.getDefiningOp<arith::SelectOp>()) {
    auto compare = select.getCondition().getDefiningOp<arith::CmpIOp>();
    APInt number;
    if (!compare || compare.getPredicate() != arith::CmpIPredicate::eq ||
        !matchPattern(compare.getRhs(), m_ConstantInt(&number)) || number != values.size() ||
        (index && index != compare.getLhs()))
      break;
    index = compare.getLhs();
    values.push_back(select.getTrueValue());
    rest = select.getFalseValue();
  }
  if (!values.empty())
    values.push_back(rest);
  return values;
}

ExprPtr ScalarImporter::importPick(arith::SelectOp op) {
  Value index;
  SmallVector<Value> values = pickedByIndex(op, index);
  if (values.size() < 3 || !index.getType().isIndex())
    return nullptr;
  ExprPtr which = import(index);
  std::vector<ExprPtr> picked;
  for (Value value : values) {
    picked.push_back(import(value));
    if (!which || !picked.back())
      return nullptr;
  }
  return mux(which, std::move(picked));
}

ExprPtr ScalarImporter::import(Value value) {
  if (auto found = known.find(value); found != known.end())
    return found->second;
  Operation *op = value.getDefiningOp();
  if (!op) {
    emitError(value.getLoc(), "a block argument here is no element of an operand");
    return nullptr;
  }
  if (auto select = dyn_cast<arith::SelectOp>(op))
    if (ExprPtr picked = importPick(select))
      return known[value] = picked;
  SmallVector<ExprPtr> args;
  bool isLoad = op->getNumOperands() && isa<ShapedType>(op->getOperand(0).getType());
  for (Value operand : llvm::drop_begin(op->getOperands(), isLoad ? 1 : 0)) {
    args.push_back(import(operand));
    if (!args.back())
      return nullptr;
  }
  ExprPtr expr = importOp(op, args);
  if (!expr)
    return nullptr;
  return known[value] = expr;
}

ExprPtr ScalarImporter::importOp(Operation *op, ArrayRef<ExprPtr> args) {
  std::optional<Scalar> type = op->getNumResults() == 1 ? scalarTypeOf(op->getResult(0).getType()) : std::nullopt;
  if (!type) {
    op->emitError("`") << op->getName() << "` makes a value of a type no kernel computes with";
    return nullptr;
  }
  if (auto scalar = unaryOf(op))
    return unary(*scalar, args[0]);
  if (isa<arith::DivFOp>(op))
    return divide(args[0], args[1]);
  if (auto scalar = binaryOf(op))
    return binary(*scalar, args[0], args[1]);
  if (auto scalar = comparisonOf(op))
    return binary(*scalar, args[0], args[1]);
  if (isa<arith::DivSIOp>(op))
    return divideTowardsZero(args[0], args[1]);
  if (isa<arith::SelectOp>(op))
    return select(args[0], args[1], args[2]);
  if (isConversion(op))
    return args[0]->type == *type ? args[0] : cast(*type, args[0]);
  if (auto number = dyn_cast<arith::ConstantOp>(op)) {
    if (auto real = dyn_cast<FloatAttr>(number.getValue()))
      return constant(real.getValueAsDouble(), *type);
    if (auto whole = dyn_cast<IntegerAttr>(number.getValue()))
      return constant(whole.getType().isInteger(1) ? double(whole.getValue().getZExtValue())
                                                   : double(whole.getValue().getSExtValue()),
                      *type);
  }
  if (ExprPtr expr = other(op, args))
    return expr;
  op->emitError("`") << op->getName() << "` may not stand in a kernel function";
  return nullptr;
}

} // namespace weft
