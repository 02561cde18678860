// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The tensors of an ONNX file as a source of weights, under the paths the import has given them.
#include "frontends/Onnx/Importer.h"
#include "frontends/Onnx/Onnx.h"

#include "compiler/Support/Diagnostics.h"
#include "compiler/Support/Files.h"
#include "llvm/ADT/StringSet.h"

using namespace weft;
using namespace weft::onnxfile;

static SafetensorsType storedType(int32_t type) {
  switch (type) {
  case Float:
    return SafetensorsType::F32;
  case Float16:
    return SafetensorsType::F16;
  case BFloat16:
    return SafetensorsType::BF16;
  case Double:
    return SafetensorsType::F64;
  case Int8:
    return SafetensorsType::I8;
  case UInt8:
    return SafetensorsType::U8;
  case Int32:
    return SafetensorsType::I32;
  default:
    return SafetensorsType::Other;
  }
}

llvm::Expected<SafetensorsFile> weft::openOnnxWeights(llvm::StringRef path, llvm::ArrayRef<std::string> needed) {
  auto model = std::make_shared<Model>();
  std::string why;
  if (!readModel(path.str(), *model, why))
    return llvm::createStringError("`" + printable(path, 200) + "`: " + printable(why, 500));
  for (const std::string &file : model->externalFiles)
    keepFromOutputs(file);
  llvm::StringSet<> wanted;
  wanted.insert_range(needed);
  std::vector<SafetensorsEntry> entries;
  namePaths(*model);
  forEachStored(model->graph, [&](const Tensor &tensor) {
    if (wanted.contains(tensor.path))
      entries.push_back({tensor.path, nameOf(tensor.type), storedType(tensor.type), tensor.dims,
                         llvm::StringRef(tensor.bytes.data(), tensor.bytes.size())});
  });
  return SafetensorsFile::of(std::move(model), path, std::move(entries));
}
