// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Summaries as text, CSV and JSON: one network layer by layer, several side by side.
#pragma once

#include "compiler/Summary/Summary.h"

#include "llvm/Support/raw_ostream.h"

#include <optional>

namespace weft {

/// A network and how it is called in a comparison: "vgg16", "convnet N=2".
struct NamedSummary {
  std::string label;
  NetworkSummary network;
};

/// With one network its layers and totals, with several a row each and ratios to the first. `deviceBytes`: also the
/// largest batch.
void printText(llvm::ArrayRef<NamedSummary> networks, std::optional<int64_t> deviceBytes, llvm::raw_ostream &out);
void printCsv(llvm::ArrayRef<NamedSummary> networks, std::optional<int64_t> deviceBytes, llvm::raw_ostream &out);
/// One network: an object; several: `{"models": [...]}`.
void printJson(llvm::ArrayRef<NamedSummary> networks, std::optional<int64_t> deviceBytes, llvm::raw_ostream &out);

} // namespace weft
