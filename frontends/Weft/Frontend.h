// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What the driver calls: a .weft text to a module of phase parse, or to its canonical form.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <utility>
#include <vector>

namespace weft {

struct ParseRequest {
  /// A path, or "zoo:NAME".
  std::string fileName;
  /// The folder `zoo/...` is imported from.
  std::string zooDir;
  /// `--set NAME=VALUE`.
  std::vector<std::pair<std::string, std::string>> settings;
  /// Results, layers and blocks to compile up to; empty: all results that are not optional.
  std::vector<std::string> outputs;
  /// Which net, where the file has several; empty: the only one, or the one named as the file.
  std::string netName;
};

/// The module as compiler/README.md describes it after phase parse, without `weft.target`; null after errors, which
/// have been written to `errors`. The dialects needed are loaded into `context`.
mlir::OwningOpRef<mlir::ModuleOp> parseWeft(const ParseRequest &request, mlir::MLIRContext &context,
                                            llvm::raw_ostream &errors);

/// Writes the canonical form of a file or of "zoo:NAME"; false after errors.
bool printCanonical(llvm::StringRef fileName, llvm::StringRef zooDir, llvm::raw_ostream &out,
                    llvm::raw_ostream &errors);

/// Names for "zoo:NAME", sorted.
std::vector<std::string> zooNetworks(llvm::StringRef zooDir);

} // namespace weft
