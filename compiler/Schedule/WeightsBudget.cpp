// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A knapsack filled greedily: offers are many and small, so the best gain a byte first is close to the best there is.
#include "compiler/Schedule/WeightsBudget.h"

#include "compiler/Schedule/Family.h"

#include <vector>

using namespace mlir;

namespace weft {

bool isWinograd(std::optional<Algorithm> algorithm) {
  return algorithm == Algorithm::Winograd2 || algorithm == Algorithm::Winograd4 || algorithm == Algorithm::Winograd6;
}

llvm::DenseSet<Operation *> spendWeightsBudget(func::FuncOp function, const Machine &machine, double budget) {
  struct Offer {
    Operation *conv;
    double gain, bytes;
    size_t order;
  };
  std::vector<Offer> offers;
  double written = 0, packed = 0;
  function.walk([&](WeightOp weight) {
    written += double(cast<RankedTensorType>(weight.getValue().getType()).getNumElements()) * 4;
  });
  packed = written;
  function.walk([&](ConvOp conv) {
    SmallVector<Choice> choices = candidates(conv, machine);
    auto other = llvm::find_if(choices, [](const Choice &choice) { return !isWinograd(choice.algorithm); });
    if (isWinograd(choices.front().algorithm) && other != choices.end())
      offers.push_back({conv, other->cycles - choices.front().cycles,
                        double(choices.front().weightBytes - other->weightBytes), offers.size()});
  });
  auto better = [](const Offer &a, const Offer &b) {
    double left = a.gain * b.bytes, right = b.gain * a.bytes;
    return left != right ? left > right : a.order < b.order;
  };
  llvm::sort(offers, better);
  llvm::DenseSet<Operation *> allowed;
  for (const Offer &offer : offers)
    if (packed + offer.bytes <= budget * written) {
      packed += offer.bytes;
      allowed.insert(offer.conv);
    }
  return allowed;
}

} // namespace weft
