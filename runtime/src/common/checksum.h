/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * The checksum of weights: XXH64 with seed 0, written from its specification (github.com/Cyan4973/xxHash,
 * doc/xxhash_spec.md). It finds damage, it does not keep an attacker out. Header only: the compiler uses it too.
 */
#ifndef WEFT_CHECKSUM_H
#define WEFT_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WEFT_PRIME1 0x9E3779B185EBCA87ull
#define WEFT_PRIME2 0xC2B2AE3D27D4EB4Full
#define WEFT_PRIME3 0x165667B19E3779F9ull
#define WEFT_PRIME4 0x85EBCA77C2B2AE63ull
#define WEFT_PRIME5 0x27D4EB2F165667C5ull

static inline uint64_t weft_checksum_rotate(uint64_t value, int bits) { return value << bits | value >> (64 - bits); }

static inline uint64_t weft_checksum_round(uint64_t lane, uint64_t word) {
  return weft_checksum_rotate(lane + word * WEFT_PRIME2, 31) * WEFT_PRIME1;
}

static inline uint64_t weft_checksum_word(const unsigned char *bytes) {
  uint64_t word;
  memcpy(&word, bytes, 8);
  return word;
}

/* What has been read so far, in whole rounds of 32 bytes. */
typedef struct weft_checksum_state {
  uint64_t lanes[4], size;
} weft_checksum_state;

static inline weft_checksum_state weft_checksum_begin(void) {
  weft_checksum_state state = {{WEFT_PRIME1 + WEFT_PRIME2, WEFT_PRIME2, 0, 0 - WEFT_PRIME1}, 0};
  return state;
}

/* `size` is a multiple of 32. */
static inline void weft_checksum_add(weft_checksum_state *state, const void *data, size_t size) {
  const unsigned char *p = (const unsigned char *)data, *end = p + size;
  uint64_t lanes[4];
  memcpy(lanes, state->lanes, sizeof lanes);
  for (; p != end; p += 32)
    for (int i = 0; i < 4; ++i)
      lanes[i] = weft_checksum_round(lanes[i], weft_checksum_word(p + 8 * i));
  memcpy(state->lanes, lanes, sizeof lanes);
  state->size += size;
}

/* The last `size` bytes, of any number; the checksum of all. */
static inline uint64_t weft_checksum_end(weft_checksum_state *state, const void *data, size_t size) {
  const unsigned char *p = (const unsigned char *)data + size / 32 * 32, *end = (const unsigned char *)data + size;
  weft_checksum_add(state, data, size / 32 * 32);
  const uint64_t *lanes = state->lanes;
  uint64_t hash = WEFT_PRIME5;
  if (state->size >= 32) {
    hash = weft_checksum_rotate(lanes[0], 1) + weft_checksum_rotate(lanes[1], 7) + weft_checksum_rotate(lanes[2], 12) +
           weft_checksum_rotate(lanes[3], 18);
    for (int i = 0; i < 4; ++i)
      hash = (hash ^ weft_checksum_round(0, lanes[i])) * WEFT_PRIME1 + WEFT_PRIME4;
  }
  hash += state->size + size % 32;
  for (; end - p >= 8; p += 8)
    hash = weft_checksum_rotate(hash ^ weft_checksum_round(0, weft_checksum_word(p)), 27) * WEFT_PRIME1 + WEFT_PRIME4;
  if (end - p >= 4) {
    uint32_t half;
    memcpy(&half, p, 4);
    hash = weft_checksum_rotate(hash ^ half * WEFT_PRIME1, 23) * WEFT_PRIME2 + WEFT_PRIME3;
    p += 4;
  }
  for (; p < end; ++p)
    hash = weft_checksum_rotate(hash ^ *p * WEFT_PRIME5, 11) * WEFT_PRIME1;
  hash = (hash ^ hash >> 33) * WEFT_PRIME2;
  hash = (hash ^ hash >> 29) * WEFT_PRIME3;
  return hash ^ hash >> 32;
}

static inline uint64_t weft_checksum(const void *data, size_t size) {
  weft_checksum_state state = weft_checksum_begin();
  return weft_checksum_end(&state, data, size);
}

#endif
