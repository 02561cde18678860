// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The passes of phase `kernels`. Groups outlined as functions of linalg operations.
#ifndef WEFT_KERNELS_PASSES_TD
#define WEFT_KERNELS_PASSES_TD

include "mlir/Pass/PassBase.td"

def OutlineKernels : Pass<"weft-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "each group becomes a pure function of linalg operations on stored tensors";
  let description = [{
    A kernel takes its inputs, index 0 being the first element it touches, and its outputs, without border, as destinations.
    What the network function keeps are calls, tensor operations that say where things lie, and weights with their recipes.

    ```mlir
    %y = weft.group "conv1" (%x, %w) {...} : (tensor<1x64x8x8xf32, #weft.blocked<16, border = [1, 1, 1, 1]>>, ...)
    // becomes
    %e = tensor.empty() : tensor<1x4x8x8x16xf32>
    %c = tensor.cast %e : tensor<1x4x8x8x16xf32> to tensor<1x?x?x?x16xf32>
    %y = call @conv3x3_b16_0(%x0, %w0, %c) {weft.path = "conv1"} : (...) -> tensor<1x?x?x?x16xf32>
    ```
  }];
  let statistics = [Statistic<"numKernels", "kernels", "groups outlined">];
  let dependentDialects = ["::weft::WeftDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

def ShareKernels : Pass<"weft-share-kernels", "::mlir::ModuleOp"> {
  let summary = "kernel functions that are alike become one";
  let description = [{
    Compares functions as printed, without name and locations. Those left are numbered again, per name, in order.

    ```mlir
    %a = call @relu_0(%x, %0) {weft.path = "relu1"} : (tensor<1x4x?x?xf32>, tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
    %b = call @relu_1(%y, %1) {weft.path = "relu2"} : (tensor<1x4x?x?xf32>, tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
    // becomes, the two functions being alike
    %a = call @relu_0(%x, %0) {weft.path = "relu1"} : ...
    %b = call @relu_0(%y, %1) {weft.path = "relu2"} : ...
    ```
  }];
  let statistics = [Statistic<"numShared", "kernels-shared", "kernel functions replaced by an equal one">];
}

def VerifyImportable : Pass<"weft-verify-importable", "::mlir::ModuleOp"> {
  let summary = "every kernel function holds only what a KernelDesc can say";
  let description = [{
    Imports each kernel function and drops the result: linalg operations with named loops, a closed list of scalar
    operations, `tensor.empty`, `tensor.dim`, `tensor.pad`, `weft.segment_reduce` and `weft.scatter_reduce`. Anything else is an error at its place.

    ```mlir
    func.func private @relu_0(%x: tensor<1x4x?x?xf32>, %out: tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
        attributes {weft.kernel = "relu"} {
      %0 = linalg.generic {..., weft.loops = ["n", "ch", "y", "x"], weft.stage = "relu"} ins(%x) outs(%out) { ... }
      return %0 : tensor<1x4x?x?xf32>   // importable; an scf.for in its place would be an error
    }
    ```
  }];
  let statistics = [Statistic<"numChecked", "kernels-checked", "kernel functions imported">];
}

def PrintDescs : Pass<"weft-print-descs", "::mlir::ModuleOp"> {
  let summary = "the KernelDesc of every kernel function as text, on standard output";
  let description = [{
    Imports kernel functions, with their schedules where they have one, and prints them in the text form helper processes
    read. The module does not change.

    ```mlir
    func.func private @relu_0(...) attributes {weft.kernel = "relu"} { ... }
    // prints
    kernel relu_0 {
      operand x f32 [1, 4, ?, ?] strides [?, ?, ?, 1]
      output out f32 [1, 4, ?, ?] strides [?, ?, ?, 1]
      stage relu f32 [n < 1, ch < 4, y < out.2, x < out.3] holds out {
        init max(@x[n, ch, y, x], 0)
      }
    }
    ```
  }];
  let statistics = [Statistic<"numPrinted", "kernels-printed", "kernel functions printed">];
}

#endif // WEFT_KERNELS_PASSES_TD
