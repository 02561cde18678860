// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What weftc does, as a library.
#pragma once

namespace weft {

/// Exit codes of every tool.
enum ExitCode { Success = 0, UserError = 1, UsageError = 2, CompilerBug = 3 };

/// The whole of weftc: command line to exit code. Errors go to standard error.
int runWeftc(int argc, char **argv);

} // namespace weft
