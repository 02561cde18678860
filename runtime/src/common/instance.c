/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * The life of an instance: create, run, destroy. Everything an instance ever needs is taken in create.
 */
#include "instance.h"
#include "../cpu/pool.h"
#include "error.h"
#include "pages.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#define HUGE_PAGE ((size_t)2 << 20)

/* ---- create ---- */

static weft_status checkModel(const weft_model *model) {
  if (model->abi != WEFT_MODEL_ABI)
    return weft_fail(WEFT_ERROR_VERSION, "the model has interface version %u, this runtime %u", model->abi,
                     WEFT_MODEL_ABI);
  return weft_check_features(model->cpu_features);
}

static weft_status checkArguments(int maxThreads, const void *arena) {
  if (maxThreads < 0 || maxThreads > WEFT_MAX_THREADS)
    return weft_fail(WEFT_ERROR_ARGUMENT, "%d threads; it must be 0 (all processors) to %d", maxThreads,
                     WEFT_MAX_THREADS);
  if (arena != NULL && maxThreads == 0)
    return weft_fail(WEFT_ERROR_ARGUMENT, "an arena needs a number of threads that is not 0: its size depends on it");
  if ((uintptr_t)arena % WEFT_ALIGNMENT != 0)
    return weft_fail(WEFT_ERROR_ARGUMENT, "the arena is not aligned to %d bytes", WEFT_ALIGNMENT);
  return WEFT_OK;
}

static uint32_t chooseThreads(int maxThreads) {
  uint32_t threads = maxThreads ? (uint32_t)maxThreads : weft_processor_count();
  return threads < WEFT_MAX_THREADS ? threads : WEFT_MAX_THREADS;
}

/* Large arenas begin on a huge page: fewer misses in the address translation, measurable from a few MiB on, and one
 * fault instead of hundreds. */
static weft_status mapArena(weft_instance *instance, size_t bytes) {
  const size_t alignment = bytes >= HUGE_PAGE / 4 * 3 ? HUGE_PAGE : WEFT_ALIGNMENT;
  bytes = alignment == HUGE_PAGE && bytes < HUGE_PAGE ? HUGE_PAGE : bytes;
  instance->arena_map_bytes = bytes + (alignment == HUGE_PAGE ? HUGE_PAGE : 0);
  void *map = mmap(NULL, instance->arena_map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED)
    return weft_fail(WEFT_ERROR_MEMORY, "no memory for an arena of %zu bytes", bytes);
  instance->arena_map = map;
  instance->arena = (unsigned char *)(((uintptr_t)map + alignment - 1) & ~(uintptr_t)(alignment - 1));
  if (alignment == HUGE_PAGE)
    madvise(instance->arena, bytes, MADV_HUGEPAGE);
  if (bytes <= HUGE_PAGE) /* of a larger one, for sizes known when it runs, much may never be touched */
    weft_populate(instance->arena, bytes, WEFT_POPULATE_WRITE);
  return WEFT_OK;
}

static weft_status takeArena(weft_instance *instance, void *arena) {
  const weft_model *model = instance->model;
  const uint32_t planned = model->planned_threads;
  const uint64_t further = instance->threads > planned ? instance->threads - planned : 0;
  uint64_t bytes;
  if (__builtin_mul_overflow(model->thread_bytes, further, &bytes) ||
      __builtin_add_overflow(bytes, model->arena_bytes, &bytes) || bytes > SIZE_MAX - HUGE_PAGE)
    return weft_fail(WEFT_ERROR_MEMORY, "the arena is larger than the address space");
  instance->arena = arena;
  if (arena == NULL && bytes != 0) {
    weft_status status = mapArena(instance, (size_t)bytes);
    if (status != WEFT_OK)
      return status;
  }
  for (uint32_t i = 0; i < instance->threads; ++i)
    instance->workers[i].instance = instance;
  return WEFT_OK;
}

/* The tables of an instance: allocated here, never again. At least one byte each, so that NULL means failure. */
static weft_status takeTables(weft_instance *instance) {
  const weft_model *model = instance->model;
  const size_t workerBytes = instance->threads * sizeof(weft_worker);
  void *workers = NULL;
  if (posix_memalign(&workers, _Alignof(weft_worker), workerBytes) == 0)
    instance->workers = memset(workers, 0, workerBytes);
  instance->inputs = calloc(model->input_count + 1, sizeof(void *));
  instance->outputs = calloc(model->output_count + 1, sizeof(void *));
  instance->sizes = calloc(model->size_count + 1, sizeof(int64_t));
  if (instance->workers && instance->inputs && instance->outputs && instance->sizes)
    return WEFT_OK;
  return weft_fail(WEFT_ERROR_MEMORY, "no memory for an instance");
}

