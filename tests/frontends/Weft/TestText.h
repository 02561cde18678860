// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Texts for tests of the syntax: parsed, printed, their errors as one string.
#pragma once

#include "frontends/Weft/Parser.h"
#include "frontends/Weft/Printer.h"

namespace weft::language {

struct Parsed {
  TextFile text;
  TextDiagnostics diagnostics;
  std::unique_ptr<File> file;

  explicit Parsed(std::string contents) : text("t.weft", std::move(contents)) { file = parseFile(text, diagnostics); }
  bool fine() const { return file && !diagnostics.hasErrors(); }
  std::string errors() const {
    std::string result;
    llvm::raw_string_ostream stream(result);
    diagnostics.print(stream);
    return result;
  }
  std::string printed() const {
    std::string result;
    llvm::raw_string_ostream stream(result);
    printFile(*file, stream);
    return result;
  }
};

/// All .weft files of the zoo, blocks included, as (name, contents).
std::vector<std::pair<std::string, std::string>> zooTexts();

} // namespace weft::language
