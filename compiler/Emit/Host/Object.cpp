// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Code generation for the host module, with sections a function so that linkers can drop what is not used.
#include "compiler/Emit/Host/Object.h"

#include "compiler/Emit/Host/HostModule.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

using namespace llvm;
using namespace weft::emit;

std::unique_ptr<TargetMachine> weft::emit::hostTargetMachine() {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  std::string problem;
  Triple triple(hostTriple());
  const Target *target = TargetRegistry::lookupTarget(triple, problem);
  if (!target)
    return nullptr;
  TargetOptions options;
  options.FunctionSections = options.DataSections = true;
  // The host module stores addresses between calls of kernels: better code is a fifth smaller, and took LLVM up to two thirds
  // of a compilation whose kernels are in the cache.
  return std::unique_ptr<TargetMachine>(target->createTargetMachine(
      triple, triple.isX86() ? "x86-64" : "generic", "", options, Reloc::PIC_, std::nullopt, CodeGenOptLevel::None));
}

Error weft::emit::writeObject(Module &module, raw_pwrite_stream &out, bool assembly) {
  std::unique_ptr<TargetMachine> machine = hostTargetMachine();
  legacy::PassManager passes;
  CodeGenFileType kind = assembly ? CodeGenFileType::AssemblyFile : CodeGenFileType::ObjectFile;
  if (!machine || machine->addPassesToEmitFile(passes, out, nullptr, kind))
    return createStringError("LLVM cannot make code for " + hostTriple());
  passes.run(module);
  return Error::success();
}

Expected<std::unique_ptr<MemoryBuffer>> weft::emit::makeArchive(const std::vector<ArchiveMember> &members) {
  std::vector<NewArchiveMember> fresh;
  for (const ArchiveMember &member : members)
    fresh.emplace_back(MemoryBufferRef(member.bytes, member.name));
  return writeArchiveToBuffer(fresh, SymtabWritingMode::NormalSymtab, object::Archive::K_GNU, /*Deterministic=*/true,
                              /*Thin=*/false);
}
