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
    if (std::optional<Ints> shape = node.shape(i); shape && hasNoElements(*shape))
      continue;
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
    sizes.push_back(std::clamp<int64_t>(extent - done, 0, part));
  return sizes;
}

} // namespace

std::optional<Ints> weft::onnxfile::readSplit(NodeImport &node, int64_t extent) {
  int64_t count = node.node.outputs.size();
  std::optional<Ints> sizes = node.integers("split");
  if (!sizes && node.has(1) && !(sizes = node.ints(1, "its sizes")))
    return std::nullopt;
  if (!sizes)
    sizes = equalParts(extent, count);
  if (int64_t(sizes->size()) != count) {
    node.fail("has " + llvm::Twine(count) + " results and " + llvm::Twine(sizes->size()) + " sizes");
    return std::nullopt;
  }
  int64_t rest = extent; // nothing below adds up to more than there is
  for (int64_t size : *sizes)
    if (size < 0 || size > rest)
      return node.fail("its sizes do not add up to " + llvm::Twine(extent)), std::nullopt;
    else
      rest -= size;
  if (rest)
    return node.fail("its sizes do not add up to " + llvm::Twine(extent)), std::nullopt;
  return node.failed() ? std::nullopt : std::optional(sizes);
}

Ints SliceRange::extents() const {
  Ints extents;
  for (size_t i = 0; i < start.size(); ++i) {
    int64_t reach = step[i] > 0 ? stop[i] - start[i] : start[i] - stop[i];
    extents.push_back(reach > 0 ? llvm::divideCeil(reach, std::abs(step[i])) : 0);
  }
  return extents;
}

/// Starts, ends, axes and steps brought into range, as NumPy does.
std::optional<SliceRange> weft::onnxfile::readSlice(NodeImport &node, ArrayRef<int64_t> shape) {
  std::optional<Ints> starts = node.intsOf("starts", 1, "its starts"), stops = node.intsOf("ends", 2, "its ends"), steps;
  if (!starts || !stops)
    return std::nullopt;
  std::optional<Ints> axes = node.integers("axes");
  if (!axes)
    axes = node.has(3) ? node.ints(3, "its axes") : countUp(starts->size());
  steps = node.has(4) ? node.ints(4, "its steps") : Ints(starts->size(), 1);
  if (!axes || !steps)
    return std::nullopt;
  if (stops->size() != starts->size() || axes->size() != starts->size() || steps->size() != starts->size()) {
    node.fail("its starts, ends, axes and steps have different lengths");
    return std::nullopt;
  }
  SliceRange range{Ints(shape.size(), 0), Ints(shape), Ints(shape.size(), 1)};
  for (size_t i = 0; i < axes->size(); ++i) {
    int64_t axis = node.axis((*axes)[i], shape.size()), by = (*steps)[i];
    if (by == 0)
      node.fail("a step is 0");
    if (node.failed())
      return std::nullopt;
    int64_t extent = shape[axis];
    auto bounded = [&](int64_t at, int64_t low, int64_t high) {
      at = at < -extent ? -1 : at < 0 ? at + extent : at;
      return std::clamp(at, low, std::max(low, high));
    };
    range.start[axis] = by > 0 ? bounded((*starts)[i], 0, extent) : bounded((*starts)[i], -1, extent - 1);
    range.stop[axis] = by > 0 ? bounded((*stops)[i], 0, extent) : bounded((*stops)[i], -1, extent - 1);
    range.step[axis] = std::clamp(by, -std::max<int64_t>(extent, 1), std::max<int64_t>(extent, 1));
  }
  return range;
}

