// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Which file answers for which weight. An ONNX model holds its own weights, and its file can be given as a file of
// weights; files given by name come before it. A member of an ensemble has files of its own.

#include "compiler/Driver/WeightFiles.h"

#include "compiler/Driver/Paths.h"
#include "dialects/Weft/Weft.h"
#include "frontends/Onnx/Onnx.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace weft {
namespace {

llvm::Expected<GivenWeights> openFiles(llvm::ArrayRef<std::string> sources, llvm::ArrayRef<NeededWeight> needed) {
  std::vector<std::string> models, others;
  for (const std::string &source : sources)
    (isOnnxFile(source) ? models : others).push_back(source);
  auto given = GivenWeights::open(others);
  for (size_t i = 0; given && i < models.size(); ++i) {
    std::vector<std::string> missing;
    for (const NeededWeight &weight : needed)
      if (!given->holds(weight.path))
        missing.push_back(weight.path);
    auto file = openOnnxWeights(models[i], missing);
    if (!file)
      return file.takeError();
    given->add(std::move(*file));
  }
  return given;
}

/// Weights of the network that are not needed now: left out with optional results, or of layers nobody asked for.
std::vector<std::string> othersOf(ModuleOp module, llvm::ArrayRef<NeededWeight> needed) {
  std::vector<std::string> others;
  if (auto paths = module->getAttrOfType<ArrayAttr>("weft.unused_weights"))
    for (auto path : paths.getAsRange<StringAttr>())
      others.push_back(path.getValue().str());
  llvm::StringSet<> now;
  for (const NeededWeight &weight : needed)
    now.insert(weight.path);
  module.walk([&](WeightOp weight) {
    if (!now.contains(weight.getPath()))
      others.push_back(weight.getPath().str());
  });
  return others;
}

llvm::Expected<WeightSource> openOne(llvm::ArrayRef<std::string> sources, llvm::ArrayRef<NeededWeight> needed,
                                     llvm::ArrayRef<std::string> others, bool strict, llvm::raw_ostream &warnings) {
  auto given = openFiles(sources, needed);
  if (!given)
    return given.takeError();
  if (llvm::Error error = given->check(needed, others, strict, warnings))
    return std::move(error);
  return given->source();
}

std::string prefixOf(size_t member) { return "ensemble." + std::to_string(member) + "."; }

/// Each member's weights without their prefix, from the member's file.
llvm::Expected<WeightSource> openMembers(const DriverOptions &options, ModuleOp module,
                                         llvm::ArrayRef<NeededWeight> needed, llvm::raw_ostream &warnings) {
  std::vector<WeightSource> members;
  for (size_t i = 0; i < options.ensemble.size(); ++i) {
    std::vector<NeededWeight> own;
    for (const NeededWeight &weight : needed)
      if (llvm::StringRef path = weight.path; path.consume_front(prefixOf(i)))
        own.push_back({path.str(), weight.type});
    auto source = openOne({options.ensemble[i]}, own, othersOf(module, needed), options.strictWeights, warnings);
    if (!source)
      return llvm::createStringError("`" + options.ensemble[i] + "`, member " + std::to_string(i + 1) + " of the ensemble: " +
                                     llvm::toString(source.takeError()));
    members.push_back(std::move(*source));
  }
  return WeightSource([members](llvm::StringRef path, RankedTensorType type) -> FailureOr<HostTensor> {
    for (size_t i = 0; i < members.size(); ++i)
      if (path.consume_front(prefixOf(i)))
        return members[i](path, type);
    llvm_unreachable("every weight of an ensemble belongs to a member");
  });
}

} // namespace

llvm::Expected<WeightSource> openWeights(const DriverOptions &options, ModuleOp module,
                                         llvm::ArrayRef<NeededWeight> needed, llvm::raw_ostream &warnings) {
  if (options.pipeline.ensemble > 1 && options.ensemble.empty())
    return llvm::createStringError("this is an ensemble of " + std::to_string(options.pipeline.ensemble) +
                                   " networks: name the weights of each with `--ensemble=FILE,FILE,...`");
  if (!options.ensemble.empty())
    return openMembers(options, module, needed, warnings);
  std::vector<std::string> sources = options.weights;
  if (isOnnxFile(options.input))
    sources.push_back(options.input);
  return openOne(sources, needed, othersOf(module, needed), options.strictWeights, warnings);
}

} // namespace weft
