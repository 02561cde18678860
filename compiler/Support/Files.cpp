// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Writing beside and renaming, with every error checked.

#include "compiler/Support/Files.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

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

} // namespace

Error checkReplaceable(StringRef path) {
  sys::fs::file_status status;
  if (sys::fs::status(path, status) || sys::fs::is_regular_file(status))
    return Error::success(); // nothing there yet, or a file
  if (sys::fs::is_directory(status))
    return cannotWrite(path, std::make_error_code(std::errc::is_a_directory));
  return createStringError("cannot write `" + path + "`: it is no regular file");
}

Error writeFile(StringRef path, function_ref<void(raw_ostream &)> write, bool executable) {
  if (path == "-")
    return writeStandardOutput(write);
  if (sys::fs::is_directory(path))
    return cannotWrite(path, std::make_error_code(std::errc::is_a_directory));
  sys::fs::file_status status;
  if (!sys::fs::status(path, status) && !sys::fs::is_regular_file(status))
    return writeDevice(path, write);
  unsigned mode = (executable ? 0777 : 0666) & ~sys::fs::getUmask();
  Expected<sys::fs::TempFile> file = sys::fs::TempFile::create(path + ".%%%%%%.part", mode);
  if (!file)
    return cannotWrite(path, errorToErrorCode(file.takeError()));
  std::error_code failure;
  {
    raw_fd_ostream stream(file->FD, /*shouldClose=*/false);
    write(stream);
    stream.flush();
    failure = stream.error();
    stream.clear_error();
  }
  if (failure) {
    consumeError(file->discard());
    return cannotWrite(path, failure);
  }
  if (Error error = file->keep(path))
    return cannotWrite(path, errorToErrorCode(std::move(error)));
  return Error::success();
}

Error makeFolder(StringRef path) {
  if (std::error_code code = sys::fs::create_directories(path, /*IgnoreExisting=*/true, sys::fs::all_all))
    return createStringError(code, "cannot make the folder `" + path + "`: " + code.message());
  return Error::success();
}

} // namespace weft
