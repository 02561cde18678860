// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Instructions are found with LLVM's disassembler, one after the other from the beginning of each section of code, so
// that a constant which looks like a prefetch is never touched.
#include "compiler/Emit/Kernels/Prefetches.h"

#include "llvm-c/Disassembler.h"
#include "llvm-c/Target.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Object/ObjectFile.h"

namespace weft::emit {

using llvm::StringRef;

namespace {

constexpr StringRef nonTemporal = "prefetchnta";

/// The byte after the opcode 0F 18 says in its bits 3 to 5 where to: 0 non-temporal, else a `PrefetchLevel`.
bool redirect(llvm::MutableArrayRef<uint8_t> instruction, PrefetchLevel level) {
  for (size_t i = 0; i + 2 < instruction.size(); ++i)
    if (instruction[i] == 0x0F && instruction[i + 1] == 0x18) {
      instruction[i + 2] = (instruction[i + 2] & ~0x38) | (unsigned(level) << 3);
      return true;
    }
  return false;
}

unsigned redirectAll(LLVMDisasmContextRef disassembler, llvm::MutableArrayRef<uint8_t> code, PrefetchLevel level) {
  unsigned count = 0;
  for (size_t at = 0; at < code.size();) {
    char text[256];
    size_t size = LLVMDisasmInstruction(disassembler, code.data() + at, code.size() - at, at, text, sizeof text);
    if (size == 0)
      return count; // not code: nothing that follows is sure to be
    if (StringRef(text).trim().starts_with(nonTemporal))
      count += redirect(code.slice(at, size), level);
    at += size;
  }
  return count;
}

/// A section's bytes inside the file.
llvm::MutableArrayRef<uint8_t> codeOf(const llvm::object::SectionRef &section, std::string &object) {
  llvm::Expected<StringRef> contents = section.getContents();
  if (!contents) {
    llvm::consumeError(contents.takeError());
    return {};
  }
  return {reinterpret_cast<uint8_t *>(object.data()) + (contents->data() - object.data()), contents->size()};
}

} // namespace

PrefetchLevel prefetchLevel(const std::string &target) {
  bool dropsSecond = target == "znver4" || target == "znver5" || target == "x86-64-v4";
  return dropsSecond ? PrefetchLevel::First : PrefetchLevel::Second;
}

unsigned redirectPrefetches(std::string &object, PrefetchLevel level) {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86Disassembler();
  auto file = llvm::object::ObjectFile::createELFObjectFile(llvm::MemoryBufferRef(object, "kernel"));
  LLVMDisasmContextRef disassembler =
      LLVMCreateDisasmCPUFeatures("x86_64-linux-gnu", "sapphirerapids", "", nullptr, 0, nullptr, nullptr);
  unsigned count = 0;
  if (file && disassembler)
    for (const llvm::object::SectionRef &section : (*file)->sections())
      if (section.isText())
        count += redirectAll(disassembler, codeOf(section, object), level);
  llvm::consumeError(file.takeError());
  if (disassembler)
    LLVMDisasmDispose(disassembler);
  return count;
}

void redirectPrefetchesText(std::string &assembly, PrefetchLevel level) {
  StringRef word = level == PrefetchLevel::First ? "prefetcht0" : "prefetcht1";
  for (size_t at = 0; (at = assembly.find(nonTemporal, at)) != std::string::npos;)
    assembly.replace(at, nonTemporal.size(), word);
}

} // namespace weft::emit
