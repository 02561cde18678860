// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The tables of fields. Order and kinds are written here once more than in model.h; a difference is found at once,
// since the offsets come from C.
#include "compiler/Emit/Host/ModelLayout.h"

#include "runtime/src/common/model.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DataLayout.h"

using namespace llvm;
using namespace weft::emit;

namespace {
/// Halide's ABI (HalideRuntime.h, halide_buffer_t), restated so that no Halide header is needed here.
struct HalideDim {
  int32_t min, extent, stride;
  uint32_t flags;
};
struct HalideBuffer {
  uint64_t device;
  const void *deviceInterface;
  uint8_t *host;
  uint64_t flags;
  uint32_t type; ///< code, bits << 8, lanes << 16
  int32_t dimensions;
  HalideDim *dim;
  void *padding;
};
static_assert(sizeof(HalideBuffer) == 56 && sizeof(HalideDim) == 16);
} // namespace

#define FIELD(type, name, kind)                                                                                        \
  { #name, kind, offsetof(type, name) }

ModelLayout::ModelLayout(LLVMContext &context, const DataLayout &layout) {
  port = make(context, layout, "weft_port", sizeof(weft_port),
              {FIELD(weft_port, name, 'p'), FIELD(weft_port, dims, 'p'), FIELD(weft_port, rank, 'i'),
               FIELD(weft_port, dtype, 'i'), FIELD(weft_port, role, 'i'), FIELD(weft_port, graph, 'i')});
  size = make(context, layout, "weft_size", sizeof(weft_size),
              {FIELD(weft_size, name, 'p'), FIELD(weft_size, bound, 'l')});
  graph = make(context, layout, "weft_model_graph", sizeof(weft_model_graph),
               {FIELD(weft_model_graph, name, 'p'), FIELD(weft_model_graph, indptr, 'i'),
                FIELD(weft_model_graph, indices, 'i'), FIELD(weft_model_graph, destinations, 'l'),
                FIELD(weft_model_graph, sources, 'l'), FIELD(weft_model_graph, edges, 'l')});
  event = make(context, layout, "weft_model_event", sizeof(weft_model_event),
               {FIELD(weft_model_event, path, 'p'), FIELD(weft_model_event, kernel, 'p')});
  view = make(context, layout, "weft_model_view", sizeof(weft_model_view),
              {FIELD(weft_model_view, path, 'p'), FIELD(weft_model_view, launch, 'i'),
               FIELD(weft_model_view, output, 'i'), FIELD(weft_model_view, offset, 'l'),
               FIELD(weft_model_view, dims, 'p'), FIELD(weft_model_view, strides, 'p'),
               FIELD(weft_model_view, rank, 'i'), FIELD(weft_model_view, dtype, 'i'),
               FIELD(weft_model_view, channels, 'i'), FIELD(weft_model_view, picture, 'i'),
               FIELD(weft_model_view, axis_count, 'i'), FIELD(weft_model_view, axes, 'p'),
               FIELD(weft_model_view, parts, 'p'), FIELD(weft_model_view, part_count, 'i')});
  axis = make(context, layout, "weft_model_axis", sizeof(weft_model_axis),
              {FIELD(weft_model_axis, dim, 'i'), FIELD(weft_model_axis, picture_dim, 'i'),
               FIELD(weft_model_axis, jump, 'd'), FIELD(weft_model_axis, start, 'd'),
               FIELD(weft_model_axis, size, 'd')});
  model = make(context, layout, "weft_model", sizeof(weft_model),
               {FIELD(weft_model, abi, 'i'),
                FIELD(weft_model, flags, 'i'),
                FIELD(weft_model, name, 'p'),
                FIELD(weft_model, target, 'p'),
                FIELD(weft_model, cpu_features, 'p'),
                FIELD(weft_model, input_count, 'i'),
                FIELD(weft_model, output_count, 'i'),
                FIELD(weft_model, size_count, 'i'),
                FIELD(weft_model, graph_count, 'i'),
                FIELD(weft_model, launch_count, 'i'),
                FIELD(weft_model, view_count, 'i'),
                FIELD(weft_model, inputs, 'p'),
                FIELD(weft_model, outputs, 'p'),
                FIELD(weft_model, sizes, 'p'),
                FIELD(weft_model, graphs, 'p'),
                FIELD(weft_model, events, 'p'),
                FIELD(weft_model, arena_bytes, 'l'),
                FIELD(weft_model, thread_bytes, 'l'),
                FIELD(weft_model, planned_threads, 'i'),
                FIELD(weft_model, weights, 'p'),
                FIELD(weft_model, weight_bytes, 'l'),
                FIELD(weft_model, weight_header_checksum, 'l'),
                FIELD(weft_model, run, 'p'),
                FIELD(weft_model, api, 'p'),
                FIELD(weft_model, views, 'p')});
  frame = make(context, layout, "weft_frame", sizeof(weft_frame),
               {FIELD(weft_frame, context, 'p'), FIELD(weft_frame, arena, 'p'), FIELD(weft_frame, weights, 'p'),
                FIELD(weft_frame, inputs, 'p'), FIELD(weft_frame, outputs, 'p'), FIELD(weft_frame, sizes, 'p'),
                FIELD(weft_frame, event, 'p'), FIELD(weft_frame, scratch, 'p')});
  scratch = make(context, layout, "weft_model_scratch", sizeof(weft_model_scratch),
                 {FIELD(weft_model_scratch, offset, 'l'), FIELD(weft_model_scratch, bytes, 'l'),
                  FIELD(weft_model_scratch, worker_bytes, 'l')});
  halideDim = make(context, layout, "halide_dimension_t", sizeof(HalideDim),
                   {FIELD(HalideDim, min, 'i'), FIELD(HalideDim, extent, 'i'), FIELD(HalideDim, stride, 'i'),
                    FIELD(HalideDim, flags, 'i')});
  halideBuffer =
      make(context, layout, "halide_buffer_t", sizeof(HalideBuffer),
           {FIELD(HalideBuffer, device, 'l'), FIELD(HalideBuffer, deviceInterface, 'p'), FIELD(HalideBuffer, host, 'p'),
            FIELD(HalideBuffer, flags, 'l'), FIELD(HalideBuffer, type, 'i'), FIELD(HalideBuffer, dimensions, 'i'),
            FIELD(HalideBuffer, dim, 'p'), FIELD(HalideBuffer, padding, 'p')});
}

static Type *typeOf(char kind, LLVMContext &context) {
  if (kind == 'p')
    return PointerType::get(context, 0);
  if (kind == 'd')
    return Type::getDoubleTy(context);
  return kind == 'i' ? Type::getInt32Ty(context) : Type::getInt64Ty(context);
}

StructType *ModelLayout::make(LLVMContext &context, const DataLayout &layout, StringRef name, size_t bytes,
                              ArrayRef<Field> fields) {
  SmallVector<Type *> types = map_to_vector(fields, [&](const Field &field) { return typeOf(field.kind, context); });
  auto *type = StructType::create(context, types, name);
  const StructLayout *places = layout.getStructLayout(type);
  for (auto [index, field] : enumerate(fields)) {
    numbers[type][field.name] = index;
    if (places->getElementOffset(index) != field.offset)
      wrong += (name + "." + field.name + " ").str();
  }
  if (places->getSizeInBytes() != bytes)
    wrong += ("sizeof " + name + " ").str();
  return type;
}

unsigned ModelLayout::field(StructType *type, StringRef name) const { return numbers.at(type).at(name.str()); }

Constant *ModelLayout::constant(StructType *type, const std::map<std::string, Constant *> &fields) const {
  SmallVector<Constant *> values;
  for (Type *element : type->elements())
    values.push_back(Constant::getNullValue(element));
  for (auto &[name, value] : fields)
    values[field(type, name)] = value;
  return ConstantStruct::get(type, values);
}
