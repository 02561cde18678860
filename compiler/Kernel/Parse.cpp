// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Text to KernelDesc by recursive descent. The first error ends it: the text is written by programs, a person who edits
// a reproducer needs one place.
#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/Lexer.h"
#include "compiler/Kernel/Spell.h"
#include "compiler/Kernel/Text.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace weft::kernel {

namespace {

constexpr size_t maxBytes = 64 << 20;
constexpr int maxDepth = 256;
constexpr int maxHeight = 8192; // of an expression through what it has bound: readers recurse

class Parser {
public:
  Parser(std::string_view text, ParseError &error) : text(text), lexer(text), error(error) { advance(); }

  bool parseAll(std::vector<KernelDesc> &kernels) {
    while (token.kind != Token::Kind::End)
      if (!parseKernel(kernels.emplace_back()))
        return false;
    return true;
  }

private:
  // Tokens.
  void advance() { token = lexer.next(); }

  bool fail(const std::string &message) { return failAt(token.offset, message); }

  bool failAt(size_t offset, const std::string &message) {
    if (error.line)
      return false; // the first one says what is wrong
    error.line = 1;
    size_t start = 0;
    for (size_t i = 0; i < offset; ++i)
      if (text[i] == '\n') {
        ++error.line;
        start = i + 1;
      }
    error.column = static_cast<int>(offset - start) + 1;
    error.message = message;
    return false;
  }

  std::string seen() const {
    return token.kind == Token::Kind::End ? "the end" : "`" + std::string(token.text.substr(0, 40)) + "`";
  }

  bool isPunctuation(char c) const { return token.kind == Token::Kind::Punctuation && token.text[0] == c; }
  bool isWord(std::string_view word) const { return token.kind == Token::Kind::Name && token.text == word; }

  bool accept(char c) {
    if (!isPunctuation(c))
      return false;
    advance();
    return true;
  }

  bool acceptWord(std::string_view word) {
    if (!isWord(word))
      return false;
    advance();
    return true;
  }

  bool expect(char c) { return accept(c) || fail(std::string("expected `") + c + "`, got " + seen()); }

  bool expectWord(std::string_view word) {
    return acceptWord(word) || fail("expected `" + std::string(word) + "`, got " + seen());
  }

  bool parseName(std::string &name) {
    if (token.kind != Token::Kind::Name)
      return fail("expected a name, got " + seen());
    name = token.text;
    advance();
    return true;
  }

  bool parseInteger(int64_t &value) {
    auto [end, failed] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
    if (token.kind != Token::Kind::Number || failed != std::errc() || end != token.text.data() + token.text.size())
      return fail("expected an integer, got " + seen());
    advance();
    return true;
  }

  /// `a, b, c` up to `close`, which is eaten.
  template <typename Item> bool parseList(char close, Item item) {
    if (accept(close))
      return true;
    do {
      if (!item())
        return false;
    } while (accept(','));
    return expect(close);
  }

  bool parseScalar(Scalar &type) {
    std::optional<Scalar> named = scalarNamed(token.text);
    if (token.kind != Token::Kind::Name || !named)
      return fail("expected an element type, got " + seen());
    type = *named;
    advance();
    return true;
  }

  // Kernels.
  bool parseKernel(KernelDesc &kernel) {
    desc = &kernel;
    if (!expectWord("kernel") || !parseName(kernel.name) || !expect('{'))
      return false;
    while (!isPunctuation('}'))
      if (!parseItem())
        return false;
    advance();
    return true;
  }

  bool parseItem() {
    if (acceptWord("operand"))
      return parseOperand(false);
    if (acceptWord("output"))
      return parseOperand(true);
    if (acceptWord("stage"))
      return parseStage();
    if (acceptWord("schedule"))
      return parseSchedule();
    return fail("expected `operand`, `output`, `stage`, `schedule` or `}`, got " + seen());
  }

  bool parseDims(std::vector<int64_t> &values) {
    return expect('[') && parseList(']', [&] {
             int64_t &value = values.emplace_back(-1);
             return accept('?') || (parseInteger(value) && (value >= 0 || fail("expected a size of at least 0")));
           });
  }

