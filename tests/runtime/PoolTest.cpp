// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A pool that loses an index, does one twice, or returns too early gives wrong numbers once in a million runs.
// Compiled a second time with the thread sanitizer where the compiler has it.
extern "C" {
#include "runtime/src/cpu/pool.h"
}

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr int rounds = 500;
int failures = 0;

void expect(bool condition, const char *what) {
  if (condition)
    return;
  std::fprintf(stderr, "failed: %s\n", what);
  ++failures;
}

/// Each index adds one to a plain counter of its own: a race or a second visit shows.
struct Visits {
  std::vector<int> counts;
  static int task(void *job, uint32_t, int begin, int end) {
    for (int i = begin; i < end; ++i)
      ++static_cast<Visits *>(job)->counts[i];
    return 0;
  }
};

void everyIndexOnce(uint32_t threads) {
  weft_pool *pool = weft_pool_create(threads);
  for (int count : {0, 1, 2, 3, 7, 64, 1000}) {
    Visits visits{std::vector<int>(count, 0)};
    for (int round = 0; round < rounds; ++round)
      weft_pool_run(pool, Visits::task, &visits, count);
    for (int seen : visits.counts)
      expect(seen == rounds, "every index is done once a job, by the time the job returns");
  }
  weft_pool_destroy(pool);
}

/// A child has none of the threads of its parent's pool, so it must not wait for them.
void destroyInChild() {
  weft_pool *pool = weft_pool_create(3);
  pid_t child = fork();
  if (child == 0) {
    alarm(20); // ends a child that waits
    weft_pool_destroy(pool);
    _exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  expect(status == 0, "a forked child destroys its parent's pool");
  weft_pool_destroy(pool);
}

/// Workers sleep between these jobs: waking them must lose nothing.
void jobsAfterSleep() {
  weft_pool *pool = weft_pool_create(4);
  Visits visits{std::vector<int>(16, 0)};
  for (int round = 0; round < 20; ++round) {
    usleep(round % 3 * 300);
    weft_pool_run(pool, Visits::task, &visits, 16);
  }
  for (int seen : visits.counts)
    expect(seen == 20, "jobs reach workers that sleep");
  weft_pool_destroy(pool);
}

void firstFailureEndsTheJob() {
  weft_pool *pool = weft_pool_create(3);
  auto fails = [](void *, uint32_t, int begin, int end) { return begin <= 500 && 500 < end ? 17 : 0; };
  for (int round = 0; round < 50; ++round)
    expect(weft_pool_run(pool, fails, nullptr, 1000) == 17, "a failure is returned");
  Visits visits{std::vector<int>(8, 0)};
  expect(weft_pool_run(pool, Visits::task, &visits, 8) == 0, "the job after a failure is unharmed");
  weft_pool_destroy(pool);
}

void threadNumbersAreDistinct() {
  constexpr uint32_t threads = 4;
  weft_pool *pool = weft_pool_create(threads);
  struct Busy {
    std::atomic<int> inside[threads] = {};
    std::atomic<bool> bad = false;
  } busy;
  auto task = [](void *job, uint32_t thread, int, int) {
    auto *busy = static_cast<Busy *>(job);
    if (thread >= threads || busy->inside[thread].fetch_add(1) != 0)
      busy->bad = true;
    std::this_thread::yield();
    busy->inside[thread].fetch_sub(1);
    return 0;
  };
  for (int round = 0; round < 20; ++round)
    weft_pool_run(pool, task, &busy, 100);
  expect(!busy.bad, "no two threads of one job have the same number");
  weft_pool_destroy(pool);
}

/// Else a thread reads, job after job, what the other threads' caches hold.
void eachBeginsWithItsShare() {
  constexpr int threads = 2, count = 64;
  weft_pool *pool = weft_pool_create(threads);
  struct Meeting {
    std::atomic<int> first[threads] = {-1, -1};
  } meeting;
  auto task = [](void *job, uint32_t thread, int begin, int) {
    auto *meeting = static_cast<Meeting *>(job);
    int none = -1;
    meeting->first[thread].compare_exchange_strong(none, begin);
    while (meeting->first[1 - thread] < 0)
      std::this_thread::yield();
    return 0;
  };
  weft_pool_run(pool, task, &meeting, count);
  expect(meeting.first[0] == 0 && meeting.first[1] == count / 2, "each thread begins with its own share");
  weft_pool_destroy(pool);
}

/// Many more threads than processors, from several callers: everything still ends, soon.
void poolsSideBySide() {
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller)
    callers.emplace_back(everyIndexOnce, 8);
  for (std::thread &caller : callers)
    caller.join();
}

} // namespace

int main() {
  for (uint32_t threads : {1, 2, 3, 8})
    everyIndexOnce(threads);
  destroyInChild();
  jobsAfterSleep();
  firstFailureEndsTheJob();
  threadNumbersAreDistinct();
  eachBeginsWithItsShare();
  poolsSideBySide();
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
