// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The safetensors header, and the conversions to f32.

#include "compiler/Weights/Safetensors.h"

#include "compiler/Support/Diagnostics.h"
#include "compiler/Support/Files.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"

#include <cstring>

using namespace llvm;

namespace weft {
namespace {

/// Ten thousand tensors take about 1 MiB; a parsed header takes up to eighty times its text.
constexpr uint64_t maxHeaderBytes = 8 << 20;
constexpr size_t maxDepth = 256;

Error bad(StringRef file, const Twine &why) {
  return createStringError("`" + file + "` is not a usable safetensors file: " + why);
}

/// Why llvm::json should not read this text: it recurses without a limit, and of keys that are equal it keeps one.
std::string whyUnreadable(StringRef json) {
  std::vector<StringSet<>> open; // the keys of each object we are in
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '{' || json[i] == '[') {
      if (open.size() == maxDepth)
        return "its header nests deeper than " + std::to_string(maxDepth);
      open.emplace_back();
    } else if (json[i] == '}' || json[i] == ']') {
      if (!open.empty())
        open.pop_back();
    } else if (json[i] == '"') {
      const size_t begin = i + 1;
      while (++i < json.size() && json[i] != '"')
        i += json[i] == '\\';
      StringRef text = json.slice(begin, i);
      const bool isKey = json.substr(i + 1).ltrim().starts_with(":");
      if (isKey && !open.empty() && !open.back().insert(text).second)
        return "`" + printable(text, 200) + "` is there twice";
    }
  }
  return "";
}

SafetensorsType typeNamed(StringRef name) {
  if (name == "F32")
    return SafetensorsType::F32;
  if (name == "F16")
    return SafetensorsType::F16;
  if (name == "BF16")
    return SafetensorsType::BF16;
  return name == "F64" ? SafetensorsType::F64 : SafetensorsType::Other;
}

uint64_t bytesOf(SafetensorsType type) {
  switch (type) {
  case SafetensorsType::I8:
  case SafetensorsType::U8:
    return 1;
  case SafetensorsType::F32:
  case SafetensorsType::I32:
    return 4;
  case SafetensorsType::F64:
    return 8;
  case SafetensorsType::F16:
  case SafetensorsType::BF16:
    return 2;
  case SafetensorsType::Other:
    break;
  }
  return 0;
}

/// A list of numbers that are not negative.
bool readNumbers(const json::Array *array, std::vector<int64_t> &numbers) {
  if (!array)
    return false;
  for (const json::Value &value : *array) {
    auto number = value.getAsInteger();
    if (!number || *number < 0)
      return false;
    numbers.push_back(*number);
  }
  return true;
}

bool shapeFills(const std::vector<int64_t> &shape, uint64_t elementBytes, uint64_t bytes) {
  uint64_t product = elementBytes;
  for (int64_t dim : shape)
    if (dim == 0)
      return bytes == 0;
  for (int64_t dim : shape)
    if (__builtin_mul_overflow(product, static_cast<uint64_t>(dim), &product))
      return false;
  return product == bytes;
}

Expected<SafetensorsEntry> readEntry(StringRef file, StringRef name, const json::Value &value, StringRef data) {
  const std::string shown = "`" + printable(name) + "` ";
  SafetensorsEntry entry;
  entry.name = name.str();
  const json::Object *object = value.getAsObject();
  std::vector<int64_t> offsets;
  if (!object || !object->getString("dtype") || !readNumbers(object->getArray("shape"), entry.shape) ||
      !readNumbers(object->getArray("data_offsets"), offsets) || offsets.size() != 2)
    return bad(file, shown + "has no proper `dtype`, `shape` and `data_offsets`");
  entry.typeName = printable(*object->getString("dtype"), 16);
  entry.type = typeNamed(entry.typeName);
  if (offsets[0] > offsets[1] || static_cast<uint64_t>(offsets[1]) > data.size())
    return bad(file, shown + "lies outside the file, which may be truncated");
  entry.bytes = data.slice(offsets[0], offsets[1]);
  if (entry.type != SafetensorsType::Other && !shapeFills(entry.shape, bytesOf(entry.type), entry.bytes.size()))
    return bad(file, shown + "has " + Twine(entry.bytes.size()) + " bytes, which its shape does not fill");
  return entry;
}

/// The format wants every byte in exactly one tensor: anything else is a damaged file, or a name for the wrong numbers.
std::string whyUneven(ArrayRef<SafetensorsEntry> entries, StringRef data) {
  std::vector<const SafetensorsEntry *> filled;
  for (const SafetensorsEntry &entry : entries)
    if (!entry.bytes.empty())
      filled.push_back(&entry);
  llvm::sort(filled, [](auto *a, auto *b) { return std::pair(a->bytes.begin(), a->name) < std::pair(b->bytes.begin(), b->name); });
  const char *end = data.begin();
  const SafetensorsEntry *last = nullptr;
  for (const SafetensorsEntry *entry : filled) {
    if (entry->bytes.begin() < end)
      return "`" + printable(entry->name) + "` and `" + printable(last->name) + "` overlap";
    if (entry->bytes.begin() > end)
      return std::to_string(entry->bytes.begin() - end) + " bytes before `" + printable(entry->name) + "` belong to no tensor";
    end = entry->bytes.end();
    last = entry;
  }
  return end == data.end() ? "" : "its last " + std::to_string(data.end() - end) + " bytes belong to no tensor";
}

// ---- conversions ----

