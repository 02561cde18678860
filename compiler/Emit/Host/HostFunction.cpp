// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Steps to LLVM IR. What is constant about a view (its extents and strides) lies in read-only data and is shared; only
// the addresses of buffers, and numbers that depend on run-time sizes, are stored before each call.
#include "compiler/Emit/Host/HostFunction.h"

#include "runtime/src/common/model.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Support/MathExtras.h"

#include <utility>

using namespace llvm;
using namespace weft;
using namespace weft::emit;
using weft::plan::Extent;
using weft::plan::ViewAttr;

namespace {

/// Halide's type code of an element: code, bits and lanes as halide_type_t has them in memory.
uint32_t halideType(mlir::Type type) {
  unsigned bits = type.getIntOrFloatBitWidth();
  unsigned code = mlir::isa<mlir::FloatType>(type) ? 2 : bits == 1 || type.isUnsignedInteger() ? 1 : 0;
  if (type.isInteger(8))
    code = 1; // u8 is the only 8-bit type the language has; signless in the IR
  return code | bits << 8 | 1u << 16;
}

class HostFunctionBuilder {
public:
  HostFunctionBuilder(plan::ProgramOp program, const HostOptions &options, const ModelLayout &layout, Module &target)
      : program(program), options(options), layout(layout), target(target), context(target.getContext()), b(context) {}

  Function *build();

private:
  void prologue();
  Function *eventFunction();
  void loadPorts(StringRef field, bool inputs);
  Value *frameField(StringRef name);
  Value *bufferBase(mlir::Value buffer);
  Value *number(const Extent &extent);
  Value *address(mlir::Value buffer, ViewAttr view);
  Value *numbers(ArrayRef<Extent> extents);
  Value *constantNumbers(ArrayRef<int64_t> values);
  Value *halideDims(ViewAttr view);
  void fillBuffer(unsigned index, mlir::Value buffer, ViewAttr view);
  Constant *scratchOf(plan::LaunchOp launch);
  mlir::LogicalResult emit(plan::LaunchOp launch);
  void emit(plan::BorderOp border);
  void emit(plan::CopyOp copy);
  GlobalVariable *sharedConstant(Constant *value, StringRef name);

  plan::ProgramOp program;
  const HostOptions &options;
  const ModelLayout &layout;
  Module &target;
  LLVMContext &context;
  IRBuilder<> b;