  bool parseOperand(bool isOutput) {
    Operand operand;
    operand.isOutput = isOutput;
    std::vector<int64_t> extents, strides;
    if (!parseName(operand.name) || !parseScalar(operand.type) || !parseDims(extents) || !expectWord("strides") ||
        !parseDims(strides))
      return false;
    if (extents.size() != strides.size())
      return fail("`" + operand.name + "` has " + std::to_string(extents.size()) + " extents and " +
                  std::to_string(strides.size()) + " strides");
    for (size_t i = 0; i < extents.size(); ++i)
      operand.dims.push_back({extents[i], strides[i]});
    if (acceptWord("alias") && !parseOperandName(operand.mayAlias))
      return false;
    if (acceptWord("filled") && !parseInteger(operand.filled))
      return false;
    desc->operands.push_back(std::move(operand));
    return true;
  }

  bool parseOperandName(int &ref) {
    size_t offset = token.offset;
    std::string name;
    if (!parseName(name))
      return false;
    ref = findOperand(*desc, name);
    return ref >= 0 || failAt(offset, "no operand `" + name + "`");
  }

  bool parseLoops(std::vector<Loop> &loops) {
    return expect('[') && parseList(']', [&] {
             Loop &loop = loops.emplace_back();
             return parseName(loop.name) && expect('<') && parseExtent(loop.extent);
           });
  }

  bool parseExtent(Extent &extent) {
    if (token.kind == Token::Kind::Number)
      return parseInteger(extent.value) && (extent.value >= 0 || fail("expected an extent of at least 0"));
    int64_t dim = -1;
    if (!parseOperandName(extent.operand) || !expect('.') || !parseInteger(dim))
      return false;
    if (dim < 0 || dim >= int64_t(desc->operands[extent.operand].dims.size()))
      return fail("`" + desc->operands[extent.operand].name + "` has no dimension " + std::to_string(dim));
    extent.dim = static_cast<int>(dim);
    if (acceptWord("by") && (!parseInteger(extent.per) || extent.per < 1))
      return fail("expected how many of an extent make one turn, at least 1");
    return true;
  }

  bool parseStage() {
    Stage parsed;
    stage = &parsed;
    if (!parseName(parsed.name) || !parseScalar(parsed.type) || !parseLoops(parsed.loops))
      return false;
    if (acceptWord("holds") && !parseOperandName(parsed.output))
      return false;
    if (!expect('{') || !parseLets() || !expectWord("init") || !parseExpr(parsed.init))
      return false;
    if (acceptWord("update") && !parseUpdate())
      return false;
    if (!expect('}'))
      return false;
    desc->stages.push_back(std::move(parsed));
    return true;
  }

  bool parseUpdate() {
    stage->update = std::make_unique<Update>();
    if (!parseLoops(stage->update->loops) || !parseLets() || !expectWord("value"))
      return false;
    if (acceptWord("place") && !parsePlace())
      return false;
    if (acceptWord("where") && !parseExpr(stage->update->predicate))
      return false;
    return expect('=') && parseExpr(stage->update->value);
  }

  bool parsePlace() {
    std::string name;
    size_t offset = token.offset;
    if (!parseName(name))
      return false;
    auto loop = std::find_if(stage->loops.begin(), stage->loops.end(), [&](const Loop &loop) { return loop.name == name; });
    if (loop == stage->loops.end())
      return failAt(offset, "no loop `" + name + "` of the stage");
    stage->update->scattered = static_cast<int>(loop - stage->loops.begin());
    return expect('=') && parseExpr(stage->update->place);
  }

  bool parseLets() {
    bound.clear();
    heights.clear();
    while (acceptWord("let")) {
      std::string name(token.text);
      if (token.kind != Token::Kind::Bound)
        return fail("expected `%` and a number, got " + seen());
      advance();
      ExprPtr value;
      if (!expect('=') || !parseExpr(value))
        return false;
      bound[name] = value;
      if ((heights[value.get()] = height(*value)) > maxHeight)
        return fail("expressions nest deeper than " + std::to_string(maxHeight) + " levels");
    }
    return true;
  }

