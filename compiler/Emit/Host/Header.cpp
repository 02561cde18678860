// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Spells the header. Names from the network are escaped: they may hold anything.
#include "compiler/Emit/Host/Header.h"

#include "compiler/Emit/Host/Descriptor.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace weft;
using namespace weft::emit;
using weft::plan::Extent;

std::string weft::emit::commentText(StringRef text) {
  std::string result;
  for (char c : text) {
    bool closes = c == '/' && !result.empty() && result.back() == '*';
    bool opens = c == '*' && !result.empty() && result.back() == '/';
    if (closes || opens)
      result += ' ';
    result += isPrint(c) ? c : '?';
  }
  return result;
}

std::string weft::emit::identifierText(StringRef text) {
  std::string result;
  for (char c : text)
    result += isAlnum(c) ? c : '_';
  return result;
}

namespace {

/// One input or output as the header shows it.
struct Port {
  std::string name, identifier;
  plan::ExtentsAttr dims;
  mlir::Type element;
  std::string note;
};

class HeaderPrinter {
public:
  HeaderPrinter(plan::ProgramOp program, const HostOptions &options, raw_ostream &out)
      : program(program), options(options), out(out), name(options.name) {}

  void print();

private:
  std::vector<Port> inputs();
  std::vector<Port> outputs();
  void printPorts(StringRef kind, const std::vector<Port> &ports);
  void printSizes();
  void printMemory();
  void printFunctions();
  std::string shape(plan::ExtentsAttr dims);

