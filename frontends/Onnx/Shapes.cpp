// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations that move elements. Shapes, axes and ranges must be known when compiling.
#include "frontends/Onnx/Importer.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

void concat(NodeImport &node) {
  Operands operands;
  for (size_t i = 0; i < node.inputs(); ++i) {
    operands.push_back(node.tensor(i));
    if (!operands.back())
      return;
  }
  if (operands.empty())
    return node.fail("joins nothing");
  int64_t axis = node.axis(node.integer("axis", 0), rankOf(operands[0]));
  node.define(0, node.make("concat", operands, node.number("axis", axis)));
}

/// Equal parts, the last one smaller where the extent cannot be divided.
Ints equalParts(int64_t extent, int64_t count) {
  Ints sizes;
  for (int64_t part = llvm::divideCeil(extent, count), done = 0; int64_t(sizes.size()) < count; done += part)
    sizes.push_back(std::min(part, extent - done));
  return sizes;
}

void split(NodeImport &node) {
  Value x = node.tensor(0);
  if (!x || node.node.outputs.empty())
    return;
  int64_t axis = node.axis(node.integer("axis", 0), rankOf(x)), count = node.node.outputs.size();
  if (node.failed())
    return;
  std::optional<Ints> sizes = node.integers("split");
  if (!sizes && node.has(1) && !(sizes = node.ints(1, "its sizes")))
    return;
  if (!sizes)
    sizes = equalParts(shapeOf(x)[axis], count);
  if (int64_t(sizes->size()) != count)
    return node.fail("has " + llvm::Twine(count) + " results and " + llvm::Twine(sizes->size()) + " sizes");
  Operands pieces = node.makeAll("split", x, {node.number("axis", axis), node.list("sizes", *sizes)});
  for (auto [i, piece] : llvm::enumerate(pieces))
    node.define(i, piece);
}

void slice(NodeImport &node) {
  Value x = node.tensor(0);
  std::optional<Ints> starts = node.ints(1, "its starts"), stops = node.ints(2, "its ends"), axes, steps;
  if (!x || !starts || !stops)
    return;
  axes = node.has(3) ? node.ints(3, "its axes") : countUp(starts->size());
  steps = node.has(4) ? node.ints(4, "its steps") : Ints(starts->size(), 1);
  if (!axes || !steps)
    return;
  if (stops->size() != starts->size() || axes->size() != starts->size() || steps->size() != starts->size())
    return node.fail("its starts, ends, axes and steps have different lengths");
  Ints start(rankOf(x), 0), stop(shapeOf(x)), step(rankOf(x), 1);
  for (size_t i = 0; i < axes->size(); ++i) {
    int64_t axis = node.axis((*axes)[i], rankOf(x));
    if (node.failed())
      return;
    int64_t extent = shapeOf(x)[axis], by = (*steps)[i];
    auto bounded = [&](int64_t at, int64_t low, int64_t high) {
      return std::clamp(at < 0 && at >= -extent ? at + extent : at < 0 ? int64_t(-1) : at, low, high);
    };
    if (by == 0)
      return node.fail("a step is 0");
    start[axis] = by > 0 ? bounded((*starts)[i], 0, extent) : bounded((*starts)[i], 0, extent - 1);
    stop[axis] = by > 0 ? bounded((*stops)[i], 0, extent) : bounded((*stops)[i], -1, extent - 1);
    if (by > 0 && by < extent)
      step[axis] = by;
    else
      step[axis] = std::clamp(by, -extent, extent);
  }
  node.define(0, node.make("slice", x, {node.list("start", start), node.list("stop", stop), node.list("step", step)}));
}

