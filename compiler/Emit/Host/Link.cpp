// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The one place that runs an external program. `cc` knows where the C library lies; without it the usual places are
// tried.
#include "compiler/Emit/Host/Link.h"

#include "compiler/Support/Files.h"
#include "compiler/Support/Interrupt.h"
#include "compiler/Support/Process.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace weft;
using namespace weft::emit;

static std::string findFirst(ArrayRef<const char *> names) {
  for (const char *name : names)
    if (ErrorOr<std::string> path = sys::findProgramByName(name))
      return *path;
  return "";
}

static std::string findDriver() { return findFirst({"cc", "gcc", "clang", "clang-22"}); }
static std::string findLld() { return findFirst({"ld.lld-22", "ld.lld", "ld"}); }

std::string weft::emit::findLinker() {
  std::string driver = findDriver();
  return driver.empty() ? findLld() : driver;
}

/// Same bytes every time, nothing that is not needed, no names of files.
static const char *const linkerFlags[] = {
    "--gc-sections", "--build-id=none", "--as-needed", "-s", "-z", "noexecstack", "-z", "relro", "-z", "now"};

/// So that weights are mapped by huge pages, their places in the file and in memory differ by a multiple of one, and the file is
/// written from its beginning in long pieces: one whose pages were mapped and touched one by one stays in small pieces in the
/// system's memory. Of lld only: others fill the file up.
static const char *const hugePages[] = {"-z", "max-page-size=2097152", "--no-mmap-output-file"};

/// What a shared library shows: its own names, none of the runtime's.
static Error writeExports(StringRef name, StringRef path) {
  return writeFile(path, [&](raw_ostream &out) {
    out << "{ global: weft_query; " << name << "_create; " << name << "_info; " << name << "_run; " << name
      << "_destroy; " << name << "_model; local: *; };\n";
  });
}

/// A file of the C library, in the places distributions keep it.
static Expected<std::string> systemFile(StringRef name) {
  for (StringRef folder : {"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/lib/x86_64-linux-gnu"}) {
    SmallString<128> path(folder);
    sys::path::append(path, name);
    if (sys::fs::exists(path))
      return path.str().str();
  }
  return createStringError("cannot link: there is no `cc`, and `" + name + "` of the C library was not found");
}

static std::vector<std::string> commonInputs(const LinkOptions &options) {
  std::vector<std::string> inputs = options.objects;
  inputs.push_back("--start-group");
  append_range(inputs, options.archives);
  inputs.push_back("--end-group");
  return inputs;
}

/// Objects joined to one, nothing resolved: the same words for `cc` and for a linker.
static std::vector<std::string> joinCommand(const LinkOptions &options, StringRef output) {
  std::vector<std::string> command = {"-r", "-nostdlib"};
  append_range(command, options.objects);
  append_range(command, std::vector<std::string>{"-o", output.str()});
  return command;
}

static std::vector<std::string> driverCommand(const LinkOptions &options, StringRef exports, StringRef output) {
  if (options.kind == LinkOptions::Object)
    return joinCommand(options, output);
  std::vector<std::string> command;
  bool shared = options.kind == LinkOptions::SharedLibrary;
  command.push_back(shared ? "-shared" : "-pie");
  SmallVector<const char *> flags(std::begin(linkerFlags), std::end(linkerFlags));
  if (sys::findProgramByName("ld.lld")) { // half the time where weights are half a gigabyte
    command.push_back("-fuse-ld=lld");
    append_range(flags, hugePages);
  }
  for (const char *flag : flags)
    command.push_back(std::string("-Wl,") + flag);
  if (shared)
    command.push_back(("-Wl,--version-script=" + exports).str());
  for (const std::string &input : commonInputs(options))
    command.push_back(input == "--start-group" || input == "--end-group" ? "-Wl," + input : input);
  append_range(command, std::vector<std::string>{"-pthread", "-lm", "-o", output.str()});
  return command;
}

