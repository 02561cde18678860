// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Assembly form and verifiers of the `sched` attributes, and the builder families use.
#include "dialects/Sched/Sched.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace weft::sched;

#include "dialects/Sched/SchedDialect.cpp.inc"
#include "dialects/Sched/SchedEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Sched/SchedAttrs.cpp.inc"

void SchedDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Sched/SchedAttrs.cpp.inc"
      >();
}

//===-- directives ------------------------------------------------------------------------------------------------===//

/// How many loops a directive names; -1: one or more.
static int loopCount(DirectiveKind kind) {
  switch (kind) {
  case DirectiveKind::Split:
  case DirectiveKind::Strips:
  case DirectiveKind::Fuse:
    return 3;
  case DirectiveKind::Reorder:
  case DirectiveKind::StorageOrder:
    return -1;
  case DirectiveKind::ComputeRoot:
  case DirectiveKind::StoreRoot:
    return 0;
  case DirectiveKind::Prefetch:
  case DirectiveKind::Peel:
  case DirectiveKind::Pair:
    return 2;
  default:
    return 1;
  }
}

static bool hasFactor(DirectiveKind kind) {
  return kind == DirectiveKind::Split || kind == DirectiveKind::FoldStorage || kind == DirectiveKind::BoundExtent ||
         kind == DirectiveKind::Prefetch || kind == DirectiveKind::Strips;
}

static bool namesStage(DirectiveKind kind) {
  return kind == DirectiveKind::ComputeAt || kind == DirectiveKind::StoreAt;
}

static ParseResult parseLoop(AsmParser &parser, SmallVectorImpl<StringAttr> &loops) {
  StringRef name;
  if (parser.parseKeyword(&name))
    return failure();
  loops.push_back(StringAttr::get(parser.getContext(), name));
  return success();
}

static ParseResult parseFactor(AsmParser &parser, int64_t &factor) {
  return failure(parser.parseKeyword("by") || parser.parseInteger(factor));
}

static ParseResult parseTail(AsmParser &parser, Tail &tail) {
  auto at = parser.getCurrentLocation();
  StringRef word;
  if (parser.parseComma() || parser.parseKeyword(&word))
    return failure();
  if (auto known = symbolizeTail(word)) {
    tail = *known;
    return success();
  }
  return parser.emitError(at) << "`" << word
                              << "` is no tail; known are `shift_inwards`, `predicate`, `round_up`, `exact`";
}

/// `x -> xo, xi by 7, shift_inwards`
static ParseResult parseSplit(AsmParser &parser, SmallVectorImpl<StringAttr> &loops, int64_t &factor, Tail &tail) {
  return failure(parseLoop(parser, loops) || parser.parseArrow() || parseLoop(parser, loops) || parser.parseComma() ||
                 parseLoop(parser, loops) || parseFactor(parser, factor) || parseTail(parser, tail));
}

/// `y -> s, ys by 4`
static ParseResult parseStrips(AsmParser &parser, SmallVectorImpl<StringAttr> &loops, int64_t &factor) {
  return failure(parseLoop(parser, loops) || parser.parseArrow() || parseLoop(parser, loops) || parser.parseComma() ||
                 parseLoop(parser, loops) || parseFactor(parser, factor));
}

/// `x -> xm`
static ParseResult parsePeel(AsmParser &parser, SmallVectorImpl<StringAttr> &loops) {
  return failure(parseLoop(parser, loops) || parser.parseArrow() || parseLoop(parser, loops));
}

/// `y, cbo -> t`
static ParseResult parseFuse(AsmParser &parser, SmallVectorImpl<StringAttr> &loops) {
  return failure(parseLoop(parser, loops) || parser.parseComma() || parseLoop(parser, loops) || parser.parseArrow() ||
                 parseLoop(parser, loops));
}

/// `"out", xo`
static ParseResult parsePlace(AsmParser &parser, SmallVectorImpl<StringAttr> &loops, std::string &at) {
  return failure(parser.parseString(&at) || parser.parseComma() || parseLoop(parser, loops));
}

/// `"filter", ib, cbo by 5`
static ParseResult parsePrefetch(AsmParser &parser, SmallVectorImpl<StringAttr> &loops, int64_t &factor,
                                 std::string &operand) {
  return failure(parsePlace(parser, loops, operand) || parser.parseComma() || parseLoop(parser, loops) ||
                 parseFactor(parser, factor));
}

static ParseResult parseArguments(AsmParser &parser, DirectiveKind kind, SmallVectorImpl<StringAttr> &loops,
                                  int64_t &factor, Tail &tail, std::string &at) {
  if (kind == DirectiveKind::Split)
    return parseSplit(parser, loops, factor, tail);
  if (kind == DirectiveKind::Strips)
    return parseStrips(parser, loops, factor);
  if (kind == DirectiveKind::Peel)
    return parsePeel(parser, loops);
  if (kind == DirectiveKind::Fuse)
    return parseFuse(parser, loops);
  if (namesStage(kind))
    return parsePlace(parser, loops, at);
  if (kind == DirectiveKind::Prefetch)
    return parsePrefetch(parser, loops, factor, at);
  if (loopCount(kind) == -1 || kind == DirectiveKind::Pair)
    return parser.parseCommaSeparatedList([&] { return parseLoop(parser, loops); });
  if (parseLoop(parser, loops))
    return failure();
  return hasFactor(kind) ? parseFactor(parser, factor) : success();
}

