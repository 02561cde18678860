/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Sums of products in tile registers. Four tiles of c, two of pixels times two of blocks, stay in registers for a few turns
 * of the sum, in which two tiles of a and two of b meet in six products of parts; of twelve tiles they read, fourteen loads.
 * These few turns are done for all pixels and blocks before the next ones begin: so a and b come from memory once, b's part
 * of the turns waits in the second-level cache, and that of two tiles of a in the first. Where b is to be split, it is for
 * two blocks and a few turns at a time, into the first-level cache. What c holds in between is exact.
 */
#include "tiles.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>

#define TILED __attribute__((target("amx-tile,amx-bf16")))
#define SPLITTING __attribute__((target("avx512f")))
#define INLINED static inline __attribute__((always_inline))

enum {
  LANES = 16, /* rows of a tile, words of a row */
  ROW_BYTES = 64,
  LINE_BYTES = 64,   /* of the caches */
  MOST_AHEAD = 256 << 10, /* of a second-level cache of 2 MiB; more would push out a and b */
  PARTS = 3,
  PRODUCTS = 6, /* of parts */
  TILE_WORDS = LANES * LANES, STEP_WORDS = PARTS * TILE_WORDS,
  TURNS_AT_ONCE = 4, /* two tiles of a or of b take 24 KiB, half of the first-level cache */
};

typedef struct operands { /* of one call */
  float *c;
  const uint32_t *a, *b;
  int32_t width, lines, blocks;
  int32_t c_pixel, c_line, c_block, a_pixel, a_line, a_part, b_block, b_part;
} operands;

/* ---- the loops of the sum ---- */

typedef struct loop {
  int32_t turns, a, b, at;
} loop;

typedef struct turns { /* where the next few find their operands */
  ptrdiff_t a[TURNS_AT_ONCE], b[TURNS_AT_ONCE];
  int hasHigh[TURNS_AT_ONCE];
  int count, areFirst;
} turns;

/* Whether there was one more; moves on to the next. */
static int takeTurn(loop *loops, int32_t pairs, turns *next) {
  ptrdiff_t a = 0, b = 0;
  for (int i = 0; i < 3; ++i) {
    if (loops[i].at == loops[i].turns)
      return 0;
    a += (ptrdiff_t)loops[i].at * loops[i].a;
    b += (ptrdiff_t)loops[i].at * loops[i].b;
  }
  next->hasHigh[next->count] = loops[0].at < pairs;
  next->a[next->count] = a;
  next->b[next->count++] = b;
  for (int i = 2; ++loops[i].at == loops[i].turns && i > 0; --i)
    loops[i].at = 0;
  return 1;
}

static int takeTurns(loop *loops, int32_t pairs, turns *next) {
  next->count = 0;
  while (next->count < TURNS_AT_ONCE && takeTurn(loops, pairs, next))
    ;
  return next->count;
}

/* ---- the pixels of a tile ---- */

/* The tiles of a line have equally many rows, or one less; over all lines, those with more come first, so that the
 * registers are seldom told other numbers. */
typedef struct tiling {
  int32_t lines, perLine, larger, rows; /* `larger` of those of a line have `rows`, the others one less */
} tiling;

typedef struct tile {
  int32_t line, pixel, rows;
} tile;

static tiling tilesOf(int32_t width, int32_t lines) {
  const int32_t perLine = (width + LANES - 1) / LANES, smaller = perLine - 1 - (width - 1) % perLine;
  return (tiling){lines, perLine, perLine - smaller, (width - 1) / perLine + 1};
}

static tile tileAt(const tiling *t, int64_t index) {
  const int64_t larger = (int64_t)t->lines * t->larger;
  if (index < larger) {
    const int32_t i = (int32_t)(index % t->larger);
    return (tile){(int32_t)(index / t->larger), i * t->rows, t->rows};
  }
  const int32_t smaller = t->perLine - t->larger, i = (int32_t)((index - larger) % smaller);
  return (tile){(int32_t)((index - larger) / smaller), t->larger * t->rows + i * (t->rows - 1), t->rows - 1};
}

/* ---- what is soon read ---- */

typedef struct ahead {
  const char *next, *end;
  ptrdiff_t bytesAtOnce; /* so that all is fetched when the last square of tiles is done; many at once hold up the tiles' own loads */
} ahead;

static ahead fetchedIn(int64_t turns, const tiling *tiling, int32_t blocks, const void *next, int32_t bytes) {
  const int64_t squares = ((int64_t)tiling->lines * tiling->perLine + 1) / 2 * ((blocks + 1) / 2);
  if (bytes > MOST_AHEAD)
    bytes = 0;
  const int64_t times = PRODUCTS * turns * squares, lines = (bytes / LINE_BYTES + times) / times;
  return (ahead){next, (const char *)next + bytes, (ptrdiff_t)(lines * LINE_BYTES)};
}

