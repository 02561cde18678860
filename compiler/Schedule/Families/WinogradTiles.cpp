// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What tiles of Winograd's algorithm take, and bands, chunks and batches of them that fit the caches and the room.
#include "compiler/Schedule/Families/WinogradTiles.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace weft {

/// A band of one row is cut where its transformed input is larger: with the products and filters it should fit the
/// second-level cache. Worth 8 % at 224 x 224, 4 % at 112 x 112.
constexpr double chunkBytes = 300 << 10;
/// Part of what a band may take that its slices do.
constexpr double slicesShare = 0.65;
/// Of a sample, in whose time groups read their filters again.
constexpr int64_t pixelsOfGroup = 100;
/// Of a row that threads share: fewer would not fill a register tile.
constexpr int64_t fewestOfRow = 14;

/// One of the two dimensions: tiles of m results, `apart` of them in each other, read m + taps - 1 elements each;
/// single elements where there is one tap.
struct WinogradTiles::Axis {
  Axis(int64_t taps, int64_t extent, int64_t m, int64_t dilation)
      : m(taps == 1 ? 1 : m), side(this->m + taps - 1), apart(taps == 1 ? 1 : dilation),
        places(llvm::divideCeil(extent, this->m * apart)),
        last(apart == 1 && extent % this->m ? extent % this->m + taps - 1 : side) {}
  int64_t m, side, apart, places, last; ///< last: what the last one reads where it makes no more than is left
};

WinogradTiles::WinogradTiles(const ConvShape &conv, int64_t m, const Machine &machine)
    : WinogradTiles(conv, Axis(conv.kernel.end()[-2], conv.height / conv.depth, m, conv.dilation.end()[-2]),
                    Axis(conv.kernel.back(), conv.width, m, conv.dilation.back()), machine) {}

WinogradTiles::WinogradTiles(const ConvShape &conv, const Axis &vertical, const Axis &horizontal, const Machine &machine)
    : dy(vertical.apart), dx(horizontal.apart), down(vertical.places), across(horizontal.places * dx),
      pointCount(vertical.side * horizontal.side),
      sides((vertical.side > 1 ? vertical.side : 0) + (horizontal.side > 1 ? horizontal.side : 0)),
      inBlocks(llvm::divideCeil(conv.inputs, machine.vector)),
      outBlocks(llvm::divideCeil(conv.outputs, machine.vector)), blocksOfGroup(inBlocks / conv.groups), sideDown(vertical.side), sideAcross(horizontal.side),
      lastDown(vertical.last), lastAcross(horizontal.last), pixels(conv.height / conv.depth * conv.width), hasSlices(conv.kernel.size() > 2),
      taps(conv.window / (conv.kernel.back() * conv.kernel.end()[-2])), slices(conv.depth), machine(machine) {
  bool wholeBlocks = !conv.isDense() || machine.tiles;
  inputs = wholeBlocks ? blocksOfGroup * machine.vector : llvm::alignTo(conv.inputs, inputLanes(conv.inputs, machine.vector));
  double vectors = double(inputs) * outBlocks;
  weightBytes = points() * taps * vectors * machine.vector * 4;
  packedBytes = conv.window * vectors * machine.vector * 4;
  filterOperations = vectors * (vertical.side * conv.window + 2 * points());
  if (!isDeep())
    return;
  step = conv.stride.front();
  reach = (taps - 1) * conv.dilation.front() + 1;
  double rowBytes = points() * inBlocks * machine.vector * 4 * inRow();
  int64_t fitting = int64_t(machine.bandBytes * slicesShare / rowBytes);
  int64_t most = std::clamp<int64_t>((fitting - reach) / step + 1, 1, slices);
  slices = llvm::divideCeil(slices, llvm::divideCeil(slices, most));
}

double WinogradTiles::raggedProducts() const {
  double ofAllColumns = lastAcross * across * (lastDown * down + (sideDown - lastDown) * (down - 1));
  return ofAllColumns + double(sideAcross - lastAcross) * (across - 1) * sideDown * down;
}

int64_t WinogradTiles::fewestTiles() const {
  int64_t withoutLower = lastDown < sideDown ? down - 1 : down, withoutRight = lastAcross < sideAcross ? across - 1 : across;
  return std::min(withoutLower * across, down * withoutRight);
}

int64_t WinogradTiles::evenBand(int64_t most) const {
  return llvm::divideCeil(down, llvm::divideCeil(down, most));
}

bool WinogradTiles::isFar() const { return weightBytes > machine.bandBytes; }

double WinogradTiles::tileBytes() const {
  return points() * inBlocks * slicesRead() * machine.vector * 4;
}

double WinogradTiles::tileWork(int64_t blocks) const {
  return points() * machine.vector * 4 * (inBlocks * slicesRead() + blocks * slices);
}

double WinogradTiles::workBytes(int64_t rows, int64_t samples) const {
  return samples * tileWork(outBlocks) * rows * inRow();
}

bool WinogradTiles::fitsRoom(int64_t rows, int64_t samples) const {
  return workBytes(rows, samples) <= machine.roomBytes;
}

