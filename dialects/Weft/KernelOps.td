// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The operations kernel functions need beside upstream's: reductions over ragged rows, and to places that are computed, which
// linalg cannot say.
#ifndef WEFT_KERNEL_OPS_TD
#define WEFT_KERNEL_OPS_TD

include "dialects/Weft/Attributes.td"

def SegmentReduceOp : Weft_Op<"segment_reduce", [Pure, SingleBlock]> {
  let summary = "linalg.generic with one more loop, over the edges of each row";
  let description = [{
    For each row v and each position of the other result dimensions, begins with `init` and goes over the edges
    `e = indptr[v] .. indptr[v + 1]` in order; the region gets the elements of `inputs` that `indexing_maps` picks and the
    accumulator, and yields the next accumulator. Dimensions of the maps are those of the result (d0 is the row), then
    the edge; the symbol s0 is the edge's source, `indices[e]`. A result may have a row for each element of `indptr`: the last
    one is behind all rows and has no edges. Phase kernels makes this of `aggregate` and `softmax_by_dst`.

    C1. There is one map an input; each has rank(result) + 1 dimensions and one symbol.
    C2. The result has the type of `init`.
    C3. The region has one argument an input and one for the accumulator, all scalars, and yields one scalar.

    Example:
    ```mlir
    %y = weft.segment_reduce(%indptr, %indices) ins(%h, %w) outs(%zero)
        attributes {indexing_maps = [affine_map<(v, f, e)[u] -> (u, f)>, affine_map<(v, f, e)[u] -> (e)>]} {
    ^bb0(%a: f32, %b: f32, %sum: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %sum, %m : f32
      weft.yield %s : f32
    } : (tensor<?xi32>, tensor<?xi32>, tensor<?x16xf32>, tensor<?xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
    ```
  }];
  let arguments = (ins Weft_IndexTensor:$indptr, Weft_IndexTensor:$indices, Variadic<Weft_Tensor>:$inputs,
                       Weft_Tensor:$init, AffineMapArrayAttr:$indexing_maps);
  let results = (outs Weft_Tensor:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `(` $indptr `,` $indices `)` `ins` `(` $inputs `)` `outs` `(` $init `)` attr-dict-with-keyword $body
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::AffineMap> getMaps() {
      return ::llvm::to_vector(getIndexingMaps().getAsValueRange<::mlir::AffineMapAttr>());
    }
    ::weft::YieldOp getYield();
  }];
}

def ScatterReduceOp : Weft_Op<"scatter_reduce", [Pure, SingleBlock]> {
  let summary = "a reduction in which each term says where it belongs";
  let description = [{
    Begins with `init` and goes, for each position of the result's dimensions but `axis`, over the terms in order: the region gets the
    elements of `inputs` that `indexing_maps` picks and the accumulator, and yields a place along `axis` and the next accumulator of that
    place, which is the one it got. A term whose place is outside is left out. Dimensions of the maps are those of the result, but that
    of `axis` is the term.

    C1. There is one map an input, each with rank(result) dimensions; 0 <= `axis` < rank(result).
    C2. The result has the type of `init`.
    C3. The region has one argument an input and one for the accumulator, all scalars, and yields an i32 and an element.

    Example:
    ```mlir
    %y = weft.scatter_reduce axis 0 ins(%i, %u) outs(%zero)
        attributes {indexing_maps = [affine_map<(e, f) -> (e)>, affine_map<(e, f) -> (e, f)>]} {
    ^bb0(%place: i32, %a: f32, %sum: f32):
      %s = arith.addf %sum, %a : f32
      weft.yield %place, %s : i32, f32
    } : (tensor<?xi32>, tensor<?x16xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
    ```
  }];
  let arguments = (ins Variadic<Weft_Tensor>:$inputs, Weft_Tensor:$init, AffineMapArrayAttr:$indexing_maps, I64Attr:$axis);
  let results = (outs Weft_Tensor:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `axis` $axis `ins` `(` $inputs `)` `outs` `(` $init `)` attr-dict-with-keyword $body
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::AffineMap> getMaps() {
      return ::llvm::to_vector(getIndexingMaps().getAsValueRange<::mlir::AffineMapAttr>());
    }
    ::weft::YieldOp getYield();
  }];
}

def ExtentOp : Weft_Op<"extent", [Pure]> {
  let summary = "a run-time size, by name";
  let description = [{
    The size of this run, at most its bound. Stands in the network function after phase kernels where no tensor has the size
    as a dimension (the G of `readout`).

    Example:
    ```mlir
    %g = weft.extent "G"
    ```
  }];
  let arguments = (ins StrAttr:$size);
  let results = (outs Index:$value);
  let assemblyFormat = "$size attr-dict";
}

#endif