  plan::ProgramOp program;
  const HostOptions &options;
  raw_ostream &out;
  std::string name;
};

/// Different names may look alike as identifiers, or like the macro of another with `suffix` (`x_BYTES` beside `x`): later
/// ones get a number.
std::string uniqueIdentifier(StringRef text, StringRef suffix, StringSet<> &taken) {
  std::string base = identifierText(text), result = base;
  for (unsigned number = 2; taken.contains(result) || taken.contains(result + suffix.str()); ++number)
    result = base + "_" + std::to_string(number);
  taken.insert(result);
  taken.insert(result + suffix.str());
  return result;
}

/// What no port may be called: the macro that counts them.
StringSet<> portWords() { return {"COUNT"}; }

std::vector<Port> HeaderPrinter::inputs() {
  std::vector<Port> result;
  StringSet<> taken = portWords();
  for (plan::InputOp input : program.getInputs()) {
    std::string note;
    StringRef role = input.getRole().value_or(""), graph = input.getGraph().value_or("");
    if (role == "indptr")
      note = ("row starts of graph " + graph + ", by destination; `dims` of the weft_tensor is {V + 1} too").str();
    else if (role == "indices")
      note = ("the source of each edge of graph " + graph).str();
    else if (role == "edge")
      note = ("one row an edge of graph " + graph).str();
    else if (role == "part")
      note = ("the part each row belongs to, below " + graph).str();
    result.push_back(
        {input.getName().str(), uniqueIdentifier(input.getName(), "_BYTES", taken), input.getDims(), input.getElement(), note});
  }
  return result;
}

std::vector<Port> HeaderPrinter::outputs() {
  std::vector<Port> result;
  StringSet<> taken = portWords();
  for (plan::OutputOp output : program.getOutputs())
    result.push_back(
        {output.getName().str(), uniqueIdentifier(output.getName(), "_BYTES", taken), output.getDims(), output.getElement(), ""});
  return result;
}

std::string HeaderPrinter::shape(plan::ExtentsAttr dims) {
  std::string text = "[";
  raw_string_ostream stream(text);
  interleave(
      dims.getValues(), stream, [&](const Extent &extent) { plan::print(stream, extent); }, ", ");
  return text + "]";
}

StringRef cType(mlir::Type element) {
  static const char *const names[] = {"float", "double", "int32_t", "int64_t", "uint8_t", "uint8_t"};
  return names[dtypeOf(element).value_or(0)];
}

StringRef dtypeName(mlir::Type element) {
  static const char *const names[] = {"WEFT_F32", "WEFT_F64", "WEFT_I32", "WEFT_I64", "WEFT_U8", "WEFT_BOOL"};
  return names[dtypeOf(element).value_or(0)];
}

void HeaderPrinter::printPorts(StringRef kind, const std::vector<Port> &ports) {
  plan::Bounds bounds = program.getBounds();
  std::string upper = StringRef(kind).upper();
  out << "\n/* " << (kind == "input" ? "Inputs" : "Outputs") << ", in the order of " << name << "_run. */\n";
  out << formatv("#define {0}_{1}_COUNT {2}\n", name, upper, ports.size());
  for (auto [number, port] : enumerate(ports)) {
    int64_t bytes = plan::elementBytes(port.element);
    for (const Extent &extent : port.dims.getValues())
      bytes *= extent.evaluate(bounds).value_or(0);
    out << formatv("/* {0}: {1}, {2} {3}, C order, {4} bytes{5}{6} */\n", commentText(port.name),
                   dtypeName(port.element), cType(port.element), commentText(shape(port.dims)), bytes,
                   any_of(port.dims.getValues(), [](const Extent &extent) { return !extent.isConstant(); }) ? " at most"
                                                                                                            : "",
                   port.note.empty() ? "" : "; " + commentText(port.note));
    out << formatv("#define {0}_{1}_{2} {3}\n", name, upper, port.identifier, number);
    out << formatv("#define {0}_{1}_{2}_BYTES {3}\n", name, upper, port.identifier, bytes);
  }
}

void HeaderPrinter::printSizes() {
  SmallVector<plan::SizeOp, 4> sizes = program.getSizes();
  if (sizes.empty())
    return;
  out << "\n/* Sizes known only when running, in the order of the `sizes` of " << name << "_run; largest values. */\n";
  StringSet<> taken;
  for (auto [number, size] : enumerate(sizes)) {
    std::string identifier = uniqueIdentifier(size.getName(), "_BOUND", taken);
    out << formatv("#define {0}_SIZE_{1} {2}\n#define {0}_SIZE_{1}_BOUND {3}\n", name, identifier, number,
                   size.getBound());
  }
}

void HeaderPrinter::printMemory() {
  plan::WeightsOp weights = program.getWeights();
  out << "\n/* Bytes of the arena for so many threads; aligned to WEFT_ALIGNMENT. Nothing else is allocated after "
      << name << "_create. */\n";
  out << formatv("#define {0}_ARENA_BYTES(threads) \\\n"
                 "  ((size_t){1} + ((threads) > {2} ? (size_t)(threads) - (size_t){2} : (size_t)0) * (size_t){3})\n",
                 name, program.getArenaBytes(), program.getPlannedThreads(), program.getWorkerBytes());
  out << "/* Bytes of the packed weights, shared by all instances. */\n";
  out << formatv("#define {0}_WEIGHT_BYTES {1}\n", name, weights ? weights.getBytes() : 0);
}

void HeaderPrinter::printFunctions() {
  bool file = options.weights == WeightsPlace::File && program.getWeights();
  out << formatv(
      R"(
typedef struct weft_instance {0};
extern const weft_model {0}_model;

/* Makes an instance; see weft_create in weft/runtime.h.
 *   max_threads   1 to WEFT_MAX_THREADS, or 0 for all this process may use
 *   arena         NULL, or {0}_ARENA_BYTES(max_threads) bytes of the caller's, aligned to WEFT_ALIGNMENT, which must
 *                 outlive the instance
 *   weights_file  {1}
 *   net           set to the instance, or to NULL on failure */
weft_status {0}_create(int max_threads, void *arena, const char *weights_file, {0} **net);
void {0}_info(weft_info *info);
/* Runs once. The caller owns all tensors. Inputs are only read, outputs only written, and they do not overlap.
 * `sizes` may be NULL where the shapes say all. */
weft_status {0}_run({0} *net, const weft_tensor *inputs, const weft_tensor *outputs, const int64_t *sizes);
void {0}_destroy({0} *net);
/* Why the last failing call of this thread failed: weft_error_message of the runtime this network is linked with, which in
 * a shared library (--emit=so) is one of its own. */
const char *{0}_error_message(void);
)",
      name, file ? "the file of packed weights made together with this header" : "NULL: the weights are linked in");
}

void HeaderPrinter::print() {
  out << "/* The network `" << commentText(name) << "`, compiled for " << commentText(options.target)
      << ". Written by weftc; link with its objects and libweft_runtime.a. */\n";
  out << formatv("#ifndef WEFT_NET_{0}_H\n#define WEFT_NET_{0}_H\n\n#include \"weft/runtime.h\"\n\n", name);
  out << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n";
  printFunctions();
  printPorts("input", inputs());
  printPorts("output", outputs());
  printSizes();
  printMemory();
  out << "\n#ifdef __cplusplus\n}\n#endif\n#endif\n";
}

} // namespace

void weft::emit::printHeader(plan::ProgramOp program, const HostOptions &options, raw_ostream &out) {
  HeaderPrinter(program, options, out).print();
}
