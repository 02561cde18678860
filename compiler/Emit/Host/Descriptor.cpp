// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Constant data, read by the runtime through runtime/src/common/model.h.
#include "compiler/Emit/Host/Descriptor.h"

#include "compiler/Emit/Host/Views.h"
#include "runtime/src/common/model.h"
#include "runtime/src/common/weights.h"
#include "llvm/IR/IRBuilder.h"

using namespace llvm;
using namespace weft;
using namespace weft::emit;
using weft::plan::Extent;

std::optional<uint32_t> weft::emit::dtypeOf(mlir::Type element) {
  if (element.isF32())
    return WEFT_F32;
  if (element.isF64())
    return WEFT_F64;
  if (element.isInteger(32))
    return WEFT_I32;
  if (element.isInteger(64))
    return WEFT_I64;
  if (element.isInteger(8))
    return WEFT_U8;
  if (element.isInteger(1))
    return WEFT_BOOL;
  return std::nullopt;
}

namespace {

class DescriptorBuilder {
public:
  DescriptorBuilder(plan::ProgramOp program, const HostOptions &options, const ModelLayout &layout, Module &target)
      : program(program), options(options), layout(layout), target(target), b(target.getContext()) {
    for (auto [index, size] : enumerate(program.getSizes()))
      sizeNumbers[size.getName()] = index;
    for (auto [index, graph] : enumerate(program.getBody().getOps<plan::GraphOp>()))
      graphNumbers[graph.getName()] = index;
  }

  GlobalVariable *build(Function *run);

private:
  Constant *text(StringRef value);
  Constant *array(Type *element, ArrayRef<Constant *> values, StringRef name);
  std::optional<int64_t> extent(mlir::Operation *op, Extent value);
  Constant *port(mlir::Operation *op, StringRef name, plan::ExtentsAttr dims, mlir::Type element, StringRef role,
                 StringRef graph);
  Constant *inputs();
  Constant *outputs();
  Constant *sizes();
  Constant *graphs();
  Constant *events();
  Constant *features();
  Constant *weights();
  Constant *number(int64_t value) { return b.getInt32(value); }

