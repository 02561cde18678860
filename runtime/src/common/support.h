/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * What a host function (compiler/Emit/Host) calls beside the kernels: the border of a buffer, and the copies that a
 * plan could not turn into views. Both run on the pool behind `context` (weft_frame.context) where that pays, and
 * allocate nothing.
 *
 * A box is given by a pointer to its first element, its rank (0 to 8), extents (>= 0) and strides in elements,
 * outermost first. Strides may be 0 in a source. Elements are 1, 2, 4 or 8 bytes.
 */
#ifndef WEFT_SUPPORT_H
#define WEFT_SUPPORT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Fills all of the box but its interior: element i is outside when i[d] < low[d] or i[d] >= extents[d] - high[d] for a
 * d. `pattern` holds the element's bytes in its low end. Always 0. */
int weft_fill_border(void *context, void *data, uint32_t element_bytes, uint32_t rank, const int64_t *extents,
                     const int64_t *strides, const int64_t *low, const int64_t *high, uint64_t pattern);

/* to[i] = from[i] for each i below extents. The boxes do not overlap. Always 0. */
int weft_copy_strided(void *context, void *to, const int64_t *to_strides, const void *from, const int64_t *from_strides,
                      uint32_t element_bytes, uint32_t rank, const int64_t *extents);

#ifdef __cplusplus
}
#endif
#endif
