// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase layout in one walk: each contraction gets the cheapest algorithm of its family and a packed weight; what
// follows takes the layout it is given as long as that is right and possible; where a blocked tensor meets an operation
// that wants a plain one, or the other way round, a `relayout` is made once and shared.
//
// The walk goes forward in program order, so each operation sees how its operands are stored. It is greedy on purpose:
// networks are chains of contractions, all of which want the same block, and everything between follows; there is
// nothing a search would find.
#include "compiler/Schedule/Family.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Schedule/WeightsBudget.h"
#include "compiler/Transforms/Mixtures.h"
#include "compiler/Transforms/MultiplyPlanes.h"
#include "compiler/Transforms/PackWeights.h"
#include "compiler/Transforms/Passes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_ASSIGNLAYOUTS
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// The channels of a tensor: dimension 1.
int64_t channelsOf(Value value) { return cast<RankedTensorType>(value.getType()).getDimSize(1); }

bool isPlanes(Value value) { return cast<RankedTensorType>(value.getType()).getRank() > 2; }

bool hasOneElement(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.hasStaticShape() && type.getNumElements() == 1;
}

class LayoutAssigner {
public:
  LayoutAssigner(func::FuncOp function, const Machine &machine, bool winograd, double weightsBudget)
      : function(function), machine(machine), builder(function.getContext()), block(machine.vector),
        recipes(recipesIn(function.getBody().front())) {
    if (winograd)
      transformed = spendWeightsBudget(function, machine, weightsBudget);
    function.walk([&](ConvOp conv) { // before what makes their filters has a layout
      if (std::optional<Mixture> mixture = mixtureOf(conv))
        mixtures[conv] = *mixture;
    });
  }

  void run() {
    Block &body = function.getBody().front();
    for (Operation *op = &body.front(), *next; op; op = next) {
      builder.setInsertionPoint(op);
      if (auto conv = dyn_cast<ConvOp>(op); conv && weighsChannels(conv))
        op = sumChannels(conv);
      if (reducesPlanes(op) && isBlocked(op->getOperand(0).getType()))
        op = poolPlanes(op);
      if (reducesPackedLines(op))
        op = poolLines(op);
      if (reducesPackedChannels(op))
        op = dropChannels(op);
      if (auto conv = dyn_cast<ConvOp>(op); conv && staysPlain(conv))
        op = multiplyPlanes(builder, conv);
      if (auto split = dyn_cast<SplitOp>(op); split && !recipes.contains(split.getX()) && cutsInsideBlocks(split))
        op = slicesOf(split);
      bool done = isView(op) && rewriteFlatten(op);
      next = op->getNextNode();
      if (done)
        op->erase();
      else
        assign(op);
    }
    SmallVector<Operation *> last(unpacked.begin(), unpacked.end());
    llvm::sort(last, [](Operation *a, Operation *b) { return b->isBeforeInBlock(a); });
    for (Operation *op : last)
      if (op->use_empty())
        op->erase();
  }

  unsigned relayouts = 0, packed = 0;

private:
  //===-- values in both layouts ----------------------------------------------------------------------------------===//

