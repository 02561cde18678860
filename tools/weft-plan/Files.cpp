// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Reading and writing with stdio; a temporary file gets its name from the process.
#include "tools/weft-plan/Files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

using namespace weft;

namespace {
std::string failure(const char *what, const std::string &path) {
  return std::string("cannot ") + what + " `" + path + "`: " + std::strerror(errno);
}
} // namespace

std::optional<std::string> plan_tool::readFile(const std::string &path, std::string &error) {
  std::FILE *file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (!file) {
    error = failure("read", path);
    return std::nullopt;
  }
  std::string content;
  char buffer[1 << 16];
  size_t count;
  while ((count = std::fread(buffer, 1, sizeof buffer, file)) > 0)
    content.append(buffer, count);
  bool failed = std::ferror(file);
  if (failed)
    error = failure("read", path);
  if (file != stdin)
    std::fclose(file);
  return failed ? std::nullopt : std::optional(std::move(content));
}

std::optional<std::string> plan_tool::writeFile(const std::string &path, const std::string &content) {
  struct stat status;
  std::error_code ignored;
  std::filesystem::path place = path; // what a link points to is replaced, not the link
  if (std::filesystem::is_symlink(place, ignored))
    place = std::filesystem::weakly_canonical(place, ignored);
  bool special = path == "-" || (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)); // a pipe or device
  std::string beside = special ? path : place.string() + ".tmp" + std::to_string(getpid());
  std::FILE *file = path == "-" ? stdout : std::fopen(beside.c_str(), "wb");
  if (!file)
    return failure("write", path);
  bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
  written &= (file == stdout ? std::fflush(file) : std::fclose(file)) == 0;
  if (!special && written)
    written = std::rename(beside.c_str(), place.c_str()) == 0;
  if (written)
    return std::nullopt;
  std::string text = failure("write", path);
  if (!special)
    std::remove(beside.c_str());
  return text;
}

bool plan_tool::isSameFile(const std::string &a, const std::string &b) {
  if (a.empty() || b.empty() || a == "-" || b == "-")
    return false;
  std::error_code ignored;
  if (std::filesystem::equivalent(a, b, ignored))
    return std::filesystem::is_regular_file(a, ignored);
  return !std::filesystem::exists(a, ignored) && a == b;
}
