/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Sums of products in tile registers (AMX), which kernels of models compiled for them call. An f32 is exactly the sum of
 * three bf16 parts, cut from its significand (part 0 the sign, the exponent and the upper 8 bits, then the next 8, then
 * the last 8), and the six largest of the nine products of two numbers' parts give their f32 product to 2^-22 of itself.
 */
#ifndef WEFT_TILES_H
#define WEFT_TILES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* c += a * b. Rows are pixels in lines, columns come in blocks of 16; a turn of the sum's three loops adds 32 channels.
 *
 * c[line][pixel][block][16]: distances in floats. It overlaps neither a nor b.
 * a: distances in 32-bit words. A pixel has 16 words, word j two bf16, the low half of one channel, the high half of
 *   another. Part p of it lies p * a_part further.
 * b: likewise; a block has 16 rows of 16 words without gaps, word n of row j the weights of column n for the two channels
 *   of a's word j.
 * The loops n0 (outermost), n1, n2: turns, and how far each moves in a and in b.
 * next: next_bytes that are soon read, such as the weights of the next blocks. They are fetched into the second-level cache
 *   on the way, if they are not too many; whether they exist does not matter.
 *
 * Every element has one accumulator, and what is added to it in which order follows from the loops alone: bits are the
 * same however pixels and blocks are cut into calls. Parts below 2^-126, of numbers below 2^-110, count as zeros, and so do
 * such sums; an infinity or a NaN has parts whose sum is NaN, and so is the result. Rounds to the nearest, ties to even, and
 * raises no floating-point exception, whatever the mode of the thread. The process must have been given the tile registers:
 * weft_check_features asks for them. */
void weft_tile_products(float *c, const uint32_t *a, const uint32_t *b, int32_t width, int32_t lines, int32_t blocks,
                        int32_t c_pixel, int32_t c_line, int32_t c_block, int32_t a_pixel, int32_t a_line,
                        int32_t a_part, int32_t b_block, int32_t b_part, int32_t n0, int32_t a0, int32_t b0, int32_t n1,
                        int32_t a1, int32_t b1, int32_t n2, int32_t a2, int32_t b2, const void *next,
                        int32_t next_bytes);

/* c = a * b, where b is split on the way, into the first-level cache. b: distances in floats. Row j of a block has the weights
 * of 16 columns for the lower channel of a's word j, and b_high further those for the upper one. Only the first `pairs` turns
 * of n0 have upper channels; in the others they are not read, and zero. */
void weft_tile_products_split(float *c, const uint32_t *a, const float *b, int32_t width, int32_t lines, int32_t blocks,
                              int32_t c_pixel, int32_t c_line, int32_t c_block, int32_t a_pixel, int32_t a_line,
                              int32_t a_part, int32_t b_block, int32_t b_row, int32_t b_high, int32_t n0, int32_t a0,
                              int32_t b0, int32_t n1, int32_t a1, int32_t b1, int32_t n2, int32_t a2, int32_t b2,
                              int32_t pairs, const void *next, int32_t next_bytes);

#ifdef __cplusplus
}
#endif
#endif
