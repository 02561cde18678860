// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Which tensor of a layer is shown, and how it falls into tiles:
// - a convolution on 3 channels: a tile in colour for each filter; on 1 channel (depthwise too): a grey one;
// - any other convolution: a row for each filter, a grey tile in it for each input channel, one range for all;
// - a linear layer that reads a flattened image: a template of the image for each output, in the same way;
// - windows of one element and other linear layers: the matrix, outputs downwards.

#include "compiler/Driver/Filters.h"

#include "compiler/Driver/Driver.h"
#include "compiler/Driver/WeightFiles.h"
#include "compiler/Picture/Mosaic.h"
#include "compiler/Support/Diagnostics.h"
#include "compiler/Support/Files.h"
#include "dialects/Weft/Paths.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/raw_ostream.h"

#include <numeric>

using namespace mlir;

namespace weft {
namespace {

struct Layer {
  std::string name;
  Value weight;
  picture::Tiles tiles; ///< values come later
  picture::MosaicOptions how;
  bool isPicture = false; ///< worth showing unasked
};

int64_t product(ArrayRef<int64_t> extents) {
  return std::accumulate(extents.begin(), extents.end(), int64_t(1), std::multiplies<int64_t>());
}

/// `[rows, channels, depth..., height, width]` as tiles.
void arrange(Layer &layer, int64_t rows, int64_t channels, ArrayRef<int64_t> window) {
  int64_t width = window.empty() ? 1 : window.back();
  int64_t height = window.size() < 2 ? 1 : window[window.size() - 2];
  int64_t slices = product(window.drop_back(std::min<size_t>(window.size(), 2)));
  layer.isPicture = height * width > 1;
  if (!layer.isPicture && slices == 1)
    layer.tiles = {1, 1, rows, channels, {}};
  else if (window.size() == 1) // a signal of several channels: one tile a filter
    layer.tiles = {rows, 1, channels, width, {}};
  else if (channels == 3 && slices == 1)
    layer.tiles = {rows, 3, height, width, {}};
  else if (channels * slices == 1)
    layer.tiles = {rows, 1, height, width, {}};
  else {
    layer.tiles = {rows * channels * slices, 1, height, width, {}};
    layer.how.columns = channels * slices;
    layer.how.together = true;
  }
  // Filters fill their tiles with every grey: one pixel between them would be lost.
  layer.how.gap = layer.tiles.count == 1 ? 0 : 2;
}

/// The image a linear layer reads as a vector, if it does.
ArrayRef<int64_t> flattenedImage(LinearOp op) {
  Operation *source = op.getX().getDefiningOp();
  while (source && isa<DropoutOp>(source))
    source = source->getOperand(0).getDefiningOp();
  if (!source || !isa<FlattenOp, ReshapeOp>(source))
    return {};
  ArrayRef<int64_t> shape = tensorOf(source->getOperand(0)).getShape();
  bool image = shape.size() == 4 && product(shape.drop_front()) == op.getFilter()[1] && shape[2] * shape[3] > 1;
  return image ? shape.drop_front() : ArrayRef<int64_t>();
}

std::optional<Layer> layerOf(Operation &op, const Paths &paths) {
  Layer layer;
  bool found = llvm::TypeSwitch<Operation *, bool>(&op)
                   .Case<ConvOp, ConvTransposeOp>([&](auto conv) {
                     SmallVector<int64_t> filter = conv.getFilter();
                     layer.weight = conv.getWeight();
                     arrange(layer, filter[0], filter[1], ArrayRef(filter).drop_front(2));
                     return true;
                   })
                   .Case([&](LinearOp linear) {
                     SmallVector<int64_t> filter = linear.getFilter();
                     ArrayRef<int64_t> image = flattenedImage(linear);
                     layer.weight = linear.getWeight();
                     image.empty() ? arrange(layer, filter[0], filter[1], {})
                                   : arrange(layer, filter[0], image[0], image.drop_front());
                     return true;
                   })
                   .Default(false);
  if (!found || !isRecipe(layer.weight))
    return std::nullopt;
  layer.name = paths.nameOf(op.getResult(0)).str();
  return layer;
}

int fail(const llvm::Twine &text) {
  llvm::errs() << "weftc: error: " << text << "\n";
  return UserError;
}

/// The layers asked for, or those worth showing; nothing after an error.
std::optional<std::vector<Layer>> choose(std::vector<Layer> all, const DriverOptions &options) {
  std::vector<llvm::StringRef> names;
  for (const Layer &layer : all)
    names.push_back(layer.name);
  std::vector<Layer> chosen;
  if (options.layers.empty()) {
    llvm::copy_if(all, std::back_inserter(chosen), [](const Layer &layer) { return layer.isPicture; });
    if (!chosen.empty())
      return chosen;
    fail("no layer of this network has filters of more than one element; name one with `--layers`" +
         (names.empty() ? std::string() : ": " + listNames(llvm::ArrayRef(names).take_front(10), "or")));
    return std::nullopt;
  }
  for (const std::string &name : options.layers) {
    auto found = llvm::find(names, name);
    if (found == names.end()) {
      std::string nearest = didYouMean(name, names);
      if (nearest.empty() && !names.empty())
        nearest =
            "; there are " + listNames(llvm::ArrayRef(names).take_front(10)) + (names.size() > 10 ? " and more" : "");
      fail("`--layers`: `" + printable(name) + "` is no layer with filters" + nearest);
      return std::nullopt;
    }
    chosen.push_back(all[found - names.begin()]);
  }
  return chosen;
}

/// Rows that make no picture any more are left away, and that is said.
void crop(Layer &layer) {
  int64_t most = layer.tiles.count, row = std::max<int64_t>(layer.how.columns, 1);
  auto fits = [&](int64_t count) {
    layer.tiles.count = count;
    return picture::extentOf(layer.tiles, layer.how).height > 0;
  };
  int64_t count = most / row;
  while (count > 0 && !fits(count * row))
    count /= 2;
  if (count * row < most)
    llvm::errs() << "weftc: note: `" << layer.name << "`: a picture of 2^26 pixels holds the first " << count * row
                 << " of " << most << " tiles\n";
}

/// `layer1.0.conv1` is a name of a file; anything but letters, digits and a few signs is not.
std::string fileOf(llvm::StringRef layer, llvm::StringSet<> &taken) {
  std::string stem;
  for (char c : layer.take_front(150))
    stem += llvm::isAlnum(c) || c == '_' || c == '-' || (c == '.' && !stem.empty()) ? c : '_';
  std::string name = stem;
  for (int i = 2; !taken.insert(name).second; ++i)
    name = stem + "_" + std::to_string(i);
  return name + ".png";
}

class FilterWriter {
public:
  FilterWriter(const DriverOptions &options, WeightSource source) : options(options), recipes(std::move(source)) {}

