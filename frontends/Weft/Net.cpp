// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The net itself: settings, inputs, results, and the module around them, as compiler/README.md describes it.
#include "frontends/Weft/Evaluator.h"
#include "frontends/Weft/Parser.h"
#include "frontends/Weft/Printer.h"

#include "dialects/Weft/Paths.h"
#include "dialects/Weft/Weft.h"

#include "mlir/IR/Verifier.h"

using namespace weft;
using namespace weft::language;
using llvm::StringRef;
using llvm::Twine;

static constexpr size_t maxRank = 6;

mlir::OwningOpRef<mlir::ModuleOp> Evaluator::net(const Item &item, const Unit &unit) {
  Frame outermost;
  outermost.unit = &unit;
  outermost.item = &item;
  Scope names;
  Restore<Frame *> restoreFrame(frame, &outermost);
  Restore<Scope *> restoreScope(scope, &names);
  mlir::OwningOpRef<mlir::ModuleOp> owned(mlir::ModuleOp::create(locationOf({}, item.name.range)));
  module = *owned;
  builder.setInsertionPointToEnd(module.getBody());
  function = mlir::func::FuncOp::create(builder, locationOf(item.name.text, item.name.range), item.name.text,
                                        builder.getFunctionType({}, {}));
  function->setAttr("weft.net", builder.getUnitAttr());
  function.getBody().emplaceBlock();
  builder.setInsertionPointToEnd(&function.getBody().front());

  if (!fewPorts(item))
    return nullptr;
  readSettings(item);
  checkOutputs(item);
  ports(item);
  checkSettingsUsed(item);
  if (diagnostics.hasErrors())
    return nullptr;
  body(*item.body, names);
  if (!stopped && !diagnostics.hasErrors())
    results(item);
  if (!stopped && !diagnostics.hasErrors())
    innerResults(item);
  if (diagnostics.hasErrors())
    return nullptr;
  dropUnused();
  setModuleAttributes(item);
  if (mlir::failed(mlir::verify(module)))
    return nullptr;
  return owned;
}

Value Evaluator::constant(const Item &item, const Unit &unit) {
  Frame outermost;
  outermost.unit = &unit;
  outermost.item = &item;
  Scope names;
  Restore<Frame *> restoreFrame(frame, &outermost);
  Restore<Scope *> restoreScope(scope, &names);
  Value value = evaluate(*item.value);
  if (value.isTensor())
    return fail(item.value->range, "a constant is a number, a text or a list; tensors are made inside blocks");
  return value;
}

//===-- Settings
//----------------------------------------------------------------------------------------------------===//

/// What `--set NAME=...` says, once.
std::optional<Value> Evaluator::settingOf(StringRef name) {
  for (const auto &[key, written] : llvm::reverse(settings))
    if (key == name) {
      settingsTaken.insert(name);
      return settingValue(name, written);
    }
  return std::nullopt;
}

/// The text behind `=`, read as an expression without names; a single word stands for itself.
Value Evaluator::settingValue(StringRef name, StringRef written) {
  TextDiagnostics trial;
  TextFile text("--set " + name.str(), written.str());
  const Expr *expr = parseExpression(text, arena, trial);
  if (expr && llvm::isa<NameExpr>(expr))
    return Value::string(keep(written));
  if (!expr)
    return fail({}, "`--set " + printable(name) + "=" + printable(written) + "`: this is no value");
  Restore<Scope *> noNames(scope, nullptr);
  Restore<Frame *> noFrame(frame, nullptr);
  size_t errorsBefore = diagnostics.errorCount();
  Value value = llvm::isa<CallExpr>(expr) ? Value::error() : evaluate(*expr);
  // The text goes away with this function: what it said is said again without it.
  if (value.isError() || diagnostics.errorCount() != errorsBefore) {
    diagnostics.truncate(errorsBefore);
    return fail({}, "`--set " + printable(name) + "=" + printable(written) + "`: this is no value");
  }
  return value;
}

void Evaluator::readSettings(const Item &item) {
  for (const Setting &setting : item.settings) {
    if (!setting.name.text.empty() && setting.kind != Setting::Kind::Precision)
      if (Binding *known = scope->find(setting.name.text)) {
        report(setting.name.range, "`" + setting.name.text + "` is set twice").note(known->place, "first here");
        continue;
      }
    switch (setting.kind) {
    case Setting::Kind::Param:
      param(setting);
      break;
    case Setting::Kind::Bound:
      bound(setting);
      break;
    case Setting::Kind::Precision:
      if (setting.name.text != "f32")
        report(setting.name.range, "precision `" + printable(setting.name.text) + "` is not yet supported; `f32` is");
      break;
    case Setting::Kind::Memory:
      memory(setting);
      break;
    }
  }
}

