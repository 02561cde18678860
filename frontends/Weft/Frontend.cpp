// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The frontend's doors. Expansion runs on a thread of its own with a stack that its depth limit fits into.
#include "frontends/Weft/Frontend.h"
#include "frontends/Weft/Evaluator.h"
#include "frontends/Weft/Lexer.h"
#include "frontends/Weft/Parser.h"
#include "frontends/Weft/Printer.h"

#include "dialects/Weft/Weft.h"

#include "llvm/Support/Path.h"
#include "llvm/Support/thread.h"

using namespace weft;
using namespace weft::language;
using llvm::StringRef;

static constexpr unsigned stackBytes = 64u << 20;

/// The net asked for, or the only one, or the one named as the file.
static const Item *chooseNet(const Unit &unit, StringRef wanted, StringRef stem, TextDiagnostics &diagnostics) {
  std::vector<StringRef> names;
  for (const Item *net : unit.nets)
    names.push_back(net->name.text);
  for (const Item *net : unit.nets)
    if (net->name.text == (wanted.empty() ? stem : wanted))
      return net;
  if (wanted.empty() && unit.nets.size() == 1)
    return unit.nets.front();
  TextRange place{unit.text.get(), 0, 0};
  if (names.empty())
    diagnostics.error(place, "this file has no net");
  else if (wanted.empty())
    diagnostics.error(place, "this file has several nets, " + listNames(names) + "; say which one with `--net`");
  else
    diagnostics.error(place, "this file has no net `" + printable(wanted) + "`; it has " + listNames(names));
  return nullptr;
}

static mlir::OwningOpRef<mlir::ModuleOp> expand(const ParseRequest &request, mlir::MLIRContext &context,
                                                TextDiagnostics &diagnostics, llvm::raw_ostream &errors) {
  Evaluator evaluator(context, diagnostics);
  evaluator.settings = request.settings;
  evaluator.outputs = request.outputs;
  Units units(request.zooDir, diagnostics, evaluator);
  const Unit *unit = units.load(request.fileName);
  mlir::OwningOpRef<mlir::ModuleOp> module;
  if (unit) {
    StringRef stem = request.fileName;
    stem = stem.consume_front("zoo:") ? stem : llvm::sys::path::stem(stem);
    for (const Item *training : unit->trainings)
      diagnostics.error(training->name.range, "`train` is not yet supported; without this block the net compiles");
    const Item *net = chooseNet(*unit, request.netName, stem, diagnostics);
    if (net && !diagnostics.hasErrors())
      module = evaluator.net(*net, *unit);
  }
  diagnostics.print(errors); // while the texts are still there
  return module;
}

mlir::OwningOpRef<mlir::ModuleOp> weft::parseWeft(const ParseRequest &request, mlir::MLIRContext &context,
                                                  llvm::raw_ostream &errors) {
  context.loadDialect<WeftDialect, mlir::func::FuncDialect>();
  TextDiagnostics diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  llvm::thread worker(std::optional<unsigned>(stackBytes),
                      [&] { module = expand(request, context, diagnostics, errors); });
  worker.join();
  return diagnostics.hasErrors() ? nullptr : std::move(module);
}

bool weft::printCanonical(StringRef fileName, StringRef zooDir, llvm::raw_ostream &out, llvm::raw_ostream &errors) {
  TextDiagnostics diagnostics;
  std::string reason, path = fileName.str(), shown = path;
  if (StringRef name = fileName; name.consume_front("zoo:")) {
    shown = ("zoo/" + name + ".weft").str();
    path = llvm::is_contained(listZoo(zooDir), name) ? (zooDir + "/" + name + ".weft").str() : "";
  }
  auto text = readTextFile(path, shown, Lexer::maxBytes, reason);
  if (!text) {
    diagnostics.error({}, "cannot read `" + printable(shown, 200) + "`: " + reason);
  } else {
    auto file = parseFile(*text, diagnostics);
    if (file && !diagnostics.hasErrors())
      printFile(*file, out);
  }
  diagnostics.print(errors);
  return !diagnostics.hasErrors();
}

std::vector<std::string> weft::zooNetworks(StringRef zooDir) { return listZoo(zooDir); }
