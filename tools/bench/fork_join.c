/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * What a parallel loop costs beside its work: jobs of empty tasks, back to back and after pauses in which workers
 * sleep. cc -O2 -D_GNU_SOURCE -I. tools/bench/fork_join.c runtime/src/cpu/pool.c -o fork_join -lpthread && ./fork_join
 * [THREADS]
 */
#include "runtime/src/cpu/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { BACK_TO_BACK = 100000, AFTER_PAUSE = 300, PAUSE_MICROSECONDS = 1000 };

static double microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

static int nothing(void *job, uint32_t thread, int begin, int end) {
  (void)job, (void)thread, (void)begin, (void)end;
  return 0;
}

static _Atomic uint32_t arrived;
static uint32_t expected;

static int meet(void *job, uint32_t thread, int begin, int end) {
  (void)job, (void)thread, (void)begin, (void)end;
  for (++arrived; arrived < expected;)
    ;
  return 0;
}

static int compare(const void *a, const void *b) {
  const double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static void measure(weft_pool *pool, weft_task task, int tasks, int jobs, int pause, const char *what) {
  static double times[BACK_TO_BACK];
  for (int i = 0; i < jobs; ++i) {
    if (pause)
      usleep((useconds_t)pause);
    const double begin = microseconds();
    arrived = 0;
    weft_pool_run(pool, task, NULL, tasks);
    times[i] = microseconds() - begin;
  }
  qsort(times, (size_t)jobs, sizeof *times, compare);
  printf("%-14s median %6.2f us, 90 %% %6.2f us, 99 %% %6.2f us\n", what, times[jobs / 2], times[jobs * 9 / 10],
         times[jobs * 99 / 100]);
}

int main(int count, char **arguments) {
  const int threads = count > 1 ? atoi(arguments[1]) : (int)weft_processor_count();
  weft_pool *pool = threads > 0 && threads <= 256 ? weft_pool_create((uint32_t)threads) : NULL;
  if (pool == NULL)
    return fprintf(stderr, "fork_join: cannot start that many threads\n"), 1;
  weft_pool_enter();
  printf("%d threads, %d tasks a job\n", threads, 4 * threads);
  measure(pool, nothing, 4 * threads, BACK_TO_BACK, 0, "back to back");
  measure(pool, nothing, 4 * threads, AFTER_PAUSE, PAUSE_MICROSECONDS, "after a pause");
  expected = (uint32_t)threads;
  if (expected <= weft_processor_count()) /* more threads would wait for a processor */
    measure(pool, meet, threads, BACK_TO_BACK, 0, "all take part");
  weft_pool_leave();
  weft_pool_destroy(pool);
  return 0;
}
