// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Weights are written where they will lie: each recipe's result is copied to its slot.
#include "compiler/Emit/Host/PackedWeights.h"

#include "compiler/Emit/Host/ElfData.h"
#include "compiler/Emit/Host/HostModule.h"
#include "runtime/src/common/checksum.h"
#include "runtime/src/common/weights.h"
#include "mlir/IR/Threading.h"
#include "llvm/BinaryFormat/ELF.h"
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

static LogicalResult fillSlot(plan::SlotOp slot, RecipeEvaluator &recipes, char *data) {
  auto type = cast<RankedTensorType>(slot.getRecipe().getType());
  if (!type.hasStaticShape())
    return slot.emitOpError() << "holds " << type << "; a recipe has a static type";
  size_t bytes = HostTensor{type, nullptr, nullptr}.bytes();
  if (int64_t(bytes) != slot.getBytes())
    return slot.emitOpError() << "has " << slot.getBytes() << " bytes, but its recipe makes " << bytes;
  return recipes.evaluate(slot.getRecipe(), data + slot.getOffset());
}

/// Several at a time: recipes share nothing, and errors are told in the order of slots.
static LogicalResult fillSlots(plan::ProgramOp program, RecipeEvaluator &recipes, char *data) {
  auto slots = llvm::to_vector(program.getBody().getOps<plan::SlotOp>());
  return failableParallelForEach(program.getContext(), slots,
                                 [&](plan::SlotOp slot) { return fillSlot(slot, recipes, data); });
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

static uint64_t dataBytes(plan::ProgramOp program) {
  return program.getWeights() ? program.getWeights().getBytes() : 0;
}

static ElfData elfFor(plan::ProgramOp program, StringRef symbol) {
  return {".weft.weights", symbol.str(), WEFT_WEIGHTS_DATA_OFFSET, WEFT_WEIGHTS_DATA_OFFSET + dataBytes(program),
          elfMachine()};
}

uint64_t weft::emit::packedWeightsBytes(plan::ProgramOp program, StringRef symbol) {
  ElfData elf = elfFor(program, symbol);
  return symbol.empty() ? elf.bytes : elf.fileBytes();
}

FailureOr<uint64_t> weft::emit::packWeights(plan::ProgramOp program, RecipeEvaluator &recipes, StringRef symbol,
                                            char *file) {
  ElfData elf = elfFor(program, symbol);
  char *start = file + (symbol.empty() ? 0 : elf.blobOffset());
  char *data = start + WEFT_WEIGHTS_DATA_OFFSET;
  if (failed(fillSlots(program, recipes, data)))
    return failure();
  weft_weights_header header = headerFor(program, data, dataBytes(program));
  memcpy(start, &header, sizeof header);
  if (!symbol.empty())
    elf.writeFrame(reinterpret_cast<uint8_t *>(file));
  return header.header_checksum;
}