void Evaluator::param(const Setting &setting) {
  std::optional<Value> given = settingOf(setting.name.text);
  Value value = given ? *given : evaluate(*setting.value);
  scope->names[setting.name.text] = {value, setting.name.range};
  if (value.isError())
    return;
  mlir::Attribute attribute = attributeOf(value, setting.value->range);
  if (attribute)
    usedSettings.push_back(builder.getNamedAttr(setting.name.text, attribute));
}

void Evaluator::bound(const Setting &setting) {
  Value value = evaluate(*setting.value);
  scope->names[setting.name.text] = {Value::size(setting.name.text), setting.name.range};
  if (value.isError())
    return;
  if (!value.is(Value::Kind::Int) || value.asInt() < 1 || value.asInt() > limits.attribute) {
    report(setting.value->range,
           "a bound is an integer from 1 to " + Twine(limits.attribute) + "; this is " + describe(value));
    return;
  }
  bounds.push_back(builder.getNamedAttr(setting.name.text, builder.getI64IntegerAttr(value.asInt())));
}

void Evaluator::memory(const Setting &setting) {
  int64_t unit = setting.unit == "KiB"   ? 1 << 10
                 : setting.unit == "MiB" ? 1 << 20
                 : setting.unit == "GiB" ? 1 << 30
                                         : 1;
  int64_t bytes;
  Value value = evaluate(*setting.value);
  if (value.isError())
    return;
  if (llvm::MulOverflow(value.asInt(), unit, bytes) || bytes < 1) {
    report(setting.range, "this is no size of a memory");
    return;
  }
  memoryLimit = bytes;
}

void Evaluator::checkSettingsUsed(const Item &item) {
  for (const auto &[name, value] : settings) {
    if (settingsTaken.contains(name))
      continue;
    std::vector<StringRef> known;
    for (const Setting &setting : item.settings)
      if (setting.kind == Setting::Kind::Param)
        known.push_back(setting.name.text);
    StringRef key = keep(StringRef(name));
    bool isBound = llvm::any_of(item.settings, [&](const Setting &setting) {
      return setting.kind == Setting::Kind::Bound && setting.name.text == key;
    });
    std::string hint = didYouMean(key, known), what = "`--set " + printable(key) + "`: ";
    if (isBound)
      report({},
             what + "`" + key + "` is a run-time size of net `" + item.name.text + "`; its value comes with each run");
    else
      report({}, what + "net `" + item.name.text + "` has no parameter `" + printable(key) + "`" +
                     (!hint.empty() || known.empty() ? hint : "; it has " + listNames(known)));
  }
}

//===-- Inputs
//------------------------------------------------------------------------------------------------------===//

/// A name in a signature that nothing has bound yet: its value comes from the command line.
bool Evaluator::bindPortName(const Expr &expr) {
  const auto *name = llvm::dyn_cast<NameExpr>(&expr);
  if (!name || scope->find(name->name) || entity(name->name))
    return true;
  std::optional<Value> given = settingOf(name->name);
  if (!given) {
    report(expr.range, "the dimension `" + name->name + "` has no value; give it one with `param " + name->name +
                           " = ...`, `bound " + name->name + " <= ...` or `--set " + name->name + "=...`");
    scope->names[name->name] = {Value::error(), expr.range};
    return false;
  }
  scope->names[name->name] = {*given, expr.range};
  if (mlir::Attribute attribute = given->isError() ? mlir::Attribute() : attributeOf(*given, expr.range))
    usedSettings.push_back(builder.getNamedAttr(name->name, attribute));
  return true;
}

std::optional<Dim> Evaluator::portDim(const Expr &expr) {
  if (!bindPortName(expr))
    return std::nullopt;
  Value value = evaluate(expr);
  Dim dim;
  if (value.isError())
    return std::nullopt;
  if (!dimOf(value, dim) || (dim.isKnown() && (dim.extent < 1 || dim.extent > limits.attribute))) {
    report(expr.range, "a dimension is an integer from 1 to " + std::to_string(limits.attribute) + "; this is " + describe(value));
    return std::nullopt;
  }
  if (const auto *name = llvm::dyn_cast<NameExpr>(&expr))
    dim.name = name->name;
  return dim;
}

