// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Values by path. Paths are those locations carry, so this works on any network, whichever frontend made it.
#include "dialects/Weft/Paths.h"

#include "compiler/Support/Diagnostics.h"
#include "dialects/Weft/Sizes.h"
#include "dialects/Weft/Weft.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace weft;

bool weft::isInside(StringRef path, StringRef block) {
  return path.size() > block.size() && path.starts_with(block) && path[block.size()] == '.';
}

void weft::addResult(func::FuncOp network, StringRef name, Value value) {
  Builder builder(network.getContext());
  SmallVector<std::string> dims = Sizes(network).dims(value);
  SmallVector<StringRef> texts(dims.begin(), dims.end());
  network.getBody().front().getTerminator()->insertOperands(network.getNumResults(), value);
  auto attributes = builder.getDictionaryAttr({builder.getNamedAttr("weft.name", builder.getStringAttr(name)),
                                               builder.getNamedAttr("weft.dims", builder.getStrArrayAttr(texts))});
  if (failed(network.insertResult(network.getNumResults(), value.getType(), attributes)))
    llvm_unreachable("results are added at the end");
}

Paths::Paths(Block &network) {
  llvm::DenseSet<Value> recipes = recipesIn(network);
  for (Operation &op : network) {
    StringRef path = pathOf(op.getLoc());
    for (Value result : op.getResults())
      if (!path.empty() && !recipes.contains(result)) {
        byPath[path].push_back(entries.size());
        places[result] = entries.size();
        entries.push_back({result, path.str(), path.str()});
      }
  }
  for (auto &[path, found] : byPath)
    for (size_t i = 0; found.size() > 1 && i < found.size(); ++i)
      entries[found[i]].name += "#" + std::to_string(i + 1);
}

StringRef Paths::nameOf(Value value) const {
  auto place = places.find(value);
  return place == places.end() ? StringRef() : StringRef(entries[place->second].name);
}

Value Paths::find(StringRef name, ArrayRef<StringRef> results, std::string &why) const {
  if (auto found = byPath.find(name); found != byPath.end())
    return oneOf(found->second, "values", why);
  auto [path, number] = name.rsplit('#');
  size_t index = 0;
  if (auto found = byPath.find(path); found != byPath.end() && !number.getAsInteger(10, index)) {
    if (index >= 1 && index <= found->second.size())
      return entries[found->second[index - 1]].value;
    why = "is none of the " + std::to_string(found->second.size()) + " values `" + path.str() + "` names";
    return {};
  }
  std::vector<size_t> found = leaving(name);
  if (!found.empty())
    return oneOf(found, "values that leave this block", why);
  why = unknown(name, results);
  return {};
}

Value Paths::oneOf(ArrayRef<size_t> found, StringRef what, std::string &why) const {
  if (found.size() == 1)
    return entries[found.front()].value;
  constexpr size_t most = 5;
  why = "names " + std::to_string(found.size()) + " " + what.str() + ": ";
  for (size_t i : found.take_front(most))
    why += (i == found.front() ? "" : ", ") + describe(entries[i]);
  if (found.size() > most)
    why += ", ...";
  return {};
}

/// Values made in the block and read outside; the last one where nothing outside reads any.
std::vector<size_t> Paths::leaving(StringRef block) const {
  std::vector<size_t> result;
  size_t last = entries.size();
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!isInside(entries[i].path, block))
      continue;
    last = i;
    if (llvm::any_of(entries[i].value.getUsers(),
                     [&](Operation *user) { return !isInside(pathOf(user->getLoc()), block); }))
      result.push_back(i);
  }
  if (result.empty() && last < entries.size())
    result.push_back(last);
  return result;
}

/// "`relu#2` of `conv2`"
std::string Paths::describe(const Entry &entry) const {
  std::string text = "`" + printable(entry.name, 100) + "`";
  for (Value operand : entry.value.getDefiningOp()->getOperands())
    if (StringRef name = nameOf(operand); !name.empty())
      return text + " of `" + printable(name, 100) + "`";
  return text;
}

std::string Paths::unknown(StringRef name, ArrayRef<StringRef> results) const {
  llvm::StringSet<> seen;
  std::vector<StringRef> known = results.vec();
  for (const Entry &entry : entries) {
    known.push_back(entry.name);
    for (size_t dot = entry.path.find('.'); dot != std::string::npos; dot = entry.path.find('.', dot + 1))
      if (StringRef block = StringRef(entry.path).take_front(dot); seen.insert(block).second)
        known.push_back(block);
  }
  std::string hint = didYouMean(name, known);
  if (!hint.empty())
    return "names no result, no layer and no block" + hint;
  if (!results.empty())
    hint = "; the results are " + listNames(results);
  constexpr size_t most = 20;
  std::vector<StringRef> outermost;
  llvm::copy_if(llvm::drop_begin(known, results.size()), std::back_inserter(outermost),
                [](StringRef name) { return !name.contains('.') && name.size() <= 100; });
  if (!outermost.empty())
    hint += "; layers and blocks are " + listNames(ArrayRef(outermost).take_front(most)) + (outermost.size() > most ? ", ..." : "");
  return "names no result, no layer and no block" + hint;
}
