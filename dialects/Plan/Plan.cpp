// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The `plan` dialect's registration and the small questions its operations answer. Verifiers are in Verify.cpp.
#include "dialects/Plan/Plan.h"

#include "dialects/Plan/Syntax.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace weft::plan;

#include "dialects/Plan/PlanDialect.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Plan/PlanTypes.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Plan/PlanAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Plan/Plan.cpp.inc"

void PlanDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Plan/PlanTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Plan/PlanAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Plan/Plan.cpp.inc"
      >();
}

int64_t weft::plan::elementBytes(Type type) {
  if (!type.isIntOrFloat())
    return 0;
  switch (type.getIntOrFloatBitWidth()) {
  case 1: // a bool takes a byte
  case 8:
    return 1;
  case 16:
    return 2;
  case 32:
    return 4;
  case 64:
    return 8;
  default:
    return 0;
  }
}

//===-- text of attributes ----------------------------------------------------------------------------------------===//

Attribute ViewAttr::parseBody(AsmParser &parser) {
  auto where = parser.getCurrentLocation();
  Extent offset;
  SmallVector<Extent> extents, strides;
  Type element;
  if (parser.parseLSquare() || parseExtent(parser, offset) || parser.parseRSquare() || parseExtents(parser, extents) ||
      parser.parseKeyword("by") || parseExtents(parser, strides) || parser.parseType(element))
    return {};
  return parser.getChecked<ViewAttr>(where, parser.getContext(), offset, extents, strides, element);
}

void ViewAttr::printBody(AsmPrinter &printer) const {
  printExtents(printer, getOffset());
  printer << ' ';
  printExtents(printer, getExtents());
  printer << " by ";
  printExtents(printer, getStrides());
  printer << ' ' << getElement();
}

Attribute ViewAttr::parse(AsmParser &parser, Type) {
  if (parser.parseLess())
    return {};
  Attribute view = parseBody(parser);
  if (!view || parser.parseGreater())
    return {};
  return view;
}

void ViewAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printBody(printer);
  printer << '>';
}

Attribute ExtentsAttr::parse(AsmParser &parser, Type) {
  SmallVector<Extent> values;
  if (parser.parseLess() || parseExtents(parser, values) || parser.parseGreater())
    return {};
  return ExtentsAttr::get(parser.getContext(), values);
}

void ExtentsAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printExtents(printer, getValues());
  printer << '>';
}

//===-- views -----------------------------------------------------------------------------------------------------===//

int64_t ViewAttr::getElementBytes() const { return elementBytes(getElement()); }

std::optional<int64_t> ViewAttr::elementCount(const Bounds &at) const {
  int64_t count = 1;
  for (const Extent &extent : getExtents()) {
    std::optional<int64_t> value = extent.evaluate(at);
    if (!value || *value < 0 || llvm::MulOverflow(count, *value, count))
      return std::nullopt;
  }
  return count;
}

std::optional<std::pair<int64_t, int64_t>> ViewAttr::coveredBytes(const Bounds &at) const {
  std::optional<int64_t> first = getOffset().evaluate(at), count = elementCount(at);
  if (!first || !count)
    return std::nullopt;
  int64_t last = *first, bytes = getElementBytes();
  for (auto [extent, stride] : llvm::zip(getExtents(), getStrides())) {
    std::optional<int64_t> step = stride.evaluate(at);
    int64_t reach;
    if (!step ||
        (*count && (llvm::MulOverflow(*extent.evaluate(at) - 1, *step, reach) || llvm::AddOverflow(last, reach, last))))
      return std::nullopt;
  }
  int64_t begin, end;
  if (llvm::MulOverflow(*first, bytes, begin) || llvm::MulOverflow(*count ? last + 1 : last, bytes, end))
    return std::nullopt;
  return std::pair(begin, end);
}

//===-- the program -----------------------------------------------------------------------------------------------===//

void ProgramOp::build(OpBuilder &builder, OperationState &state, StringRef name) {
  state.addAttribute(getSymNameAttrName(state.name), builder.getStringAttr(name));
  state.addRegion()->emplaceBlock();
}

