// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase graph: convolutions of one picture that are added to each other are one convolution.
//
// Networks are trained with branches that only help training (RepVGG, MobileOne, FastViT, ACNet): windows of several
// sizes and a batch normalisation over the same picture, added before the activation. All are linear in it, so their
// filters add up, smaller windows with zeros around them. Published weights often still have the branches. What scales
// and shifts channels is a window of one tap on the diagonal of channels.
#include "compiler/Transforms/Channelwise.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Slices.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_MERGEBRANCHES
#include "compiler/Transforms/Passes.h.inc"

namespace {

//===-- windows ---------------------------------------------------------------------------------------------------===//

/// One spatial dimension of a window.
struct Taps {
  int64_t count = 1, stride = 1, low = 0, high = 0, dilation = 1;

  int64_t results(int64_t extent) const { return (extent + low + high - dilation * (count - 1) - 1) / stride + 1; }
  /// Zeros before the first tap of `part`, whose padding is no larger.
  int64_t before(const Taps &part) const { return (low - part.low) / dilation; }
};

using Window = SmallVector<Taps>;

Window windowOf(ConvOp conv) {
  Window window;
  size_t rank = conv.getSpatialRank();
  for (size_t d = 0; d < rank; ++d)
    window.push_back(
        {conv.getKernel()[d], conv.getStride()[d], conv.getPad()[d], conv.getPad()[rank + d], conv.getDilation()[d]});
  return window;
}

int64_t tapsOf(const Window &window) {
  int64_t product = 1;
  for (const Taps &taps : window)
    product *= taps.count;
  return product;
}

/// The taps of two windows that make `results` of `extent` elements.
std::optional<Taps> together(const Taps &a, const Taps &b, int64_t extent, int64_t results) {
  if (a.stride != b.stride || (a.count > 1 && b.count > 1 && a.dilation != b.dilation))
    return std::nullopt;
  Taps both{0, a.stride, std::max(a.low, b.low), std::max(a.high, b.high), a.count > 1 ? a.dilation : b.dilation};
  for (const Taps &part : {a, b}) {
    if ((both.low - part.low) % both.dilation != 0)
      return std::nullopt;
    both.count = std::max(both.count, both.before(part) + part.count);
  }
  return both.results(extent) == results ? std::optional<Taps>(both) : std::nullopt;
}

/// The same of all dimensions, where one convolution has no more taps than both.
std::optional<Window> together(const Window &a, const Window &b, RankedTensorType x, RankedTensorType y) {
  Window both;
  for (auto [d, taps] : llvm::enumerate(llvm::zip_equal(a, b))) {
    auto joined = together(std::get<0>(taps), std::get<1>(taps), x.getDimSize(2 + d), y.getDimSize(2 + d));
    if (!joined)
      return std::nullopt;
    both.push_back(*joined);
  }
  return tapsOf(both) <= tapsOf(a) + tapsOf(b) ? std::optional<Window>(both) : std::nullopt;
}

//===-- terms -----------------------------------------------------------------------------------------------------===//

/// A summand: a convolution of `x` that nobody else reads, or `x` with each channel by a factor and, where there is a
/// `shift`, moved; or anything else, without `x`.
struct Term {
  Value value;
  bool isNegative;
  Value x, factor, shift;
  ConvOp conv;
};

Term termOf(Value value, bool isNegative) {
  Term term{value, isNegative, {}, {}, {}, value.getDefiningOp<ConvOp>()};
  if (term.conv && value.hasOneUse() && !term.conv.getAlgorithm() &&
      llvm::all_of(term.conv->getOperands().drop_front(), isRecipe)) {
    term.x = term.conv.getX();
    return term;
  }
  term.conv = {};
  auto [shifted, shift] = channelwise<AddOp>(value);
  auto [x, factor] = channelwise<MulOp>(shift ? shifted : value);
  if (x)
    term.x = x, term.factor = factor, term.shift = shift;
  return term;
}

bool addsAlike(Operation *op) {
  return isa_and_nonnull<AddOp, SubOp>(op) && tensorOf(op->getResult(0)).hasStaticShape() &&
         llvm::all_of(op->getOperandTypes(), [&](Type type) { return type == op->getResult(0).getType(); });
}

/// Whether the sum is a summand of another alone.
bool isPart(Operation *op) { return op->hasOneUse() && addsAlike(*op->user_begin()); }

/// The terms of `root` in their order, and the sums between, readers first.
void collect(Operation *root, SmallVectorImpl<Term> &terms, SmallVectorImpl<Operation *> &sums) {
  SmallVector<std::pair<Value, bool>> open{{root->getResult(0), false}};
  while (!open.empty()) {
    auto [value, isNegative] = open.pop_back_val();
    Operation *op = value.getDefiningOp();
    if (op != root && !(addsAlike(op) && op->hasOneUse())) {
      terms.push_back(termOf(value, isNegative));
      continue;
    }
    sums.push_back(op);
    open.push_back({op->getOperand(1), isNegative != isa<SubOp>(op)});
    open.push_back({op->getOperand(0), isNegative});
  }
}

/// Of two of which either may be missing.
Value sumOf(OpBuilder &builder, Location loc, Value before, Value term, bool isNegative) {
  if (!term)
    return before;
  if (!before)
    return isNegative ? NegOp::create(builder, loc, term).getResult() : term;
  return isNegative ? SubOp::create(builder, loc, before, term).getResult()
                    : AddOp::create(builder, loc, before, term).getResult();
}

//===-- the convolution -------------------------------------------------------------------------------------------===//

/// Makes the convolution of several terms.
class Merger {
public:
  Merger(OpBuilder &builder, ConvOp first)
      : builder(builder), loc(first.getLoc()), first(first), window(windowOf(first)), taps(tapsOf(window)) {}

