// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Zip archives read through their central directory; each offset and size is checked before it is followed.

#include "tools/weft-run/Npz.h"

extern "C" {
#include "runtime/src/main/complain.h"
}

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>
#include <zlib.h>

namespace weft::run {
namespace {

constexpr size_t endBytes = 22, entryBytes = 46, localBytes = 30, maxCommentBytes = 65535;
constexpr uint64_t npyHeaderRoom = 1 << 17;

struct Member {
  std::string name;
  uint32_t method = 0;
  uint64_t packedBytes = 0, bytes = 0, offset = 0;
};

/// Little-endian numbers from bytes known to be there.
template <typename T> T number(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// The end record: the last place where its signature stands.
std::optional<size_t> findEnd(std::string_view contents) {
  if (contents.size() < endBytes)
    return std::nullopt;
  const size_t at = contents.rfind("PK\5\6", contents.size() - endBytes);
  if (at == std::string_view::npos || contents.size() - at > endBytes + maxCommentBytes)
    return std::nullopt;
  return at;
}

/// Sizes that do not fit 32 bits stand in the extra field with id 1, in a fixed order, only those that are needed.
void widen(std::string_view extra, Member &member) {
  while (extra.size() >= 4) {
    const uint16_t id = number<uint16_t>(extra, 0), bytes = number<uint16_t>(extra, 2);
    std::string_view field = extra.substr(4, bytes);
    for (uint64_t *value : {&member.bytes, &member.packedBytes, &member.offset})
      if (id == 1 && *value == 0xffffffff && field.size() >= 8) {
        *value = number<uint64_t>(field, 0);
        field.remove_prefix(8);
      }
    extra.remove_prefix(std::min<size_t>(extra.size(), 4u + bytes));
  }
}

std::optional<std::vector<Member>> readDirectory(std::string_view contents) {
  const std::optional<size_t> end = findEnd(contents);
  if (!end)
    return std::nullopt;
  const uint16_t count = number<uint16_t>(contents, *end + 10);
  size_t at = number<uint32_t>(contents, *end + 16);
  std::vector<Member> members;
  for (uint16_t i = 0; i < count; ++i) {
    if (at > contents.size() || contents.size() - at < entryBytes || contents.substr(at, 4) != "PK\1\2")
      return std::nullopt;
    const size_t name = number<uint16_t>(contents, at + 28), extra = number<uint16_t>(contents, at + 30),
                 comment = number<uint16_t>(contents, at + 32);
    Member member{std::string(contents.substr(at + entryBytes, name)), number<uint16_t>(contents, at + 10),
                  number<uint32_t>(contents, at + 20), number<uint32_t>(contents, at + 24),
                  number<uint32_t>(contents, at + 42)};
    if (contents.size() - at - entryBytes < name + extra + comment)
      return std::nullopt;
    widen(contents.substr(at + entryBytes + name, extra), member);
    members.push_back(std::move(member));
    at += entryBytes + name + extra + comment;
  }
  return members;
}

/// The member's packed bytes: they follow its local header, whose name and extra field may differ from the directory's.
std::optional<std::string_view> packedBytes(std::string_view contents, const Member &member) {
  if (member.offset > contents.size() || contents.size() - member.offset < localBytes ||
      contents.substr(member.offset, 4) != "PK\3\4")
    return std::nullopt;
  const size_t skip =
      localBytes + number<uint16_t>(contents, member.offset + 26) + number<uint16_t>(contents, member.offset + 28);
  if (contents.size() - member.offset < skip || contents.size() - member.offset - skip < member.packedBytes)
    return std::nullopt;
  return contents.substr(member.offset + skip, member.packedBytes);
}

bool inflateInto(std::string_view packed, std::vector<unsigned char> &bytes) {
  z_stream stream = {};
  if (packed.size() > UINT32_MAX || bytes.size() > UINT32_MAX || inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return false;
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = bytes.data();
  stream.avail_out = static_cast<uInt>(bytes.size());
  const bool whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out == 0;
  inflateEnd(&stream);
  return whole;
}

const Member *choose(const std::vector<Member> &members, std::string_view port) {
  const std::string_view behindDot = port.substr(port.find_last_of('.') + 1);
  for (std::string_view wanted : {port, behindDot})
    for (const Member &member : members)
      if (member.name == std::string(wanted) + ".npy")
        return &member;
  return members.size() == 1 ? &members[0] : nullptr;
}

int readMember(const std::string &name, std::string_view packed, const Member &member, const weft_info &info,
               const weft_port &port, weft_array &array) {
  const auto *stored = reinterpret_cast<const unsigned char *>(packed.data());
  if (member.method == 0)
    return weft_npy_parse(name.c_str(), stored, packed.size(), &info, &port, &array);
  const int64_t capacity = weft_port_capacity(&info, &port);
  if (capacity >= 0 && member.bytes > static_cast<uint64_t>(capacity) * 8 + npyHeaderRoom)
    return weft_complain("`%s` has %llu bytes, more than `%s` can take", name.c_str(),
                         static_cast<unsigned long long>(member.bytes), port.name);
  std::vector<unsigned char> bytes(member.bytes);
  if (member.method != 8 || !inflateInto(packed, bytes))
    return weft_complain("`%s` is damaged or packed in a way other than deflate", name.c_str());
  return weft_npy_parse(name.c_str(), bytes.data(), bytes.size(), &info, &port, &array);
}

} // namespace

bool isNpz(std::string_view contents) { return contents.starts_with("PK\3\4") || contents.starts_with("PK\5\6"); }

int readNpz(const char *file, std::string_view contents, const weft_info &info, const weft_port &port,
            weft_array &array) {
  const std::optional<std::vector<Member>> members = readDirectory(contents);
  if (!members)
    return weft_complain("`%s` is a damaged .npz archive", file);
  const Member *member = choose(*members, port.name);
  if (!member)
    return weft_complain("`%s` has %zu arrays, none of them called `%s`", file, members->size(), port.name);
  const std::optional<std::string_view> packed = packedBytes(contents, *member);
  if (!packed)
    return weft_complain("`%s` is a damaged .npz archive", file);
  // Only the port's name is repeated in messages: a member's may hold anything.
  return readMember(std::string(file) + ":" + port.name, *packed, *member, info, port, array);
}

} // namespace weft::run
