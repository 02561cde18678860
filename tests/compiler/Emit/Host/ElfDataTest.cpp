// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A wrong object file of weights would fail to link, or shift every weight. LLVM's reader judges what is written.
#include "compiler/Emit/Host/ElfData.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/MemoryBuffer.h"

#include <gtest/gtest.h>

using namespace weft::emit;

static std::string objectOf(const std::string &blob) {
  ElfData data{".weft.weights", "net__weights", 4096, blob.size()};
  std::string file(data.fileBytes(), '\0');
  memcpy(file.data() + data.blobOffset(), blob.data(), blob.size());
  data.writeFrame(reinterpret_cast<unsigned char *>(file.data()));
  return file;
}

static llvm::Expected<std::unique_ptr<llvm::object::ObjectFile>> parse(const std::string &file) {
  return llvm::object::ObjectFile::createELFObjectFile(llvm::MemoryBufferRef(file, "weights.o"));
}

TEST(ElfData, SectionIsPageAlignedAndHoldsTheBytes) {
  for (size_t size : {size_t(0), size_t(1), size_t(4096), size_t(100001)}) {
    std::string blob(size, 'w'), file = objectOf(blob);
    auto object = parse(file);
    ASSERT_TRUE(bool(object)) << toString(object.takeError());
    bool found = false;
    for (llvm::object::SectionRef section : (*object)->sections()) {
      if (llvm::cantFail(section.getName()) != ".weft.weights")
        continue;
      found = true;
      EXPECT_EQ(section.getAlignment().value(), 4096u);
      EXPECT_EQ(llvm::cantFail(section.getContents()), blob);
    }
    EXPECT_TRUE(found);
  }
}

TEST(ElfData, SymbolIsHiddenAndCoversTheBlob) {
  std::string file = objectOf("abc");
  auto object = parse(file);
  ASSERT_TRUE(bool(object));
  int count = 0;
  for (llvm::object::ELFSymbolRef symbol : (*object)->symbols()) {
    ++count;
    EXPECT_EQ(llvm::cantFail(symbol.getName()), "net__weights");
    EXPECT_EQ(symbol.getSize(), 3u);
    EXPECT_EQ(symbol.getOther(), llvm::ELF::STV_HIDDEN);
    EXPECT_EQ(symbol.getBinding(), llvm::ELF::STB_GLOBAL);
  }
  EXPECT_EQ(count, 1);
}
