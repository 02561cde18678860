// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A number and a unit.

#include "compiler/Driver/Sizes.h"

#include <cmath>

using namespace llvm;

namespace weft {

std::optional<int64_t> parseSize(StringRef text) {
  constexpr struct {
    StringRef name;
    double bytes;
  } units[] = {{"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}, {"kB", 1e3},
               {"KB", 1e3},     {"MB", 1e6},     {"GB", 1e9},     {"TB", 1e12},    {"B", 1}};
  double unit = 1, count = 0;
  for (const auto &[name, bytes] : units)
    if (text.consume_back(name)) {
      unit = bytes;
      break;
    }
  text = text.rtrim(' ');
  bool plain = !text.empty() && text.find_first_not_of("0123456789.") == StringRef::npos;
  if (!plain || text.getAsDouble(count))
    return std::nullopt;
  double bytes = std::floor(count * unit);
  return bytes >= 1 && bytes <= 0x1p50 ? std::optional(int64_t(bytes)) : std::nullopt;
}

} // namespace weft
