// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Numbered IR files. A pass counts as having changed something when the operation's fingerprint differs afterwards.

#include "compiler/Driver/Dump.h"

#include "compiler/Support/Files.h"

#include "mlir/IR/OperationSupport.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/Support/GlobPattern.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace weft {

class DumpFolder::Instrumentation : public PassInstrumentation {
public:
  Instrumentation(DumpFolder &folder, llvm::StringRef phase) : folder(folder), phase(phase.str()) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    if (isa<ModuleOp>(op))
      before.emplace(op);
  }

  void runAfterPass(Pass *pass, Operation *op) override {
    if (!isa<ModuleOp>(op) || !before)
      return;
    if (*before != OperationFingerPrint(op))
      folder.write(op, phase + "-" + (pass->getArgument().empty() ? pass->getName() : pass->getArgument()).str());
    before.reset();
  }

private:
  DumpFolder &folder;
  std::string phase;
  std::optional<OperationFingerPrint> before;
};

DumpFolder::DumpFolder(std::string folder, std::string filter) : folder(std::move(folder)), filter(std::move(filter)) {}
DumpFolder::~DumpFolder() = default;

std::string DumpFolder::open() {
  if (!filter.empty())
    if (auto glob = llvm::GlobPattern::create(filter); !glob)
      return "`--dump-filter=" + filter + "`: " + llvm::toString(glob.takeError());
  auto folderForThem = OutputFolder::make(folder);
  if (!folderForThem)
    return llvm::toString(folderForThem.takeError());
  made = std::move(*folderForThem);
  return "";
}

void DumpFolder::writePhase(ModuleOp module, llvm::StringRef phase) { write(module, phase); }

void DumpFolder::watch(PassManager &manager, llvm::StringRef phase) {
  manager.addInstrumentation(std::make_unique<Instrumentation>(*this, phase));
}

void DumpFolder::write(Operation *op, llvm::StringRef stem) {
  std::string number = llvm::utostr(count++);
  std::string name = folder + "/" + (number.size() < 2 ? "0" : "") + number + "-" + stem.str() + ".mlir";
  if (llvm::Error error = writeFile(name, [&](llvm::raw_ostream &out) { print(op, out); })) {
    std::string text = llvm::toString(std::move(error));
    if (firstFailure.empty())
      firstFailure = text;
  }
}

void DumpFolder::print(Operation *op, llvm::raw_ostream &out) {
  OpPrintingFlags flags;
  flags.elideLargeElementsAttrs(64);
  if (filter.empty()) {
    op->print(out, flags);
    out << "\n";
    return;
  }
  llvm::GlobPattern glob = llvm::cantFail(llvm::GlobPattern::create(filter));
  op->walk<WalkOrder::PreOrder>([&](Operation *inner) {
    auto name = dyn_cast<NameLoc>(inner->getLoc());
    if (!name || !glob.match(name.getName().getValue()))
      return WalkResult::advance();
    matched = true;
    inner->print(out, flags);
    out << "\n";
    return WalkResult::skip();
  });
}

void printWithLocations(ModuleOp module, llvm::raw_ostream &out) {
  OpPrintingFlags flags;
  flags.enableDebugInfo(/*enable=*/true, /*prettyForm=*/false);
  module->print(out, flags);
  out << "\n";
}

} // namespace weft