  int height(const Expr &expr) const {
    if (auto known = heights.find(&expr); known != heights.end())
      return known->second;
    int highest = 0;
    for (const ExprPtr &arg : expr.args)
      highest = std::max(highest, height(*arg));
    return highest + 1;
  }

  // Expressions.
  bool parseExpr(ExprPtr &expr) {
    if (depth == maxDepth)
      return fail("expressions nest deeper than " + std::to_string(maxDepth) + " levels");
    ++depth;
    bool good = parseExprBody(expr);
    --depth;
    return good;
  }

  bool parseExprBody(ExprPtr &expr) {
    if (token.kind == Token::Kind::Number || isWord("inf") || isWord("nan"))
      return parseConstant(expr);
    if (token.kind == Token::Kind::Bound)
      return parseBound(expr);
    if (accept('@')) {
      int ref = -1;
      return parseOperandName(ref) && parseLoad(expr, ref, ExprKind::LoadOperand, desc->operands[ref].type);
    }
    size_t offset = token.offset;
    std::string name;
    if (!parseName(name))
      return false;
    if (isPunctuation('['))
      return parseStageLoad(expr, name, offset);
    if (isPunctuation('(') || isPunctuation(':'))
      return parseCall(expr, name, offset);
    return parseLoopOrAccumulator(expr, name, offset);
  }

  bool parseBound(ExprPtr &expr) {
    auto found = bound.find(std::string(token.text));
    if (found == bound.end())
      return fail("`" + std::string(token.text) + "` is not bound");
    expr = found->second;
    advance();
    return true;
  }

  bool parseConstant(ExprPtr &expr) {
    double value = 0;
    auto [end, failed] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
    if (failed != std::errc() || end != token.text.data() + token.text.size())
      return fail("expected a number in the range of f64, got " + seen());
    advance();
    Scalar type = Scalar::F32;
    if (accept(':') && !parseScalar(type))
      return false;
    expr = constant(value, type);
    return true;
  }

  bool parseStageLoad(ExprPtr &expr, const std::string &name, size_t offset) {
    int ref = findStage(*desc, name);
    if (ref < 0)
      return failAt(offset, "no stage `" + name + "` before this one; operands are read as `@" + name + "[...]`");
    return parseLoad(expr, ref, ExprKind::LoadStage, desc->stages[ref].type);
  }

  bool parseLoad(ExprPtr &expr, int ref, ExprKind kind, Scalar type) {
    std::vector<ExprPtr> args;
    if (!expect('[') || !parseList(']', [&] { return parseExpr(args.emplace_back()); }))
      return false;
    expr =
        kind == ExprKind::LoadOperand ? loadOperand(ref, type, std::move(args)) : loadStage(ref, type, std::move(args));
    return true;
  }

  /// `(@x, 1)` behind `extent`
  bool parseExtentOf(ExprPtr &expr) {
    int ref = -1;
    int64_t dim = 0;
    if (!expect('(') || !expect('@') || !parseOperandName(ref) || !expect(',') || !parseInteger(dim) || !expect(')'))
      return false;
    if (dim < 0 || dim >= int64_t(desc->operands[ref].dims.size()))
      return fail("`" + desc->operands[ref].name + "` has no dimension " + std::to_string(dim));
    expr = operandExtent(ref, int(dim));
    return true;
  }

  bool parseCall(ExprPtr &expr, const std::string &name, size_t offset) {
    if (name == "extent")
      return parseExtentOf(expr);
    Scalar type = Scalar::F32;
    bool isCast = name == "cast";
    if (isCast && (!expect(':') || !parseScalar(type)))
      return false;
    std::vector<ExprPtr> args;
    if (!expect('(') || !parseList(')', [&] { return parseExpr(args.emplace_back()); }))
      return false;
    auto count = [&](size_t wanted) {
      return args.size() == wanted ||
             failAt(offset, "`" + name + "` takes " + std::to_string(wanted) +
                                (wanted == 1 ? " argument" : " arguments") + ", not " + std::to_string(args.size()));
    };
    if (isCast) {
      expr = count(1) ? cast(type, args[0]) : nullptr;
    } else if (name == "select") {
      expr = count(3) ? select(args[0], args[1], args[2]) : nullptr;
    } else if (name == "mux") {
      if (args.size() < 2)
        return failAt(offset, "`mux` takes an index and at least one value");
      expr = mux(args[0], std::vector<ExprPtr>(args.begin() + 1, args.end()));
    } else if (name == "tile_dot") {
      expr = args.size() == 6 || count(5) ? tileDot(std::move(args)) : nullptr;
    } else if (std::optional<ScalarOp> op = scalarOpNamed(name)) {
      if (isUnary(*op))
        expr = count(1) ? unary(*op, args[0]) : nullptr;
      else
        expr = count(2) ? binary(*op, args[0], args[1]) : nullptr;
    } else {
      return failAt(offset, "no operation `" + name + "`");
    }
    return expr != nullptr;
  }

