// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The format: magic "\x93NUMPY", version, length of the header, a Python dictionary as text, the data. Sizes are
// checked before anything is allocated; pickled types are refused with every other that is not listed.
#include "frontends/Weft/NpyFile.h"

#include "compiler/Support/Diagnostics.h"
#include "compiler/Support/Files.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace weft;
using llvm::StringRef;

static constexpr uint64_t maxBytes = 16u << 20;
static constexpr size_t maxRank = 6;

/// What stands behind `'key':` in the header, up to `stop`.
static StringRef field(StringRef header, StringRef key, StringRef stop) {
  auto [before, after] = header.split(("'" + key + "':").str());
  return after.ltrim().take_front(after.ltrim().find(stop));
}

template <typename T> static void append(StringRef data, llvm::SmallVectorImpl<float> &numbers) {
  for (size_t i = 0; i + sizeof(T) <= data.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, data.data() + i, sizeof(T));
    numbers.push_back(static_cast<float>(value));
  }
}

static size_t elementSize(StringRef type) {
  if (type == "f4" || type == "i4")
    return 4;
  if (type == "f8" || type == "i8")
    return 8;
  return type == "i1" || type == "u1" ? 1 : 0;
}

static std::string parseShape(StringRef text, llvm::SmallVectorImpl<int64_t> &shape, int64_t &elements) {
  elements = 1;
  llvm::SmallVector<StringRef> extents;
  text.drop_front().split(extents, ',', -1, /*KeepEmpty=*/false);
  for (StringRef extent : extents) {
    int64_t value;
    if (extent.trim().empty())
      continue;
    if (extent.trim().getAsInteger(10, value) || value < 1 || llvm::MulOverflow(elements, value, elements))
      return "its shape is not readable";
    shape.push_back(value);
  }
  return shape.size() > maxRank ? "tensors have at most 6 dimensions" : "";
}

static std::string parse(StringRef bytes, llvm::SmallVectorImpl<int64_t> &shape,
                         llvm::SmallVectorImpl<float> &numbers) {
  constexpr size_t preamble = 10; // of version 1
  if (!bytes.starts_with("\x93NUMPY") || bytes.size() < preamble || bytes[6] != 1)
    return "it is no `.npy` file of version 1";
  size_t headerBytes = llvm::support::endian::read16le(bytes.data() + 8);
  if (bytes.size() < preamble + headerBytes)
    return "it is truncated";
  StringRef header = bytes.substr(preamble, headerBytes), data = bytes.drop_front(preamble + headerBytes);
  StringRef type = field(header, "descr", ",").trim("' ");
  if (!type.consume_front("<"))
    type.consume_front("|");
  size_t size = elementSize(type);
  if (size == 0)
    return "its type `" + printable(type) + "` is none of f4, f8, i4, i8, i1 and u1";
  if (field(header, "fortran_order", ",") != "False")
    return "it is in Fortran order; save it with `numpy.ascontiguousarray`";
  int64_t elements, dataBytes;
  if (std::string wrong = parseShape(field(header, "shape", ")"), shape, elements); !wrong.empty())
    return wrong;
  if (llvm::MulOverflow(elements, int64_t(size), dataBytes) || uint64_t(dataBytes) != data.size())
    return "it holds " + std::to_string(data.size()) + " bytes of data, which does not fit its shape";
  if (type == "f4")
    append<float>(data, numbers);
  else if (type == "f8")
    append<double>(data, numbers);
  else if (type == "i4")
    append<int32_t>(data, numbers);
  else if (type == "i8")
    append<int64_t>(data, numbers);
  else if (type == "i1")
    append<int8_t>(data, numbers);
  else
    append<uint8_t>(data, numbers);
  return {};
}

std::string language::readNpy(StringRef folder, StringRef name, llvm::SmallVectorImpl<int64_t> &shape,
                              llvm::SmallVectorImpl<float> &numbers) {
  std::string quoted = "`" + printable(name, 200) + "`", reason;
  llvm::SmallString<256> real;
  if (name.starts_with("/") || name.contains('\0') || llvm::sys::fs::real_path(folder + "/" + name, real))
    return "cannot read " + quoted + ": no such file beside this one";
  if (!real.str().starts_with((folder + "/").str()))
    return quoted + " lies outside the folder of this file";
  auto file = readTextFile(real, name.str(), maxBytes, reason);
  if (!file)
    return "cannot read " + quoted + ": " + reason;
  keepFromOutputs(real);
  std::string wrong = parse(file->contents(), shape, numbers);
  return wrong.empty() ? wrong : "cannot read " + quoted + ": " + wrong;
}

void weft::language::writeNpy(llvm::raw_ostream &out, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> numbers) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  for (int64_t extent : shape)
    header += std::to_string(extent) + ",";
  header += "), }";
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  out << "\x93NUMPY" << char(1) << char(0) << char(header.size() & 255) << char(header.size() >> 8) << header;
  out.write(reinterpret_cast<const char *>(numbers.data()), numbers.size() * sizeof(float));
}
