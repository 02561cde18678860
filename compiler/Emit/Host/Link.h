// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Objects to an executable, a shared library or one object, with `cc` or `ld.lld`, whichever the machine has.
#pragma once

#include "compiler/Support/Files.h"

#include <string>
#include <vector>

namespace weft::emit {

struct LinkOptions {
  enum Kind { Executable, SharedLibrary, Object } kind = Executable;
  std::vector<std::string> objects;  ///< in this order: host module, kernels
  std::vector<std::string> archives; ///< libweft_main.a for executables, libweft_runtime.a
  std::string name;                  ///< the network's: a shared library exports NAME_* and weft_query
  std::string output;                ///< what the file is called once it is committed
  std::string last;                  ///< a section that lies last in memory; empty: none must
};

/// Links, beside the output. The error has the linker's own first lines.
llvm::Expected<OutputFile> link(const LinkOptions &options);

/// The linker `link` would use, for messages; empty when there is none.
std::string findLinker();

} // namespace weft::emit