int64_t WinogradTiles::band(int64_t cb, double workBytes) const {
  int64_t rows = cachedBand(cb);
  if (rows * workBytes <= machine.roomBytes)
    return rows;
  return evenBand(std::max<int64_t>(machine.roomBytes / workBytes, 1));
}

int64_t WinogradTiles::chunk(int64_t rx, int64_t rows, double columnBytes) const {
  double most = isDeep() ? machine.bandBytes * slicesShare : chunkBytes;
  auto fits = [&](int64_t cut) { return tileBytes() * cut <= most && columnBytes * cut <= machine.roomBytes; };
  if (rows > 1 || dy > 1) // a part of several rows would be no run
    return across;
  if (down == 1 && !isStreamed()) // threads share the only row
    for (int64_t parts : {4, 6, 8, 10, 12, 14, 16, 2, 9, 7, 5, 3})
      if (int64_t cut = across / parts; cut * parts == across && cut % dx == 0 && cut >= fewestOfRow && fits(cut))
        return cut;
  if (fits(across))
    return across;
  int64_t best = across;
  for (int64_t cut = rx; cut < across; cut += rx)
    if (across % cut == 0 && cut % dx == 0 && (cut == rx || fits(cut)))
      best = cut;
  return best;
}

int64_t WinogradTiles::tilesOfLast(int64_t rows, int64_t cut) const {
  int64_t last = down % rows;
  return (last ? last : rows) * dy * cut;
}

int64_t WinogradTiles::samplesServed(int64_t cb, int64_t batch) const {
  if (!servesBatch(cb))
    return 1;
  bool hides = machine.pointBandBytes > 0 || (machine.slowThirdLevel && down * inRow() >= tilesHidingFilter);
  bool fallsBack = hides && !isDeep() && !fitsRoom(down, batch) && fitsRoom(down, 1);
  return fallsBack ? 1 : batch;
}

bool WinogradTiles::pointsPay(int64_t rows) const {
  if (isDeep() || !isStreamed())
    return false;
  return machine.pointBandBytes > 0 || (machine.slowThirdLevel && rows == down);
}

double WinogradTiles::readAgain(int64_t rows, int64_t cb, int64_t batch) const {
  double inputBytes = tileBytes() * inRow() * rows * batch;
  if (machine.pointBandBytes > 0 && isFar())
    return weightBytes * (llvm::divideCeil(down, rows) - 1);
  if (!machine.slowThirdLevel || !isStreamed())
    return 0;
  if (rows < down)
    return weightBytes * (llvm::divideCeil(down, rows) - 1);
  return inputBytes <= machine.bandBytes ? 0 : inputBytes * (llvm::divideCeil(outBlocks, cb) - 1);
}

int64_t WinogradTiles::keptBand(int64_t cb) const {
  int64_t rows = llvm::divideCeil(tilesHidingFilter, inRow());
  double blockBytes = points() * machine.vector * 4; // of one tile, or of a filter's row
  double bytes = rows * inRow() * (inBlocks + 2 * cb) * blockBytes +
                 cb * inBlocks * machine.vector * blockBytes;
  return rows < down && bytes <= machine.bandBytes && !isDeep() ? rows : 0;
}

bool WinogradTiles::readsPerSample() const { return blocksOfGroup < inBlocks && pixels >= pixelsOfGroup && !machine.hasFewRegisters(); }

bool WinogradTiles::servesBatch(int64_t cb) const {
  if (!isStreamed())
    return false;
  // A group's filter is read again from the caches, while input and sums of one sample stay nearer than those of all.
  if (readsPerSample())
    return false;
  if (machine.pointBandBytes > 0 && !isDeep())
    return isFar() && down * inRow() < 4 * tilesHidingFilter;
  bool enough = !isDeep() && down * inRow() >= 4 * tilesHidingFilter;
  return !machine.slowThirdLevel || !(enough || keptBand(cb));
}

int64_t WinogradTiles::cachedBand(int64_t cb) const {
  if (!isStreamed())
    return 1;
  if (machine.pointBandBytes > 0 && !isDeep())
    return pointBand();
  int64_t fitting = int64_t(machine.bandBytes / (tileBytes() * inRow()));
  // A third-level cache fast enough for a band, room for all, or bands that are slices.
  if (!machine.slowThirdLevel || fitting >= down || isDeep())
    return std::clamp<int64_t>(fitting, 1, down);
  // Input is read again in order, which the processor foresees; filters, in pieces, cost four times as much a byte.
  int64_t kept = keptBand(cb);
  return kept ? kept : down;
}

int64_t WinogradTiles::pointBand() const {
  // A small filter is soon read again from a near cache, which an input of a few times its size stays in too.
  constexpr double ofFilter = 4;
  int64_t fitting = std::min(machine.pointBandBytes, ofFilter * weightBytes) / (tileBytes() * inRow());
  int64_t hiding = isFar() ? llvm::divideCeil(tilesHidingFilter, inRow()) : 1;
  int64_t rows = evenBand(std::max(fitting, hiding));
  while (rows > 1 && !fitsRoom(rows, 1))
    --rows;
  return evenBand(rows);
}

} // namespace weft
