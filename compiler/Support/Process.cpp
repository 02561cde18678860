// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The child leads a process group of its own, so that it ends with all it has started when this process is interrupted.
// Both pipes are drained by poll, so a child that talks a lot on one of them cannot block on the other.
#include "compiler/Support/Process.h"

#include "compiler/Support/Interrupt.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace weft {

namespace {

constexpr size_t maxOutput = 16u << 20;

struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() {
    if (::pipe2(ends, O_CLOEXEC) != 0)
      ends[0] = ends[1] = -1;
  }
  Pipe(const Pipe &) = delete;
  ~Pipe() {
    close(0);
    close(1);
  }
  void close(int end) {
    if (ends[end] >= 0)
      ::close(ends[end]);
    ends[end] = -1;
  }
};

void drain(Pipe &output, std::string &outputText, Pipe &errors, std::string &errorText) {
  pollfd waiting[2] = {{output.ends[0], POLLIN, 0}, {errors.ends[0], POLLIN, 0}};
  std::string *texts[2] = {&outputText, &errorText};
  while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {
    if (::poll(waiting, 2, -1) < 0 && errno != EINTR)
      return;
    for (int i : {0, 1}) {
      if (waiting[i].fd < 0 || !waiting[i].revents)
        continue;
      char buffer[4096];
      ssize_t got = ::read(waiting[i].fd, buffer, sizeof buffer);
      if (got > 0 && texts[i]->size() < maxOutput)
        texts[i]->append(buffer, got);
      else if (got == 0 || (got < 0 && errno != EINTR))
        waiting[i].fd = -1;
    }
  }
}

/// What the child starts with: nothing on standard input, its outputs in our pipes, no signal blocked or ignored.
struct SpawnSetup {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;

  SpawnSetup(const Pipe &output, const Pipe &errors) {
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output.ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, errors.ends[1], STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGCHLD);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  SpawnSetup(const SpawnSetup &) = delete;
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
};

int spawn(pid_t &pid, const std::vector<char *> &argv, const SpawnSetup &setup) {
  NoInterruption guard;
  int failed = ::posix_spawn(&pid, argv[0], &setup.files, &setup.attributes, argv.data(), environ);
  if (!failed)
    guard.endLater(pid);
  return failed;
}

} // namespace

llvm::Expected<ProcessResult> runProcess(const std::vector<std::string> &arguments) {
  std::vector<char *> argv;
  for (const std::string &argument : arguments)
    argv.push_back(const_cast<char *>(argument.c_str()));
  argv.push_back(nullptr);
  Pipe output, errors;
  SpawnSetup setup(output, errors);
  pid_t pid = 0;
  if (int failed = spawn(pid, argv, setup))
    return llvm::createStringError("cannot start `" + arguments[0] + "`: " + std::strerror(failed));
  output.close(1);
  errors.close(1);
  ProcessResult result;
  drain(output, result.output, errors, result.errors);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR)
    ;
  NoInterruption().hasEnded(pid);
  result.exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return result;
}

TemporaryFolder::TemporaryFolder() {
  llvm::SmallString<128> path;
  llvm::sys::path::system_temp_directory(/*ErasedOnReboot=*/true, path);
  std::string parent = path.str().str();
  llvm::sys::path::append(path, "weft-kernels-XXXXXX");
  std::string made = path.str().str();
  NoInterruption guard;
  if (!::mkdtemp(made.data())) {
    refused = "cannot make a temporary folder in `" + parent + "`: " + std::strerror(errno) +
              "; `TMPDIR` names another place for it";
    return;
  }
  folder = made;
  guard.removeLater(folder);
}

llvm::Error TemporaryFolder::error() const { return llvm::createStringError(refused); }

TemporaryFolder::~TemporaryFolder() {
  if (!folder.empty())
    NoInterruption().removeNow(folder);
}

} // namespace weft
