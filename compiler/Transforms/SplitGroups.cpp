// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase layout, before anything is packed: grouped convolutions whose groups do not fill blocks of channels become
// several that do.
//
// A block of output channels needs the input channels of the groups it touches: a band of input blocks, the same for
// neighbouring output blocks as long as they stay in one group. Output blocks of one band are a dense convolution of a
// slice of the input, with zeros in the weight where a row's own group is narrower than the band. Where groups meet block
// borders again and again at the same distance, so many of them together are one group of whole blocks (`joinGroups` in
// PackWeights.cpp), and only what is left over at the end is cut into bands. The cheaper of both wins; a few groups of many
// channels are so many dense convolutions, which Winograd's algorithm makes faster. All cuts are at whole
// blocks, so slices and the concatenation of the results cost nothing.
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Slices.h"

#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_SPLITGROUPS
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// Cycles a kernel costs before it computes anything.
constexpr double launchCycles = 2000;

/// Groups of so many channels, on both sides, gain by Winograd's algorithm, which only dense convolutions have: the part of their
/// cycles that is left.
constexpr int64_t fewestTransformed = 64;
constexpr double transformedCycles = 0.6;

/// Results computed together: dense, or `groups` groups of equal size.
struct Piece {
  Range outputs, inputs;
  int64_t groups = 1;
};

struct Cut {
  SmallVector<Piece> pieces;
  double cycles = 0;
};

class Cutter {
public:
  Cutter(ConvOp conv, const Machine &machine)
      : groups(conv.getGroups()), outputs(conv.getFilter()[0] / groups), inputs(conv.getFilter()[1]),
        block(machine.vector) {
    ConvShape shape(conv);
    productCycles = double(shape.batch) * shape.pixels * shape.window * block / machine.fmaPerCycle;
    auto isOne = [](int64_t value) { return value == 1; };
    mayTransform = shape.kernel == ArrayRef<int64_t>{3, 3} && llvm::all_of(shape.stride, isOne) && shape.width >= 12;
  }

  Cut best() const {
    Cut banded = bands(0), joined = joinedThenBands();
    return !joined.pieces.empty() && joined.cycles <= banded.cycles ? joined : banded;
  }

  /// Of filter rows `rows` belonging to one group: that group's input channels.
  Range inputsOf(int64_t group) const { return {group * inputs, (group + 1) * inputs}; }
  int64_t outputsOfGroup() const { return outputs; }

private:
  /// The fewest groups that are whole blocks together, on both sides; one where blocks of outputs read a part of a block.
  int64_t together() const {
    if (groupLanes(inputs, outputs, block) < block)
      return 1;
    return std::lcm(block / std::gcd(block, inputs), block / std::gcd(block, outputs));
  }

  Cut joinedThenBands() const {
    int64_t joined = groups / together() * together();
    if (joined <= together()) // a single group is dense
      return {};
    Cut cut = bands(joined);
    Piece piece{{0, joined * outputs}, {0, joined * inputs}, joined};
    cut.pieces.insert(cut.pieces.begin(), piece);
    cut.cycles += cyclesOf(piece);
    return cut;
  }

  /// The groups from `first` on, which begin with a block on both sides.
  Cut bands(int64_t first) const {
    Cut cut;
    int64_t end = groups * outputs;
    for (int64_t from = first * outputs; from < end; from += block) {
      int64_t to = std::min(end, from + block);
      Range band{from / outputs * inputs / block * block,
                 std::min<int64_t>(groups * inputs, llvm::alignTo(((to - 1) / outputs + 1) * inputs, block))};
      if (!cut.pieces.empty() && cut.pieces.back().inputs == band)
        cut.pieces.back().outputs.to = to;
      else
        cut.pieces.push_back({{from, to}, band});
    }
    mergeNeighbours(cut.pieces);
    for (const Piece &piece : cut.pieces)
      cut.cycles += cyclesOf(piece);
    return cut;
  }

  static Piece merged(const Piece &a, const Piece &b) {
    return {{a.outputs.from, b.outputs.to},
            {std::min(a.inputs.from, b.inputs.from), std::max(a.inputs.to, b.inputs.to)}};
  }

