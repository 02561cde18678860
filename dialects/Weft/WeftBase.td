// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The dialect itself and the classes its operations share. Each category of operations has a file of its own.
#ifndef WEFT_BASE_TD
#define WEFT_BASE_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Weft_Dialect : Dialect {
  let name = "weft";
  let cppNamespace = "::weft";
  let summary = "what a neural network computes: a graph of tensors, no target";
  let description = [{
    Operations of neural networks on ranked tensors, with the meaning and the defaults of ONNX where ONNX has them.
    Logical shapes (`[N, C, H, W]`) are the truth everywhere; how a tensor is stored is an encoding on its type
    (`#weft.blocked`), which inference ignores and verifiers do not compare.

    Weights are names (`weft.weight`). An operation whose operands are all weights or constants is part of a recipe:
    no pass evaluates it, the emitter does.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = "void registerAttributes();";
}

/// Every value of the dialect.
def Weft_Tensor : RankedTensorOf<[AnyFloat, AnyInteger]>;
def Weft_FloatTensor : RankedTensorOf<[AnyFloat]>;
def Weft_IndexTensor : RankedTensorOf<[I32, I64]>;

/// Result types are inferred from operands and attributes. Encodings are not: a result may carry any. The check is
/// made by the trait `InferredShape`, which says what differs; upstream's own comparison is switched off.
def Weft_InferMethods : InferTypeOpAdaptorBase<[{
  static bool isCompatibleReturnTypes(::mlir::TypeRange lhs, ::mlir::TypeRange rhs) {
    return ::weft::sameLogicalTypes(lhs, rhs);
  }
  static ::llvm::LogicalResult refineReturnTypes(::mlir::MLIRContext *, std::optional<::mlir::Location>,
      ::mlir::ValueRange, ::mlir::DictionaryAttr, ::mlir::OpaqueProperties, ::mlir::RegionRange,
      ::llvm::SmallVectorImpl<::mlir::Type> &) {
    return ::mlir::success();
  }
}]>;

def Weft_InferredShape : NativeOpTrait<"InferredShape"> { let cppNamespace = "::weft"; }

def Weft_PlaceByPlace : NativeOpTrait<"PlaceByPlace"> { let cppNamespace = "::weft"; }

class Weft_Op<string mnemonic, list<Trait> traits = []> : Op<Weft_Dialect, mnemonic, traits>;

/// A pure operation whose result types follow from its operands and attributes.
class Weft_PureOp<string mnemonic, list<Trait> traits = []>
    : Weft_Op<mnemonic, !listconcat([Pure, Weft_InferMethods, Weft_InferredShape], traits)>;

#endif
