// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The one place that runs an external program. `cc` knows where the C library lies; without it the usual places are
// tried.
#include "compiler/Emit/Host/Link.h"

#include "compiler/Emit/Host/GrowSection.h"
#include "compiler/Support/Process.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
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

/// So that weights are mapped by huge pages, their places in the file and in memory differ by a multiple of one. Of lld only:
/// others fill the file up.
static const char *const hugePages[] = {"-z", "max-page-size=2097152"};

/// What a shared library shows: its own names, none of the runtime's.
static std::string exportsScript(StringRef name) {
  std::string text = "{ global: weft_query; ";
  for (StringRef suffix : {"create", "info", "run", "destroy", "error_message", "model"})
    text += (name + "_" + suffix + "; ").str();
  return text + "local: *; };\n";
}

/// What linkers are told by files in `folder`, as flags that name them.
static Expected<std::vector<std::string>> writeScripts(const LinkOptions &options, StringRef folder) {
  std::vector<std::string> flags;
  auto add = [&](StringRef flag, StringRef file, StringRef text) {
    flags.push_back((flag + folder + file).str());
    return writeFile((folder + file).str(), [&](raw_ostream &out) { out << text; });
  };
  if (options.kind == LinkOptions::SharedLibrary)
    if (Error error = add("--version-script=", "/exports.map", exportsScript(options.name)))
      return error;
  if (!options.last.empty())
    if (Error error = add("--script=", "/last.ld", lastSectionScript(options.last)))
      return error;
  return flags;
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

static std::vector<std::string> driverCommand(const LinkOptions &options, ArrayRef<std::string> scripts, StringRef output) {
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
  for (const std::string &script : scripts)
    command.push_back("-Wl," + script);
  for (const std::string &input : commonInputs(options))
    command.push_back(input == "--start-group" || input == "--end-group" ? "-Wl," + input : input);
  append_range(command, std::vector<std::string>{"-pthread", "-lm", "-o", output.str()});
  return command;
}

static Expected<std::vector<std::string>> lldCommand(const LinkOptions &options, ArrayRef<std::string> scripts,
                                                     StringRef output) {
  if (options.kind == LinkOptions::Object)
    return joinCommand(options, output);
  std::vector<std::string> command;
  bool shared = options.kind == LinkOptions::SharedLibrary;
  std::vector<std::string> before = {shared ? "" : "Scrt1.o", "crti.o"}, libraries = {"libm.so.6", "libc.so.6", "ld-linux-x86-64.so.2"};
  command.push_back(shared ? "-shared" : "-pie");
  append_range(command, linkerFlags);
  if (sys::path::filename(findLld()).starts_with("ld.lld"))
    append_range(command, hugePages);
  append_range(command, scripts);
  if (!shared)
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

static Error runLinker(const LinkOptions &options, ArrayRef<std::string> scripts, StringRef output) {
  if (std::string driver = findDriver(); !driver.empty())
    return run(driver, driverCommand(options, scripts, output));
  std::string lld = findLld();
  if (lld.empty())
    return createStringError("cannot link: neither `cc` nor `ld.lld` is installed");
  Expected<std::vector<std::string>> command = lldCommand(options, scripts, output);
  return command ? run(lld, *command) : command.takeError();
}

/// lld takes each `%` of its output for a place to fill: it is given another way into such a folder, a link in `folder`.
static Expected<std::string> withoutPercent(StringRef output, StringRef folder) {
  if (!output.contains('%'))
    return output.str();
  SmallString<128> path(output);
  std::error_code failure = sys::fs::make_absolute(path);
  std::string link = (folder + "/out").str();
  if (!failure)
    failure = sys::fs::create_link(sys::path::parent_path(path), link);
  if (failure)
    return createStringError(failure, "cannot link in `" + folder + "`: " + failure.message());
  return (link + "/" + sys::path::filename(path)).str();
}

Expected<OutputFile> weft::emit::link(const LinkOptions &options) {
  // Linkers map their output and die where the disk is full. Some make a file of their own: the room found is theirs.
  Expected<OutputFile> output = OutputFile::create(options.output, largestOutput(options), /*executable=*/true);
  if (!output)
    return output;
  if (std::error_code failure = sys::fs::resize_file(output->part().descriptor, 0))
    return errorCodeToError(failure);
  TemporaryFolder folder;
  if (folder.path().empty())
    return folder.error();
  Expected<std::vector<std::string>> scripts = writeScripts(options, folder.path());
  if (!scripts)
    return scripts.takeError();
  Expected<std::string> linked = withoutPercent(output->beside(), folder.path());
  if (!linked)
    return linked.takeError();
  if (Error error = runLinker(options, *scripts, *linked))
    return error;
  if (Error error = output->reopen())
    return error;
  return output;
}