void pad(NodeImport &node) {
  Value x = node.tensor(0);
  std::optional<Ints> pads = node.ints(1, "its paddings");
  if (!x || !pads)
    return;
  std::string mode = node.word("mode", "constant");
  if (mode != "constant" && mode != "edge" && mode != "reflect")
    return node.fail("this mode is not supported");
  std::optional<Ints> axes = countUp(rankOf(x));
  if (node.has(3) && !(axes = node.ints(3, "its axes")))
    return;
  if (pads->size() != 2 * axes->size())
    return node.fail("its paddings are not two a dimension");
  Ints low(rankOf(x), 0), high(rankOf(x), 0);
  for (size_t i = 0; i < axes->size(); ++i) {
    int64_t axis = node.axis((*axes)[i], rankOf(x)), before = (*pads)[i], after = (*pads)[i + axes->size()];
    if (before < 0 || after < 0 || before > INT32_MAX || after > INT32_MAX)
      return node.fail("negative or very large paddings are not supported");
    low[axis] = before, high[axis] = after;
  }
  const Folded *value = node.has(2) ? node.numbers(2, "its padding value") : nullptr;
  if (value && value->size() != 1)
    return node.fail("its padding value is no number");
  PadMode kind = mode == "edge" ? PadMode::Edge : mode == "reflect" ? PadMode::Reflect : PadMode::Constant;
  node.define(0, node.make("pad", x,
                           {node.list("low", low), node.list("high", high),
                            node.named("mode", PadModeAttr::get(node.context(), kind)),
                            node.number("value", value ? value->asReal(0) : 0.0)}));
}

void reshape(NodeImport &node) {
  Value x = node.tensor(0);
  std::optional<Ints> shape = node.ints(1, "its shape");
  if (!x || !shape)
    return;
  int64_t known = 1, open = -1, elements = llvm::cast<RankedTensorType>(x.getType()).getNumElements();
  for (auto [i, extent] : llvm::enumerate(*shape)) {
    if (extent == 0 && !node.integer("allowzero", 0) && i < size_t(rankOf(x)))
      extent = shapeOf(x)[i];
    if (extent == -1 && open < 0)
      open = i;
    else if (extent < 1 || llvm::MulOverflow(known, extent, known))
      return node.fail("its shape contains " + llvm::Twine(extent));
  }
  if (open >= 0)
    (*shape)[open] = std::max<int64_t>(elements / known, 1);
  node.define(0, node.reshape(x, *shape));
}

void flatten(NodeImport &node) {
  Value x = node.tensor(0);
  if (!x)
    return;
  int64_t axis = node.integer("axis", 1);
  if (axis != rankOf(x))
    axis = node.axis(axis, rankOf(x));
  node.define(0, node.make("flatten", x, node.number("axis", axis)));
}

/// Axes from the attribute (before operation set 13) or the second input; nothing where there are none.
std::optional<Ints> givenAxes(NodeImport &node) {
  std::optional<Ints> axes = node.integers("axes");
  return axes || !node.has(1) ? axes : node.ints(1, "its axes");
}

void squeeze(NodeImport &node) {
  Value x = node.tensor(0);
  std::optional<Ints> axes = givenAxes(node);
  if (!x || node.failed())
    return;
  llvm::SmallBitVector gone(rankOf(x));
  for (int64_t i = 0; i < rankOf(x) && !axes; ++i)
    gone[i] = shapeOf(x)[i] == 1;
  for (int64_t axis : axes.value_or(Ints())) {
    axis = node.axis(axis, rankOf(x));
    if (node.failed())
      return;
    if (shapeOf(x)[axis] != 1)
      return node.fail("dimension " + llvm::Twine(axis) + " has not extent 1");
    gone.set(axis);
  }
  Ints shape;
  for (auto [i, extent] : llvm::enumerate(shapeOf(x)))
    if (!gone[i])
      shape.push_back(extent);
  node.define(0, node.reshape(x, shape));
}

void unsqueeze(NodeImport &node) {
  Value x = node.tensor(0);
  std::optional<Ints> axes = givenAxes(node);
  if (!x || !axes)
    return node.fail("has no axes");
  int64_t rank = rankOf(x) + axes->size();
  llvm::SmallBitVector made(rank);
  for (int64_t axis : *axes) {
    axis = node.axis(axis, rank);
    if (node.failed() || made[axis])
      return node.fail("an axis is given twice");
    made.set(axis);
  }
  Ints shape;
  for (int64_t i = 0, from = 0; i < rank; ++i)
    shape.push_back(made[i] ? 1 : shapeOf(x)[from++]);
  node.define(0, node.reshape(x, shape));
}

