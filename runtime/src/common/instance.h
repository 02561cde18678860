/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * What an instance consists of. Private to the runtime: no program and no generated code sees these structs.
 */
#ifndef WEFT_INSTANCE_H
#define WEFT_INSTANCE_H

#include "model.h"

#include <setjmp.h>
#include <stdatomic.h>

struct weft_pool;

/* Live allocations a kernel may hold in one worker's slice at once. */
#define WEFT_MAX_BLOCKS 64

/* A thread's share of an instance. Kernels get a pointer to it as Halide's user context. */
typedef struct weft_worker {
  _Alignas(64) struct weft_instance *instance;
  uint64_t scratch_used;
  uint32_t block_count;
  uint32_t in_task;                 /* inside a parallel loop: further loops run serially */
  uint64_t blocks[WEFT_MAX_BLOCKS]; /* how far below the end of the worker's share each begins; the lowest bit: freed,
                                       but not the last */
  jmp_buf *escape;                  /* where a kernel that cannot go on returns to */
} weft_worker;

/* The weights of one instance: a pointer into the image, or a mapped file. */
typedef struct weft_weights {
  const unsigned char *data;
  uint64_t bytes, checksum;
  void *map;
  size_t map_bytes;
} weft_weights;

typedef struct weft_recorder { /* of profile events; a ring */
  weft_event *events;
  uint32_t capacity, first, count;
  uint64_t start_ns;
} weft_recorder;

struct weft_instance {
  const weft_model *model;
  struct weft_pool *pool;
  weft_worker *workers;
  uint32_t threads;
  _Atomic int running;
  weft_weights weights;
  const weft_frame *frame; /* of the present run */
  unsigned char *arena;
  void *arena_map; /* NULL when the arena is the caller's */
  size_t arena_map_bytes;
  void **inputs, **outputs; /* of the present run */
  int64_t *sizes;
  weft_recorder recorder;
  void (*seen)(void *user, uint32_t launch, int end);
  void *seen_user;
};

/* Binds sizes and checks shapes and graphs of a run; fills instance->inputs, outputs and sizes. (bind.c) */
weft_status weft_bind(weft_instance *instance, const weft_tensor *inputs, const weft_tensor *outputs,
                      const int64_t *sizes);

/* Checks the values of graphs and parts, after weft_bind has checked shapes. (graph.c) */
weft_status weft_check_graphs(const weft_instance *instance);

/* The value of an extent in the present run. */
int64_t weft_extent_value(const int64_t *sizes, weft_extent extent);

/* (weights.c) */
weft_status weft_open_weights(const weft_model *model, const char *file, weft_weights *weights);
void weft_close_weights(weft_weights *weights);

/* WEFT_OK if this processor and system have all of the NULL-terminated list. (cpu/features.c) */
weft_status weft_check_features(const char *const *names);

/* The listener given to host functions, and what it keeps. (profile.c) */
void weft_record_event(void *context, uint32_t launch, int end);

/* Calls `call` so that weft_escape, from anywhere below it on this worker, ends it with a status. (cpu/halide.c) */
int weft_guarded(weft_worker *worker, int (*call)(void *argument), void *argument);
_Noreturn void weft_escape(weft_worker *worker, int status);

#endif
