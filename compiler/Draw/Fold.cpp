// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Blocks as one box: runs of boxes with a common beginning of their paths.

#include "compiler/Draw/Diagram.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <set>

using llvm::StringRef;

namespace weft::draw {
namespace {

/// The first `parts` parts; all of a path that has no more, which is in no block.
StringRef blockOf(const Box &box, unsigned parts) {
  StringRef path = box.path;
  size_t end = 0;
  for (unsigned i = 0; i < parts && end != StringRef::npos; ++i)
    end = path.find('.', end + (i != 0));
  return end == StringRef::npos || box.kind == BoxKind::Port ? StringRef() : path.take_front(end);
}

/// "3 conv, 3 batchnorm, 1 add": the first words of what is inside, most frequent first.
std::string contents(llvm::ArrayRef<Box> run) {
  struct Entry {
    StringRef word;
    int count;
    size_t first;
  };
  std::vector<Entry> counts;
  for (const Box &box : run)
    for (const std::string &line : llvm::ArrayRef(box.lines).drop_front(box.lines.size() > 1)) {
      StringRef word = StringRef(line).split(' ').first;
      auto known = std::find_if(counts.begin(), counts.end(), [&](auto &entry) { return entry.word == word; });
      if (known == counts.end())
        counts.push_back({word, 1, counts.size()});
      else
        ++known->count;
    }
  std::sort(counts.begin(), counts.end(),
            [](auto &a, auto &b) { return std::pair(-a.count, a.first) < std::pair(-b.count, b.first); });
  std::string text;
  for (const Entry &entry : llvm::ArrayRef(counts).take_front(4))
    text += (text.empty() ? "" : ", ") + std::to_string(entry.count) + " " + entry.word.str();
  return counts.size() > 4 ? text + ", ..." : text;
}

/// The block of each box. A box outside all blocks that is made from a block and read by that block alone belongs to it:
/// the concatenation between two layers of a dense block, the activation between two layers of a sequence.
std::vector<StringRef> blocksOf(const Diagram &diagram, unsigned parts) {
  size_t count = diagram.boxes.size();
  std::vector<StringRef> blocks(count), readers(count);
  std::vector<std::set<StringRef>> sources(count);
  std::vector<bool> read(count), mixed(count);
  for (size_t i = 0; i < count; ++i) {
    blocks[i] = readers[i] = blockOf(diagram.boxes[i], parts);
    if (!blocks[i].empty())
      sources[i].insert(blocks[i]);
  }
  auto isFree = [&](size_t i) { return blocks[i].empty() && diagram.boxes[i].kind != BoxKind::Port; };
  for (const Arrow &arrow : diagram.arrows) // sorted: sources are complete before they are handed on
    if (isFree(arrow.to))
      sources[arrow.to].insert(sources[arrow.from].begin(), sources[arrow.from].end());
  for (const Arrow &arrow : llvm::reverse(diagram.arrows))
    if (isFree(arrow.from)) {
      mixed[arrow.from] = mixed[arrow.from] || mixed[arrow.to] || (read[arrow.from] && readers[arrow.from] != readers[arrow.to]);
      readers[arrow.from] = readers[arrow.to];
      read[arrow.from] = true;
    }
  for (size_t i = 0; i < count; ++i)
    if (isFree(i) && !mixed[i] && sources[i].count(readers[i]))
      blocks[i] = readers[i];
  return blocks;
}

unsigned depthOf(const Diagram &diagram) {
  size_t depth = 0;
  for (const Box &box : diagram.boxes)
    depth = std::max(depth, StringRef(box.path).count('.'));
  return depth;
}

} // namespace

Diagram folded(const Diagram &diagram, unsigned parts) {
  Diagram result{diagram.name, {}, {}};
  std::vector<size_t> places;
  llvm::ArrayRef<Box> boxes = diagram.boxes;
  std::vector<StringRef> blocks = blocksOf(diagram, parts);
  for (size_t i = 0, end = 0; i < boxes.size(); i = end) {
    StringRef block = blocks[i];
    for (end = i + 1; end < boxes.size() && !block.empty() && blocks[end] == block;)
      ++end;
    places.resize(end, result.boxes.size());
    llvm::ArrayRef<Box> run = boxes.slice(i, end - i);
    if (run.size() == 1)
      result.boxes.push_back(run.front());
    else
      result.boxes.push_back({BoxKind::Block, block.str(), {block.str(), contents(run)}, run.back().output});
  }
  for (Arrow arrow : diagram.arrows)
    if (Arrow moved{places[arrow.from], places[arrow.to]}; moved.from != moved.to)
      result.arrows.push_back(moved);
  std::sort(result.arrows.begin(), result.arrows.end());
  result.arrows.erase(std::unique(result.arrows.begin(), result.arrows.end()), result.arrows.end());
  return result;
}

Diagram foldedTo(const Diagram &diagram, size_t most) {
  if (diagram.boxes.size() <= most)
    return diagram;
  unsigned depth = depthOf(diagram);
  for (unsigned parts = depth; parts > 1; --parts)
    if (Diagram result = folded(diagram, parts); result.boxes.size() <= most)
      return result;
  return folded(diagram, 1);
}

} // namespace weft::draw
