// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Puts descriptor, host function and interface together in one module.
#include "compiler/Emit/Host/HostModule.h"

#include "compiler/Emit/Host/Descriptor.h"
#include "compiler/Emit/Host/HostFunction.h"
#include "compiler/Emit/Host/Object.h"
#include "compiler/Kernel/Check.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace llvm;
using namespace weft;
using namespace weft::emit;

std::string weft::emit::kernelSymbol(StringRef name, StringRef kernel) { return (name + "__" + kernel).str(); }
std::string weft::emit::weightsSymbol(StringRef name) { return (name + "__weights").str(); }
std::string weft::emit::hostTriple() { return sys::getDefaultTargetTriple(); }

plan::ProgramOp weft::emit::findProgram(mlir::ModuleOp module) {
  auto programs = module.getOps<plan::ProgramOp>();
  if (programs.empty() || std::next(programs.begin()) != programs.end()) {
    module.emitError("a module with one `plan.program` is wanted; this one has ")
        << std::distance(programs.begin(), programs.end());
    return {};
  }
  return *programs.begin();
}

/// Halide computes indices in 32 bits.
mlir::LogicalResult weft::emit::checkIndexRanges(mlir::ModuleOp module) {
  plan::ProgramOp program = findProgram(module);
  if (!program)
    return mlir::failure();
  plan::Bounds bounds = program.getBounds();
  auto isIndexable = [&](mlir::Attribute attribute) {
    auto view = mlir::cast<plan::ViewAttr>(attribute);
    auto covered = view.coveredBytes(bounds);
    return covered && (covered->second - covered->first) / view.getElementBytes() <= kernel::mostElements;
  };
  bool fits = true;
  program.walk([&](plan::LaunchOp launch) {
    if (all_of(launch.getInputViews(), isIndexable) && all_of(launch.getOutputViews(), isIndexable))
      return;
    launch.emitError("a kernel's operand spans more than 2^31 - 64 elements");
    fits = false;
  });
  return mlir::success(fits);
}

std::unique_ptr<Module> weft::emit::emitHostModule(mlir::ModuleOp module, const HostOptions &options,
                                                   LLVMContext &context) {
  plan::ProgramOp program = findProgram(module);
  if (!program || mlir::failed(checkIndexRanges(module)))
    return nullptr;
  auto target = std::make_unique<Module>(options.name, context);
  std::unique_ptr<TargetMachine> machine = hostTargetMachine();
  if (!machine) {
    module.emitError("this LLVM cannot make code for ") << hostTriple();
    return nullptr;
  }
  target->setTargetTriple(machine->getTargetTriple());
  target->setDataLayout(machine->createDataLayout());
  target->setPICLevel(PICLevel::BigPIC);
  ModelLayout layout(context, target->getDataLayout());
  if (!layout.mismatch().empty()) {
    module.emitError("compiler bug: laid out otherwise than in C: ") << layout.mismatch();
    return nullptr;
  }
  Function *run = emitHostFunction(program, options, layout, *target);
  GlobalVariable *model = run ? emitDescriptor(program, options, layout, run, *target) : nullptr;
  if (!model)
    return nullptr;
  emitInterface(model, options, *target);
  std::string problem;
  raw_string_ostream stream(problem);
  if (verifyModule(*target, &stream)) {
    module.emitError("compiler bug: the host module is malformed: ") << problem;
    return nullptr;
  }
  return target;
}
