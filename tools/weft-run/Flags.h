// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What weft-run adds to the command line of executables.
#pragma once

#include "tools/weft-run/Features.h"
#include "tools/weft-run/Feed.h"
#include "tools/weft-run/Image.h"
#include "tools/weft-run/Layers.h"

extern "C" {
#include "runtime/src/main/command.h"
}

namespace weft::run {

struct Flags {
  Preparation preparation;
  Values values;
  Layers layers;
  Features features;
  Feed feed;

  /// The table of functions the command calls; points to this object.
  weft_extension extension();
};

/// The lines of --help.
extern const char *const flagsHelp;

} // namespace weft::run
