// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
#include "compiler/Transforms/Mixtures.h"

#include "compiler/Transforms/Slices.h"
#include "dialects/Weft/Shapes.h"

using namespace mlir;

namespace weft {

/// Each is a copy of the filter in the file and in memory.
constexpr int64_t mostFilters = 16;

int64_t Mixture::count() const { return tensorOf(filters).getDimSize(1); }

Value Mixture::filter(OpBuilder &builder, int64_t index, ArrayRef<int64_t> shape) const {
  return ReshapeOp::create(builder, filters.getLoc(), slice(builder, filters, 1, {index, index + 1}), shape);
}

std::optional<Mixture> mixtureOf(ConvOp conv) {
  Value weight = conv.getWeight();
  while (auto reshape = weight.getDefiningOp<ReshapeOp>())
    weight = reshape.getX();
  auto sum = weight.getDefiningOp<LinearOp>();
  auto isKnown = [](Value value) { return !value || isRecipe(value); };
  bool isWhole = conv.getGroups() == 1 || (conv.isDepthwise() && conv.getFilter()[0] == int64_t(conv.getGroups()));
  if (!sum || sum.getBias() || sum.getAlgorithm() || !isWhole || !isKnown(sum.getWeight()) || !isKnown(conv.getBias()) || isRecipe(weight))
    return std::nullopt;
  auto factors = tensorOf(sum.getX());
  bool isRow = factors.hasStaticShape() && factors.getRank() == 2 && factors.getDimSize(0) == 1 && factors.getDimSize(1) <= mostFilters;
  return isRow && tensorOf(conv.getX()).hasStaticShape() ? std::optional(Mixture{sum.getX(), sum.getWeight()}) : std::nullopt;
}

LinearOp mix(OpBuilder &builder, const Mixture &mixture, ArrayRef<Value> filters) {
  Location loc = mixture.filters.getLoc();
  int64_t elements = tensorOf(filters.front()).getNumElements();
  SmallVector<Value> columns;
  for (Value filter : filters)
    columns.push_back(ReshapeOp::create(builder, loc, filter, ArrayRef<int64_t>{elements, 1}));
  return LinearOp::create(builder, loc, mixture.factors, concat(builder, loc, columns, 1), Value(), AlgorithmAttr(), DenseI64ArrayAttr());
}

} // namespace weft
