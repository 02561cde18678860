// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What the command line of weft-plan says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::plan_tool {

struct Arguments {
  std::string input;               ///< "-": standard input
  std::string output = "-";        ///< where the plan goes; "-": standard output
  bool outputGiven = false;        //
  std::string json, svg;           ///< empty: not wanted; "-": standard output
  std::optional<int64_t> capacity; ///< bytes
  bool minimize = false;           //
  bool explain = false;            //
  bool quiet = false;              //
  double budgetSeconds = 10;       //
  int64_t stepLimit = 0;           ///< 0: none
  bool help = false;               //
};

extern const char *const helpText;

/// Fills in the arguments; otherwise says what is wrong with them.
std::optional<std::string> parseArguments(const std::vector<std::string> &words, Arguments &arguments);

} // namespace weft::plan_tool
