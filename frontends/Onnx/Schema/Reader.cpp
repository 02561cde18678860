// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// From protobuf's messages to the structs of Model.h. The only file that sees protobuf. Nothing read is trusted:
// extents are multiplied with overflow checks, and data must be as long as its shape says.
#include "frontends/Onnx/Schema/External.h"
#include "frontends/Onnx/Schema/Model.h"

#include "onnx-ml.pb.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <charconv>
#include <cstring>
#include <limits>

using namespace weft::onnxfile;

namespace {

constexpr size_t mostBytes = size_t(std::numeric_limits<int32_t>::max());
constexpr int deepestMessage = 64;

class Reader {
public:
  Reader(const std::string &path, std::shared_ptr<onnx::ModelProto> message)
      : message(std::move(message)), external(path) {}

  bool model(Model &out);
  const std::string &error() const { return text; }

private:
  bool fail(std::string why) {
    if (text.empty())
      text = std::move(why);
    return false;
  }
  bool graph(const onnx::GraphProto &from, Graph &to);
  bool node(const onnx::NodeProto &from, Node &to);
  bool attribute(const onnx::AttributeProto &from, Attribute &to);
  void port(const onnx::ValueInfoProto &from, Port &to);
  bool tensor(const onnx::TensorProto &from, Tensor &to, const std::string &what);
  bool externalBytes(const onnx::TensorProto &from, Tensor &to, const std::string &what);
  bool inlineBytes(const onnx::TensorProto &from, Tensor &to);
  template <typename T> void narrow(const onnx::TensorProto &from, Tensor &to);
  template <typename Field> void view(const Field &field, Tensor &to) {
    to.bytes = {reinterpret_cast<const char *>(field.data()), field.size() * sizeof(*field.data())};
    to.owner = message;
  }

  std::shared_ptr<onnx::ModelProto> message;
  ExternalData external;
  std::string text;
};

std::string shapeText(const std::vector<int64_t> &dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size() && i < 16; ++i)
    text += (i ? ", " : "") + std::to_string(dims[i]);
  return text + (dims.size() > 16 ? ", ...]" : "]");
}

bool Reader::model(Model &out) {
  out.irVersion = message->ir_version();
  for (const auto &opset : message->opset_import())
    if (opset.domain().empty() || opset.domain() == "ai.onnx")
      out.opset = opset.version();
  out.hasFunctions = message->functions_size() != 0;
  if (!message->has_graph())
    return fail("holds no graph");
  bool isRead = graph(message->graph(), out.graph);
  out.externalFiles = external.paths();
  return isRead;
}

bool Reader::graph(const onnx::GraphProto &from, Graph &to) {
  to.name = from.name();
  if (from.sparse_initializer_size())
    return fail("sparse initialisers are not supported");
  for (const auto &initialiser : from.initializer()) {
    to.initialisers.emplace_back();
    if (!tensor(initialiser, to.initialisers.back(), "initialiser `" + initialiser.name() + "`"))
      return false;
  }
  for (const auto &item : from.node()) {
    to.nodes.emplace_back();
    if (!node(item, to.nodes.back()))
      return false;
  }
  for (const auto &item : from.input())
    port(item, to.inputs.emplace_back());
  for (const auto &item : from.output())
    port(item, to.outputs.emplace_back());
  return true;
}

bool Reader::node(const onnx::NodeProto &from, Node &to) {
  to.name = from.name();
  to.op = from.op_type();
  to.domain = from.domain() == "ai.onnx" ? "" : from.domain();
  to.inputs.assign(from.input().begin(), from.input().end());
  to.outputs.assign(from.output().begin(), from.output().end());
  for (const auto &item : from.attribute()) {
    to.attributes.emplace_back();
    if (!attribute(item, to.attributes.back()))
      return false;
  }
  return true;
}

bool Reader::attribute(const onnx::AttributeProto &from, Attribute &to) {
  to.name = from.name();
  switch (from.type()) {
  case onnx::AttributeProto::INT:
    to.kind = Attribute::Int;
    to.i = from.i();
    return true;
  case onnx::AttributeProto::FLOAT:
    to.kind = Attribute::Float;
    to.f = from.f();
    return true;
  case onnx::AttributeProto::STRING:
    to.kind = Attribute::String;
    to.s = from.s();
    return true;
  case onnx::AttributeProto::INTS:
    to.kind = Attribute::Ints;
    to.ints.assign(from.ints().begin(), from.ints().end());
    return true;
  case onnx::AttributeProto::FLOATS:
    to.kind = Attribute::Floats;
    to.floats.assign(from.floats().begin(), from.floats().end());
    return true;
  case onnx::AttributeProto::STRINGS:
    to.kind = Attribute::Strings;
    to.strings.assign(from.strings().begin(), from.strings().end());
    return true;
  case onnx::AttributeProto::TENSOR:
    to.kind = Attribute::Tensor;
    return tensor(from.t(), to.tensor.emplace(), "attribute `" + from.name() + "`");
  case onnx::AttributeProto::GRAPH:
    to.kind = Attribute::Graph;
    to.graph = std::make_shared<Graph>();
    return graph(from.g(), *to.graph);
  case onnx::AttributeProto::GRAPHS:
    to.kind = Attribute::Graph;
    return true;
  default:
    return true;
  }
}

void Reader::port(const onnx::ValueInfoProto &from, Port &to) {
  to.name = from.name();
  to.isTensor = from.type().has_tensor_type();
  if (!to.isTensor)
    return;
  const auto &type = from.type().tensor_type();
  to.type = type.elem_type();
  to.hasShape = type.has_shape();
  for (const auto &dim : type.shape().dim()) {
    Dim &made = to.dims.emplace_back();
    if (dim.has_dim_value())
      made.extent = std::max<int64_t>(dim.dim_value(), -1);
    else
      made.name = dim.dim_param();
  }
}