  Function *function = nullptr, *event = nullptr;
  BasicBlock *failed = nullptr;
  Value *frame = nullptr, *worker = nullptr, *arena = nullptr, *weights = nullptr;
  AllocaInst *buffers = nullptr;
  llvm::DenseMap<std::pair<unsigned, unsigned>, Value *> stored; ///< in a buffer's field by the launches so far: code is one line
  llvm::StringMap<Value *> sizes;
  llvm::DenseMap<mlir::Value, Value *> ports;
  llvm::DenseMap<Constant *, GlobalVariable *> shared;
  unsigned launches = 0;
};

Value *HostFunctionBuilder::frameField(StringRef name) {
  Value *place = b.CreateStructGEP(layout.frame, frame, layout.field(layout.frame, name));
  return b.CreateLoad(b.getPtrTy(), place, name);
}

void HostFunctionBuilder::loadPorts(StringRef field, bool inputs) {
  SmallVector<mlir::Value> values;
  if (inputs)
    for (plan::InputOp input : program.getInputs())
      values.push_back(input.getBuffer());
  else
    for (plan::OutputOp output : program.getOutputs())
      values.push_back(output.getBuffer());
  Value *array = values.empty() ? nullptr : frameField(field);
  for (auto [index, value] : enumerate(values))
    ports[value] = b.CreateLoad(b.getPtrTy(), b.CreateConstGEP1_32(b.getPtrTy(), array, index), field.drop_back());
}

/// Calls the frame's hook if there is one. Out of line: it is called twice a launch.
Function *HostFunctionBuilder::eventFunction() {
  auto *type = FunctionType::get(b.getVoidTy(), {b.getPtrTy(), b.getInt32Ty(), b.getInt32Ty()}, false);
  auto *result = Function::Create(type, Function::InternalLinkage, options.name + "__event", target);
  result->addFnAttr(Attribute::NoInline);
  result->addFnAttr(Attribute::NoUnwind);
  frame = result->getArg(0);
  auto *entry = BasicBlock::Create(context, "entry", result), *call = BasicBlock::Create(context, "call", result),
       *done = BasicBlock::Create(context, "done", result);
  b.SetInsertPoint(entry);
  Value *hook = frameField("event");
  b.CreateCondBr(b.CreateIsNull(hook), done, call);
  b.SetInsertPoint(call);
  auto *hookType = FunctionType::get(b.getVoidTy(), {b.getPtrTy(), b.getInt32Ty(), b.getInt32Ty()}, false);
  b.CreateCall(hookType, hook, {frameField("context"), result->getArg(1), result->getArg(2)});
  b.CreateBr(done);
  b.SetInsertPoint(done);
  b.CreateRetVoid();
  return result;
}

void HostFunctionBuilder::prologue() {
  event = eventFunction();
  auto *type = FunctionType::get(b.getInt32Ty(), {b.getPtrTy()}, false);
  function = Function::Create(type, Function::InternalLinkage, options.name + "__run", target);
  function->addFnAttr(Attribute::NoUnwind);
  frame = function->getArg(0);
  frame->setName("frame");
  b.SetInsertPoint(BasicBlock::Create(context, "entry", function));
  failed = BasicBlock::Create(context, "failed");
  size_t most = 1;
  for (auto launch : program.getBody().getOps<plan::LaunchOp>())
    most = std::max<size_t>(most, launch.getInputs().size() + launch.getOutputs().size());
  buffers = b.CreateAlloca(ArrayType::get(layout.halideBuffer, most), nullptr, "buffers");
  // What no launch changes (device, interface, flags, padding) is zero once and for all.
  b.CreateStore(Constant::getNullValue(buffers->getAllocatedType()), buffers);
  worker = frameField("context");
  arena = program.getArena() ? frameField("arena") : nullptr;
  weights = program.getWeights() ? frameField("weights") : nullptr;
  loadPorts("inputs", true);
  loadPorts("outputs", false);
  Value *array = program.getSizes().empty() ? nullptr : frameField("sizes");
  for (auto [index, size] : enumerate(program.getSizes()))
    sizes[size.getName()] =
        b.CreateLoad(b.getInt64Ty(), b.CreateConstGEP1_32(b.getInt64Ty(), array, index), size.getName());
}

//===-- numbers and addresses -------------------------------------------------------------------------------------===//

GlobalVariable *HostFunctionBuilder::sharedConstant(Constant *value, StringRef name) {
  GlobalVariable *&variable = shared[value];
  if (!variable) {
    variable = new GlobalVariable(target, value->getType(), true, GlobalValue::PrivateLinkage, value, name);
    variable->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
  }
  return variable;
}

Value *HostFunctionBuilder::number(const Extent &extent) {
  if (extent.isConstant())
    return b.getInt64(extent.add);
  Value *scaled = sizes.lookup(extent.size.getValue());
  if (extent.scale != 1)
    scaled = b.CreateNSWMul(scaled, b.getInt64(extent.scale));
  return extent.add ? b.CreateNSWAdd(scaled, b.getInt64(extent.add)) : scaled;
}

Value *HostFunctionBuilder::bufferBase(mlir::Value buffer) {
  if (Value *port = ports.lookup(buffer))
    return port;
  if (auto slice = buffer.getDefiningOp<plan::SliceOp>())
    return b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), arena, slice.getOffset());
  return b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), weights, buffer.getDefiningOp<plan::SlotOp>().getOffset());
}

Value *HostFunctionBuilder::address(mlir::Value buffer, ViewAttr view) {
  Value *offset = b.CreateNSWMul(number(view.getOffset()), b.getInt64(view.getElementBytes()));
  return b.CreateGEP(b.getInt8Ty(), bufferBase(buffer), offset);
}

Value *HostFunctionBuilder::constantNumbers(ArrayRef<int64_t> values) {
  SmallVector<uint64_t> words(values.begin(), values.end());
  return sharedConstant(ConstantDataArray::get(context, ArrayRef<uint64_t>(words)), "numbers");
}

