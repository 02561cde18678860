// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Which reductions run in lanes, which sums in two levels, and where those are cut. The answer follows from a reduction's own
// loops, as constants: so it is the same for every tile, thread count and group it stands in, and so are its bits.

#include "compiler/Conversion/WeftToLinalg/KernelBuilder.h"

#include <cmath>

using namespace mlir;

namespace weft {
namespace {

/// Terms of a partial sum, where its loops leave a choice. With 128, as in ONNX Runtime, errors are those of ONNX
/// Runtime and the second level costs 1 to 2 % of a 1x1 convolution's time; with 256 half of that, and errors are up
/// to 1.9 times as large.
constexpr int64_t wantedTerms = 192;
/// The same over windows of a few taps, which ONNX Runtime ends with each block of channels.
constexpr int64_t wantedOfWindow = 96;
/// Sums up to this stay whole.
constexpr int64_t mostWhole = 192;
/// A window's loops need not be cut below this: their ends are where partial sums end best.
constexpr int64_t mostOfWindow = 512;
/// The same without products.
constexpr int64_t mostPlain = 36;
/// Up to so many channels ONNX Runtime sums each of them apart, weft as many, or as many rows, as have so many terms together.
constexpr int64_t channelsOfPicture = 8, termsOfPicture = 20;

/// `acc + term`, or that where a condition holds; the accumulator stands nowhere else.
bool isSum(linalg::GenericOp op) {
  Block &body = op.getRegion().front();
  Value value = body.getTerminator()->getOperand(0), accumulator = body.getArguments().back();
  if (op.getNumReductionLoops() == 0 || !isa<Float32Type>(value.getType()))
    return false;
  unsigned uses = 1;
  if (auto select = value.getDefiningOp<arith::SelectOp>(); select && select.getFalseValue() == accumulator) {
    value = select.getTrueValue();
    ++uses;
  }
  auto sum = value.getDefiningOp<arith::AddFOp>();
  return sum && (sum.getLhs() == accumulator || sum.getRhs() == accumulator) && accumulator.hasNUses(uses);
}

/// `acc + a * b` of two tensors.
bool isSumOfProducts(linalg::GenericOp op) {
  if (!isSum(op) || op.getNumDpsInputs() != 2)
    return false;
  auto sum = op.getRegion().front().getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  auto isProduct = [](Value value) {
    auto product = value.getDefiningOp<arith::MulFOp>();
    return product && isa<BlockArgument>(product.getLhs()) && isa<BlockArgument>(product.getRhs());
  };
  return sum && (isProduct(sum.getLhs()) || isProduct(sum.getRhs()));
}

//===-- lanes -----------------------------------------------------------------------------------------------------===//

/// Whether the innermost loop runs along the rows of all that it reads, and of nothing else.
bool runsAlongRows(linalg::GenericOp op) {
  unsigned loop = op.getNumLoops() - 1;
  bool reads = false;
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    if (!map.isFunctionOfDim(loop))
      continue;
    ArrayRef<AffineExpr> outer = map.getResults().drop_back();
    if (map.getResults().back() != getAffineDimExpr(loop, op.getContext()) ||
        llvm::any_of(outer, [&](AffineExpr expr) { return expr.isFunctionOfDim(loop); }))
      return false;
    reads = true;
  }
  return reads;
}

/// `acc + term`, a maximum or a minimum, begun with a constant that changes nothing.
bool joinsFromNothing(linalg::GenericOp op) {
  Block &body = op.getRegion().front();
  Operation *join = body.getTerminator()->getOperand(0).getDefiningOp();
  BlockArgument accumulator = body.getArguments().back();
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  if (!join || !fill || !isa<arith::AddFOp, arith::MaximumFOp, arith::MinimumFOp>(join) || !accumulator.hasOneUse() ||
      !llvm::is_contained(join->getOperands(), accumulator) || !isa<Float32Type>(accumulator.getType()))
    return false;
  auto start = fill.getInputs()[0].getDefiningOp<arith::ConstantOp>();
  auto number = start ? dyn_cast<FloatAttr>(start.getValue()) : FloatAttr();
  if (!number)
    return false;
  return isa<arith::AddFOp>(join) ? number.getValue().isZero()
                                  : number.getValue().isInfinity() &&
                                        number.getValue().isNegative() == isa<arith::MaximumFOp>(join);
}

/// Elements of a row from which on there are so many lanes: a vector register's, and more where rows are long enough to
/// hide the latency of the addition behind others.
constexpr std::pair<int64_t, int64_t> lanesOfRows[] = {{512, 64}, {128, 32}, {16, 16}, {8, 8}};

/// Of a row of `extent` elements; 0: too short for lanes.
int64_t lanesOf(linalg::GenericOp op, int64_t extent) {
  if (ShapedType::isDynamic(extent) || !runsAlongRows(op) || !joinsFromNothing(op))
    return 0;
  for (auto [least, lanes] : lanesOfRows)
    if (extent >= least)
      return lanes;
  return 0;
}

//===-- partial sums ----------------------------------------------------------------------------------------------===//

/// What a partial sum should hold.
struct Pieces {
  int64_t wanted, mostWhole, mostOfWindow;
};

/// Sums without products (means, most of all of numbers that are never negative) keep nothing else busy, so they are
/// cut where errors are least: at the root of their length.
Pieces piecesOf(linalg::GenericOp op, ArrayRef<int64_t> reduction) {
  bool multiplies = llvm::any_of(op.getRegion().front(), llvm::IsaPred<arith::MulFOp>);
  if (multiplies || llvm::any_of(reduction, ShapedType::isDynamic))
    return {wantedTerms, mostWhole, mostOfWindow};
  double terms = 1;
  for (int64_t turns : reduction)
    terms *= turns;
  int64_t root = std::min<int64_t>(std::sqrt(terms), wantedTerms);
  return {root, mostPlain, std::max(root + root / 2, mostPlain)};
}

/// Of a product's one long sum: about as many as wanted, and such that all pieces are alike and can be unrolled, where there are.
int64_t evenPiece(int64_t turns, int64_t wanted) {
  constexpr int64_t unrolled = 4;
  for (int64_t piece = wanted / unrolled * unrolled; piece * 2 >= wanted; piece -= unrolled)
    if (turns % piece == 0)
      return piece;
  return wanted;
}

/// Whether several taps of a window are summed.
bool hasWindow(ArrayRef<Attribute> names, ArrayRef<int64_t> ranges) {
  return llvm::any_of(llvm::zip(names, ranges), [](auto loop) {
    StringRef name = cast<StringAttr>(std::get<0>(loop)).getValue();
    return (name == "kx" || name == "ky" || name == "kz") && std::get<1>(loop) > 1;
  });
}

/// How many turns of a loop make a partial sum where each of them adds `terms`; all of them if it need not be cut.
int64_t turnsTogether(int64_t turns, int64_t terms, bool isOutermost, const Pieces &pieces) {
  if (terms * turns <= (isOutermost ? pieces.mostWhole : pieces.mostOfWindow))
    return turns;
  return terms * 3 >= pieces.wanted * 2 ? 1 : (pieces.wanted + terms / 2) / terms;
}

/// The loop at which a sum over a picture is cut: its channels where they are plain, the rows of the window where they are
/// packed in one block; empty if there are more channels.
StringRef loopOfPicture(ArrayRef<Attribute> names, ArrayRef<int64_t> ranges) {
  auto extentOf = [&](StringRef name) {
    auto at = llvm::find_if(names, [&](Attribute one) { return cast<StringAttr>(one).getValue() == name; });
    return at == names.end() ? 0 : ranges[at - names.begin()];
  };
  auto isFew = [](int64_t channels) { return channels > 0 && channels <= channelsOfPicture; };
  if (isFew(extentOf("ic")))
    return "ic";
  return extentOf("ib") == 1 && isFew(extentOf("i")) && extentOf("ky") > 1 ? "ky" : "";
}

/// From the innermost loop outwards: what still fits a partial sum is inside.
void cutSum(linalg::GenericOp op) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  if (auto lanes = op->getAttrOfType<IntegerAttr>("weft.lanes"))
    ranges.back() = llvm::divideCeil(ranges.back(), lanes.getInt());
  ArrayRef<Attribute> names = op->getAttrOfType<ArrayAttr>("weft.loops").getValue();
  Pieces pieces = piecesOf(op, ArrayRef(ranges).drop_front(op.getNumParallelLoops()));
  StringRef ofPicture = loopOfPicture(names, ranges);
  if (hasWindow(names, ranges))
    pieces.wanted = std::min(pieces.wanted, wantedOfWindow);
  int64_t terms = 1;
  for (size_t loop = op.getNumLoops(); loop-- > op.getNumParallelLoops();) {
    int64_t most = mostOfWindow + 1, turns = ShapedType::isDynamic(ranges[loop]) ? most : std::min(ranges[loop], most);
    auto name = cast<StringAttr>(names[loop]);
    int64_t together = name.getValue() == ofPicture ? llvm::divideCeil(termsOfPicture, terms)
                                                    : turnsTogether(turns, terms, loop == op.getNumParallelLoops(), pieces);
    if (together < turns) {
      if (name.getValue() == "k" && !ShapedType::isDynamic(ranges[loop]))
        together = evenPiece(ranges[loop], together);
      Builder builder(op.getContext());
      op->setAttr("weft.partial", builder.getArrayAttr({name, builder.getI64IntegerAttr(together)}));
      return;
    }
    terms *= turns;
  }
}

} // namespace

void cutSums(func::FuncOp function, bool inTiles) {
  for (auto op : function.getBody().front().getOps<linalg::GenericOp>()) {
    int64_t lanes = op.getNumReductionLoops() ? lanesOf(op, op.getStaticLoopRanges().back()) : 0;
    if (lanes) {
      op->setAttr("weft.lanes", Builder(op.getContext()).getI64IntegerAttr(lanes));
      function->setAttr(KernelBuilder::keepExtentsAttrName, UnitAttr::get(op.getContext())); // a row's end is part of the code
    }
    if (inTiles && isSumOfProducts(op))
      op->setAttr("weft.tiles", UnitAttr::get(op.getContext()));
    else if (isSum(op))
      cutSum(op);
  }
}

} // namespace weft
