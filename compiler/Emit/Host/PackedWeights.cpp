// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Weights are written where they will lie: the output is mapped, each recipe's result copied to its slot.
#include "compiler/Emit/Host/PackedWeights.h"

#include "compiler/Emit/Host/ElfData.h"
#include "compiler/Emit/Host/HostModule.h"
#include "runtime/src/common/checksum.h"
#include "runtime/src/common/weights.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileOutputBuffer.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace weft;
using namespace weft::emit;

uint64_t weft::emit::slotsChecksum(plan::ProgramOp program) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (auto weight : program.getBody().getOps<WeightOp>())
    stream << weight.getPath() << ' ' << weight.getType() << '\n';
  for (auto slot : program.getBody().getOps<plan::SlotOp>())
    stream << slot.getOffset() << ' ' << slot.getRecipe().getType() << '\n';
  return weft_checksum(text.data(), text.size());
}

static LogicalResult fillSlots(plan::ProgramOp program, RecipeEvaluator &recipes, char *data) {
  for (auto slot : program.getBody().getOps<plan::SlotOp>()) {
    FailureOr<HostTensor> tensor = recipes.evaluate(slot.getRecipe());
    if (failed(tensor))
      return failure();
    if (int64_t(tensor->bytes()) != slot.getBytes())
      return slot.emitOpError() << "has " << slot.getBytes() << " bytes, but its recipe makes " << tensor->bytes();
    memcpy(data + slot.getOffset(), tensor->data, tensor->bytes());
  }
  return success();
}

static weft_weights_header headerFor(plan::ProgramOp program, const char *data, uint64_t bytes) {
  weft_weights_header header = {};
  memcpy(header.magic, WEFT_WEIGHTS_MAGIC, sizeof header.magic);
  header.version = WEFT_WEIGHTS_VERSION;
  header.header_bytes = sizeof header;
  header.data_offset = WEFT_WEIGHTS_DATA_OFFSET;
  header.data_bytes = bytes;
  header.model_checksum = slotsChecksum(program);
  header.data_checksum = weft_checksum(data, bytes);
  header.header_checksum = weft_checksum(&header, offsetof(weft_weights_header, header_checksum));
  return header;
}

static uint16_t elfMachine() {
  return llvm::Triple(hostTriple()).isAArch64() ? llvm::ELF::EM_AARCH64 : llvm::ELF::EM_X86_64;
}

FailureOr<PackedWeights> weft::emit::writePackedWeights(plan::ProgramOp program, RecipeEvaluator &recipes,
                                                        StringRef path, StringRef symbol) {
  uint64_t bytes = program.getWeights() ? program.getWeights().getBytes() : 0;
  ElfData elf{".weft.weights", symbol.str(), WEFT_WEIGHTS_DATA_OFFSET, WEFT_WEIGHTS_DATA_OFFSET + bytes, elfMachine()};
  uint64_t blob = symbol.empty() ? 0 : elf.blobOffset();
  auto file = llvm::FileOutputBuffer::create(path, symbol.empty() ? elf.bytes : elf.fileBytes());
  if (!file)
    return program.emitError("cannot write `") << path << "`: " << toString(file.takeError());
  char *start = reinterpret_cast<char *>((*file)->getBufferStart()) + blob;
  char *data = start + WEFT_WEIGHTS_DATA_OFFSET;
  if (failed(fillSlots(program, recipes, data)))
    return failure();
  weft_weights_header header = headerFor(program, data, bytes);
  memcpy(start, &header, sizeof header);
  if (!symbol.empty())
    elf.writeFrame((*file)->getBufferStart());
  if (llvm::Error error = (*file)->commit())
    return program.emitError("cannot write `") << path << "`: " << toString(std::move(error));
  return PackedWeights{bytes, header.header_checksum};
}
