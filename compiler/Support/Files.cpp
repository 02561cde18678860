// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Writing beside and renaming, with every error checked.

#include "compiler/Support/Files.h"

#include "compiler/Support/Interrupt.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;

namespace weft {
namespace {

Error cannotWrite(StringRef path, std::error_code code) {
  return createStringError(code, "cannot write `" + path + "`: " + code.message());
}

Error writeStandardOutput(function_ref<void(raw_ostream &)> write) {
  write(outs());
  outs().flush();
  if (std::error_code code = outs().error()) {
    outs().clear_error();
    return cannotWrite("standard output", code);
  }
  return Error::success();
}

/// A device or a pipe must not be replaced by a file: it is written to as it is.
Error writeDevice(StringRef path, function_ref<void(raw_ostream &)> write) {
  std::error_code code;
  raw_fd_ostream stream(path, code, sys::fs::CD_OpenExisting, sys::fs::FA_Write, sys::fs::OF_None);
  if (code)
    return cannotWrite(path, code);
  write(stream);
  stream.flush();
  code = stream.error();
  stream.clear_error();
  return code ? cannotWrite(path, code) : Error::success();
}

unsigned newFileMode(bool executable) { return (executable ? 0777 : 0666) & ~sys::fs::getUmask(); }

std::error_code lastError() { return std::error_code(errno, std::generic_category()); }

/// `transfer` moves some bytes and says how many: called until all have moved. Nothing moved is the end of the file.
std::error_code moveAll(uint64_t bytes, function_ref<ssize_t(uint64_t done)> transfer) {
  for (uint64_t done = 0; done < bytes;) {
    ssize_t moved = transfer(done);
    if (moved == 0)
      return std::make_error_code(std::errc::io_error);
    if (moved < 0 && errno != EINTR)
      return lastError();
    done += std::max<ssize_t>(moved, 0);
  }
  return {};
}

bool isSpecial(StringRef path) {
  sys::fs::file_status status;
  return !sys::fs::status(path, status) && !sys::fs::is_regular_file(status) && !sys::fs::is_directory(status);
}

} // namespace

Error FilePart::write(uint64_t offset, const void *data, uint64_t bytes) const {
  std::error_code failure = moveAll(bytes, [&](uint64_t done) {
    return ::pwrite(descriptor, static_cast<const char *>(data) + done, bytes - done, begin + offset + done);
  });
  return failure ? cannotWrite(path, failure) : Error::success();
}

Error FilePart::read(uint64_t offset, void *data, uint64_t bytes) const {
  std::error_code failure = moveAll(bytes, [&](uint64_t done) {
    return ::pread(descriptor, static_cast<char *>(data) + done, bytes - done, begin + offset + done);
  });
  return failure ? cannotWrite(path, failure) : Error::success();
}

Expected<sys::fs::mapped_file_region> FilePart::view(uint64_t offset, uint64_t bytes) const {
  std::error_code failure;
  sys::fs::mapped_file_region region(sys::fs::convertFDToNativeFile(descriptor), sys::fs::mapped_file_region::readonly, bytes,
                                     begin + offset, failure);
  if (failure)
    return cannotWrite(path, failure);
  return region;
}

Error FilePart::takeSpace(uint64_t bytes) const {
  if (bytes == 0)
    return Error::success();
  std::error_code failure(posix_fallocate(descriptor, static_cast<off_t>(begin), static_cast<off_t>(bytes)),
                          std::generic_category());
  if (failure == std::errc::invalid_argument || failure == std::errc::operation_not_supported)
    failure = sys::fs::resize_file(descriptor, begin + bytes); // a file system that cannot say
  return failure ? cannotWrite(path, failure) : Error::success();
}

/// What a link points to is replaced, not the link.
static std::string behindLinks(StringRef path) {
  SmallString<128> target;
  return sys::fs::is_symlink_file(path) && !sys::fs::real_path(path, target) ? target.str().str() : path.str();
}

Expected<OutputFile> OutputFile::create(StringRef given, uint64_t bytes, bool executable) {
  if (Error error = checkReplaceable(given))
    return error;
  std::string path = behindLinks(given);
  // No `%`: LLVM's programs, lld among them, take it for a place to fill. So would llvm::sys::fs::TempFile in the folder's name.
  std::string temporary = sys::path::filename(path).str() + ".XXXXXX.part";
  llvm::replace(temporary, '%', '_');
  temporary.insert(0, path, 0, path.size() - sys::path::filename(path).size());
  NoInterruption whileItHasNoOwner;
  int descriptor = ::mkostemps(temporary.data(), std::strlen(".part"), O_CLOEXEC);
  if (descriptor < 0)
    return cannotWrite(path, lastError());
  OutputFile output(path, temporary, descriptor);
  sys::RemoveFileOnSignal(temporary);
  if (::fchmod(descriptor, newFileMode(executable)) != 0)
    return cannotWrite(path, lastError());
  if (Error error = output.part().takeSpace(bytes))
    return error;
  return output;
}

Expected<OutputFile> OutputFile::write(StringRef path, function_ref<void(raw_ostream &)> write, bool executable) {
  Expected<OutputFile> output = create(path, 0, executable);
  if (!output)
    return output;
  raw_fd_ostream stream(output->descriptor, /*shouldClose=*/false);
  write(stream);
  stream.flush();
  std::error_code failure = stream.error();
  stream.clear_error();
  if (failure)
    return cannotWrite(path, failure);
  return output;
}

Error OutputFile::reopen() {
  int again = ::open(beside().c_str(), O_RDWR | O_CLOEXEC);
  if (again < 0 || ::dup3(again, descriptor, O_CLOEXEC) < 0)
    return cannotWrite(path, lastError());
  ::close(again);
  return Error::success();
}

OutputFile::~OutputFile() {
  if (descriptor >= 0)
    discard();
}

void OutputFile::discard() {
  (void)sys::fs::remove(temporary);
  (void)close();
}

std::error_code OutputFile::close() {
  sys::DontRemoveFileOnSignal(temporary);
  return ::close(std::exchange(descriptor, -1)) == 0 ? std::error_code() : lastError();
}

Error OutputFile::commit() {
  if (std::error_code failure = replaceFile(beside(), path)) {
    discard();
    return cannotWrite(path, failure);
  }
  std::error_code failure = close();
  return failure ? cannotWrite(path, failure) : Error::success();
}

Error checkWritable(StringRef path, uint64_t bytes) {
  if (path == "-" || isSpecial(path))
    return Error::success();
  Expected<OutputFile> output = OutputFile::create(path, bytes);
  return output ? Error::success() : output.takeError();
}

/// What is read, as the file system knows it whatever its name.
static std::vector<sys::fs::UniqueID> kept;

void keepFromOutputs(StringRef path) {
  sys::fs::UniqueID id;
  if (!sys::fs::getUniqueID(path, id))
    kept.push_back(id);
}

Error checkReplaceable(StringRef path) {
  sys::fs::file_status status;
  if (sys::fs::status(path, status))
    return Error::success(); // nothing there yet
  if (is_contained(kept, status.getUniqueID()))
    return createStringError("cannot write `" + path + "`: this compilation reads it");
  if (sys::fs::is_regular_file(status))
    return Error::success();
  if (sys::fs::is_directory(status))
    return cannotWrite(path, std::make_error_code(std::errc::is_a_directory));
  return createStringError("cannot write `" + path + "`: it is no regular file");
}

std::error_code replaceFile(StringRef file, StringRef path) {
  if (renameat2(AT_FDCWD, file.str().c_str(), AT_FDCWD, path.str().c_str(), RENAME_EXCHANGE) == 0)
    return sys::fs::remove(file);
  return sys::fs::rename(file, path); // nothing was there, or the file system knows no better
}

Error writeFile(StringRef path, function_ref<void(raw_ostream &)> write, bool executable) {
  if (path == "-")
    return writeStandardOutput(write);
  if (isSpecial(path))
    return writeDevice(path, write);
  Expected<OutputFile> output = OutputFile::write(path, write, executable);
  return output ? output->commit() : output.takeError();
}

Expected<OutputFolder> OutputFolder::make(StringRef path) {
  OutputFolder folder;
  for (StringRef missing = path; !missing.empty() && !sys::fs::exists(missing); missing = sys::path::parent_path(missing))
    folder.made.insert(folder.made.begin(), missing.str());
  NoInterruption whileTheyHaveNoOwner;
  if (std::error_code code = sys::fs::create_directories(path, /*IgnoreExisting=*/true, sys::fs::all_all))
    return createStringError(code, "cannot make the folder `" + path + "`: " + code.message());
  whileTheyHaveNoOwner.removeEmptyLater(folder.made);
  return folder;
}

OutputFolder::~OutputFolder() {
  if (!made.empty())
    NoInterruption().removeEmptyNow(made);
}

} // namespace weft
