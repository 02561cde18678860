// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A damaged, foreign or shared cache must never put wrong code into a binary, and the cache must not grow for ever.
#include "compiler/Emit/Kernels/Cache.h"

#include "llvm/Support/FileSystem.h"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

using weft::emit::KernelCache;
namespace fs = std::filesystem;

namespace {

class Cache : public testing::Test {
protected:
  Cache() {
    std::string pattern = (fs::temp_directory_path() / "weft-cache-test-XXXXXX").string();
    root = mkdtemp(pattern.data());
    folder = root + "/a/cache";
  }
  ~Cache() override { fs::remove_all(root); }

  KernelCache open(uint64_t maxBytes = 1 << 20) {
    auto cache = KernelCache::open(folder, maxBytes);
    if (!cache) {
      ADD_FAILURE() << llvm::toString(cache.takeError());
      std::abort();
    }
    return *cache;
  }

  std::string openError() {
    auto cache = KernelCache::open(folder, 1);
    return cache ? "" : llvm::toString(cache.takeError());
  }

  std::string path(const std::string &key) const { return folder + "/" + key + ".kernel"; }

  std::string root, folder;
};

const std::string key = KernelCache::keyOf({"text", "target"});

TEST_F(Cache, KeepsWhatIsStored) {
  KernelCache cache = open();
  EXPECT_FALSE(cache.find(key));
  std::string object("\x7f"
                     "ELF\0 with\nbytes",
                     16);
  cache.store(key, {object, "(seq)"});
  auto entry = open().find(key);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->object, object);
  EXPECT_EQ(entry->scratch, "(seq)");
}

TEST_F(Cache, FolderIsPrivate) {
  open();
  struct stat status;
  ASSERT_EQ(stat(folder.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  chmod(folder.c_str(), 0755);
  EXPECT_NE(openError().find("others may enter it (its mode must be 0700)"), std::string::npos) << openError();
  EXPECT_NE(openError().find("`--cache-dir`"), std::string::npos);
}

TEST_F(Cache, RefusesFilesAndLinks) {
  fs::create_directories(root + "/a");
  std::ofstream(folder) << "a file";
  EXPECT_NE(openError(), "");
  fs::remove(folder);
  fs::create_directory(root + "/elsewhere");
  chmod((root + "/elsewhere").c_str(), 0700);
  fs::create_directory_symlink(root + "/elsewhere", folder);
  EXPECT_NE(openError().find("it is no folder"), std::string::npos) << openError();
}

TEST_F(Cache, APipeInAnEntrysPlaceIsRemoved) {
  KernelCache cache = open();
  ASSERT_EQ(mkfifo(path(key).c_str(), 0600), 0);
  EXPECT_FALSE(cache.find(key)); // and does not wait for somebody to write
  EXPECT_FALSE(fs::exists(path(key)));
}

TEST_F(Cache, KeysDependOnEveryPart) {
  EXPECT_NE(KernelCache::keyOf({"ab", "c"}), KernelCache::keyOf({"a", "bc"}));
  EXPECT_NE(KernelCache::keyOf({"a", ""}), KernelCache::keyOf({"", "a"}));
  EXPECT_EQ(KernelCache::keyOf({"a", "b"}).size(), 64u);
}

TEST_F(Cache, AnEntryUnderAnotherNameIsRemoved) {
  KernelCache cache = open();
  const std::string other = KernelCache::keyOf({"other text", "target"});
  cache.store(key, {"object bytes", "(seq)"});
  fs::copy_file(path(key), path(other));
  EXPECT_FALSE(cache.find(other));
  EXPECT_FALSE(fs::exists(path(other)));
  EXPECT_TRUE(cache.find(key));
}

/// Each single byte of an entry changed, and each length cut: never found, and gone afterwards.
TEST_F(Cache, DamagedEntriesAreRemoved) {
  KernelCache cache = open();
  cache.store(key, {"object bytes", "(seq)"});
  std::ifstream in(path(key), std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(in), {}};
  auto put = [&](const std::string &text) { std::ofstream(path(key), std::ios::binary) << text; };
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 1;
    put(bad);
    EXPECT_FALSE(cache.find(key)) << i;
    EXPECT_FALSE(fs::exists(path(key))) << i;
    put(good.substr(0, i));
    EXPECT_FALSE(cache.find(key)) << i;
  }
  put(good + "x");
  EXPECT_FALSE(cache.find(key));
  put(good);
  EXPECT_TRUE(cache.find(key));
}

TEST_F(Cache, DoesNotFollowLinks) {
  KernelCache cache = open();
  cache.store(key, {"object", ""});
  fs::rename(path(key), root + "/moved");
  fs::create_symlink(root + "/moved", path(key));
  EXPECT_FALSE(cache.find(key));
}

TEST_F(Cache, LeastRecentlyUsedGoFirst) {
  KernelCache cache = open(4000);
  std::vector<std::string> keys;
  for (int i = 0; i < 6; ++i) {
    keys.push_back(KernelCache::keyOf({std::to_string(i)}));
    cache.store(keys[i], {std::string(900, 'x'), ""});
    timespec times[2] = {{100 + i, 0}, {100 + i, 0}};
    utimensat(AT_FDCWD, path(keys[i]).c_str(), times, 0);
  }
  EXPECT_TRUE(cache.find(keys[0])); // now the most recent
  cache.trim();
  EXPECT_TRUE(cache.find(keys[0]));
  EXPECT_TRUE(cache.find(keys[5]));
  EXPECT_FALSE(cache.find(keys[1]));
  EXPECT_FALSE(cache.find(keys[2]));
}

TEST_F(Cache, AFullDiskIsNoError) {
  KernelCache cache = open();
  fs::remove_all(folder);
  cache.store(key, {"object", ""});
  EXPECT_FALSE(cache.find(key));
  cache.trim();
}

} // namespace
