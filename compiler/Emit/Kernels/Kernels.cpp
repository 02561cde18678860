// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Three steps: look up, compile what is missing in one batch, store. The same text twice is one kernel.
#include "compiler/Emit/Kernels/Kernels.h"

#include "compiler/Emit/Kernels/Cache.h"
#include "compiler/Emit/Kernels/Prefetches.h"
#include "compiler/Kernel/Check.h"
#include "compiler/Kernel/Text.h"
#include "compiler/Support/Files.h"
#include "compiler/Support/Process.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <thread>

namespace weft::emit {

using llvm::StringRef;

char KernelError::ID = 0;
void KernelError::log(llvm::raw_ostream &os) const { os << text; }

namespace {

llvm::Expected<std::string> readWhole(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return llvm::createStringError("cannot read `" + path + "`: " + buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

/// What is done to objects after weft-kernelc; another word where it becomes something else, for the cache.
constexpr const char *form = "prefetcht0 or prefetcht1";

/// One text to compile and everyone who wants it.
struct Job {
  std::string text, key, scratchKey;
  std::vector<size_t> kernels;
};

class KernelBatch {
public:
  KernelBatch(llvm::ArrayRef<kernel::KernelDesc> kernels, const KernelCompileOptions &options)
      : kernels(kernels), options(options), objects(kernels.size()) {}

  llvm::Expected<std::vector<KernelObject>> run() {
    if (llvm::Error error = collect())
      return std::move(error);
    if (llvm::Error error = openCache())
      return std::move(error);
    std::vector<Job *> missing;
    for (Job &job : jobs)
      if (!takeFromCache(job))
        missing.push_back(&job);
    if (!missing.empty())
      if (llvm::Error error = compile(missing))
        return std::move(error);
    if (cache && !missing.empty())
      cache->trim();
    return std::move(objects);
  }

private:
  llvm::Error collect() {
    llvm::StringMap<size_t> known;
    for (size_t i = 0; i < kernels.size(); ++i) {
      if (std::string problem = kernel::check(kernels[i]); !problem.empty())
        return llvm::make_error<KernelError>("kernel `" + kernels[i].name + "` is malformed: " + problem, kernels[i].name);
      std::string text = kernel::print(kernels[i]);
      auto [at, isNew] = known.try_emplace(text, jobs.size());
      if (isNew)
        jobs.push_back({std::move(text), "", "", {}});
      jobs[at->second].kernels.push_back(i);
    }
    return llvm::Error::success();
  }

  /// An unusable folder the user asked for is an error; the default one is simply not used.
  llvm::Error openCache() {
    if (!options.useCache || options.assembly)
      return llvm::Error::success();
    bool isDefault = options.cacheFolder.empty();
    std::string folder = isDefault ? defaultCacheFolder() : options.cacheFolder;
    if (folder.empty())
      return llvm::Error::success();
    llvm::Expected<KernelCache> opened = KernelCache::open(folder, options.cacheBytes);
    if (!opened) {
      if (!isDefault)
        return opened.takeError();
      llvm::consumeError(opened.takeError());
      return llvm::Error::success();
    }
    llvm::Expected<std::string> compiler = readWhole(options.kernelCompiler);
    if (!compiler)
      return compiler.takeError();
    cache = std::move(*opened);
    std::string build = KernelCache::keyOf({*compiler});
    for (Job &job : jobs) {
      job.key = KernelCache::keyOf({job.text, options.target, options.asserts ? "asserts" : "", build, form});
      job.scratchKey = KernelCache::keyOf({job.text, options.target, "scratch", build});
    }
    return llvm::Error::success();
  }

  bool takeFromCache(const Job &job) {
    std::optional<KernelCache::Entry> entry = cache ? cache->find(job.key) : std::nullopt;
    if (!entry && cache && options.scratchOnly)
      entry = cache->find(job.scratchKey);
    if (entry)
      deliver(job, *entry, true);
    return entry.has_value();
  }

  void deliver(const Job &job, const KernelCache::Entry &entry, bool wasCached) {
    for (size_t kernel : job.kernels)
      objects[kernel] = {kernels[kernel].name, entry.object, entry.scratch, wasCached, {}};
  }

  llvm::Error compile(const std::vector<Job *> &missing) {
    TemporaryFolder folder;
    if (folder.path().empty())
      return folder.error();
    std::string input = folder.path() + "/input.kernel";
    if (llvm::Error error = writeFile(input, [&](llvm::raw_ostream &os) {
          for (const Job *job : missing)
            os << job->text;
        }))
      return noRoom(folder.path(), std::move(error));
    llvm::Expected<ProcessResult> result = runProcess(commandLine(folder.path(), input, missing.size()));
    if (!result)
      return result.takeError();
    return takeResults(missing, folder.path(), *result);
  }

  std::vector<std::string> commandLine(const std::string &folder, const std::string &input, size_t count) const {
    unsigned wanted = options.jobs ? options.jobs : std::max(1u, std::thread::hardware_concurrency());
    std::vector<std::string> arguments = {options.kernelCompiler,
                                          "-o",
                                          folder,
                                          "--target=" + options.target,
                                          "--jobs=" + std::to_string(std::min<size_t>(wanted, count)),
                                          "--timeout=" + std::to_string(options.seconds),
                                          "--memory-mib=" + std::to_string(options.mebibytes),
                                          "--with-parent"};
    if (options.asserts)
      arguments.push_back("--asserts");
    if (options.assembly)
      arguments.push_back("--asm");
    if (options.scratchOnly)
      arguments.push_back("--scratch");
    arguments.push_back(input);
    return arguments;
  }

  /// Where the disk is full, code generation ends in many ways, none of them a bug.
  static llvm::Error checkRoom(const std::string &folder) {
    constexpr uint64_t largeObject = 1u << 20;
    llvm::Error error = checkWritable(folder + "/room", largeObject);
    return error ? noRoom(folder, std::move(error)) : llvm::Error::success();
  }

  static llvm::Error noRoom(const std::string &folder, llvm::Error error) {
    std::error_code code = llvm::errorToErrorCode(std::move(error));
    return llvm::createStringError(code, "cannot write kernels to `" + folder + "`: " + code.message() +
                                             "; `TMPDIR` names another place for them");
  }

  /// Lines `N STATUS MESSAGE`, one a kernel.
  llvm::Error takeResults(const std::vector<Job *> &missing, const std::string &folder, const ProcessResult &result) {
    llvm::SmallVector<StringRef> lines;
    StringRef(result.output).trim().split(lines, '\n', -1, /*KeepEmpty=*/false);
    if (result.exitCode != 0)
      if (llvm::Error error = checkRoom(folder))
        return error;
    if (lines.size() != missing.size())
      return llvm::make_error<KernelError>(
          "`weft-kernelc` " + ending(result) + ": " +
          (result.errors.empty() ? "no message" : StringRef(result.errors).trim().str()));
    std::string failures, first;
    for (size_t i = 0; i < missing.size(); ++i) {
      auto [status, message] = lines[i].split(' ').second.split(' ');
      if (status != "ok" && failures.empty())
        first = kernels[missing[i]->kernels.front()].name;
      if (status != "ok")
        failures += failure(*missing[i], status, message);
      else if (llvm::Error error = takeObject(*missing[i], folder + "/" + std::to_string(i)))
        return error;
    }
    if (failures.empty())
      return llvm::Error::success();
    return llvm::make_error<KernelError>(StringRef(failures).rtrim().str(), first);
  }

  static std::string ending(const ProcessResult &result) {
    return result.exitCode >= 0 ? "ended with " + std::to_string(result.exitCode)
                                : "was ended by signal " + std::to_string(result.signal);
  }

  llvm::Error takeObject(const Job &job, const std::string &stem) {
    llvm::Expected<std::string> object = options.scratchOnly ? std::string() : readWhole(stem + ".o");
    llvm::Expected<std::string> scratch = readWhole(stem + ".scratch");
    if (!object || !scratch)
      return llvm::joinErrors(object.takeError(), scratch.takeError());
    if (!options.scratchOnly && fetchesAhead(job))
      redirectPrefetches(*object, prefetchLevel(options.target));
    KernelCache::Entry entry{std::move(*object), std::move(*scratch)};
    if (cache)
      cache->store(options.scratchOnly ? job.scratchKey : job.key, entry);
    deliver(job, entry, false);
    return options.assembly ? takeAssembly(job, stem) : llvm::Error::success();
  }

  static bool fetchesAhead(const Job &job) { return StringRef(job.text).contains("prefetch("); }

  llvm::Error takeAssembly(const Job &job, const std::string &stem) {
    llvm::Expected<std::string> text = readWhole(stem + ".s");
    if (!text)
      return text.takeError();
    if (fetchesAhead(job))
      redirectPrefetchesText(*text, prefetchLevel(options.target));
    for (size_t kernel : job.kernels)
      objects[kernel].assembly = *text;
    return llvm::Error::success();
  }

  std::string failure(const Job &job, StringRef status, StringRef message) const {
    std::string name = kernels[job.kernels.front()].name;
    std::string what = status == "timeout" ? "was given up"
                       : status == "crash" ? "crashed the code generator"
                                           : "failed";
    std::string text = "kernel `" + name + "` " + what + ": " + message.str() + "\n";
    if (options.reproducerFolder.empty())
      return text;
    std::string path = options.reproducerFolder + "/weft-" + name.substr(0, 100) + ".kernel";
    if (llvm::Error error = writeFile(path, [&](llvm::raw_ostream &os) { os << job.text; }))
      return text + "  no reproducer: " + llvm::toString(std::move(error)) + "\n";
    return text + "  reproduce with: weft-kernelc --target=" + options.target + (options.asserts ? " --asserts" : "") +
           " -o . " + path + "\n";
  }

  llvm::ArrayRef<kernel::KernelDesc> kernels;
  const KernelCompileOptions &options;
  std::vector<KernelObject> objects;
  std::vector<Job> jobs;
  std::optional<KernelCache> cache;
};

} // namespace

llvm::Expected<std::vector<KernelObject>> compileKernels(llvm::ArrayRef<kernel::KernelDesc> kernels,
                                                         const KernelCompileOptions &options) {
  return KernelBatch(kernels, options).run();
}

} // namespace weft::emit
