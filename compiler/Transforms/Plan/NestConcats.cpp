// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The longest earlier concatenation that is a prefix replaces its members. Quadratic only in concatenations that share
// their first member.
#include "compiler/Transforms/Plan/NestConcats.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

/// The members as written, before any were replaced.
using Members = SmallVector<Value>;

static bool isPrefix(const Members &shorter, const Members &longer) {
  return shorter.size() < longer.size() && std::equal(shorter.begin(), shorter.end(), longer.begin());
}

void weft::plan::nestConcats(func::FuncOp network) {
  llvm::DenseMap<Value, SmallVector<std::pair<tensor::ConcatOp, Members>>> byFirst;
  for (auto concat : network.getBody().front().getOps<tensor::ConcatOp>()) {
    Members members(concat.getInputs());
    std::pair<tensor::ConcatOp, Members> *best = nullptr;
    auto &earlier = byFirst[members.front()];
    for (auto &candidate : earlier)
      if (candidate.first.getDim() == concat.getDim() && isPrefix(candidate.second, members) &&
          (!best || candidate.second.size() > best->second.size()))
        best = &candidate;
    if (best) {
      Members nested{best->first.getResult()};
      nested.append(members.begin() + best->second.size(), members.end());
      concat.getInputsMutable().assign(nested);
    }
    earlier.emplace_back(concat, members);
  }
}