void transpose(NodeImport &node) {
  Value x = node.tensor(0);
  if (!x)
    return;
  Ints reversed = countUp(rankOf(x));
  std::reverse(reversed.begin(), reversed.end());
  node.define(0, node.make("transpose", x, node.list("perm", node.integers("perm").value_or(reversed))));
}

/// Broadcast in both directions.
void expand(NodeImport &node) {
  Value x = node.tensor(0);
  std::optional<Ints> shape = node.ints(1, "its shape");
  if (!x || !shape)
    return;
  while (int64_t(shape->size()) < rankOf(x))
    shape->insert(shape->begin(), 1);
  int64_t shift = shape->size() - rankOf(x);
  for (int64_t i = 0; i < rankOf(x); ++i)
    if ((*shape)[i + shift] == 1)
      (*shape)[i + shift] = shapeOf(x)[i];
  node.define(0, node.expand(x, *shape));
}

void depthToSpace(NodeImport &node) {
  std::string mode = node.word("mode", "DCR");
  if (mode != "DCR" && mode != "CRD")
    return node.fail("this mode is not supported");
  auto attribute = DepthModeAttr::get(node.context(), mode == "DCR" ? DepthMode::DCR : DepthMode::CRD);
  node.define(0, node.make("depth_to_space", node.floats(0),
                           {node.number("block", node.integer("blocksize", 0)), node.named("mode", attribute)}));
}

void spaceToDepth(NodeImport &node) {
  Value x = node.floats(0);
  int64_t block = node.integer("blocksize", 0);
  if (!x || rankOf(x) != 4 || block < 1 || shapeOf(x)[2] % block || shapeOf(x)[3] % block)
    return node.fail("its planes cannot be cut into blocks of " + llvm::Twine(block));
  int64_t n = shapeOf(x)[0], c = shapeOf(x)[1], h = shapeOf(x)[2] / block, w = shapeOf(x)[3] / block;
  std::string mode = node.word("mode", "DCR");
  if (mode != "DCR" && mode != "CRD")
    return node.fail("this mode is not supported");
  Ints order = mode == "DCR" ? Ints{0, 3, 5, 1, 2, 4} : Ints{0, 1, 3, 5, 2, 4};
  Value cut = node.transpose(node.reshape(x, {n, c, h, block, w, block}), order);
  node.define(0, node.reshape(cut, {n, c * block * block, h, w}));
}

/// Known indices are counted from 0 and checked; others are brought into range while running.
void gather(NodeImport &node) {
  Value x = node.tensor(0);
  if (!x)
    return;
  int64_t axis = node.axis(node.integer("axis", 0), rankOf(x));
  if (node.failed())
    return;
  int64_t extent = shapeOf(x)[axis];
  Value indices;
  if (const Folded *known = node.folded(1)) {
    Folded fixed = *known;
    for (int64_t &index : fixed.ints) {
      if (index < -extent || index >= extent)
        return node.fail("index " + llvm::Twine(index) + " of " + llvm::Twine(extent) + " elements");
      index += index < 0 ? extent : 0;
    }
    indices = node.constant(fixed);
  } else {
    Value given = node.tensor(1);
    if (!given)
      return;
    if (!llvm::cast<RankedTensorType>(given.getType()).getElementType().isInteger())
      return node.fail("its indices are no integers");
    indices = given;
  }
  node.define(0, node.make("gather", {x, indices}, node.number("axis", axis)));
}

} // namespace

std::vector<Conversion> weft::onnxfile::shapeConversions() {
  return {{"Concat", concat},
          {"Split", split},
          {"Slice", slice},
          {"Pad", pad},
          {"Reshape", reshape},
          {"Flatten", flatten},
          {"Squeeze", squeeze},
          {"Unsqueeze", unsqueeze},
          {"Transpose", transpose},
          {"Expand", expand},
          {"Gather", gather},
          {"DepthToSpace", depthToSpace},
          {"SpaceToDepth", spaceToDepth}};
}
