// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A thread of its own waits for the signals, which are blocked everywhere: it may use files, locks and memory, as a
// signal handler may not.
#include "compiler/Support/Interrupt.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Signals.h"

#include <atomic>
#include <csignal>
#include <cstring>
#include <new>
#include <pthread.h>
#include <set>
#include <unistd.h>

namespace weft {

namespace {

struct Begun {
  std::mutex mutex;
  std::set<std::string> folders;
  std::set<std::vector<std::string>> nests; ///< of folders that go where they are empty
  std::set<pid_t> groups;
};

/// Never destroyed: the thread may need it while the process ends.
Begun &begun() {
  static auto *only = new Begun;
  return *only;
}

bool isRunning(pid_t group) { return ::kill(-group, 0) == 0; }

/// Asks, and after two seconds insists.
void end(pid_t group) {
  ::kill(-group, SIGTERM);
  for (int i = 0; i < 2000 && isRunning(group); ++i)
    ::usleep(1000);
  ::kill(-group, SIGKILL);
}

/// Somebody may be writing into it still: a file that appears between looking and removing is met at the next try.
void remove(const std::string &folder) {
  for (int i = 0; i < 100 && llvm::sys::fs::exists(folder); ++i)
    (void)llvm::sys::fs::remove_directories(folder);
}

void removeEmpty(const std::vector<std::string> &nest) {
  for (const std::string &folder : llvm::reverse(nest))
    ::rmdir(folder.c_str());
}

/// Nobody begins anything from here on: the caller holds the mutex for good.
void leaveNothing() {
  for (pid_t group : begun().groups)
    end(group);
  for (const std::string &folder : begun().folders)
    remove(folder);
  llvm::sys::RunInterruptHandlers();
  for (const std::vector<std::string> &nest : begun().nests)
    removeEmpty(nest);
}

[[noreturn]] void endBy(int signal) {
  begun().mutex.lock();
  leaveNothing();
  ::signal(signal, SIG_DFL);
  sigset_t unblocked;
  sigemptyset(&unblocked);
  sigaddset(&unblocked, signal);
  pthread_sigmask(SIG_UNBLOCK, &unblocked, nullptr);
  ::raise(signal);
  ::_exit(128 + signal);
}

bool isIgnored(int signal) {
  struct sigaction action;
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

void *wait(void *signals) {
  int signal = 0;
  while (sigwait(static_cast<sigset_t *>(signals), &signal) != 0)
    ;
  endBy(signal);
}

pthread_t waiting; ///< the thread in `wait`

/// A pipe nobody reads is told to the thread in the middle of its write, which stays there until the other has ended the process.
void passOn(int signal) {
  ::pthread_kill(waiting, signal);
  while (true)
    ::pause();
}

struct Ending {
  const char *program;
  int code, bug;
} ending;

/// Says and cleans up with what memory there is; where even that is refused, or this thread was just beginning something, it
/// ends as it is.
[[noreturn]] void endWith(int code, const char *kind, const char *reason) {
  static std::atomic_flag isEnding = ATOMIC_FLAG_INIT;
  if (isEnding.test_and_set())
    ::_exit(code);
  for (const char *part : {ending.program, ": ", kind, ": ", reason, "\n"})
    (void)!::write(STDERR_FILENO, part, std::strlen(part));
  if (begun().mutex.try_lock())
    leaveNothing();
  ::_exit(code);
}

[[noreturn]] void endWithoutMemory() {
  endWith(ending.code, "error", "out of memory; `ulimit -v` says how much this process may take");
}

void endBadAlloc(void *, const char *, bool) { endWithoutMemory(); }

void endFatal(void *, const char *reason, bool) {
  if (llvm::StringRef(reason).starts_with("pthread_create failed"))
    endWithoutMemory();
  endWith(ending.bug, "compiler bug", reason);
}

} // namespace

void leaveNothingWithoutMemory(const char *program, int code, int bug) {
  ending = {program, code, bug};
  begun(); // while there is memory for it
  std::set_new_handler(endWithoutMemory);
  llvm::install_bad_alloc_error_handler(endBadAlloc);
  llvm::install_fatal_error_handler(endFatal);
}

void leaveNothingWhenInterrupted() {
  static sigset_t waited;
  sigset_t blocked, pipe;
  sigemptyset(&waited);
  sigemptyset(&blocked);
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) {
    sigaddset(&blocked, signal);
    if (!isIgnored(signal))
      sigaddset(&waited, signal);
  }
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  if (pthread_create(&waiting, nullptr, wait, &waited) == 0) {
    pthread_detach(waiting);
    if (!isIgnored(SIGPIPE))
      ::signal(SIGPIPE, passOn);
    pthread_sigmask(SIG_UNBLOCK, &pipe, nullptr);
  } else
    pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr); // no thread to be had: ended at once, as any program is
}

NoInterruption::NoInterruption() : lock(begun().mutex) {}

void NoInterruption::removeLater(const std::string &folder) { begun().folders.insert(folder); }

void NoInterruption::removeNow(const std::string &folder) {
  (void)llvm::sys::fs::remove_directories(folder);
  begun().folders.erase(folder);
}

void NoInterruption::removeEmptyLater(const std::vector<std::string> &folders) { begun().nests.insert(folders); }

void NoInterruption::removeEmptyNow(const std::vector<std::string> &folders) {
  removeEmpty(folders);
  begun().nests.erase(folders);
}

void NoInterruption::endLater(pid_t group) { begun().groups.insert(group); }
void NoInterruption::hasEnded(pid_t group) { begun().groups.erase(group); }

} // namespace weft
