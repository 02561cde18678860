// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A knapsack of which each layer takes one form or none. The best gain a byte first would not do: a layer's second form, at four
// times the bytes for a little more, shuts out another layer's first.
#include "compiler/Schedule/WeightsBudget.h"

#include "dialects/Weft/Winograd.h"

#include <cmath>
#include <vector>

using namespace mlir;

namespace weft {
namespace {

/// Convolutions of one filter that are alike: one layer for parts of a batch. Their filter is packed once.
using Alike = SmallVector<ConvOp>;

/// One form of convolutions that are alike, against the cheapest that needs no transformed filter.
struct Offer {
  FilterForm form;
  double gain, bytes;
};

/// Layers that are offered the same, of which all take one form.
struct Bundle {
  ArrayRef<Alike> layers;
  SmallVector<Offer> offers; ///< of all together
};

/// What is bought, and what all convolutions take then.
struct Purchase {
  llvm::DenseMap<Operation *, FilterForm> forms;
  double cycles = 0;
};

double bytesOf(Value tensor) { return double(cast<RankedTensorType>(tensor.getType()).getNumElements()) * 4; }

/// What the filters of convolutions take beside the weights they are parts of, where those overlap or leave something out.
double bytesOfParts(ArrayRef<Value> filters) {
  double more = 0;
  llvm::SmallPtrSet<Value, 8> wholes;
  for (Value filter : filters) {
    Value whole = filter;
    while (auto part = whole.getDefiningOp<SliceOp>())
      whole = part.getX();
    if (whole != filter)
      more += bytesOf(filter) - (wholes.insert(whole).second ? bytesOf(whole) : 0);
  }
  return more;
}

/// What an operation reads and writes beside weights, which are among `recipes`.
int64_t tensorBytes(Operation *op, const llvm::DenseSet<Value> &recipes) {
  int64_t bytes = 0;
  auto add = [&](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (type && type.hasStaticShape() && !recipes.contains(value))
      bytes += int64_t(bytesOf(value));
  };
  llvm::for_each(op->getOperands(), add);
  llvm::for_each(op->getResults(), add);
  return bytes;
}

/// Appends what Winograd's forms offer in the room beside the operands, an estimate as no buffers exist yet; gives what the other form takes more than is
/// written. To `cycles` is added what that takes.
double collectOffers(const Alike &convs, int64_t room, Machine machine, SmallVectorImpl<Offer> &offers, double &cycles) {
  ConvOp conv = convs.front();
  machine.roomBytes = std::max<int64_t>(room, 1);
  SmallVector<Choice> choices = candidates(conv, machine);
  auto other = llvm::find_if(choices, [](const Choice &choice) { return !savesProducts(choice.algorithm); });
  if (other == choices.end() || !other->algorithm)
    return 0;
  cycles += convs.size() * other->cycles;
  for (const Choice &choice : ArrayRef(choices.begin(), other))
    if (double gain = other->cycles - choice.cycles; gain > 0)
      offers.push_back({FilterForm(choice), convs.size() * gain, double(choice.weightBytes - other->weightBytes)});
  return double(other->weightBytes) - bytesOf(conv.getWeight());
}

/// Appends bundles of 1, 2, 4, ... of so many layers, and of the rest: any number of them can take one form and all others a
/// second, and a long network has few bundles.
void appendBundles(ArrayRef<Alike> layers, ArrayRef<Offer> offers, std::vector<Bundle> &bundles) {
  for (size_t most = 1; !layers.empty(); most *= 2) {
    Bundle bundle{layers.take_front(most), SmallVector<Offer>(offers)};
    layers = layers.drop_front(bundle.layers.size());
    for (Offer &offer : bundle.offers) {
      offer.gain *= bundle.layers.size();
      offer.bytes *= bundle.layers.size();
    }
    bundles.push_back(std::move(bundle));
  }
}

/// Which offer of each bundle to take, 0 for none, so that they gain most in `room` bytes, in parts of which sizes are counted.
std::vector<uint8_t> fill(ArrayRef<Bundle> bundles, double room) {
  constexpr size_t fewestParts = 4096, partsOfBundle = 16;
  const size_t parts = std::max(fewestParts, bundles.size() * partsOfBundle);
  auto sizeOf = [&](const Offer &offer) -> size_t {
    return offer.bytes <= 0 ? 0 : offer.bytes > room ? parts + 1 : size_t(std::ceil(offer.bytes * parts / room));
  };
  std::vector<double> most(parts + 1, 0), before; // gained by the bundles so far, in so many parts
  std::vector<uint8_t> taken(bundles.size() * (parts + 1), 0);
  for (auto [number, bundle] : llvm::enumerate(bundles)) {
    before = most;
    uint8_t *takenHere = &taken[number * (parts + 1)];
    for (auto [index, offer] : llvm::enumerate(bundle.offers)) {
      const size_t size = sizeOf(offer);
      for (size_t space = size; space <= parts; ++space) {
        double with = before[space - size] + offer.gain;
        takenHere[space] = with > most[space] ? index + 1 : takenHere[space];
        most[space] = std::max(most[space], with);
      }
    }
  }
  std::vector<uint8_t> chosen(bundles.size());
  size_t space = parts;
  for (size_t number = bundles.size(); number-- > 0;)
    if (uint8_t offer = chosen[number] = taken[number * (parts + 1) + space])
      space -= sizeOf(bundles[number].offers[offer - 1]);
  return chosen;
}

Purchase purchase(func::FuncOp function, const Machine &machine, double budget) {
  double written = 0, more = 0;
  function.walk([&](WeightOp weight) { written += bytesOf(weight.getValue()); });
  int64_t peak = 0;
  llvm::DenseSet<Value> recipes = recipesIn(function.getBody().front());
  function.walk([&](Operation *op) { peak = std::max(peak, tensorBytes(op, recipes)); });
  llvm::MapVector<std::tuple<Value, Type, Type, Attribute>, Alike> alike;
  function.walk([&](ConvOp conv) {
    if (!recipes.contains(conv.getWeight())) // computed while running
      return;
    Attribute form = conv->getAttrDictionary();
    alike[{conv.getWeight(), conv.getX().getType(), conv.getY().getType(), form}].push_back(conv);
  });
  // What is offered follows from these: a long network asks once for many layers.
  llvm::MapVector<std::tuple<Type, Type, Type, Attribute, unsigned, size_t>, std::vector<Alike>> offeredTheSame;
  SmallVector<Value> filters;
  for (auto &[key, convs] : alike) {
    auto [filter, x, y, form] = key;
    filters.push_back(filter);
    offeredTheSame[{filter.getType(), x, y, form, recipes.contains(convs.front().getX()), convs.size()}].push_back(convs);
  }
  Purchase bought;
  std::vector<Bundle> bundles;
  for (const auto &[key, layers] : offeredTheSame) {
    SmallVector<Offer> offers;
    double cycles = 0;
    int64_t room = machine.allowedBytes(peak, samplesOf(function)) - tensorBytes(layers.front().front(), recipes);
    more += layers.size() * collectOffers(layers.front(), room, machine, offers, cycles);
    bought.cycles += layers.size() * cycles;
    if (!offers.empty())
      appendBundles(layers, offers, bundles);
  }
  more += bytesOfParts(filters);
  for (auto [bundle, offer] : llvm::zip_equal(bundles, fill(bundles, budget * written - written - more))) {
    if (offer == 0)
      continue;
    bought.cycles -= bundle.offers[offer - 1].gain;
    for (const Alike &convs : bundle.layers)
      for (ConvOp conv : convs)
        bought.forms[conv] = bundle.offers[offer - 1].form;
  }
  return bought;
}

} // namespace

bool savesProducts(std::optional<Algorithm> algorithm) {
  return winogradTile(algorithm) || algorithm == Algorithm::Strassen;
}

llvm::DenseMap<Operation *, FilterForm> spendWeightsBudget(func::FuncOp function, Machine machine, double budget) {
  constexpr double worthMemory = 0.97; // of the time, for an arena that grows where weights shrink
  machine.tradesWeights = false;
  Purchase kept = purchase(function, machine, budget);
  if (machine.filterTransform == 0)
    return kept.forms;
  machine.tradesWeights = true;
  Purchase traded = purchase(function, machine, budget);
  if (traded.cycles >= worthMemory * kept.cycles)
    return kept.forms;
  function->setAttr(tradesWeightsAttr, UnitAttr::get(function.getContext()));
  return traded.forms;
}

} // namespace weft
