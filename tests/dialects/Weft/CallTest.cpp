// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What a call in a text becomes: defaults that differ from ONNX's give wrong networks, bad errors cost people hours.
#include "dialects/Weft/Call.h"
#include "dialects/Weft/Weft.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace weft;

namespace {

class Calls : public ::testing::Test, public CallContext {
protected:
  Calls() : builder(&context), loc(UnknownLoc::get(&context)) {
    context.loadDialect<WeftDialect, func::FuncDialect>();
    module = ModuleOp::create(loc);
    function = func::FuncOp::create(builder, loc, "f", builder.getFunctionType({}, {}));
    module->push_back(function);
    function.addEntryBlock();
    builder.setInsertionPointToEnd(&function.getBody().front());
  }

  // CallContext
  Value weight(StringRef suffix, RankedTensorType type, Location loc) override {
    std::string path = suffix.empty() ? "p" : "p." + suffix.str();
    weights.push_back(path + " " + spell(type));
    return WeightOp::create(builder, loc, type, path);
  }
  InFlightDiagnostic error(Location loc) override { return emitError(loc); }

  Value input(ArrayRef<int64_t> shape, Type element = {}) {
    auto type = RankedTensorType::get(shape, element ? element : builder.getF32Type());
    return function.getBody().front().addArgument(type, loc);
  }
  Attribute i(int64_t value) { return builder.getI64IntegerAttr(value); }
  Attribute f(double value) { return builder.getF64FloatAttr(value); }
  Attribute b(bool value) { return builder.getBoolAttr(value); }
  Attribute s(StringRef value) { return builder.getStringAttr(value); }
  Attribute list(ArrayRef<int64_t> values) {
    return builder.getArrayAttr(llvm::map_to_vector(values, [&](int64_t value) { return i(value); }));
  }

  struct Named {
    StringRef name;
    Attribute value;
  };

  /// Makes the call; the last operation made is in `made`, text of errors and notes in `errors`.
  bool call(StringRef name, ArrayRef<Value> tensors, std::initializer_list<Named> attributes = {}) {
    SmallVector<CallArgument> arguments;
    for (Value tensor : tensors)
      arguments.push_back({"", SmallVector<Value>{tensor}, loc});
    for (Named attribute : attributes)
      arguments.push_back({attribute.name, attribute.value, loc});
    return call(name, arguments);
  }

  bool call(StringRef name, ArrayRef<CallArgument> arguments) {
    errors.clear(), weights.clear(), made = nullptr;
    ScopedDiagnosticHandler capture(&context, [&](Diagnostic &diagnostic) {
      errors += diagnostic.str() + "\n";
      for (Diagnostic &note : diagnostic.getNotes())
        errors += "note: " + note.str() + "\n";
      return success();
    });
    FailureOr<SmallVector<Value>> results = buildCall(builder, loc, name, arguments, *this);
    if (failed(results))
      return false;
    made = results->front().getDefiningOp();
    return true;
  }

  /// The type of the first result, as the language writes it.
  std::string type() { return made ? spell(tensorOf(made->getResult(0))) : "no result: " + errors; }
  std::vector<int64_t> attribute(StringRef name) {
    auto array = made ? made->getAttrOfType<DenseI64ArrayAttr>(name) : DenseI64ArrayAttr();
    return array ? std::vector<int64_t>(array.asArrayRef()) : std::vector<int64_t>();
  }
  using Ints = std::vector<int64_t>;
  using Texts = std::vector<std::string>;

