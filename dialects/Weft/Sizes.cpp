// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Run-time sizes carried forward. Operations on edges and vertices say themselves which size their rows have; all others
// take it from the operand that has a run-time dimension in the same place.
#include "dialects/Weft/Sizes.h"

#include "dialects/Weft/Weft.h"

using namespace mlir;
using namespace weft;

Sizes::Sizes(func::FuncOp network) {
  if (auto module = network->getParentOfType<ModuleOp>())
    if (auto given = module->getAttrOfType<DictionaryAttr>("weft.bounds"))
      for (NamedAttribute bound : given)
        if (auto value = dyn_cast<IntegerAttr>(bound.getValue()))
          bounds[bound.getName()] = value.getInt();
  for (BlockArgument argument : network.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    auto dims = network.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "weft.dims");
    if (!type || type.hasStaticShape() || !dims || dims.size() != size_t(type.getRank()))
      continue;
    for (Attribute dim : dims)
      names[argument].push_back(cast<StringAttr>(dim).str());
  }
  for (Operation &op : network.getBody().front())
    carry(op);
}

void Sizes::carry(Operation &op) {
  for (Value result : op.getResults()) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type || type.hasStaticShape())
      continue;
    SmallVector<std::string> dims(type.getRank());
    for (unsigned d = 0; d < dims.size(); ++d)
      if (type.isDynamicDim(d))
        dims[d] = sizeOf(op, d);
    names[result] = std::move(dims);
  }
}

StringRef Sizes::nameOf(Value value, unsigned dim) const {
  auto found = names.find(value);
  return found == names.end() || dim >= found->second.size() ? StringRef() : StringRef(found->second[dim]);
}

std::string Sizes::sizeOf(Operation &op, unsigned dim) const {
  if (auto edges = dyn_cast<AggregateOp>(op); edges && dim == 0)
    return nameOf(edges.getIndptr(), 0).split(" + ").first.str();
  if (auto edges = dyn_cast<SoftmaxByDstOp>(op); edges && dim == 0)
    return nameOf(edges.getIndices(), 0).str();
  if (auto readout = dyn_cast<ReadoutOp>(op); readout && dim == 0)
    return readout.getSize().value_or("?").str();
  if (auto gather = dyn_cast<GatherOp>(op); gather && dim >= gather.getAxis())
    if (StringRef name = nameOf(gather.getIndices(), dim - gather.getAxis()); !name.empty())
      return name.str();
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return nameOf(transpose.getX(), transpose.getPerm()[dim]).str();
  for (Value operand : op.getOperands())
    if (StringRef name = nameOf(operand, dim); !name.empty() && !name.contains(' '))
      return name.str();
  for (Value operand : op.getOperands())
    if (auto found = names.find(operand); found != names.end())
      for (StringRef name : found->second)
        if (!name.empty() && !name.contains(' '))
          return name.str();
  return "?";
}

SmallVector<std::string> Sizes::dims(Value value) const {
  RankedTensorType type = tensorOf(value);
  SmallVector<std::string> texts;
  for (unsigned d = 0; d < type.getRank(); ++d) {
    StringRef name = type.isDynamicDim(d) ? nameOf(value, d) : StringRef();
    texts.push_back(!type.isDynamicDim(d) ? std::to_string(type.getDimSize(d)) : name.empty() ? "?" : name.str());
  }
  return texts;
}

Extents Sizes::largest(Value value) const {
  Extents extents(tensorOf(value).getShape());
  for (unsigned d = 0; d < extents.size(); ++d) {
    if (!ShapedType::isDynamic(extents[d]))
      continue;
    auto [name, more] = nameOf(value, d).split(" + ");
    int64_t add = 0;
    more.getAsInteger(10, add);
    auto bound = bounds.find(name);
    extents[d] = (bound == bounds.end() ? 1 : bound->second) + add;
  }
  return extents;
}
