// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What lies between kernels while a network runs: which layers there are, and their values as a person thinks of them.
#pragma once

#include "runtime/src/common/model.h"

#include <map>
#include <string>
#include <vector>

namespace weft::run {

class Values;

/// Somebody who looks at values while the network runs.
class Watcher {
public:
  virtual ~Watcher() = default;
  /// After the launch that made view `view` of the model; views come in order, in each run anew.
  virtual void see(const Values &values, uint32_t view) = 0;
};

/// A tensor without blocks: `[N, C, spatial...]`.
struct Logical {
  std::vector<int64_t> dims;
  std::vector<float> values;

  int64_t extent(size_t dim) const { return dim < dims.size() ? dims[dim] : 1; }
};

/// The views of a layer that runs for parts of a batch, in order: those of its path that are alike, where they hold as many
/// samples together as the network's first input. Else `view` alone.
std::vector<uint32_t> partsOf(const weft_model &model, uint32_t view);

/// Which of the channels stored in blocks each channel is, part by part.
std::vector<int64_t> channelPlaces(const weft_model_view &view, int64_t block);

class Values {
public:
  /// Tells `watchers` from the next run on. Does nothing without any. 0, or 1 with a complaint.
  int begin(const weft_model &model, weft_instance *instance, const weft_tensor *inputs, const weft_tensor *outputs,
            std::vector<Watcher *> watchers);

  const weft_model_view &view(uint32_t number) const { return model->views[number]; }
  const weft_model &network() const { return *model; }

  // Of a layer that runs for parts of a batch watchers see the last part's view, and these give the whole batch.

  /// Shape of a view in this run, without data.
  weft_tensor shapeOf(const weft_model_view &view) const;
  /// Its elements in order, as they are stored.
  std::vector<char> stored(const weft_model_view &view) const;
  /// Its elements without blocks; only of f32.
  Logical logical(const weft_model_view &view) const;

private:
  static void seen(void *self, uint32_t launch, int end);
  void learnSizes(const weft_port *ports, uint32_t count, const weft_tensor *tensors);
  size_t numberOf(const weft_model_view &view) const { return static_cast<size_t>(&view - model->views); }
  weft_tensor ownShape(const weft_model_view &view) const;
  std::vector<char> ownElements(const weft_model_view &view) const;

  const weft_model *model = nullptr;
  const weft_tensor *outputs = nullptr;
  const unsigned char *arena = nullptr;
  std::vector<int64_t> sizes; ///< of this run
  std::vector<Watcher *> watchers;
  uint32_t nextView = 0;
  std::vector<std::vector<uint32_t>> parts;        ///< `partsOf` each view
  std::map<size_t, std::vector<char>> earlierParts; ///< of the view of a last part, until it is seen
};

/// The view a person means by `name`: of the output of that name, else the last of that path. 0, or 1 with a complaint
/// that proposes names.
int findLayer(const weft_model &model, const std::string &name, uint32_t &view);

/// The lines of --info about layers: path, shape, receptive field.
void printLayers(const weft_model &model);

} // namespace weft::run