  plan::ProgramOp program;
  const HostOptions &options;
  const ModelLayout &layout;
  Module &target;
  IRBuilder<> b;
  StringMap<unsigned> sizeNumbers, graphNumbers;
  StringMap<Constant *> texts;
  unsigned launches = 0;
  bool good = true;
};

Constant *DescriptorBuilder::text(StringRef value) {
  Constant *&known = texts[value];
  if (!known)
    known = b.CreateGlobalString(value, "text", 0, &target);
  return known;
}

Constant *DescriptorBuilder::array(Type *element, ArrayRef<Constant *> values, StringRef name) {
  if (values.empty())
    return ConstantPointerNull::get(b.getPtrTy());
  auto *type = ArrayType::get(element, values.size());
  return new GlobalVariable(target, type, true, GlobalValue::PrivateLinkage, ConstantArray::get(type, values), name);
}

/// As the runtime writes sizes: a constant, or -(1 + number of the run-time size).
std::optional<int64_t> DescriptorBuilder::extent(mlir::Operation *op, Extent value) {
  if (value.isConstant())
    return value.add;
  auto known = sizeNumbers.find(value.size.getValue());
  if (value.scale == 1 && value.add == 0 && known != sizeNumbers.end())
    return -(1 + int64_t(known->second));
  std::string spelled;
  raw_string_ostream stream(spelled);
  plan::print(stream, value);
  op->emitError("a dimension of an input or output is a constant or a run-time size, not `") << spelled << "`";
  good = false;
  return std::nullopt;
}

static uint32_t roleOf(StringRef role) {
  return StringSwitch<uint32_t>(role)
      .Case("indptr", WEFT_PORT_INDPTR)
      .Case("indices", WEFT_PORT_INDICES)
      .Case("edge", WEFT_PORT_EDGE)
      .Case("part", WEFT_PORT_PART)
      .Default(WEFT_PORT_PLAIN);
}

Constant *DescriptorBuilder::port(mlir::Operation *op, StringRef name, plan::ExtentsAttr dims, mlir::Type element,
                                  StringRef role, StringRef graph) {
  uint32_t code = roleOf(role);
  if (code == WEFT_PORT_PART && !sizeNumbers.contains(graph))
    code = WEFT_PORT_PLAIN; // a constant number of parts: nothing at run time to check against
  SmallVector<Constant *> extents;
  for (auto [index, dim] : enumerate(dims.getValues())) {
    Extent rows = dim;
    if (code == WEFT_PORT_INDPTR && index == 0)
      rows.add -= 1; // the port says V, the tensor holds V + 1
    extents.push_back(b.getInt64(extent(op, rows).value_or(0)));
  }
  std::optional<uint32_t> dtype = dtypeOf(element);
  if (!dtype) {
    op->emitError("an input or output holds f32, f64, i32, i64, u8 or bool, not ") << element;
    good = false;
  }
  unsigned owner = code == WEFT_PORT_PART ? sizeNumbers.lookup(graph) : graphNumbers.lookup(graph);
  return layout.constant(layout.port, {{"name", text(name)},
                                       {"dims", array(b.getInt64Ty(), extents, "dims")},
                                       {"rank", number(extents.size())},
                                       {"dtype", number(dtype.value_or(0))},
                                       {"role", number(code)},
                                       {"graph", number(owner)}});
}

Constant *DescriptorBuilder::inputs() {
  SmallVector<Constant *> values;
  for (plan::InputOp input : program.getInputs())
    values.push_back(port(input, input.getName(), input.getDims(), input.getElement(), input.getRole().value_or(""),
                          input.getGraph().value_or("")));
  return array(layout.port, values, "inputs");
}

Constant *DescriptorBuilder::outputs() {
  SmallVector<Constant *> values;
  for (plan::OutputOp output : program.getOutputs())
    values.push_back(port(output, output.getName(), output.getDims(), output.getElement(), "", ""));
  return array(layout.port, values, "outputs");
}

Constant *DescriptorBuilder::sizes() {
  SmallVector<Constant *> values;
  for (plan::SizeOp size : program.getSizes())
    values.push_back(
        layout.constant(layout.size, {{"name", text(size.getName())}, {"bound", b.getInt64(size.getBound())}}));
  return array(layout.size, values, "sizes");
}

Constant *DescriptorBuilder::graphs() {
  SmallVector<Constant *> values;
  auto inputNumber = [&](mlir::Value buffer) {
    SmallVector<plan::InputOp, 4> all = program.getInputs();
    return find_if(all, [&](plan::InputOp input) { return input.getBuffer() == buffer; }) - all.begin();
  };
  for (auto graph : program.getBody().getOps<plan::GraphOp>()) {
    ArrayRef<Extent> extents = graph.getSizes().getValues();
    auto size = [&](unsigned index) { return b.getInt64(extent(graph, extents[index]).value_or(0)); };
    values.push_back(layout.constant(layout.graph, {{"name", text(graph.getName())},
                                                    {"indptr", number(inputNumber(graph.getIndptr()))},
                                                    {"indices", number(inputNumber(graph.getIndices()))},
                                                    {"destinations", size(0)},
                                                    {"sources", size(1)},
                                                    {"edges", size(2)}}));
  }
  return array(layout.graph, values, "graphs");
}

Constant *DescriptorBuilder::events() {
  SmallVector<Constant *> values;
  for (auto launch : program.getBody().getOps<plan::LaunchOp>())
    values.push_back(
        layout.constant(layout.event, {{"path", text(launch.getPath())}, {"kernel", text(launch.getKernel())}}));
  launches = values.size();
  return array(layout.event, values, "events");
}

Constant *DescriptorBuilder::features() {
  SmallVector<Constant *> values;
  for (const std::string &feature : options.features)
    values.push_back(text(feature));
  values.push_back(ConstantPointerNull::get(b.getPtrTy()));
  return array(b.getPtrTy(), values, "features");
}

/// In an image there is room for their header; what lies behind it comes when the image is linked (see GrowSection.h).
Constant *DescriptorBuilder::weights() {
  if (!program.getWeights() || options.weights == WeightsPlace::File)
    return ConstantPointerNull::get(b.getPtrTy());
  Type *header = ArrayType::get(b.getInt8Ty(), WEFT_WEIGHTS_DATA_OFFSET);
  auto *symbol = new GlobalVariable(target, header, true, GlobalValue::ExternalLinkage, Constant::getNullValue(header),
                                    weightsSymbol(options.name));
  symbol->setVisibility(GlobalValue::HiddenVisibility);
  symbol->setSection(weightsSection);
  symbol->setAlignment(Align(WEFT_WEIGHTS_DATA_OFFSET));
  return symbol;
}

GlobalVariable *DescriptorBuilder::build(Function *run) {
  auto *api =
      new GlobalVariable(target, b.getInt8Ty(), true, GlobalValue::ExternalLinkage, nullptr, "weft_runtime_api");
  plan::WeightsOp packed = program.getWeights();
  Constant *launched = events();
  const ViewTable views = emitViews(program, layout, target);
  Constant *value =
      layout.constant(layout.model, {{"abi", number(WEFT_MODEL_ABI)},
                                     {"name", text(options.name)},
                                     {"target", text(options.target)},
                                     {"cpu_features", features()},
                                     {"input_count", number(program.getInputs().size())},
                                     {"output_count", number(program.getOutputs().size())},
                                     {"size_count", number(program.getSizes().size())},
                                     {"graph_count", number(graphNumbers.size())},
                                     {"launch_count", number(launches)},
                                     {"inputs", inputs()},
                                     {"outputs", outputs()},
                                     {"sizes", sizes()},
                                     {"graphs", graphs()},
                                     {"events", launched},
                                     {"arena_bytes", b.getInt64(program.getArenaBytes())},
                                     {"thread_bytes", b.getInt64(program.getWorkerBytes())},
                                     {"planned_threads", number(program.getPlannedThreads())},
                                     {"weights", weights()},
                                     {"weight_bytes", b.getInt64(packed ? packed.getBytes() : 0)},
                                     {"weight_header_checksum", b.getInt64(options.weightHeaderChecksum)},
                                     {"run", run},
                                     {"api", api},
                                     {"view_count", number(views.count)},
                                     {"views", views.first}});
  auto *model =
      new GlobalVariable(target, layout.model, true, GlobalValue::ExternalLinkage, value, options.name + "_model");
  return good ? model : nullptr;
}

/// Defines `name` as a call of the runtime's `callee`, its own arguments behind `first`.
void forward(Module &target, StringRef name, StringRef callee, Type *result, ArrayRef<Type *> arguments,
             Constant *first) {
  LLVMContext &context = target.getContext();
  auto *function =
      Function::Create(FunctionType::get(result, arguments, false), Function::ExternalLinkage, name, target);
  IRBuilder<> b(BasicBlock::Create(context, "entry", function));
  SmallVector<Type *> types;
  SmallVector<Value *> values;
  if (first) {
    types.push_back(first->getType());
    values.push_back(first);
  }
  append_range(types, arguments);
  for (Argument &argument : function->args())
    values.push_back(&argument);
  CallInst *call = b.CreateCall(target.getOrInsertFunction(callee, FunctionType::get(result, types, false)), values);
  call->setTailCall();
  result->isVoidTy() ? b.CreateRetVoid() : b.CreateRet(call);
}

} // namespace

