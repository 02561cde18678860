// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// 1x1 convolutions of few row-major planes as products.
#include "compiler/Transforms/MultiplyPlanes.h"

#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/OpKinds.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace weft {

/// How far element-wise operations are followed to a reader.
constexpr int deepestLook = 4;

/// Whether all that read `value`, perhaps behind element-wise operations, read it row-major.
static bool isReadInRows(Value value, int depth = 0) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    if (isPointwise(user))
      return depth < deepestLook && isReadInRows(user->getResult(0), depth + 1);
    if (auto samples = dyn_cast<ConcatOp>(user); samples && samples.getAxis() == 0) // of a batch that was divided
      return isReadInRows(samples.getY(), depth);
    return isa<SoftmaxOp, LogSoftmaxOp, LayernormOp, MatmulOp, TransposeOp, func::ReturnOp>(user);
  });
}

bool addsUpPlanes(ConvOp conv, int64_t most) {
  ConvShape shape(conv);
  auto isOne = [](int64_t extent) { return extent == 1; };
  bool isPoint = shape.window == 1 && llvm::all_of(shape.stride, isOne) &&
                 llvm::all_of(conv.getPad(), [](int64_t pad) { return pad == 0; });
  auto x = cast<RankedTensorType>(conv.getX().getType());
  return isPoint && shape.isDense() && shape.inputs <= most && shape.outputs <= most && x.hasStaticShape() &&
         isRecipe(conv.getWeight()) && isReadInRows(conv.getY());
}

Operation *multiplyPlanes(OpBuilder &builder, ConvOp conv) {
  Location loc = conv.getLoc();
  auto x = cast<RankedTensorType>(conv.getX().getType()), y = cast<RankedTensorType>(conv.getY().getType());
  int64_t samples = x.getDimSize(0), inputs = x.getDimSize(1), outputs = y.getDimSize(1);
  int64_t pixels = x.getNumElements() / std::max<int64_t>(samples * inputs, 1);
  auto planes = ReshapeOp::create(builder, loc, conv.getX(), ArrayRef{samples, inputs, pixels});
  Value weight = ReshapeOp::create(builder, loc, conv.getWeight(), ArrayRef{outputs, inputs});
  Value sum = MatmulOp::create(builder, loc, weight, planes, AlgorithmAttr());
  if (conv.getBias())
    sum = AddOp::create(builder, loc, sum, ReshapeOp::create(builder, loc, conv.getBias(), ArrayRef<int64_t>{outputs, 1}));
  conv.getY().replaceAllUsesWith(ReshapeOp::create(builder, loc, sum, y.getShape()).getY());
  conv.erase();
  return planes;
}

} // namespace weft