  Value relayout(Value value, Attribute encoding) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointAfterValue(value);
    auto type = withEncoding(cast<RankedTensorType>(value.getType()), encoding);
    ++relayouts;
    emitRemark(value.getLoc()) << "stored a second time, " << (encoding ? "packed" : "row-major")
                               << ": a reader has no form for the other layout";
    return RelayoutOp::create(builder, value.getLoc(), type, value);
  }

  Value plain(Value value) {
    if (!isBlocked(value.getType()))
      return value;
    Value &other = plainOf[value];
    return other ? other : other = relayout(value, Attribute());
  }

  Value blocked(Value value) {
    if (isBlocked(value.getType()))
      return value;
    Value &other = blockedOf[value];
    return other ? other : other = relayout(value, encoding());
  }

  BlockedAttr encoding() { return BlockedAttr::get(builder.getContext(), block); }
  void blockResult(Value result) { result.setType(withEncoding(cast<RankedTensorType>(result.getType()), encoding())); }

  //===-- operations ----------------------------------------------------------------------------------------------===//

  void assign(Operation *op) {
    if (op->getNumResults() == 1 && recipes.contains(op->getResult(0)))
      return;
    if (isContraction(op))
      return assignContraction(op);
    if (reducesPackedChannels(op))
      return;
    if (isPointwise(op) && op->getNumOperands() == 1)
      sinkFlatten(op);
    if (isActivationOfPacked(op))
      op->setOperand(0, blocked(op->getOperand(0)));
    if (follows(op))
      return assignBlocked(op);
    for (OpOperand &operand : op->getOpOperands())
      operand.set(plain(operand.get()));
  }

  /// Whether an element-wise operation stands between a row-major tensor and convolutions alone, which read packed channels: it is part of
  /// the kernel that packs them then.
  bool isActivationOfPacked(Operation *op) {
    auto readsPacked = [&](Operation *user) {
      auto conv = dyn_cast<ConvOp>(user);
      return conv && conv.getX() == op->getResult(0) && !staysPlain(conv) && channelsOf(conv.getX()) >= block;
    };
    return isPointwise(op) && op->getNumOperands() == 1 && !isBlocked(op->getOperand(0).getType()) && isFiniteOnPadding(op) &&
           !op->use_empty() && llvm::all_of(op->getUsers(), readsPacked);
  }

  /// Whether a convolution adds up planes that nobody has packed.
  bool staysPlain(ConvOp conv) {
    Value x = conv.getX();
    return !isBlocked(x.getType()) && !blockedOf.contains(x) && addsUpPlanes(conv, block);
  }

  /// Whether `op` can work on blocked tensors and has at least one such operand; a window takes the packed copy that others asked for.
  bool follows(Operation *op) {
    auto isPacked = [&](Value x) -> bool {
      return (isBlocked(x.getType()) && !isPlaneOfAll(op, x)) || (isWindow(op) && blockedOf.contains(x));
    };
    if (llvm::none_of(op->getOperands(), isPacked))
      return false;
    if (isPointwise(op))
      return canBroadcastBlocked(op) && standsPadding(op);
    if (growsToResult(op))
      return false;
    if (isWindow(op) || sumsPlanes(op) || isa<LrnOp, ChannelShuffleOp, ChannelnormOp, ResampleOp>(op))
      return true;
    if (isChannelNorm(op)) // a group is made of channels that exist
      return isPlanes(op->getResult(0)) && (isa<InstancenormOp>(op) || channelsOf(op->getResult(0)) % block == 0);
    if (auto squares = dyn_cast<DepthToSpaceOp>(op)) // each lane then stays where it is
      return squares.getMode() == DepthMode::DCR && channelsOf(squares.getY()) % block == 0;
    if (auto concat = dyn_cast<ConcatOp>(op))
      return canConcatBlocked(concat);
    if (auto split = dyn_cast<SplitOp>(op))
      return split.getAxis() != 1 || llvm::all_of(split.getSizes().drop_back(), [&](int64_t size) { return size % block == 0; });
    if (auto slice = dyn_cast<SliceOp>(op))
      return canSliceBlocked(slice);
    if (auto reshape = dyn_cast<ReshapeOp>(op))
      return joinsPixels(reshape) && (isReadPacked(reshape.getY()) || llvm::any_of(reshape.getY().getUsers(), [](Operation *user) {
        return isChannelNorm(user) || reducesPlanes(user) || isa<PadOp, ChannelnormOp, LrnOp>(user);
      }));
    auto pad = dyn_cast<PadOp>(op);
    return pad && canPadBlocked(pad);
  }

  /// Whether it may work on the rest of the last block of channels.
  bool standsPadding(Operation *op) { return isFiniteOnPadding(op) || channelsOf(op->getResult(0)) % block == 0; }

  /// Whether it enlarges planes that only the caller reads, row-major: few pixels are then brought into that order, not many.
  static bool growsToResult(Operation *op) {
    auto isReturned = [](Operation *user) { return isa<func::ReturnOp>(user) || growsToResult(user); };
    return isa<UpsampleOp, ResampleOp>(op) && llvm::all_of(op->getUsers(), isReturned) &&
           cast<RankedTensorType>(op->getOperand(0).getType()).getNumElements() < cast<RankedTensorType>(op->getResult(0).getType()).getNumElements();
  }

  /// Operands of the result's shape, repeated along planes, or a single value.
  bool canBroadcastBlocked(Operation *op) {
    auto result = cast<RankedTensorType>(op->getResult(0).getType());
    SmallVector<OpOperand *> vectors = channelVectors(op);
    return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
      return llvm::is_contained(vectors, &operand) || hasOneElement(operand.get()) ||
             isPlaneOfAll(op, operand.get()) || repeatsAlongPlanes(operand.get(), result) ||
             cast<RankedTensorType>(operand.get().getType()).getShape() == result.getShape();
    });
  }

  /// Whether it is one plane for all channels of an element-wise result, [N, 1, H, W] or with fewer pixels: spatial attention. It stays row-major.
  static bool isPlaneOfAll(Operation *op, Value value) {
    if (!isPointwise(op))
      return false;
    auto result = cast<RankedTensorType>(op->getResult(0).getType()), type = cast<RankedTensorType>(value.getType());
    return type.getRank() == result.getRank() && type.getRank() > 2 && type.getDimSize(1) == 1 && result.getDimSize(1) != 1 &&
           type.getNumElements() > 1 && areRepeated(type.getShape(), result.getShape());
  }

  /// Whether each extent is 1 or that of the result.
  static bool areRepeated(ArrayRef<int64_t> extents, ArrayRef<int64_t> result) {
    return llvm::all_of(llvm::zip_equal(extents, result), [](auto pair) { return std::get<0>(pair) == 1 || std::get<0>(pair) == std::get<1>(pair); });
  }

  /// [C, 1, 1], [1, C, 1, 1], [N, C, 1, 1], or with all channels a value for each row or column, [N, C, H, 1].
  bool repeatsAlongPlanes(Value value, RankedTensorType result) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(value.getType()).getShape();
    int64_t rank = result.getRank(), missing = rank - int64_t(shape.size());
    if (missing > 1 || shape.empty())
      return false;
    if (shape[1 - missing] != result.getDimSize(1))
      return false;
    if (missing == 0 && shape[0] != 1 && shape[0] != result.getDimSize(0))
      return false;
    ArrayRef<int64_t> pixels = shape.drop_front(2 - missing);
    return llvm::all_of(pixels, [](int64_t extent) { return extent == 1; }) || (missing == 0 && areRepeated(pixels, result.getShape().drop_front(2)));
  }

  //===-- cuts inside blocks --------------------------------------------------------------------------------------===//
  //
  // Where channels are joined or cut inside a block, no view can say it, but a kernel that puts vectors together from two blocks
  // is one pass. Row-major order is two at least, so it is left to readers who want that, and to parts of few channels, of which
  // several can share what was brought into order.

  /// Whether a reader of `value` has a form for packed channels.
  static bool isReadPacked(Value value) {
    return llvm::any_of(value.getUsers(), [](Operation *user) {
      return isPointwise(user) || isWindow(user) || isa<ConvOp, ConvTransposeOp, ChannelShuffleOp, ConcatOp, SplitOp>(user);
    });
  }

  bool canConcatBlocked(ConcatOp concat) {
    if (concat.getAxis() != 1 ||
        llvm::all_of(concat.getXs().drop_back(), [&](Value x) { return channelsOf(x) % block == 0; }))
      return true;
    int64_t packed = 0;
    for (Value x : concat.getXs())
      packed += isBlocked(x.getType()) ? channelsOf(x) : 0;
    return isPlanes(concat.getY()) && 2 * packed >= channelsOf(concat.getY()) && isReadPacked(concat.getY());
  }

  /// A part may end inside a block: what it has of the rest counts as rounded up.
  bool canSliceBlocked(SliceOp slice) {
    if (slice.getStep()[1] == 1 && slice.getStart()[1] % block == 0)
      return true;
    bool steps = llvm::all_of(slice.getStep(), [](int64_t step) { return step > 0; });
    return steps && isPlanes(slice.getY()) && channelsOf(slice.getY()) >= block && isReadPacked(slice.getY());
  }

  bool cutsInsideBlocks(SplitOp split) {
    return isBlocked(split.getX().getType()) && isPlanes(split.getX()) && split.getAxis() == 1 &&
           llvm::any_of(split.getSizes().drop_back(), [&](int64_t size) { return size % block != 0; });
  }

  /// The parts of a split, each by itself; the first of them.
  Operation *slicesOf(SplitOp split) {
    auto x = cast<RankedTensorType>(split.getX().getType());
    SmallVector<int64_t> start(x.getRank(), 0), stop(x.getShape()), step(x.getRank(), 1);
    SmallVector<Operation *> parts;
    for (auto [part, size] : llvm::zip_equal(split.getYs(), split.getSizes())) {
      stop[1] = start[1] + size;
      auto slice = SliceOp::create(builder, split.getLoc(), part.getType(), split.getX(), start, stop, step);
      part.replaceAllUsesWith(slice.getY());
      parts.push_back(slice);
      start[1] = stop[1];
    }
    split.erase();
    return parts.front();
  }

  bool canPadBlocked(PadOp pad) {
    if (padsPlanes(pad))
      return true;
    bool planes = pad.getLow()[1] == 0 && pad.getHigh()[1] == 0;
    bool finite = pad.getMode() != PadMode::Constant || pad.getValue().isFinite();
    return isPlanes(pad.getY()) && pad.getLow()[0] == 0 && pad.getHigh()[0] == 0 && finite &&
           (planes ? pad.getMode() != PadMode::Constant : pad.getMode() == PadMode::Constant) && isReadPacked(pad.getY());
  }

  void assignBlocked(Operation *op) {
    SmallVector<OpOperand *> vectors = channelVectors(op);
    for (OpOperand &operand : op->getOpOperands()) {
      if (isa<ResampleOp>(op) && operand.getOperandNumber() > 0) // tables
        continue;
      if (llvm::is_contained(vectors, &operand))
        operand.set(packVector(builder, operand.get(), block));
      else if (isPlaneOfAll(op, operand.get()))
        operand.set(plain(operand.get()));
      else if (!hasOneElement(operand.get()) || isBlocked(operand.get().getType()) || !isPointwise(op))
        operand.set(blocked(isa<ReshapeOp>(op) ? operand.get() : withRank(operand.get(), cast<RankedTensorType>(op->getResult(0).getType()).getRank())));
    }
    for (Value result : op->getResults())
      blockResult(result);
  }

  /// [C, 1, 1] as [1, C, 1, 1].
  Value withRank(Value value, int64_t rank) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getRank() == rank)
      return value;
    SmallVector<int64_t> shape(rank - type.getRank(), 1);
    llvm::append_range(shape, type.getShape());
    value = plain(value);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointAfterValue(value);
    return ReshapeOp::create(builder, value.getLoc(), value, shape);
  }

  //===-- contractions --------------------------------------------------------------------------------------------===//

  bool mayTransform(Operation *op, const Choice &choice) {
    auto form = transformed.find(op);
    return form != transformed.end() && form->second == FilterForm(choice);
  }

  /// Whether all that read a few planes, perhaps behind element-wise operations, parts and joins, take them row-major: the caller, sums over
  /// channels, and convolutions that read them so whatever comes of their result, or where that is read in planes too.
  bool isReadInPlanes(Value planes) {
    constexpr size_t mostValues = 256;
    SetVector<Value> values;
    values.insert(planes);
    for (size_t at = 0; at < values.size(); ++at)
      for (Operation *user : values[at].getUsers()) {
        if (takesPlanes(user, values[at]))
          continue;
        bool passesOn = (isPointwise(user) || isa<SliceOp, SplitOp, ConcatOp>(user) || mayRead(user, values[at], Algorithm::Planar)) &&
                        values.size() < mostValues &&
                        llvm::none_of(user->getOperands(), [](Value other) { return isBlocked(other.getType()); }) &&
                        llvm::all_of(user->getResults(), [&](Value result) {
                          return cast<RankedTensorType>(result.getType()).getRank() == 4 && channelsOf(result) <= machine.mostPlanes();
                        });
        if (!passesOn)
          return false;
        values.insert(user->result_begin(), user->result_end());
      }
    return true;
  }

  /// Whether nothing about a convolution of a few planes wants blocks.
  bool staysInPlanes(Operation *conv) { return isRecipe(conv->getOperand(1)) && isReadInPlanes(conv->getResult(0)); }

  bool takesPlanes(Operation *user, Value planes) {
    auto axes = user->getAttrOfType<DenseI64ArrayAttr>("axes");
    if (isa<ReduceSumOp, ReduceMeanOp, ReduceMaxOp, ReduceMinOp>(user) && axes && axes.asArrayRef() == ArrayRef<int64_t>{1})
      return true;
    return isa<func::ReturnOp>(user) || mayRead(user, planes, Algorithm::First);
  }

  /// Whether `user` is a convolution of `planes` by an algorithm that reads them row-major.
  bool mayRead(Operation *user, Value planes, Algorithm algorithm) {
    auto conv = dyn_cast<ConvOp>(user);
    return conv && conv.getX() == planes && conv.getSpatialRank() == 2 && !blockedOf.contains(planes) &&
           llvm::any_of(candidates(conv, machine), [&](const Choice &choice) { return choice.algorithm == algorithm; });
  }

  void assignContraction(Operation *op) {
    SmallVector<Choice> choices = candidates(op, machine);
    bool isPlain = !isBlocked(op->getOperand(0).getType()) && !blockedOf.contains(op->getOperand(0));
    bool readsAsItCame = isPlain && llvm::any_of(choices, [](const Choice &choice) { return choice.algorithm == Algorithm::First; });
    for (const Choice &choice : choices) {
      if (!choice.algorithm || (readsAsItCame && choice.algorithm == Algorithm::Direct) ||
          (savesProducts(choice.algorithm) && !mayTransform(op, choice)) || (choice.algorithm == Algorithm::Planar && !(isPlain && staysInPlanes(op))))
        continue;
      if (auto conv = dyn_cast<ConvOp>(op))
        return pack(conv, choice);
      if (auto linear = dyn_cast<LinearOp>(op))
        return pack(linear, choice);
    }
    for (OpOperand &operand : op->getOpOperands())
      operand.set(plain(operand.get()));
  }

  void pack(ConvOp conv, const Choice &choice) {
    if (*choice.algorithm == Algorithm::Planar) { // all stays as it is written
      conv.setFilterShape(conv.getFilter());
      conv.setAlgorithm(*choice.algorithm);
      return;
    }
    bool readsPlain = *choice.algorithm == Algorithm::First;
    conv.getXMutable().assign(readsPlain ? plain(conv.getX()) : blocked(conv.getX()));
    if (packsWhileRunning(conv))
      conv.getWeightMutable().assign(plain(conv.getWeight()));
    if (auto mixture = mixtures.find(conv); mixture != mixtures.end())
      packMixture(conv, mixture->second, choice);
    else
      packConv(builder, conv, choice, block);
    blockResult(conv.getY());
    ++packed;
  }

  /// The packed filters are mixed, by a product of its own.
  void packMixture(ConvOp conv, const Mixture &mixture, const Choice &choice) {
    SmallVector<int64_t> shape = conv.getFilter();
    SmallVector<Value> filters;
    for (int64_t index = 0; index < mixture.count(); ++index)
      filters.push_back(packFilter(builder, conv, mixture.filter(builder, index, shape), choice, block));
    for (Operation *op = conv.getWeight().getDefiningOp(); op; op = isa<LinearOp>(op) ? nullptr : op->getOperand(0).getDefiningOp())
      unpacked.insert(op);
    conv.setFilterShape(shape);
    conv.setAlgorithm(*choice.algorithm);
    if (conv.getBias())
      conv.getBiasMutable().assign(packVector(builder, conv.getBias(), block));
    LinearOp sum = mix(builder, mixture, filters);
    builder.setInsertionPoint(sum);
    assignContraction(sum);
    builder.setInsertionPoint(conv);
    auto type = cast<RankedTensorType>(filters.front().getType());
    conv.getWeightMutable().assign(ReshapeOp::create(builder, conv.getLoc(), plain(sum.getY()), type.getShape()));
  }

  /// Whether blocks of input features would be zeros to a good part, and so would much of a weight that is read as fast as it comes.
  bool fillsFewLanes(LinearOp linear) {
    constexpr double most = 1.25;
    constexpr int64_t worthBytes = 256 << 10;
    SmallVector<int64_t> filter = linear.getFilter();
    return llvm::alignTo(filter[1], block) > most * filter[1] && 4 * filter[0] * filter[1] >= worthBytes;
  }

  /// A matrix with a fixed number of rows is blocked; all else is plain.
  void pack(LinearOp linear, const Choice &choice) {
    bool byTiles = parameter(choice.parameters, "x") > 0; // of rows
    bool staysBlocked = choice.block != 0 && cast<RankedTensorType>(linear.getX().getType()).getRank() == 2 && !byTiles;
    if (!staysBlocked || fillsFewLanes(linear))
      linear.getXMutable().assign(plain(linear.getX()));
    if (choice.block != 0 && byTiles && linear.getFilter()[0] % choice.block != 0)
      return packStrips(linear, choice);
    packLinear(builder, linear, *choice.algorithm, choice.block, staysBlocked);
    if (staysBlocked)
      blockResult(linear.getY());
    ++packed;
  }

  /// Columns that do not fill their blocks end in zeros, so that strips of some blocks read whole ones.
  void packStrips(LinearOp linear, const Choice &choice) {
    Value weight = linear.getWeight();
    int64_t outputs = linear.getFilter()[0], padded = llvm::alignTo(outputs, choice.block * parameter(choice.parameters, "cb", 1));
    auto type = cast<RankedTensorType>(weight.getType());
    auto whole = RankedTensorType::get({padded, type.getDimSize(1)}, type.getElementType());
    linear.setFilterShape(linear.getFilter());
    linear.setAlgorithm(*choice.algorithm);
    weight = PadOp::create(builder, linear.getLoc(), whole, weight, ArrayRef<int64_t>{0, 0}, ArrayRef<int64_t>{padded - outputs, 0}, PadMode::Constant, APFloat(0.0));
    linear.getWeightMutable().assign(PackFilterOp::create(builder, linear.getLoc(), weight, choice.block, 0));
    ++packed;
  }

  //===-- whole planes --------------------------------------------------------------------------------------------===//

  /// A mean, a maximum or a sum over packed planes as what has a form for them: pooling, or a sum that keeps the planes' dimensions.
  Operation *poolPlanes(Operation *op) {
    Value planes = op->getOperand(0), y;
    auto x = cast<RankedTensorType>(planes.getType());
    SmallVector<int64_t> shape(x.getRank(), 1);
    shape[0] = x.getDimSize(0);
    shape[1] = x.getDimSize(1);
    auto type = RankedTensorType::get(shape, x.getElementType());
    if (auto sum = dyn_cast<ReduceSumOp>(op))
      y = ReduceSumOp::create(builder, op->getLoc(), type, planes, sum.getAxes(), true);
    else if (isa<ReduceMeanOp>(op))
      y = GlobalAvgpoolOp::create(builder, op->getLoc(), type, planes);
    else
      y = GlobalMaxpoolOp::create(builder, op->getLoc(), type, planes);
    Operation *pool = y.getDefiningOp();
    if (cast<RankedTensorType>(op->getResult(0).getType()).getRank() < x.getRank())
      y = FlattenOp::create(builder, op->getLoc(), y, 1);
    op->getResult(0).replaceAllUsesWith(y);
    op->erase();
    return pool;
  }

  /// Whether it is a mean or a maximum over one of the dimensions of packed planes.
  static bool reducesPackedLines(Operation *op) {
    auto axes = op->getAttrOfType<DenseI64ArrayAttr>("axes");
    Value x = isa<ReduceMeanOp, ReduceMaxOp>(op) ? op->getOperand(0) : Value();
    return x && axes && axes.size() == 1 && axes[0] > 1 && isBlocked(x.getType()) && isPlanes(x) && cast<RankedTensorType>(x.getType()).hasStaticShape();
  }

  /// It as pooling, whose windows are whole rows or columns.
  Operation *poolLines(Operation *op) {
    Value x = op->getOperand(0), y = op->getResult(0);
    int64_t axis = cast<DenseI64ArrayAttr>(op->getAttr("axes"))[0];
    auto type = cast<RankedTensorType>(x.getType()), result = cast<RankedTensorType>(y.getType());
    SmallVector<int64_t> shape(type.getShape()), window(type.getRank() - 2, 1), none(2 * window.size(), 0);
    auto one = builder.getDenseI64ArrayAttr(window), noPadding = builder.getDenseI64ArrayAttr(none);
    window[axis - 2] = std::exchange(shape[axis], 1);
    auto extents = builder.getDenseI64ArrayAttr(window);
    auto pooled = RankedTensorType::get(shape, type.getElementType());
    Value pool = isa<ReduceMeanOp>(op)
                     ? AvgpoolOp::create(builder, op->getLoc(), pooled, x, extents, extents, noPadding, one, builder.getBoolAttr(false)).getY()
                     : MaxpoolOp::create(builder, op->getLoc(), pooled, x, extents, extents, noPadding, one, builder.getBoolAttr(false)).getY();
    y.replaceAllUsesWith(result.getShape() == ArrayRef<int64_t>(shape) ? pool : ReshapeOp::create(builder, op->getLoc(), pool, result.getShape()).getY());
    op->erase();
    return pool.getDefiningOp();
  }

  /// Whether a convolution makes one plane of packed channels that fill their blocks, pixel by pixel, right behind another convolution
  /// that only it reads: a packed result would hold sixteen planes.
  bool weighsChannels(ConvOp conv) {
    auto isOne = [](int64_t value) { return value == 1; };
    SmallVector<int64_t> filter = conv.getFilter();
    auto type = cast<RankedTensorType>(conv.getX().getType());
    bool isWeighted = !conv.getAlgorithm() && llvm::all_of(conv->getOperands().drop_front(), [&](Value value) { return recipes.contains(value); });
    return isWeighted && filter[0] == 1 && filter[1] == type.getDimSize(1) && llvm::all_of(llvm::drop_begin(filter, 2), isOne) &&
           llvm::all_of(conv.getStride(), isOne) && llvm::all_of(conv.getPad(), [](int64_t pad) { return pad == 0; }) &&
           type.hasStaticShape() && isBlocked(type) && isPlanes(conv.getX()) && filter[1] % block == 0 && endsConvolution(conv.getX());
  }

  /// Whether a value is made by a convolution and what follows it element by element, each read once.
  static bool endsConvolution(Value value) {
    while (Operation *op = value.hasOneUse() ? value.getDefiningOp() : nullptr) {
      if (isa<ConvOp>(op))
        return true;
      if (!isPointwise(op))
        return false;
      value = op->getOperand(0);
    }
    return false;
  }

  /// It as a weighted sum.
  Operation *sumChannels(ConvOp conv) {
    Location loc = conv.getLoc();
    auto x = cast<RankedTensorType>(conv.getX().getType()), result = cast<RankedTensorType>(conv.getY().getType());
    auto product = MulOp::create(builder, loc, RankedTensorType::get(x.getShape(), x.getElementType()), conv.getX(), conv.getWeight());
    Value y = ReduceSumOp::create(builder, loc, result, product, builder.getDenseI64ArrayAttr({1}), true);
    if (Value bias = conv.getBias()) {
      OpBuilder before(product);
      SmallVector<int64_t> ones(x.getRank(), 1);
      y = AddOp::create(builder, loc, result, y, ReshapeOp::create(before, loc, bias, ones));
    }
    conv.getY().replaceAllUsesWith(y);
    conv.erase();
    return product;
  }

  /// Whether it reduces the channels of packed planes, which fill their blocks, and nothing else.
  bool reducesPackedChannels(Operation *op) {
    auto axes = op->getAttrOfType<DenseI64ArrayAttr>("axes");
    return isa<ReduceSumOp, ReduceMeanOp, ReduceMaxOp, ReduceMinOp>(op) && axes && axes.asArrayRef() == ArrayRef<int64_t>{1} &&
           isBlocked(op->getOperand(0).getType()) && isPlanes(op->getOperand(0)) && channelsOf(op->getOperand(0)) % block == 0;
  }

  /// Its planes, row-major, without the dimension of channels: a packed tensor has two of these.
  Operation *dropChannels(Operation *op) {
    Value y = op->getResult(0);
    auto type = cast<RankedTensorType>(y.getType());
    if (!op->getAttrOfType<BoolAttr>("keepdims").getValue())
      return op;
    SmallVector<int64_t> shape(type.getShape());
    shape.erase(shape.begin() + 1);
    builder.setInsertionPointAfter(op);
    op->setAttr("keepdims", builder.getBoolAttr(false));
    y.setType(type.clone(shape));
    auto kept = ReshapeOp::create(builder, op->getLoc(), y, type.getShape());
    y.replaceAllUsesExcept(kept.getY(), kept);
    return op;
  }

  //===-- from images to matrices ---------------------------------------------------------------------------------===//

  static bool isView(Operation *op) { return isa<FlattenOp, ReshapeOp>(op); }

  /// `flatten` of a blocked image: of [N, C, 1, 1] it is the blocked [N, C]; before products with weights it
  /// disappears, as the product is a convolution whose window is the whole image. True when `op` has no users left.
  bool rewriteFlatten(Operation *op) {
    Value x = op->getOperand(0), y = op->getResult(0);
    if (!isBlocked(x.getType()) || !isMatrixOfImage(x, y))
      return false;
    auto image = cast<RankedTensorType>(x.getType());
    if (image.getNumElements() == image.getDimSize(0) * image.getDimSize(1)) {
      auto type = withEncoding(cast<RankedTensorType>(y.getType()), encoding());
      y.replaceAllUsesWith(FlattenOp::create(builder, op->getLoc(), type, x, 1));
      return true;
    }
    if (!llvm::all_of(y.getUsers(), [](Operation *user) { return isa<LinearOp>(user); }))
      return false;
    for (Operation *user : llvm::make_early_inc_range(y.getUsers()))
      convolve(cast<LinearOp>(user), x);
    return true;
  }

  /// f(flatten(x)) becomes flatten(f(x)), so that f can join the kernel that makes x.
  void sinkFlatten(Operation *op) {
    auto flatten = op->getOperand(0).getDefiningOp<FlattenOp>();
    if (!flatten || !flatten->hasOneUse() || !isBlocked(flatten.getX().getType()) || !standsPadding(op))
      return;
    op->setOperand(0, flatten.getX());
    Value y = op->getResult(0);
    Type flat = flatten.getY().getType();
    y.setType(flatten.getX().getType());
    builder.setInsertionPointAfter(op);
    auto after = FlattenOp::create(builder, flatten.getLoc(), flat, y, flatten.getAxis());
    y.replaceAllUsesExcept(after.getY(), after);
    flatten.erase();
  }

  static bool isMatrixOfImage(Value x, Value y) {
    auto from = cast<RankedTensorType>(x.getType()), to = cast<RankedTensorType>(y.getType());
    return from.getRank() > 2 && to.getRank() == 2 && from.getDimSize(0) == to.getDimSize(0);
  }

  void convolve(LinearOp linear, Value image) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(linear);
    Location loc = linear.getLoc();
    SmallVector<int64_t> filter(cast<RankedTensorType>(image.getType()).getShape());
    filter[0] = linear.getFilter()[0];
    SmallVector<int64_t> ones(filter.size() - 2, 1), zeros(2 * ones.size(), 0);
    Value weight = ReshapeOp::create(builder, linear.getWeight().getLoc(), linear.getWeight(), filter);
    recipes.insert(weight);
    auto conv = ConvOp::create(builder, loc, image, weight, linear.getBias(), ones, zeros, ones, 1, AlgorithmAttr(),
                               DenseI64ArrayAttr());
    auto flat = FlattenOp::create(builder, loc, conv.getY(), 1);
    linear.getY().replaceAllUsesWith(flat.getY());
    linear.erase();
  }

  func::FuncOp function;
  const Machine &machine;
  OpBuilder builder;
  int64_t block;
  llvm::DenseSet<Value> recipes; ///< found once: to ask of each operation would walk back through the network each time
  llvm::DenseMap<Operation *, FilterForm> transformed;
  llvm::DenseMap<Operation *, Mixture> mixtures;
  llvm::SetVector<Operation *> unpacked; ///< what mixed filters that are now mixed packed
  llvm::DenseMap<Value, Value> plainOf, blockedOf;
};

struct AssignLayouts : impl::AssignLayoutsBase<AssignLayouts> {
  using AssignLayoutsBase::AssignLayoutsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    Machine machine = Machine::of(module);
    for (func::FuncOp function : module.getOps<func::FuncOp>()) {
      if (!function->hasAttr("weft.net"))
        continue;
      LayoutAssigner assigner(function, machine, winograd, weightsBudget);
      assigner.run();
      numRelayouts += assigner.relayouts;
      numPacked += assigner.packed;
    }
  }
};

} // namespace
} // namespace weft
