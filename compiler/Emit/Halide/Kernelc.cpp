// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// weft-kernelc: KernelDesc texts in, objects out. The compiler starts it for every batch; a person can run it on a
// reproducer. One line a kernel goes to standard output: its number, `ok`, `error`, `crash` or `timeout`, and why.
#include "compiler/Emit/Halide/Batch.h"
#include "compiler/Kernel/Check.h"
#include "compiler/Kernel/Text.h"

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sys/prctl.h>

using namespace weft;

namespace {

constexpr const char *usage = R"(usage: weft-kernelc -o FOLDER [options] [FILE]

Compiles the kernels of FILE (default or `-`: standard input) to FOLDER/N.o, N counting from 0, with the formula of
their scratch memory in FOLDER/N.scratch.

  --target=NAME       x86-64-v3 (default), x86-64-v4, znver4, znver5 or sapphirerapids
  --asserts           keep Halide's run-time checks
  --asm               FOLDER/N.s too
  --scratch           only FOLDER/N.scratch, no code
  --jobs=N            kernels at a time (default 1)
  --timeout=SECONDS   for one kernel (default 120)
  --memory-mib=N      address space of one kernel (default 4096)
  --with-parent       end when the process ends that started it
  --help
)";

struct CommandLine {
  emit::BatchOptions batch;
  std::string input = "-";
};

[[noreturn]] void usageError(const std::string &message) {
  std::cerr << "weft-kernelc: " << message << "\n\n" << usage;
  std::exit(2);
}

bool takeValue(const std::string &argument, const char *flag, std::string &value) {
  std::string prefix = std::string(flag) + "=";
  if (argument.compare(0, prefix.size(), prefix) != 0)
    return false;
  value = argument.substr(prefix.size());
  return true;
}

bool takeNumber(const std::string &argument, const char *flag, unsigned &number) {
  std::string value;
  if (!takeValue(argument, flag, value))
    return false;
  auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (failed != std::errc() || end != value.data() + value.size() || number == 0)
    usageError("`" + std::string(flag) + "` takes a whole number from 1, not `" + value + "`");
  return true;
}

CommandLine parseCommandLine(int argc, char **argv) {
  CommandLine line;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument == "--help") {
      std::cout << usage;
      std::exit(0);
    } else if (argument == "-o" && i + 1 < argc) {
      line.batch.folder = argv[++i];
    } else if (argument == "--asserts") {
      line.batch.compile.asserts = true;
    } else if (argument == "--asm") {
      line.batch.assembly = true;
    } else if (argument == "--with-parent") {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
    } else if (argument == "--scratch") {
      line.batch.scratchOnly = true;
    } else if (!takeValue(argument, "--target", line.batch.compile.target) &&
               !takeNumber(argument, "--jobs", line.batch.jobs) &&
               !takeNumber(argument, "--timeout", line.batch.seconds) &&
               !takeNumber(argument, "--memory-mib", line.batch.mebibytes)) {
      if (argument.size() > 1 && argument[0] == '-')
        usageError("no option `" + argument + "`");
      line.input = argument;
    }
  }
  if (line.batch.folder.empty())
    usageError("`-o FOLDER` is missing");
  return line;
}

std::string readInput(const std::string &path) {
  if (path == "-")
    return {std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    std::cerr << "weft-kernelc: cannot read `" << path << "`: " << std::strerror(errno) << "\n";
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

int main(int argc, char **argv) {
  CommandLine line = parseCommandLine(argc, argv);
  kernel::ParseError error;
  std::optional<std::vector<kernel::KernelDesc>> kernels = kernel::parseKernels(readInput(line.input), error);
  if (!kernels) {
    std::cerr << line.input << ":" << error.line << ":" << error.column << ": error: " << error.message << "\n";
    return 1;
  }
  for (const kernel::KernelDesc &desc : *kernels)
    if (std::string problem = kernel::check(desc); !problem.empty()) {
      std::cerr << line.input << ": error: kernel `" << desc.name << "`: " << problem << "\n";
      return 1;
    }
  bool allGood = true;
  std::vector<emit::BatchResult> results = emit::compileBatch(*kernels, line.batch);
  for (size_t i = 0; i < results.size(); ++i) {
    std::cout << i << " " << results[i].status << (results[i].message.empty() ? "" : " ") << results[i].message << "\n";
    allGood &= results[i].status == "ok";
  }
  return allGood ? 0 : 1;
}
