// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What all that samples pictures shares, and GridSample.
#include "frontends/Onnx/Sampling.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

/// The one or two elements around each place. What lies outside counts 0 with `zeros`.
static SmallVector<Around> around(const Floats &f, Sampled s, bool nearest, bool zeros) {
  Value first = f.node.make(nearest ? "round" : "floor", s.at);
  SmallVector<Around> result;
  auto push = [&](Value index, Value weight) {
    if (zeros) {
      Value exists = f.within(index, 0, double(s.extent - 1));
      weight = weight ? f.op("mul", weight, exists) : exists;
    }
    result.push_back({f.clip(index, 0, double(s.extent - 1)), weight});
  };
  if (nearest) {
    push(first, Value());
    return result;
  }
  Value behind = f.op("sub", s.at, first);
  push(first, f.op("sub", f.number(1), behind));
  push(f.add(first, 1), behind);
  return result;
}

static Value productOf(const Floats &f, Value a, Value b) { return !a ? b : !b ? a : f.op("mul", a, b); }

SmallVector<Around> weft::onnxfile::combined(const Floats &f, ArrayRef<Sampled> dims, bool nearest, bool zeros) {
  SmallVector<Around> all;
  for (const Sampled &dim : dims) {
    SmallVector<Around> own = around(f, dim, nearest, zeros), next;
    if (all.empty()) {
      all = own;
      continue;
    }
    for (const Around &outer : all)
      for (const Around &inner : own)
        next.push_back({f.op("add", f.mul(outer.index, double(dim.extent)), inner.index), productOf(f, outer.weight, inner.weight)});
    all = next;
  }
  return all;
}

bool weft::onnxfile::readsRuns(int64_t channels) {
  constexpr int64_t fewestOfRun = 8;
  return channels >= fewestOfRun;
}

Value weft::onnxfile::sampleRuns(const Floats &f, Value x, ArrayRef<Around> places) {
  NodeImport &node = f.node;
  Value runs = node.transpose(x, {0, 2, 1}), sum;
  auto column = [&](Value value) { return node.reshape(value, {shapeOf(value)[0], shapeOf(value)[2], 1}); };
  for (const Around &place : places) {
    Value index = column(node.cast(place.index, IntegerType::get(node.context(), 32)));
    Value read = node.make("gather_elements", {runs, index}, node.number("axis", int64_t(1)));
    Value term = place.weight ? f.op("mul", read, column(place.weight)) : read;
    sum = sum ? f.op("add", sum, term) : term;
  }
  return sum;
}

Value weft::onnxfile::sample(const Floats &f, Value x, ArrayRef<Around> places) {
  if (readsRuns(shapeOf(x)[1]) && places.size() > 1)
    return f.node.transpose(sampleRuns(f, x, places), {0, 2, 1});
  Value sum;
  for (const Around &place : places) {
    Value index = f.node.cast(place.index, IntegerType::get(f.node.context(), 32));
    Value read = f.node.make("gather_elements", {x, index}, f.node.number("axis", int64_t(2)));
    Value term = place.weight ? f.op("mul", read, place.weight) : read;
    sum = sum ? f.op("add", sum, term) : term;
  }
  return sum;
}

Value weft::onnxfile::pixelsOf(NodeImport &node, Value x) {
  ArrayRef<int64_t> shape = shapeOf(x);
  if (elementsIn(shape.drop_front(2)) > mostPixels)
    return node.fail("pictures of more than 2^24 pixels are not supported"), Value();
  return node.reshape(x, {shape[0], shape[1], elementsIn(shape.drop_front(2))});
}

