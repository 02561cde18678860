// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// An import names a file of the zoo or one beside the importing file. Both are checked after links are resolved, so
// that no text reaches a file outside its own folder.
#include "frontends/Weft/Units.h"

#include "compiler/Support/Files.h"
#include "frontends/Weft/Lexer.h"
#include "frontends/Weft/Parser.h"

#include "dialects/Weft/Call.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <algorithm>

using namespace weft;
using namespace weft::language;
using llvm::StringRef;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

static constexpr size_t maxImportDepth = 64;

std::vector<StringRef> Unit::nameList() const {
  std::vector<StringRef> list;
  for (const auto &entry : names)
    list.push_back(entry.getKey());
  std::sort(list.begin(), list.end());
  return list;
}

Units::Units(std::string zooDir, TextDiagnostics &diagnostics, ConstantEvaluator &evaluator)
    : zooDir(std::move(zooDir)), diagnostics(diagnostics), evaluator(evaluator) {}

static std::string realPath(StringRef name) {
  llvm::SmallString<256> real;
  return fs::real_path(name, real) ? std::string() : real.str().str();
}

const Unit *Units::load(StringRef fileName) {
  StringRef zooName = fileName;
  if (!zooName.consume_front("zoo:"))
    return loadPath(fileName.str(), fileName.str(), path::filename(fileName).str(), {});
  std::vector<std::string> known = listZoo(zooDir);
  std::string shown = ("zoo/" + zooName + ".weft").str();
  if (std::find(known.begin(), known.end(), zooName) != known.end())
    return loadPath(zooDir + "/" + zooName.str() + ".weft", shown, shown, {});
  std::vector<StringRef> names(known.begin(), known.end());
  diagnostics.error({}, "the zoo has no network `" + printable(zooName) + "`" + didYouMean(zooName, names));
  return nullptr;
}

Unit *Units::loadPath(const std::string &fileName, std::string shownName, std::string locationName,
                      TextRange importedAt) {
  std::string real = realPath(fileName), reason;
  if (auto known = byRealPath.find(real); !real.empty() && known != byRealPath.end())
    return known->second.get();
  auto text = readTextFile(real.empty() ? fileName : real, shownName, Lexer::maxBytes, reason);
  if (!text) {
    diagnostics.error(importedAt, "cannot read `" + printable(shownName, 200) + "`: " + reason);
    return nullptr;
  }
  if (!loading.empty()) // an import; the text itself may be replaced by its canonical form
    keepFromOutputs(real);
  auto owned = std::make_unique<Unit>();
  Unit *unit = owned.get();
  byRealPath[real] = std::move(owned);
  unit->text = std::move(text);
  unit->folder = path::parent_path(real).str();
  unit->locationName = std::move(locationName);
  size_t errorsBefore = diagnostics.errorCount();
  unit->file = parseFile(*unit->text, diagnostics);
  if (!unit->file || diagnostics.errorCount() != errorsBefore)
    return nullptr;
  loading.push_back({unit, importedAt});
  bool fine = define(*unit);
  loading.pop_back();
  return fine ? unit : nullptr;
}

bool Units::define(Unit &unit) {
  size_t errorsBefore = diagnostics.errorCount();
  llvm::DenseMap<StringRef, const Item *> nets;
  for (const Item *item : unit.file->items) {
    switch (item->kind) {
    case Item::Kind::Import:
      importInto(unit, *item);
      break;
    case Item::Kind::Block:
      if (isCall(item->name.text))
        diagnostics.error(item->name.range, "`" + item->name.text + "` is an operation; give the block another name");
      else
        add(unit, item->name.text, {item, &unit, {}}, item->name.range);
      break;
    case Item::Kind::Const:
      add(unit, item->name.text, {item, &unit, evaluator.constant(*item, unit)}, item->name.range);
      break;
    case Item::Kind::Net:
      if (auto [first, isNew] = nets.try_emplace(item->name.text, item); !isNew)
        diagnostics.error(item->name.range, "a second net named `" + item->name.text + "`")
            .note(first->second->name.range, "the first is here");
      unit.nets.push_back(item);
      break;
    case Item::Kind::Train:
      unit.trainings.push_back(item);
      break;
    }
  }
  return diagnostics.errorCount() == errorsBefore;
}

