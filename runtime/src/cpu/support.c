/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * The border of a buffer and copies between strided boxes. Both first reduce their box to as few dimensions as it
 * really has (extents of 1 go, neighbours that are dense in each other join), so that the innermost loop is long; large
 * boxes are cut for the pool.
 */
#include "../common/support.h"
#include "../common/instance.h"

#include <string.h>

#define MAX_RANK 8
#define PARALLEL_BYTES (256 * 1024)       /* of a copy; below, a fork costs more than it saves */
#define PARALLEL_BORDER_BYTES (16 * 1024) /* of a border: many short pieces */
#define FEWEST_ROWS 14                    /* of a plane with its border, for threads to share them */

int halide_do_par_for(void *context, int (*body)(void *, int, uint8_t *), int min, int size, uint8_t *closure);

/* ---- filling ---- */

static void fillRow(unsigned char *row, int64_t count, uint32_t elementBytes, uint64_t pattern) {
  if (pattern == 0) {
    int64_t bytes = count * elementBytes;
    for (; bytes >= 64; bytes -= 64, row += 64) /* a pixel or two, mostly: faster than a call */
      memset(row, 0, 64);
    memset(row, 0, (size_t)bytes);
    return;
  }
  switch (elementBytes) {
  case 1:
    memset(row, (int)pattern, (size_t)count);
    break;
  case 2:
    for (int64_t i = 0; i < count; ++i)
      ((uint16_t *)row)[i] = (uint16_t)pattern;
    break;
  case 4:
    for (int64_t i = 0; i < count; ++i)
      ((uint32_t *)row)[i] = (uint32_t)pattern;
    break;
  default:
    for (int64_t i = 0; i < count; ++i)
      ((uint64_t *)row)[i] = pattern;
  }
}

typedef struct border {
  unsigned char *data;
  uint32_t elementBytes, rank;
  uint32_t firstBordered, lastBordered; /* the border lies in these dimensions and those between */
  uint32_t cut;                         /* the dimension threads share, not behind firstBordered */
  uint64_t pattern;
  int64_t extents[MAX_RANK], strides[MAX_RANK], low[MAX_RANK], high[MAX_RANK];
} border;

static void fillBox(const border *box, uint32_t d, unsigned char *data) {
  if (d == box->rank) {
    fillRow(data, 1, box->elementBytes, box->pattern);
  } else if (d + 1 == box->rank && box->strides[d] == 1) {
    fillRow(data, box->extents[d], box->elementBytes, box->pattern);
  } else {
    for (int64_t i = 0; i < box->extents[d]; ++i)
      fillBox(box, d + 1, data + i * box->strides[d] * box->elementBytes);
  }
}

static void fillOutside(const border *box, uint32_t d, unsigned char *data);

static void fillOutsideAt(const border *box, uint32_t d, unsigned char *data, int64_t i) {
  unsigned char *slab = data + i * box->strides[d] * box->elementBytes;
  if (i < box->low[d] || i >= box->extents[d] - box->high[d])
    fillBox(box, d + 1, slab);
  else if (d < box->lastBordered)
    fillOutside(box, d + 1, slab);
}

static void fillOutside(const border *box, uint32_t d, unsigned char *data) {
  if (d < box->lastBordered) {
    for (int64_t i = 0; i < box->extents[d]; ++i)
      fillOutsideAt(box, d, data, i);
    return;
  }
  const int64_t inside = box->extents[d] - box->high[d];
  if (d + 1 == box->rank && box->strides[d] == 1 && inside >= box->low[d]) {
    fillRow(data, box->low[d], box->elementBytes, box->pattern);
    fillRow(data + inside * box->elementBytes, box->high[d], box->elementBytes, box->pattern);
    return;
  }
  for (int64_t i = 0; i < box->low[d] && i < box->extents[d]; ++i)
    fillOutsideAt(box, d, data, i);
  for (int64_t i = inside > box->low[d] ? inside : box->low[d]; i < box->extents[d]; ++i)
    fillOutsideAt(box, d, data, i);
}

/* Index i of the dimension that is cut, for all there is outside it. */
static void fillCut(const border *box, uint32_t d, unsigned char *data, int64_t i) {
  if (d == box->cut) {
    fillOutsideAt(box, d, data, i);
    return;
  }
  for (int64_t outer = 0; outer < box->extents[d]; ++outer)
    fillCut(box, d + 1, data + outer * box->strides[d] * box->elementBytes, i);
}

static int fillTask(void *context, int i, uint8_t *closure) {
  const border *box = (const border *)(void *)closure;
  fillCut(box, 0, box->data, i);
  return 0;
}

/* As kernels are cut (compiler/Schedule/Families/Nest.cpp), so that a border is where it will be read: threads share
 * the rows of large planes, else what lies outside planes. */
static uint32_t chooseCut(const border *box) {
  const int isPlane = box->firstBordered < box->lastBordered;
  return isPlane && box->extents[box->firstBordered] >= FEWEST_ROWS ? box->firstBordered : 0;
}

/* A dimension without border joins its outer neighbour when it is dense in it. */
static int joins(const border *box, int64_t extent, int64_t stride, int64_t low, int64_t high) {
  return box->rank > 0 && low == 0 && high == 0 && box->strides[box->rank - 1] == extent * stride;
}

