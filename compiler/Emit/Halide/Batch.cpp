// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A small process pool: fork, limits, wait with a deadline. Forking is safe here, and only here, because this program
// has loaded libHalide but never called it: no threads, no locks held.
#include "compiler/Emit/Halide/Batch.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::emit {

namespace {

using Clock = std::chrono::steady_clock;

std::string readFile(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool writeFile(const std::string &path, const std::string &text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  return bool(out.flush());
}

class Batch {
public:
  Batch(const std::vector<kernel::KernelDesc> &kernels, const BatchOptions &options)
      : kernels(kernels), options(options), results(kernels.size()) {
    sigemptyset(&childEnds);
    sigaddset(&childEnds, SIGCHLD);
    sigprocmask(SIG_BLOCK, &childEnds, nullptr); // so that sigtimedwait sees it
  }

  std::vector<BatchResult> run() {
    size_t next = 0;
    while (next < kernels.size() || !running.empty()) {
      while (next < kernels.size() && running.size() < std::max(1u, options.jobs))
        start(next++);
      waitForOne();
      collect();
      killLate();
    }
    return results;
  }

private:
  struct Child {
    size_t kernel;
    Clock::time_point deadline;
    bool isLate = false;
  };

  std::string file(size_t kernel, const char *extension) const {
    return options.folder + "/" + std::to_string(kernel) + extension;
  }

  void start(size_t kernel) {
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
      _exit(inChild(kernel, parent));
    if (pid < 0)
      results[kernel] = {"error", std::string("cannot fork: ") + std::strerror(errno)};
    else
      running[pid] = {kernel, Clock::now() + std::chrono::seconds(options.seconds)};
  }

  int inChild(size_t kernel, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
      return 1;
    limit(RLIMIT_AS, rlim_t(options.mebibytes) << 20);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, options.seconds + 1);
    sigprocmask(SIG_UNBLOCK, &childEnds, nullptr);
    redirectErrors(file(kernel, ".log"));
    CompiledKernel compiled;
    std::string error;
    bool good = compileKernel(kernels[kernel], options.compile, options.scratchOnly ? "" : file(kernel, ".o"),
                              options.assembly ? file(kernel, ".s") : "", compiled, error);
    if (good && !writeFile(file(kernel, ".scratch"), compiled.scratch)) {
      good = false;
      error = "cannot write `" + file(kernel, ".scratch") + "`";
    }
    if (!good)
      writeFile(file(kernel, ".error"), error);
    return good ? 0 : 1;
  }

  static void limit(decltype(RLIMIT_AS) what, rlim_t value) {
    rlimit limits{value, value};
    setrlimit(what, &limits);
  }

  static void redirectErrors(const std::string &path) {
    int log = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (log >= 0)
      dup2(log, STDERR_FILENO);
  }

  void waitForOne() {
    if (running.empty())
      return;
    Clock::time_point soonest = Clock::time_point::max();
    for (const auto &[pid, child] : running)
      soonest = std::min(soonest, child.deadline);
    auto left =
        std::max<int64_t>(1, std::chrono::duration_cast<std::chrono::milliseconds>(soonest - Clock::now()).count());
    left = std::min<int64_t>(left, 1000); // a signal that was merged with another is noticed soon
    timespec wait{left / 1000, left % 1000 * 1000000};
    sigtimedwait(&childEnds, nullptr, &wait);
  }

  void collect() {
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      auto found = running.find(pid);
      if (found == running.end())
        continue;
      results[found->second.kernel] = judge(found->second, status);
      running.erase(found);
    }
  }

  BatchResult judge(const Child &child, int status) const {
    if (child.isLate || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU))
      return {"timeout", "took longer than " + std::to_string(options.seconds) + " s"};
    if (WIFSIGNALED(status))
      return {"crash", std::string(strsignal(WTERMSIG(status)))};
    if (WEXITSTATUS(status) == 0)
      return {"ok", ""};
    std::string error = readFile(file(child.kernel, ".error"));
    return {"error", error.empty() ? "exited with " + std::to_string(WEXITSTATUS(status)) : error};
  }

  void killLate() {
    for (auto &[pid, child] : running)
      if (!child.isLate && Clock::now() >= child.deadline) {
        child.isLate = true;
        kill(pid, SIGKILL);
      }
  }

  const std::vector<kernel::KernelDesc> &kernels;
  const BatchOptions &options;
  std::vector<BatchResult> results;
  std::map<pid_t, Child> running;
  sigset_t childEnds;
};

} // namespace

std::vector<BatchResult> compileBatch(const std::vector<kernel::KernelDesc> &kernels, const BatchOptions &options) {
  return Batch(kernels, options).run();
}

} // namespace weft::emit