namespace {

/// Parts of a weight, each for itself: operations on weights have one result.
Operands slices(NodeImport &node, Value x, int64_t axis, ArrayRef<int64_t> sizes) {
  Ints start(rankOf(x), 0), stop(shapeOf(x)), step(rankOf(x), 1);
  Operands pieces;
  for (int64_t size : sizes) {
    stop[axis] = start[axis] + size;
    pieces.push_back(
        node.make("slice", x, {node.list("start", start), node.list("stop", stop), node.list("step", step)}));
    start[axis] = stop[axis];
  }
  return pieces;
}

void split(NodeImport &node) {
  Value x = node.tensor(0);
  if (!x || node.node.outputs.empty())
    return;
  int64_t axis = node.axis(node.integer("axis", 0), rankOf(x));
  std::optional<Ints> sizes = node.failed() ? std::nullopt : readSplit(node, shapeOf(x)[axis]);
  if (!sizes)
    return;
  Ints shape(shapeOf(x)), filled; // parts without elements are known
  for (auto [i, size] : llvm::enumerate(*sizes)) {
    shape[axis] = size;
    if (size == 0)
      node.define(i, Folded::empty(node.elementType(0), shape));
    else
      filled.push_back(size);
  }
  Operands pieces = isRecipe(x) ? slices(node, x, axis, filled)
                                : node.makeAll("split", x, {node.number("axis", axis), node.list("sizes", filled)});
  auto piece = pieces.begin();
  for (auto [i, size] : llvm::enumerate(*sizes))
    if (size != 0 && piece != pieces.end())
      node.define(i, *piece++);
}

void slice(NodeImport &node) {
  Value x = node.tensor(0);
  std::optional<SliceRange> range = x ? readSlice(node, shapeOf(x)) : std::nullopt;
  if (!range)
    return;
  if (hasNoElements(range->extents()))
    return node.define(0, Folded::empty(node.elementType(0), range->extents()));
  if (range->extents() == Ints(shapeOf(x)) && llvm::all_of(range->step, [](int64_t by) { return by == 1; }))
    return node.define(0, x);
  node.define(0, node.make("slice", x,
                           {node.list("start", range->start), node.list("stop", range->stop),
                            node.list("step", range->step)}));
}

/// Paddings of each dimension, low and high; negative ones cut off.
struct Paddings {
  Ints low, high;
};

std::optional<Paddings> readPaddings(NodeImport &node, int64_t rank) {
  std::optional<Ints> pads = node.intsOf("pads", 1, "its paddings"), axes = countUp(rank);
  if (!pads || (node.has(3) && !(axes = node.ints(3, "its axes"))))
    return std::nullopt;
  if (pads->size() != 2 * axes->size())
    return node.fail("its paddings are not two a dimension"), std::nullopt;
  Paddings result{Ints(rank, 0), Ints(rank, 0)};
  for (size_t i = 0; i < axes->size(); ++i) {
    int64_t axis = node.axis((*axes)[i], rank), before = (*pads)[i], after = (*pads)[i + axes->size()];
    if (std::max(before, after) > INT32_MAX || std::min(before, after) < -INT32_MAX)
      return node.fail("paddings beyond 2^31 are not supported"), std::nullopt;
    result.low[axis] = before, result.high[axis] = after;
  }
  return node.failed() ? std::nullopt : std::optional(result);
}

/// What is left where negative paddings cut a dimension away whole that others fill again: nothing of the input.
std::optional<Ints> shapeWithoutInput(const Paddings &pads, ArrayRef<int64_t> x) {
  Ints shape(x);
  bool leavesNothing = false;
  for (size_t i = 0; i < x.size(); ++i) {
    leavesNothing |= x[i] + std::min<int64_t>(pads.low[i], 0) + std::min<int64_t>(pads.high[i], 0) <= 0;
    shape[i] += pads.low[i] + pads.high[i];
  }
  bool isFilled = llvm::all_of(shape, [](int64_t extent) { return extent > 0; });
  return leavesNothing && isFilled ? std::optional(shape) : std::nullopt;
}

/// Cuts off what negative paddings say; they are 0 then.
Value cropped(NodeImport &node, Value x, Paddings &pads) {
  Ints start(rankOf(x), 0), stop(shapeOf(x)), step(rankOf(x), 1);
  bool cuts = false;
  for (int64_t i = 0; i < rankOf(x); ++i) {
    cuts |= pads.low[i] < 0 || pads.high[i] < 0;
    start[i] = std::max<int64_t>(-pads.low[i], 0);
    stop[i] = std::max(stop[i] + std::min<int64_t>(pads.high[i], 0), start[i]);
    pads.low[i] = std::max<int64_t>(pads.low[i], 0), pads.high[i] = std::max<int64_t>(pads.high[i], 0);
  }
  return cuts ? node.make("slice", x, {node.list("start", start), node.list("stop", stop), node.list("step", step)}) : x;
}

/// The input repeated to all sides.
Value wrapped(NodeImport &node, Value x, const Paddings &pads) {
  for (int64_t axis = 0; x && axis < int64_t(pads.low.size()); ++axis) {
    int64_t extent = shapeOf(x)[axis], out = pads.low[axis] + extent + pads.high[axis];
    if (out == extent)
      continue;
    if (!elementsOf({out}))
      return node.fail("its result is too large"), Value();
    Ints table;
    for (int64_t i = 0; i < out; ++i)
      table.push_back((i - pads.low[axis] % extent + extent) % extent);
    x = node.make("gather", {x, node.constant(Folded::integers(table))}, node.number("axis", axis));
  }
  return x;
}

void pad(NodeImport &node) {
  Value x = node.tensor(0);
  std::optional<Paddings> pads = x ? readPaddings(node, rankOf(x)) : std::nullopt;
  std::string mode = node.word("mode", "constant");
  if (!pads)
    return;
  if (mode != "constant" && mode != "edge" && mode != "reflect" && mode != "wrap")
    return node.fail("this mode is not supported");
  const Folded *value = node.has(2) ? node.numbers(2, "its padding value") : nullptr;
  if (node.failed())
    return;
  if (value && value->size() != 1)
    return node.fail("its padding value is no number");
  double fill = value ? value->asReal(0) : node.real("value", 0);
  auto isFloat = llvm::isa<FloatType>(llvm::cast<RankedTensorType>(x.getType()).getElementType());
  if (std::optional<Ints> shape = shapeWithoutInput(*pads, shapeOf(x)); shape && mode == "constant" && isFloat)
    return node.define(0, node.expand(node.reshape(node.scalar(fill), Ints(shape->size(), 1)), *shape));
  x = cropped(node, x, *pads);
  if (mode == "wrap")
    return node.define(0, wrapped(node, x, *pads));
  bool isNothing = llvm::all_of(pads->low, [](int64_t n) { return n == 0; }) &&
                   llvm::all_of(pads->high, [](int64_t n) { return n == 0; });
  if (isNothing || node.failed())
    return node.define(0, x);
  PadMode kind = mode == "edge" ? PadMode::Edge : mode == "reflect" ? PadMode::Reflect : PadMode::Constant;
  node.define(0, node.make("pad", x,
                           {node.list("low", pads->low), node.list("high", pads->high),
                            node.named("mode", PadModeAttr::get(node.context(), kind)),
                            node.number("value", fill)}));
}

/// Axes from the attribute (before operation set 13) or the second input; nothing where there are none.
std::optional<Ints> givenAxes(NodeImport &node) {
  std::optional<Ints> axes = node.integers("axes");
  return axes || !node.has(1) ? axes : node.ints(1, "its axes");
}

std::optional<Ints> reshaped(NodeImport &node, ArrayRef<int64_t> from) {
  std::optional<Ints> shape = node.ints(1, "its shape");
  if (!shape)
    return shape;
  int64_t known = 1, open = -1, elements = 1;
  for (int64_t extent : from)
    elements *= extent;
  for (auto [i, extent] : llvm::enumerate(*shape)) {
    if (extent == 0 && !node.integer("allowzero", 0) && i < from.size())
      extent = from[i];
    if (extent == -1 && open < 0)
      open = i;
    else if (extent < 0 || llvm::MulOverflow(known, extent, known))
      return node.fail("its shape contains " + llvm::Twine(extent)), std::nullopt;
  }
  if (open >= 0 && known == 0)
    return node.fail("its shape contains -1 beside 0"), std::nullopt;
  if (open >= 0)
    (*shape)[open] = elements / known;
  return shape;
}

std::optional<Ints> flattened(NodeImport &node, ArrayRef<int64_t> from) {
  int64_t axis = node.integer("axis", 1), rank = from.size();
  if (axis != rank)
    axis = node.axis(axis, rank);
  Ints shape{1, 1};
  for (int64_t i = 0; i < rank; ++i)
    shape[i >= axis] *= from[i];
  return node.failed() ? std::nullopt : std::optional(shape);
}

std::optional<Ints> squeezed(NodeImport &node, ArrayRef<int64_t> from) {
  std::optional<Ints> axes = givenAxes(node);
  llvm::SmallBitVector gone(from.size());
  for (size_t i = 0; i < from.size() && !axes; ++i)
    gone[i] = from[i] == 1;
  for (int64_t axis : axes.value_or(Ints())) {
    axis = node.axis(axis, from.size());
    if (node.failed())
      return std::nullopt;
    if (from[axis] != 1)
      return node.fail("dimension " + llvm::Twine(axis) + " has not extent 1"), std::nullopt;
    gone.set(axis);
  }
  Ints shape;
  for (auto [i, extent] : llvm::enumerate(from))
    if (!gone[i])
      shape.push_back(extent);
  return shape;
}

std::optional<Ints> unsqueezed(NodeImport &node, ArrayRef<int64_t> from) {
  std::optional<Ints> axes = givenAxes(node);
  if (!axes)
    return node.fail("has no axes"), std::nullopt;
  int64_t rank = from.size() + axes->size();
  llvm::SmallBitVector made(rank);
  for (int64_t axis : *axes) {
    axis = node.axis(axis, rank);
    if (node.failed() || made[axis])
      return node.fail("an axis is given twice"), std::nullopt;
    made.set(axis);
  }
  Ints shape;
  for (int64_t i = 0, next = 0; i < rank; ++i)
    shape.push_back(made[i] ? 1 : from[next++]);
  return shape;
}

} // namespace