static weft_status startPool(weft_instance *instance) {
  instance->pool = weft_pool_create(instance->threads);
  return instance->pool ? WEFT_OK : weft_fail(WEFT_ERROR_MEMORY, "cannot start %u threads", instance->threads);
}

static weft_status furnish(weft_instance *instance, void *arena, const char *weightsFile) {
  weft_status status = weft_open_weights(instance->model, weightsFile, &instance->weights);
  if (status == WEFT_OK)
    status = takeTables(instance);
  if (status == WEFT_OK)
    status = takeArena(instance, arena);
  return status == WEFT_OK ? startPool(instance) : status;
}

weft_status weft_create(const weft_model *model, int max_threads, void *arena, const char *weights_file,
                        weft_instance **out) {
  if (out == NULL)
    return weft_fail(WEFT_ERROR_ARGUMENT, "no place to put the instance");
  *out = NULL;
  weft_status status = checkModel(model);
  if (status == WEFT_OK)
    status = checkArguments(max_threads, arena);
  if (status != WEFT_OK)
    return status;
  weft_instance *instance = calloc(1, sizeof *instance);
  if (instance == NULL)
    return weft_fail(WEFT_ERROR_MEMORY, "no memory for an instance");
  instance->model = model;
  instance->threads = chooseThreads(max_threads);
  status = furnish(instance, arena, weights_file);
  if (status == WEFT_OK)
    *out = instance;
  else
    weft_destroy(instance);
  return status;
}

/* ---- run ---- */

static int callHost(void *argument) {
  weft_frame *frame = argument;
  return ((weft_worker *)frame->context)->instance->model->run(frame);
}

static weft_status execute(weft_instance *instance) {
  const int listening = instance->recorder.capacity != 0 || instance->seen != NULL;
  weft_frame frame = {
      .context = &instance->workers[0],
      .arena = instance->arena,
      .weights = instance->weights.data,
      .inputs = instance->inputs,
      .outputs = instance->outputs,
      .sizes = instance->sizes,
      .event = listening ? weft_record_event : NULL,
  };
  instance->frame = &frame;
  int status = weft_guarded(&instance->workers[0], callHost, &frame);
  instance->frame = NULL;
  if (status == 0)
    return WEFT_OK;
  return weft_fail(WEFT_ERROR_INTERNAL, "a kernel of `%s` failed with status %d (it may use %llu bytes of scratch)",
                   instance->model->name, status, (unsigned long long)(frame.scratch ? frame.scratch->bytes : 0));
}

/* Kernels run with the default floating-point mode, whatever the program has set; the workers have the same. */
static weft_status executeInDefaultMode(weft_instance *instance) {
#if defined(__x86_64__)
  const unsigned int before = _mm_getcsr();
  _mm_setcsr(0x1f80);
#endif
  weft_pool_enter();
  weft_status status = execute(instance);
  weft_pool_leave();
#if defined(__x86_64__)
  _mm_setcsr(before);
#endif
  return status;
}

weft_status weft_run(weft_instance *instance, const weft_tensor *inputs, const weft_tensor *outputs,
                     const int64_t *sizes) {
  if (instance == NULL)
    return weft_fail(WEFT_ERROR_ARGUMENT, "no instance to run");
  if (atomic_exchange(&instance->running, 1))
    return weft_fail(WEFT_ERROR_BUSY, "this instance of `%s` is running on another thread", instance->model->name);
  weft_status status = weft_bind(instance, inputs, outputs, sizes);
  if (status == WEFT_OK)
    status = executeInDefaultMode(instance);
  atomic_store(&instance->running, 0);
  return status;
}

/* ---- destroy, and questions ---- */

void weft_destroy(weft_instance *instance) {
  if (instance == NULL)
    return;
  weft_pool_destroy(instance->pool);
  weft_close_weights(&instance->weights);
  if (instance->arena_map != NULL)
    munmap(instance->arena_map, instance->arena_map_bytes);
  free(instance->recorder.events);
  free(instance->workers);
  free(instance->inputs);
  free(instance->outputs);
  free(instance->sizes);
  free(instance);
}

void weft_get_info(const weft_model *model, weft_info *info) {
  *info = (weft_info){
      .name = model->name,
      .target = model->target,
      .input_count = model->input_count,
      .output_count = model->output_count,
      .size_count = model->size_count,
      .launch_count = model->launch_count,
      .inputs = model->inputs,
      .outputs = model->outputs,
      .sizes = model->sizes,
      .arena_bytes = model->arena_bytes,
      .thread_bytes = model->thread_bytes,
      .planned_threads = model->planned_threads,
      .weight_bytes = model->weight_bytes,
      .weights_in_file = model->weights == NULL && model->weight_bytes != 0,
  };
}

const weft_model *weft_instance_model(const weft_instance *instance) { return instance->model; }

int weft_instance_threads(const weft_instance *instance) { return (int)instance->threads; }