  /// Whether `term` is one of them now.
  bool take(Term term) {
    if (term.x != first.getX() || term.value == first.getY())
      return false;
    bool suits = term.conv ? term.conv.getGroups() == first.getGroups() : first.getFilter()[0] == channels();
    auto both = suits ? together(window, term.conv ? windowOf(term.conv) : Window(window.size()),
                                 tensorOf(first.getX()), tensorOf(first.getY()))
                      : std::nullopt;
    if (!both)
      return false;
    window = *both;
    if (term.conv && tapsOf(windowOf(term.conv)) > taps)
      loc = term.conv.getLoc(), taps = tapsOf(windowOf(term.conv)); // the layer is named after its largest window
    return true;
  }

  Value make(ArrayRef<Term> terms) {
    Value weight, bias;
    for (Term term : terms) {
      weight = sumOf(builder, loc, weight, term.conv ? widened(term.conv) : diagonal(term.factor), term.isNegative);
      Value shift = term.conv ? term.conv.getBias() : term.shift ? reshaped(term.shift, {channels()}) : Value();
      bias = sumOf(builder, loc, bias, shift, term.isNegative);
    }
    SmallVector<int64_t> stride, pad(2 * window.size()), dilation;
    for (auto [d, taps] : llvm::enumerate(window)) {
      stride.push_back(taps.stride), dilation.push_back(taps.dilation);
      pad[d] = taps.low, pad[window.size() + d] = taps.high;
    }
    return ConvOp::create(builder, loc, first.getY().getType(), first.getX(), weight, bias, stride, pad, dilation,
                          first.getGroups(), AlgorithmAttr(), DenseI64ArrayAttr());
  }

private:
  int64_t channels() { return tensorOf(first.getX()).getDimSize(1); }

  Value reshaped(Value value, ArrayRef<int64_t> shape) { return ReshapeOp::create(builder, loc, value, shape); }

  /// With zeros before and behind the dimensions from `from` on.
  Value padded(Value value, int64_t from, ArrayRef<int64_t> before, ArrayRef<int64_t> behind) {
    SmallVector<int64_t> low(from, 0), high(from, 0);
    llvm::append_range(low, before), llvm::append_range(high, behind);
    bool isSame =
        llvm::all_of(low, [](int64_t n) { return n == 0; }) && llvm::all_of(high, [](int64_t n) { return n == 0; });
    return isSame ? value : PadOp::create(builder, loc, value, low, high, PadMode::Constant, APFloat(0.0)).getResult();
  }

  /// The filter of a window with zeros up to the common one.
  Value widened(Value weight, const Window &part) {
    SmallVector<int64_t> before, behind;
    for (auto [own, all] : llvm::zip_equal(part, window)) {
      before.push_back(all.before(own));
      behind.push_back(all.count - before.back() - own.count);
    }
    return padded(weight, 2, before, behind);
  }
  Value widened(ConvOp conv) { return widened(conv.getWeight(), windowOf(conv)); }

  /// One tap, `factor` where a channel of a group meets itself: rows of n factors, each with n zeros behind it, are the
  /// diagonals of n by n once they are cut every n elements.
  Value diagonal(Value factor) {
    int64_t groups = first.getGroups(), n = channels() / groups;
    Value rows = padded(reshaped(factor, {groups, n, 1}), 2, 0, n);
    Value squares = slice(builder, reshaped(rows, {groups, n * (n + 1)}), 1, {0, n * n});
    SmallVector<int64_t> shape(2 + window.size(), 1);
    shape[0] = channels(), shape[1] = n;
    return widened(reshaped(squares, shape), Window(window.size()));
  }

  OpBuilder &builder;
  Location loc;
  ConvOp first;
  Window window;
  int64_t taps;
};

/// The terms that were merged, in place of the first of each, and all others as they are.
unsigned merge(OpBuilder &builder, SmallVectorImpl<Term> &terms) {
  unsigned merged = 0;
  llvm::DenseMap<Value, unsigned> readers; // among the terms
  for (const Term &term : terms)
    if (term.x)
      ++readers[term.x];
  for (size_t number = 0; number < terms.size(); ++number) {
    if (!terms[number].conv || readers.lookup(terms[number].x) < 2)
      continue;
    Merger merger(builder, terms[number].conv);
    SmallVector<Term> taken{terms[number]}, others;
    for (const Term &term : terms)
      (merger.take(term) ? taken : others).push_back(term);
    if (taken.size() == 1)
      continue;
    merged += taken.size() - 1;
    auto place = llvm::find_if(others, [&](const Term &term) { return term.value == terms[number].value; });
    number = place - others.begin();
    *place = {merger.make(taken), false, {}, {}, {}, {}};
    terms = std::move(others);
  }
  return merged;
}

struct MergeBranches : impl::MergeBranchesBase<MergeBranches> {
  void runOnOperation() override {
    SmallVector<Operation *> roots;
    getOperation().walk([&](Operation *op) {
      if (addsAlike(op) && !isPart(op))
        roots.push_back(op);
    });
    for (Operation *root : roots) {
      SmallVector<Term> terms;
      SmallVector<Operation *> sums;
      collect(root, terms, sums);
      OpBuilder builder(root);
      unsigned merged = merge(builder, terms);
      if (merged == 0)
        continue;
      numMerged += merged;
      Value sum;
      for (const Term &term : terms)
        sum = sumOf(builder, root->getLoc(), sum, term.value, term.isNegative);
      root->replaceAllUsesWith(ValueRange{sum});
      for (Operation *between : sums)
        between->erase();
    }
  }
};

} // namespace
} // namespace weft
