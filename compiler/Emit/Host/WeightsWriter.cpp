// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A page is filled by whoever has bytes of it, and written by who fills one while nobody writes. The same thread sums pages in their
// order: from memory where it wrote all before, else from the file.
#include "compiler/Emit/Host/WeightsWriter.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cstring>

using namespace llvm;
using namespace weft;
using namespace weft::emit;

WeightsWriter::WeightsWriter(const FilePart &file, uint64_t bytes) : file(file) {
  for (uint64_t begin = 0, end; begin < bytes; begin = end) {
    end = std::min(alignDown(file.begin + begin, pageBytes) + pageBytes - file.begin, bytes);
    pages.push_back({begin, end});
  }
}

template <typename Part> Error WeightsWriter::split(uint64_t offset, uint64_t bytes, Part part) {
  for (uint64_t at = offset, end = offset + bytes, next; at < end; at = next) {
    Page &page = *std::upper_bound(pages.begin(), pages.end(), at, [](uint64_t at, const Page &page) { return at < page.end; });
    next = std::min(page.end, end);
    if (Error error = part(page, at, next))
      return error;
  }
  return Error::success();
}

void WeightsWriter::expect(uint64_t offset, uint64_t bytes) {
  cantFail(split(offset, bytes, [](Page &page, uint64_t begin, uint64_t end) {
    page.missing += end - begin;
    return Error::success();
  }));
}

Error WeightsWriter::write(uint64_t offset, const char *data, uint64_t bytes) {
  return split(offset, bytes, [&](Page &page, uint64_t begin, uint64_t end) {
    std::memcpy(open(page) + (begin - page.begin), data + (begin - offset), end - begin);
    return close(page, end - begin);
  });
}

/// Its memory.
char *WeightsWriter::open(Page &page) {
  std::lock_guard lock(access);
  if (page.bytes)
    return page.bytes.get();
  if (spare.empty())
    spare.push_back(std::make_unique_for_overwrite<char[]>(pageBytes));
  page.bytes = std::move(spare.back());
  spare.pop_back();
  if (page.missing < page.end - page.begin) // there are gaps
    std::memset(page.bytes.get(), 0, page.end - page.begin);
  return page.bytes.get();
}

/// `bytes` more are in its memory. A page that is full now waits for whoever is writing, unless too many do.
Error WeightsWriter::close(Page &page, uint64_t bytes) {
  constexpr size_t mostFull = 16;
  std::unique_lock alone(writing, std::defer_lock);
  {
    std::lock_guard lock(access);
    page.missing -= bytes;
    if (page.missing != 0)
      return Error::success();
    full.push_back(&page);
    if (!alone.try_lock() && full.size() < mostFull)
      return Error::success();
  }
  if (!alone)
    alone.lock();
  return writeFull();
}

Error WeightsWriter::writeFull() {
  while (Page *page = takeFull()) {
    if (Error error = file.write(page->begin, page->bytes.get(), page->end - page->begin))
      return error;
    if (page == &pages[summed] && page != &pages.back()) {
      weft_checksum_add(&state, page->bytes.get(), page->end - page->begin);
      ++summed;
    }
    std::lock_guard lock(access);
    spare.push_back(std::move(page->bytes));
  }
  return sumWritten();
}

WeightsWriter::Page *WeightsWriter::takeFull() {
  std::lock_guard lock(access);
  if (full.empty())
    return nullptr;
  Page *page = full.front();
  full.erase(full.begin());
  return page;
}

bool WeightsWriter::isWritten(const Page &page) {
  std::lock_guard lock(access);
  return page.missing == 0 && !page.bytes;
}

/// All but the last page, as far as they are in the file.
Error WeightsWriter::sumWritten() {
  for (; summed + 1 < pages.size() && isWritten(pages[summed]); ++summed) {
    const Page &page = pages[summed];
    auto bytes = file.view(page.begin, page.end - page.begin);
    if (!bytes)
      return bytes.takeError();
    weft_checksum_add(&state, bytes->const_data(), bytes->size());
  }
  return Error::success();
}

Expected<uint64_t> WeightsWriter::checksum() {
  std::vector<char> last(pages.empty() ? 0 : pages.back().end - pages.back().begin);
  if (Error error = writeFull())
    return error;
  if (!pages.empty())
    if (Error error = file.read(pages.back().begin, last.data(), last.size()))
      return error;
  return weft_checksum_end(&state, last.data(), last.size());
}
