// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A module as a text: one statement an operation, or several where one is read once and the line stays short. The text is
// parsed and printed again at the end, so that it is canonical.
#include "frontends/Weft/ModuleText.h"

#include "dialects/Weft/Call.h"
#include "dialects/Weft/Weft.h"
#include "frontends/Weft/CallText.h"
#include "frontends/Weft/Parser.h"
#include "frontends/Weft/Printer.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace weft;
using namespace weft::language;

namespace {

using mlir::Type; // the language has types of its own

constexpr size_t longestInner = 72;   // longer expressions get a line of their own
constexpr int64_t mostWritten = 1024; // elements of a constant in the text; more go to a file beside it

class ModuleWriter {
public:
  ModuleWriter(func::FuncOp function, StringRef netName, SaveConstant save)
      : function(function), body(function.getBody().front()), netName(netName), save(save) {}

  llvm::Expected<std::string> run();

private:
  void fail(const Twine &why) {
    if (reason.empty())
      reason = why.str();
  }
  std::string freeName(StringRef wanted);
  std::string portName(Attribute attributes, StringRef otherwise);
  std::string typeText(Type type);
  std::string port(StringRef name, Type type) { return (name + ": " + typeText(type)).str(); }
  void signature();
  void nameResults();
  void statement(Operation *op);
  std::string expression(Operation *op);
  std::string operand(Operation *user, Value value);
  std::string constantText(ConstantOp op);
  std::string denseText(ArrayRef<int64_t> shape, ArrayRef<float> numbers, bool isReal);
  void line(const Twine &text) { text_ += "  " + text.str() + "\n"; }

