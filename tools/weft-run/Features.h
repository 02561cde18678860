// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Feature maps of layers as pictures: --save-features PATH=FILE.png.
#pragma once

#include "compiler/Picture/Png.h"
#include "tools/weft-run/Values.h"

#include <string>
#include <vector>

namespace weft::run {

class Features : public Watcher {
public:
  /// `text` is PATH=FILE. 0, or an exit code with a complaint.
  int want(const std::string &text);
  bool wanted() const { return !requests.empty(); }

  int begin(const weft_model &model);
  void see(const Values &values, uint32_t view) override;
  /// Writes the pictures. 0, or 1 with a complaint.
  int end();

private:
  struct Request {
    std::string layer, file;
    uint32_t view = 0;
    bool seen = false;
    Logical values; ///< of the first run
  };
  std::vector<Request> requests;
};

/// `[N, C, spatial...]` as one picture of its first image: a tile a channel; planes of a volume stand below one another,
/// what has no spatial dimensions is one tile. Empty, with a complaint, where it is too large.
picture::Bitmap featureMosaic(const std::string &layer, const Logical &values);

/// Writes a PNG whole or not at all. 0, or 1 with a complaint.
int writePng(const std::string &file, const picture::Bitmap &bitmap);

} // namespace weft::run
