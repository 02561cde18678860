// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Whether a node takes only what the standard lets its operation take. A conversion reads what it knows and would pass over
// the rest: a misspelt `strides` would silently be a convolution without.
#include "compiler/Support/Diagnostics.h"
#include "frontends/Onnx/Importer.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace weft;
using namespace weft::onnxfile;
using llvm::StringRef;

namespace {

struct Signature {
  size_t inputs; ///< at most; 0: any number
  StringRef attributes;
};

const llvm::StringMap<Signature> &signatures() {
  static const llvm::StringMap<Signature> all = {
#define SIGNATURE(OP, INPUTS, ATTRIBUTES) {OP, {INPUTS, ATTRIBUTES}},
#include "frontends/Onnx/Signatures.def"
#undef SIGNATURE
  };
  return all;
}

std::string listed(llvm::ArrayRef<StringRef> names) {
  return names.empty() ? "it has none" : "it has `" + llvm::join(names, "`, `") + "`";
}

} // namespace

std::vector<std::pair<StringRef, StringRef>> weft::onnxfile::standardOperations() {
  return {
#define SIGNATURE(OP, INPUTS, ATTRIBUTES) {OP, ATTRIBUTES},
#include "frontends/Onnx/Signatures.def"
#undef SIGNATURE
  };
}

std::string weft::onnxfile::whyUnlikeStandard(const Node &node) {
  auto found = signatures().find(node.op);
  if (found == signatures().end())
    return "";
  const Signature &signature = found->second;
  if (signature.inputs && node.inputs.size() > signature.inputs)
    return "has " + std::to_string(node.inputs.size()) + " inputs; the operation takes at most " +
           std::to_string(signature.inputs);
  llvm::SmallVector<StringRef> known;
  signature.attributes.split(known, ' ', -1, /*KeepEmpty=*/false);
  llvm::StringSet<> seen;
  for (const onnxfile::Attribute &attribute : node.attributes) {
    std::string name = "`" + printable(attribute.name, 60) + "`";
    if (node.op == "SpaceToDepth" && attribute.name == "mode")
      continue; // no attribute of the standard, and yet exporters and the standard's own tests write it
    if (!llvm::is_contained(known, attribute.name))
      return "the operation has no attribute " + name + "; " + listed(known);
    if (!seen.insert(attribute.name).second)
      return "has the attribute " + name + " twice";
  }
  return "";
}
