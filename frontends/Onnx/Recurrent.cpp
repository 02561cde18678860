// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// RNN, GRU and LSTM, step by step: the input's products of all steps are one, and each step adds its own product of the state.
// Steps share their kernels.
#include "frontends/Onnx/Importer.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

constexpr int64_t mostSteps = 1024;

/// One node: extents, activations, and what is the same in all its directions.
struct Recurrence {
  NodeImport &node;
  int64_t gates; ///< that stand one behind the other in the weights
  Value x;       ///< [T, B, I]
  int64_t steps = 0, batch = 0, inputs = 0, hidden = 0, directions = 0;
  struct Activation {
    std::string name;
    double alpha = 0, beta = 0; ///< of HardSigmoid
  };
  SmallVector<Activation> activations = {};

  Value op(llvm::StringRef name, Value a, Value b) const { return node.make(name, {a, b}); }
  /// Gate `g` of a row of all.
  Value gate(Value rows, int64_t g, int64_t count = 1) const { return node.slice(rows, rankOf(rows) - 1, g * hidden, (g + count) * hidden); }
  Value activation(int64_t index, Value value) const {
    const Activation &own = activations[index];
    if (own.name == "HardSigmoid")
      return node.make("hardsigmoid", value, {node.number("alpha", own.alpha), node.number("beta", own.beta)});
    return node.make(llvm::StringRef(own.name).lower(), value);
  }
  /// A direction's part of an input, without that dimension; null where there is none.
  Value part(size_t input, int64_t direction) const {
    if (!node.has(input))
      return {};
    Value all = node.floats(input);
    if (all && input >= 5 && rankOf(all) == 3 && node.integer("layout", 0)) // states lie as samples do
      all = node.transpose(all, {1, 0, 2});
    if (!all || rankOf(all) < 2 || shapeOf(all)[0] != directions)
      return node.fail("input " + llvm::Twine(input) + " does not have one part a direction"), Value();
    return node.reshape(node.slice(all, 0, direction, direction + 1), shapeOf(all).drop_front());
  }
  Value zeros() const { return node.expand(node.scalar(0), {batch, hidden}); }
};

/// States of one step: h, and what else the cell keeps.
struct State {
  Value h, c;
};

/// One direction: weights of all gates, biases of the input's side and the state's.
struct Direction {
  Value w, r, inputBias, stateBias;
};

State stepRnn(const Recurrence &all, const Direction &own, Value input, State state, int64_t first) {
  Value sum = all.op("add", all.node.make("linear", {state.h, own.r}), input);
  return {all.activation(first, sum), {}};
}

State stepLstm(const Recurrence &all, const Direction &own, Value input, State state, int64_t first) {
  Value sum = all.op("add", all.node.make("linear", {state.h, own.r}), input); // i, o, f, c
  auto gate = [&](int64_t g) { return all.activation(first + (g == 3), all.gate(sum, g)); };
  Value c = all.op("add", all.op("mul", gate(2), state.c), all.op("mul", gate(0), gate(3)));
  return {all.op("mul", gate(1), all.activation(first + 2, c)), c};
}

/// z, r, h. The state's bias of h belongs inside the reset gate where that comes last, as PyTorch has it.
State stepGru(const Recurrence &all, const Direction &own, Value input, State state, int64_t first) {
  bool resetLast = all.node.integer("linear_before_reset", 0);
  NodeImport &node = all.node;
  auto rows = [&](Value value, int64_t g, int64_t count) { return all.node.slice(value, 0, g * all.hidden, (g + count) * all.hidden); };
  auto product = [&](Value h, int64_t g, int64_t count) {
    Operands operands{h, rows(own.r, g, count)};
    if (own.stateBias)
      operands.push_back(rows(own.stateBias, g, count));
    return node.make("linear", operands);
  };
  Value sum = product(state.h, 0, resetLast ? 3 : 2);
  Value open = all.activation(first, all.op("add", all.gate(sum, 0, 2), all.gate(input, 0, 2)));
  Value z = all.gate(open, 0), r = all.gate(open, 1);
  Value fresh = resetLast ? all.op("mul", r, all.gate(sum, 2)) : product(all.op("mul", r, state.h), 2, 1);
  Value h = all.activation(first + 1, all.op("add", fresh, all.gate(input, 2)));
  return {all.op("add", all.op("mul", z, all.op("sub", state.h, h)), h), {}};
}

using Step = State (*)(const Recurrence &, const Direction &, Value, State, int64_t);

