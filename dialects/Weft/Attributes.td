// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Attributes of types, modules and operations: how a tensor is stored, which algorithm computes it, for which machine,
// and the closed lists of words operations use.
#ifndef WEFT_ATTRIBUTES_TD
#define WEFT_ATTRIBUTES_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/TensorEncoding.td"
include "dialects/Weft/WeftBase.td"

class Weft_Attr<string name, string attrMnemonic, list<Trait> traits = []> : AttrDef<Weft_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Weft_BlockedAttr : Weft_Attr<"Blocked", "blocked", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "channels stored in blocks, with a border around each plane";
  let description = [{
    The encoding of a tensor whose channels (dimension 1; dimension 0 of a vector) are stored in blocks of `block`, the
    block innermost: `[N, C, H, W]` becomes `[N, ceil(C / block), H, W, block]`, `[N, C]` becomes
    `[N, ceil(C / block), block]`, `[C]` becomes `[ceil(C / block), block]`. The rounded-up part holds finite values that
    nobody reads with a weight other than zero.

    `border` lists, for each spatial dimension, how many elements are stored before the first, then for each how many
    after the last; they hold `fill`.

    C1. `block` >= 1.
    C2. The rank is at least 1.
    C3. `border` is empty or has two entries a spatial dimension, none negative.

    Example:
    ```mlir
    tensor<1x64x56x56xf32, #weft.blocked<16>>
    tensor<1x64x56x56xf32, #weft.blocked<16, border = [1, 1, 1, 1], fill = 0.0>>
    ```
  }];
  let parameters = (ins "int64_t":$block, ArrayRefParameter<"int64_t">:$border, "::mlir::FloatAttr":$fill_attr);
  let builders = [
    AttrBuilder<(ins "int64_t":$block, CArg<"::llvm::ArrayRef<int64_t>", "{}">:$border, CArg<"double", "0.0">:$fill), [{
      return $_get($_ctxt, block, border, ::mlir::FloatAttr::get(::mlir::Float64Type::get($_ctxt), fill));
    }]>,
  ];
  let genVerifyDecl = 1;
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    double getFill() const { return getFillAttr().getValueAsDouble(); }
    bool hasBorder() const { return !getBorder().empty(); }
    /// Border of spatial dimension `dim`; 0 without a border.
    int64_t getLow(unsigned dim) const { return hasBorder() ? getBorder()[dim] : 0; }
    int64_t getHigh(unsigned dim) const { return hasBorder() ? getBorder()[getBorder().size() / 2 + dim] : 0; }
    BlockedAttr withBorder(::llvm::ArrayRef<int64_t> border, double fill) const;
    BlockedAttr withoutBorder() const;
  }];
}

def Weft_TargetAttr : Weft_Attr<"Target", "target"> {
  let summary = "the machine a module is compiled for";
  let description = [{
    `name` as the user writes it, already resolved (`cpu:znver4`, never `cpu:native`); `vector` is the number of f32
    lanes of a vector register; `features` are LLVM's names, all needed, but those of tile registers (`amx-tile`,
    `amx-bf16`) only by kernels that use these; without them among `features` none does.

    Example:
    ```mlir
    module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = ["avx512f"]>} {}
    ```
  }];
  let parameters = (ins StringRefParameter<"the resolved name">:$name, "int64_t":$vector,
                        "::mlir::ArrayAttr":$features);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Weft_FieldAttr : Weft_Attr<"Field", "field"> {
  let summary = "the channels and the receptive field of a value, for those who look at it from outside";
  let description = [{
    What `ReceptiveField.h` says of a value, kept beside it once the operations that led to it are gone. `channels` is how many
    channels there are where they are stored in blocks, one number for each part that begins with a block; the other lists have one entry for each dimension of the network's
    argument `picture` that is a place (none: the value depends on no picture). Element i of dimension `dims[k]` sees, along `picture_dims[k]`, the
    elements from `jump[k] * i + start[k]`, `size[k]` of them; where `dims[k]` is -1, all.

    C1. The other lists have one length.

    Example:
    ```mlir
    #weft.field<channels = [64], picture = 0, picture_dims = [2, 3], dims = [2, 3],
                jump = [2.0, 2.0], start = [-3.0, -3.0], size = [7.0, 7.0]>
    ```
  }];
  let parameters = (ins "::mlir::DenseI64ArrayAttr":$channels, "int64_t":$picture, "::mlir::DenseI64ArrayAttr":$picture_dims,
                        "::mlir::DenseI64ArrayAttr":$dims, "::mlir::DenseF64ArrayAttr":$jump,
                        "::mlir::DenseF64ArrayAttr":$start, "::mlir::DenseF64ArrayAttr":$size);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

class Weft_Enum<string name, string summary, list<I32EnumAttrCase> cases> : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::weft";
  let genSpecializedAttr = 0;
}

