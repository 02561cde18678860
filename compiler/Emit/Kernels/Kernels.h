// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// KernelDescs to objects from inside the compiler: what is cached is taken from there, the rest goes to weft-kernelc.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

namespace weft::emit {

struct KernelCompileOptions {
  std::string kernelCompiler;       ///< path of weft-kernelc
  std::string target = "x86-64-v3"; ///< `x86-64-v3`, `x86-64-v4`, `znver4`, `znver5`, `sapphirerapids`
  bool asserts = false;             ///< keep Halide's run-time checks
  bool scratchOnly = false;         ///< no code, only KernelObject::scratch
  bool assembly = false;            ///< fill KernelObject::assembly; nothing is taken from the cache then
  unsigned jobs = 0;                ///< kernels at a time; 0: one a core
  unsigned seconds = 120;           ///< one kernel may take
  unsigned mebibytes = 4096;        ///< of address space for one kernel
  bool useCache = true;
  std::string cacheFolder;            ///< empty: defaultCacheFolder()
  uint64_t cacheBytes = 512u << 20;   ///< least recently used entries go beyond this
  std::string reproducerFolder = "."; ///< gets weft-NAME.kernel when compiling NAME fails; empty: nothing does
};

struct KernelObject {
  std::string name;
  std::string object;  ///< bytes of a relocatable file that defines `name`
  std::string scratch; ///< see compiler/Kernel/Scratch.h
  bool wasCached = false;
  std::string assembly; ///< text, where it was asked for
};

/// One object a kernel, in their order; equal texts are compiled once. Bytes depend on the kernel, the target and the
/// build of weft-kernelc only. An error names the kernel and says where its reproducer lies; all kernels that failed
/// are in it. Such a failure is a bug of the compiler, except an unusable `cacheFolder` or a missing weft-kernelc.
llvm::Expected<std::vector<KernelObject>> compileKernels(llvm::ArrayRef<kernel::KernelDesc> kernels,
                                                         const KernelCompileOptions &options);

/// A kernel that could not be compiled: a bug of weft. Other errors of compileKernels are about its environment.
class KernelError : public llvm::ErrorInfo<KernelError> {
public:
  static char ID;
  explicit KernelError(std::string text, std::string kernel = "") : kernel(std::move(kernel)), text(std::move(text)) {}
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }

  const std::string kernel; ///< the first that failed; empty where that is not known

private:
  std::string text;
};

} // namespace weft::emit
