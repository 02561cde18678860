// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What exporters compute on shapes is computed here, before anything is made of it: a node all of whose inputs are known.
#include "frontends/Onnx/Folding.h"

using namespace weft;
using namespace weft::onnxfile;
using llvm::StringRef;

using FoldTable = llvm::StringMap<bool (*)(NodeImport &)>;

static FoldTable makeTable() {
  FoldTable table;
  for (auto rows : {elementFolds, shapeFolds, indexFolds, reductionFolds})
    for (const FoldRow &row : rows())
      table[row.op] = row.fold;
  return table;
}

static const FoldTable &foldTable() {
  static const FoldTable table = makeTable();
  return table;
}

/// These look at shapes only; their inputs need not be known.
static bool readsShapesOnly(StringRef op) {
  return op == "Shape" || op == "Size" || op == "ConstantOfShape" || op == "EyeLike";
}

bool weft::onnxfile::foldNode(NodeImport &node) {
  auto row = foldTable().find(node.node.op);
  if (row == foldTable().end())
    return false;
  if (readsShapesOnly(node.node.op))
    return row->second(node);
  if (!node.inputs())
    return false;
  int64_t elements = 0;
  for (size_t i = 0; i < node.inputs(); ++i) {
    if (node.has(i) && !node.folded(i))
      return false;
    elements += node.has(i) ? node.folded(i)->size() : 0;
  }
  return node.has(0) && node.mayCompute(elements) && row->second(node);
}

bool weft::onnxfile::canFold(StringRef op) { return foldTable().contains(op); }