template <typename OpTy> static SmallVector<OpTy, 4> collect(ProgramOp program) {
  auto ops = program.getBody().getOps<OpTy>();
  return SmallVector<OpTy, 4>(ops.begin(), ops.end());
}

template <typename OpTy> static OpTy first(ProgramOp program) {
  auto ops = program.getBody().getOps<OpTy>();
  return ops.empty() ? OpTy() : *ops.begin();
}

SmallVector<SizeOp, 4> ProgramOp::getSizes() { return collect<SizeOp>(*this); }
SmallVector<InputOp, 4> ProgramOp::getInputs() { return collect<InputOp>(*this); }
SmallVector<OutputOp, 4> ProgramOp::getOutputs() { return collect<OutputOp>(*this); }
ArenaOp ProgramOp::getArena() { return first<ArenaOp>(*this); }
WeightsOp ProgramOp::getWeights() { return first<WeightsOp>(*this); }

Bounds ProgramOp::getBounds() {
  Bounds bounds;
  for (SizeOp size : getSizes())
    bounds[size.getName()] = size.getBound();
  return bounds;
}

SmallVector<Operation *> ProgramOp::getSteps() {
  SmallVector<Operation *> steps;
  for (Operation &op : getBody().getOps())
    if (isa<LaunchOp, BorderOp, CopyOp>(op))
      steps.push_back(&op);
  return steps;
}

int64_t SlotOp::getBytes() {
  auto type = cast<RankedTensorType>(getRecipe().getType());
  return type.getNumElements() * elementBytes(type.getElementType());
}

SmallVector<SliceOp::Piece> SliceOp::getPieces() {
  SmallVector<Piece> pieces;
  int64_t begin = 0;
  for (auto [index, end] : llvm::enumerate(getEnds())) {
    pieces.push_back({begin, end, getLives()[2 * index], getLives()[2 * index + 1]});
    begin = end;
  }
  return pieces;
}

std::optional<int64_t> weft::plan::scratchBytes(int64_t callerBytes, int64_t workerBytes, int64_t threads) {
  int64_t bytes = 0;
  if (llvm::MulOverflow(workerBytes, threads - 1, bytes) || llvm::AddOverflow(bytes, callerBytes, bytes))
    return std::nullopt;
  return bytes;
}

int64_t ProgramOp::getArenaBytes() { return getArena() ? llvm::alignTo(getArena().getBytes(), alignmentBytes) : 0; }

int64_t ProgramOp::getPlannedThreads() { return getArena() ? getArena().getThreads() : 1; }

int64_t ProgramOp::getWorkerBytes() {
  int64_t most = 0;
  for (auto launch : getBody().getOps<LaunchOp>())
    most = std::max<int64_t>(most, launch.getWorkerBytes());
  return most;
}

int64_t LaunchOp::getInPlace(unsigned index) {
  auto inPlace = getInPlaceAttr();
  return inPlace && index < size_t(inPlace.size()) ? inPlace[index] : -1;
}

void InputOp::getAsmResultNames(function_ref<void(Value, StringRef)> name) { name(getBuffer(), getName()); }
void OutputOp::getAsmResultNames(function_ref<void(Value, StringRef)> name) { name(getBuffer(), getName()); }
void WeightsOp::getAsmResultNames(function_ref<void(Value, StringRef)> name) { name(getStorage(), "packed"); }
void SlotOp::getAsmResultNames(function_ref<void(Value, StringRef)> name) { name(getBuffer(), "w"); }
void ArenaOp::getAsmResultNames(function_ref<void(Value, StringRef)> name) { name(getStorage(), "arena"); }
void SliceOp::getAsmResultNames(function_ref<void(Value, StringRef)> name) {
  auto worksInIt = [&](Operation *user) {
    auto launch = dyn_cast<LaunchOp>(user);
    return launch && launch.getScratch() == getBuffer();
  };
  name(getBuffer(), llvm::any_of(getBuffer().getUsers(), worksInIt) ? "scratch" : "s");
}
