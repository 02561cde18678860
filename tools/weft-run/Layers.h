// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The values between kernels: written to files, or compared with files. Only the first run is looked at.
#pragma once

#include "tools/weft-run/Values.h"

#include <map>
#include <string>
#include <vector>

namespace weft::run {

class Layers : public Watcher {
public:
  std::string dumpFolder, compareFolder; ///< empty: not wanted
  double tolerance = 1e-4;               ///< of the largest value of a layer

  bool wanted() const { return !dumpFolder.empty() || !compareFolder.empty(); }

  /// Before the first run. 0, or 1 with a complaint.
  int begin();
  void see(const Values &values, uint32_t view) override;
  /// After the runs: what the comparison found. 1 when something differs or went wrong.
  int end();

private:
  int listReferences();
  void dump(const weft_model_view &view, weft_tensor tensor);
  void compare(const Values &values, const weft_model_view &view, weft_tensor ours);

  uint32_t nextView = 0;
  bool failed = false, differs = false;
  size_t agreeing = 0, others = 0;
  std::map<std::string, std::vector<std::string>> references; ///< files by layer, in order
};

} // namespace weft::run
