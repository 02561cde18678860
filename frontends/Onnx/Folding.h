// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Nodes computed while importing: what the categories of folds share. A fold is called where all inputs of the node are
// known; false says that it does not apply.
#pragma once

#include "frontends/Onnx/Importer.h"

namespace weft::onnxfile {

struct FoldRow {
  llvm::StringRef op;
  bool (*fold)(NodeImport &);
};

// The rows of each category, one file each.
std::vector<FoldRow> elementFolds();
std::vector<FoldRow> shapeFolds();
std::vector<FoldRow> indexFolds();
std::vector<FoldRow> reductionFolds();

} // namespace weft::onnxfile
