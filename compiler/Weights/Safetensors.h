// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Files of the safetensors format (github.com/huggingface/safetensors): eight bytes with the header's size, a JSON
// header, then the tensors' bytes. Mapped, never copied; everything in the header is checked against the file's size
// before use.
#pragma once

#include "compiler/Weights/HostTensor.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <string>
#include <vector>

namespace weft {

/// What can be read as f32. The integers are of other formats only, whose networks say how they are scaled.
enum class SafetensorsType : uint8_t { F32, F16, BF16, F64, I8, U8, I32, Other };

struct SafetensorsEntry {
  std::string name;
  std::string typeName; ///< as in the file: "F32"
  SafetensorsType type = SafetensorsType::Other;
  std::vector<int64_t> shape;
  llvm::StringRef bytes;
};

class SafetensorsFile {
public:
  /// Opens and checks a file; `path` is how errors call it.
  static llvm::Expected<SafetensorsFile> open(llvm::StringRef path);
  /// The same for bytes in memory.
  static llvm::Expected<SafetensorsFile> parse(std::shared_ptr<llvm::MemoryBuffer> buffer, llvm::StringRef path);

  /// Tensors that another format holds (see frontends/Onnx); `owner` keeps their bytes alive.
  static SafetensorsFile of(std::shared_ptr<const void> owner, llvm::StringRef path,
                            std::vector<SafetensorsEntry> entries);

  llvm::StringRef path() const { return name; }
  llvm::ArrayRef<SafetensorsEntry> entries() const { return list; } ///< by name
  const SafetensorsEntry *find(llvm::StringRef path) const;

  /// The entry's values as f32, without a copy where it is f32 already. `entry` is one of this file's, not of type
  /// Other, and has the shape of `type`.
  HostTensor read(const SafetensorsEntry &entry, mlir::RankedTensorType type) const;

private:
  void sortEntries();

  std::shared_ptr<const void> buffer;
  std::string name;
  std::vector<SafetensorsEntry> list;
  llvm::StringMap<size_t> places;
};

} // namespace weft
