// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Files and what they import. A unit is one parsed file with the names it defines or imports; each unit sees its own.
#pragma once

#include "frontends/Weft/Ast.h"
#include "frontends/Weft/Value.h"

#include "llvm/ADT/StringMap.h"

#include <memory>

namespace weft::language {

struct Unit;

/// A block or a constant, under the name a unit knows it by.
struct Entity {
  const Item *item = nullptr;
  const Unit *home = nullptr; // where it is defined: its names are looked up there
  Value value;                // Const
};

struct Unit {
  std::unique_ptr<TextFile> text;
  std::unique_ptr<File> file;
  std::string folder;       // real path its imports must stay in; empty where it may import nothing beside it
  std::string locationName; // for locations in the IR: never a path of this machine
  llvm::StringMap<Entity> names;
  std::vector<const Item *> nets, trainings;
  std::vector<llvm::StringRef> nameList() const; // sorted, for suggestions
};

/// Gives constants their values; the evaluator.
class ConstantEvaluator {
public:
  virtual ~ConstantEvaluator() = default;
  virtual Value constant(const Item &item, const Unit &unit) = 0;
};

/// Loads a file and, once each, whatever it imports.
class Units {
public:
  Units(std::string zooDir, TextDiagnostics &diagnostics, ConstantEvaluator &evaluator);

  /// `fileName` is a path, or "zoo:NAME". Null after errors.
  const Unit *load(llvm::StringRef fileName);

private:
  Unit *loadPath(const std::string &path, std::string shownName, std::string locationName, TextRange importedAt);
  bool define(Unit &unit);
  void importInto(Unit &unit, const Item &item);
  bool resolve(const Unit &unit, const Item &item, std::string &path, std::string &shown, std::string &location);
  void add(Unit &unit, llvm::StringRef name, Entity entity, TextRange place);

  struct Loading {
    const Unit *unit;
    TextRange importedAt;
  };

  std::string zooDir; // as given
  TextDiagnostics &diagnostics;
  ConstantEvaluator &evaluator;
  llvm::StringMap<std::unique_ptr<Unit>> byRealPath;
  std::vector<Loading> loading; // from the first file to the current one
};

/// The networks in the zoo: names of its files, sorted, folders left out.
std::vector<std::string> listZoo(llvm::StringRef zooDir);

} // namespace weft::language
