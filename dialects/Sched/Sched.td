// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The `sched` dialect: how a kernel's loops run, as attributes. One to one with the directives of
// compiler/Kernel/KernelDesc.h; RATIONALE.md says why it has no operations.
#ifndef WEFT_SCHED_TD
#define WEFT_SCHED_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/DialectBase.td"
include "mlir/IR/EnumAttr.td"

def Sched_Dialect : Dialect {
  let name = "sched";
  let cppNamespace = "::weft::sched";
  let summary = "Loop schedules of kernel functions, as attributes";
  let useDefaultAttributePrinterParser = 1;
}

def Sched_Tail : I32Enum<"Tail", "what happens where a split does not divide its loop", [
    I32EnumCase<"ShiftInwards", 0, "shift_inwards">, // the last tile moves back; extent >= factor, never in place
    I32EnumCase<"Predicate", 1, "predicate">,        // vector code under a condition or a mask
    I32EnumCase<"RoundUp", 2, "round_up">,           // computes past the end: the buffer is padded
    I32EnumCase<"Exact", 3, "exact">                 // the factor is known to divide the extent
  ]> {
  let cppNamespace = "::weft::sched";
}

def Sched_DirectiveKind : I32Enum<"DirectiveKind", "one kind of scheduling decision", [
    I32EnumCase<"Split", 0, "split">,
    I32EnumCase<"Fuse", 1, "fuse">,
    I32EnumCase<"Reorder", 2, "reorder">,
    I32EnumCase<"Vectorize", 3, "vectorize">,
    I32EnumCase<"Unroll", 4, "unroll">,
    I32EnumCase<"Parallel", 5, "parallel">,
    I32EnumCase<"ComputeAt", 6, "compute_at">,
    I32EnumCase<"StoreAt", 7, "store_at">,
    I32EnumCase<"ComputeRoot", 8, "compute_root">,
    I32EnumCase<"StoreRoot", 9, "store_root">,
    I32EnumCase<"StorageOrder", 10, "storage_order">,
    I32EnumCase<"FoldStorage", 11, "fold_storage">,
    I32EnumCase<"BoundExtent", 12, "bound_extent">,
    I32EnumCase<"Prefetch", 13, "prefetch">,
    I32EnumCase<"Strips", 14, "strips">,
    I32EnumCase<"Peel", 15, "peel">,
    I32EnumCase<"Pair", 16, "pair">
  ]> {
  let cppNamespace = "::weft::sched";
}

class Sched_Attr<string name, string mnemonicText> : AttrDef<Sched_Dialect, name> {
  let mnemonic = mnemonicText;
  let hasCustomAssemblyFormat = 1;
}

def Sched_DirectiveAttr : Sched_Attr<"Directive", "directive"> {
  let summary = "one scheduling decision about the loops of a stage";
  let description = [{
    | written | meaning |
    |---|---|
    | `split(x -> xo, xi by 7, shift_inwards)` | `x` becomes `xo * 7 + xi`; the last word says what happens at the end |
    | `strips(y -> s, ys by 4)` | `y` becomes one strip `s` for each thread, rows `ys` in it, 4 or more; the last moves back |
    | `peel(x -> xm)` | the points of a border that lie outside what it surrounds are stored apart; `xm` are those inside |
    | `fuse(y, cbo -> t)` | one loop over both, `cbo` the faster |
    | `reorder(cbo, y, xo, xi, c)` | outermost first; loops not named keep their place outside |
    | `vectorize(c)` `unroll(xi)` `parallel(t)` | how one loop runs |
    | `compute_at("out", xo)` `store_at("out", y)` | the stage is computed (stored) inside that loop of that stage |
    | `compute_root` `store_root` | computed (stored) once for the whole kernel |
    | `storage_order(cb, y, x, c)` | the stage's own buffer, outermost first |
    | `fold_storage(y by 4)` | a circular buffer of four rows |
    | `bound_extent(c by 16)` | the stage is only ever asked for this many |
    | `prefetch("filter", ib, cbo by 5)` | each turn of `ib` fetches five cache lines of what the next `cbo` reads of that operand |
    | `pair(cb, x)` | in the last turn of `cb`, whose channels fill half a vector, two turns of `x` are summed in one vector |

    Example: `#sched.directive<split(x -> xo, xi by 7, shift_inwards)>`
  }];
  let parameters = (ins "DirectiveKind":$kind, ArrayRefParameter<"::mlir::StringAttr">:$loops, "int64_t":$factor,
                    "Tail":$tail, "::mlir::StringAttr":$at);
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Parses and prints the inner text, without `#sched.directive<` and `>`.
    static ::mlir::Attribute parseBody(::mlir::AsmParser &parser);
    void printBody(::mlir::AsmPrinter &printer) const;
  }];
}

def Sched_StageAttr : Sched_Attr<"Stage", "stage"> {
  let summary = "the directives of one stage, those of its update apart";
  let description = [{
    `name` is the `weft.stage` of a linalg operation. `directives` are about the loops of its initial definition,
    `update` about those of its reduction. Within each list order matters: a directive may name loops made before it.

    Example: `#sched.stage<"conv", [compute_at("out", xo), vectorize(c)], update [reorder(i, x, c), unroll(x)]>`
  }];
  let parameters = (ins "::mlir::StringAttr":$name, ArrayRefParameter<"DirectiveAttr">:$directives,
                    ArrayRefParameter<"DirectiveAttr">:$update);
  let extraClassDeclaration = [{
    static ::mlir::Attribute parseBody(::mlir::AsmParser &parser);
    void printBody(::mlir::AsmPrinter &printer) const;
  }];
}

def Sched_ScheduleAttr : Sched_Attr<"Schedule", "schedule"> {
  let summary = "how a kernel function runs: one entry a stage";
  let description = [{
    Stands on a kernel function as `sched.schedule`. A stage without an entry has no directives: it is inlined into its
    readers, or computed before them when it has a reduction.

    Example:
    ```mlir
    #sched.schedule<[
      stage<"conv", [compute_at("relu", xo), vectorize(c)], update [reorder(i, x, c), unroll(x)]>,
      stage<"relu", [split(x -> xo, xi by 7, shift_inwards), vectorize(c)]>]>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"StageAttr">:$stages);
  let genVerifyDecl = 1;
}

#endif // WEFT_SCHED_TD
