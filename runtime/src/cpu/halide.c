/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * The functions Halide's code calls: parallel loops on the instance's pool, how many threads that has, and memory from the
 * worker's planned slice. Their user context is the weft_worker that runs.
 *
 * A kernel compiled without asserts looks neither at the result of a loop nor at a failed allocation. So failure jumps:
 * to the chunk's guard inside a loop, from there, after the join, to the guard around the host function. Kernels hold
 * nothing that would need unwinding.
 */
#include "../common/instance.h"
#include "pool.h"

#include <stddef.h>

int halide_do_par_for(void *context, int (*body)(void *, int, uint8_t *), int min, int size, uint8_t *closure);
int weft_thread_count(void *context);
void *halide_malloc(void *context, size_t bytes);
void halide_free(void *context, void *block);

/* ---- guards ---- */

int weft_guarded(weft_worker *worker, int (*call)(void *argument), void *argument) {
  jmp_buf here, *const outer = worker->escape;
  const uint64_t used = worker->scratch_used;
  const uint32_t blocks = worker->block_count, inTask = worker->in_task;
  worker->escape = &here;
  int status = _setjmp(here);
  if (status == 0)
    status = call(argument);
  worker->escape = outer;
  worker->scratch_used = used;
  worker->block_count = blocks;
  worker->in_task = inTask;
  return status;
}

void weft_escape(weft_worker *worker, int status) { _longjmp(*worker->escape, status); }

/* ---- loops ---- */

typedef struct loop {
  weft_worker *workers;
  int (*body)(void *, int, uint8_t *);
  int min;
  uint8_t *closure;
} loop;

typedef struct loop_chunk {
  const loop *loop;
  weft_worker *worker;
  int begin, end;
} loop_chunk;

static int runChunk(void *argument) {
  const loop_chunk *chunk = argument;
  const loop *loop = chunk->loop;
  chunk->worker->in_task = 1;
  for (int i = chunk->begin; i < chunk->end; ++i) {
    int result = loop->body(chunk->worker, loop->min + i, loop->closure);
    if (result != 0)
      return result;
  }
  return 0;
}

static int runLoopChunk(void *job, uint32_t thread, int begin, int end) {
  const loop *loop = job;
  loop_chunk chunk = {loop, &loop->workers[thread], begin, end};
  return weft_guarded(chunk.worker, runChunk, &chunk);
}

static int runSerially(void *context, int (*body)(void *, int, uint8_t *), int min, int size, uint8_t *closure) {
  int result = 0;
  for (int i = 0; i < size && result == 0; ++i)
    result = body(context, min + i, closure);
  return result;
}

int halide_do_par_for(void *context, int (*body)(void *, int, uint8_t *), int min, int size, uint8_t *closure) {
  weft_worker *worker = context;
  int result;
  if (worker->in_task || worker->instance->threads == 1 || size <= 1) {
    result = runSerially(context, body, min, size, closure);
  } else {
    loop loop = {worker->instance->workers, body, min, closure};
    result = weft_pool_run(worker->instance->pool, runLoopChunk, &loop, size);
  }
  if (result != 0)
    weft_escape(worker, result);
  return 0;
}

/* Kernels cut as many strips of rows as can run at a time: one inside a loop that runs in parallel already. Scratch memory is
 * planned for at most 256 (compiler/Kernel/Scratch.h). */
int weft_thread_count(void *context) {
  const weft_worker *worker = context;
  const int threads = worker->instance->threads < 256 ? (int)worker->instance->threads : 256;
  return worker->in_task ? 1 : threads;
}

/* ---- memory ---- */

/* A worker's share of the memory planned for the launch that runs: so many bytes below `end`. */
typedef struct share {
  unsigned char *end;
  uint64_t bytes;
} share;

static share shareOf(const weft_worker *worker) {
  const weft_instance *instance = worker->instance;
  const weft_model *model = instance->model;
  const weft_model_scratch *scratch = instance->frame->scratch;
  const uint64_t number = (uint64_t)(worker - instance->workers);
  if (scratch == NULL) /* nothing was planned: whoever asks is refused */
    return (share){instance->arena, 0};
  if (number == 0)
    return (share){instance->arena + scratch->offset + scratch->bytes, scratch->bytes};
  const uint64_t begin = number < model->planned_threads
                             ? scratch->offset + scratch->bytes + (number - 1) * scratch->worker_bytes
                             : model->arena_bytes + (number - model->planned_threads) * model->thread_bytes;
  return (share){instance->arena + begin + scratch->worker_bytes, scratch->worker_bytes};
}

void *halide_malloc(void *context, size_t bytes) {
  weft_worker *worker = context;
  if (bytes > SIZE_MAX / 2) /* an extent below zero: nothing is computed, nothing is stored */
    bytes = 0;
  const share share = shareOf(worker);
  if (bytes > share.bytes - worker->scratch_used || worker->block_count == WEFT_MAX_BLOCKS)
    weft_escape(worker, WEFT_ERROR_INTERNAL);
  worker->scratch_used += (bytes + 63) & ~(uint64_t)63;
  worker->blocks[worker->block_count++] = worker->scratch_used;
  return share.end - worker->scratch_used;
}

/* Halide frees as soon as a value is dead, which is not always in the reverse order: mark, then take off the freed last.
 */
void halide_free(void *context, void *block) {
  weft_worker *worker = context;
  if (block == NULL)
    return;
  const uint64_t below = (uint64_t)(shareOf(worker).end - (unsigned char *)block);
  uint32_t i = worker->block_count;
  while (i > 0 && worker->blocks[i - 1] != below)
    --i;
  if (i == 0)
    weft_escape(worker, WEFT_ERROR_INTERNAL);
  worker->blocks[i - 1] |= 1;
  while (worker->block_count > 0 && (worker->blocks[worker->block_count - 1] & 1))
    --worker->block_count;
  worker->scratch_used = worker->block_count > 0 ? worker->blocks[worker->block_count - 1] : 0;
}