Attribute DirectiveAttr::parseBody(AsmParser &parser) {
  auto where = parser.getCurrentLocation();
  StringRef word;
  if (parser.parseKeyword(&word))
    return {};
  auto kind = symbolizeDirectiveKind(word);
  if (!kind) {
    parser.emitError(where) << "`" << word << "` is no scheduling directive";
    return {};
  }
  SmallVector<StringAttr> loops;
  int64_t factor = 0;
  Tail tail = Tail::Predicate;
  std::string at;
  if (loopCount(*kind) != 0 &&
      (parser.parseLParen() || parseArguments(parser, *kind, loops, factor, tail, at) || parser.parseRParen()))
    return {};
  return parser.getChecked<DirectiveAttr>(where, parser.getContext(), *kind, loops, factor, tail,
                                          StringAttr::get(parser.getContext(), at));
}

void DirectiveAttr::printBody(AsmPrinter &printer) const {
  auto loop = [&](unsigned index) { return getLoops()[index].getValue(); };
  printer << stringifyDirectiveKind(getKind());
  if (loopCount(getKind()) == 0)
    return;
  printer << '(';
  if (getKind() == DirectiveKind::Split) {
    printer << loop(0) << " -> " << loop(1) << ", " << loop(2) << " by " << getFactor() << ", "
            << stringifyTail(getTail());
  } else if (getKind() == DirectiveKind::Strips) {
    printer << loop(0) << " -> " << loop(1) << ", " << loop(2) << " by " << getFactor();
  } else if (getKind() == DirectiveKind::Peel) {
    printer << loop(0) << " -> " << loop(1);
  } else if (getKind() == DirectiveKind::Fuse) {
    printer << loop(0) << ", " << loop(1) << " -> " << loop(2);
  } else if (namesStage(getKind())) {
    printer << getAt() << ", " << loop(0);
  } else if (getKind() == DirectiveKind::Prefetch) {
    printer << getAt() << ", " << loop(0) << ", " << loop(1) << " by " << getFactor();
  } else {
    llvm::interleaveComma(getLoops(), printer, [&](StringAttr name) { printer << name.getValue(); });
    if (hasFactor(getKind()))
      printer << " by " << getFactor();
  }
  printer << ')';
}

Attribute DirectiveAttr::parse(AsmParser &parser, Type) {
  if (parser.parseLess())
    return {};
  Attribute attr = parseBody(parser);
  if (!attr || parser.parseGreater())
    return {};
  return attr;
}

void DirectiveAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printBody(printer);
  printer << '>';
}

LogicalResult DirectiveAttr::verify(function_ref<InFlightDiagnostic()> error, DirectiveKind kind,
                                    ArrayRef<StringAttr> loops, int64_t factor, Tail tail, StringAttr at) {
  int wanted = loopCount(kind);
  if (wanted >= 0 ? int(loops.size()) != wanted : loops.empty())
    return error() << "`" << stringifyDirectiveKind(kind) << "` with " << loops.size() << " loops";
  if (hasFactor(kind) && factor < 1)
    return error() << "`" << stringifyDirectiveKind(kind) << "` by " << factor << "; the factor is 1 or more";
  llvm::StringSet<> seen;
  for (StringAttr loop : loops)
    if (!seen.insert(loop.getValue()).second && kind != DirectiveKind::Prefetch) // each turn may fetch for the next
      return error() << "`" << stringifyDirectiveKind(kind) << "` names the loop `" << loop.getValue() << "` twice";
  return success();
}

//===-- stages and schedules --------------------------------------------------------------------------------------===//

static ParseResult parseDirectives(AsmParser &parser, SmallVectorImpl<DirectiveAttr> &directives) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&]() -> ParseResult {
    auto directive = llvm::dyn_cast_or_null<DirectiveAttr>(DirectiveAttr::parseBody(parser));
    if (!directive)
      return failure();
    directives.push_back(directive);
    return success();
  });
}

static void printDirectives(AsmPrinter &printer, ArrayRef<DirectiveAttr> directives) {
  printer << '[';
  llvm::interleaveComma(directives, printer, [&](DirectiveAttr directive) { directive.printBody(printer); });
  printer << ']';
}

Attribute StageAttr::parseBody(AsmParser &parser) {
  std::string name;
  SmallVector<DirectiveAttr> directives, update;
  if (parser.parseLess() || parser.parseString(&name) || parser.parseComma() || parseDirectives(parser, directives))
    return {};
  if (succeeded(parser.parseOptionalComma()) && (parser.parseKeyword("update") || parseDirectives(parser, update)))
    return {};
  if (parser.parseGreater())
    return {};
  return StageAttr::get(parser.getContext(), StringAttr::get(parser.getContext(), name), directives, update);
}

