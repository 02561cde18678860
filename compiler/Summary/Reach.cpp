// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Fields in pictures come from the dialect's analysis; hops are counted here, along edges.

#include "compiler/Summary/Reach.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace weft::summary {
namespace {

constexpr int64_t everything = std::numeric_limits<int64_t>::max();

/// How much of a picture a field covers, to compare by.
double extentOf(const Field &field) {
  double extent = field.axes.empty() ? 0 : 1;
  for (const FieldAxis &axis : field.axes)
    extent *= axis.dim < 0 ? 1e9 : axis.size;
  return extent;
}

std::string textOf(const FieldAxis &axis) {
  if (axis.dim < 0)
    return "all";
  bool isWhole = axis.size == std::floor(axis.size);
  return isWhole ? llvm::formatv("{0:f0}", axis.size).str() : llvm::formatv("{0:f1}", axis.size).str();
}

std::string textOf(const Field &field) {
  SmallVector<std::string> texts = llvm::map_to_vector(field.axes, [](const FieldAxis &axis) { return textOf(axis); });
  return !texts.empty() && llvm::all_equal(texts) ? texts.front() : llvm::join(texts, "x");
}

/// Whether an operation on edges reads the row of the vertex at the far end. Values of edges are seen from their
/// destination.
bool readsNeighbour(OpOperand &operand) {
  return llvm::TypeSwitch<Operation *, bool>(operand.getOwner())
      .Case<AggregateOp, SoftmaxByDstOp>([&](auto edges) {
        unsigned captured = operand.getOperandNumber() - 2;
        return operand.getOperandNumber() >= 2 && edges.getAccessOf(captured) == Access::Src;
      })
      .Default(false);
}

} // namespace

Reach::Reach(Block &network) {
  for (BlockArgument argument : network.getArguments())
    if (isPicture(argument))
      pictures.emplace_back(argument);
  for (Operation &op : network.without_terminator())
    follow(op);
}

void Reach::follow(Operation &op) {
  int64_t most = 0;
  for (OpOperand &operand : op.getOpOperands()) {
    int64_t before = hops.lookup(operand.get());
    most = std::max(most, before != everything && readsNeighbour(operand) ? before + 1 : before);
  }
  if (isa<ReadoutOp>(op))
    most = everything;
  if (most)
    for (Value value : op.getResults())
      hops[value] = most;
}

std::string Reach::of(Value value) const {
  Field widest;
  for (const ReceptiveFields &fields : pictures)
    if (const Field &field = fields.of(value); extentOf(field) > extentOf(widest))
      widest = field;
  int64_t count = hops.lookup(value);
  if (!widest.axes.empty() || !count)
    return textOf(widest);
  return count == everything ? "all" : std::to_string(count) + (count == 1 ? " hop" : " hops");
}

} // namespace weft::summary
