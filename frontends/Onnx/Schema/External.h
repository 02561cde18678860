// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Tensor data outside the ONNX file. Only regular files inside the model's own folder are read.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weft::onnxfile {

/// A file mapped for reading.
class MappedFile {
public:
  /// Null after a failure, with the reason.
  static std::shared_ptr<MappedFile> open(const std::string &path, std::string &error);
  ~MappedFile();
  std::string_view bytes() const { return {data, size}; }

private:
  MappedFile(const char *data, size_t size) : data(data), size(size) {}
  const char *data;
  size_t size;
};

/// The files beside one model, each mapped once.
class ExternalData {
public:
  explicit ExternalData(const std::string &modelPath) : modelPath(modelPath) {}
  /// The file `location` names; null if it lies outside the folder or cannot be read.
  std::shared_ptr<MappedFile> file(const std::string &location, std::string &error);
  /// Those read so far.
  std::vector<std::string> paths() const;

private:
  std::string modelPath;
  std::map<std::string, std::shared_ptr<MappedFile>> files;
};

} // namespace weft::onnxfile
