// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Tells code generation that outputs are the caller's memory also where a kernel reads them back. Halide 21 takes a
// load from an output for one from its own, aligned buffers and makes instructions of it that fault on others.
#pragma once

#include "Halide.h"

#include <map>

namespace weft::emit {

class OutputLoads : public Halide::Internal::IRMutator {
public:
  explicit OutputLoads(const std::vector<Halide::Func> &outputs) {
    for (Halide::Func output : outputs)
      parameters.emplace(output.name(), output.output_buffer().parameter());
  }

private:
  using Halide::Internal::IRMutator::visit;

  Halide::Expr visit(const Halide::Internal::Load *op) override {
    auto found = parameters.find(op->name);
    if (found == parameters.end())
      return IRMutator::visit(op);
    return Halide::Internal::Load::make(op->type, op->name, mutate(op->index), op->image, found->second,
                                        mutate(op->predicate), op->alignment);
  }

  std::map<std::string, Halide::Parameter> parameters;
};

} // namespace weft::emit
