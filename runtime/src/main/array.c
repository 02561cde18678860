/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Shapes and memory of the command line's arrays; random ones.
 */
#include "array.h"
#include "../common/pages.h"
#include "complain.h"

#include <stdlib.h>

#define MOST_POPULATED ((size_t)4 << 20) /* of larger arrays, made for the largest sizes, much may never be touched */

void weft_array_free(weft_array *array) {
  free(array->data);
  *array = (weft_array){0};
}

int64_t weft_count(const int64_t *dims, uint32_t rank, size_t element_bytes) {
  int64_t count = 1, bytes;
  for (uint32_t d = 0; d < rank; ++d)
    if (dims[d] == 0)
      return 0;
  for (uint32_t d = 0; d < rank; ++d)
    if (dims[d] < 0 || __builtin_mul_overflow(count, dims[d], &count))
      return -1;
  return __builtin_mul_overflow(count, (int64_t)element_bytes, &bytes) ? -1 : count;
}

int weft_array_allocate(weft_array *array, const char *what) {
  const size_t element = weft_dtype_bytes(array->dtype);
  const int64_t count = weft_count(array->dims, array->rank, element);
  void *data = NULL;
  if (count < 0 || posix_memalign(&data, WEFT_ALIGNMENT, (size_t)count * element + WEFT_ALIGNMENT) != 0)
    return weft_complain("no memory for `%s`", what);
  array->data = data;
  weft_prefer_huge(data, (size_t)count * element);
  if ((size_t)count * element <= MOST_POPULATED)
    weft_populate(data, (size_t)count * element, WEFT_POPULATE_WRITE);
  return 0;
}

int64_t weft_port_capacity(const weft_info *info, const weft_port *port) {
  int64_t dims[WEFT_MAX_RANK];
  for (uint32_t d = 0; d < port->rank; ++d) {
    const int64_t extent = port->dims[d];
    dims[d] = (extent >= 0 ? extent : info->sizes[-(extent + 1)].bound) + (port->role == WEFT_PORT_INDPTR);
  }
  return weft_count(dims, port->rank, weft_dtype_bytes(port->dtype));
}

/* ---- random numbers: splitmix64 of the element's number, so that no order of filling matters ---- */

static uint64_t mix(uint64_t value) {
  value += 0x9E3779B97F4A7C15ull;
  value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9ull;
  value = (value ^ value >> 27) * 0x94D049BB133111EBull;
  return value ^ value >> 31;
}

static void fillFloats(uint64_t seed, int64_t count, weft_array *array) {
  for (int64_t i = 0; i < count; ++i) {
    const float value = (float)(int32_t)(mix(seed + (uint64_t)i) >> 40) * 0x1p-23f - 1.0f;
    if (array->dtype == WEFT_F32)
      ((float *)array->data)[i] = value;
    else
      ((double *)array->data)[i] = value;
  }
}

/* Rising numbers from 0 to limit: the indptr of a graph of even degree, or the parts of a readout. */
static void fillRising(int64_t count, int64_t steps, int64_t limit, int32_t *data) {
  for (int64_t i = 0; i < count; ++i)
    data[i] = steps ? (int32_t)((uint64_t)i * (uint64_t)limit / (uint64_t)steps) : 0;
}

static void fillBelow(uint64_t seed, int64_t count, int64_t limit, int32_t *data) {
  for (int64_t i = 0; i < count; ++i)
    data[i] = limit ? (int32_t)(mix(seed + (uint64_t)i) % (uint64_t)limit) : 0;
}

void weft_random_fill(uint64_t seed, uint32_t port_number, const weft_port *port, int64_t limit, weft_array *array) {
  const int64_t count = weft_count(array->dims, array->rank, weft_dtype_bytes(array->dtype));
  const uint64_t start = mix(mix(seed) + port_number);
  if (array->dtype == WEFT_F32 || array->dtype == WEFT_F64)
    fillFloats(start, count, array);
  else if (port->role == WEFT_PORT_INDPTR)
    fillRising(count, count - 1, limit, array->data);
  else if (port->role == WEFT_PORT_PART)
    fillRising(count, count, limit, array->data);
  else if (array->dtype == WEFT_I32)
    fillBelow(start, count, limit, array->data);
  else
    for (int64_t i = 0; i < count * (int64_t)weft_dtype_bytes(array->dtype); ++i)
      ((unsigned char *)array->data)[i] =
          array->dtype == WEFT_U8 ? (unsigned char)mix(start + (uint64_t)i)
                                  : (unsigned char)(array->dtype == WEFT_BOOL && (mix(start + (uint64_t)i) & 1));
}