  int run(std::vector<Layer> layers, llvm::StringRef network) {
    std::string folder = options.output.empty() ? network.str() + "-filters" : options.output;
    bool single = layers.size() == 1 && llvm::StringRef(folder).ends_with_insensitive(".png");
    OutputFolder made;
    if (!single) {
      auto folderForThem = OutputFolder::make(folder);
      if (!folderForThem)
        return fail(llvm::toString(folderForThem.takeError()));
      made = std::move(*folderForThem);
    }
    for (Layer &layer : layers)
      if (int code = write(layer, single ? folder : folder + "/" + fileOf(layer.name, taken)))
        return code;
    return Success;
  }

private:
  int write(Layer &layer, const std::string &path) {
    FailureOr<HostTensor> values = recipes.evaluate(layer.weight);
    if (failed(values))
      return UserError;
    crop(layer);
    layer.tiles.values = {values->as<float>().data(), values->as<float>().size()};
    layer.how.zoom = picture::naturalZoom(layer.tiles, layer.how);
    std::string why, png = picture::encodePng(picture::mosaic(layer.tiles, layer.how), why);
    if (png.empty())
      return fail("`" + printable(layer.name) + "`: no picture can be made: " + why);
    if (llvm::Error error = writeFile(path, [&](llvm::raw_ostream &out) { out << png; }))
      return fail(llvm::toString(std::move(error)));
    return Success;
  }

  const DriverOptions &options;
  RecipeEvaluator recipes;
  llvm::StringSet<> taken;
};

/// The weights the chosen layers' filters are made of.
std::vector<NeededWeight> needs(llvm::ArrayRef<Layer> layers, llvm::ArrayRef<NeededWeight> all) {
  llvm::SetVector<Operation *> below;
  for (const Layer &layer : layers)
    below.insert(layer.weight.getDefiningOp());
  for (size_t i = 0; i < below.size(); ++i)
    for (Value operand : below[i]->getOperands())
      below.insert(operand.getDefiningOp());
  llvm::StringSet<> paths;
  for (Operation *op : below)
    if (auto weight = dyn_cast<WeightOp>(op))
      paths.insert(weight.getPath());
  std::vector<NeededWeight> needed;
  llvm::copy_if(all, std::back_inserter(needed),
                [&](const NeededWeight &weight) { return paths.contains(weight.path); });
  return needed;
}

} // namespace

int writeFilters(const DriverOptions &options, ModuleOp module) {
  if (options.startFrom && *options.startFrom != Phase::parse)
    return fail("filters are shown of a model or of the output of phase `parse`");
  std::vector<Layer> all;
  std::string name = "network";
  for (auto network : module.getOps<func::FuncOp>()) {
    Paths paths(network.getBody().front());
    name = network.getName().str();
    for (Operation &op : network.getBody().front())
      if (std::optional<Layer> layer = layerOf(op, paths))
        all.push_back(std::move(*layer));
  }
  std::optional<std::vector<Layer>> chosen = choose(std::move(all), options);
  FailureOr<std::vector<NeededWeight>> weights = collectWeights(module);
  if (!chosen || failed(weights))
    return UserError;
  auto source = openWeights(options, module, needs(*chosen, *weights), llvm::errs());
  if (!source)
    return fail(llvm::toString(source.takeError()));
  return FilterWriter(options, std::move(*source)).run(std::move(*chosen), name);
}

} // namespace weft