bool Reader::tensor(const onnx::TensorProto &from, Tensor &to, const std::string &what) {
  to.name = from.name();
  to.type = from.data_type();
  to.dims.assign(from.dims().begin(), from.dims().end());
  to.elements = 1;
  for (int64_t dim : to.dims)
    if (dim < 0 || __builtin_mul_overflow(to.elements, dim, &to.elements) || to.elements > (int64_t(1) << 40))
      return fail(what + " has the shape " + shapeText(to.dims));
  if (from.has_segment())
    return fail(what + " is stored in segments, which is not supported");
  unsigned width = bytesOf(to.type);
  if (!width)
    return true;
  bool isExternal = from.data_location() == onnx::TensorProto::EXTERNAL;
  if (isExternal ? !externalBytes(from, to, what) : !inlineBytes(from, to))
    return false;
  if (to.bytes.size() != uint64_t(to.elements) * width)
    return fail(what + " holds " + std::to_string(to.bytes.size()) + " bytes; its shape " + shapeText(to.dims) +
                " of " + nameOf(to.type) + " takes " + std::to_string(uint64_t(to.elements) * width));
  return true;
}

bool parseSize(const std::string &text, uint64_t &value) {
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size();
}

bool Reader::externalBytes(const onnx::TensorProto &from, Tensor &to, const std::string &what) {
  std::string location, why;
  uint64_t offset = 0, length = uint64_t(to.elements) * bytesOf(to.type);
  for (const auto &entry : from.external_data()) {
    if (entry.key() == "location")
      location = entry.value();
    else if ((entry.key() == "offset" && !parseSize(entry.value(), offset)) ||
             (entry.key() == "length" && !parseSize(entry.value(), length)))
      return fail(what + ": the " + entry.key() + " of its external data is no number");
  }
  std::shared_ptr<MappedFile> file = external.file(location, why);
  if (!file)
    return fail(what + ": " + why);
  size_t size = file->bytes().size();
  if (offset > size || length > size - offset)
    return fail(what + ": its external data ends behind the end of the file");
  to.bytes = file->bytes().substr(offset, length);
  to.owner = file;
  return true;
}

template <typename T> void Reader::narrow(const onnx::TensorProto &from, Tensor &to) {
  auto made = std::make_shared<std::vector<T>>(from.int32_data().begin(), from.int32_data().end());
  to.bytes = {reinterpret_cast<const char *>(made->data()), made->size() * sizeof(T)};
  to.owner = made;
}

bool Reader::inlineBytes(const onnx::TensorProto &from, Tensor &to) {
  if (from.has_raw_data()) {
    view(from.raw_data(), to);
    return true;
  }
  switch (to.type) {
  case Float:
    view(from.float_data(), to);
    return true;
  case Double:
    view(from.double_data(), to);
    return true;
  case Int64:
    view(from.int64_data(), to);
    return true;
  case UInt64:
    view(from.uint64_data(), to);
    return true;
  case Int32:
    view(from.int32_data(), to);
    return true;
  case UInt32: {
    auto made = std::make_shared<std::vector<uint32_t>>(from.uint64_data().begin(), from.uint64_data().end());
    to.bytes = {reinterpret_cast<const char *>(made->data()), made->size() * 4};
    to.owner = made;
    return true;
  }
  default: // the narrow types share int32_data
    bytesOf(to.type) == 1 ? narrow<uint8_t>(from, to) : narrow<uint16_t>(from, to);
    return true;
  }
}

} // namespace

unsigned weft::onnxfile::bytesOf(int32_t type) {
  switch (type) {
  case UInt8:
  case Int8:
  case Bool:
    return 1;
  case UInt16:
  case Int16:
  case Float16:
  case BFloat16:
    return 2;
  case Float:
  case Int32:
  case UInt32:
    return 4;
  case Double:
  case Int64:
  case UInt64:
    return 8;
  default:
    return 0;
  }
}

bool weft::onnxfile::isReal(int32_t type) { return type == Float || type == Double || type == Float16 || type == BFloat16; }

std::string weft::onnxfile::nameOf(int32_t type) {
  static const char *const names[] = {"undefined", "float",  "uint8",     "int8",       "uint16",  "int16",
                                      "int32",     "int64",  "string",    "bool",       "float16", "double",
                                      "uint32",    "uint64", "complex64", "complex128", "bfloat16"};
  if (type >= 0 && size_t(type) < std::size(names))
    return names[type];
  return "type " + std::to_string(type);
}

bool weft::onnxfile::readModel(const std::string &path, Model &model, std::string &error) {
  google::protobuf::SetLogHandler(nullptr); // what is wrong is said below, once
  std::string why;
  std::shared_ptr<MappedFile> file = MappedFile::open(path, why);
  if (!file) {
    error = "cannot be read: " + why;
    return false;
  }
  if (file->bytes().size() > mostBytes) {
    error = "is larger than 2 GiB; keep the weights as external data";
    return false;
  }
  auto message = std::make_shared<onnx::ModelProto>();
  google::protobuf::io::ArrayInputStream bytes(file->bytes().data(), file->bytes().size());
  google::protobuf::io::CodedInputStream stream(&bytes);
  stream.SetRecursionLimit(deepestMessage);
  if (!message->ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    error = "is no ONNX file: truncated, damaged, or nested too deeply";
    return false;
  }
  file.reset();
  Reader reader(path, message);
  if (reader.model(model))
    return true;
  error = reader.error();
  return false;
}
