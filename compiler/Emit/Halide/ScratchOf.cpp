// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Only allocations that code generation turns into halide_malloc are kept, with the lets and loops they need.
#include "compiler/Emit/Halide/ScratchOf.h"

#include "compiler/Emit/Halide/Pipeline.h"
#include "compiler/Kernel/Build.h"

namespace weft::emit {

namespace {

namespace ir = Halide::Internal;
using Halide::Expr;

constexpr int64_t maxStackBytes = 16 * 1024; // Halide puts constant sizes up to this on the stack

/// Spells integer expressions; what is not one becomes `?`.
class Speller {
public:
  explicit Speller(const kernel::KernelDesc &desc) : desc(desc) {}

  std::string spell(const Expr &e) const {
    if (const auto *value = e.as<ir::IntImm>())
      return std::to_string(value->value);
    if (const auto *value = e.as<ir::UIntImm>())
      return std::to_string(value->value);
    if (const auto *variable = e.as<ir::Variable>())
      return variable->name;
    if (const auto *cast = e.as<ir::Cast>())
      return cast->type.is_int_or_uint() ? spell(cast->value) : "?";
    if (const auto *op = e.as<ir::Not>())
      return "(not " + spell(op->a) + ")";
    if (const auto *op = e.as<ir::Select>())
      return "(select " + spell(op->condition) + " " + spell(op->true_value) + " " + spell(op->false_value) + ")";
    if (const auto *op = e.as<ir::Let>())
      return spell(ir::substitute(op->name, op->value, op->body));
    if (const auto *op = e.as<ir::Call>())
      return spellCall(*op);
    return spellBinary(e);
  }

private:
  template <typename Op> bool pair(const Expr &e, const char *word, std::string &text) const {
    const Op *op = e.as<Op>();
    if (op)
      text = std::string("(") + word + " " + spell(op->a) + " " + spell(op->b) + ")";
    return op;
  }

  std::string spellBinary(const Expr &e) const {
    std::string text = "?";
    if (const auto *op = e.as<ir::GT>())
      return spell(op->b < op->a);
    if (const auto *op = e.as<ir::GE>())
      return spell(op->b <= op->a);
    (void)(pair<ir::Add>(e, "+", text) || pair<ir::Sub>(e, "-", text) || pair<ir::Mul>(e, "*", text) ||
           pair<ir::Div>(e, "/", text) || pair<ir::Mod>(e, "%", text) || pair<ir::Min>(e, "min", text) ||
           pair<ir::Max>(e, "max", text) || pair<ir::LT>(e, "<", text) || pair<ir::LE>(e, "<=", text) ||
           pair<ir::EQ>(e, "==", text) || pair<ir::NE>(e, "!=", text) || pair<ir::And>(e, "and", text) ||
           pair<ir::Or>(e, "or", text));
    return text;
  }

  std::string spellCall(const ir::Call &call) const {
    if (call.name == "_halide_buffer_get_extent")
      return spellExtent(call);
    if (call.name == "weft_thread_count")
      return "(threads)";
    if (call.name == "_halide_buffer_get_min")
      return "0";
    if (call.is_intrinsic({ir::Call::likely, ir::Call::likely_if_innermost, ir::Call::promise_clamped,
                           ir::Call::unsafe_promise_clamped}))
      return spell(call.args[0]);
    if (call.is_intrinsic(ir::Call::shift_left) && ir::is_const(call.args[1]))
      return "(* " + spell(call.args[0]) + " " + std::to_string(int64_t(1) << *ir::as_const_int(shiftAmount(call))) +
             ")";
    if (call.is_intrinsic(ir::Call::shift_right) && ir::is_const(call.args[1]))
      return "(/ " + spell(call.args[0]) + " " + std::to_string(int64_t(1) << *ir::as_const_int(shiftAmount(call))) +
             ")";
    return "?";
  }

  static Expr shiftAmount(const ir::Call &call) { return ir::simplify(Halide::cast<int>(call.args[1])); }

  /// Halide's dimension 0 is our last.
  std::string spellExtent(const ir::Call &call) const {
    const auto *buffer = call.args[0].as<ir::Variable>();
    auto dim = ir::as_const_int(call.args[1]);
    if (!buffer || !dim)
      return "?";
    std::string name = buffer->name.substr(0, buffer->name.rfind(".buffer"));
    int operand = kernel::findOperand(desc, name);
    for (const kernel::Stage &stage : desc.stages)
      if (stage.output >= 0 && funcName(stage) == name)
        operand = stage.output;
    if (operand < 0)
      return "?";
    int rank = static_cast<int>(desc.operands[operand].dims.size());
    return "(extent " + std::to_string(operand) + " " + std::to_string(rank - 1 - *dim) + ")";
  }

  const kernel::KernelDesc &desc;
};

class Collector : public ir::IRVisitor {
public:
  explicit Collector(const kernel::KernelDesc &desc) : speller(desc) {}

  /// The text of what `stmt` allocates; empty for nothing.
  std::string collect(const ir::Stmt &stmt) {
    std::string outer;
    outer.swap(text);
    stmt.accept(this);
    outer.swap(text);
    return outer;
  }

private:
  using ir::IRVisitor::visit;

  static std::string sequence(const std::string &parts) { return "(seq " + parts + ")"; }
  void append(const std::string &part) { text += (text.empty() ? "" : " ") + part; }

  void visit(const ir::LetStmt *op) override {
    if (std::string body = collect(op->body); !body.empty())
      append("(let " + op->name + " " + speller.spell(op->value) + " " + sequence(body) + ")");
  }

  void visit(const ir::For *op) override {
    std::string body = collect(op->body);
    if (!body.empty())
      append(std::string(op->for_type == ir::ForType::Parallel ? "(parallel " : "(for ") + op->name + " " +
             speller.spell(op->min) + " " + speller.spell(op->extent) + " " + sequence(body) + ")");
  }

  void visit(const ir::Allocate *op) override {
    std::string body = collect(op->body);
    int64_t bytes = int64_t(op->constant_allocation_size()) * op->type.bytes();
    int64_t padding = int64_t(op->padding) * op->type.bytes();
    bool isOnStack = op->extents.empty() || (bytes > 0 && bytes + padding <= maxStackBytes);
    if (isOnStack && op->memory_type != Halide::MemoryType::Heap)
      return body.empty() ? void() : append(body);
    append("(alloc " + size(*op, padding) + " " + sequence(body) + ")");
  }

  std::string size(const ir::Allocate &op, int64_t padding) const {
    std::string product = std::to_string(op.type.bytes());
    for (const Expr &extent : op.extents)
      product = "(* " + product + " " + speller.spell(extent) + ")";
    return padding ? "(+ " + product + " " + std::to_string(padding) + ")" : product;
  }

  Speller speller;
  std::string text;
};

} // namespace

ir::Stmt ScratchOf::mutate(const ir::Stmt &stmt) {
  text = "(seq " + Collector(desc).collect(stmt) + ")";
  return stmt;
}

} // namespace weft::emit
