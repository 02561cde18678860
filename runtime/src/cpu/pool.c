/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * The pool behind parallel loops.
 *
 * A job is published by raising the epoch in `state`. A worker that sees a new epoch enters by counting itself in,
 * takes chunks of indices until none is left and counts itself out. The caller does the same, then closes the job:
 * nobody can enter any more, and it waits only for those who did. So a worker that is asleep, or that the system gives
 * no processor, delays nobody: the others have done its share. That makes more threads than processors harmless.
 *
 * Indices are dealt out in equal shares, the first to the caller, and each thread begins with its own; who has finished
 * takes from the ends of the others'. A thread so meets, job after job, the same part of every tensor, which its own
 * caches hold: on processors whose cores share no fast cache, what another core has written comes slower than memory.
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
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
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
  _Alignas(WEFT_LINE) _Atomic uint64_t share; /* of the job, what nobody took: begin in the low half, end in the high */
  weft_pool *pool;
  pthread_t handle;
  uint32_t index;
} weft_pool_thread;

struct weft_pool {
  /* Written by the caller before a job is published, read by those inside it. */
  weft_task task;
  void *job;
  uint32_t chunk, threads, epoch;
  _Alignas(WEFT_LINE) _Atomic uint64_t state;
  _Alignas(WEFT_LINE) _Atomic int result;         /* first failure */
  _Alignas(WEFT_LINE) _Atomic uint32_t published; /* futex of the workers: changes with each job and at the end */
  _Atomic uint32_t sleepers;
  _Atomic uint32_t stop;
  _Alignas(WEFT_LINE) _Atomic uint32_t joining; /* futex of the caller: 1 while it sleeps */
  weft_pool_thread *members;                    /* the caller first */
  pid_t owner;                                  /* the process that has the threads: a fork has none of them */
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

static uint64_t shareOf(uint32_t begin, uint32_t end) { return (uint64_t)end << 32 | begin; }

static void setShare(weft_pool_thread *member, uint64_t share) {
  atomic_store_explicit(&member->share, share, memory_order_relaxed);
}

/* Takes up to `chunk` indices of a share, from its begin or from its end; 0 when there is none. */
static uint32_t takeChunk(weft_pool_thread *owner, uint32_t chunk, int fromEnd, uint32_t *first) {
  uint64_t share = atomic_load_explicit(&owner->share, memory_order_relaxed);
  while (1) {
    const uint32_t begin = (uint32_t)share, end = (uint32_t)(share >> 32);
    if (begin >= end)
      return 0;
    const uint32_t taken = end - begin < chunk ? end - begin : chunk;
    const uint64_t left = fromEnd ? shareOf(begin, end - taken) : shareOf(begin + taken, end);
    *first = fromEnd ? end - taken : begin;
    if (atomic_compare_exchange_weak_explicit(&owner->share, &share, left, memory_order_relaxed, memory_order_relaxed))
      return taken;
  }
}

static void fail(weft_pool *pool, int result) {
  int none = 0;
  atomic_compare_exchange_strong(&pool->result, &none, result);
  for (uint32_t i = 0; i < pool->threads; ++i)
    setShare(&pool->members[i], 0);
}

static void workOn(weft_pool *pool, uint32_t thread, uint32_t owner) {
  uint32_t first, taken;
  while ((taken = takeChunk(&pool->members[owner], pool->chunk, owner != thread, &first)) != 0) {
    int result = pool->task(pool->job, thread, (int)first, (int)(first + taken));
    if (result != 0)
      fail(pool, result);
  }
}

static void work(weft_pool *pool, uint32_t thread) {
  workOn(pool, thread, thread);
  for (uint32_t other = thread + 1; other < pool->threads; ++other)
    workOn(pool, thread, other);
  for (uint32_t other = 0; other < thread; ++other)
    workOn(pool, thread, other);
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

static void deal(weft_pool *pool, uint32_t count) {
  const uint32_t threads = pool->threads, chunk = count / (threads * WEFT_CHUNKS_PER_THREAD);
  pool->chunk = chunk > 1 ? chunk : 1;
  for (uint64_t i = 0; i < threads; ++i)
    setShare(&pool->members[i], shareOf((uint32_t)(count * i / threads), (uint32_t)(count * (i + 1) / threads)));
}

int weft_pool_run(weft_pool *pool, weft_task task, void *job, int count) {
  if (count <= 0)
    return 0;
  if (count == 1 || pool->threads == 1)
    return task(job, 0, 0, count);
  pool->task = task;
  pool->job = job;
  deal(pool, (uint32_t)count);
  atomic_store_explicit(&pool->result, 0, memory_order_relaxed);
  uint32_t others = pool->threads - 1;
  publish(pool, (uint32_t)count - 1 < others ? (uint32_t)count - 1 : others);
  work(pool, 0);
  join(pool);
  return atomic_load_explicit(&pool->result, memory_order_relaxed);
}

/* ---- birth and death ---- */

static int startWorker(weft_pool *pool, uint32_t index) {
  weft_pool_thread *worker = &pool->members[index];
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

static void *takeLines(size_t bytes) {
  void *lines = NULL;
  return posix_memalign(&lines, WEFT_LINE, bytes) == 0 ? memset(lines, 0, bytes) : NULL;
}

weft_pool *weft_pool_create(uint32_t threads) {
  atomic_store(&processors, weft_processor_count());
  weft_pool *pool = takeLines(sizeof *pool);
  if (pool == NULL)
    return NULL;
  pool->threads = 1;
  pool->owner = getpid();
  pool->members = takeLines(threads * sizeof *pool->members);
  if (pool->members != NULL)
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
  for (uint32_t i = 1; i < pool->threads && pool->owner == getpid(); ++i)
    pthread_join(pool->members[i].handle, NULL);
  free(pool->members);
  free(pool);
}
