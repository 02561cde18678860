// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Finds the zoo of the source tree.
#include "tests/frontends/Weft/TestText.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace weft;

std::vector<std::pair<std::string, std::string>> language::zooTexts() {
  std::vector<std::pair<std::string, std::string>> texts;
  std::error_code failure;
  for (llvm::sys::fs::recursive_directory_iterator at(WEFT_ZOO, failure), end; !failure && at != end;
       at.increment(failure)) {
    std::string reason;
    if (llvm::sys::path::extension(at->path()) == ".weft")
      texts.emplace_back(at->path(), readTextFile(at->path(), "zoo", 1 << 20, reason)->contents().str());
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}
