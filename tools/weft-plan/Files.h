// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Files read whole, and written beside their place and renamed into it, so that a reader never sees half of one.
#pragma once

#include <optional>
#include <string>

namespace weft::plan_tool {

/// The content of a file, or of standard input for "-"; otherwise `error` says why not.
std::optional<std::string> readFile(const std::string &path, std::string &error);

/// Writes a file, or to standard output for "-"; says why not.
std::optional<std::string> writeFile(const std::string &path, const std::string &content);

/// Whether both are one file, there already or to be.
bool isSameFile(const std::string &a, const std::string &b);

} // namespace weft::plan_tool