/// An array of 64-bit numbers: constant data, or filled on the stack where one depends on a run-time size.
Value *HostFunctionBuilder::numbers(ArrayRef<Extent> extents) {
  if (all_of(extents, [](const Extent &extent) { return extent.isConstant(); }))
    return constantNumbers(map_to_vector(extents, [](const Extent &extent) { return extent.add; }));
  IRBuilder<> atEntry(&function->getEntryBlock(), function->getEntryBlock().begin());
  auto *array = atEntry.CreateAlloca(ArrayType::get(b.getInt64Ty(), extents.size()), nullptr, "numbers");
  for (auto [index, extent] : enumerate(extents))
    b.CreateStore(number(extent), b.CreateConstGEP2_32(array->getAllocatedType(), array, 0, index));
  return array;
}

/// Halide lists dimensions innermost first.
Value *HostFunctionBuilder::halideDims(ViewAttr view) {
  size_t rank = view.getExtents().size();
  SmallVector<std::pair<Extent, Extent>> dims;
  for (size_t d = rank; d-- > 0;)
    dims.emplace_back(view.getExtents()[d], view.getStrides()[d]);
  auto *type = ArrayType::get(layout.halideDim, rank);
  auto dimConstant = [&](int64_t extent, int64_t stride) {
    return layout.constant(layout.halideDim, {{"extent", b.getInt32(extent)}, {"stride", b.getInt32(stride)}});
  };
  if (all_of(dims, [](auto &dim) { return dim.first.isConstant() && dim.second.isConstant(); })) {
    SmallVector<Constant *> values =
        map_to_vector(dims, [&](auto &dim) { return dimConstant(dim.first.add, dim.second.add); });
    return sharedConstant(ConstantArray::get(type, values), "dims");
  }
  IRBuilder<> atEntry(&function->getEntryBlock(), function->getEntryBlock().begin());
  auto *array = atEntry.CreateAlloca(type, nullptr, "dims");
  for (auto [index, dim] : enumerate(dims)) {
    Value *place = b.CreateConstGEP2_32(type, array, 0, index);
    b.CreateStore(Constant::getNullValue(layout.halideDim), place);
    auto store = [&](StringRef name, const Extent &value) {
      b.CreateStore(b.CreateTrunc(number(value), b.getInt32Ty()),
                    b.CreateStructGEP(layout.halideDim, place, layout.field(layout.halideDim, name)));
    };
    store("extent", dim.first);
    store("stride", dim.second);
  }
  return array;
}

//===-- steps -----------------------------------------------------------------------------------------------------===//

void HostFunctionBuilder::fillBuffer(unsigned index, mlir::Value buffer, ViewAttr view) {
  Value *place = b.CreateConstGEP2_32(buffers->getAllocatedType(), buffers, 0, index);
  auto store = [&](StringRef name, Value *value) {
    const unsigned field = layout.field(layout.halideBuffer, name);
    if (Value *&before = stored[{index, field}]; std::exchange(before, value) != value)
      b.CreateStore(value, b.CreateStructGEP(layout.halideBuffer, place, field));
  };
  store("host", address(buffer, view));
  store("type", b.getInt32(halideType(view.getElement())));
  store("dimensions", b.getInt32(view.getExtents().size()));
  store("dim", view.getExtents().empty() ? ConstantPointerNull::get(b.getPtrTy()) : halideDims(view));
}

/// Where the threads find the memory the kernel asks for: constant data, or null for kernels that ask for none.
Constant *HostFunctionBuilder::scratchOf(plan::LaunchOp launch) {
  if (!launch.getScratch())
    return ConstantPointerNull::get(b.getPtrTy());
  auto slice = launch.getScratch().getDefiningOp<plan::SliceOp>();
  return sharedConstant(layout.constant(layout.scratch, {{"offset", b.getInt64(slice.getOffset())},
                                                         {"bytes", b.getInt64(launch.getCallerBytes())},
                                                         {"worker_bytes", b.getInt64(launch.getWorkerBytes())}}),
                        "scratch");
}