INLINED void fetchSome(ahead *ahead) {
  if (ahead->next >= ahead->end)
    return;
  for (ptrdiff_t i = 0; i < ahead->bytesAtOnce; i += LINE_BYTES)
    _mm_prefetch(ahead->next + i, _MM_HINT_T1);
  ahead->next += ahead->bytesAtOnce;
}

/* ---- a b that is split here ---- */

typedef struct numbers {
  const float *low;
  int32_t block, row, high;
} numbers;

/* A row of both numbers of its words; the next parts are a tile further. */
SPLITTING INLINED void splitRow(__m512 low, __m512 high, uint32_t *to) {
  const __m512i upper = _mm512_set1_epi32((int)0xffff0000);
  for (int part = 0; part < PARTS; ++part) {
    const __m512i l = _mm512_castps_si512(low), h = _mm512_castps_si512(high);
    const __m512i upperLow = _mm512_and_si512(l, upper), upperHigh = _mm512_and_si512(h, upper);
    _mm512_store_si512(to + part * TILE_WORDS, _mm512_or_si512(upperHigh, _mm512_srli_epi32(l, 16)));
    low = _mm512_sub_ps(low, _mm512_castsi512_ps(upperLow));
    high = _mm512_sub_ps(high, _mm512_castsi512_ps(upperHigh));
  }
}

SPLITTING static void splitStep(const numbers *b, const float *low, int hasHigh, uint32_t *to) {
  for (int row = 0; row < LANES; ++row, low += b->row, to += LANES)
    splitRow(_mm512_loadu_ps(low), hasHigh ? _mm512_loadu_ps(low + b->high) : _mm512_setzero_ps(), to);
}

/* The turns of some blocks: [block][turn][part][row][column]. */
static void splitTurns(const numbers *b, const turns *turns, int32_t block, int32_t blocks, uint32_t *to) {
  for (int32_t j = 0; j < blocks; ++j)
    for (int i = 0; i < turns->count; ++i)
      splitStep(b, b->low + (ptrdiff_t)(block + j) * b->block + turns->b[i], turns->hasHigh[i],
                to + (j * TURNS_AT_ONCE + i) * STEP_WORDS);
}

/* ---- registers: 0 to 3 of c, 4 and 5 of a, 6 and 7 of b ---- */

typedef struct configuration { /* as the processor reads it: Intel SDM, volume 1, 18.2 */
  uint8_t palette, start, zeros[14];
  uint16_t rowBytes[16];
  uint8_t rows[16];
} configuration;

TILED static void configure(int32_t rows0, int32_t rows1) {
  configuration registers = {.palette = 1};
  for (int i = 0; i < 8; ++i) {
    registers.rowBytes[i] = ROW_BYTES;
    registers.rows[i] = (uint8_t)(i >= 6 ? LANES : i & 1 ? rows1 : rows0);
  }
  __asm__ volatile("" : : "r"(&registers) : "memory"); /* GCC 12 holds that the next line reads 8 bytes */
  _tile_loadconfig(&registers);
}

typedef struct corner { /* what up to four tiles of c are made of */
  float *c[2][2];       /* [tile of pixels][block] */
  const uint32_t *a[2], *b[2];
} corner;

#define TILE_PRODUCTS()                                                                                                \
  do {                                                                                                                 \
    _tile_dpbf16ps(0, 4, 6);                                                                                           \
    if (pixels == 2)                                                                                                   \
      _tile_dpbf16ps(1, 5, 6);                                                                                         \
    if (columns == 2)                                                                                                  \
      _tile_dpbf16ps(2, 4, 7);                                                                                         \
    if (columns == 2 && pixels == 2)                                                                                   \
      _tile_dpbf16ps(3, 5, 7);                                                                                         \
    fetchSome(ahead);                                                                                                  \
  } while (0)

#define LOAD_A(part)                                                                                                   \
  do {                                                                                                                 \
    _tile_loadd(4, a0 + part * aPart, aPixel);                                                                         \
    if (pixels == 2)                                                                                                   \
      _tile_loadd(5, a1 + part * aPart, aPixel);                                                                       \
  } while (0)

#define LOAD_B(part)                                                                                                   \
  do {                                                                                                                 \
    _tile_loadd(6, b0 + part * bPart, ROW_BYTES);                                                                      \
    if (columns == 2)                                                                                                  \
      _tile_loadd(7, b1 + part * bPart, ROW_BYTES);                                                                    \
  } while (0)

