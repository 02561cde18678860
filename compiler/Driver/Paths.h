// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Where the tools find what ships beside them: the zoo, the runtime library, the kernel compiler.
#pragma once

#include <string>

namespace weft {

/// The folder of zoo networks: beside an installed tool, else the source tree the tool was built from.
std::string zooFolder();

/// Path of a program or library of weft's own (`bin/weft-kernelc`, `lib/libweft_runtime.a`), relative to the prefix the
/// running tool lies in.
std::string installedFile(const std::string &relative);

/// Whether the name of a file says that it is an ONNX model.
bool isOnnxFile(const std::string &path);

} // namespace weft
