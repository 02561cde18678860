/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * All pages of a range at once: one call where each would cost a fault when it is first touched.
 */
#ifndef WEFT_PAGES_H
#define WEFT_PAGES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

/* Linux 5.14 and newer; others refuse, and pages then come one by one. */
enum weft_populate { WEFT_POPULATE_READ = 22, WEFT_POPULATE_WRITE = 23 };

static inline void weft_advise(const void *data, size_t bytes, int advice) {
  const uintptr_t page = 4096, begin = (uintptr_t)data & ~(page - 1);
  const uintptr_t end = ((uintptr_t)data + bytes + page - 1) & ~(page - 1);
  if (bytes != 0)
    madvise((void *)begin, end - begin, advice);
}

static inline void weft_populate(const void *data, size_t bytes, enum weft_populate how) {
  weft_advise(data, bytes, (int)how);
}

/* Where huge pages can map it; what comes from a file now comes in pieces of them. */
static inline void weft_prefer_huge(const void *data, size_t bytes) {
  if (bytes >= (size_t)2 << 20)
    weft_advise(data, bytes, MADV_HUGEPAGE);
}

#endif
