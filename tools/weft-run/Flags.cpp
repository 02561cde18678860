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
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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
    "  --tolerance X            how far a layer may differ, relative to its largest value; default 1e-4\n";

namespace {

constexpr const char *names[] = {"resize", "crop", "mean", "std", "dump-tensors", "compare", "tolerance"};

int knows(void *, const char *name) {
  for (const char *known : names)
    if (std::strcmp(known, name) == 0)
      return 2;
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
      return weft_complain_usage("`--%s` takes numbers with commas between, not `%s`", name, text);
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
  (flag == "compare" ? flags.layers.compareFolder : flags.layers.dumpFolder) = value;
  return 0;
}

/// A regular file in memory while this lives; empty when there is none.
class MappedFile {
public:
  explicit MappedFile(const char *file) {
    const int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
      bytes = static_cast<size_t>(status.st_size);
      map = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
    }
    if (descriptor >= 0)
      close(descriptor);
  }
  MappedFile(const MappedFile &) = delete;
  ~MappedFile() {
    if (map != MAP_FAILED)
      munmap(map, bytes);
  }
  std::string_view contents() const {
    return map == MAP_FAILED ? std::string_view() : std::string_view(static_cast<const char *>(map), bytes);
  }

private:
  void *map = MAP_FAILED;
  size_t bytes = 0;
};

int read(void *self, const char *file, const weft_info *info, const weft_port *port, weft_array *array, int *mine) {
  const MappedFile mapped(file);
  const std::string_view contents = mapped.contents();
  *mine = isNpz(contents) || isPicture(contents);
  if (isNpz(contents))
    return readNpz(file, contents, *info, *port, *array);
  return *mine ? readPicture(file, contents, static_cast<Flags *>(self)->preparation, *port, *array) : 0;
}

int begin(void *self, const weft_model *model, weft_instance *instance, const weft_tensor *inputs,
          const weft_tensor *outputs) {
  return static_cast<Flags *>(self)->layers.begin(*model, instance, inputs, outputs);
}

int end(void *self) { return static_cast<Flags *>(self)->layers.end(); }

} // namespace

weft_extension Flags::extension() { return {flagsHelp, this, knows, option, read, begin, end}; }

} // namespace weft::run
