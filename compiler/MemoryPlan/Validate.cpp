// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The sweep: pieces of buffers enter and leave a map ordered by offset. As long as the live pieces are pairwise apart,
// a newcomer can only touch its two neighbours in that order, so looking at those is complete.
#include "compiler/MemoryPlan/Validate.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

using namespace weft::memplan;

namespace {

/// A buffer between two of its gaps: bytes [begin, end) during [lower, upper).
struct Piece {
  int64_t lower, upper, begin, end;
  size_t buffer;
};

struct Findings {
  size_t limit;
  std::vector<std::string> texts;

  bool full() const { return texts.size() >= limit; }
  void add(std::string text) {
    if (!full())
      texts.push_back(std::move(text));
  }
};

std::string quoted(const Buffer &buffer) { return "`" + buffer.name + "`"; }

std::string range(int64_t begin, int64_t end) { return "[" + std::to_string(begin) + ", " + std::to_string(end) + ")"; }

void appendPieces(const Buffer &buffer, size_t index, int64_t offset, std::vector<Piece> &pieces) {
  auto add = [&](int64_t lower, int64_t upper, int64_t begin, int64_t end) {
    if (lower < upper && begin < end)
      pieces.push_back({lower, upper, offset + begin, offset + end, index});
  };
  int64_t from = buffer.lower;
  for (const Gap &gap : buffer.gaps) {
    add(from, gap.lower, 0, buffer.size);
    if (gap.window)
      add(gap.lower, gap.upper, gap.window->lower, gap.window->upper);
    from = gap.upper;
  }
  add(from, buffer.upper, 0, buffer.size);
}

/// Where one buffer may lie, whatever the others do.
void checkPlace(const Buffer &buffer, int64_t offset, std::optional<int64_t> capacity, Findings &findings) {
  if (offset < 0)
    findings.add(quoted(buffer) + " is at the negative offset " + std::to_string(offset));
  else if (offset % buffer.alignment)
    findings.add(quoted(buffer) + " is at " + std::to_string(offset) + ", not a multiple of its alignment, " +
                 std::to_string(buffer.alignment));
  if (buffer.pinned && *buffer.pinned != offset)
    findings.add(quoted(buffer) + " is at " + std::to_string(offset) + " but pinned to " +
                 std::to_string(*buffer.pinned));
  if (capacity && offset + buffer.size > *capacity)
    findings.add(quoted(buffer) + " ends at " + std::to_string(offset + buffer.size) + ", " +
                 std::to_string(offset + buffer.size - *capacity) + " bytes beyond the capacity, " +
                 std::to_string(*capacity));
}

void checkGroups(const Problem &problem, const Solution &solution, Findings &findings) {
  std::map<int, size_t> firstOf;
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer &buffer = problem.buffers[i];
    if (buffer.group < 0)
      continue;
    size_t first = firstOf.emplace(buffer.group, i).first->second;
    const Buffer &other = problem.buffers[first];
    int64_t apart = solution.offsets[i] - solution.offsets[first], wanted = buffer.delta - other.delta;
    if (apart != wanted)
      findings.add(quoted(buffer) + " is " + std::to_string(apart) + " bytes after " + quoted(other) +
                   " of its group, not " + std::to_string(wanted));
  }
}

void checkOverlaps(const Problem &problem, const std::vector<Piece> &pieces, Findings &findings) {
  struct Event {
    int64_t time;
    bool birth; // deaths first: lifetimes are half open
    size_t piece;
    bool operator<(const Event &o) const { return std::tie(time, birth, piece) < std::tie(o.time, o.birth, o.piece); }
  };
  std::vector<Event> events;
  for (size_t i = 0; i < pieces.size(); ++i) {
    events.push_back({pieces[i].lower, true, i});
    events.push_back({pieces[i].upper, false, i});
  }
  std::sort(events.begin(), events.end());

  std::multimap<int64_t, size_t> live; // by first byte; a multimap because a wrong plan may have equals
  std::vector<std::multimap<int64_t, size_t>::iterator> place(pieces.size());
  auto compare = [&](const Piece &a, const Piece &b, int64_t time) {
    if (a.begin < b.end && b.begin < a.end)
      findings.add(quoted(problem.buffers[a.buffer]) + " at " + range(a.begin, a.end) + " and " +
                   quoted(problem.buffers[b.buffer]) + " at " + range(b.begin, b.end) + " share bytes at time " +
                   std::to_string(time));
  };
  for (const Event &event : events) {
    if (findings.full())
      return;
    if (!event.birth) {
      live.erase(place[event.piece]);
      continue;
    }
    const Piece &piece = pieces[event.piece];
    auto it = place[event.piece] = live.emplace(piece.begin, event.piece);
    if (it != live.begin())
      compare(pieces[std::prev(it)->second], piece, event.time);
    if (std::next(it) != live.end())
      compare(piece, pieces[std::next(it)->second], event.time);
  }
}

} // namespace

std::vector<std::string> weft::memplan::validate(const Problem &problem, const Solution &solution,
                                                 std::optional<int64_t> capacity, size_t limit) {
  Findings findings{limit, {}};
  if (solution.offsets.size() != problem.buffers.size()) {
    findings.add("the solution has " + std::to_string(solution.offsets.size()) + " offsets for " +
                 std::to_string(problem.buffers.size()) + " buffers");
    return findings.texts;
  }
  constexpr int64_t most = std::numeric_limits<int64_t>::max() / 2;
  std::vector<Piece> pieces;
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer &buffer = problem.buffers[i];
    int64_t offset = solution.offsets[i];
    if (offset > most || offset < -most || buffer.size > most) {
      findings.add(quoted(buffer) + " lies beyond 62 bits");
      return findings.texts;
    }
    checkPlace(buffer, offset, capacity, findings);
    appendPieces(buffer, i, offset, pieces);
  }
  checkGroups(problem, solution, findings);
  checkOverlaps(problem, pieces, findings);
  return findings.texts;
}
