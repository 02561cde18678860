// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Many pictures at once: those of a folder, or of a list; with the class each belongs to, where that is asked for.
#pragma once

#include "tools/weft-run/Labels.h"

#include <string>
#include <vector>

namespace weft::run {

struct Sample {
  std::string file;
  size_t label = 0; ///< its class, in labelled sets
};

struct ImageSet {
  std::vector<Sample> samples;
  Labels classes;
};

/// Pictures below the folder `path`, in the order of their names, or those a text file names, one a line: `FILE`, and
/// behind a blank or a tab what else there is. 0, or 1 with a complaint.
int readPictures(const std::string &path, ImageSet &set);

/// The same with classes, `count` of them: a folder holds one folder a class; a list says `FILE CLASS`. A class is a
/// line of `classes` (see Labels::find), or a number; without `classes`, folders that are no numbers are the classes in
/// the order of their names, and become `classes`.
int readLabelledPictures(const std::string &path, size_t count, ImageSet &set);

} // namespace weft::run