static Expected<std::vector<std::string>> lldCommand(const LinkOptions &options, StringRef exports, StringRef output) {
  if (options.kind == LinkOptions::Object)
    return joinCommand(options, output);
  std::vector<std::string> command;
  bool shared = options.kind == LinkOptions::SharedLibrary;
  std::vector<std::string> before = {shared ? "" : "Scrt1.o", "crti.o"}, libraries = {"libm.so.6", "libc.so.6"};
  command.push_back(shared ? "-shared" : "-pie");
  append_range(command, linkerFlags);
  if (sys::path::filename(findLld()).starts_with("ld.lld"))
    append_range(command, hugePages);
  if (shared)
    command.push_back(("--version-script=" + exports).str());
  else
    append_range(command, std::vector<std::string>{"-dynamic-linker", "/lib64/ld-linux-x86-64.so.2"});
  auto add = [&](StringRef name) -> Error {
    if (name.empty())
      return Error::success();
    Expected<std::string> file = systemFile(name);
    if (!file)
      return file.takeError();
    command.push_back(*file);
    return Error::success();
  };
  for (const std::string &name : before)
    if (Error error = add(name))
      return error;
  append_range(command, commonInputs(options));
  for (const std::string &name : libraries)
    if (Error error = add(name))
      return error;
  if (Error error = add("crtn.o"))
    return error;
  append_range(command, std::vector<std::string>{"-o", output.str()});
  return command;
}

/// Runs the linker; its complaints become the error.
static Error run(StringRef program, const std::vector<std::string> &arguments) {
  std::vector<std::string> command{program.str()};
  append_range(command, arguments);
  Expected<ProcessResult> result = runProcess(command);
  if (!result)
    return result.takeError();
  if (result->exitCode == 0)
    return Error::success();
  std::string problem = result->output + result->errors;
  return createStringError("`" + sys::path::filename(program) + "` failed: " + StringRef(problem).take_front(2000).rtrim());
}

/// What the output takes at most: sections begin on pages of their own.
static uint64_t largestOutput(const LinkOptions &options) {
  uint64_t sum = 64 << 10, bytes = 0;
  for (ArrayRef<std::string> files : {ArrayRef(options.objects), ArrayRef(options.archives)})
    for (const std::string &file : files)
      if (!sys::fs::file_size(file, bytes))
        sum += bytes;
  return sum;
}

/// The file the linker writes, which gets the name of the output when it is whole.
static std::error_code createBeside(StringRef output, SmallVectorImpl<char> &path) {
  NoInterruption guard;
  std::error_code error = sys::fs::createUniqueFile(output + ".%%%%%%", path);
  if (!error)
    sys::RemoveFileOnSignal(StringRef(path.data(), path.size()));
  return error;
}

Error weft::emit::link(const LinkOptions &options) {
  std::string driver = findDriver(), lld = driver.empty() ? findLld() : "";
  if (driver.empty() && lld.empty())
    return createStringError("cannot link: neither `cc` nor `ld.lld` is installed");
  if (Error error = checkReplaceable(options.output))
    return error;
  if (Error error = checkWritable(options.output, largestOutput(options)))
    return error; // linkers map their output and die where the disk is full
  TemporaryFolder folder;
  if (folder.path().empty())
    return createStringError("cannot make a temporary folder");
  std::string exports = folder.path() + "/exports.map";
  if (options.kind == LinkOptions::SharedLibrary)
    if (Error error = writeExports(options.name, exports))
      return error;
  SmallString<128> beside;
  if (std::error_code error = createBeside(options.output, beside))
    return createStringError(error, "cannot write `" + options.output + "`: " + error.message());
  FileRemover besideRemover(beside);
  if (driver.empty()) {
    Expected<std::vector<std::string>> command = lldCommand(options, exports, beside);
    if (!command)
      return command.takeError();
    if (Error error = run(lld, *command))
      return error;
  } else if (Error error = run(driver, driverCommand(options, exports, beside))) {
    return error;
  }
  NoInterruption guard;
  if (std::error_code error = replaceFile(beside, options.output))
    return createStringError(error, "cannot write `" + options.output + "`: " + error.message());
  besideRemover.releaseFile();
  sys::DontRemoveFileOnSignal(beside);
  return Error::success();
}
