// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations as calls. Attributes are written as the call takes them, and left out where the call's default says the same;
// few operations need more than that.
#include "frontends/Weft/CallText.h"

#include "dialects/Weft/Weft.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

#include <charconv>
#include <cmath>

using namespace mlir;
using namespace weft;

namespace weft::language {

//===-- Numbers and lists ----------------------------------------------------------------------------------------===//

template <typename T> static std::string shortest(T value) {
  if (std::isinf(value))
    return value < 0 ? "-1e39" : "1e39"; // beyond single precision
  char buffer[64];
  std::string text(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}
std::string numberText(float value) { return shortest(value); }
/// Numbers that were single precision before are written with the digits that takes.
std::string numberText(double value) {
  return double(float(value)) == value ? shortest(float(value)) : shortest(value);
}

std::string listText(ArrayRef<int64_t> values) {
  std::string text = "[";
  for (auto [i, value] : llvm::enumerate(values))
    text += (i ? ", " : "") + std::to_string(value);
  return text + "]";
}

/// One number for all spatial dimensions, or a list.
static std::string spatialText(ArrayRef<int64_t> values) {
  return !values.empty() && llvm::all_equal(values) ? std::to_string(values.front()) : listText(values);
}

//===-- Attributes -----------------------------------------------------------------------------------------------===//

static bool isSpatial(StringRef name) {
  return llvm::is_contained({"kernel", "stride", "pad", "dilation", "output_pad", "scale", "out", "block"}, name);
}

static std::string valueText(StringRef name, Attribute value) {
  return llvm::TypeSwitch<Attribute, std::string>(value)
      .Case([&](DenseI64ArrayAttr list) {
        return isSpatial(name) ? spatialText(list.asArrayRef()) : listText(list.asArrayRef());
      })
      .Case([](BoolAttr flag) { return std::string(flag.getValue() ? "true" : "false"); })
      .Case([](IntegerAttr number) { return std::to_string(number.getInt()); })
      .Case([](FloatAttr number) { return numberText(number.getValueAsDouble()); })
      .Case([](InterpolationAttr mode) { return stringifyInterpolation(mode.getValue()).str(); })
      .Case([](PadModeAttr mode) { return stringifyPadMode(mode.getValue()).str(); })
      .Case([](DepthModeAttr mode) { return stringifyDepthMode(mode.getValue()).str(); })
      .Case([](GeluModeAttr mode) { return stringifyGeluMode(mode.getValue()).str(); })
      .Case([](SurviveRuleAttr rule) { return stringifySurviveRule(rule.getValue()).str(); })
      .Case([](ScatterKindAttr kind) { return stringifyScatterKind(kind.getValue()).str(); })
      .Default([](Attribute) { return std::string(); });
}

/// What a call means without the attribute.
static StringRef defaultText(Operation *op, StringRef name) {
  if (name == "groups" && isa<GroupnormOp>(op))
    return "";
  return llvm::StringSwitch<StringRef>(name)
      .Cases({"stride", "dilation", "groups"}, "1")
      .Cases({"pad", "output_pad"}, "0")
      .Cases({"ceil_mode", "count_include_pad"}, "false")
      .Cases({"keepdims", "largest"}, "true")
      .Case("eps", "1e-05")
      .Case("value", "0.0")
      .Case("mode", isa<PadOp>(op) ? "constant" : "")
      .Case("approximate", "none")
      .Default("");
}

static std::string typeWord(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return integer.getWidth() == 1 ? "bool" : integer.getWidth() == 8 ? "u8" : "i" + std::to_string(integer.getWidth());
  return "f" + std::to_string(type.getIntOrFloatBitWidth());
}

/// Keyword arguments, each with a comma before it.
static std::string attributesText(Operation *op) {
  std::string text;
  for (NamedAttribute attribute : op->getAttrDictionary()) {
    StringRef name = attribute.getName();
    std::string value = valueText(name, attribute.getValue());
    if (value.empty() || value == defaultText(op, name) || name == "shape" || name == "perm" || name.contains('.'))
      continue;
    if (name == "axes")
      name = "axis";
    text += (", " + name + "=" + value).str();
  }
  return text;
}

//===-- Weights --------------------------------------------------------------------------------------------------===//

/// What a call adds to its path for each operand from 1 on.
static ArrayRef<StringRef> suffixes(Operation *op) {
  static const StringRef all[] = {"weight", "bias", "running_mean", "running_var"};
  if (isa<BatchnormOp>(op))
    return all;
  return isa<ConvOp, ConvTransposeOp, LinearOp, GroupnormOp, InstancenormOp, ChannelnormOp, LayernormOp>(op)
             ? ArrayRef(all).take_front(op->getNumOperands() - 1)
             : ArrayRef<StringRef>();
}

/// Whether the language can write the path behind `as`.
static bool isWritable(StringRef path) {
  SmallVector<StringRef> segments;
  path.split(segments, '.');
  return llvm::all_of(segments, [](StringRef segment) {
    return !segment.empty() && llvm::all_of(segment, [](char c) { return llvm::isAlnum(c) || c == '_'; });
  });
}

std::optional<std::string> impliedPath(Operation *op) {
  ArrayRef<StringRef> names = suffixes(op);
  if (names.empty() || (isa<LayernormOp>(op) && names.size() == 1))
    return std::nullopt;
  StringRef path;
  for (auto [name, operand] : llvm::zip_equal(names, op->getOperands().drop_front())) {
    auto weight = operand.getDefiningOp<WeightOp>();
    StringRef stem = weight ? weight.getPath() : StringRef();
    if (!weight || !operand.hasOneUse() || !stem.consume_back(name) || !stem.consume_back(".") ||
        (!path.empty() && stem != path))
      return std::nullopt;
    path = stem;
  }
  return isWritable(path) ? std::optional(path.str()) : std::nullopt;
}

/// Weights that are not implied.
static std::string weightArguments(Operation *op, ArrayRef<std::string> operands) {
  std::string text;
  for (auto [name, operand] : llvm::zip(suffixes(op), operands.drop_front()))
    text += (", " + name + "=" + operand).str();
  if (isa<ConvOp, ConvTransposeOp, LinearOp>(op) && operands.size() == 2)
    text += ", bias=false";
  if (isa<GroupnormOp, InstancenormOp, ChannelnormOp, LayernormOp>(op) && operands.size() == 1)
    text += ", affine=false";
  if (isa<LayernormOp>(op) && operands.size() == 2)
    text += ", bias=false";
  return text;
}

/// What a call that implies its weights says of their extents.
static std::string impliedArguments(Operation *op) {
  if (!isa<ConvOp, ConvTransposeOp, LinearOp>(op))
    return "";
  ArrayRef<int64_t> filter = cast<RankedTensorType>(op->getOperand(1).getType()).getShape();
  int64_t groups = isa<ConvTransposeOp>(op) ? cast<ConvTransposeOp>(op).getGroups() : 1;
  std::string text = ", out=" + std::to_string(isa<ConvTransposeOp>(op) ? filter[1] * groups : filter[0]);
  if (!isa<LinearOp>(op))
    text += ", kernel=" + spatialText(filter.drop_front(2));
  return text + (op->getNumOperands() == 2 ? ", bias=false" : "");
}

//===-- Calls ----------------------------------------------------------------------------------------------------===//

static StringRef operatorOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case([](AddOp) { return " + "; })
      .Case([](SubOp) { return " - "; })
      .Case([](MulOp) { return "*"; })
      .Case([](DivOp) { return "/"; })
      .Default([](Operation *) { return ""; });
}
bool isInfix(Operation *op) { return !operatorOf(op).empty(); }

static StringRef callName(Operation *op) {
  StringRef name = op->getName().stripDialect();
  name.consume_front("reduce_");
  return name == "maximum" ? "max" : name == "minimum" ? "min" : name;
}

/// Ends before the first element count from behind the end.
static std::string sliceText(SliceOp op, StringRef x) {
  Extents stop(op.getStop());
  for (auto [end, extent] : llvm::zip(stop, cast<RankedTensorType>(op.getX().getType()).getShape()))
    end = end < 0 ? -extent - 1 : end;
  std::string text = ("slice(" + x + ", start=" + listText(op.getStart()) + ", stop=" + listText(stop)).str();
  bool isPlain = llvm::all_of(op.getStep(), [](int64_t step) { return step == 1; });
  return text + (isPlain ? ")" : ", step=" + listText(op.getStep()) + ")");
}

static std::string shapeArgument(Operation *op) {
  for (StringRef name : {"shape", "perm"})
    if (auto list = op->getAttrOfType<DenseI64ArrayAttr>(name))
      return ", " + listText(list);
  return "";
}

std::string callText(Operation *op, ArrayRef<std::string> operands, std::optional<std::string> path) {
  if (isInfix(op))
    return operands[0] + operatorOf(op).str() + operands[1];
  if (auto slice = dyn_cast<SliceOp>(op))
    return sliceText(slice, operands[0]);
  if (auto cast = dyn_cast<CastOp>(op))
    return "cast(" + operands[0] + ", to=" + typeWord(cast.getTo()) + ")";
  std::string text = callName(op).str() + "(";
  if (isa<ConcatOp>(op))
    return text + "[" + llvm::join(operands, ", ") + "]" + attributesText(op) + ")";
  bool hasWeights = !suffixes(op).empty() || isa<GroupnormOp, InstancenormOp, ChannelnormOp, LayernormOp>(op);
  text += hasWeights ? operands[0] : llvm::join(operands, ", ");
  text += shapeArgument(op);
  if (path)
    text += impliedArguments(op);
  else if (hasWeights)
    text += weightArguments(op, operands);
  return text + attributesText(op) + ")" + (path ? " as " + *path : "");
}

} // namespace weft::language