/// Checks everything, and reads extents. False after a failure.
bool read(Recurrence &all, ArrayRef<llvm::StringRef> usual) {
  NodeImport &node = all.node;
  std::optional<Ints> r = node.shape(2);
  if (!all.x || !r)
    return false;
  std::string direction = node.word("direction", "forward");
  all.directions = direction == "bidirectional" ? 2 : 1;
  if (rankOf(all.x) != 3 || r->size() != 3 || (*r)[0] != all.directions || (*r)[1] != all.gates * (*r)[2])
    return node.fail("its weights do not fit its input"), false;
  if (node.integer("layout", 0))
    all.x = node.transpose(all.x, {1, 0, 2});
  all.steps = shapeOf(all.x)[0], all.batch = shapeOf(all.x)[1], all.inputs = shapeOf(all.x)[2], all.hidden = (*r)[2];
  if (all.steps > mostSteps)
    return node.fail("has " + llvm::Twine(all.steps) + " steps; at most " + llvm::Twine(mostSteps) + " are supported"), false;
  if (node.has(4)) {
    std::optional<Ints> lengths = node.ints(4, "the lengths of its sequences");
    if (!lengths || llvm::any_of(*lengths, [&](int64_t length) { return length != all.steps; }))
      return node.fail("sequences of different lengths are not supported"), false;
  }
  if (node.has(7) || node.integer("input_forget", 0) || node.attribute("clip", onnxfile::Attribute::Float))
    return node.fail("peepholes, coupled gates and clipping are not supported"), false;
  std::optional<std::vector<std::string>> given = node.words("activations");
  const onnxfile::Attribute *alphas = node.attribute("activation_alpha", onnxfile::Attribute::Floats), *betas = node.attribute("activation_beta", onnxfile::Attribute::Floats);
  size_t scaled = 0; // activations so far that have these
  auto valueOf = [&](const onnxfile::Attribute *values, double usually) { return values && scaled < values->floats.size() ? values->floats[scaled] : usually; };
  for (int64_t d = 0; d < all.directions; ++d)
    for (size_t i = 0; i < usual.size(); ++i) {
      std::string name = given && d * usual.size() + i < given->size() ? (*given)[d * usual.size() + i] : usual[i].str();
      if (!llvm::is_contained({"Sigmoid", "Tanh", "Relu", "Softsign", "HardSigmoid"}, name))
        return node.fail("activation `" + name + "` is not supported; Sigmoid, Tanh, Relu, Softsign and HardSigmoid are"), false;
      all.activations.push_back({name});
      if (name == "HardSigmoid") {
        all.activations.back() = {name, valueOf(alphas, 0.2), valueOf(betas, 0.5)};
        ++scaled;
      }
    }
  return !node.failed();
}

/// The products of all steps' inputs, both biases added where they may be: [T, B, gates * H].
Value inputProducts(const Recurrence &all, const Direction &own) {
  NodeImport &node = all.node;
  Operands operands{node.reshape(all.x, {all.steps * all.batch, all.inputs}), own.w};
  if (own.inputBias)
    operands.push_back(own.inputBias);
  return node.reshape(node.make("linear", operands), {all.steps, all.batch, all.gates * all.hidden});
}

void recurrent(NodeImport &node, int64_t gates, ArrayRef<llvm::StringRef> usual, Step step) {
  Recurrence all{node, gates, node.floats(0)};
  if (!read(all, usual))
    return;
  bool isReversed = node.word("direction", "forward") == "reverse", isGru = gates == 3;
  Operands outputs, lastH, lastC;
  for (int64_t d = 0; d < all.directions; ++d) {
    Direction own{all.part(1, d), all.part(2, d), {}, {}};
    if (Value bias = all.part(3, d)) {
      int64_t rows = gates * all.hidden;
      own.inputBias = all.node.slice(bias, 0, 0, rows), own.stateBias = all.node.slice(bias, 0, rows, 2 * rows);
      if (!isGru)
        own.inputBias = all.op("add", own.inputBias, own.stateBias);
    }
    Value products = inputProducts(all, own);
    State state{all.part(5, d), all.part(6, d)};
    state.h = state.h ? state.h : all.zeros();
    state.c = state.c ? state.c : all.zeros();
    if (!products || node.failed())
      return;
    Operands made(all.steps);
    for (int64_t i = 0; i < all.steps; ++i) {
      int64_t t = isReversed || d == 1 ? all.steps - 1 - i : i;
      Value input = node.reshape(all.node.slice(products, 0, t, t + 1), {all.batch, gates * all.hidden});
      state = step(all, own, input, state, d * usual.size());
      made[t] = node.reshape(state.h, {1, 1, all.batch, all.hidden});
      if (node.failed())
        return;
    }
    outputs.push_back(all.steps == 1 ? made[0] : node.make("concat", made, node.number("axis", int64_t(0))));
    lastH.push_back(node.reshape(state.h, {1, all.batch, all.hidden}));
    if (state.c)
      lastC.push_back(node.reshape(state.c, {1, all.batch, all.hidden}));
  }
  auto joined = [&](const Operands &parts, int64_t axis) {
    return parts.size() == 1 ? parts[0] : node.make("concat", parts, node.number("axis", axis));
  };
  bool batchFirst = node.integer("layout", 0);
  auto arranged = [&](Value value, ArrayRef<int64_t> order) { return batchFirst ? node.transpose(value, order) : value; };
  node.define(0, arranged(joined(outputs, 1), {2, 0, 1, 3}));
  node.define(1, arranged(joined(lastH, 0), {1, 0, 2}));
  if (node.wanted(2))
    node.define(2, arranged(joined(lastC, 0), {1, 0, 2}));
}

} // namespace

std::vector<Conversion> weft::onnxfile::recurrentConversions() {
  return {{"RNN", [](NodeImport &node) { recurrent(node, 1, {"Tanh"}, stepRnn); }},
          {"GRU", [](NodeImport &node) { recurrent(node, 3, {"Sigmoid", "Tanh"}, stepGru); }},
          {"LSTM", [](NodeImport &node) { recurrent(node, 4, {"Sigmoid", "Tanh", "Tanh"}, stepLstm); }}};
}