mlir::LogicalResult HostFunctionBuilder::emit(plan::LaunchOp launch) {
  SmallVector<mlir::Value> operands(launch.getInputs());
  append_range(operands, launch.getOutputs());
  SmallVector<mlir::Attribute> views(launch.getInputViews().begin(), launch.getInputViews().end());
  append_range(views, launch.getOutputViews());
  SmallVector<Value *> arguments{worker};
  SmallVector<Type *> types(operands.size() + 1, b.getPtrTy());
  for (auto [index, operand, view] : enumerate(operands, views)) {
    fillBuffer(index, operand, mlir::cast<ViewAttr>(view));
    arguments.push_back(b.CreateConstGEP2_32(buffers->getAllocatedType(), buffers, 0, index));
  }
  auto known = options.kernelSymbols.find(launch.getKernel());
  std::string symbol =
      known != options.kernelSymbols.end() ? known->second : kernelSymbol(options.name, launch.getKernel());
  FunctionCallee kernel = target.getOrInsertFunction(symbol, FunctionType::get(b.getInt32Ty(), types, false));
  cast<Function>(kernel.getCallee())->setVisibility(GlobalValue::HiddenVisibility);
  b.CreateStore(scratchOf(launch), b.CreateStructGEP(layout.frame, frame, layout.field(layout.frame, "scratch")));
  b.CreateCall(event, {frame, b.getInt32(launches), b.getInt32(0)});
  Value *status = b.CreateCall(kernel, arguments);
  b.CreateCall(event, {frame, b.getInt32(launches), b.getInt32(1)});
  auto *next = BasicBlock::Create(context, "after." + launch.getPath(), function);
  b.CreateCondBr(b.CreateIsNull(status), next, failed);
  b.SetInsertPoint(next);
  ++launches;
  return mlir::success();
}

/// An element's bytes in the low end of a word.
uint64_t patternOf(mlir::TypedAttr fill) {
  if (auto value = mlir::dyn_cast<mlir::FloatAttr>(fill))
    return value.getValue().bitcastToAPInt().getZExtValue();
  return mlir::cast<mlir::IntegerAttr>(fill).getValue().getZExtValue();
}

void HostFunctionBuilder::emit(plan::BorderOp border) {
  ViewAttr view = border.getView();
  auto *type = FunctionType::get(b.getInt32Ty(),
                                 {b.getPtrTy(), b.getPtrTy(), b.getInt32Ty(), b.getInt32Ty(), b.getPtrTy(),
                                  b.getPtrTy(), b.getPtrTy(), b.getPtrTy(), b.getInt64Ty()},
                                 false);
  b.CreateCall(target.getOrInsertFunction("weft_fill_border", type),
               {worker, address(border.getBuffer(), view), b.getInt32(view.getElementBytes()),
                b.getInt32(view.getExtents().size()), numbers(view.getExtents()), numbers(view.getStrides()),
                constantNumbers(border.getLow()), constantNumbers(border.getHigh()),
                b.getInt64(patternOf(mlir::cast<mlir::TypedAttr>(border.getFill())))});
}

void HostFunctionBuilder::emit(plan::CopyOp copy) {
  ViewAttr from = copy.getSourceView(), to = copy.getTargetView();
  auto *type = FunctionType::get(b.getInt32Ty(),
                                 {b.getPtrTy(), b.getPtrTy(), b.getPtrTy(), b.getPtrTy(), b.getPtrTy(), b.getInt32Ty(),
                                  b.getInt32Ty(), b.getPtrTy()},
                                 false);
  b.CreateCall(target.getOrInsertFunction("weft_copy_strided", type),
               {worker, address(copy.getTarget(), to), numbers(to.getStrides()), address(copy.getSource(), from),
                numbers(from.getStrides()), b.getInt32(from.getElementBytes()), b.getInt32(from.getExtents().size()),
                numbers(from.getExtents())});
}

Function *HostFunctionBuilder::build() {
  prologue();
  for (mlir::Operation *step : program.getSteps()) {
    if (auto border = mlir::dyn_cast<plan::BorderOp>(step))
      emit(border);
    else if (auto copy = mlir::dyn_cast<plan::CopyOp>(step))
      emit(copy);
    else if (mlir::failed(emit(mlir::cast<plan::LaunchOp>(step))))
      return nullptr;
  }
  b.CreateRet(b.getInt32(WEFT_OK));
  failed->insertInto(function);
  b.SetInsertPoint(failed);
  b.CreateRet(b.getInt32(WEFT_ERROR_INTERNAL));
  return function;
}

} // namespace

Function *weft::emit::emitHostFunction(plan::ProgramOp program, const HostOptions &options, const ModelLayout &layout,
                                       Module &target) {
  return HostFunctionBuilder(program, options, layout, target).build();
}