def Weft_Algorithm : Weft_Enum<"Algorithm", "how a contraction is computed", [
  I32EnumAttrCase<"Direct", 0, "direct">, I32EnumAttrCase<"Gemm", 1, "gemm">,
  I32EnumAttrCase<"Winograd2", 2, "winograd2">, I32EnumAttrCase<"Winograd4", 3, "winograd4">,
  I32EnumAttrCase<"Winograd6", 4, "winograd6">, I32EnumAttrCase<"Depthwise", 5, "depthwise">,
  I32EnumAttrCase<"Grouped", 6, "grouped">, I32EnumAttrCase<"First", 7, "first">,
  I32EnumAttrCase<"Strassen", 8, "strassen">, I32EnumAttrCase<"Planar", 9, "planar">]>;
def Weft_AlgorithmAttr : EnumAttr<Weft_Dialect, Weft_Algorithm, "algorithm"> {
  let assemblyFormat = "`<` $value `>`";
}

def Weft_ReduceKind : Weft_Enum<"ReduceKind", "how values are gathered into one", [
  I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Mean", 1, "mean">,
  I32EnumAttrCase<"Max", 2, "max">, I32EnumAttrCase<"Min", 3, "min">]>;
def Weft_ReduceKindAttr : EnumAttr<Weft_Dialect, Weft_ReduceKind, "reduce"> {
  let assemblyFormat = "`<` $value `>`";
}

def Weft_ScatterKind : Weft_Enum<"ScatterKind", "what a scattered value does to the one that is there", [
  I32EnumAttrCase<"Put", 0, "put">, I32EnumAttrCase<"Add", 1, "add">, I32EnumAttrCase<"Mul", 2, "mul">,
  I32EnumAttrCase<"Max", 3, "max">, I32EnumAttrCase<"Min", 4, "min">]>;
def Weft_ScatterKindAttr : EnumAttr<Weft_Dialect, Weft_ScatterKind, "scatter_kind"> {
  let assemblyFormat = "`<` $value `>`";
}

def Weft_Access : Weft_Enum<"Access", "which row of a tensor an edge reads", [
  I32EnumAttrCase<"Src", 0, "src">, I32EnumAttrCase<"Dst", 1, "dst">,
  I32EnumAttrCase<"Edge", 2, "edge">, I32EnumAttrCase<"All", 3, "all">]>;
def Weft_AccessAttr : EnumAttr<Weft_Dialect, Weft_Access, "access"> {
  let assemblyFormat = "`<` $value `>`";
}
def Weft_AccessArrayAttr : TypedArrayAttrBase<Weft_AccessAttr, "one access a captured tensor">;

def Weft_Interpolation : Weft_Enum<"Interpolation", "how values between samples are made", [
  I32EnumAttrCase<"Nearest", 0, "nearest">, I32EnumAttrCase<"Linear", 1, "linear">]>;
def Weft_InterpolationAttr : EnumAttr<Weft_Dialect, Weft_Interpolation, "interpolation"> {
  let assemblyFormat = "`<` $value `>`";
}

def Weft_PadMode : Weft_Enum<"PadMode", "what padding is filled with", [
  I32EnumAttrCase<"Constant", 0, "constant">, I32EnumAttrCase<"Reflect", 1, "reflect">,
  I32EnumAttrCase<"Edge", 2, "edge">]>;
def Weft_PadModeAttr : EnumAttr<Weft_Dialect, Weft_PadMode, "pad_mode"> {
  let assemblyFormat = "`<` $value `>`";
}

def Weft_DepthMode : Weft_Enum<"DepthMode", "order of channels in depth_to_space", [
  I32EnumAttrCase<"DCR", 0, "dcr">, I32EnumAttrCase<"CRD", 1, "crd">]>;
def Weft_DepthModeAttr : EnumAttr<Weft_Dialect, Weft_DepthMode, "depth_mode"> {
  let assemblyFormat = "`<` $value `>`";
}

def Weft_GeluMode : Weft_Enum<"GeluMode", "whether gelu is exact", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Tanh", 1, "tanh">]>;
def Weft_GeluModeAttr : EnumAttr<Weft_Dialect, Weft_GeluMode, "gelu_mode"> {
  let assemblyFormat = "`<` $value `>`";
}

def Weft_SurviveRule : Weft_Enum<"SurviveRule", "what stochastic depth does at inference", [
  I32EnumAttrCase<"Identity", 0, "identity">, I32EnumAttrCase<"Paper", 1, "paper">]>;
def Weft_SurviveRuleAttr : EnumAttr<Weft_Dialect, Weft_SurviveRule, "survive_rule"> {
  let assemblyFormat = "`<` $value `>`";
}

#endif