  bool parseLoopOrAccumulator(ExprPtr &expr, const std::string &name, size_t offset) {
    if (name == "acc") {
      expr = accumulator(stage->type);
      return true;
    }
    int ref = 0;
    for (const std::vector<Loop> *loops : {&stage->loops, stage->update ? &stage->update->loops : nullptr}) {
      if (!loops)
        continue;
      for (const Loop &candidate : *loops) {
        if (candidate.name == name) {
          expr = loop(ref);
          return true;
        }
        ++ref;
      }
    }
    return failAt(offset, "no loop `" + name + "` in stage `" + stage->name + "`");
  }

  // Schedules.
  bool parseSchedule() {
    StageSchedule schedule;
    if (!parseName(schedule.stage) || !expect('{'))
      return false;
    while (!accept('}'))
      if (!parseDirective(schedule.directives.emplace_back()))
        return false;
    desc->schedule.push_back(std::move(schedule));
    return true;
  }

  bool parseDirective(Directive &directive) {
    directive.onUpdate = acceptWord("update");
    std::optional<Directive::Kind> kind = directiveNamed(token.text);
    if (token.kind != Token::Kind::Name || !kind)
      return fail("expected a directive or `}`, got " + seen());
    directive.kind = *kind;
    advance();
    if (!expect('('))
      return false;
    if ((*kind == Directive::Kind::ComputeAt || *kind == Directive::Kind::StoreAt ||
         *kind == Directive::Kind::Prefetch) &&
        (!parseName(directive.at) || !expect(',')))
      return false;
    while (!accept(')')) {
      if (!directive.loops.empty() && acceptWord("by"))
        return parseFactor(directive);
      if ((!directive.loops.empty() && !expect(',')) || !parseName(directive.loops.emplace_back()))
        return false;
    }
    return true;
  }

  bool parseFactor(Directive &directive) {
    if (!parseInteger(directive.factor))
      return false;
    if (accept(',')) {
      std::optional<Tail> tail = tailNamed(token.text);
      if (!tail)
        return fail("expected `shift_inwards`, `predicate`, `round_up` or `exact`, got " + seen());
      directive.tail = *tail;
      advance();
    }
    return expect(')');
  }

  std::string_view text;
  Lexer lexer;
  ParseError &error;
  Token token;
  KernelDesc *desc = nullptr;
  Stage *stage = nullptr;
  std::map<std::string, ExprPtr> bound;
  std::map<const Expr *, int> heights; // of what is bound
  int depth = 0;
};

} // namespace

std::optional<std::vector<KernelDesc>> parseKernels(const std::string &text, ParseError &error) {
  error = {};
  std::vector<KernelDesc> kernels;
  if (text.size() > maxBytes) {
    error = {1, 1, "the text is longer than 64 MiB"};
    return std::nullopt;
  }
  if (!Parser(text, error).parseAll(kernels))
    return std::nullopt;
  return kernels;
}

std::optional<KernelDesc> parseKernel(const std::string &text, ParseError &error) {
  std::optional<std::vector<KernelDesc>> kernels = parseKernels(text, error);
  if (!kernels)
    return std::nullopt;
  if (kernels->size() != 1) {
    error = {1, 1, "expected one kernel, got " + std::to_string(kernels->size())};
    return std::nullopt;
  }
  return std::move(kernels->front());
}

} // namespace weft::kernel
