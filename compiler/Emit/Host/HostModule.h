// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A plan as an LLVM module: the constant descriptor of the network, the host function that runs its steps, and the C
// functions of its header. The rest of this folder turns that into files.
#pragma once

#include "dialects/Plan/Plan.h"
#include "llvm/IR/Module.h"

#include <memory>
#include <string>
#include <vector>

namespace weft::emit {

/// Where the packed weights of a compiled network are.
enum class WeightsPlace { Image, File };

struct HostOptions {
  std::string name;                  ///< prefix of every C name of the network; a C identifier
  std::string target;                ///< as users write it, resolved: "cpu:znver4"
  std::vector<std::string> features; ///< LLVM's names; `create` refuses a processor that lacks one
  llvm::StringMap<std::string>
      kernelSymbols;       ///< kernel function to C symbol; those missing: kernelSymbol(name, kernel)
  WeightsPlace weights = WeightsPlace::Image;
  uint64_t weightHeaderChecksum = 0; ///< of the header the packed weights have, where they are in a file
  bool query = true;                 ///< define `weft_query`: for executables and shared libraries
};

/// The C symbol of a kernel of network `name`: "lenet5__conv5_0". No two networks share one.
std::string kernelSymbol(llvm::StringRef name, llvm::StringRef kernel);
/// The section of the packed weights in an image, and their C symbol.
constexpr char weightsSection[] = ".weft.weights";
std::string weightsSymbol(llvm::StringRef name);

/// The triple, and the data layout that goes with it, of everything this folder makes.
std::string hostTriple();

/// Whether kernels can index all of every operand; reports each launch where they cannot. To be asked before anything of
/// the size of the operands is made.
mlir::LogicalResult checkIndexRanges(mlir::ModuleOp module);

/// The module for the one `plan.program` of `module`. Null after an error that has been reported.
std::unique_ptr<llvm::Module> emitHostModule(mlir::ModuleOp module, const HostOptions &options,
                                             llvm::LLVMContext &context);

/// The one plan of a module; null after an error.
plan::ProgramOp findProgram(mlir::ModuleOp module);

} // namespace weft::emit