static void addBorderDim(border *box, int64_t extent, int64_t stride, int64_t low, int64_t high) {
  if (extent == 1 && low == 0 && high == 0)
    return;
  if (joins(box, extent, stride, low, high)) {
    const uint32_t last = box->rank - 1;
    box->extents[last] *= extent;
    box->low[last] *= extent;
    box->high[last] *= extent;
    box->strides[last] = stride;
    return;
  }
  box->extents[box->rank] = extent;
  box->strides[box->rank] = stride;
  box->low[box->rank] = low;
  box->high[box->rank] = high;
  if (low > 0 || high > 0) {
    box->firstBordered = box->firstBordered == MAX_RANK ? box->rank : box->firstBordered;
    box->lastBordered = box->rank;
  }
  ++box->rank;
}

static int64_t outsideBytes(const border *box) {
  int64_t all = box->elementBytes, inside = box->elementBytes;
  for (uint32_t d = 0; d < box->rank; ++d) {
    const int64_t extent = box->extents[d] - box->low[d] - box->high[d];
    all *= box->extents[d];
    inside *= extent > 0 ? extent : 0;
  }
  return all - inside;
}

int weft_fill_border(void *context, void *data, uint32_t element_bytes, uint32_t rank, const int64_t *extents,
                     const int64_t *strides, const int64_t *low, const int64_t *high, uint64_t pattern) {
  border box = {.data = data, .elementBytes = element_bytes, .firstBordered = MAX_RANK, .pattern = pattern};
  for (uint32_t d = 0; d < rank; ++d)
    addBorderDim(&box, extents[d], strides[d], low[d], high[d]);
  const int64_t bytes = outsideBytes(&box);
  if (bytes == 0)
    return 0;
  box.cut = chooseCut(&box);
  if (bytes < PARALLEL_BORDER_BYTES || box.extents[box.cut] > INT32_MAX || box.lastBordered == 0)
    fillOutside(&box, 0, box.data);
  else
    halide_do_par_for(context, fillTask, 0, (int)box.extents[box.cut], (uint8_t *)&box);
  return 0;
}

/* ---- copying ---- */

typedef struct copy {
  unsigned char *to;
  const unsigned char *from;
  uint32_t elementBytes, rank;
  int64_t extents[MAX_RANK], toStrides[MAX_RANK], fromStrides[MAX_RANK];
} copy;

#define COPY_ROW(type)                                                                                                 \
  for (int64_t i = 0; i < count; ++i)                                                                                  \
  ((type *)(void *)to)[i * toStride] = ((const type *)(const void *)from)[i * fromStride]

static void copyRow(unsigned char *to, int64_t toStride, const unsigned char *from, int64_t fromStride, int64_t count,
                    uint32_t elementBytes) {
  if (toStride == 1 && fromStride == 1) {
    memcpy(to, from, (size_t)(count * elementBytes));
    return;
  }
  switch (elementBytes) {
  case 1:
    COPY_ROW(uint8_t);
    break;
  case 2:
    COPY_ROW(uint16_t);
    break;
  case 4:
    COPY_ROW(uint32_t);
    break;
  default:
    COPY_ROW(uint64_t);
  }
}

static void copyBox(const copy *box, uint32_t d, unsigned char *to, const unsigned char *from) {
  if (d == box->rank) {
    memcpy(to, from, box->elementBytes);
  } else if (d + 1 == box->rank) {
    copyRow(to, box->toStrides[d], from, box->fromStrides[d], box->extents[d], box->elementBytes);
  } else {
    for (int64_t i = 0; i < box->extents[d]; ++i)
      copyBox(box, d + 1, to + i * box->toStrides[d] * box->elementBytes,
              from + i * box->fromStrides[d] * box->elementBytes);
  }
}

static int copyTask(void *context, int i, uint8_t *closure) {
  const copy *box = (const copy *)(void *)closure;
  copyBox(box, 1, box->to + i * box->toStrides[0] * box->elementBytes,
          box->from + i * box->fromStrides[0] * box->elementBytes);
  return 0;
}

static void addCopyDim(copy *box, int64_t extent, int64_t toStride, int64_t fromStride) {
  if (extent == 1)
    return;
  if (box->rank > 0 && box->toStrides[box->rank - 1] == extent * toStride &&
      box->fromStrides[box->rank - 1] == extent * fromStride) {
    box->extents[box->rank - 1] *= extent;
    box->toStrides[box->rank - 1] = toStride;
    box->fromStrides[box->rank - 1] = fromStride;
    return;
  }
  box->extents[box->rank] = extent;
  box->toStrides[box->rank] = toStride;
  box->fromStrides[box->rank] = fromStride;
  ++box->rank;
}

int weft_copy_strided(void *context, void *to, const int64_t *to_strides, const void *from, const int64_t *from_strides,
                      uint32_t element_bytes, uint32_t rank, const int64_t *extents) {
  copy box = {.to = to, .from = from, .elementBytes = element_bytes};
  int64_t bytes = element_bytes;
  for (uint32_t d = 0; d < rank; ++d) {
    addCopyDim(&box, extents[d], to_strides[d], from_strides[d]);
    bytes *= extents[d];
  }
  if (bytes == 0)
    return 0;
  if (bytes < PARALLEL_BYTES || box.rank < 2 || box.extents[0] > INT32_MAX)
    copyBox(&box, 0, box.to, box.from);
  else
    halide_do_par_for(context, copyTask, 0, (int)box.extents[0], (uint8_t *)&box);
  return 0;
}
