// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Names over a whole file, branches included: the paths of weights, which nodes and which results somebody reads.
#include "frontends/Onnx/Importer.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace weft::onnxfile;
using llvm::StringRef;

std::string weft::onnxfile::plainName(StringRef name, StringRef otherwise) {
  std::string plain;
  for (char c : name.take_front(200))
    plain += llvm::isAlnum(c) || c == '_'                                      ? c
             : (c == '/' || c == '.') && !plain.empty() && plain.back() != '.' ? '.'
                                                                               : '_';
  StringRef trimmed = StringRef(plain).trim("_.");
  return trimmed.empty() ? otherwise.str() : trimmed.str();
}

/// The tensor a `Constant` node stands for, where it is one.
template <typename NodeType> static auto *constantOf(NodeType &node) {
  bool isOne = node.op == "Constant" && node.outputs.size() == 1 && node.attributes.size() == 1 && node.attributes[0].tensor;
  return isOne ? &*node.attributes[0].tensor : nullptr;
}

namespace {

class PathNames {
public:
  void name(Graph &graph) {
    for (Tensor &tensor : graph.initialisers)
      tensor.path = next(tensor.name);
    for (Node &node : graph.nodes) {
      std::string path = next(node.op == "Constant" && !node.outputs.empty() ? StringRef(node.outputs.front()) : StringRef());
      if (Tensor *tensor = constantOf(node))
        tensor->path = path;
    }
    for (Node &node : graph.nodes)
      for (Attribute &attribute : node.attributes)
        if (attribute.graph)
          name(*attribute.graph);
  }

private:
  std::string next(StringRef name) {
    std::string numbered = "initialiser." + std::to_string(count++), path = plainName(name, numbered);
    if (path.size() >= 200 || !taken.insert(path).second)
      path = numbered;
    taken.insert(path);
    return path;
  }

  llvm::StringSet<> taken;
  size_t count = 0;
};

} // namespace

void weft::onnxfile::namePaths(Model &model) { PathNames().name(model.graph); }

void weft::onnxfile::forEachStored(const Graph &graph, llvm::function_ref<void(const Tensor &)> visit) {
  for (const Tensor &tensor : graph.initialisers)
    visit(tensor);
  for (const Node &node : graph.nodes) {
    if (const Tensor *tensor = constantOf(node))
      visit(*tensor);
    for (const Attribute &attribute : node.attributes)
      if (attribute.graph)
        forEachStored(*attribute.graph, visit);
  }
}

static void addRead(const Graph &graph, llvm::StringSet<> &read) {
  for (const Port &port : graph.outputs)
    read.insert(port.name);
  for (const Node &node : graph.nodes) {
    read.insert_range(node.inputs);
    for (const Attribute &attribute : node.attributes)
      if (attribute.graph)
        addRead(*attribute.graph, read);
  }
}

void weft::onnxfile::dropBehind(Graph &graph, llvm::ArrayRef<std::string> outputs) {
  llvm::StringSet<> made, needed;
  for (const Node &node : graph.nodes)
    made.insert_range(node.outputs);
  if (outputs.empty() || !llvm::all_of(outputs, [&](const std::string &name) { return made.contains(name); }))
    return; // names of layers are understood once there are operations
  needed.insert_range(outputs);
  std::vector<Node> kept;
  for (Node &node : llvm::reverse(graph.nodes)) {
    if (llvm::none_of(node.outputs, [&](const std::string &name) { return needed.contains(name); }))
      continue;
    needed.insert_range(node.inputs);
    for (const Attribute &attribute : node.attributes)
      if (attribute.graph)
        addRead(*attribute.graph, needed);
    kept.push_back(std::move(node));
  }
  graph.nodes.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
}

static void drop(Graph &graph, const llvm::StringSet<> &read) {
  for (Node &node : graph.nodes) {
    for (size_t i = 1; i < node.outputs.size(); ++i)
      if (!read.contains(node.outputs[i]))
        node.outputs[i].clear();
    for (Attribute &attribute : node.attributes)
      if (attribute.graph)
        drop(*attribute.graph, read);
  }
}

void weft::onnxfile::dropUnread(Graph &graph, llvm::ArrayRef<std::string> outputs) {
  llvm::StringSet<> read;
  read.insert_range(outputs);
  addRead(graph, read);
  drop(graph, read);
}