void Units::add(Unit &unit, StringRef name, Entity entity, TextRange place) {
  auto [known, fresh] = unit.names.try_emplace(name, entity);
  if (!fresh && known->second.item != entity.item)
    diagnostics.error(place, "`" + name + "` is defined twice")
        .note(known->second.item->name.range, "the other definition is here");
}

/// The text of a string without expressions; nothing if it has some.
static std::optional<std::string> plainText(const StringExpr &string) {
  std::string text;
  for (const StringPart &part : string.parts) {
    if (part.expr)
      return std::nullopt;
    text += part.text;
  }
  return text;
}

bool Units::resolve(const Unit &unit, const Item &item, std::string &found, std::string &shown, std::string &location) {
  TextRange range = item.importPath->range;
  std::optional<std::string> written = plainText(*item.importPath);
  if (!written || written->empty()) {
    diagnostics.error(range, "an import is a plain file name");
    return false;
  }
  StringRef name = *written;
  if (path::is_absolute(name) || name.contains('\\') || name.size() > 1024) {
    diagnostics.error(range, "an import is `zoo/...` or a file beside this one");
    return false;
  }
  bool fromZoo = name.starts_with("zoo/");
  std::string folder = fromZoo ? realPath(zooDir) : unit.folder;
  std::string real = realPath(folder + "/" + (fromZoo ? name.drop_front(4) : name).str());
  if (folder.empty() || real.empty()) {
    diagnostics.error(range, "cannot read `" + printable(name, 200) + "`: no such file" +
                                 (fromZoo ? " in the zoo" : " beside `" + unit.locationName + "`"));
    return false;
  }
  if (!StringRef(real).starts_with(folder + "/")) {
    diagnostics.error(range, "`" + printable(name, 200) + "` lies outside " +
                                 (fromZoo ? "the zoo" : "the folder of `" + unit.locationName + "`"));
    return false;
  }
  found = real;
  location = name.str();
  StringRef besideShown = path::parent_path(unit.text->name());
  shown = fromZoo || besideShown.empty() ? name.str() : (besideShown + "/" + name).str();
  return true;
}

void Units::importInto(Unit &unit, const Item &item) {
  std::string real, shown, location;
  TextRange range = item.importPath->range;
  if (!resolve(unit, item, real, shown, location))
    return;
  if (loading.size() > maxImportDepth) {
    diagnostics.error(range, "imports are nested deeper than " + llvm::Twine(maxImportDepth));
    return;
  }
  auto known = byRealPath.find(real);
  for (size_t i = 0; known != byRealPath.end() && i < loading.size(); ++i) {
    if (loading[i].unit != known->second.get())
      continue;
    auto &report = diagnostics.error(range, "this import goes round in a circle");
    for (size_t k = i + 1; k < loading.size(); ++k)
      report.note(loading[k].importedAt, "by way of this import");
    return;
  }
  const Unit *imported = loadPath(real, shown, location, range);
  if (!imported)
    return;
  for (const auto &entry : imported->names)
    if (entry.second.home == imported) // what it imports itself stays its own
      add(unit, entry.getKey(), entry.second, range);
}

std::vector<std::string> language::listZoo(StringRef zooDir) {
  std::vector<std::string> names;
  std::error_code failure;
  for (fs::directory_iterator file(zooDir, failure), end; !failure && file != end; file.increment(failure))
    if (path::extension(file->path()) == ".weft")
      names.push_back(path::stem(file->path()).str());
  std::sort(names.begin(), names.end());
  return names;
}
