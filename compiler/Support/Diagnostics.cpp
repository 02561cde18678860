// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Printing of errors with carets. Source lines are foreign text: they are clipped and cleaned before they reach a
// terminal.
#include "compiler/Support/Diagnostics.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <algorithm>

using namespace weft;
using llvm::StringRef;
using llvm::Twine;

static bool startsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

/// Characters are counted from the last multiple of this, so that a line of megabytes costs no more than a short one.
static constexpr size_t checkpointBytes = 1024;

TextFile::TextFile(std::string name, std::string contents) : fileName(std::move(name)), text(std::move(contents)) {
  starts.push_back(0);
  uint32_t characters = 0;
  for (size_t i = 0, e = text.size(); i < e; ++i) {
    if (i % checkpointBytes == 0)
      checkpoints.push_back(characters);
    characters += startsCharacter(text[i]);
    if (text[i] == '\n')
      starts.push_back(i + 1);
  }
  checkpoints.push_back(characters);
}

/// Characters before `offset`.
uint32_t TextFile::charactersBefore(uint32_t offset) const {
  size_t checkpoint = offset / checkpointBytes;
  auto from = text.begin() + checkpoint * checkpointBytes;
  return checkpoints[checkpoint] + std::count_if(from, text.begin() + offset, startsCharacter);
}

TextFile::Position TextFile::position(uint32_t offset) const {
  offset = std::min<size_t>(offset, text.size());
  auto next = std::upper_bound(starts.begin(), starts.end(), offset);
  uint32_t line = next - starts.begin();
  return {line, 1 + charactersBefore(offset) - charactersBefore(starts[line - 1])};
}

uint32_t TextFile::lineStart(uint32_t line) const { return line <= starts.size() ? starts[line - 1] : text.size(); }

StringRef TextFile::lineText(uint32_t line) const {
  if (line > starts.size())
    return {};
  StringRef rest = StringRef(text).drop_front(starts[line - 1]);
  return rest.take_until([](char c) { return c == '\n'; }).rtrim('\r');
}

std::unique_ptr<TextFile> weft::readTextFile(StringRef path, std::string name, uint64_t maxBytes, std::string &reason) {
  llvm::sys::fs::file_status status;
  if (path.contains('\0')) {
    reason = "a file name holds no NUL byte";
    return nullptr;
  }
  if (std::error_code failure = llvm::sys::fs::status(path, status)) {
    reason = failure == std::errc::no_such_file_or_directory ? "no such file" : StringRef(failure.message()).lower();
    return nullptr;
  }
  if (status.type() != llvm::sys::fs::file_type::regular_file) {
    reason = status.type() == llvm::sys::fs::file_type::directory_file ? "it is a folder" : "it is no regular file";
    return nullptr;
  }
  if (status.getSize() > maxBytes) {
    reason = "it has " + std::to_string(status.getSize()) + " bytes; the limit is " + std::to_string(maxBytes);
    return nullptr;
  }
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false,
                                            /*IsVolatile=*/true);
  if (!buffer) {
    reason = StringRef(buffer.getError().message()).lower();
    return nullptr;
  }
  return std::make_unique<TextFile>(std::move(name), (*buffer)->getBuffer().str());
}

TextDiagnostics::Report &TextDiagnostics::Report::note(TextRange range, const Twine &text) {
  notes.push_back({range, text.str()});
  return *this;
}

TextDiagnostics::Report &TextDiagnostics::error(TextRange range, const Twine &text) {
  sink = {};
  ++raised;
  if (full()) {
    ++dropped;
    return sink;
  }
  std::string message = text.str();
  if (!seen.insert({range.file, range.begin, range.end, message}).second)
    return sink;
  Report &report = reports.emplace_back();
  report.error = {range, std::move(message)};
  return report;
}

namespace {
/// A line of foreign text made printable, and the columns of a range in it.
struct CleanLine {
  std::string text, carets;
};
} // namespace

static constexpr size_t maxLineCharacters = 140;