namespace {

/// Turned round at both ends as often as needed.
Value reflected(const Floats &f, Value x, double low, double high) {
  double span = high - low;
  if (span == 0)
    return f.mul(x, 0);
  Value far = f.node.make("abs", f.add(x, -low));
  Value turns = f.node.make("floor", f.mul(far, 1 / span));
  Value rest = f.op("sub", far, f.mul(turns, span));
  Value isOdd = f.op("sub", turns, f.mul(f.node.make("floor", f.mul(turns, 0.5)), 2));
  Value back = f.op("sub", f.number(span), rest);
  return f.add(f.node.make("where", {isOdd, back, rest}), low);
}

/// Coordinate `d` of the grid, the innermost dimension of the picture first: `[N, 1, P]`.
Value coordinate(NodeImport &node, Value grid, int64_t d) {
  int64_t count = elementCount(grid) / shapeOf(grid).front() / shapeOf(grid).back();
  return node.reshape(node.slice(grid, rankOf(grid) - 1, d, d + 1), {shapeOf(grid)[0], 1, count});
}

void gridSample(NodeImport &node) {
  Value x = node.floats(0), grid = node.floats(1);
  if (!x || !grid)
    return;
  int64_t rank = rankOf(x), spatial = rank - 2;
  std::string mode = node.word("mode", "linear"), padding = node.word("padding_mode", "zeros");
  bool nearest = mode == "nearest", aligned = node.integer("align_corners", 0);
  if (!nearest && mode != "linear" && mode != "bilinear")
    return node.fail("mode `" + mode + "` is not supported; `nearest` and `linear` are");
  if (padding != "zeros" && padding != "border" && padding != "reflection")
    return node.fail("has no padding `" + padding + "`");
  if (spatial < 1 || rankOf(grid) != rank || shapeOf(grid)[0] != shapeOf(x)[0] || shapeOf(grid).back() != spatial)
    return node.fail("its grid does not fit its input");
  Floats f{node};
  SmallVector<Sampled> dims;
  for (int64_t d = 0; d < spatial; ++d) {
    int64_t extent = shapeOf(x)[2 + d];
    double scale = double(aligned ? extent - 1 : extent) / 2, middle = double(extent - 1) / 2;
    Value at = f.add(f.mul(coordinate(node, grid, spatial - 1 - d), scale), middle);
    if (padding == "reflection")
      at = aligned ? reflected(f, at, 0, double(extent - 1)) : reflected(f, at, -0.5, double(extent) - 0.5);
    if (padding != "zeros")
      at = f.clip(at, 0, double(extent - 1));
    dims.push_back({at, extent});
  }
  if (node.failed())
    return;
  Ints shape{shapeOf(x)[0], shapeOf(x)[1]};
  llvm::append_range(shape, shapeOf(grid).drop_front(1).drop_back(1));
  node.define(0, node.reshape(sample(f, pixelsOf(node, x), combined(f, dims, nearest, padding == "zeros")), shape));
}

/// The places of a picture's pixels, turned and moved by a matrix for each picture.
void affineGrid(NodeImport &node) {
  Value theta = node.floats(0);
  std::optional<Ints> size = node.ints(1, "its size");
  if (!theta || !size)
    return;
  bool aligned = node.integer("align_corners", 0);
  int64_t spatial = int64_t(size->size()) - 2;
  if (spatial < 1 || rankOf(theta) != 3 || shapeOf(theta)[0] != (*size)[0] || shapeOf(theta)[1] != spatial || shapeOf(theta)[2] != spatial + 1)
    return node.fail("its matrices do not fit its size");
  ArrayRef<int64_t> extents = ArrayRef(*size).drop_front(2);
  if (hasNoElements(extents) || !elementsOf(extents))
    return node.fail("pictures of more than 2^22 pixels are not supported");
  Folded places{Float, {elementsIn(extents), spatial + 1}, {}, {}};
  forEachIndex(extents, [&](ArrayRef<int64_t> at) {
    for (int64_t d = spatial; d-- > 0;) { // the innermost dimension first
      double extent = double(extents[d]), p = double(at[d]);
      places.reals.push_back(!aligned ? (2 * p + 1) / extent - 1 : extents[d] == 1 ? 0 : 2 * p / (extent - 1) - 1);
    }
    places.reals.push_back(1);
  });
  Ints shape{(*size)[0]};
  llvm::append_range(shape, extents);
  shape.push_back(spatial);
  node.define(0, node.reshape(node.make("matmul", {node.constant(places), node.transpose(theta, {0, 2, 1})}), shape));
}

} // namespace

std::vector<Conversion> weft::onnxfile::samplingConversions() {
  return {{"GridSample", gridSample}, {"AffineGrid", affineGrid}};
}
