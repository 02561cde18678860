// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// An ONNX file as plain structs: everything read, every size checked. No protobuf type leaves this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::onnxfile {

/// TensorProto.DataType, the ones weft can read.
enum ElementType : int32_t {
  Undefined = 0,
  Float = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  UInt32 = 12,
  UInt64 = 13,
  BFloat16 = 16
};

/// Bytes an element takes; 0 for types weft cannot read.
unsigned bytesOf(int32_t type);
/// Whether elements are real numbers: weft computes in float with all of them.
bool isReal(int32_t type);
/// "float", "int64", ... or "type 17".
std::string nameOf(int32_t type);

struct Graph;

struct Tensor {
  std::string name;
  std::string path; ///< under which weight files hold it; `namePaths` gives it one
  int32_t type = Undefined;
  std::vector<int64_t> dims;
  int64_t elements = 0;
  std::string_view bytes;            ///< little-endian elements; empty for types weft cannot read
  std::shared_ptr<const void> owner; ///< keeps `bytes` alive
};

struct Attribute {
  enum Kind { Int, Float, String, Tensor, Ints, Floats, Strings, Graph, Other };
  std::string name;
  Kind kind = Other;
  int64_t i = 0;
  float f = 0;
  std::string s;
  std::vector<int64_t> ints;
  std::vector<float> floats;
  std::vector<std::string> strings;
  std::optional<onnxfile::Tensor> tensor;
  std::shared_ptr<onnxfile::Graph> graph;
};

struct Node {
  std::string name, op, domain;
  std::vector<std::string> inputs, outputs;
  std::vector<Attribute> attributes;
};

struct Dim {
  int64_t extent = -1; ///< -1: not known, `name` may say what it is called
  std::string name;
};

struct Port {
  std::string name;
  bool isTensor = false, hasShape = false;
  int32_t type = Undefined;
  std::vector<Dim> dims;
};

struct Graph {
  std::string name;
  std::vector<Node> nodes;
  std::vector<Tensor> initialisers;
  std::vector<Port> inputs, outputs;
};

struct Model {
  int64_t irVersion = 0;
  int64_t opset = 0; ///< of the standard operations; 0: the file does not say
  Graph graph;
  bool hasFunctions = false; ///< operations of its own
  std::vector<std::string> externalFiles; ///< paths of those that hold tensors
};

/// Reads a file of at most 2 GiB, external data from its folder included. False after a failure, with the reason.
bool readModel(const std::string &path, Model &model, std::string &error);

} // namespace weft::onnxfile
