// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// C++ identifiers for the names of a KernelDesc in a printed kernel.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include <map>
#include <set>

namespace weft::emit {

class SourceNames {
public:
  explicit SourceNames(const kernel::KernelDesc &desc);

  std::string kernelName;
  std::vector<std::string> operands, stages; ///< an output operand goes by the name of its stage
  std::vector<std::string> vars;             ///< all Vars, in order of appearance
  std::vector<std::string> rvars;            ///< RVars made by splits
  /// The identifier of a loop, of the stage or made by a directive about its update or not.
  std::string loop(int stage, bool onUpdate, const std::string &name) const;
  bool isReduction(int stage, bool onUpdate, const std::string &name) const;

private:
  std::string unique(const std::string &wanted);
  void nameReductions(const kernel::KernelDesc &desc, int stage);
  void addVar(const std::string &name);

  std::set<std::string> taken;
  std::set<int> peeledStages;
  std::map<std::string, std::string> varNames;
  std::map<std::pair<int, std::string>, std::string> reductionNames;
};

} // namespace weft::emit
