// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A knapsack filled greedily: offers are many and small, so the best gain a byte first is close to the best there is.
#include "compiler/Schedule/WeightsBudget.h"

#include "compiler/Schedule/Family.h"
#include "dialects/Weft/Winograd.h"

#include <vector>

using namespace mlir;

namespace weft {
namespace {

/// Convolutions of one filter that are alike: one layer for parts of a batch. Their filter is packed once.
using Alike = SmallVector<ConvOp>;

/// One form of convolutions that are alike, against the cheapest that needs no transformed filter.
struct Offer {
  const Alike *convs;
  Algorithm algorithm;
  double gain, bytes;
  size_t order;
};

double bytesOf(Value tensor) { return double(cast<RankedTensorType>(tensor.getType()).getNumElements()) * 4; }

/// What an operation reads and writes beside weights.
int64_t tensorBytes(Operation *op) {
  int64_t bytes = 0;
  auto add = [&](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (type && type.hasStaticShape() && !isRecipe(value))
      bytes += int64_t(bytesOf(value));
  };
  llvm::for_each(op->getOperands(), add);
  llvm::for_each(op->getResults(), add);
  return bytes;
}

/// Appends what Winograd's forms offer in the room beside the operands, an estimate as no buffers exist yet; gives what the other form takes more than is written.
double collectOffers(const Alike &convs, int64_t allowed, Machine machine, std::vector<Offer> &offers) {
  ConvOp conv = convs.front();
  machine.roomBytes = std::max<int64_t>(allowed - tensorBytes(conv), 1);
  SmallVector<Choice> choices = candidates(conv, machine);
  auto other = llvm::find_if(choices, [](const Choice &choice) { return !isWinograd(choice.algorithm); });
  if (other == choices.end() || !other->algorithm)
    return 0;
  for (const Choice &choice : ArrayRef(choices.begin(), other))
    offers.push_back({&convs, *choice.algorithm, convs.size() * (other->cycles - choice.cycles),
                      double(choice.weightBytes - other->weightBytes), offers.size()});
  return double(other->weightBytes) - bytesOf(conv.getWeight());
}

bool better(const Offer &a, const Offer &b) {
  double left = a.gain * b.bytes, right = b.gain * a.bytes;
  return left != right ? left > right : a.order < b.order;
}

} // namespace

bool isWinograd(std::optional<Algorithm> algorithm) {
  return winogradTile(algorithm).has_value();
}

llvm::DenseMap<Operation *, Algorithm> spendWeightsBudget(func::FuncOp function, const Machine &machine,
                                                          double budget) {
  std::vector<Offer> offers;
  double written = 0, more = 0;
  function.walk([&](WeightOp weight) { written += bytesOf(weight.getValue()); });
  int64_t peak = 0;
  function.walk([&](Operation *op) { peak = std::max(peak, tensorBytes(op)); });
  llvm::MapVector<std::tuple<Value, Type, Type, Attribute>, Alike> layers;
  function.walk([&](ConvOp conv) {
    Attribute form = conv->getAttrDictionary();
    layers[{conv.getWeight(), conv.getX().getType(), conv.getY().getType(), form}].push_back(conv);
  });
  for (const auto &[key, convs] : layers)
    more += collectOffers(convs, Machine::allowedBytes(peak), machine, offers);
  llvm::sort(offers, better);
  double packed = written + more;
  llvm::DenseMap<const Alike *, const Offer *> taken;
  for (const Offer &offer : offers) {
    const Offer *&before = taken[offer.convs]; // a form that gains more a byte, but less in all
    if (before && before->gain >= offer.gain)
      continue;
    double bytes = offer.bytes - (before ? before->bytes : 0);
    if (packed + bytes > budget * written)
      continue;
    packed += bytes;
    before = &offer;
  }
  llvm::DenseMap<Operation *, Algorithm> forms;
  for (auto [convs, offer] : taken)
    for (ConvOp conv : *convs)
      if (offer)
        forms[conv] = offer->algorithm;
  return forms;
}

} // namespace weft
