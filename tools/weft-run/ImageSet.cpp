// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Sets of pictures: torchvision's ImageFolder layout, and the lists Caffe and timm write (`val/1.JPEG 65`).

#include "tools/weft-run/ImageSet.h"

extern "C" {
#include "runtime/src/main/complain.h"
#include "runtime/src/main/output.h"
}

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

namespace fs = std::filesystem;

namespace weft::run {
namespace {

bool isPictureName(const fs::path &file) {
  std::string ending = file.extension().string();
  for (char &c : ending)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

int unreadable(const std::string &path, const std::error_code &error) {
  return weft_complain("cannot read `%s`: %s", path.c_str(), error.message().c_str());
}

/// Links to folders are not followed: a circle of them would never end.
int picturesBelow(const std::string &folder, size_t label, std::vector<Sample> &samples) {
  std::error_code error;
  const size_t before = samples.size();
  for (auto it = fs::recursive_directory_iterator(folder, error); !error && it != fs::recursive_directory_iterator();
       it.increment(error))
    if (it->is_regular_file(error) && isPictureName(it->path()))
      samples.push_back({it->path().string(), label});
  if (error)
    return unreadable(folder, error);
  std::sort(samples.begin() + static_cast<ptrdiff_t>(before), samples.end(),
            [](const Sample &a, const Sample &b) { return a.file < b.file; });
  return 0;
}

int foldersIn(const std::string &path, std::vector<std::string> &names) {
  std::error_code error;
  for (auto it = fs::directory_iterator(path, error); !error && it != fs::directory_iterator(); it.increment(error))
    if (it->is_directory(error) && !it->path().filename().string().starts_with("."))
      names.push_back(it->path().filename().string());
  std::sort(names.begin(), names.end());
  return error ? unreadable(path, error) : 0;
}

std::optional<size_t> numberOf(const std::string &text) {
  size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(value) : std::nullopt;
}

/// `where` is what the complaint begins with.
int classOf(const std::string &where, const std::string &name, const Labels &classes, size_t count, size_t &label) {
  std::optional<size_t> found = classes.find(name);
  if (!found)
    found = numberOf(name);
  if (!found && classes.empty())
    return weft_complain("%s: the class `%s` is no number: give `--labels FILE`", where.c_str(), name.c_str());
  if (!found) {
    const std::string nearest = classes.nearest(name);
    return weft_complain("%s: `%s` is not among the %zu labels%s%s%s", where.c_str(), name.c_str(), classes.size(),
                         nearest.empty() ? "" : "; did you mean `", nearest.c_str(), nearest.empty() ? "" : "`?");
  }
  label = *found;
  return label < count ? 0
                       : weft_complain("%s: class %zu of a network that tells %zu apart", where.c_str(), label, count);
}

int readFolders(const std::string &path, size_t count, ImageSet &set) {
  std::vector<std::string> names;
  if (foldersIn(path, names) != 0)
    return 1;
  if (names.empty())
    return weft_complain("`%s` holds no folders: put the pictures of each class into a folder of its name, or give a list "
                         "of `FILE CLASS` lines",
                         path.c_str());
  const bool numbered = std::all_of(names.begin(), names.end(), [](const auto &name) { return numberOf(name); });
  if (set.classes.empty() && !numbered && names.size() != count)
    return weft_complain("`%s` holds %zu folders, the network tells %zu classes apart: give `--labels FILE`, so that it is "
                         "known which is which",
                         path.c_str(), names.size(), count);
  if (set.classes.empty() && !numbered)
    for (const std::string &name : names)
      set.classes.push(name);
  for (const std::string &name : names) {
    size_t label = 0;
    if (classOf(path + "/" + name, name, set.classes, count, label) ||
        picturesBelow(path + "/" + name, label, set.samples))
      return 1;
  }
  return 0;
}

/// A line of a list: the file, and what stands behind it: after the first tab, else the number after the last blank,
/// else what follows the first blank.
struct Line {
  std::string file, rest;
};

Line split(const std::string &text) {
  size_t at = text.find('\t');
  if (at == std::string::npos && text.find(' ') != std::string::npos)
    at = numberOf(text.substr(text.rfind(' ') + 1)) ? text.rfind(' ') : text.find(' ');
  if (at == std::string::npos)
    return {text, ""};
  const size_t rest = text.find_first_not_of(" \t", at);
  return {text.substr(0, text.find_last_not_of(" \t", at) + 1), rest == std::string::npos ? "" : text.substr(rest)};
}

bool isFolder(const std::string &path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

/// A `#` inside a word belongs to a file or a class.
void dropComment(std::string &text) {
  for (size_t at = text.find('#'); at != std::string::npos; at = text.find('#', at + 1))
    if (at == 0 || text[at - 1] == ' ' || text[at - 1] == '\t')
      return text.resize(at);
}

/// Calls `take(where, line)` for each line that is neither empty nor a comment.
template <typename Take> int eachLine(const std::string &path, Take take) {
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    return weft_complain("cannot read `%s`: %s", path.c_str(), error ? error.message().c_str() : "no file and no folder");
  weft_output_spare(path.c_str());
  std::ifstream stream(path);
  if (!stream)
    return weft_complain("cannot read `%s`: %s", path.c_str(), std::strerror(errno));
  std::string text;
  for (size_t number = 1; std::getline(stream, text); ++number) {
    const std::string where = path + ":" + std::to_string(number);
    if (text.find('\0') != std::string::npos || text.size() > 8192)
      return weft_complain("%s: no line of a list: `FILE CLASS`, at most 8192 characters", where.c_str());
    dropComment(text);
    text.erase(text.find_last_not_of(" \t\r") + 1);
    if (!text.empty() && take(where, split(text)) != 0)
      return 1;
  }
  return 0;
}

/// Files lie beside the list.
std::string beside(const std::string &list, const std::string &file) {
  return (fs::path(list).parent_path() / file).string();
}

int orEmpty(const std::string &path, const ImageSet &set) {
  return set.samples.empty() ? weft_complain("`%s` holds no .png, .jpg or .jpeg", path.c_str()) : 0;
}

} // namespace

int readPictures(const std::string &path, ImageSet &set) {
  if (isFolder(path))
    return picturesBelow(path, 0, set.samples) ? 1 : orEmpty(path, set);
  const int failed = eachLine(path, [&](const std::string &, const Line &line) {
    set.samples.push_back({beside(path, line.file), 0});
    return 0;
  });
  return failed ? 1 : orEmpty(path, set);
}

int readLabelledPictures(const std::string &path, size_t count, ImageSet &set) {
  if (isFolder(path))
    return readFolders(path, count, set) ? 1 : orEmpty(path, set);
  std::map<std::string, size_t> known; // a list says the same few classes again and again
  const int failed = eachLine(path, [&](const std::string &where, const Line &line) {
    if (line.rest.empty())
      return weft_complain("%s: `%s` has no class behind it", where.c_str(), line.file.c_str());
    const auto [entry, isNew] = known.try_emplace(line.rest, 0);
    if (isNew && classOf(where, line.rest, set.classes, count, entry->second) != 0)
      return 1;
    set.samples.push_back({beside(path, line.file), entry->second});
    return 0;
  });
  return failed ? 1 : orEmpty(path, set);
}

} // namespace weft::run
