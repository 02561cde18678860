// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Each stage is computed whole, in the order of the text, into an array of its own or straight into its output.
#include "compiler/Kernel/Evaluate.h"

#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/ScalarOps.h"
#include "compiler/Kernel/Spell.h"
#include "compiler/Kernel/TileProduct.h"

#include <cfenv>
#include <cmath>
#include <cstring>
#include <optional>
#include <unordered_map>

namespace weft::kernel {

namespace {

/// One scalar: floats in `real`, all else in `whole`. f32 arithmetic in double followed by one rounding is exact f32
/// arithmetic for + - * / and sqrt (Figueroa, 1995: double has more than twice the digits and two).
struct Value {
  double real = 0;
  int64_t whole = 0;
};

struct Memory {
  Scalar type = Scalar::F32;
  unsigned char *data = nullptr;
  std::vector<int64_t> extents, strides;
};

struct Failure {
  std::string message;
};

Value readScalar(const void *at, Scalar type) {
  auto get = [&]<typename T>(T value) {
    std::memcpy(&value, at, sizeof value);
    return value;
  };
  switch (type) {
  case Scalar::F32:
    return {get(float()), 0};
  case Scalar::F64:
    return {get(double()), 0};
  case Scalar::I32:
    return {0, get(int32_t())};
  case Scalar::I64:
    return {0, get(int64_t())};
  case Scalar::U8:
    return {0, get(uint8_t())};
  case Scalar::Bool:
    return {0, get(uint8_t()) != 0};
  }
  return {};
}

void writeScalar(void *at, Scalar type, Value value) {
  auto put = [&](auto typed) { std::memcpy(at, &typed, sizeof typed); };
  switch (type) {
  case Scalar::F32:
    return put(static_cast<float>(value.real));
  case Scalar::F64:
    return put(value.real);
  case Scalar::I32:
    return put(static_cast<int32_t>(value.whole));
  case Scalar::I64:
    return put(value.whole);
  case Scalar::U8:
    return put(static_cast<uint8_t>(value.whole));
  case Scalar::Bool:
    return put(static_cast<uint8_t>(value.whole != 0));
  }
}

int64_t floorDivide(int64_t a, int64_t b) {
  if (b == 0)
    return 0;
  int64_t quotient = a / b, remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? quotient - 1 : quotient;
}

struct RealOps : Operators<double> {
  static double neg(double a) { return -a; }
  static double abs(double a) { return std::fabs(a); }
  static double exp(double a) { return std::exp(a); }
  static double log(double a) { return std::log(a); }
  static double sqrt(double a) { return std::sqrt(a); }
  static double rsqrt(double a) { return 1 / std::sqrt(a); }
  static double tanh(double a) { return std::tanh(a); }
  static double erf(double a) { return std::erf(a); }
  static double sin(double a) { return std::sin(a); }
  static double cos(double a) { return std::cos(a); }
  static double floor(double a) { return std::floor(a); }
  static double ceil(double a) { return std::ceil(a); }
  static double round(double a) { return std::nearbyint(a); } // ties to even in the default rounding mode
  static double mod(double a, double b) { return a - b * std::floor(a / b); }
  static double min(double a, double b) { return std::isnan(a) || std::isnan(b) ? NAN : (a < b ? a : b); }
  static double max(double a, double b) { return std::isnan(a) || std::isnan(b) ? NAN : (a > b ? a : b); }
  static double pow(double a, double b) { return std::pow(a, b); }
};

struct WholeOps : Operators<int64_t> {
  static int64_t neg(int64_t a) { return -a; }
  static int64_t abs(int64_t a) { return a < 0 ? -a : a; }
  static int64_t invert(int64_t a) { return !a; }
  static int64_t div(int64_t a, int64_t b) { return floorDivide(a, b); }
  static int64_t mod(int64_t a, int64_t b) { return b == 0 ? 0 : a - b * floorDivide(a, b); }
  static int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }
  static int64_t max(int64_t a, int64_t b) { return a > b ? a : b; }
  static int64_t conjunction(int64_t a, int64_t b) { return a & b; }
  static int64_t disjunction(int64_t a, int64_t b) { return a | b; }
};

class Evaluator {
public:
  Evaluator(const KernelDesc &desc, bool inDouble) : desc(desc), inDouble(inDouble) {}