std::optional<Evaluator::PortDims> Evaluator::portDims(llvm::ArrayRef<const Expr *> exprs) {
  PortDims result;
  bool fine = true;
  int64_t elements = 1;
  for (const Expr *expr : exprs) {
    std::optional<Dim> dim = portDim(*expr);
    fine &= dim.has_value();
    if (!dim)
      continue;
    if (dim->isKnown() && (llvm::MulOverflow(elements, dim->extent, elements) || elements > limits.elements)) {
      report(expr->range, "this tensor would have more than 2^40 elements");
      fine = false;
      elements = 1;
    }
    result.dims.push_back(*dim);
    result.texts.push_back(builder.getStringAttr(printExpr(*expr)));
  }
  if (exprs.size() > maxRank) {
    report(join(exprs.front()->range, exprs.back()->range),
           "tensors have at most " + Twine(maxRank) + " dimensions, not " + Twine(exprs.size()));
    fine = false;
  }
  return fine ? std::optional(result) : std::nullopt;
}

mlir::Value Evaluator::addPort(const Twine &name, const PortDims &dims, mlir::Type element, StringRef role,
                               StringRef graph, TextRange place) {
  llvm::SmallVector<int64_t> extents;
  for (const Dim &dim : dims.dims)
    extents.push_back(dim.extent);
  unsigned index = function.getNumArguments();
  llvm::SmallVector<mlir::NamedAttribute> attributes{
      builder.getNamedAttr("weft.name", builder.getStringAttr(name)),
      builder.getNamedAttr("weft.dims", builder.getArrayAttr(dims.texts))};
  if (!role.empty()) {
    attributes.push_back(builder.getNamedAttr("weft.role", builder.getStringAttr(role)));
    attributes.push_back(builder.getNamedAttr("weft.graph", builder.getStringAttr(graph)));
  }
  auto type = mlir::RankedTensorType::get(extents, element);
  if (mlir::failed(
          function.insertArgument(index, type, builder.getDictionaryAttr(attributes), locationOf(name.str(), place))))
    llvm_unreachable("arguments are added at the end");
  return function.getArgument(index);
}

/// Inputs, the values on edges among them, and results are few: their attributes are made anew for each.
bool Evaluator::fewPorts(const Item &item) {
  for (auto [word, list] : {std::pair("inputs", item.ports), std::pair("results", item.results)}) {
    size_t count = 0;
    for (const Port &port : list)
      if ((count += 1 + port.type->features.size()) > limits.ports)
        return !stop(port.name.range, "a net has at most " + Twine(limits.ports) + " " + word);
  }
  return true;
}

void Evaluator::ports(const Item &item) {
  for (const Port &port : item.ports) {
    if (Binding *known = scope->find(port.name.text)) {
      report(port.name.range, "a second thing named `" + port.name.text + "`").note(known->place, "the first is here");
      continue;
    }
    port.type->isGraph ? graphPort(port) : tensorPort(port);
    scope->names.try_emplace(port.name.text, Binding{Value::error(), port.name.range});
  }
}

void Evaluator::tensorPort(const Port &port) {
  std::optional<PortDims> dims = portDims(port.type->dims);
  mlir::Type element = elementType(port.type->element, /*forPort=*/true);
  if (!dims || !element)
    return;
  mlir::Value value = addPort(port.name.text, *dims, element, {}, {}, port.name.range);
  scope->names[port.name.text] = {Value::tensor(makeTensor(value, dims->dims)), port.name.range};
}

