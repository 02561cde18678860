// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase graph, third pass: a layer that aggregates over a graph and multiplies by a weight does so in the order that needs
// less memory.
//
// Sums and means over edges are linear in the rows of the sources, so (A X) W = A (X W). What lies between the two is
// V x inputs or sources x outputs elements; which is smaller changes with the data set (Cora: 1433 features to 16; ogbn-arxiv:
// 128 to 256). Sizes count with their bounds. Where both are alike, the order stays as written. A bias behind the product
// has to stay outside the sum.
#include "compiler/Transforms/Passes.h"
#include "dialects/Plan/Extent.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_ORDERPRODUCTS
#include "compiler/Transforms/Passes.h.inc"

namespace {

//===-- what is linear --------------------------------------------------------------------------------------------===//

bool dependsOn(Value value, BlockArgument row) {
  if (value == row)
    return true;
  Operation *op = value.getDefiningOp();
  return op && llvm::any_of(op->getOperands(), [&](Value operand) { return dependsOn(operand, row); });
}

bool isFactor(Value value, BlockArgument row) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.hasStaticShape() && type.getNumElements() == 1 && !dependsOn(value, row);
}

/// `row` times numbers that do not depend on it.
bool isScaled(Value value, BlockArgument row) {
  if (value == row)
    return true;
  Operation *op = value.getDefiningOp();
  if (isa_and_present<MulOp>(op))
    return (isScaled(op->getOperand(0), row) && isFactor(op->getOperand(1), row)) ||
           (isFactor(op->getOperand(0), row) && isScaled(op->getOperand(1), row));
  if (isa_and_present<DivOp>(op))
    return isScaled(op->getOperand(0), row) && isFactor(op->getOperand(1), row);
  return isa_and_present<NegOp>(op) && isScaled(op->getOperand(0), row);
}

/// The captured matrix in whose rows an aggregation is linear; -1 if it is in none.
int linearCapture(AggregateOp op) {
  if (op.getKind() != ReduceKind::Sum && op.getKind() != ReduceKind::Mean)
    return -1;
  Value yielded = op.getYield().getOperand(0);
  for (auto [index, value] : llvm::enumerate(op.getCaptured())) {
    BlockArgument row = op.getBody().getArgument(index);
    if (op.getAccessOf(index) == Access::Src && tensorOf(value).getRank() == 2 && isScaled(yielded, row))
      return index;
  }
  return -1;
}

/// The same aggregation over the rows of `x`.
Value aggregate(OpBuilder &builder, AggregateOp op, unsigned capture, Value x) {
  SmallVector<Value> captured(op.getCaptured());
  captured[capture] = x;
  SmallVector<Access> access;
  for (unsigned index = 0; index < captured.size(); ++index)
    access.push_back(op.getAccessOf(index));
  int64_t features = tensorOf(x).getDimSize(1);
  auto region = std::make_unique<Region>();
  IRMapping mapping;
  op.getBody().cloneInto(region.get(), mapping);
  BlockArgument row = op.getBody().getArgument(capture);
  auto widen = [&](Value value) {
    Value copy = mapping.lookup(value);
    copy.setType(tensorOf(copy).clone({features}));
  };
  widen(row);
  for (Operation &inside : op.getBody().front().without_terminator())
    if (isScaled(inside.getResult(0), row))
      widen(inside.getResult(0));
  return AggregateOp::create(builder, op.getLoc(), op.getKind(), op.getIndptr(), op.getIndices(), captured, access,
                             std::move(region));
}

Value multiply(OpBuilder &builder, LinearOp like, Value x) {
  return LinearOp::create(builder, like.getLoc(), x, like.getWeight(), Value(), AlgorithmAttr(), DenseI64ArrayAttr());
}

//===-- what it costs ---------------------------------------------------------------------------------------------===//

/// A layer `(A X) W` or `A (X W)` as written.
struct Layer {
  AggregateOp sum;
  LinearOp product;
  unsigned capture;
  bool sumFirst;
};

class ProductOrderer {
public:
  ProductOrderer(func::FuncOp function, ModuleOp module) : function(function), builder(module.getContext()) {
    if (auto stated = module->getAttrOfType<DictionaryAttr>("weft.bounds"))
      for (NamedAttribute size : stated)
        if (auto bound = dyn_cast<IntegerAttr>(size.getValue()))
          bounds[size.getName()] = bound.getInt();
  }

  void run() {
    SmallVector<Layer> layers;
    llvm::SmallPtrSet<Operation *, 8> taken; // a chain of layers shares no operation between two of them
    function.walk([&](AggregateOp sum) {
      int capture = linearCapture(sum);
      if (capture < 0)
        return;
      std::optional<Layer> layer = layerOf(sum, capture);
      if (layer && taken.insert(layer->product).second)
        layers.push_back(*layer);
    });
    for (Layer &layer : layers)
      decide(layer);
  }

