// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Groups: what becomes one kernel.
#ifndef WEFT_GROUP_TD
#define WEFT_GROUP_TD

include "dialects/Weft/Attributes.td"

def GroupOp : Weft_Op<"group", [Pure, IsolatedFromAbove, SingleBlock]> {
  let summary = "operations that become one kernel";
  let description = [{
    Made by phase fuse. `path` is the path of the operation the group is named after.

    C1. The block has one argument an operand, of its type.
    C2. The results have the types of what `weft.yield` yields.
    C3. Every operation inside is pure.

    Example:
    ```mlir
    %y = weft.group "conv1" (%x) {
    ^bb0(%a: tensor<1x64x8x8xf32>):
      %r = weft.relu %a : tensor<1x64x8x8xf32>
      weft.yield %r : tensor<1x64x8x8xf32>
    } : (tensor<1x64x8x8xf32>) -> tensor<1x64x8x8xf32>
    ```
  }];
  let arguments = (ins StrAttr:$path, Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$path `(` $inputs `)` $body attr-dict `:` functional-type($inputs, results)";
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::weft::YieldOp getYield();
  }];
}

def YieldOp : Weft_Op<"yield", [Pure, Terminator, ParentOneOf<["GroupOp", "AggregateOp", "SoftmaxByDstOp", "SegmentReduceOp", "ScatterReduceOp"]>]> {
  let summary = "the result of a region";
  let description = [{
    C1. It ends the region of `group`, `aggregate`, `softmax_by_dst`, `segment_reduce` or `scatter_reduce`.

    Example:
    ```mlir
    weft.yield %r : tensor<1x64x8x8xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}

#endif
