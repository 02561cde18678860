/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * A fork-join thread pool for one caller at a time: the caller takes part as thread 0, threads 1 ... n - 1 are the
 * pool's. It knows nothing of networks. After creation it allocates nothing.
 */
#ifndef WEFT_POOL_H
#define WEFT_POOL_H

#include <stdint.h>

/* Does indices begin ... end - 1 on thread `thread`. Not 0: failed, the rest of the job may be skipped. */
typedef int (*weft_task)(void *job, uint32_t thread, int begin, int end);

typedef struct weft_pool weft_pool;

/* NULL when the system has no memory or no thread to give. */
weft_pool *weft_pool_create(uint32_t threads);
void weft_pool_destroy(weft_pool *pool);

/* Runs task over 0 ... count - 1, in chunks, on all threads; returns when all is done: 0, or the first failure. */
int weft_pool_run(weft_pool *pool, weft_task task, void *job, int count);

/* Between these two calls the caller counts as a running thread: when more run than there are processors, nobody spins.
 */
void weft_pool_enter(void);
void weft_pool_leave(void);

/* Processors this process may use, at least 1. */
uint32_t weft_processor_count(void);

#endif
