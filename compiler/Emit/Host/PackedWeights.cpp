// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Each recipe's result is written to its slot of the file as soon as it is there, so that no two copies of all weights
// are in memory.
#include "compiler/Emit/Host/PackedWeights.h"

#include "compiler/Emit/Host/WeightsWriter.h"
#include "runtime/src/common/checksum.h"
#include "runtime/src/common/weights.h"
#include "mlir/IR/Threading.h"

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

static LogicalResult reported(Operation *op, llvm::Error error) {
  return error ? op->emitError(llvm::toString(std::move(error))) : success();
}

static LogicalResult fillSlot(plan::SlotOp slot, RecipeEvaluator &recipes, WeightsWriter &data) {
  auto type = cast<RankedTensorType>(slot.getRecipe().getType());
  if (!type.hasStaticShape())
    return slot.emitOpError() << "holds " << type << "; a recipe has a static type";
  size_t bytes = HostTensor{type, nullptr, nullptr}.bytes();
  if (int64_t(bytes) != slot.getBytes())
    return slot.emitOpError() << "has " << slot.getBytes() << " bytes, but its recipe makes " << bytes;
  return recipes.evaluate(slot.getRecipe(), [&](size_t offset, const char *piece, size_t count) {
    return reported(slot, data.write(slot.getOffset() + offset, piece, count));
  });
}

/// Several at a time: recipes share nothing, and errors are told in the order of slots.
static LogicalResult fillSlots(plan::ProgramOp program, RecipeEvaluator &recipes, WeightsWriter &data) {
  auto slots = llvm::to_vector(program.getBody().getOps<plan::SlotOp>());
  for (plan::SlotOp slot : slots)
    data.expect(slot.getOffset(), slot.getBytes());
  return failableParallelForEach(program.getContext(), slots,
                                 [&](plan::SlotOp slot) { return fillSlot(slot, recipes, data); });
}

static weft_weights_header headerFor(plan::ProgramOp program, uint64_t bytes, uint64_t checksum) {
  weft_weights_header header = {};
  memcpy(header.magic, WEFT_WEIGHTS_MAGIC, sizeof header.magic);
  header.version = WEFT_WEIGHTS_VERSION;
  header.header_bytes = sizeof header;
  header.data_offset = WEFT_WEIGHTS_DATA_OFFSET;
  header.data_bytes = bytes;
  header.model_checksum = slotsChecksum(program);
  header.data_checksum = checksum;
  header.header_checksum = weft_checksum(&header, offsetof(weft_weights_header, header_checksum));
  return header;
}

static uint64_t dataBytes(plan::ProgramOp program) {
  return program.getWeights() ? program.getWeights().getBytes() : 0;
}

uint64_t weft::emit::packedWeightsBytes(plan::ProgramOp program) {
  return WEFT_WEIGHTS_DATA_OFFSET + dataBytes(program);
}

FailureOr<uint64_t> weft::emit::packWeights(plan::ProgramOp program, RecipeEvaluator &recipes, const FilePart &file) {
  WeightsWriter data({file.path, file.descriptor, file.begin + WEFT_WEIGHTS_DATA_OFFSET}, dataBytes(program));
  if (failed(fillSlots(program, recipes, data)))
    return failure();
  llvm::Expected<uint64_t> checksum = data.checksum();
  if (!checksum)
    return reported(program, checksum.takeError());
  weft_weights_header header = headerFor(program, dataBytes(program), *checksum);
  if (failed(reported(program, file.write(0, &header, sizeof header))))
    return failure();
  return header.header_checksum;
}
