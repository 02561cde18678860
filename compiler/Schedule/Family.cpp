// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The list of families and the attribute form of a choice.
#include "compiler/Schedule/Family.h"

#include "compiler/Schedule/OpKinds.h"

#include <array>

using namespace mlir;

namespace weft {

ArrayRef<const Family *> families() {
  static const std::array<const Family *, 18> all = {
      &directFamily(),    &winogradFamily(), &strassenFamily(),    &firstFamily(),     &depthwiseFamily(), &gemmFamily(),
      &planarFamily(),    &poolingFamily(),  &lrnFamily(),         &normalizationFamily(), &reductionFamily(), &segmentFamily(),
      &scatterFamily(),   &pointwiseFamily(), &chainFamily(),      &permutationFamily(), &tilesFamily(),   &generalFamily()};
  return all;
}

const Family *familyNamed(StringRef name) {
  for (const Family *family : families())
    if (family->name() == name)
      return family;
  return nullptr;
}

SmallVector<Choice> candidates(Operation *head, const Machine &machine) {
  SmallVector<Choice> choices;
  for (const Family *family : families())
    family->candidates(head, machine, choices);
  auto cheaper = [](const Choice &a, const Choice &b) { return a.cycles < b.cycles; };
  for (size_t i = 1; i < choices.size(); ++i) // a handful: insertion keeps ties in the order of families
    for (size_t k = i; k > 0 && cheaper(choices[k], choices[k - 1]); --k)
      std::swap(choices[k], choices[k - 1]);
  return choices;
}

Operation *headOf(GroupOp group) {
  for (Operation &op : group.getBody().front().without_terminator())
    if (!isPointwise(&op) && !isa<PadOp, GatherOp, GatherElementsOp>(op)) // which a group prepares what it reads with
      return &op;
  return &group.getBody().front().front();
}

std::optional<Choice> choiceOf(GroupOp group, const Machine &machine) {
  Operation *head = headOf(group);
  auto decided = head->getAttrOfType<AlgorithmAttr>("algorithm");
  for (Choice &choice : candidates(head, machine))
    if (!decided || choice.algorithm == decided.getValue())
      return choice;
  return std::nullopt;
}

DictionaryAttr makeParameters(MLIRContext *context, StringRef family, ArrayRef<std::pair<StringRef, int64_t>> values) {
  Builder builder(context);
  NamedAttrList entries;
  entries.set("family", builder.getStringAttr(family));
  for (auto [key, value] : values)
    entries.set(key, builder.getI64IntegerAttr(value));
  return entries.getDictionary(context);
}

std::string choiceProblem(DictionaryAttr choice) {
  std::string problem;
  if (choice)
    choice.walk([&](DictionaryAttr part) {
      auto family = part.getAs<StringAttr>("family");
      const int64_t least = family && family == "winograd" ? 1 : 0; // its stages are made of these; elsewhere 0 says that something is not done
      for (NamedAttribute entry : part)
        if (auto value = dyn_cast<IntegerAttr>(entry.getValue()); value && problem.empty() && (value.getInt() < least || value.getInt() > INT32_MAX))
          problem = ("`" + entry.getName().getValue() + "` of its choice is " + Twine(value.getInt()) + "; it is " + Twine(least) + " or more, below 2^31").str();
    });
  return problem;
}

int64_t parameter(DictionaryAttr choice, StringRef key, int64_t otherwise) {
  auto value = choice ? choice.getAs<IntegerAttr>(key) : IntegerAttr();
  return value ? value.getInt() : otherwise;
}

} // namespace weft
