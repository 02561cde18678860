// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// weft-run NAME.so: runs a network compiled to a shared library. It executes the library's code, as any program that
// loads it would.

#include "tools/weft-run/Flags.h"

extern "C" {
#include "runtime/src/main/complain.h"
#include "runtime/src/main/options.h"
}

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <string>

using namespace weft::run;

namespace {

/// A name without a slash would be searched in the system's folders.
std::string asPath(const char *file) { return std::strchr(file, '/') ? file : std::string("./") + file; }

/// Whether all that is to be loaded is in the file: the loader maps it unseen, and touching what is missing ends the
/// process. What is no such file it refuses itself.
bool isWhole(std::string_view file) {
  Elf64_Ehdr header;
  if (file.size() < sizeof header || std::memcmp(file.data(), ELFMAG, SELFMAG) != 0 || file[EI_CLASS] != ELFCLASS64)
    return true;
  std::memcpy(&header, file.data(), sizeof header);
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr part;
    const uint64_t place = header.e_phoff + i * sizeof part;
    if (place > file.size() || file.size() - place < sizeof part)
      return false;
    std::memcpy(&part, file.data() + place, sizeof part);
    if (part.p_type == PT_LOAD && (part.p_offset > file.size() || file.size() - part.p_offset < part.p_filesz))
      return false;
  }
  return true;
}

const weft_model *load(const char *file) {
  if (!isWhole(MappedFile(file).contents()))
    return weft_complain("cannot load `%s`: it is truncated", file), nullptr;
  void *library = dlopen(asPath(file).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return weft_complain("cannot load `%s`: %s", file, dlerror()), nullptr;
  auto *query = reinterpret_cast<const weft_model *(*)(uint32_t)>(dlsym(library, "weft_query"));
  if (!query)
    return weft_complain("`%s` is no network: it does not export `weft_query`", file), nullptr;
  const weft_model *model = query(WEFT_ABI);
  if (!model)
    weft_complain("`%s` has another interface version than this weft-run, which has %u", file, WEFT_ABI);
  return model;
}

/// Of weft-run alone, or behind the library.
bool wantsHelp(int count, char **arguments) {
  return std::any_of(arguments + 1, arguments + std::min(count, 3),
                     [](const char *argument) { return !std::strcmp(argument, "--help") || !std::strcmp(argument, "-h"); });
}

} // namespace

int main(int count, char **arguments) {
  weft_complain_as("weft-run");
  Flags flags;
  const weft_extension extension = flags.extension();
  if (wantsHelp(count, arguments)) {
    weft_options_help("weft-run NAME.so", &extension);
    std::puts("\nRuns a network that `weftc --emit=so` made: executes the code in NAME.so.");
    return std::fflush(stdout) ? weft_complain("cannot write standard output") : WEFT_EXIT_OK;
  }
  if (count < 2 || arguments[1][0] == '-')
    return weft_complain_usage("the first argument is the shared library to run: weft-run NAME.so [options]");
  const weft_model *model = load(arguments[1]);
  if (!model)
    return WEFT_EXIT_ERROR;
  return weft_command(model, "weft-run", arguments[1], count - 2, arguments + 2, &extension);
}
