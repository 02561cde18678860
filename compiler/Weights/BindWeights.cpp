// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Files and a seed become a source of weights.

#include "compiler/Weights/BindWeights.h"

#include "compiler/Support/Diagnostics.h"
#include "compiler/Weights/RandomWeights.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;
using namespace mlir;

namespace weft {
namespace {

/// Suggestions cost a comparison with every name: with very many missing the file is another network's anyway.
constexpr size_t maxSuggestions = 200;

std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (auto [index, dim] : enumerate(shape))
    text += (index ? ", " : "") + std::to_string(dim);
  return text + "]";
}

std::string quoted(StringRef name) { return "`" + printable(name, 200) + "`"; }

llvm::Error asError(StringRef head, ArrayRef<std::string> faults) {
  std::string text = head.str();
  for (const std::string &fault : faults)
    text += "\n  " + fault;
  return createStringError(text);
}

} // namespace

FailureOr<std::vector<NeededWeight>> collectWeights(Operation *root) {
  std::vector<NeededWeight> needed;
  StringMap<RankedTensorType> types;
  WalkResult result = root->walk([&](WeightOp op) {
    auto type = cast<RankedTensorType>(op.getValue().getType());
    auto [known, isNew] = types.try_emplace(op.getPath(), type);
    if (isNew)
      needed.push_back({op.getPath().str(), type});
    else if (known->second != type)
      return op.emitError() << "weight `" << op.getPath() << "` is " << type << " here and " << known->second
                            << " elsewhere",
             WalkResult::interrupt();
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return needed;
}

Expected<GivenWeights> GivenWeights::open(ArrayRef<std::string> sources) {
  GivenWeights given;
  for (StringRef source : sources) {
    if (source.consume_front("random:")) {
      uint64_t seed;
      if (source.getAsInteger(10, seed))
        return createStringError("`--weights=random:SEED` takes a number from 0 to 2^64 - 1, not " + quoted(source));
      if (given.seed && *given.seed != seed)
        return createStringError("`--weights=random:SEED` is given twice");
      given.seed = seed;
      continue;
    }
    Expected<SafetensorsFile> file = SafetensorsFile::open(source);
    if (!file)
      return file.takeError();
    given.files->push_back(std::move(*file));
  }
  return given;
}

const SafetensorsFile *GivenWeights::holder(StringRef path) const {
  for (const SafetensorsFile &file : *files)
    if (file.find(path))
      return &file;
  return nullptr;
}

std::vector<StringRef> GivenWeights::names() const {
  std::vector<StringRef> names;
  for (const SafetensorsFile &file : *files)
    for (const SafetensorsEntry &entry : file.entries())
      names.push_back(entry.name);
  return names;
}

/// `names` are those of the files that the network has no weight for.
std::string GivenWeights::missing(const NeededWeight &weight, ArrayRef<StringRef> names) const {
  std::string text = "missing: " + quoted(weight.path) + " f32" + shapeText(weight.type.getShape());
  auto inside = llvm::find_if(names, [path = "." + weight.path](StringRef name) { return name.ends_with(path); });
  if (inside != names.end()) // as wrappers that train on several devices leave it
    return text + "; " + quoted(*inside) + " is there, take `" + inside->drop_back(weight.path.size()).str() + "` from the names of the file";
  return text + didYouMean(weight.path, names);
}

void GivenWeights::checkOne(const NeededWeight &weight, ArrayRef<StringRef> names,
                            std::vector<std::string> &faults) const {
  if (!weight.type.getElementType().isF32())
    return faults.push_back("not yet: " + quoted(weight.path) + " is not f32 in the network");
  const SafetensorsFile *file = holder(weight.path);
  if (!file) {
    if (!seed)
      faults.push_back(missing(weight, faults.size() < maxSuggestions ? names : ArrayRef<StringRef>()));
    return;
  }
  const SafetensorsEntry &entry = *file->find(weight.path);
  if (ArrayRef<int64_t>(entry.shape) != weight.type.getShape())
    faults.push_back("wrong shape: " + quoted(weight.path) + " is " + shapeText(entry.shape) + " in " +
                     quoted(file->path()) + "; the network has " + shapeText(weight.type.getShape()));
  else if (entry.type == SafetensorsType::Other)
    faults.push_back("wrong type: " + quoted(weight.path) + " is " + entry.typeName + " in " + quoted(file->path()) +
                     "; F32, F16, BF16 and F64 can be used");
}

void GivenWeights::checkOnce(ArrayRef<StringRef> names, std::vector<std::string> &faults) const {
  llvm::StringSet<> seen;
  for (StringRef name : names)
    if (!seen.insert(name).second)
      faults.push_back("given twice: " + quoted(name) + " is in more than one file");
}

std::vector<std::string> GivenWeights::surplus(ArrayRef<NeededWeight> needed, ArrayRef<std::string> uncompiled) const {
  llvm::StringSet<> expected;
  expected.insert_range(uncompiled);
  for (const NeededWeight &weight : needed)
    expected.insert(weight.path);
  std::vector<std::string> surplus;
  for (StringRef name : names())
    if (!expected.contains(name) && !name.ends_with("num_batches_tracked"))
      surplus.push_back(quoted(name));
  return surplus;
}

llvm::Error GivenWeights::check(ArrayRef<NeededWeight> needed, ArrayRef<std::string> uncompiled, bool strict,
                                raw_ostream &warnings) const {
  if (files->empty() && !seed && !needed.empty())
    return createStringError("the network has " + Twine(needed.size()) + (needed.size() == 1 ? " weight" : " weights") +
                             ": give `--weights=FILE.safetensors`, or `--weights=random:SEED`");
  const std::vector<StringRef> given = names();
  llvm::StringSet<> used;
  for (const NeededWeight &weight : needed)
    used.insert(weight.path);
  std::vector<StringRef> unused;
  llvm::copy_if(given, std::back_inserter(unused), [&](StringRef name) { return !used.contains(name); });
  std::vector<std::string> faults;
  for (const NeededWeight &weight : needed)
    checkOne(weight, unused, faults);
  checkOnce(given, faults);
  const std::vector<std::string> extra = surplus(needed, uncompiled);
  if (strict)
    for (const std::string &name : extra)
      faults.push_back("surplus: " + name + " belongs to no part of the network");
  if (!faults.empty())
    return asError("the weights do not fit the network", faults);
  if (!extra.empty())
    warnings << "warning: " << extra.size() << (extra.size() == 1 ? " tensor is" : " tensors are")
             << " not part of the network: " << join(ArrayRef(extra).take_front(5), ", ")
             << (extra.size() > 5 ? ", ..." : "") << '\n';
  return llvm::Error::success();
}

WeightSource GivenWeights::source() const {
  return [given = *this](StringRef path, RankedTensorType type) -> FailureOr<HostTensor> {
    if (const SafetensorsFile *file = given.holder(path))
      return file->read(*file->find(path), type);
    if (given.seed)
      return drawWeight(*given.seed, path, type);
    return emitError(UnknownLoc::get(type.getContext())) << "no weight `" << path << "` was given", failure();
  };
}

} // namespace weft
