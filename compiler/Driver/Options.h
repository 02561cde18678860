// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What a user asks of weftc, as one struct. Parsing checks spelling and form; meaning is checked where it is used.
#pragma once

#include "compiler/Pipeline/Pipeline.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace llvm {
class raw_ostream;
}

namespace weft {

/// The kinds of `--emit` that are no phase.
enum class EmitKind { Exe, SharedLibrary, StaticLibrary, Object, Llvm, Assembly, Halide, CanonicalText, PhaseIR, Summary, Svg, Dot, Filters };

/// Networks of one ensemble.
constexpr unsigned mostMembers = 64;
constexpr unsigned mostThreads = 256; ///< as the runtime has it

struct DriverOptions {
  std::string input;  ///< a file, or `zoo:NAME`
  std::vector<std::string> moreInputs; ///< beside `input`, for summaries side by side
  std::string output; ///< empty: a default made from the net's name; "-": standard output
  EmitKind emit = EmitKind::Exe;
  std::string weightsOut, json;
  bool csv = false;
  std::string csvFile;
  std::optional<int64_t> deviceBytes; ///< --device-memory
  std::optional<unsigned> fold;    ///< --fold; without it drawings fold when they grow large
  std::vector<std::string> layers; ///< --emit=filters: which

  std::vector<std::pair<std::string, std::string>> settings;
  std::string net, name;
  std::vector<std::string> outputs;
  std::vector<std::string> weights;
  std::vector<std::string> ensemble; ///< weights of each member
  bool strictWeights = false;
  std::string list;

  std::optional<Phase> stopAfter, startFrom;
  std::string dumpDir, dumpFilter;
  bool timeReport = false, remarks = false;

  std::string target = "cpu:native";
  std::string instructions; ///< the target whose instructions kernels consist of; empty: those of `target`
  PipelineOptions pipeline;
  bool tiles = true; ///< tile registers are among the target's features, where it has them
  unsigned jobs = 0; ///< 0: one a core
  std::string cacheDir;
  bool noCache = false;

  bool help = false, version = false;
};

/// Parses `argv` (program name first). On failure the reason has been written to `errors`.
std::optional<DriverOptions> parseDriverOptions(int argc, char **argv, llvm::raw_ostream &errors);
void printDriverHelp(llvm::raw_ostream &out);

} // namespace weft
