// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Calls on graphs that have no region: readout and dot. Frontends build aggregate and softmax_by_dst themselves.
#include "dialects/Weft/CallBuilder.h"

using namespace mlir;
using namespace weft;

/// `graphs=` is an integer, or the name of a run-time size.
static FailureOr<Values> buildReadout(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x"), part = call.tensor("part");
  FailureOr<StringRef> kind = call.word("kind", {"sum", "mean", "max", "min"});
  if (failed(x) || failed(part) || failed(kind))
    return failure();
  if (!isa<IntegerType>(tensorOf(*part).getElementType())) {
    call.error(call.locOf("part")) << "`part` is " << spell(tensorOf(*part)) << ", expected i32 or i64";
    return failure();
  }
  Attributes attributes{
      call.named("kind", ReduceKindAttr::get(call.builder.getContext(), *symbolizeReduceKind(*kind)))};
  if (auto size = dyn_cast_or_null<StringAttr>(call.attribute("graphs"))) {
    attributes.push_back(call.named("graphs", call.builder.getI64IntegerAttr(-1)));
    attributes.push_back(call.named("size", size));
    return call.make("weft.readout", {*x, *part}, attributes);
  }
  FailureOr<int64_t> graphs = call.integer("graphs");
  if (failed(graphs))
    return failure();
  attributes.push_back(call.named("graphs", call.builder.getI64IntegerAttr(*graphs)));
  return call.make("weft.readout", {*x, *part}, attributes);
}

std::vector<Signature> weft::graphCalls() {
  return {{"readout",
           {{"x", Takes::Tensor}, {"part", Takes::Tensor}, {"kind", Takes::Word, true}, {"graphs", Takes::Anything}},
           buildReadout},
          {"dot", {{"x", Takes::Tensor}, {"y", Takes::Tensor}}, buildPlainly}};
}