  void bind(const std::vector<BufferView> &views) {
    if (views.size() != desc.operands.size())
      throw Failure{"`" + desc.name + "` takes " + std::to_string(desc.operands.size()) + " operands, not " +
                    std::to_string(views.size())};
    for (size_t i = 0; i < views.size(); ++i)
      operands.push_back(bindOperand(desc.operands[i], views[i]));
  }

  void run() {
    storage.resize(desc.stages.size());
    for (size_t i = 0; i < desc.stages.size(); ++i)
      runStage(desc.stages[i], i);
  }

private:
  static Memory bindOperand(const Operand &operand, const BufferView &view) {
    if (view.extents.size() != operand.dims.size() || view.strides.size() != operand.dims.size())
      throw Failure{"`" + operand.name + "` has " + std::to_string(operand.dims.size()) + " dimensions"};
    for (size_t d = 0; d < operand.dims.size(); ++d)
      if (operand.dims[d].extent >= 0 && operand.dims[d].extent != view.extents[d])
        throw Failure{"dimension " + std::to_string(d) + " of `" + operand.name + "` must be " +
                      std::to_string(operand.dims[d].extent) + ", not " + std::to_string(view.extents[d])};
    return {operand.type, static_cast<unsigned char *>(view.data), view.extents, view.strides};
  }

  int64_t extentOf(const Extent &extent) const {
    return extent.isFixed() ? extent.value
                            : (operands[extent.operand].extents[extent.dim] + extent.per - 1) / extent.per;
  }

  Scalar storedType(Scalar type) const { return inDouble && type == Scalar::F32 ? Scalar::F64 : type; }

  void runStage(const Stage &stage, size_t number) {
    current = &stage;
    std::vector<int64_t> extents;
    for (const Loop &loop : stage.loops)
      extents.push_back(extentOf(loop.extent));
    stages.push_back(allocate(stage, extents, storage[number]));
    indices.assign(stage.loops.size() + (stage.update ? stage.update->loops.size() : 0), 0);
    overBox(extents, 0, [&] { store(number, evaluateRoot(*stage.init)); });
    if (stage.update) {
      if (stage.update->scattered >= 0)
        extents[stage.update->scattered] = 1;
      overBox(extents, 0, [&] { reduce(*stage.update, number); });
    }
    if (stage.output >= 0 && inDouble)
      overBox(stages[number].extents, 0, [&] { writeOutput(stage, number); });
  }

  /// Memory of a stage: its output's when types agree, else `buffer`.
  Memory allocate(const Stage &stage, const std::vector<int64_t> &extents, std::vector<unsigned char> &buffer) {
    if (stage.output >= 0 && !inDouble) {
      if (operands[stage.output].extents != extents)
        throw Failure{"the loops of `" + stage.name + "` do not cover `" + desc.operands[stage.output].name + "`"};
      return operands[stage.output];
    }
    Memory memory{storedType(stage.type), nullptr, extents, std::vector<int64_t>(extents.size(), 1)};
    int64_t elements = 1;
    for (size_t d = extents.size(); d-- > 0;) {
      memory.strides[d] = elements;
      if (__builtin_mul_overflow(elements, extents[d], &elements) || elements > (int64_t(1) << 32))
        throw Failure{"`" + stage.name + "` is too large to evaluate"};
    }
    buffer.resize(elements * bytesOf(memory.type));
    memory.data = buffer.data();
    return memory;
  }

  /// Calls `body` with `indices[from...]` running over the box, the last dimension fastest.
  template <typename Body> void overBox(const std::vector<int64_t> &extents, size_t from, Body body) {
    for (int64_t extent : extents)
      if (extent <= 0)
        return;
    std::fill(indices.begin() + from, indices.begin() + from + extents.size(), 0);
    for (;;) {
      body();
      size_t d = extents.size();
      while (d > 0 && ++indices[from + d - 1] == extents[d - 1])
        indices[from + --d] = 0;
      if (d == 0)
        return;
    }
  }