  SmallVector<Attribute> statements;
  unsigned swapped = 0;

private:
  std::optional<Layer> layerOf(AggregateOp sum, unsigned capture) {
    auto before = sum.getCaptured()[capture].getDefiningOp<LinearOp>();
    bool feedsSum = before && before->hasOneUse() && !before.getBias() && tensorOf(before.getX()).getRank() == 2;
    if (feedsSum && isRecipe(before.getWeight()))
      return Layer{sum, before, capture, false};
    if (!sum->hasOneUse())
      return std::nullopt;
    auto behind = dyn_cast<LinearOp>(*sum->user_begin());
    if (behind && behind.getX() == sum.getY() && isRecipe(behind.getWeight()))
      return Layer{sum, behind, capture, true};
    return std::nullopt;
  }

  /// The largest number of rows of an argument, by the name of its first dimension; 0 where nobody says.
  int64_t rowsOf(StringRef attribute, Value value, int64_t less) {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!tensorOf(value).isDynamicDim(0))
      return tensorOf(value).getDimSize(0) - less;
    if (!argument || argument.getOwner() != &function.getBody().front())
      return 0;
    Attribute stated = function.getArgAttr(argument.getArgNumber(), attribute);
    if (auto dims = dyn_cast_or_null<ArrayAttr>(stated))
      stated = dims[0];
    auto text = dyn_cast_or_null<StringAttr>(stated);
    auto extent = text ? plan::extentFromText(text.getValue(), function.getContext()) : std::nullopt;
    return extent ? extent->evaluate(bounds).value_or(less) - less : 0;
  }

  void decide(Layer &layer) {
    SmallVector<int64_t> filter = layer.product.getFilter();
    int64_t element = tensorOf(layer.product.getX()).getElementTypeBitWidth() / 8;
    int64_t vertices = std::max<int64_t>(rowsOf("weft.dims", layer.sum.getIndptr(), 1), 1);
    int64_t sources = rowsOf("weft.sources", layer.sum.getIndices(), 0);
    if (!tensorOf(layer.sum.getCaptured()[layer.capture]).isDynamicDim(0))
      sources = tensorOf(layer.sum.getCaptured()[layer.capture]).getDimSize(0);
    int64_t sumFirst = vertices * filter[1] * element, productFirst = (sources > 0 ? sources : vertices) * filter[0] * element;
    bool wantsSumFirst = sumFirst == productFirst ? layer.sumFirst : sumFirst < productFirst;
    state(layer, wantsSumFirst, sumFirst, productFirst);
    if (wantsSumFirst != layer.sumFirst)
      swap(layer);
  }

  void state(Layer layer, bool wantsSumFirst, int64_t sumFirst, int64_t productFirst) {
    static constexpr StringLiteral names[] = {"A (X W)", "(A X) W"};
    int64_t taken = wantsSumFirst ? sumFirst : productFirst, other = wantsSumFirst ? productFirst : sumFirst;
    NamedAttrList entry;
    entry.set("path", builder.getStringAttr(pathOf(layer.product.getLoc())));
    entry.set("order", builder.getStringAttr(names[wantsSumFirst]));
    entry.set("bytes", builder.getI64IntegerAttr(taken));
    entry.set("other_bytes", builder.getI64IntegerAttr(other));
    statements.push_back(entry.getDictionary(builder.getContext()));
    layer.product->emitRemark() << "runs as " << names[wantsSumFirst] << " with " << taken << " bytes between; "
                                << names[!wantsSumFirst] << " would take " << other;
  }

  void swap(Layer &layer) {
    ++swapped;
    if (!layer.sumFirst) { // A (X W) becomes (A X) W
      builder.setInsertionPoint(layer.sum);
      Value sum = aggregate(builder, layer.sum, layer.capture, layer.product.getX());
      layer.sum.getY().replaceAllUsesWith(multiply(builder, layer.product, sum));
      layer.sum.erase();
      layer.product.erase();
      return;
    }
    builder.setInsertionPoint(layer.product);
    Value x = layer.sum.getCaptured()[layer.capture];
    Value sum = aggregate(builder, layer.sum, layer.capture, multiply(builder, layer.product, x));
    if (Value bias = layer.product.getBias())
      sum = AddOp::create(builder, layer.product.getLoc(), sum, bias);
    layer.product.getY().replaceAllUsesWith(sum);
    layer.product.erase();
    layer.sum.erase();
  }

  func::FuncOp function;
  OpBuilder builder;
  plan::Bounds bounds;
};

struct OrderProducts : impl::OrderProductsBase<OrderProducts> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<Attribute> statements;
    for (auto function : module.getOps<func::FuncOp>()) {
      if (!function->hasAttr("weft.net"))
        continue;
      ProductOrderer orderer(function, module);
      orderer.run();
      llvm::append_range(statements, orderer.statements);
      numSwapped += orderer.swapped;
    }
    if (!statements.empty())
      module->setAttr("weft.products", ArrayAttr::get(module.getContext(), statements));
  }
};

} // namespace
} // namespace weft
