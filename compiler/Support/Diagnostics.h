// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Errors in text files: `file:line:col: error: text`, the source line, a caret under the range, notes at other places.
// Loaders of any text format collect their errors here and print them in one go.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace weft {

/// A text held in memory with the name messages call it by. Offsets are bytes, lines and columns count from 1, columns
/// in characters.
class TextFile {
public:
  TextFile(std::string name, std::string contents);

  llvm::StringRef name() const { return fileName; }
  llvm::StringRef contents() const { return text; }
  struct Position {
    uint32_t line, column;
  };
  Position position(uint32_t offset) const;
  /// The line `line` (from 1) without its end.
  llvm::StringRef lineText(uint32_t line) const;
  /// Offset of the first byte of `line`; the end of the text when there is no such line.
  uint32_t lineStart(uint32_t line) const;

private:
  std::string fileName, text;
  uint32_t charactersBefore(uint32_t offset) const;

  std::vector<uint32_t> starts;      // offsets of first bytes of lines
  std::vector<uint32_t> checkpoints; // characters before every thousandth byte or so
};

/// Reads a regular file of at most `maxBytes`. On failure returns null and says why in `reason` ("no such file").
std::unique_ptr<TextFile> readTextFile(llvm::StringRef path, std::string name, uint64_t maxBytes, std::string &reason);

/// Bytes [begin, end) of a file. A null file is a place outside any text, such as the command line.
struct TextRange {
  const TextFile *file = nullptr;
  uint32_t begin = 0, end = 0;
  explicit operator bool() const { return file != nullptr; }
  llvm::StringRef text() const { return file ? file->contents().slice(begin, end) : llvm::StringRef(); }
};

/// The range from the first byte of `a` to the last of `b`.
inline TextRange join(TextRange a, TextRange b) { return {a.file, a.begin, b.end}; }

/// Collects errors in order. The same text at the same place counts once, so that a loop reports its body's error once.
class TextDiagnostics {
public:
  explicit TextDiagnostics(size_t limit = 100) : limit(limit) {}

  class Report {
  public:
    Report &note(TextRange range, const llvm::Twine &text);

  private:
    friend class TextDiagnostics;
    struct Line {
      TextRange range;
      std::string text;
    };
    Line error;
    std::vector<Line> notes;
  };

  /// Adds an error and returns it for notes. Past the limit, and for repetitions, the report goes nowhere.
  Report &error(TextRange range, const llvm::Twine &text);
  bool hasErrors() const { return !reports.empty(); }
  size_t errorCount() const { return reports.size(); }
  /// How often error() was called: grows with repetitions too.
  size_t raisedCount() const { return raised; }
  /// True once nothing more would be printed: a loader may stop.
  bool full() const { return reports.size() >= limit; }
  /// Forgets all but the first `count` errors: a caller says better what went wrong.
  void truncate(size_t count) { reports.resize(count); }
  void print(llvm::raw_ostream &out) const;

private:
  static void printLine(llvm::raw_ostream &out, const Report::Line &line, llvm::StringRef kind);

  size_t limit;
  size_t dropped = 0, raised = 0;
  std::deque<Report> reports;
  std::set<std::tuple<const TextFile *, uint32_t, uint32_t, std::string>> seen;
  Report sink;
};

/// The candidate a person most likely meant by `name`, if any is near (a third of the letters may differ).
std::optional<llvm::StringRef> nearestName(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> candidates);

/// "; did you mean `nearest`?", or nothing.
std::string didYouMean(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> candidates);

/// "`a`, `b` and `c`".
std::string listNames(llvm::ArrayRef<llvm::StringRef> names, llvm::StringRef lastJoin = "and");

/// `text` with control characters and broken UTF-8 replaced by `?`, cut at `maxCharacters`: safe to print.
std::string printable(llvm::StringRef text, size_t maxCharacters = 60);

} // namespace weft
