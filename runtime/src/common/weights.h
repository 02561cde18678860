/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Packed weights as they lie in a file and, byte for byte the same, in an image: this header, zeros up to
 * `data_offset`, then the data a plan's weight slots point into. compiler/Emit/Host writes it, weft_create maps and
 * checks it. Little endian.
 */
#ifndef WEFT_WEIGHTS_H
#define WEFT_WEIGHTS_H

#include <stdint.h>

#define WEFT_WEIGHTS_MAGIC "WEFTWTS" /* 8 bytes with the final NUL */
#define WEFT_WEIGHTS_VERSION 1u
#define WEFT_WEIGHTS_DATA_OFFSET 4096u /* what is written; a page, so that the data can be mapped alone */

typedef struct weft_weights_header {
  char magic[8];
  uint32_t version;
  uint32_t header_bytes;    /* 64 */
  uint64_t data_offset;     /* from the first byte of the header; a multiple of 64 */
  uint64_t data_bytes;      /* the file ends with the data */
  uint64_t model_checksum;  /* of the network's weight slots: names, types and places */
  uint64_t data_checksum;   /* weft_checksum of the data */
  uint64_t reserved;        /* 0 */
  uint64_t header_checksum; /* weft_checksum of the 56 bytes before it */
} weft_weights_header;

#endif
