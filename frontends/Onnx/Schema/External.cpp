// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Mapped files, and the check that a path stays inside the model's folder after links are followed.
#include "frontends/Onnx/Schema/External.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace weft::onnxfile;
namespace fs = std::filesystem;

std::shared_ptr<MappedFile> MappedFile::open(const std::string &path, std::string &error) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  if (descriptor < 0 || fstat(descriptor, &status)) {
    error = std::strerror(errno);
    if (descriptor >= 0)
      ::close(descriptor);
    return nullptr;
  }
  void *data = nullptr;
  if (!S_ISREG(status.st_mode))
    error = "not a regular file";
  else if (status.st_size &&
           (data = mmap(nullptr, status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0)) == MAP_FAILED)
    error = std::strerror(errno);
  ::close(descriptor);
  if (!error.empty())
    return nullptr;
  return std::shared_ptr<MappedFile>(new MappedFile(static_cast<const char *>(data), status.st_size));
}

MappedFile::~MappedFile() {
  if (size)
    munmap(const_cast<char *>(data), size);
}

std::shared_ptr<MappedFile> ExternalData::file(const std::string &location, std::string &error) {
  if (location.empty() || location.find('\0') != std::string::npos || location.size() > 4096) {
    error = "its external data names no file";
    return nullptr;
  }
  if (auto known = files.find(location); known != files.end())
    return known->second;
  std::error_code code;
  fs::path folder = fs::weakly_canonical(fs::absolute(modelPath, code).parent_path(), code);
  fs::path target = fs::canonical(folder / location, code);
  if (code) {
    error = "its external data cannot be read: " + code.message();
    return nullptr;
  }
  auto [inFolder, rest] = std::mismatch(folder.begin(), folder.end(), target.begin(), target.end());
  if (fs::path(location).is_absolute() || inFolder != folder.end()) {
    error = "its external data lies outside the model's folder";
    return nullptr;
  }
  std::string why;
  std::shared_ptr<MappedFile> mapped = MappedFile::open(target.string(), why);
  if (!mapped) {
    error = "its external data cannot be read: " + why;
    return nullptr;
  }
  return files[location] = mapped;
}

std::vector<std::string> ExternalData::paths() const {
  std::vector<std::string> list;
  for (const auto &[location, mapped] : files)
    list.push_back(fs::path(modelPath).parent_path() / location);
  return list;
}