  func::FuncOp function;
  Block &body;
  StringRef netName;
  SaveConstant save;
  llvm::StringSet<> taken;
  llvm::DenseMap<Value, std::string> names;   // variables
  llvm::DenseMap<Value, std::string> pending; // expressions to be written where they are read
  SmallVector<std::string> results;
  std::string text_, reason;
  int counter = 0;
};

bool isReserved(StringRef name) {
  static const llvm::StringSet<> words{
      "weft", "import", "block",  "net",       "train", "param", "bound", "precision", "memory", "for", "in",    "as",
      "if",   "else",   "assert", "return",    "and",   "or",    "not",   "true",      "false",  "len", "graph", "optional",
      "f32",  "f64",    "i32",    "i64",       "u8",    "bool",  "dim",   "enumerate", "src",    "dst", "edge"};
  return words.contains(name) || isCall(name);
}

std::string ModuleWriter::freeName(StringRef wanted) {
  std::string name = wanted.str();
  for (char &c : name)
    c = llvm::isAlnum(c) ? c : '_';
  if (name.empty() || !(llvm::isAlpha(name.front()) || name.front() == '_') || name == "_")
    name = "v" + name;
  if (isReserved(name))
    name += "_";
  std::string made = name;
  for (int i = 2; !taken.insert(made).second; ++i)
    made = name + "_" + std::to_string(i);
  return made;
}

std::string ModuleWriter::portName(Attribute attributes, StringRef otherwise) {
  auto dictionary = dyn_cast_or_null<DictionaryAttr>(attributes);
  auto name = dictionary ? dictionary.getAs<StringAttr>("weft.name") : StringAttr();
  return freeName(name ? name.getValue() : otherwise);
}

std::string ModuleWriter::typeText(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  if (!tensor.hasStaticShape())
    fail("sizes that are known only when the network runs cannot be written");
  auto integer = dyn_cast<IntegerType>(tensor.getElementType());
  std::string element = integer && integer.getWidth() == 8 ? "u8" : "";
  llvm::raw_string_ostream out(element);
  if (element.empty())
    out << tensor.getElementType();
  return element + listText(tensor.getShape());
}

void ModuleWriter::signature() {
  SmallVector<std::string> inputs, outputs;
  for (BlockArgument argument : body.getArguments()) {
    names[argument] = portName(function.getArgAttrDict(argument.getArgNumber()), "input");
    inputs.push_back(port(names[argument], argument.getType()));
  }
  nameResults();
  for (auto [i, value] : llvm::enumerate(body.getTerminator()->getOperands()))
    outputs.push_back(port(results[i], value.getType()));
  text_ = "weft 1\n\nnet " + freeName(netName) + "(" + llvm::join(inputs, ", ") + ") -> (" +
          llvm::join(outputs, ", ") + ") {\n";
}

/// A result is the variable called so; values that are two results, or an input, get a line of their own at the end.
void ModuleWriter::nameResults() {
  for (auto [i, value] : llvm::enumerate(body.getTerminator()->getOperands())) {
    results.push_back(portName(function.getResultAttrDict(i), "output"));
    names.try_emplace(value, results.back());
  }
}

std::string ModuleWriter::denseText(ArrayRef<int64_t> shape, ArrayRef<float> numbers, bool isReal) {
  if (shape.empty())
    return isReal ? numberText(numbers.front()) : std::to_string(int64_t(numbers.front()));
  std::string text = "[";
  size_t run = numbers.size() / shape.front();
  for (int64_t i = 0; i < shape.front(); ++i)
    text += (i ? ", " : "") + denseText(shape.drop_front(), numbers.slice(i * run, run), isReal);
  return text + "]";
}

/// `const` holds single precision; other types are casts of it.
std::string ModuleWriter::constantText(ConstantOp op) {
  auto elements = dyn_cast<DenseElementsAttr>(op.getValue());
  auto type = cast<RankedTensorType>(op.getType());
  if (!elements || type.getNumElements() == 0) {
    fail("a constant without elements cannot be written");
    return "";
  }
  bool isReal = isa<FloatType>(type.getElementType()), isSplat = elements.isSplat();
  SmallVector<float> numbers;
  auto put = [&](double value) {
    numbers.push_back(static_cast<float>(value));
    if (value != value || (!isReal && double(numbers.back()) != value))
      fail("a constant holds NaN, or integers beyond single precision: the language has no words for them");
  };
  int64_t count = isSplat ? 1 : type.getNumElements();
  for (int64_t i = 0; i < count; ++i)
    put(isReal ? elements.getValues<APFloat>()[i].convertToDouble()
               : double(elements.getValues<APInt>()[i].getSExtValue()));
  if (!reason.empty())
    return "";
  SmallVector<int64_t> shape(type.getShape());
  if (isSplat)
    shape.assign(shape.size(), 1);
  std::string made;
  if (count <= mostWritten) {
    made = "const(" + denseText(shape, numbers, isReal) + ")";
  } else {
    llvm::Expected<std::string> file = save(shape, numbers);
    if (!file)
      fail(llvm::toString(file.takeError()));
    else
      made = "const(\"" + *file + "\")";
  }
  if (isSplat && type.getNumElements() > 1)
    made = "expand(" + made + ", " + listText(type.getShape()) + ")";
  if (type.getElementType().isF32())
    return made;
  std::string word = isReal ? "f64" : "i" + std::to_string(type.getElementTypeBitWidth());
  return "cast(" + made + ", to=" + word + ")";
}

/// How a value is read: a number, a variable, or the expression that waits for this.
std::string ModuleWriter::operand(Operation *user, Value value) {
  if (auto found = names.find(value); found != names.end())
    return found->second;
  auto waiting = pending.find(value);
  if (waiting == pending.end()) {
    fail("a value is read before it is made");
    return "";
  }
  bool isCompound = isInfix(value.getDefiningOp()) || StringRef(waiting->second).contains(" as ");
  return isInfix(user) && isCompound ? "(" + waiting->second + ")" : waiting->second;
}

/// A constant of one number beside a tensor may be written as the number.
static std::optional<std::string> plainNumber(Operation *user, Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  auto type = cast<RankedTensorType>(value.getType());
  bool takesNumbers = isInfix(user) || isa<PowOp, MaximumOp, MinimumOp, LessOp, LessEqualOp, EqualOp>(user) ||
                      (isa<WhereOp>(user) && value != user->getOperand(0));
  if (!constant || !takesNumbers || type.getRank() || !type.getElementType().isF32())
    return std::nullopt;
  auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
  if (!elements || llvm::all_of(user->getOperands(), [](Value v) { return v.getDefiningOp<ConstantOp>(); }))
    return std::nullopt;
  float number = elements.getSplatValue<APFloat>().convertToFloat();
  return number == number ? std::optional(numberText(number)) : std::nullopt;
}

std::string ModuleWriter::expression(Operation *op) {
  if (auto weight = dyn_cast<WeightOp>(op))
    return "weight(" +
           StringRef(listText(cast<RankedTensorType>(weight.getType()).getShape())).drop_front().drop_back().str() +
           ") as " + weight.getPath().str();
  if (auto constant = dyn_cast<ConstantOp>(op))
    return constantText(constant);
  if (op->getNumRegions()) {
    fail("`" + op->getName().getStringRef() + "` is written by hand only");
    return "";
  }
  std::optional<std::string> path = impliedPath(op);
  SmallVector<std::string> operands;
  for (Value value : op->getOperands()) {
    if (path && !operands.empty())
      break;
    std::optional<std::string> number = plainNumber(op, value);
    operands.push_back(number ? *number : operand(op, value));
  }
  return callText(op, operands, path);
}

/// Whether the weight is implied by the one call that reads it.
static bool isImplied(Operation *op) {
  return isa<WeightOp>(op) && op->hasOneUse() && impliedPath(*op->getUsers().begin());
}

void ModuleWriter::statement(Operation *op) {
  if (isImplied(op))
    return;
  std::string made = expression(op);
  if (op->getNumResults() == 1 && !names.count(op->getResult(0))) {
    Value result = op->getResult(0);
    bool isNumber = isa<ConstantOp>(op) && llvm::all_of(op->getUsers(), [&](Operation *user) {
                      return plainNumber(user, result).has_value();
                    });
    if (isNumber || (result.hasOneUse() && made.size() <= longestInner)) {
      pending[result] = std::move(made);
      return;
    }
  }
  SmallVector<std::string> targets;
  for (Value result : op->getResults()) {
    if (result.use_empty())
      targets.push_back("_");
    else if (names.count(result))
      targets.push_back(names[result]);
    else
      targets.push_back(names[result] = freeName((isRecipe(result) ? "w" : "x") + std::to_string(++counter)));
  }
  line(llvm::join(targets, ", ") + " = " + made);
}

llvm::Expected<std::string> ModuleWriter::run() {
  signature();
  for (Operation &op : body.without_terminator())
    if (reason.empty())
      statement(&op);
  for (auto [i, value] : llvm::enumerate(body.getTerminator()->getOperands()))
    if (reason.empty() && names[value] != results[i])
      line(results[i] + " = " + names[value]);
  if (!reason.empty())
    return llvm::createStringError(reason);
  return text_ + "}\n";
}

} // namespace

llvm::Expected<std::string> weft::textOf(ModuleOp module, SaveConstant save) {
  auto functions = module.getOps<func::FuncOp>();
  if (functions.empty())
    return llvm::createStringError("the module holds no network");
  func::FuncOp function = *functions.begin();
  llvm::Expected<std::string> text = ModuleWriter(function, function.getName(), save).run();
  if (!text)
    return text.takeError();
  TextDiagnostics diagnostics;
  TextFile source("text", *text);
  auto file = parseFile(source, diagnostics);
  if (!file || diagnostics.hasErrors()) {
    std::string why;
    llvm::raw_string_ostream out(why);
    diagnostics.print(out);
    return llvm::createStringError("compiler bug: the text of this network cannot be read: " + why);
  }
  std::string canonical;
  llvm::raw_string_ostream out(canonical);
  printFile(*file, out);
  return canonical;
}
