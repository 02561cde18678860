// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// An output is there whole or not at all: what is not committed leaves nothing behind.
#include "compiler/Support/Files.h"

#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <filesystem>
#include <gtest/gtest.h>

using namespace weft;

namespace {

class Files : public ::testing::Test {
protected:
  void SetUp() override {
    folder = std::filesystem::path(::testing::TempDir()) / "weft-files-test";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string path(const char *name) const { return folder / name; }
  size_t entries() const {
    return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
  }
  static std::string read(const std::string &path) {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    return buffer ? (*buffer)->getBuffer().str() : "unreadable";
  }
  static std::string text(llvm::Error error) { return error ? llvm::toString(std::move(error)) : ""; }

  std::filesystem::path folder;
};

TEST_F(Files, AppearWhenCommitted) {
  {
    auto file = OutputFile::write(path("a"), [](llvm::raw_ostream &out) { out << "text"; });
    ASSERT_TRUE(bool(file)) << llvm::toString(file.takeError());
    EXPECT_FALSE(std::filesystem::exists(path("a")));
    EXPECT_EQ(text(file->commit()), "");
  }
  EXPECT_EQ(read(path("a")), "text");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(Files, StandInFoldersOfAnyName) {
  std::filesystem::create_directories(folder / "100%" / "XXXXXX%s");
  EXPECT_EQ(text(writeFile(path("100%/XXXXXX%s/50%%.part"), [](llvm::raw_ostream &out) { out << "text"; })), "");
  EXPECT_EQ(read(path("100%/XXXXXX%s/50%%.part")), "text");
}

TEST_F(Files, LeaveNothingWhenDropped) {
  {
    auto written = OutputFile::write(path("a"), [](llvm::raw_ostream &out) { out << "text"; });
    auto mapped = OutputFile::create(path("b"), 1 << 16);
    ASSERT_TRUE(written && mapped);
  }
  EXPECT_EQ(entries(), 0u);
}

TEST_F(Files, AreFilledInPartsInAnyOrder) {
  auto file = OutputFile::create(path("a"), 8);
  ASSERT_TRUE(bool(file)) << llvm::toString(file.takeError());
  FilePart end = file->part();
  end.begin = 4;
  EXPECT_EQ(text(end.write(2, "gh", 2)) + text(end.takeSpace(6)) + text(file->part().write(0, "abcd", 4)), "");
  char back[7] = {};
  EXPECT_EQ(text(end.read(0, back, 6)), "");
  EXPECT_EQ(std::string(back, 6), std::string("\0\0gh\0\0", 6));
  EXPECT_EQ(text(end.read(5, back, 2)), "cannot write `" + path("a") + "`: Input/output error") << "beyond the end";
  EXPECT_EQ(text(file->commit()), "");
  EXPECT_EQ(read(path("a")), std::string("abcd\0\0gh\0\0", 10));
}

TEST_F(Files, AreWrittenByOtherPrograms) {
  auto file = OutputFile::create(path("a"), 100);
  ASSERT_TRUE(bool(file));
  std::filesystem::remove(file->beside());
  ASSERT_EQ(text(writeFile(file->beside(), [](llvm::raw_ostream &out) { out << "another file"; })), "");
  EXPECT_EQ(text(file->reopen()) + text(file->part().write(0, "AN", 2)) + text(file->commit()), "");
  EXPECT_EQ(read(path("a")), "ANother file");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(Files, OldContentsStayWhereWritingFails) {
  ASSERT_EQ(text(writeFile(path("a"), [](llvm::raw_ostream &out) { out << "old"; })), "");
  EXPECT_EQ(text(writeFile(path("none/a"), [](llvm::raw_ostream &) {})),
            "cannot write `" + path("none/a") + "`: No such file or directory");
  EXPECT_EQ(text(checkWritable(path(""))), "cannot write `" + path("") + "`: Is a directory");
  EXPECT_NE(text(checkWritable(path("a"), uint64_t(1) << 60)), "") << "no disk has room for 2^60 bytes";
  EXPECT_EQ(read(path("a")), "old");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(Files, TakeTheNameOfOthers) {
  auto write = [&](const char *name) {
    return text(writeFile(path(name), [&](llvm::raw_ostream &out) { out << name; }));
  };
  ASSERT_EQ(write("new") + write("newer") + write("old"), "");
  EXPECT_FALSE(replaceFile(path("new"), path("old")));
  EXPECT_FALSE(replaceFile(path("newer"), path("nothing")));
  EXPECT_EQ(read(path("old")) + read(path("nothing")), "newnewer");
  EXPECT_EQ(entries(), 2u);
}

} // namespace