/// Clips `line` around byte `begin` and draws `^~~~` under [begin, end), which are offsets into the line.
static CleanLine underline(StringRef line, size_t begin, size_t end) {
  size_t first = begin > maxLineCharacters / 2 && line.size() > maxLineCharacters ? begin - maxLineCharacters / 2 : 0;
  while (first > 0 && first < line.size() && !startsCharacter(line[first]))
    --first;
  CleanLine clean;
  if (first > 0)
    clean.text = "...", clean.carets = "   ";
  size_t characters = 0, i = first;
  for (; i < line.size() && characters < maxLineCharacters; ++characters) {
    size_t next = i + 1;
    while (next < line.size() && !startsCharacter(line[next]))
      ++next;
    if (line[i] == '\t')
      clean.text += '\t';
    else
      clean.text += printable(line.slice(i, next));
    char under = i < begin || i >= std::max(end, begin + 1) ? (line[i] == '\t' ? '\t' : ' ') : i == begin ? '^' : '~';
    clean.carets += under;
    i = next;
  }
  if (i < line.size())
    clean.text += "...";
  if (begin >= line.size()) // past the end: a missing token
    clean.carets += '^';
  clean.carets.erase(clean.carets.find_last_not_of(" \t") + 1);
  return clean;
}

void TextDiagnostics::printLine(llvm::raw_ostream &out, const Report::Line &line, StringRef kind) {
  if (!line.range) {
    out << "weftc: " << kind << ": " << line.text << "\n";
    return;
  }
  const TextFile &file = *line.range.file;
  TextFile::Position at = file.position(line.range.begin);
  out << file.name() << ":" << at.line << ":" << at.column << ": " << kind << ": " << line.text << "\n";
  uint32_t start = file.lineStart(at.line);
  CleanLine clean = underline(file.lineText(at.line), line.range.begin - start, line.range.end - start);
  out << clean.text << "\n" << clean.carets << "\n";
}

void TextDiagnostics::print(llvm::raw_ostream &out) const {
  for (const Report &report : reports) {
    printLine(out, report.error, "error");
    for (const Report::Line &note : report.notes)
      printLine(out, note, "note");
  }
  if (dropped)
    out << "weftc: error: " << dropped << " more errors are not shown\n";
}

std::optional<StringRef> weft::nearestName(StringRef name, llvm::ArrayRef<StringRef> candidates) {
  if (name.empty() || name.size() > 64)
    return std::nullopt;
  std::optional<StringRef> best;
  unsigned bestDistance = static_cast<unsigned>(std::max<size_t>(1, (name.size() + 1) / 3)) + 1;
  for (StringRef candidate : candidates) {
    if (candidate.size() > 64 || candidate == name)
      continue;
    unsigned distance = name.edit_distance(candidate, /*AllowReplacements=*/true, bestDistance);
    if (distance < bestDistance && distance < std::max(name.size(), candidate.size()))
      best = candidate, bestDistance = distance;
  }
  return best;
}

std::string weft::didYouMean(StringRef name, llvm::ArrayRef<StringRef> candidates) {
  std::optional<StringRef> nearest = nearestName(name, candidates);
  return nearest ? ("; did you mean `" + *nearest + "`?").str() : std::string();
}

std::string weft::listNames(llvm::ArrayRef<StringRef> names, StringRef lastJoin) {
  constexpr size_t most = 100;
  std::string list;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i == most && names.size() > most + 1)
      return list + " and " + std::to_string(names.size() - most) + " more";
    if (i > 0)
      list += i + 1 == names.size() ? (" " + lastJoin + " ").str() : ", ";
    list += ("`" + names[i] + "`").str();
  }
  return list;
}

std::string weft::printable(StringRef text, size_t maxCharacters) {
  std::string clean;
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++characters) {
    if (characters == maxCharacters)
      return clean + "...";
    unsigned char lead = text[i];
    size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    bool whole = lead < 0x80 || (lead >= 0xC2 && lead < 0xF5 && i + length <= text.size());
    for (size_t k = 1; whole && k < length; ++k)
      whole = !startsCharacter(text[i + k]);
    // C1 controls and lone control bytes move cursors; they never reach the terminal.
    bool control =
        lead < 0x20 || lead == 0x7F || (lead == 0xC2 && whole && static_cast<unsigned char>(text[i + 1]) < 0xA0);
    if (!whole)
      length = 1;
    if (!whole || control)
      clean += '?';
    else
      clean += text.substr(i, length);
    i += length;
  }
  return clean;
}