GlobalVariable *weft::emit::emitDescriptor(plan::ProgramOp program, const HostOptions &options,
                                           const ModelLayout &layout, Function *run, Module &target) {
  return DescriptorBuilder(program, options, layout, target).build(run);
}

void weft::emit::emitInterface(GlobalVariable *model, const HostOptions &options, Module &target) {
  LLVMContext &context = target.getContext();
  Type *pointer = PointerType::get(context, 0), *status = Type::getInt32Ty(context),
       *nothing = Type::getVoidTy(context);
  forward(target, options.name + "_create", "weft_create", status, {status, pointer, pointer, pointer}, model);
  forward(target, options.name + "_info", "weft_get_info", nothing, {pointer}, model);
  forward(target, options.name + "_run", "weft_run", status, {pointer, pointer, pointer, pointer}, nullptr);
  forward(target, options.name + "_destroy", "weft_destroy", nothing, {pointer}, nullptr);
  forward(target, options.name + "_error_message", "weft_error_message", pointer, {}, nullptr);
  if (!options.query)
    return;
  auto *query =
      Function::Create(FunctionType::get(pointer, {status}, false), Function::ExternalLinkage, "weft_query", target);
  IRBuilder<> b(BasicBlock::Create(context, "entry", query));
  Value *known = b.CreateICmpEQ(query->getArg(0), b.getInt32(WEFT_ABI));
  b.CreateRet(b.CreateSelect(known, model, ConstantPointerNull::get(b.getPtrTy())));
}
