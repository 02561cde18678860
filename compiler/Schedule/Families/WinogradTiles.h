// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The tiles of one Winograd convolution: their numbers and bytes, and how many of them are worked on together.
#pragma once

#include "compiler/Schedule/ConvShape.h"

namespace weft {

/// The tiles of F(m, r) and their transforms, in blocks of channels.
struct WinogradTiles {
  WinogradTiles(const ConvShape &conv, int64_t m, const Machine &machine);

  double points() const { return double(pointCount); }
  /// Points of all tiles of a sample.
  double products() const { return points() * down * inRow(); }
  /// Those computed where the last row and column of tiles have no more than they need (`ragged`).
  double raggedProducts() const;
  /// Tiles computed of the point that fewest have.
  int64_t fewestTiles() const;
  /// The work to transform one tile, as a part of that for F(4) of 3x3 windows: of each side, its rows by its square.
  double transformed() const { return points() * sides / (36 * 12); }
  bool isDeep() const { return taps > 1 || slices > 1; }
  /// Whether the filter is too large to be read again and again at the speed of arithmetic.
  bool isStreamed() const { return weightBytes >= machine.cachedFilterBytes; }
  /// Whether filters come from memory for each band, as the third-level cache does not keep them.
  bool isFar() const;
  /// Tiles of a row, or of the rows that lie in each other.
  int64_t inRow() const { return across * dy; }
  /// Slices of the input that those of a band touch.
  int64_t slicesRead() const { return (slices - 1) * step + reach; }

  /// Bytes between the transforms for one tile, of its input.
  double tileBytes() const;
  /// The same with `blocks` channel blocks of its results.
  double tileWork(int64_t blocks) const;
  /// All there is between the transforms of some rows of some samples.
  double workBytes(int64_t rows, int64_t samples) const;
  /// Whether that fits the room.
  bool fitsRoom(int64_t rows, int64_t samples) const;
  /// At most so many rows, in bands of about one size.
  int64_t evenBand(int64_t most) const;
  /// Rows of tiles worked on together: one while filters stay cached, else as many as the cache and the room take, in
  /// bands of about one size.
  int64_t band(int64_t cb, double workBytes) const;
  /// The fewest rows that hide the stream of filters, if there are more and the second-level cache keeps their input
  /// while all filters pass, one strip of channel blocks after the other; else 0.
  int64_t keptBand(int64_t cb) const;
  /// Tiles of a row worked on together: all, or the largest part in whole register tiles that fits the cache and the
  /// room.
  int64_t chunk(int64_t rx, int64_t rows, double columnBytes) const;
  /// Tiles worked on together in the last band, the smallest.
  int64_t tilesOfLast(int64_t rows, int64_t cut) const;
  /// For how many samples a filter is used before the next is read. Where a batch has no room, samples one by one may have some, whose
  /// tiles hide the stream of filters, or which pass points one after the other.
  int64_t samplesServed(int64_t cb, int64_t batch) const;
  /// Whether samples of a grouped convolution read the filter one after the other; on AVX2 that takes longer.
  bool readsPerSample() const;
  /// Whether the products of all channel blocks are made for one point of the transform before the next: its input
  /// stays in the second-level cache while all its filters pass, and what goes beyond is written and read in order.
  bool pointsPay(int64_t rows) const;
  /// Bytes that come from beyond the second-level cache more than once: the filters for each band, or the transformed
  /// input of the only band for each strip of channel blocks.
  double readAgain(int64_t rows, int64_t cb, int64_t batch) const;

  int64_t dy, dx; ///< how far apart the elements of a tile are
  int64_t down, across, pointCount, sides, inBlocks, outBlocks;
  int64_t blocksOfGroup; ///< of the input: those an output block adds up
  int64_t inputs; ///< channels that an output block adds up, those without a filter included
  int64_t sideDown, sideAcross, lastDown, lastAcross; ///< points of a tile each way, and of the last one
  int64_t pixels;              ///< of a plane of results
  bool hasSlices;              ///< three spatial dimensions, be there a single slice
  int64_t taps, slices;        ///< of the window, and of a band; 1 in a plane
  int64_t step = 1, reach = 1; ///< from slice to slice, and the slices of one window with those between
  double weightBytes;          ///< of the transformed filter
  double packedBytes;          ///< of the filter as a direct kernel reads it
  double filterOperations;     ///< on vectors, to transform it

private:
  struct Axis;
  WinogradTiles(const ConvShape &conv, const Axis &vertical, const Axis &horizontal, const Machine &machine);

  /// Whether a filter is used for all samples before the next is read. Where one sample has tiles enough, that only
  /// makes more input to keep.
  bool servesBatch(int64_t cb) const;
  int64_t cachedBand(int64_t cb) const;
  /// Rows whose input a cache keeps between the transforms and the points, and enough to hide filters that come from memory.
  int64_t pointBand() const;

  const Machine &machine;
};

/// Tiles a filter is read for where it comes from beyond the second-level cache: reading it then takes half as long as
/// multiplying with it.
constexpr int64_t tilesHidingFilter = 28;

} // namespace weft