  void reduce(const Update &update, size_t number) {
    std::vector<int64_t> extents;
    for (const Loop &loop : update.loops)
      extents.push_back(extentOf(loop.extent));
    overBox(extents, current->loops.size(), [&] {
      if (update.scattered >= 0)
        indices[update.scattered] = evaluateRoot(*update.place).whole;
      accumulated = readScalar(address(stages[number], pureIndices(), current->name), stages[number].type);
      ++epoch;
      if (!update.predicate || evaluateNode(*update.predicate).whole)
        store(number, evaluateNode(*update.value));
    });
    if (update.scattered >= 0)
      indices[update.scattered] = 0; // the box of the pure loops counts on
  }

  std::vector<int64_t> pureIndices() const { return {indices.begin(), indices.begin() + current->loops.size()}; }

  void store(size_t number, Value value) {
    writeScalar(address(stages[number], pureIndices(), current->name), stages[number].type, value);
  }

  void writeOutput(const Stage &stage, size_t number) {
    Value value = readScalar(address(stages[number], pureIndices(), stage.name), stages[number].type);
    const Memory &output = operands[stage.output];
    writeScalar(address(output, pureIndices(), stage.name), output.type, value);
  }

  static unsigned char *address(const Memory &memory, const std::vector<int64_t> &at, const std::string &name) {
    int64_t offset = 0;
    for (size_t d = 0; d < at.size(); ++d) {
      if (at[d] < 0 || at[d] >= memory.extents[d])
        throw Failure{"index " + std::to_string(at[d]) + " of dimension " + std::to_string(d) + " of `" + name +
                      "` is outside 0 to " + std::to_string(memory.extents[d] - 1)};
      offset += at[d] * memory.strides[d];
    }
    return memory.data + offset * bytesOf(memory.type);
  }

  Value evaluateRoot(const Expr &expr) {
    ++epoch;
    return evaluateNode(expr);
  }

  /// Shared nodes are computed once a point; what a select does not take is not computed at all.
  Value evaluateNode(const Expr &expr) {
    auto &[when, value] = known[&expr];
    if (when == epoch)
      return value;
    Value result = rounded(expr, compute(expr));
    known[&expr] = {epoch, result};
    return result;
  }

  Value rounded(const Expr &expr, Value value) const {
    switch (expr.type) {
    case Scalar::F32:
      if (!inDouble)
        value.real = static_cast<float>(value.real);
      break;
    case Scalar::I32:
      value.whole = static_cast<int32_t>(value.whole);
      break;
    case Scalar::U8:
      value.whole = static_cast<uint8_t>(value.whole);
      break;
    default:
      break;
    }
    return value;
  }

  Value compute(const Expr &expr) {
    switch (expr.kind) {
    case ExprKind::Constant:
      return {expr.constant, isFloat(expr.type) ? 0 : static_cast<int64_t>(expr.constant)};
    case ExprKind::LoopIndex:
      return {0, indices[expr.ref]};
    case ExprKind::OperandExtent:
      return {0, operands[expr.ref].extents[expr.dim]};
    case ExprKind::LoadOperand:
      return load(operands[expr.ref], expr, desc.operands[expr.ref].name);
    case ExprKind::LoadStage:
      return load(stages[expr.ref], expr, desc.stages[expr.ref].name);
    case ExprKind::Accumulator:
      return accumulated;
    case ExprKind::Unary:
      return computeUnary(expr);
    case ExprKind::Binary:
      return computeBinary(expr);
    case ExprKind::Select:
      return evaluateNode(*expr.args[evaluateNode(*expr.args[0]).whole ? 1 : 2]);
    case ExprKind::Mux:
      return computeMux(expr);
    case ExprKind::Cast:
      return computeCast(expr);
    case ExprKind::TileDot:
      return computeTileDot(expr);
    }
    return {};
  }

