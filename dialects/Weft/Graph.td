// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations on graphs in compressed sparse rows by destination: the edges of vertex v are indptr[v] to indptr[v + 1], and
// indices[e] is the source of edge e.
#ifndef WEFT_GRAPH_TD
#define WEFT_GRAPH_TD

include "dialects/Weft/Attributes.td"

class Weft_EdgeOp<string mnemonic>
    : Weft_PureOp<mnemonic, [IsolatedFromAbove, SingleBlockImplicitTerminator<"YieldOp">]> {
  string constraints = [{

    C1. `indptr` and `indices` are vectors of one integer type; `indptr` has one element more than there are vertices.
    C2. `access` has one entry a captured tensor: `src`, `dst` and `edge` give the region that row of it (dimension 0 is
        the vertex or the edge), `all` the whole tensor.
    C3. The region has one block with one argument a captured tensor, of the type of its row, and yields one tensor.
  }];
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Weft_FloatTensor:$y);
  let skipDefaultBuilders = 1;
  let extraClassDeclaration = [{
    /// The type of block argument of a captured tensor: its row, or all of it.
    static ::mlir::RankedTensorType getRowType(::mlir::RankedTensorType captured, ::weft::Access access);
    ::weft::Access getAccessOf(unsigned captured) {
      return ::llvm::cast<::weft::AccessAttr>(getAccess()[captured]).getValue();
    }
    ::weft::YieldOp getYield();
  }];
}

def AggregateOp : Weft_EdgeOp<"aggregate"> {
  let summary = "one value a vertex from a value of each of its edges";
  let description = [{
    For each vertex v, the `kind` (sum, mean, max, min) over its edges, in order, of what the region yields for the edge. A
    vertex without edges gets 0.
  }] # constraints # [{
    C4. The result has one row a vertex, of the type the region yields.

    Example:
    ```mlir
    %y = weft.aggregate sum(%indptr, %indices) captures(src %h, edge %w) {
    ^bb0(%hj: tensor<16xf32>, %wj: tensor<f32>):
      %m = weft.mul %hj, %wj : (tensor<16xf32>, tensor<f32>) -> tensor<16xf32>
      weft.yield %m : tensor<16xf32>
    } : (tensor<?xi32>, tensor<?xi32>, tensor<?x16xf32>, tensor<?xf32>) -> tensor<?x16xf32>
    ```
  }];
  let arguments = (ins Weft_IndexTensor:$indptr, Weft_IndexTensor:$indices, Variadic<Weft_Tensor>:$captured,
                       Weft_ReduceKindAttr:$kind, Weft_AccessArrayAttr:$access);
  let assemblyFormat = [{
    custom<Word>($kind) `(` $indptr `,` $indices `)` `captures` `(` custom<Captures>($captured, $access) `)` $body attr-dict
    `:` functional-type(operands, results)
  }];
  let builders = [
    /// `body` is given the rows of an edge, in order, and returns what the region yields.
    OpBuilder<(ins "::weft::ReduceKind":$kind, "::mlir::Value":$indptr, "::mlir::Value":$indices,
                   "::mlir::ValueRange":$captured, "::llvm::ArrayRef<::weft::Access>":$access,
                   "::weft::EdgeBodyBuilder":$body)>,
    /// `body` is complete: one block, its arguments the rows in order, a yield at its end.
    OpBuilder<(ins "::weft::ReduceKind":$kind, "::mlir::Value":$indptr, "::mlir::Value":$indices,
                   "::mlir::ValueRange":$captured, "::llvm::ArrayRef<::weft::Access>":$access,
                   "std::unique_ptr<::mlir::Region>":$body)>,
  ];
}

def SoftmaxByDstOp : Weft_EdgeOp<"softmax_by_dst"> {
  let summary = "softmax over the edges of each vertex";
  let description = [{
    For each vertex, the softmax over its edges of what the region yields for the edge, element by element.
  }] # constraints # [{
    C4. The result has one row an edge, of the type the region yields.

    Example:
    ```mlir
    %a = weft.softmax_by_dst(%indptr, %indices) captures(src %s, dst %d) {
    ^bb0(%sj: tensor<8xf32>, %di: tensor<8xf32>):
      %m = weft.add %sj, %di : tensor<8xf32>
      weft.yield %m : tensor<8xf32>
    } : (tensor<?xi32>, tensor<?xi32>, tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins Weft_IndexTensor:$indptr, Weft_IndexTensor:$indices, Variadic<Weft_Tensor>:$captured,
                       Weft_AccessArrayAttr:$access);
  let assemblyFormat = [{
    `(` $indptr `,` $indices `)` `captures` `(` custom<Captures>($captured, $access) `)` $body attr-dict
    `:` functional-type(operands, results)
  }];
  let builders = [
    /// `body` is given the rows of an edge, in order, and returns what the region yields.
    OpBuilder<(ins "::mlir::Value":$indptr, "::mlir::Value":$indices, "::mlir::ValueRange":$captured,
                   "::llvm::ArrayRef<::weft::Access>":$access, "::weft::EdgeBodyBuilder":$body)>,
    /// `body` is complete: one block, its arguments the rows in order, a yield at its end.
    OpBuilder<(ins "::mlir::Value":$indptr, "::mlir::Value":$indices, "::mlir::ValueRange":$captured,
                   "::llvm::ArrayRef<::weft::Access>":$access, "std::unique_ptr<::mlir::Region>":$body)>,
  ];
}

def ReadoutOp : Weft_PureOp<"readout"> {
  let summary = "one value a part from the rows that belong to it";
  let description = [{
    Row g of the result is the `kind` (sum, mean, max, min) over the rows v of `x` with `part[v] = g`; 0 where there is none.

    C1. `x` has rank >= 1; `part` is a vector of i32 or i64 as long as dimension 0 of `x`, its values below `graphs`.
    C2. `graphs` is >= 1, or -1 for a run-time size, whose name is then `size`.

    Example:
    ```mlir
    %y = weft.readout mean %x by %part graphs 32 : (tensor<?x64xf32>, tensor<?xi32>) -> tensor<32x64xf32>
    %z = weft.readout mean %x by %part graphs -1 {size = "G"} : (tensor<?x64xf32>, tensor<?xi32>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Weft_FloatTensor:$x, Weft_IndexTensor:$part, Weft_ReduceKindAttr:$kind, I64Attr:$graphs,
                       OptionalAttr<StrAttr>:$size);
  let results = (outs Weft_FloatTensor:$y);
  let assemblyFormat = [{
    custom<Word>($kind) $x `by` $part `graphs` $graphs attr-dict `:` functional-type(operands, results)
  }];
}

def DotOp : Weft_PureOp<"dot"> {
  let summary = "product summed over the last dimension";
  let description = [{
    `z[...] = sum over i of x[..., i] * y[..., i]`; all dimensions are broadcast as NumPy does.

    C1. Both have rank >= 1 and one element type.
    C2. In each dimension the extents are equal or one of them is 1.

    Example:
    ```mlir
    %z = weft.dot %x, %y : (tensor<8x16xf32>, tensor<1x8x16xf32>) -> tensor<1x8xf32>
    ```
  }];
  let arguments = (ins Weft_FloatTensor:$x, Weft_FloatTensor:$y);
  let results = (outs Weft_FloatTensor:$z);
  let assemblyFormat = "$x `,` $y attr-dict `:` functional-type(operands, results)";
}

#endif
