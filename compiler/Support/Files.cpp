// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Writing beside and renaming, with every error checked.

#include "compiler/Support/Files.h"

#include "llvm/Support/raw_ostream.h"

#include <cstdio>
#include <fcntl.h>
#include <sys/mman.h>

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

std::error_code takeSpace(int descriptor, uint64_t bytes) {
  if (bytes == 0)
    return {};
  int failure = posix_fallocate(descriptor, 0, static_cast<off_t>(bytes));
  if (failure == EINVAL || failure == EOPNOTSUPP) // a file system that cannot say
    return sys::fs::resize_file(descriptor, bytes);
  return std::error_code(failure, std::generic_category());
}

std::error_code writeAll(int descriptor, const char *data, uint64_t bytes) {
  raw_fd_ostream stream(descriptor, /*shouldClose=*/false, /*unbuffered=*/true);
  stream.write(data, bytes);
  std::error_code failure = stream.error();
  stream.clear_error();
  return failure;
}

bool isSpecial(StringRef path) {
  sys::fs::file_status status;
  return !sys::fs::status(path, status) && !sys::fs::is_regular_file(status) && !sys::fs::is_directory(status);
}

} // namespace

/// What a link points to is replaced, not the link.
static std::string behindLinks(StringRef path) {
  SmallString<128> target;
  return sys::fs::is_symlink_file(path) && !sys::fs::real_path(path, target) ? target.str().str() : path.str();
}

Expected<OutputFile> OutputFile::create(StringRef given, unsigned mode) {
  if (Error error = checkReplaceable(given))
    return error;
  std::string path = behindLinks(given);
  Expected<sys::fs::TempFile> file = sys::fs::TempFile::create(path + ".%%%%%%.part", mode);
  if (!file)
    return cannotWrite(path, errorToErrorCode(file.takeError()));
  return OutputFile(path, std::move(*file));
}

Expected<OutputFile> OutputFile::write(StringRef path, function_ref<void(raw_ostream &)> write, bool executable) {
  Expected<OutputFile> output = create(path, newFileMode(executable));
  if (!output)
    return output;
  raw_fd_ostream stream(output->file->FD, /*shouldClose=*/false);
  write(stream);
  stream.flush();
  std::error_code failure = stream.error();
  stream.clear_error();
  if (failure)
    return cannotWrite(path, failure);
  return output;
}

Expected<OutputFile> OutputFile::map(StringRef path, uint64_t bytes) {
  Expected<OutputFile> output = create(path, newFileMode(false));
  if (!output)
    return output;
  std::error_code failure = takeSpace(output->file->FD, bytes);
  if (!failure && bytes > 0)
    output->memory = sys::OwningMemoryBlock(
        sys::Memory::allocateMappedMemory(bytes, nullptr, sys::Memory::MF_READ | sys::Memory::MF_WRITE, failure));
  if (failure)
    return cannotWrite(path, failure);
  output->bytes = bytes;
  if (bytes > 0)
    madvise(output->memory.base(), output->memory.allocatedSize(), MADV_HUGEPAGE); // fewer faults; no matter if refused
  return output;
}

OutputFile::~OutputFile() {
  if (file)
    consumeError(file->discard());
}

Error OutputFile::commit() {
  if (std::error_code failure = bytes > 0 ? writeAll(file->FD, data(), bytes) : std::error_code()) {
    consumeError(file->discard());
    file.reset();
    return cannotWrite(path, failure);
  }
  Error error = file->keep(path);
  file.reset();
  return error ? cannotWrite(path, errorToErrorCode(std::move(error))) : Error::success();
}

Error checkWritable(StringRef path, uint64_t bytes) {
  if (path == "-" || isSpecial(path))
    return Error::success();
  Expected<OutputFile> output = OutputFile::map(path, bytes);
  return output ? Error::success() : output.takeError();
}

Error checkReplaceable(StringRef path) {
  sys::fs::file_status status;
  if (sys::fs::status(path, status) || sys::fs::is_regular_file(status))
    return Error::success(); // nothing there yet, or a file
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

Error makeFolder(StringRef path) {
  if (std::error_code code = sys::fs::create_directories(path, /*IgnoreExisting=*/true, sys::fs::all_all))
    return createStringError(code, "cannot make the folder `" + path + "`: " + code.message());
  return Error::success();
}

} // namespace weft
