/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Arrays of the command line: what an input file held, what an output file gets.
 */
#ifndef WEFT_ARRAY_H
#define WEFT_ARRAY_H

#include "weft/runtime.h"

/* A tensor that owns its memory (malloc). */
typedef weft_tensor weft_array;

void weft_array_free(weft_array *array);

/* Elements of a shape, or -1 when the number of bytes would not fit a memory size. */
int64_t weft_count(const int64_t *dims, uint32_t rank, size_t element_bytes);

/* Allocates `data` for dtype, rank and dims. 0, or 1 with a complaint. */
int weft_array_allocate(weft_array *array, const char *what);

/* Most elements a run may give or take at this port. */
int64_t weft_port_capacity(const weft_info *info, const weft_port *port);

/* Reads a .npy file (formats 1 to 3; f4 f8 i4 i8 u1 b1, little endian, C or Fortran order) for a port. Refuses more
 * elements than the port can take before it reads them; 64-bit integers become i32 where the port wants that. 0, or 1
 * with a complaint. */
int weft_npy_read(const char *file, const weft_info *info, const weft_port *port, weft_array *array);

/* The same from `bytes` bytes in memory, named `file` in complaints. */
int weft_npy_parse(const char *file, const unsigned char *data, size_t bytes, const weft_info *info,
                   const weft_port *port, weft_array *array);

/* Writes .npy, format 1. 0, or 1 with a complaint. */
struct weft_output;
int weft_npy_write(struct weft_output *output, const weft_tensor *tensor);

/* Fills a tensor with numbers that depend only on seed and port: floats uniform in [-1, 1), graphs of even degree. */
void weft_random_fill(uint64_t seed, uint32_t port_number, const weft_port *port, int64_t limit, weft_array *array);

#endif