  /// While a kernel less is worth the zeros multiplied for it.
  void mergeNeighbours(SmallVectorImpl<Piece> &pieces) const {
    while (pieces.size() > 1) {
      size_t place = 0;
      double gain = 0;
      for (size_t i = 0; i + 1 < pieces.size(); ++i) {
        double saved = cyclesOf(pieces[i]) + cyclesOf(pieces[i + 1]) - cyclesOf(merged(pieces[i], pieces[i + 1]));
        if (saved > gain) {
          gain = saved;
          place = i;
        }
      }
      if (gain <= 0)
        return;
      pieces[place] = merged(pieces[place], pieces[place + 1]);
      pieces.erase(pieces.begin() + place + 1);
    }
  }

  double cyclesOf(const Piece &piece) const {
    if (piece.groups > 1) {
      double blocks = double(together() * inputs) / block * (together() * outputs / block);
      return launchCycles + piece.groups / together() * blocks * productCycles;
    }
    double blocks = double(llvm::divideCeil(piece.outputs.size(), block)) * llvm::divideCeil(piece.inputs.size(), block);
    bool transforms = mayTransform && std::min(piece.outputs.size(), piece.inputs.size()) >= fewestTransformed;
    return launchCycles + blocks * productCycles * (transforms ? transformedCycles : 1);
  }

  int64_t groups, outputs, inputs, block; ///< channels of one group
  double productCycles;                   ///< of one block of output channels by one of input channels
  bool mayTransform;                      ///< the window has a Winograd form
};

/// The filter rows of a dense piece, each with zeros beside its own group's channels.
Value denseFilter(OpBuilder &builder, Value weight, const Piece &piece, const Cutter &cutter) {
  SmallVector<Value> parts;
  int64_t outputs = cutter.outputsOfGroup();
  for (int64_t row = piece.outputs.from; row < piece.outputs.to;) {
    int64_t group = row / outputs, end = std::min(piece.outputs.to, (group + 1) * outputs);
    Value part = slice(builder, weight, 0, {row, end});
    Range own = cutter.inputsOf(group);
    SmallVector<int64_t> low(tensorOf(part).getRank(), 0), high(low);
    low[1] = own.from - piece.inputs.from;
    high[1] = piece.inputs.to - own.to;
    if (low[1] || high[1])
      part = PadOp::create(builder, weight.getLoc(), part, low, high, PadMode::Constant, APFloat(0.0));
    parts.push_back(part);
    row = end;
  }
  return concat(builder, weight.getLoc(), parts, 0);
}

Value compute(OpBuilder &builder, ConvOp conv, const Piece &piece, const Cutter &cutter) {
  Value weight = piece.groups > 1 ? slice(builder, conv.getWeight(), 0, piece.outputs)
                                  : denseFilter(builder, conv.getWeight(), piece, cutter);
  Value bias = conv.getBias() ? slice(builder, conv.getBias(), 0, piece.outputs) : Value();
  return ConvOp::create(builder, conv.getLoc(), slice(builder, conv.getX(), 1, piece.inputs), weight, bias,
                        conv.getStride(), conv.getPad(), conv.getDilation(), piece.groups, AlgorithmAttr(),
                        DenseI64ArrayAttr());
}

struct SplitGroups : impl::SplitGroupsBase<SplitGroups> {
  void runOnOperation() override {
    Machine machine = Machine::of(getOperation());
    SmallVector<ConvOp> convs;
    getOperation().walk([&](ConvOp conv) { convs.push_back(conv); });
    for (ConvOp conv : convs)
      split(conv, machine);
  }

  void split(ConvOp conv, const Machine &machine) {
    auto type = cast<RankedTensorType>(conv.getX().getType());
    if (conv.getGroups() == 1 || !type.hasStaticShape() || ConvShape(conv).isDepthwise() ||
        permutesLanes(conv, machine.vector) || !isRecipe(conv.getWeight()) ||
        (conv.getBias() && !isRecipe(conv.getBias())))
      return;
    Cutter cutter(conv, machine);
    Cut cut = cutter.best();
    if (cut.pieces.size() == 1 && cut.pieces.front().groups == int64_t(conv.getGroups()))
      return;
    OpBuilder builder(conv);
    SmallVector<Value> parts;
    for (const Piece &piece : cut.pieces)
      parts.push_back(compute(builder, conv, piece, cutter));
    conv.getY().replaceAllUsesWith(concat(builder, conv.getLoc(), parts, 1));
    conv.erase();
    ++numSplit;
  }
};

} // namespace
} // namespace weft