  Value computeTileDot(const Expr &expr) {
    uint32_t words[2 * partCount];
    bool areParts = expr.args.size() == 2 * partCount;
    for (int part = 0; part < (areParts ? 2 : 1) * partCount; ++part)
      words[part] = static_cast<uint32_t>(evaluateNode(*expr.args[part]).whole);
    if (!areParts) {
      auto number = [&](int64_t arg) { return static_cast<float>(evaluateNode(*expr.args[arg]).real); };
      float low = number(partCount), high = number(partCount + 1);
      for (auto [part, op] : {std::pair(0, ScalarOp::Bf16High), {1, ScalarOp::Bf16Middle}, {2, ScalarOp::Bf16Low}})
        words[partCount + part] = bf16Part(op, low, high);
    }
    return {tileDot(words), 0};
  }

  Value load(const Memory &memory, const Expr &expr, const std::string &name) {
    std::vector<int64_t> at;
    for (const ExprPtr &arg : expr.args)
      at.push_back(evaluateNode(*arg).whole);
    return readScalar(address(memory, at, name), memory.type);
  }

  Value computeUnary(const Expr &expr) {
    Value a = evaluateNode(*expr.args[0]);
    if (!isFloat(expr.type))
      return {0, applyWhole<WholeOps>(expr.op, a.whole)};
    return {applyFloat<RealOps>(expr.op, a.real), 0};
  }

  Value computeBinary(const Expr &expr) {
    ExprPtr product;
    if (isFusedMultiplyAdd(expr, product))
      return fusedMultiplyAdd(*product);
    Value a = evaluateNode(*expr.args[0]), b = evaluateNode(*expr.args[1]);
    bool real = isFloat(expr.args[0]->type);
    if (isBf16Part(expr.op))
      return {0, static_cast<int32_t>(bf16Part(expr.op, static_cast<float>(a.real), static_cast<float>(b.real)))};
    if (isComparison(expr.op))
      return {0, real ? applyComparison<RealOps>(expr.op, a.real, b.real)
                      : applyComparison<WholeOps>(expr.op, a.whole, b.whole)};
    if (real)
      return {applyFloat<RealOps>(expr.op, a.real, b.real), 0};
    return {0, applyWhole<WholeOps>(expr.op, a.whole, b.whole)};
  }

  Value fusedMultiplyAdd(const Expr &product) {
    double a = evaluateNode(*product.args[0]).real, b = evaluateNode(*product.args[1]).real;
    if (inDouble)
      return {std::fma(a, b, accumulated.real), 0};
    return {std::fma(static_cast<float>(a), static_cast<float>(b), static_cast<float>(accumulated.real)), 0};
  }

  Value computeMux(const Expr &expr) {
    int64_t which = evaluateNode(*expr.args[0]).whole;
    if (which < 0 || which + 1 >= int64_t(expr.args.size()))
      throw Failure{"a `mux` of " + std::to_string(expr.args.size() - 1) + " values got " + std::to_string(which)};
    return evaluateNode(*expr.args[which + 1]);
  }

  Value computeCast(const Expr &expr) {
    Value a = evaluateNode(*expr.args[0]);
    bool from = isFloat(expr.args[0]->type), to = isFloat(expr.type);
    double real = from ? a.real : static_cast<double>(a.whole);
    int64_t whole = !from ? a.whole : std::fabs(a.real) < 9e18 ? static_cast<int64_t>(a.real) : 0;
    if (expr.type == Scalar::Bool)
      whole = from ? a.real != 0 : a.whole != 0;
    return to ? Value{real, 0} : Value{0, whole};
  }

  const KernelDesc &desc;
  const bool inDouble;
  std::vector<Memory> operands, stages;
  std::vector<std::vector<unsigned char>> storage;
  const Stage *current = nullptr;
  std::vector<int64_t> indices;
  Value accumulated;
  uint64_t epoch = 0;
  std::unordered_map<const Expr *, std::pair<uint64_t, Value>> known;
};

} // namespace

bool evaluate(const KernelDesc &desc, const std::vector<BufferView> &operands, std::string &error,
              EvaluateOptions options) {
  try {
    Evaluator evaluator(desc, options.inDouble);
    evaluator.bind(operands);
    evaluator.run();
    return true;
  } catch (const Failure &failure) {
    error = failure.message;
    return false;
  }
}

} // namespace weft::kernel
