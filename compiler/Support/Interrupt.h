// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What is to be gone when a person presses Ctrl-C, or when memory is at its end: helper processes, temporary folders, files
// not yet in their places.
#pragma once

#include <mutex>
#include <string>
#include <sys/types.h>
#include <vector>

namespace weft {

/// From now on SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGPIPE end this process once helper processes have ended and what is
/// registered here, and with llvm::sys::RemoveFileOnSignal, is removed. Those ignored when it is called stay ignored. To
/// be called once, before there are threads; without it everything below does nothing but keep lists.
void leaveNothingWhenInterrupted();

/// From now on memory or threads that the system refuses are an error of which the user is told, as of `program`, and this
/// process ends with the exit code given; nothing is left as above. What else LLVM gives up at ends it with `bug`.
void leaveNothingWithoutMemory(const char *program, int code, int bug);

/// An interruption waits while one of these lives, and the other way round: whoever makes one after the signal came
/// never returns. So what a helper says that was ended by the interruption is told to nobody.
class NoInterruption {
public:
  NoInterruption();

  /// Everything in this folder, and the folder.
  void removeLater(const std::string &folder);
  void removeNow(const std::string &folder);
  /// Those of these folders, each in the one before, that are empty when all else is gone.
  void removeEmptyLater(const std::vector<std::string> &folders);
  void removeEmptyNow(const std::vector<std::string> &folders);
  /// A process group that this process has started.
  void endLater(pid_t group);
  void hasEnded(pid_t group);

private:
  std::lock_guard<std::mutex> lock;
};

} // namespace weft
