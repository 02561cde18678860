// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The values between kernels: written to files, or compared with files. Only the first run is looked at.
#pragma once

#include "runtime/src/common/model.h"

#include <map>
#include <string>
#include <vector>

namespace weft::run {

class Layers {
public:
  std::string dumpFolder, compareFolder; ///< empty: not wanted
  double tolerance = 1e-4;               ///< of the largest value of a layer

  bool wanted() const { return !dumpFolder.empty() || !compareFolder.empty(); }

  /// Before the first run. 0, or 1 with a complaint.
  int begin(const weft_model &model, weft_instance *instance, const weft_tensor *inputs, const weft_tensor *outputs);
  /// After the runs: what the comparison found. 1 when something differs or went wrong.
  int end();

private:
  static void seen(void *self, uint32_t launch, int end);
  void learnSizes(const weft_port *ports, uint32_t count, const weft_tensor *tensors);
  int listReferences();
  void take(const weft_model_view &view);
  std::vector<char> gather(const weft_model_view &view) const;
  void dump(const weft_model_view &view, std::vector<char> &values);
  void compare(const weft_model_view &view, std::vector<char> &values);
  weft_tensor tensorOf(const weft_model_view &view, std::vector<char> &values) const;

  const weft_model *model = nullptr;
  const weft_tensor *outputs = nullptr;
  const unsigned char *arena = nullptr;
  std::vector<int64_t> sizes; ///< of this run
  uint32_t nextView = 0;
  bool failed = false, differs = false;
  size_t agreeing = 0, others = 0;
  std::map<std::string, std::vector<std::string>> references; ///< files by layer, in order
};

} // namespace weft::run