/// A graph comes as arrays: `g.indptr`, `g.indices` and one `g.edge.NAME` for each value on the edges.
void Evaluator::graphPort(const Port &port) {
  std::optional<PortDims> dims = portDims(port.type->dims);
  if (!dims)
    return;
  StringRef name = port.name.text;
  auto *graph = new (arena.Allocate<Graph>()) Graph();
  graph->name = name;
  graph->destinations = dims->dims.front();
  graph->sources = dims->dims[dims->dims.size() - 2];
  graph->edges = dims->dims.back();
  PortDims indptr, indices;
  Dim rows = graph->destinations;
  StringRef rowsText = llvm::cast<mlir::StringAttr>(dims->texts.front()).getValue();
  indptr.dims.push_back(rows.isKnown() ? Dim{rows.extent + 1, {}, {}} : Dim{});
  indptr.texts.push_back(builder.getStringAttr(rowsText + " + 1"));
  indices.dims.push_back(graph->edges);
  indices.texts.push_back(dims->texts.back());
  graph->indptr = addPort(name + ".indptr", indptr, builder.getI32Type(), "indptr", name, port.name.range);
  graph->indices = addPort(name + ".indices", indices, builder.getI32Type(), "indices", name, port.name.range);
  // Where the sources are other vertices than the destinations, somebody must know how many there are.
  function.setArgAttr(function.getNumArguments() - 1, "weft.sources", dims->texts[dims->texts.size() - 2]);
  llvm::SmallVector<EdgeTensor> features;
  for (const EdgeFeature &feature : port.type->features) {
    if (feature.prefix.text != "edge") {
      report(feature.prefix.range, "only edges carry values: write `edge." + feature.name.text + "`");
      continue;
    }
    if (llvm::any_of(features, [&](const EdgeTensor &known) { return known.name == feature.name.text; })) {
      report(feature.name.range, "a second `edge." + feature.name.text + "`");
      continue;
    }
    std::optional<PortDims> rest = portDims(feature.type->dims);
    mlir::Type element = elementType(feature.type->element, /*forPort=*/true);
    if (!rest || !element)
      continue;
    rest->dims.insert(rest->dims.begin(), graph->edges);
    rest->texts.insert(rest->texts.begin(), dims->texts.back());
    mlir::Value value = addPort(name + ".edge." + feature.name.text, *rest, element, "edge", name, feature.name.range);
    features.push_back({feature.name.text, makeTensor(value, rest->dims, graph)});
  }
  graph->features = keep(llvm::ArrayRef<EdgeTensor>(features));
  scope->names[name] = {Value::graph(graph), port.name.range};
}

//===-- Results
//-----------------------------------------------------------------------------------------------------===//

bool Evaluator::wanted(const Port &port) const {
  return outputs.empty() ? !port.optional : llvm::is_contained(outputs, port.name.text);
}

void Evaluator::checkOutputs(const Item &item) {
  std::vector<StringRef> known;
  for (const Port &port : item.results) {
    if (llvm::is_contained(known, port.name.text))
      report(port.name.range, "a second result named `" + port.name.text + "`");
    known.push_back(port.name.text);
  }
  for (size_t i = 0; i < outputs.size(); ++i)
    if (llvm::is_contained(llvm::ArrayRef(outputs).take_front(i), outputs[i]))
      report({}, "`--outputs`: `" + printable(outputs[i]) + "` is named twice");
  if (item.results.empty())
    report(item.name.range, "net `" + item.name.text + "` has no results");
  else if (outputs.empty() && llvm::none_of(item.results, [&](const Port &port) { return wanted(port); }))
    report(item.results.front().name.range, "all results are optional and none is asked for");
}

/// The value of a result: from `return`, in order, or by its name.
Binding Evaluator::resultOf(const Item &item, const Port &port, unsigned index) {
  if (frame->returned) {
    Value value = frame->result;
    bool several = item.results.size() > 1;
    if (!several)
      return {value, frame->resultPlace};
    if (value.isSequence() && value.length() == item.results.size())
      return {value.item(index), frame->resultPlace};
    if (!value.isError())
      report(frame->resultPlace, "net `" + item.name.text + "` has " + Twine(item.results.size()) +
                                     " results; this returns " + describe(value));
    return {Value::error(), frame->resultPlace};
  }
  if (Binding *known = scope->find(port.name.text))
    return *known;
  std::vector<StringRef> candidates;
  for (auto &entry : scope->names)
    candidates.push_back(entry.first);
  std::sort(candidates.begin(), candidates.end());
  report(port.name.range, "net `" + item.name.text + "` never binds its result `" + port.name.text + "`" +
                              didYouMean(port.name.text, candidates));
  return {Value::error(), {}};
}

bool Evaluator::checkResult(const Port &port, const Binding &binding, const PortDims &declared) {
  if (!binding.value.isTensor()) {
    report(binding.place, "result `" + port.name.text + "` is to be a tensor, not " + describe(binding.value));
    return false;
  }
  const Tensor &tensor = binding.value.asTensor();
  mlir::Type element = elementType(port.type->element, /*forPort=*/true);
  if (!element)
    return false;
  bool fine = tensor.dims.size() == declared.dims.size() &&
              element == llvm::cast<mlir::RankedTensorType>(tensor.value.getType()).getElementType();
  for (size_t i = 0; fine && i < tensor.dims.size(); ++i) {
    const Dim &have = tensor.dims[i], &want = declared.dims[i];
    bool known = have.isKnown() || !have.size.empty();
    if (known && (have.isKnown() ? have.extent != want.extent : have.size != want.size))
      fine = false;
  }
  if (fine)
    return true;
  std::string values = port.type->element.text.str() + "[";
  for (const Dim &dim : declared.dims)
    values += (&dim == declared.dims.begin() ? "" : ", ") + spell(dim);
  std::string text = port.type->range.text().str();
  report(port.type->range, "result `" + port.name.text + "` is declared " + text +
                               (text == values + "]" ? "" : " = " + values + "]") + " but is " + spellTensor(tensor))
      .note(binding.place, "it gets its value here");
  return false;
}

