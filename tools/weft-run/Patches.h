// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Where in a set of pictures a filter answers most: --top-patches (Zeiler and Fergus, Visualizing and Understanding
// Convolutional Networks, 2014, figure 2). The patch is the answer's receptive field.
#pragma once

#include "compiler/Picture/Mosaic.h"
#include "tools/weft-run/Image.h"
#include "tools/weft-run/ImageSet.h"
#include "tools/weft-run/Values.h"

#include <map>
#include <string>
#include <vector>

namespace weft::run {

/// One layer's best answers.
class Patches : public Watcher {
public:
  /// LAYER=FILE or LAYER:CHANNELS=FILE, channels as 3,17,20-25. 0, or an exit code with a complaint.
  static int parse(const std::string &text, std::vector<Patches> &patches);

  /// `input` is the port that takes the pictures. 0, or 1 with a complaint.
  int begin(const weft_model &model, uint32_t input);
  /// The next run is on pictures `first`, `first` + 1, ... of the set, `count` of them.
  void next(size_t first, int64_t count);
  void see(const Values &values, uint32_t view) override;
  /// Prints a line a patch and writes the picture, a row a channel. 0, or 1 with a complaint.
  int end(const ImageSet &set, const Preparation &how, const PicturePort &port) const;

  int most = 9; ///< patches a channel, each of another picture

private:
  /// The largest value of a channel in one picture, and where.
  struct Answer {
    float value;
    size_t picture;
    std::vector<int64_t> place; ///< along each axis of the picture; 0 where all is seen
  };
  /// Picture elements, some perhaps outside.
  struct Window {
    int64_t top, left, height, width;
  };

  /// Where a patch stands in the mosaic.
  struct Tile {
    int64_t number;
    Window window;
  };

  bool wants(int64_t channel) const;
  void keep(int64_t channel, Answer answer);
  Window windowOf(const Answer &answer, const PicturePort &port) const;
  void print(int64_t channel, size_t rank, const Answer &answer, const std::string &file, const Window &window) const;

  static void cut(const Picture &picture, const std::vector<Tile> &places, picture::Tiles &tiles,
                  std::vector<float> &values);

  std::string layer, file;
  std::vector<std::pair<int64_t, int64_t>> channels; ///< first and last of each range; empty: all
  const weft_model_view *view = nullptr;
  uint32_t number = 0;
  size_t first = 0;
  int64_t count = 0;
  std::map<int64_t, std::vector<Answer>> best; ///< by channel, the largest first
};

} // namespace weft::run