void StageAttr::printBody(AsmPrinter &printer) const {
  printer << '<' << getName() << ", ";
  printDirectives(printer, getDirectives());
  if (!getUpdate().empty()) {
    printer << ", update ";
    printDirectives(printer, getUpdate());
  }
  printer << '>';
}

Attribute StageAttr::parse(AsmParser &parser, Type) { return parseBody(parser); }
void StageAttr::print(AsmPrinter &printer) const { printBody(printer); }

Attribute ScheduleAttr::parse(AsmParser &parser, Type) {
  SmallVector<StageAttr> stages;
  auto where = parser.getCurrentLocation();
  auto parseStage = [&]() -> ParseResult {
    if (parser.parseKeyword("stage"))
      return failure();
    auto stage = llvm::dyn_cast_or_null<StageAttr>(StageAttr::parseBody(parser));
    if (!stage)
      return failure();
    stages.push_back(stage);
    return success();
  };
  if (parser.parseLess() || parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseStage) ||
      parser.parseGreater())
    return {};
  return parser.getChecked<ScheduleAttr>(where, parser.getContext(), stages);
}

void ScheduleAttr::print(AsmPrinter &printer) const {
  printer << "<[";
  llvm::interleaveComma(getStages(), printer, [&](StageAttr stage) {
    printer << "stage";
    stage.printBody(printer);
  });
  printer << "]>";
}

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> error, ArrayRef<StageAttr> stages) {
  llvm::StringSet<> seen;
  for (StageAttr stage : stages)
    if (!seen.insert(stage.getName().getValue()).second)
      return error() << "the stage " << stage.getName() << " is scheduled twice";
  return success();
}

//===-- builder ---------------------------------------------------------------------------------------------------===//

StageBuilder &StageBuilder::add(DirectiveKind kind, ArrayRef<StringRef> loops, int64_t factor, Tail tail,
                                StringRef at) {
  SmallVector<StringAttr> names;
  for (StringRef loop : loops)
    names.push_back(StringAttr::get(context, loop));
  auto directive = DirectiveAttr::getChecked([&] { return emitError(UnknownLoc::get(context)); }, context, kind, names,
                                             factor, tail, StringAttr::get(context, at));
  if (directive)
    (toUpdate ? update : directives).push_back(directive);
  return *this;
}

StageBuilder &StageBuilder::split(StringRef loop, StringRef outer, StringRef inner, int64_t factor, Tail tail) {
  return add(DirectiveKind::Split, {loop, outer, inner}, factor, tail);
}
StageBuilder &StageBuilder::strips(StringRef loop, StringRef outer, StringRef inner, int64_t atLeast) {
  return add(DirectiveKind::Strips, {loop, outer, inner}, atLeast);
}
StageBuilder &StageBuilder::peel(StringRef loop, StringRef inside) { return add(DirectiveKind::Peel, {loop, inside}); }
StageBuilder &StageBuilder::fuse(StringRef outer, StringRef inner, StringRef fused) {
  return add(DirectiveKind::Fuse, {outer, inner, fused});
}
StageBuilder &StageBuilder::reorder(ArrayRef<StringRef> loops) { return add(DirectiveKind::Reorder, loops); }
StageBuilder &StageBuilder::vectorize(StringRef loop) { return add(DirectiveKind::Vectorize, {loop}); }
StageBuilder &StageBuilder::unroll(StringRef loop) { return add(DirectiveKind::Unroll, {loop}); }
StageBuilder &StageBuilder::parallel(StringRef loop) { return add(DirectiveKind::Parallel, {loop}); }
StageBuilder &StageBuilder::computeAt(StringRef stage, StringRef loop) {
  return add(DirectiveKind::ComputeAt, {loop}, 0, Tail::Predicate, stage);
}
StageBuilder &StageBuilder::storeAt(StringRef stage, StringRef loop) {
  return add(DirectiveKind::StoreAt, {loop}, 0, Tail::Predicate, stage);
}
StageBuilder &StageBuilder::computeRoot() { return add(DirectiveKind::ComputeRoot, {}); }
StageBuilder &StageBuilder::storeRoot() { return add(DirectiveKind::StoreRoot, {}); }
StageBuilder &StageBuilder::storageOrder(ArrayRef<StringRef> loops) { return add(DirectiveKind::StorageOrder, loops); }
StageBuilder &StageBuilder::foldStorage(StringRef loop, int64_t factor) {
  return add(DirectiveKind::FoldStorage, {loop}, factor);
}
StageBuilder &StageBuilder::boundExtent(StringRef loop, int64_t factor) {
  return add(DirectiveKind::BoundExtent, {loop}, factor);
}
StageBuilder &StageBuilder::prefetch(StringRef operand, StringRef turn, StringRef next, int64_t lines) {
  return add(DirectiveKind::Prefetch, {turn, next}, lines, Tail::Predicate, operand);
}
StageBuilder &StageBuilder::pair(StringRef blocks, StringRef pixels) { return add(DirectiveKind::Pair, {blocks, pixels}); }
StageBuilder &StageBuilder::onUpdate() {
  toUpdate = true;
  return *this;
}

StageAttr StageBuilder::get() const {
  return StageAttr::get(context, StringAttr::get(context, name), directives, update);
}