#define CLEAR_OR_LOAD(tile, from)                                                                                      \
  do {                                                                                                                 \
    if (turns->areFirst)                                                                                               \
      _tile_zero(tile);                                                                                                \
    else                                                                                                               \
      _tile_loadd(tile, from, cPixel);                                                                                 \
  } while (0)

/* All turns for up to 2 x 2 tiles of c. The order of products, which bits depend on, changes one side at a time. */
TILED INLINED void sum(const operands *o, const turns *turns, const corner *t, ahead *ahead, const int pixels,
                       const int columns) {
  const ptrdiff_t cPixel = (ptrdiff_t)o->c_pixel * 4, aPixel = (ptrdiff_t)o->a_pixel * 4;
  const ptrdiff_t aPart = o->a_part, bPart = o->b_part;
  CLEAR_OR_LOAD(0, t->c[0][0]);
  if (pixels == 2)
    CLEAR_OR_LOAD(1, t->c[1][0]);
  if (columns == 2)
    CLEAR_OR_LOAD(2, t->c[0][1]);
  if (columns == 2 && pixels == 2)
    CLEAR_OR_LOAD(3, t->c[1][1]);
  for (int i = 0; i < turns->count; ++i) {
    const uint32_t *a0 = t->a[0] + turns->a[i], *a1 = t->a[1] + turns->a[i];
    const uint32_t *b0 = t->b[0] + turns->b[i], *b1 = t->b[1] + turns->b[i];
    LOAD_A(0);
    LOAD_B(2);
    TILE_PRODUCTS();
    LOAD_B(1);
    TILE_PRODUCTS();
    LOAD_A(1);
    TILE_PRODUCTS();
    LOAD_B(0);
    TILE_PRODUCTS();
    LOAD_A(0);
    TILE_PRODUCTS();
    LOAD_A(2);
    TILE_PRODUCTS();
  }
  _tile_stored(0, t->c[0][0], cPixel);
  if (pixels == 2)
    _tile_stored(1, t->c[1][0], cPixel);
  if (columns == 2)
    _tile_stored(2, t->c[0][1], cPixel);
  if (columns == 2 && pixels == 2)
    _tile_stored(3, t->c[1][1], cPixel);
}

/* One function each: decisions between products cost a tenth. Four tiles of few pixels by one block, which read b less often,
 * are no faster, and fetching the next tiles into the first-level cache is slower. */
TILED static void sum22(const operands *o, const turns *turns, const corner *t, ahead *ahead) {
  sum(o, turns, t, ahead, 2, 2);
}
TILED static void sum21(const operands *o, const turns *turns, const corner *t, ahead *ahead) {
  sum(o, turns, t, ahead, 2, 1);
}
TILED static void sum12(const operands *o, const turns *turns, const corner *t, ahead *ahead) {
  sum(o, turns, t, ahead, 1, 2);
}
TILED static void sum11(const operands *o, const turns *turns, const corner *t, ahead *ahead) {
  sum(o, turns, t, ahead, 1, 1);
}

/* ---- all pixels and blocks ---- */

static corner cornerAt(const operands *o, const tile tiles[2], int32_t block, int columns) {
  corner t;
  for (int j = 0; j < 2; ++j)
    t.b[j] = o->b + (ptrdiff_t)(block + (j < columns ? j : 0)) * o->b_block;
  for (int i = 0; i < 2; ++i) {
    t.a[i] = o->a + (ptrdiff_t)tiles[i].line * o->a_line + (ptrdiff_t)tiles[i].pixel * o->a_pixel;
    for (int j = 0; j < 2; ++j)
      t.c[i][j] = o->c + (ptrdiff_t)tiles[i].line * o->c_line + (ptrdiff_t)tiles[i].pixel * o->c_pixel +
                  (ptrdiff_t)(block + (j < columns ? j : 0)) * o->c_block;
  }
  return t;
}

static void sumTiles(const operands *o, const turns *turns, const tile tiles[2], int pixels, ahead *ahead) {
  for (int32_t block = 0; block < o->blocks; block += 2) {
    const int columns = o->blocks - block < 2 ? 1 : 2;
    const corner t = cornerAt(o, tiles, block, columns);
    (pixels == 2 ? columns == 2 ? sum22 : sum21 : columns == 2 ? sum12 : sum11)(o, turns, &t, ahead);
  }
}

typedef struct walk { /* through the pixels: there, and for the next turns back, with the registers as they are */
  tiling tiling;
  int isBack;
  int32_t rows[2]; /* that the registers have */
} walk;