  MLIRContext context;
  OpBuilder builder;
  Location loc;
  OwningOpRef<ModuleOp> module;
  func::FuncOp function;
  std::string errors;
  Texts weights;
  Operation *made = nullptr;
};

TEST_F(Calls, NamesAreSortedAndComplete) {
  EXPECT_TRUE(llvm::is_sorted(callNames()));
  for (StringRef name : callNames())
    EXPECT_TRUE(isCall(name));
  EXPECT_FALSE(isCall("conv2d"));
  EXPECT_TRUE(llvm::is_contained(callKeywords("conv"), "stride"));
  EXPECT_EQ(defaultPath("conv"), "conv");
  EXPECT_EQ(defaultPath("relu"), "");
}

TEST_F(Calls, ConvAsksForItsWeights) {
  ASSERT_TRUE(
      call("conv", {input({1, 3, 224, 224})}, {{"out", i(64)}, {"kernel", i(7)}, {"stride", i(2)}, {"pad", i(3)}}));
  EXPECT_EQ(type(), "f32[1, 64, 112, 112]");
  EXPECT_EQ(weights, (Texts{"p.weight f32[64, 3, 7, 7]", "p.bias f32[64]"}));
  EXPECT_EQ(attribute("pad"), (Ints{3, 3, 3, 3}));
  EXPECT_EQ(attribute("dilation"), (Ints{1, 1}));
}

TEST_F(Calls, ConvOfOneAndThreeDimensions) {
  ASSERT_TRUE(
      call("conv", {input({1, 4, 9})}, {{"out", i(8)}, {"kernel", i(3)}, {"groups", i(4)}, {"bias", b(false)}}));
  EXPECT_EQ(type(), "f32[1, 8, 7]");
  EXPECT_EQ(weights, (Texts{"p.weight f32[8, 1, 3]"}));
  ASSERT_TRUE(call("conv", {input({1, 4, 5, 6, 7})}, {{"out", i(8)}, {"kernel", list({1, 2, 3})}}));
  EXPECT_EQ(type(), "f32[1, 8, 5, 5, 5]");
}

TEST_F(Calls, ConvWithASharedWeight) {
  Value w = input({8, 4, 3, 3});
  SmallVector<CallArgument> arguments{{"", SmallVector<Value>{input({1, 4, 8, 8})}, loc},
                                      {"weight", SmallVector<Value>{w}, loc},
                                      {"bias", b(false), loc}};
  ASSERT_TRUE(call("conv", arguments));
  EXPECT_EQ(type(), "f32[1, 8, 6, 6]");
  EXPECT_TRUE(weights.empty());
}

TEST_F(Calls, FlipMirrorsTheKernel) {
  ASSERT_TRUE(call("conv", {input({1, 4, 8, 8})}, {{"out", i(8)}, {"kernel", i(3)}, {"flip", b(true)}}));
  auto slice = made->getOperand(1).getDefiningOp<SliceOp>();
  ASSERT_TRUE(slice);
  EXPECT_EQ(Ints(slice.getStep()), (Ints{1, 1, -1, -1}));
  EXPECT_EQ(Ints(slice.getStart()), (Ints{0, 0, 2, 2}));
}

TEST_F(Calls, PadSameHasItsLargerHalfBehind) {
  ASSERT_TRUE(
      call("conv", {input({1, 3, 224, 7})}, {{"out", i(4)}, {"kernel", i(3)}, {"stride", i(2)}, {"pad", s("same")}}));
  EXPECT_EQ(attribute("pad"), (Ints{0, 1, 1, 1}));
  EXPECT_EQ(type(), "f32[1, 4, 112, 4]");
}

TEST_F(Calls, PadLists) {
  ASSERT_TRUE(call("maxpool", {input({1, 3, 8, 8})}, {{"kernel", i(3)}, {"pad", list({1, 0})}}));
  EXPECT_EQ(attribute("pad"), (Ints{1, 0, 1, 0}));
  ASSERT_TRUE(call("maxpool", {input({1, 3, 8, 8})}, {{"kernel", i(3)}, {"pad", list({1, 0, 2, 1})}}));
  EXPECT_EQ(attribute("pad"), (Ints{1, 0, 2, 1}));
  EXPECT_FALSE(call("maxpool", {input({1, 3, 8, 8})}, {{"kernel", i(3)}, {"pad", list({1, 0, 2})}}));
  EXPECT_NE(errors.find("`pad` has 3 entries, expected `same`, `valid`, one integer, 2"), std::string::npos) << errors;
}

TEST_F(Calls, StrideOfPoolsIsOneAsInOnnx) {
  ASSERT_TRUE(call("avgpool", {input({1, 3, 8, 8})}, {{"kernel", i(2)}}));
  EXPECT_EQ(type(), "f32[1, 3, 7, 7]");
}

TEST_F(Calls, ExactFitShowsTheArithmetic) {
  EXPECT_FALSE(call("conv", {input({1, 3, 224, 224})},
                    {{"out", i(4)}, {"kernel", i(7)}, {"stride", i(2)}, {"pad", i(0)}, {"fit", s("exact")}}));
  EXPECT_EQ(errors,
            "the window does not fit dimension H exactly: (224 - 7 + 0) / 2 + 1 = 109.50; paddings that fit: none; "
            "strides that fit: 1, 7 or 31\n");
  EXPECT_FALSE(call("conv", {input({1, 3, 10, 10})},
                    {{"out", i(4)}, {"kernel", i(3)}, {"stride", i(3)}, {"pad", i(0)}, {"fit", s("exact")}}));
  EXPECT_NE(errors.find("paddings that fit: 1; strides that fit: 1 or 7"), std::string::npos) << errors;
  EXPECT_TRUE(call("conv", {input({1, 3, 223, 223})},
                   {{"out", i(4)}, {"kernel", i(7)}, {"stride", i(2)}, {"fit", s("exact")}}));
}

TEST_F(Calls, BatchnormHasPyTorchsNames) {
  ASSERT_TRUE(call("batchnorm", {input({1, 8, 4, 4})}, {{"eps", f(1e-3)}}));
  EXPECT_EQ(weights, (Texts{"p.weight f32[8]", "p.bias f32[8]", "p.running_mean f32[8]", "p.running_var f32[8]"}));
  EXPECT_DOUBLE_EQ(cast<BatchnormOp>(made).getEps().convertToDouble(), 1e-3);
}

TEST_F(Calls, NormalisationsWithAndWithoutGain) {
  ASSERT_TRUE(call("groupnorm", {input({1, 8, 4, 4})}, {{"groups", i(2)}}));
  EXPECT_EQ(weights, (Texts{"p.weight f32[8]", "p.bias f32[8]"}));
  ASSERT_TRUE(call("instancenorm", {input({1, 8, 4, 4})}, {{"affine", b(false)}}));
  EXPECT_TRUE(weights.empty());
  ASSERT_TRUE(call("channelnorm", {input({1, 8, 4, 4})}));
  ASSERT_TRUE(call("layernorm", {input({2, 8, 16})}));
  EXPECT_EQ(weights, (Texts{"p.weight f32[16]", "p.bias f32[16]"}));
  EXPECT_FALSE(call("groupnorm", {input({1, 8, 4, 4})}));
  EXPECT_EQ(errors, "`groupnorm` needs `groups=`\n");
}

TEST_F(Calls, Linear) {
  ASSERT_TRUE(call("linear", {input({2, 5, 16})}, {{"out", i(7)}}));
  EXPECT_EQ(type(), "f32[2, 5, 7]");
  EXPECT_EQ(weights, (Texts{"p.weight f32[7, 16]", "p.bias f32[7]"}));
  EXPECT_FALSE(call("linear", {input({2, 16})}));
  EXPECT_EQ(errors, "`linear` needs `out=`\n");
  EXPECT_FALSE(call("linear", {input({2, ShapedType::kDynamic})}, {{"out", i(7)}}));
  EXPECT_NE(errors.find("it depends on a run-time size"), std::string::npos) << errors;
}

TEST_F(Calls, NumbersBesideTensors) {
  SmallVector<CallArgument> arguments{{"", SmallVector<Value>{input({2, 3})}, loc}, {"", i(2), loc}};
  ASSERT_TRUE(call("mul", arguments));
  EXPECT_EQ(type(), "f32[2, 3]");
  std::swap(arguments[0], arguments[1]);
  ASSERT_TRUE(call("sub", arguments));
  EXPECT_TRUE(made->getOperand(0).getDefiningOp<ConstantOp>());
  SmallVector<CallArgument> none{{"", i(1), loc}, {"", i(2), loc}};
  EXPECT_FALSE(call("add", none));
  EXPECT_EQ(errors, "`add` needs at least one tensor\n");
}

TEST_F(Calls, MaxReducesOneAndComparesTwo) {
  ASSERT_TRUE(call("max", {input({2, 3})}, {{"axis", i(-1)}, {"keepdims", b(false)}}));
  EXPECT_EQ(type(), "f32[2]");
  EXPECT_TRUE(isa<ReduceMaxOp>(made));
  ASSERT_TRUE(call("max", {input({2, 3}), input({3})}));
  EXPECT_TRUE(isa<MaximumOp>(made));
  EXPECT_FALSE(call("max", {input({2, 3}), input({3})}, {{"axis", i(0)}}));
  EXPECT_EQ(errors, "`axis` is for `max` of one tensor, not of two\n");
}

TEST_F(Calls, AxesCountFromTheEnd) {
  ASSERT_TRUE(call("softmax", {input({2, 3, 4})}));
  EXPECT_EQ(cast<SoftmaxOp>(made).getAxis(), 2u);
  EXPECT_FALSE(call("softmax", {input({2, 3})}, {{"axis", i(2)}}));
  EXPECT_EQ(errors, "`axis` 2 is not a dimension of a tensor of rank 2: it goes from -2 to 1\n");
}

TEST_F(Calls, SliceAsOnnxDoes) {
  ASSERT_TRUE(call("slice", {input({10, 6})}, {{"axis", i(1)}, {"start", i(-4)}, {"stop", i(100)}}));
  EXPECT_EQ(type(), "f32[10, 4]");
  ASSERT_TRUE(call("slice", {input({10, 6})}, {{"axis", i(0)}, {"step", i(-2)}}));
  EXPECT_EQ(attribute("start"), (Ints{9, 0}));
  EXPECT_EQ(attribute("stop"), (Ints{-1, 6}));
  EXPECT_EQ(type(), "f32[5, 6]");
  ASSERT_TRUE(call("slice", {input({10, ShapedType::kDynamic})}, {{"axis", i(0)}, {"stop", i(3)}}));
  EXPECT_EQ(type(), "f32[3, ?]");
  EXPECT_FALSE(call("slice", {input({10, 6})}, {{"axis", list({0, 1})}, {"start", i(1)}}));
  EXPECT_NE(errors.find("`start` has 1 entries, others 2"), std::string::npos) << errors;
}

TEST_F(Calls, ConcatAndSplit) {
  SmallVector<CallArgument> arguments{{"", SmallVector<Value>{input({1, 2}), input({1, 3})}, loc}, {"axis", i(1), loc}};
  ASSERT_TRUE(call("concat", arguments));
  EXPECT_EQ(type(), "f32[1, 5]");
  ASSERT_TRUE(call("split", {input({1, 6})}, {{"axis", i(1)}, {"parts", i(3)}}));
  EXPECT_EQ(made->getNumResults(), 3u);
  EXPECT_FALSE(call("split", {input({1, 6})}, {{"axis", i(1)}, {"parts", i(4)}}));
  EXPECT_EQ(errors, "an extent of 6 does not split into 4 equal parts\n");
}

TEST_F(Calls, ReshapeTakesNamesOfRunTimeSizes) {
  Attribute shape = builder.getArrayAttr({s("V"), i(2), i(4)});
  SmallVector<CallArgument> arguments{{"", SmallVector<Value>{input({ShapedType::kDynamic, 8})}, loc},
                                      {"", shape, loc}};
  ASSERT_TRUE(call("reshape", arguments));
  EXPECT_EQ(type(), "f32[?, 2, 4]");
}

TEST_F(Calls, Readout) {
  Value x = input({ShapedType::kDynamic, 8}), part = input({ShapedType::kDynamic}, builder.getI32Type());
  SmallVector<CallArgument> arguments{{"", SmallVector<Value>{x}, loc},
                                      {"", SmallVector<Value>{part}, loc},
                                      {"", s("mean"), loc},
                                      {"graphs", s("G"), loc}};
  ASSERT_TRUE(call("readout", arguments));
  EXPECT_EQ(type(), "f32[?, 8]");
  arguments[2].value = s("meen");
  EXPECT_FALSE(call("readout", arguments));
  EXPECT_EQ(errors, "`kind` of `readout` is one of `sum`, `mean`, `max`, `min`, not \"meen\"; did you mean `mean`?\n");
}

TEST_F(Calls, TensorsThemselves) {
  SmallVector<CallArgument> arguments{{"", i(1), loc}, {"", i(4), loc}, {"", i(8), loc}};
  ASSERT_TRUE(call("weight", arguments));
  EXPECT_EQ(weights, (Texts{"p f32[1, 4, 8]"}));
  Attribute rows = builder.getArrayAttr({list({1, 2, 1}), list({2, 4, 2})});
  SmallVector<CallArgument> fixed{{"", rows, loc}};
  ASSERT_TRUE(call("const", fixed));
  EXPECT_EQ(type(), "f32[2, 3]");
  Attribute ragged = builder.getArrayAttr({list({1, 2, 1}), list({2, 4})});
  SmallVector<CallArgument> bad{{"", ragged, loc}};
  EXPECT_FALSE(call("const", bad));
  EXPECT_EQ(errors, "`const` wants numbers, or lists of numbers of one length in each dimension\n");
}

TEST_F(Calls, UnknownNamesAreSuggested) {
  EXPECT_FALSE(call("conv", {input({1, 3, 8, 8})}, {{"out", i(4)}, {"kernel", i(3)}, {"strid", i(2)}}));
  EXPECT_EQ(errors, "`conv` has no attribute `strid`; did you mean `stride`?\n");
  EXPECT_FALSE(call("leaky_rel", {input({4})}));
  EXPECT_EQ(errors, "no operation is called `leaky_rel`; did you mean `leaky_relu`?\n");
  EXPECT_FALSE(call("relu", {input({4})}, {{"zzzzzz", i(1)}}));
  EXPECT_EQ(errors, "`relu` has no attribute `zzzzzz`; it takes `x`\n");
}

TEST_F(Calls, ArgumentsOfTheWrongKind) {
  EXPECT_FALSE(call("conv", {input({1, 3, 8, 8})}, {{"out", f(1.5)}, {"kernel", i(3)}}));
  EXPECT_NE(errors.find("`out` of `conv` is an integer, not 1.5"), std::string::npos) << errors;
  EXPECT_FALSE(call("conv", {input({1, 3, 8, 8})}, {{"out", i(4)}, {"kernel", s("big")}, {"kernel", i(3)}}));
  EXPECT_NE(errors.find("`kernel` is given twice"), std::string::npos) << errors;
  EXPECT_FALSE(call("dropout", {input({4})}, {{"p", b(true)}}));
  EXPECT_NE(errors.find("`p` of `dropout` is a number, not true"), std::string::npos) << errors;
  EXPECT_FALSE(call("relu", {input({4}), input({4})}));
  EXPECT_NE(errors.find("`relu` takes no further argument by position"), std::string::npos) << errors;
  EXPECT_FALSE(call("relu", ArrayRef<CallArgument>{}));
  EXPECT_EQ(errors, "`relu` needs a tensor `x`\n");
}

TEST_F(Calls, ShapesThatDoNotGoTogetherNameTheOtherPlace) {
  EXPECT_FALSE(call("add", {input({1, 256, 56, 56}), input({1, 64, 56, 56})}));
  EXPECT_EQ(errors, "cannot add f32[1, 256, 56, 56] and f32[1, 64, 56, 56]: dimension C differs\n"
                    "note: the right side comes from here\n");
}

TEST_F(Calls, NumbersThatAreNoneAndNamesOfOthers) {
  for (const char *conv : {"conv", "conv_transpose"}) {
    EXPECT_FALSE(call(conv, {input({1, 3, 8, 8})}, {{"out", i(0)}, {"kernel", i(3)}}));
    EXPECT_EQ(errors, "`out` cannot be 0; the least is 1\n");
    EXPECT_FALSE(call(conv, {input({1, 3, 8, 8})}, {{"out", i(4)}, {"kernel", i(3)}, {"groups", i(-1)}}));
    EXPECT_EQ(errors, "`groups` cannot be -1; the least is 1\n");
    EXPECT_FALSE(call(conv, {input({1, 4, 8, 8})}, {{"out", i(3)}, {"kernel", i(3)}, {"groups", i(2)}}));
    EXPECT_EQ(errors, "`groups` 2 does not divide the 3 output channels\n");
  }
  EXPECT_FALSE(call("pad", {input({1, 3, 8, 8})}, {{"pad", i(1)}, {"mode", s("replicate")}}));
  EXPECT_EQ(errors, "PyTorch's `replicate` is `mode=edge` here\n");
}

TEST_F(Calls, VerifiersSpeakWithoutTheNameOfTheOp) {
  EXPECT_FALSE(call("dropout", {input({4})}, {{"p", f(1.5)}}));
  EXPECT_EQ(errors, "`p` is a probability below 1, not 1.500000e+00\n");
  EXPECT_FALSE(call("maxpool", {input({1, 3, 4, 4})}, {{"kernel", i(5)}}));
  EXPECT_EQ(errors, "window 5 is larger than the input 4 in dimension H\n");
  EXPECT_FALSE(call("maxpool", {input({1, 3, 2, 2})}, {{"kernel", i(5)}, {"stride", i(2)}, {"ceil_mode", b(true)}}));
  EXPECT_EQ(errors, "window 5 is larger than the input 2 in dimension H\n");
  EXPECT_TRUE(call("maxpool", {input({1, 3, 2, 2})}, {{"kernel", i(3)}, {"stride", i(2)}, {"ceil_mode", b(true)}}));
}

TEST_F(Calls, AFailedCallLeavesNothingBehind) {
  Value x = input({1, 256, 56, 56}), y = input({1, 64, 56, 56});
  EXPECT_FALSE(call("add", {x, y}));
  EXPECT_FALSE(call("dropout", {x}, {{"p", f(1.5)}}));
  EXPECT_TRUE(function.getBody().front().empty());
}

/// Hostile or mistyped numbers end in an error, not in an overflow or a hang.
TEST_F(Calls, HugeNumbers) {
  Value x = input({1, 8, 6, 6});
  EXPECT_FALSE(call("conv", {x}, {{"out", i(int64_t(1) << 40)}, {"kernel", i(1)}}));
  EXPECT_EQ(errors, "`out` of `conv` is an integer of 32 bits, not 1099511627776\n");
  EXPECT_FALSE(call("conv", {x}, {{"out", i(2000000000)}, {"kernel", i(1000)}, {"pad", i(1000)}}));
  EXPECT_NE(errors.find("more than the 1099511627776 elements a tensor may have"), std::string::npos) << errors;
  EXPECT_FALSE(call("upsample", {x}, {{"scale", i(2000000000)}}));
  EXPECT_NE(errors.find("the result would be [1, 8, 12000000000, 12000000000]"), std::string::npos) << errors;
  EXPECT_FALSE(call("pad", {x}, {{"low", list({0, 0, 0, int64_t(1) << 62})}}));
  EXPECT_NE(errors.find("`low` of `pad` is an integer or a list of integers, of 32 bits"), std::string::npos) << errors;
  EXPECT_FALSE(call("split", {input({2000000000})}, {{"parts", i(2000000000)}}));
  EXPECT_NE(errors.find("does not split into 2000000000 equal parts"), std::string::npos) << errors;
  SmallVector<CallArgument> dims{{"", i(2000000000), loc}, {"", i(2000000000), loc}};
  EXPECT_FALSE(call("weight", dims));
  EXPECT_NE(errors.find("a weight would be [2000000000, 2000000000]"), std::string::npos) << errors;
  EXPECT_FALSE(call("conv", {input({1, 1, 2000000000})},
                    {{"out", i(1)}, {"kernel", i(1000000000)}, {"stride", i(999999937)}, {"fit", s("exact")}}));
}

/// Calls nobody wrote a case for above: the plain ones, each at least made once.
TEST_F(Calls, PlainOnes) {
  Value x = input({1, 8, 6, 6});
  for (StringRef name : {"relu",      "relu6",       "sigmoid", "tanh",        "silu",
                         "hardswish", "hardsigmoid", "mish",    "gelu",        "softplus",
                         "elu",       "selu",        "celu",    "leaky_relu",  "thresholded_relu",
                         "softsign",  "erf",         "exp",     "log",         "sqrt",
                         "rsqrt",     "abs",         "neg",     "floor",       "ceil",
                         "clip",      "reciprocal",  "dropout", "log_softmax", "prelu",
                         "round",     "sign",        "sin",     "cos"}) {
    ASSERT_TRUE(call(name, {x})) << errors;
    EXPECT_EQ(type(), "f32[1, 8, 6, 6]") << name.str();
  }
  EXPECT_TRUE(call("less", {x, x}) && call("less_equal", {x, x}) && call("equal", {x, x})) << errors;
  EXPECT_TRUE(call("where", {x, x, x}) && call("where", {x, x}, {{"y", f(0)}})) << errors;
  EXPECT_TRUE(call("stochastic_depth", {x}, {{"survive", f(0.8)}, {"rule", s("paper")}})) << errors;
  EXPECT_TRUE(call("lrn", {x}, {{"size", i(5)}})) << errors;
  EXPECT_TRUE(call("cast", {x}, {{"to", s("i32")}})) << errors;
  EXPECT_TRUE(call("global_avgpool", {x}) && call("global_maxpool", {x})) << errors;
  EXPECT_TRUE(call("adaptive_avgpool", {x}, {{"out", i(3)}})) << errors;
  EXPECT_TRUE(call("upsample", {x}, {{"scale", i(2)}, {"mode", s("linear")}})) << errors;
  EXPECT_TRUE(call("channel_shuffle", {x}, {{"groups", i(2)}})) << errors;
  EXPECT_TRUE(call("depth_to_space", {x}, {{"block", i(2)}})) << errors;
  EXPECT_TRUE(call("pad", {x}, {{"pad", i(1)}, {"mode", s("edge")}})) << errors;
  EXPECT_EQ(type(), "f32[1, 8, 8, 8]");
  EXPECT_TRUE(call("flatten", {x}) && call("transpose", {x})) << errors;
  EXPECT_TRUE(call("expand", {x}, {{"shape", list({3, 8, 6, 6})}})) << errors;
  EXPECT_TRUE(call("gather", {x, input({2}, builder.getI32Type())}, {{"axis", i(1)}})) << errors;
  Value places = input({2, 9}, builder.getI32Type());
  EXPECT_TRUE(call("resample", {x, places, input({2, 9})}, {{"axis", i(-1)}})) << errors;
  EXPECT_EQ(type(), "f32[1, 8, 6, 9]");
  EXPECT_TRUE(call("matmul", {x, x}) && call("dot", {x, x}) && call("pow", {x, x}) && call("minimum", {x, x}))
      << errors;
  EXPECT_TRUE(call("conv_transpose", {x}, {{"out", i(4)}, {"kernel", i(2)}, {"stride", i(2)}})) << errors;
  EXPECT_EQ(type(), "f32[1, 4, 12, 12]");
  for (StringRef name : {"sum", "mean", "min"})
    EXPECT_TRUE(call(name, {x}, {{"axis", list({2, 3})}})) << errors;
  EXPECT_TRUE(call("image_input", {input({1, 8, 8, 3}, builder.getIntegerType(8))}, {{"mean", f(0.5)}, {"crop", i(4)}}))
      << errors;
  EXPECT_EQ(type(), "f32[1, 3, 4, 4]");
}

} // namespace