void Evaluator::results(const Item &item) {
  llvm::SmallVector<mlir::Value> values;
  llvm::SmallVector<mlir::DictionaryAttr> attributes;
  for (auto [index, port] : llvm::enumerate(item.results)) {
    if (!wanted(port))
      continue;
    if (port.type->isGraph) {
      report(port.type->range, "a result is a tensor");
      continue;
    }
    Binding binding = resultOf(item, port, index);
    std::optional<PortDims> declared = portDims(port.type->dims);
    if (binding.value.isError() || !declared || !checkResult(port, binding, *declared))
      continue;
    values.push_back(binding.value.asTensor().value);
    attributes.push_back(
        builder.getDictionaryAttr({builder.getNamedAttr("weft.name", builder.getStringAttr(port.name.text)),
                                   builder.getNamedAttr("weft.dims", builder.getArrayAttr(declared->texts))}));
  }
  size_t expected = llvm::count_if(item.results, [&](const Port &port) { return wanted(port); });
  if (!diagnostics.hasErrors() && values.size() != expected)
    report(item.name.range, "this net failed without saying why: a bug in weft");
  if (diagnostics.hasErrors())
    return;
  builder.setInsertionPointToEnd(&function.getBody().front());
  mlir::func::ReturnOp::create(builder, function.getLoc(), values);
  llvm::SmallVector<mlir::Type> types;
  for (mlir::Value value : values)
    types.push_back(value.getType());
  function.setType(builder.getFunctionType(function.getArgumentTypes(), types));
  for (auto [i, dictionary] : llvm::enumerate(attributes))
    function.setResultAttrs(i, dictionary);
}

/// Names in `--outputs` that are no results are layers and blocks: their values become results behind the declared ones.
void Evaluator::innerResults(const Item &item) {
  std::vector<StringRef> declared;
  for (const Port &port : item.results)
    declared.push_back(port.name.text);
  if (llvm::all_of(outputs, [&](const std::string &name) { return llvm::is_contained(declared, name); }))
    return;
  Paths paths(function.getBody().front());
  llvm::SmallVector<std::pair<StringRef, mlir::Value>> found; // all looked up before one is added: results are readers
  for (const std::string &name : outputs) {
    std::string why;
    if (llvm::is_contained(declared, name))
      continue;
    if (mlir::Value value = paths.find(name, declared, why))
      found.emplace_back(name, value);
    else
      report({}, "`--outputs`: `" + printable(name) + "` " + why);
  }
  for (auto [name, value] : found)
    addResult(function, name, value);
}

/// What only optional results need that nobody asked for is left out. Its weights are listed: a weight file may hold
/// them.
void Evaluator::dropUnused() {
  llvm::SmallVector<mlir::Attribute> unused;
  for (mlir::Operation &op : llvm::make_early_inc_range(llvm::reverse(function.getBody().front()))) {
    if (!op.use_empty() || op.hasTrait<mlir::OpTrait::IsTerminator>())
      continue;
    if (auto weight = llvm::dyn_cast<WeightOp>(op))
      unused.push_back(weight.getPathAttr());
    op.erase();
  }
  std::reverse(unused.begin(), unused.end());
  if (!unused.empty())
    module->setAttr("weft.unused_weights", builder.getArrayAttr(unused));
}

void Evaluator::setModuleAttributes(const Item &item) {
  module->setAttr("weft.phase", builder.getStringAttr("parse"));
  module->setAttr("weft.name", builder.getStringAttr(item.name.text));
  module->setAttr("weft.settings", builder.getDictionaryAttr(usedSettings));
  module->setAttr("weft.bounds", builder.getDictionaryAttr(bounds));
  if (memoryLimit)
    module->setAttr("weft.memory_limit", builder.getI64IntegerAttr(*memoryLimit));
}
