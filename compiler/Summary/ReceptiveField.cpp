// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Receptive fields carried forward, operation by operation; where paths meet, the larger one counts.

#include "compiler/Summary/ReceptiveField.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace mlir;

namespace weft::summary {
namespace {

ReceptiveField origin(RankedTensorType type) {
  ReceptiveField field;
  if (type.getRank() >= 3) {
    field.size.assign(type.getRank() - 2, 1);
    field.jump.assign(type.getRank() - 2, 1);
  }
  return field;
}

bool isOrigin(const ReceptiveField &field) {
  auto one = [](double value) { return value == 1; };
  return !field.all && !field.mixed && field.hops == 0 && llvm::all_of(field.size, one) && llvm::all_of(field.jump, one);
}

ReceptiveField larger(ReceptiveField a, const ReceptiveField &b) {
  a.all |= b.all;
  a.mixed |= b.mixed;
  a.hops = std::max(a.hops, b.hops);
  for (size_t d = 0; d < b.size.size(); ++d) {
    if (d == a.size.size()) {
      a.size.push_back(b.size[d]);
      a.jump.push_back(b.jump[d]);
    }
    a.size[d] = std::max(a.size[d], b.size[d]);
    a.jump[d] = std::max(a.jump[d], b.jump[d]);
  }
  return a;
}

ReceptiveField whole(ReceptiveField field) {
  field.all = !field.size.empty() || field.mixed || field.all;
  return field;
}

/// A window of `kernel` elements, `step` of the source apart, every `stride` of them.
void slide(ReceptiveField &field, ArrayRef<double> reach, ArrayRef<double> stride) {
  for (size_t d = 0; d < std::min(field.size.size(), reach.size()); ++d) {
    field.size[d] += (reach[d] - 1) * field.jump[d];
    field.jump[d] *= stride[d];
  }
}

void slide(ReceptiveField &field, ArrayRef<int64_t> kernel, ArrayRef<int64_t> stride, ArrayRef<int64_t> dilation) {
  SmallVector<double> reach;
  for (auto [k, d] : llvm::zip_equal(kernel, dilation))
    reach.push_back(double(k - 1) * d + 1);
  slide(field, reach, SmallVector<double>(stride.begin(), stride.end()));
}

/// Each element of the result meets every `stride`-th one of the window.
void slideBack(ReceptiveField &field, ConvTransposeOp op) {
  SmallVector<double> reach, stride;
  SmallVector<int64_t> filter = op.getFilter();
  for (auto [k, s, d] : llvm::zip_equal(ArrayRef(filter).drop_front(2), op.getStride(), op.getDilation())) {
    reach.push_back(std::ceil((double(k - 1) * d + 1) / s));
    stride.push_back(1.0 / s);
  }
  slide(field, reach, stride);
}

void adapt(ReceptiveField &field, AdaptiveAvgpoolOp op) {
  SmallVector<double> reach, stride;
  for (auto [in, out] : llvm::zip_equal(tensorOf(op.getX()).getShape().drop_front(2), op.getOut())) {
    int64_t longest = 0;
    for (int64_t i = 0; i < std::min(out, in); ++i)
      longest = std::max(longest, ((i + 1) * in + out - 1) / out - i * in / out);
    reach.push_back(longest);
    stride.push_back(double(in) / out);
    field.all |= out == 1;
  }
  slide(field, reach, stride);
}

/// A reduction or softmax over `axes` sees everything where one of them is spatial.
ReceptiveField over(ReceptiveField field, ArrayRef<int64_t> axes) {
  bool spatial = llvm::any_of(axes, [](int64_t axis) { return axis >= 2; });
  return spatial || field.mixed ? whole(field) : field;
}

/// Shapes that keep their spatial dimensions last (channels split or joined) keep the field.
void reshape(ReceptiveField &field, RankedTensorType from, RankedTensorType to) {
  size_t spatial = field.size.size();
  bool kept = size_t(to.getRank()) > spatial && size_t(from.getRank()) > spatial &&
              from.getShape().take_back(spatial) == to.getShape().take_back(spatial);
  field.mixed |= !kept && spatial > 0;
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

ReceptiveField behind(Operation &op, ReceptiveField field) {
  return llvm::TypeSwitch<Operation *, ReceptiveField>(&op)
      .Case([&](ConvOp conv) {
        slide(field, conv.getKernel(), conv.getStride(), conv.getDilation());
        return field.mixed ? whole(field) : field;
      })
      .Case<MaxpoolOp, AvgpoolOp>([&](auto pool) {
        slide(field, pool.getKernel(), pool.getStride(), pool.getDilation());
        return field;
      })
      .Case([&](ConvTransposeOp conv) {
        slideBack(field, conv);
        return field;
      })
      .Case([&](AdaptiveAvgpoolOp pool) {
        adapt(field, pool);
        return field;
      })
      .Case<GlobalAvgpoolOp, GlobalMaxpoolOp, LinearOp, MatmulOp, GroupnormOp, InstancenormOp, LayernormOp>(
          [&](auto) { return whole(field); })
      .Case<SoftmaxOp, LogSoftmaxOp>([&](auto softmax) { return over(field, {int64_t(softmax.getAxis())}); })
      .Case<ReduceSumOp, ReduceMeanOp, ReduceMaxOp, ReduceMinOp>([&](auto op) { return over(field, op.getAxes()); })
      .Case([&](UpsampleOp up) {
        for (auto [d, scale] : llvm::enumerate(up.getScale()))
          if (d < field.jump.size())
            field.jump[d] /= scale;
        return field;
      })
      .Case([&](DepthToSpaceOp depth) {
        for (double &jump : field.jump)
          jump /= depth.getBlock();
        return field;
      })
      .Case<ReshapeOp, FlattenOp>([&](auto view) {
        reshape(field, tensorOf(view.getX()), tensorOf(view->getResult(0)));
        return field;
      })
      .Case([&](TransposeOp transpose) {
        if (isOrigin(field))
          return origin(transpose.getType());
        field.mixed |= !field.size.empty();
        return field;
      })
      .Case([&](ImageInputOp input) { return origin(input.getType()); })
      .Case([&](ReadoutOp) {
        field.all = true;
        return field;
      })
      .Default([&](Operation *) { return field; });
}

} // namespace

std::string ReceptiveField::text() const {
  if (all)
    return "all";
  if (size.empty())
    return hops == 0 ? "" : std::to_string(hops) + (hops == 1 ? " hop" : " hops");
  std::string text;
  for (size_t d = 0; d < size.size() && (d == 0 || !llvm::all_equal(size)); ++d)
    text += (d ? "x" : "") + (size[d] == std::floor(size[d]) ? llvm::formatv("{0:f0}", size[d]).str()
                                                             : llvm::formatv("{0:f1}", size[d]).str());
  return text;
}

void ReceptiveFields::port(Value value) { fields[value] = origin(tensorOf(value)); }

void ReceptiveFields::follow(Operation &op) {
  ReceptiveField field;
  for (OpOperand &operand : op.getOpOperands())
    if (auto known = fields.find(operand.get()); known != fields.end()) {
      field = larger(field, known->second);
      if (readsNeighbour(operand))
        field.hops = std::max(field.hops, known->second.hops + 1);
    }
  ReceptiveField result = behind(op, field);
  for (Value value : op.getResults())
    fields[value] = result;
}

} // namespace weft::summary