static void sumTurns(const operands *o, const turns *turns, walk *walk, ahead *ahead) {
  const int64_t count = (int64_t)walk->tiling.lines * walk->tiling.perLine, pairs = (count + 1) / 2;
  for (int64_t at = 0; at < pairs; ++at) {
    const int64_t i = 2 * (walk->isBack ? pairs - 1 - at : at);
    const int pixels = i + 1 < count ? 2 : 1;
    const tile tiles[2] = {tileAt(&walk->tiling, i), tileAt(&walk->tiling, i + pixels - 1)};
    if (walk->rows[0] != tiles[0].rows || walk->rows[1] != tiles[1].rows)
      configure(walk->rows[0] = tiles[0].rows, walk->rows[1] = tiles[1].rows);
    sumTiles(o, turns, tiles, pixels, ahead);
  }
  walk->isBack = !walk->isBack;
}

static void splitAndSumTurns(const operands *o, const numbers *b, const turns *turns, walk *walk, ahead *ahead) {
  _Alignas(LINE_BYTES) uint32_t parts[2 * TURNS_AT_ONCE * STEP_WORDS];
  struct turns ofParts = *turns;
  for (int i = 0; i < turns->count; ++i)
    ofParts.b[i] = i * STEP_WORDS;
  for (int32_t block = 0; block < o->blocks; block += 2) {
    operands two = *o;
    two.blocks = o->blocks - block < 2 ? 1 : 2;
    two.c = o->c + (ptrdiff_t)block * o->c_block;
    two.b = parts;
    two.b_block = TURNS_AT_ONCE * STEP_WORDS;
    two.b_part = TILE_WORDS;
    splitTurns(b, turns, block, two.blocks, parts);
    sumTurns(&two, &ofParts, walk, ahead);
  }
}

TILED static void release(void) { _tile_release(); }

/* All turns; b as parts (split is 0) or as numbers. */
static void sumAll(operands o, loop *loops, const numbers *split, int32_t pairs, const void *next, int32_t next_bytes) {
  if (o.width <= 0 || o.lines <= 0 || o.blocks <= 0 || loops[0].turns <= 0 || loops[1].turns <= 0 || loops[2].turns <= 0)
    return;
  if (o.a_line == (int64_t)o.width * o.a_pixel && o.c_line == (int64_t)o.width * o.c_pixel) {
    o.width *= o.lines;
    o.lines = 1;
  }
  walk walk = {tilesOf(o.width, o.lines), 0, {0, 0}};
  ahead ahead = fetchedIn((int64_t)loops[0].turns * loops[1].turns * loops[2].turns, &walk.tiling, o.blocks, next, next_bytes);
  turns few;
  for (few.areFirst = split != 0; takeTurns(loops, pairs, &few); few.areFirst = 0)
    if (split)
      splitAndSumTurns(&o, split, &few, &walk, &ahead);
    else
      sumTurns(&o, &few, &walk, &ahead);
  release(); /* or every switch of threads would save 8 KiB more */
}

void weft_tile_products(float *c, const uint32_t *a, const uint32_t *b, int32_t width, int32_t lines, int32_t blocks,
                        int32_t c_pixel, int32_t c_line, int32_t c_block, int32_t a_pixel, int32_t a_line,
                        int32_t a_part, int32_t b_block, int32_t b_part, int32_t n0, int32_t a0, int32_t b0, int32_t n1,
                        int32_t a1, int32_t b1, int32_t n2, int32_t a2, int32_t b2, const void *next,
                        int32_t next_bytes) {
  const operands o = {c,      a,       b,       width,  lines,  blocks,  c_pixel,
                      c_line, c_block, a_pixel, a_line, a_part, b_block, b_part};
  loop loops[3] = {{n0, a0, b0, 0}, {n1, a1, b1, 0}, {n2, a2, b2, 0}};
  sumAll(o, loops, 0, n0, next, next_bytes);
}

void weft_tile_products_split(float *c, const uint32_t *a, const float *b, int32_t width, int32_t lines, int32_t blocks,
                              int32_t c_pixel, int32_t c_line, int32_t c_block, int32_t a_pixel, int32_t a_line,
                              int32_t a_part, int32_t b_block, int32_t b_row, int32_t b_high, int32_t n0, int32_t a0,
                              int32_t b0, int32_t n1, int32_t a1, int32_t b1, int32_t n2, int32_t a2, int32_t b2,
                              int32_t pairs, const void *next, int32_t next_bytes) {
  const operands o = {c,      a,       0,       width,  lines,  blocks, c_pixel,
                      c_line, c_block, a_pixel, a_line, a_part, 0,      0};
  const numbers split = {b, b_block, b_row, b_high};
  loop loops[3] = {{n0, a0, b0, 0}, {n1, a1, b1, 0}, {n2, a2, b2, 0}};
  sumAll(o, loops, &split, pairs, next, next_bytes);
}

#endif
