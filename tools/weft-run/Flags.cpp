// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The flags of weft-run, and the files only it can read.

#include "tools/weft-run/Flags.h"
#include "tools/weft-run/Npz.h"

extern "C" {
#include "runtime/src/main/complain.h"
}

#include <cmath>
#include <cstdlib>
#include <cstring>

namespace weft::run {

const char *const flagsHelp =
    "\nweft-run only:\n"
    "  --input [NAME=]FILE      also .npz (the array of that name), .png and .jpg\n"
    "  --resize N or HxW        pictures: the shorter side becomes N, or exactly H x W\n"
    "  --crop N or HxW          pictures: the middle, after resizing\n"
    "  --mean A[,B,C]           pictures: taken off values in 0 ... 1; default 0\n"
    "  --std A[,B,C]            pictures: divided by, after that; default 1\n"
    "  --dump-tensors DIR       write the result of each layer as .npy, as it is stored\n"
    "  --compare DIR            name the first layer that differs from those files, PATH.npy\n"
    "  --tolerance X            how far a layer may differ, relative to its largest value; default 1e-4\n"
    "  --save-features L=FILE   the feature maps of layer L as a PNG, a tile a channel; repeatable\n"
    "\nmany pictures (.png, .jpg), as many at once as the network takes:\n"
    "  --images DIR|LIST        a folder, or a text with a file a line; with --top K or --top-patches\n"
    "  --eval DIR|LIST          a folder a class, or a text of `FILE CLASS` lines: top-1, top-5, images/s, confusion\n"
    "  --labels FILE            the names of the classes: folders and lists are matched with them\n"
    "  --confusion FILE         the whole confusion table as CSV\n"
    "  --top-patches L=FILE     where layer L answers most, a row a channel, as a PNG; L:3,7-9=FILE: these; repeatable\n"
    "  --patches K              patches a channel; default 9\n";

namespace {

constexpr const char *names[] = {"resize",        "crop",   "mean", "std",       "dump-tensors", "compare", "tolerance",
                                 "save-features", "images", "eval", "confusion", "top-patches",  "patches"};

int knows(void *, const char *name) {
  for (const char *known : names)
    if (std::strcmp(known, name) == 0)
      return std::strcmp(name, "save-features") == 0 || std::strcmp(name, "top-patches") == 0 ? 3 : 2;
  return 0;
}

bool parseSide(const char *&text, int &side) {
  char *end;
  const long value = std::strtol(text, &end, 10);
  if (end == text || value < 1 || value > 16384)
    return false;
  side = static_cast<int>(value);
  text = end;
  return true;
}

int parseSize(const char *name, const char *text, int &height, int &width) {
  const char *at = text;
  width = 0;
  bool good = parseSide(at, height);
  if (good && *at == 'x')
    good = parseSide(++at, width);
  return good && *at == 0 ? 0 : weft_complain_usage("`--%s` takes N or HxW, 1 to 16384, not `%s`", name, text);
}

int parseNumbers(const char *name, const char *text, std::vector<float> &numbers, bool mayBeZero) {
  numbers.clear();
  for (const char *at = text;; ++at) {
    char *end;
    numbers.push_back(std::strtof(at, &end));
    if (end == at || !std::isfinite(numbers.back()) || (!mayBeZero && numbers.back() == 0) ||
        (*end != ',' && *end != 0))
      return weft_complain_usage("`--%s` takes numbers%s with commas between, not `%s`", name, mayBeZero ? "" : " other than 0", text);
    if (*end == 0)
      return 0;
    at = end;
  }
}

int parseTolerance(const char *text, double &tolerance) {
  char *end;
  tolerance = std::strtod(text, &end);
  if (end == text || *end != 0 || !(tolerance >= 0))
    return weft_complain_usage("`--tolerance` takes a number, not `%s`", text);
  return 0;
}

int parsePatches(const char *text, int &count) {
  char *end;
  const long value = std::strtol(text, &end, 10);
  if (end == text || *end != 0 || value < 1 || value > 1000)
    return weft_complain_usage("`--patches` takes a number from 1 to 1000, not `%s`", text);
  count = static_cast<int>(value);
  return 0;
}

int option(void *self, const char *name, const char *value) {
  auto &flags = *static_cast<Flags *>(self);
  Preparation &preparation = flags.preparation;
  const std::string_view flag = name;
  if (flag == "resize")
    return parseSize(name, value, preparation.resizeHeight, preparation.resizeWidth);
  if (flag == "crop") {
    const int failed = parseSize(name, value, preparation.cropHeight, preparation.cropWidth);
    if (preparation.cropWidth == 0)
      preparation.cropWidth = preparation.cropHeight;
    return failed;
  }
  if (flag == "mean")
    return parseNumbers(name, value, preparation.mean, true);
  if (flag == "std")
    return parseNumbers(name, value, preparation.std, false);
  if (flag == "tolerance")
    return parseTolerance(value, flags.layers.tolerance);
  if (flag == "save-features")
    return flags.features.want(value);
  if (flag == "top-patches")
    return Patches::parse(value, flags.feed.patches);
  if (flag == "patches")
    return parsePatches(value, flags.feed.mostPatches);
  std::string &text = flag == "compare"        ? flags.layers.compareFolder
                      : flag == "dump-tensors" ? flags.layers.dumpFolder
                      : flag == "images"       ? flags.feed.images
                      : flag == "eval"         ? flags.feed.eval
                                               : flags.feed.confusion;
  text = value;
  return text.empty() ? weft_complain_usage("`--%s` needs a file or a folder", name) : 0;
}

int read(void *self, const char *file, const weft_info *info, const weft_port *port, weft_array *array, int *mine) {
  const MappedFile mapped(file);
  const std::string_view contents = mapped.contents();
  const char *other = otherPicture(contents);
  *mine = isNpz(contents) || isPicture(contents) || other;
  if (other)
    return weft_complain("`%s` is a %s picture; PNG and JPEG can be read, and .npy and .npz files", file, other);
  if (isNpz(contents))
    return readNpz(file, contents, *info, *port, *array);
  return *mine ? readPicture(file, contents, static_cast<Flags *>(self)->preparation, *port, *array) : 0;
}

int begin(void *self, const weft_model *model, weft_instance *instance, const weft_tensor *inputs,
          const weft_tensor *outputs) {
  auto &flags = *static_cast<Flags *>(self);
  std::vector<Watcher *> watchers;
  if (flags.layers.wanted())
    watchers.push_back(&flags.layers);
  if (flags.features.wanted())
    watchers.push_back(&flags.features);
  for (Patches &patches : flags.feed.patches)
    watchers.push_back(&patches);
  if (!flags.feed.patches.empty() && !flags.feed.wanted())
    return weft_complain("`--top-patches` looks for them in pictures: give `--images` or `--eval`");
  return flags.values.begin(*model, instance, inputs, outputs, watchers) || flags.layers.begin() ||
         flags.features.begin(*model) || flags.feed.begin(*model);
}

int end(void *self) {
  auto &flags = *static_cast<Flags *>(self);
  const int differs = flags.layers.end();
  return flags.features.end() || differs;
}

void describe(void *, const weft_model *model) { printLayers(*model); }

int feeds(void *self) { return static_cast<Flags *>(self)->feed.wanted(); }

int prepareFeed(void *self, weft_session *session) {
  auto &flags = *static_cast<Flags *>(self);
  return flags.feed.prepare(*session, flags.preparation);
}

int runFeed(void *self, weft_session *session) {
  auto &flags = *static_cast<Flags *>(self);
  return flags.feed.run(*session, flags.preparation);
}

} // namespace

weft_extension Flags::extension() {
  return {flagsHelp, this, knows, option, read, begin, end, describe, feeds, prepareFeed, runFeed};
}

} // namespace weft::run