float widenHalf(uint16_t half) {
  const uint32_t sign = uint32_t(half & 0x8000u) << 16, exponent = half >> 10 & 0x1fu, fraction = half & 0x3ffu;
  if (exponent == 31) // infinities and NaNs
    return llvm::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  if (exponent != 0)
    return llvm::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float small = static_cast<float>(fraction) * 0x1p-24f; // zeros and subnormals
  return sign ? -small : small;
}

float widenBrain(uint16_t brain) { return llvm::bit_cast<float>(uint32_t(brain) << 16); }

template <typename From, typename Convert> void convert(StringRef bytes, float *to, Convert one) {
  for (size_t i = 0; i < bytes.size() / sizeof(From); ++i) {
    From value;
    std::memcpy(&value, bytes.data() + i * sizeof(From), sizeof(From));
    to[i] = one(value);
  }
}

void convertAll(const SafetensorsEntry &entry, float *to) {
  switch (entry.type) {
  case SafetensorsType::F32:
    std::memcpy(to, entry.bytes.data(), entry.bytes.size());
    return;
  case SafetensorsType::F16:
    return convert<uint16_t>(entry.bytes, to, widenHalf);
  case SafetensorsType::BF16:
    return convert<uint16_t>(entry.bytes, to, widenBrain);
  case SafetensorsType::F64:
    return convert<double>(entry.bytes, to, [](double value) { return static_cast<float>(value); });
  case SafetensorsType::I8:
    return convert<int8_t>(entry.bytes, to, [](int8_t value) { return float(value); });
  case SafetensorsType::U8:
    return convert<uint8_t>(entry.bytes, to, [](uint8_t value) { return float(value); });
  case SafetensorsType::I32:
    return convert<int32_t>(entry.bytes, to, [](int32_t value) { return float(value); });
  case SafetensorsType::Other:
    llvm_unreachable("refused when it was bound");
  }
}

} // namespace

Expected<SafetensorsFile> SafetensorsFile::open(StringRef path) {
  sys::fs::file_status status;
  if (std::error_code error = sys::fs::status(path, status))
    return createStringError("cannot read weights `" + path + "`: " + error.message());
  if (status.type() != sys::fs::file_type::regular_file)
    return createStringError("cannot read weights `" + path + "`: it is not a file");
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError("cannot read weights `" + path + "`: " + buffer.getError().message());
  keepFromOutputs(path);
  return parse(std::move(*buffer), path);
}

Expected<SafetensorsFile> SafetensorsFile::parse(std::shared_ptr<MemoryBuffer> buffer, StringRef path) {
  SafetensorsFile file;
  file.name = path.str();
  StringRef bytes = buffer->getBuffer();
  if (bytes.size() < 8)
    return bad(path, "it has only " + Twine(bytes.size()) + " bytes");
  if (bytes.starts_with("PK\x03\x04"))
    return bad(path, "it is a ZIP archive, as torch.save writes; in Python, "
                     "safetensors.torch.save_file(torch.load(FILE), \"NAME.safetensors\") makes one of a state dict");
  const uint64_t headerBytes = support::endian::read64le(bytes.data());
  if (headerBytes > maxHeaderBytes || headerBytes > bytes.size() - 8)
    return bad(path, "its header would have " + Twine(headerBytes) + " bytes");
  StringRef header = bytes.substr(8, headerBytes);
  if (std::string why = whyUnreadable(header); !why.empty())
    return bad(path, why);
  Expected<json::Value> parsed = json::parse(header);
  if (!parsed) {
    std::string why = toString(parsed.takeError());
    return bad(path, "its header is no JSON: " + printable(why, 120));
  }
  const json::Object *object = parsed->getAsObject();
  if (!object)
    return bad(path, "its header is no JSON object");
  StringRef data = bytes.drop_front(8 + headerBytes);
  for (const auto &[key, value] : *object) {
    if (key == "__metadata__")
      continue;
    Expected<SafetensorsEntry> entry = readEntry(path, key, value, data);
    if (!entry)
      return entry.takeError();
    file.list.push_back(std::move(*entry));
  }
  if (std::string why = whyUneven(file.list, data); !why.empty())
    return bad(path, why);
  file.sortEntries();
  file.buffer = std::move(buffer);
  return file;
}

SafetensorsFile SafetensorsFile::of(std::shared_ptr<const void> owner, StringRef path,
                                    std::vector<SafetensorsEntry> entries) {
  SafetensorsFile file;
  file.name = path.str();
  file.buffer = std::move(owner);
  file.list = std::move(entries);
  file.sortEntries();
  return file;
}

void SafetensorsFile::sortEntries() {
  sort(list, [](const SafetensorsEntry &a, const SafetensorsEntry &b) { return a.name < b.name; });
  for (auto [index, entry] : enumerate(list))
    places[entry.name] = index;
}

const SafetensorsEntry *SafetensorsFile::find(StringRef path) const {
  auto place = places.find(path);
  return place == places.end() ? nullptr : &list[place->second];
}

HostTensor SafetensorsFile::read(const SafetensorsEntry &entry, mlir::RankedTensorType type) const {
  if (entry.type == SafetensorsType::F32 && reinterpret_cast<uintptr_t>(entry.bytes.data()) % alignof(float) == 0)
    return {type, buffer, entry.bytes.data()};
  HostTensor tensor = HostTensor::allocate(type);
  convertAll(entry, reinterpret_cast<float *>(tensor.writable()));
  return tensor;
}

} // namespace weft
