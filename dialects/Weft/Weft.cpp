// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The dialect: registration, constants, and questions about values every phase asks.
#include "dialects/Weft/Weft.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace weft;

#include "dialects/Weft/WeftDialect.cpp.inc"
#include "dialects/Weft/WeftEnums.cpp.inc"

void WeftDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Weft/WeftOps.cpp.inc"
      >();
  registerAttributes();
}

Operation *WeftDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, type, elements);
}

void weft::registerWeftDialect(DialectRegistry &registry) { registry.insert<WeftDialect>(); }

/// Whether a product is made of little and no larger than what it is made of, or 1 MiB (tables of positions): weights stay about as
/// large as they were written.
static bool isSmall(MatmulOp product) {
  auto x = dyn_cast<RankedTensorType>(product.getX().getType()), y = dyn_cast<RankedTensorType>(product.getY().getType());
  auto z = dyn_cast<RankedTensorType>(product.getZ().getType());
  if (!x || !y || !z || !x.hasStaticShape() || !y.hasStaticShape() || !z.hasStaticShape() || x.getRank() < 2 || y.getRank() < 2)
    return false;
  constexpr int64_t mostMultiplied = 1 << 26; // a tenth of a second
  constexpr int64_t smallTable = 1 << 18;
  return z.getElementType().isF32() && z.getNumElements() <= std::max(2 * (x.getNumElements() + y.getNumElements()), smallTable) &&
         z.getNumElements() * x.getShape().back() <= mostMultiplied;
}

/// `isa` of many operations, which asks for one after another, by one look.
template <typename... Ops> static bool isAnyOf(Operation *op) {
  static const llvm::DenseSet<TypeID> types{TypeID::get<Ops>()...};
  return types.contains(op->getName().getTypeID());
}

/// What the emitter can evaluate (compiler/Weights/Recipes.cpp): weights are moved, combined and packed there, and contracted where
/// that takes little.
static bool mayBeInRecipe(Operation *op) {
  if (auto pad = dyn_cast<PadOp>(op))
    return pad.getMode() == PadMode::Constant;
  if (auto product = dyn_cast<MatmulOp>(op))
    return isSmall(product);
  return isAnyOf<WeightOp, ConstantOp,
                 // element by element
                 AddOp, SubOp, MulOp, DivOp, MinimumOp, MaximumOp, PowOp, CastOp, ReluOp, Relu6Op, SigmoidOp, TanhOp,
                 SiluOp, SoftplusOp, ErfOp, ExpOp, LogOp, SqrtOp, RsqrtOp, AbsOp, NegOp, FloorOp, CeilOp, ReciprocalOp,
                 ClipOp, RoundOp, SignOp, SinOp, CosOp, LessOp, LessEqualOp, EqualOp, WhereOp,
                 // elements moved
                 ReshapeOp, FlattenOp, TransposeOp, ExpandOp, SliceOp, ConcatOp, GatherOp, RelayoutOp,
                 // elements gathered
                 ReduceSumOp, ReduceMeanOp, ReduceMaxOp, ReduceMinOp, SoftmaxOp,
                 // packed
                 PackFilterOp, PackDepthwiseOp, PackGroupedOp, PackVectorOp, WinogradFilterOp, StrassenFilterOp>(op);
}

/// Nearest first: what a layer computed is seldom far, while the first operands of sums lead to the beginning of the network.
bool weft::isRecipe(Value value) {
  llvm::SmallSetVector<Value, 8> seen;
  seen.insert(value);
  for (size_t next = 0; next < seen.size(); ++next) {
    Operation *op = seen[next].getDefiningOp();
    if (!op || !mayBeInRecipe(op))
      return false;
    seen.insert(op->operand_begin(), op->operand_end());
  }
  return true;
}

llvm::DenseSet<Value> weft::recipesIn(Block &block) {
  llvm::DenseSet<Value> recipes;
  for (Operation &op : block)
    if (mayBeInRecipe(&op) && llvm::all_of(op.getOperands(), [&](Value operand) { return recipes.contains(operand); }))
      recipes.insert(op.result_begin(), op.result_end());
  return recipes;
}

StringRef weft::pathOf(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName();
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (StringRef path = pathOf(part); !path.empty())
        return path;
  return {};
}
