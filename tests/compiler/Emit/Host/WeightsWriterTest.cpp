// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Weights that threads write in pieces are in the file as written, with zeros between them, whatever pages they share.
#include "compiler/Emit/Host/WeightsWriter.h"

#include "compiler/Support/Process.h"

#include <gtest/gtest.h>

#include <thread>

using namespace weft;
using namespace weft::emit;

namespace {

struct Slot {
  uint64_t begin, end;
};

/// Writes every third of `slots` from `first` on, in pieces of `piece` bytes.
void writeSlots(WeightsWriter &writer, const std::vector<Slot> &slots, size_t first, const std::string &bytes, uint64_t piece) {
  for (size_t i = first; i < slots.size(); i += 3)
    for (uint64_t at = slots[i].begin; at < slots[i].end; at += piece)
      EXPECT_FALSE(bool(writer.write(at, bytes.data() + at, std::min(piece, slots[i].end - at))));
}

TEST(WeightsWriter, PiecesOfThreadsBecomeOneFile) {
  constexpr uint64_t page = 2 << 20, total = 4 * page + 77, before = 3 * 4096;
  std::vector<Slot> slots = {{0, 5}, {64, page - before}, {page - before, page + 1}, {page + 64, page + 128}, {page + 192, total}};
  std::string bytes(total, '\0');
  for (Slot slot : slots)
    for (uint64_t at = slot.begin; at < slot.end; ++at)
      bytes[at] = char(at * 2654435761u >> 7);
  for (uint64_t piece : {uint64_t(1000003), 3 * page}) {
    TemporaryFolder folder;
    auto output = OutputFile::create(folder.path() + "/weights", before + total);
    ASSERT_TRUE(bool(output));
    FilePart file = output->part();
    file.begin = before;
    WeightsWriter writer(file, total);
    for (Slot slot : slots)
      writer.expect(slot.begin, slot.end - slot.begin);
    std::vector<std::thread> threads;
    for (size_t first = 0; first < 3; ++first)
      threads.emplace_back([&, first] { writeSlots(writer, slots, first, bytes, piece); });
    for (std::thread &thread : threads)
      thread.join();
    auto checksum = writer.checksum();
    ASSERT_TRUE(bool(checksum));
    EXPECT_EQ(*checksum, weft_checksum(bytes.data(), bytes.size()));
    std::string read(total, 'x');
    ASSERT_FALSE(bool(file.read(0, read.data(), total)));
    EXPECT_TRUE(read == bytes);
  }
}

TEST(WeightsWriter, NoWeightsHaveAChecksum) {
  WeightsWriter writer({"nothing", -1, 0}, 0);
  auto checksum = writer.checksum();
  ASSERT_TRUE(bool(checksum));
  EXPECT_EQ(*checksum, weft_checksum("", 0));
}

} // namespace
