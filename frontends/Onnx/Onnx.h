// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What the driver calls: an ONNX file to a module of phase parse, and the same file as a source of weights.
#pragma once

#include "compiler/Weights/Safetensors.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <utility>
#include <vector>

namespace weft {

struct OnnxRequest {
  std::string fileName;
  /// `--set NAME=VALUE`: values for dimensions the file leaves open, by their `dim_param`, or by `INPUT.INDEX`; for inputs of one number,
  /// which are constants then, by their name.
  std::vector<std::pair<std::string, std::string>> settings;
  /// Results, tensors and operations inside to compile up to; empty: all results.
  std::vector<std::string> outputs;
};

/// The module as compiler/README.md describes it after phase parse, without `weft.target`; null after errors, which
/// have been written to `errors`.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(const OnnxRequest &request, mlir::MLIRContext &context,
                                             llvm::raw_ostream &errors);

/// The operations `importOnnx` takes, sorted, each with the attributes the standard gives it.
std::vector<std::pair<std::string, std::string>> onnxOperations();

/// The initialisers (and constants of nodes) of an ONNX file whose paths `needed` has, as a file of weights.
llvm::Expected<SafetensorsFile> openOnnxWeights(llvm::StringRef path, llvm::ArrayRef<std::string> needed);

} // namespace weft