std::optional<Ints> weft::onnxfile::newShape(NodeImport &node, ArrayRef<int64_t> from) {
  llvm::StringRef op = node.node.op;
  std::optional<Ints> shape = op == "Reshape"   ? reshaped(node, from)
                              : op == "Flatten" ? flattened(node, from)
                              : op == "Squeeze" ? squeezed(node, from)
                                                : unsqueezed(node, from);
  return node.failed() ? std::nullopt : shape;
}

namespace {

void reshape(NodeImport &node) {
  Value x = node.tensor(0);
  std::optional<Ints> shape = x ? newShape(node, shapeOf(x)) : std::nullopt;
  if (!shape)
    return;
  if (node.node.op == "Flatten" && node.integer("axis", 1) == 1)
    return node.define(0, node.make("flatten", x, node.number("axis", int64_t(1))));
  node.define(0, node.reshape(x, *shape));
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
  int64_t block = node.integer("blocksize", 0);
  node.define(0, node.make("depth_to_space", node.floats(0),
                           {node.list("block", {block, block}), node.named("mode", attribute)}));
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

} // namespace

std::vector<Conversion> weft::onnxfile::shapeConversions() {
  return {{"Concat", concat},
          {"Split", split},
          {"Slice", slice},
          {"Pad", pad},
          {"Reshape", reshape},
          {"Flatten", reshape},
          {"Squeeze", reshape},
          {"Unsqueeze", reshape},
          {"Transpose", transpose},
          {"Expand", expand},
          {"DepthToSpace", depthToSpace},
          {"SpaceToDepth", spaceToDepth}};
}
