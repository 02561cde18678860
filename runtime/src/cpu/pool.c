/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * The pool behind parallel loops.
 *
 * A job is published by raising the epoch in `state`. A worker that sees a new epoch enters by counting itself in,
 * takes chunks of indices until none is left and counts itself out. The caller does the same, then closes the job:
 * nobody can enter any more, and it waits only for those who did. So a worker that is asleep, or that the system gives
 * no processor, delays nobody: the others have done its share. That makes more threads than processors harmless.
 *
 *   state: epoch in the high half; below it one bit `open`, then the number of workers inside.
 *
 * Waiting is spinning first, at most 100 microseconds, then sleeping on a futex. Both pairs (a worker's sleep and the
 * caller's publishing; the caller's sleep and the last worker's leaving) are the same protocol: the sleeper announces
 * itself, then looks again; the other side acts, then looks for sleepers. Sequentially consistent order makes at least
 * one of the two see the other.
 */
#include "pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#define WEFT_SPIN_NANOSECONDS 100000u
#define WEFT_PAUSES_BETWEEN_CLOCKS 32
#define WEFT_CHUNKS_PER_THREAD 16
#define WEFT_STACK_BYTES (1u << 20)
#define WEFT_LINE 64

#define WEFT_OPEN 0x80000000ull
#define WEFT_INSIDE 0x7fffffffull

typedef struct weft_pool_thread {
  weft_pool *pool;
  pthread_t handle;
  uint32_t index;
} weft_pool_thread;

struct weft_pool {
  /* Written by the caller before a job is published, read by those inside it. */
  weft_task task;
  void *job;
  int count, chunk;
  uint32_t threads, epoch;
  _Alignas(WEFT_LINE) _Atomic uint64_t state;
  _Alignas(WEFT_LINE) _Atomic int64_t next;       /* first index nobody took */
  _Atomic int result;                             /* first failure */
  _Alignas(WEFT_LINE) _Atomic uint32_t published; /* futex of the workers: changes with each job and at the end */
  _Atomic uint32_t sleepers;
  _Atomic uint32_t stop;
  _Alignas(WEFT_LINE) _Atomic uint32_t joining; /* futex of the caller: 1 while it sleeps */
  weft_pool_thread *workers;
};

/* Threads of this process that run or spin here, over all pools. */
static _Atomic uint32_t runningThreads;
static _Atomic uint32_t processors;

static void futexWait(_Atomic uint32_t *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futexWake(_Atomic uint32_t *word, uint32_t threads) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
}

static void pauseProcessor(void) {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

static uint64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint32_t weft_processor_count(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
    return (uint32_t)CPU_COUNT(&set);
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (uint32_t)online : 1;
}

void weft_pool_enter(void) { atomic_fetch_add(&runningThreads, 1); }
void weft_pool_leave(void) { atomic_fetch_sub(&runningThreads, 1); }

/* One spell of spinning: ends after a time, and at once when somebody else needs the processor. */
typedef struct weft_spin {
  uint64_t until;
  int pauses;
} weft_spin;

static int spinOn(weft_spin *spin) {
  if (++spin->pauses % WEFT_PAUSES_BETWEEN_CLOCKS != 0) {
    pauseProcessor();
    return 1;
  }
  if (atomic_load_explicit(&runningThreads, memory_order_relaxed) >
      atomic_load_explicit(&processors, memory_order_relaxed))
    return 0;
  uint64_t now = nanoseconds();
  if (spin->until == 0)
    spin->until = now + WEFT_SPIN_NANOSECONDS;
  return now < spin->until;
}

/* ---- inside a job ---- */

static int64_t takeChunk(weft_pool *pool) {
  return atomic_fetch_add_explicit(&pool->next, pool->chunk, memory_order_relaxed);
}

static void fail(weft_pool *pool, int result) {
  int none = 0;
  atomic_compare_exchange_strong(&pool->result, &none, result);
  atomic_store_explicit(&pool->next, pool->count, memory_order_relaxed);
}

static void work(weft_pool *pool, uint32_t thread) {
  for (int64_t begin; (begin = takeChunk(pool)) < pool->count;) {
    int64_t end = begin + pool->chunk < pool->count ? begin + pool->chunk : pool->count;
    int result = pool->task(pool->job, thread, (int)begin, (int)end);
    if (result != 0)
      fail(pool, result);
  }
}

/* ---- the workers ---- */

static int enterJob(weft_pool *pool, uint32_t epoch) {
  uint64_t state = atomic_load_explicit(&pool->state, memory_order_acquire);
  while ((uint32_t)(state >> 32) == epoch && (state & WEFT_OPEN))
    if (atomic_compare_exchange_weak_explicit(&pool->state, &state, state + 1, memory_order_acq_rel,
                                              memory_order_acquire))
      return 1;
  return 0;
}

static void leaveJob(weft_pool *pool) {
  uint64_t state = atomic_fetch_sub(&pool->state, 1) - 1;
  if ((state & (WEFT_OPEN | WEFT_INSIDE)) == 0 && atomic_exchange(&pool->joining, 0) == 1)
    futexWake(&pool->joining, 1);
}

static void sleepUntilPublished(weft_pool *pool, uint32_t published) {
  weft_pool_leave();
  atomic_fetch_add(&pool->sleepers, 1);
  futexWait(&pool->published, published);
  atomic_fetch_sub(&pool->sleepers, 1);
  weft_pool_enter();
}

static void serve(weft_pool *pool, uint32_t thread) {
  uint32_t seen = 0;
  weft_spin spin = {0, 0};
  while (1) {
    uint32_t published = atomic_load(&pool->published);
    uint32_t epoch = (uint32_t)(atomic_load_explicit(&pool->state, memory_order_acquire) >> 32);
    if (atomic_load_explicit(&pool->stop, memory_order_relaxed))
      return;
    if (epoch != seen) {
      seen = epoch;
      if (enterJob(pool, epoch)) {
        work(pool, thread);
        leaveJob(pool);
      }
      spin = (weft_spin){0, 0};
    } else if (!spinOn(&spin)) {
      sleepUntilPublished(pool, published);
      spin = (weft_spin){0, 0};
    }
  }
}

static void *workerMain(void *argument) {
  weft_pool_thread *self = argument;
#if defined(__x86_64__)
  _mm_setcsr(0x1f80); /* the default; the caller runs with the same, so that bits do not depend on who computes */
#endif
  weft_pool_enter();
  serve(self->pool, self->index);
  weft_pool_leave();
  return NULL;
}

/* ---- the caller ---- */

static void publish(weft_pool *pool, uint32_t wanted) {
  atomic_store(&pool->state, (uint64_t)++pool->epoch << 32 | WEFT_OPEN);
  atomic_fetch_add(&pool->published, 1);
  if (atomic_load(&pool->sleepers) != 0)
    futexWake(&pool->published, wanted);
}

static int anyoneInside(weft_pool *pool) { return (atomic_load(&pool->state) & WEFT_INSIDE) != 0; }

static void join(weft_pool *pool) {
  atomic_fetch_and(&pool->state, ~WEFT_OPEN);
  weft_spin spin = {0, 0};
  while (anyoneInside(pool)) {
    if (spinOn(&spin))
      continue;
    atomic_store(&pool->joining, 1);
    if (anyoneInside(pool))
      futexWait(&pool->joining, 1);
  }
  atomic_store_explicit(&pool->joining, 0, memory_order_relaxed);
}

static int chunkOf(int count, uint32_t threads) {
  int chunk = count / (int)(threads * WEFT_CHUNKS_PER_THREAD);
  return chunk > 1 ? chunk : 1;
}

int weft_pool_run(weft_pool *pool, weft_task task, void *job, int count) {
  if (count <= 0)
    return 0;
  if (count == 1 || pool->threads == 1)
    return task(job, 0, 0, count);
  pool->task = task;
  pool->job = job;
  pool->count = count;
  pool->chunk = chunkOf(count, pool->threads);
  atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
  atomic_store_explicit(&pool->result, 0, memory_order_relaxed);
  uint32_t others = pool->threads - 1;
  publish(pool, (uint32_t)count - 1 < others ? (uint32_t)count - 1 : others);
  work(pool, 0);
  join(pool);
  return atomic_load_explicit(&pool->result, memory_order_relaxed);
}

/* ---- birth and death ---- */

static int startWorker(weft_pool *pool, uint32_t index) {
  weft_pool_thread *worker = &pool->workers[index - 1];
  worker->pool = pool;
  worker->index = index;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0)
    return 0;
  pthread_attr_setstacksize(&attributes, WEFT_STACK_BYTES);
  int failed = pthread_create(&worker->handle, &attributes, workerMain, worker);
  pthread_attr_destroy(&attributes);
  return !failed;
}

/* Signals belong to the program's own threads: workers start with all of them blocked. */
static uint32_t startWorkers(weft_pool *pool, uint32_t threads) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  uint32_t started = 1;
  while (started < threads && startWorker(pool, started))
    ++started;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

weft_pool *weft_pool_create(uint32_t threads) {
  atomic_store(&processors, weft_processor_count());
  weft_pool *pool = NULL;
  if (posix_memalign((void **)&pool, WEFT_LINE, sizeof *pool) != 0)
    return NULL;
  *pool = (weft_pool){.threads = 1};
  pool->workers = calloc(threads, sizeof *pool->workers);
  if (pool->workers != NULL)
    pool->threads = startWorkers(pool, threads);
  if (pool->threads == threads)
    return pool;
  weft_pool_destroy(pool);
  return NULL;
}

void weft_pool_destroy(weft_pool *pool) {
  if (pool == NULL)
    return;
  atomic_store(&pool->stop, 1);
  atomic_fetch_add(&pool->published, 1);
  futexWake(&pool->published, pool->threads);
  for (uint32_t i = 1; i < pool->threads; ++i)
    pthread_join(pool->workers[i - 1].handle, NULL);
  free(pool->workers);
  free(pool);
}
