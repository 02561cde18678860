// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The `plan` dialect: where every byte of a compiled network lies and what runs in which order. Every decision has been
// made: printing, checking or emitting a plan asks nothing of anybody. RATIONALE.md says why views are attributes.
#ifndef WEFT_PLAN_TD
#define WEFT_PLAN_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"

def Plan_Dialect : Dialect {
  let name = "plan";
  let cppNamespace = "::weft::plan";
  let summary = "Buffers at their offsets, and launches in order";
  let description = [{
    Time counts half steps. The `i`-th `border`, `copy` or `launch` of a program is step `i`: it begins at `2 i`, reads
    until `2 i + 1` where it works in place and until `2 i + 2` everywhere else, and writes from `2 i` on (in place: from
    `2 i + 1`). Lifetimes are half-open: `[from, to)`. Sizes and offsets of views count elements, those of slices and
    slots bytes.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

//===-- types and attributes --------------------------------------------------------------------------------------===//

class Plan_Type<string name, string mnemonicText> : TypeDef<Plan_Dialect, name> {
  let mnemonic = mnemonicText;
}

def Plan_StorageType : Plan_Type<"Storage", "storage">,
    BuildableType<"::weft::plan::StorageType::get($_builder.getContext())"> {
  let summary = "the arena, or the packed weights";
}

def Plan_BufferType : Plan_Type<"Buffer", "buffer">,
    BuildableType<"::weft::plan::BufferType::get($_builder.getContext())"> {
  let summary = "bytes that views can be taken of: a slice, a slot, an input or an output of the network";
}

def Plan_ViewAttr : AttrDef<Plan_Dialect, "View"> {
  let mnemonic = "view";
  let summary = "a box of elements inside a buffer";
  let description = [{
    `offset` is the buffer's element the box begins with, `extents` and `strides` are outermost first, all in elements.
    Each number is a constant or linear in one run-time size. Strides are not negative.

    Example: `#plan.view<[944] [1, 4, 56, 56, 16] by [215296, 53824, 928, 16, 1] f32>`
  }];
  let parameters = (ins "Extent":$offset, ArrayRefParameter<"Extent">:$extents, ArrayRefParameter<"Extent">:$strides,
                    "::mlir::Type":$element);
  let genVerifyDecl = 1;
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    /// Parses and prints the inner text, without `#plan.view<` and `>`.
    static ::mlir::Attribute parseBody(::mlir::AsmParser &parser);
    void printBody(::mlir::AsmPrinter &printer) const;
    int64_t getElementBytes() const;
    /// The bytes `[first, second)` of the buffer that cover the box where the run-time sizes are `at`; nothing when a
    /// number cannot be computed.
    std::optional<std::pair<int64_t, int64_t>> coveredBytes(const Bounds &at) const;
    /// How many elements the box has where the run-time sizes are `at`.
    std::optional<int64_t> elementCount(const Bounds &at) const;
  }];
}

/// Its result is printed under a name that says what it is.
def Plan_Named : DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>;

//===-- the program -----------------------------------------------------------------------------------------------===//

class Plan_Op<string mnemonic, list<Trait> traits = []> : Op<Plan_Dialect, mnemonic, traits>;
/// An operation that only means something inside a program.
class Plan_Part<string mnemonic, list<Trait> traits = []> :
    Plan_Op<mnemonic, !listconcat([HasParent<"::weft::plan::ProgramOp">], traits)>;

def Plan_ProgramOp : Plan_Op<"program", [IsolatedFromAbove, SingleBlock, NoTerminator, NoRegionArguments, Symbol]> {
  let summary = "one compiled network";
  let description = [{
    Holds, in this order: run-time sizes, inputs, outputs and graphs; the recipes of the weights (operations of other
    dialects, evaluated when files are written) with the packed weights and their slots; the arena with its slices; the
    steps. What the module says (`weft.target`, `weft.name`) stays on the module.

    Constraints: 1. names of sizes, inputs and outputs are unique; 2. each view lies within its buffer for the largest
    run-time sizes; 3. only steps follow a step.

    Example:
    ```mlir
    plan.program @twice {
      %x = plan.input "x" [4] f32
      %y = plan.output "y" [4] f32
      plan.launch @double "first" ins(%x[0] [4] by [1] f32) outs(%y[0] [4] by [1] f32)
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name)>];
  let extraClassDeclaration = [{
    /// The bounds of the run-time sizes, and the sizes in the order they are declared.
    Bounds getBounds();
    ::llvm::SmallVector<SizeOp, 4> getSizes();
    ::llvm::SmallVector<InputOp, 4> getInputs();
    ::llvm::SmallVector<OutputOp, 4> getOutputs();
    /// Borders, copies and launches in order.
    ::llvm::SmallVector<::mlir::Operation *> getSteps();
    /// Null when no tensor needs one.
    ArenaOp getArena();
    WeightsOp getWeights();
    /// The bytes of the arena, for so many threads at least; each further one works in `getWorkerBytes()` more.
    int64_t getArenaBytes();
    int64_t getPlannedThreads();
    int64_t getWorkerBytes();
  }];
}

def Plan_SizeOp : Plan_Part<"size"> {
  let summary = "a size that is known at run time only";
  let description = [{
    Constraints: the bound is 1 or more.

    Example: `plan.size "V" at_most 10000`
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$bound);
  let assemblyFormat = "$name `at_most` $bound attr-dict";
  let hasVerifier = 1;
}

def Plan_ExtentsAttr : AttrDef<Plan_Dialect, "Extents"> {
  let mnemonic = "extents";
  let summary = "the dimensions of an input or output";
  let description = [{ Example: `#plan.extents<[V, 16]>` }];
  let parameters = (ins ArrayRefParameter<"Extent">:$values);
  let hasCustomAssemblyFormat = 1;
}

def Plan_InputOp : Plan_Part<"input", [Plan_Named]> {
  let summary = "a dense row-major buffer of the caller, only read";
  let description = [{
    `role` is `indptr`, `indices` or `edge` for the parts of the graph named by `graph`, and `part` for subgraph numbers,
    which then stay below the size named by `graph`.

    Constraints: the element type is of 8, 32 or 64 bits.

    Example: `%w = plan.input "g.edge.w" [E] f32 role "edge" of "g"`
  }];
  let arguments = (ins StrAttr:$name, Plan_ExtentsAttr:$dims, TypeAttr:$element, OptionalAttr<StrAttr>:$role,
                   OptionalAttr<StrAttr>:$graph);
  let results = (outs Plan_BufferType:$buffer);
  let assemblyFormat = "$name custom<Dims>($dims) $element (`role` $role^)? (`of` $graph^)? attr-dict";
  let hasVerifier = 1;
}

def Plan_OutputOp : Plan_Part<"output", [Plan_Named]> {
  let summary = "a dense row-major buffer of the caller, written";
  let description = [{
    Its content before the run is never read. Two outputs do not overlap.

    Example: `%y = plan.output "logits" [1, 10] f32`
  }];
  let arguments = (ins StrAttr:$name, Plan_ExtentsAttr:$dims, TypeAttr:$element);
  let results = (outs Plan_BufferType:$buffer);
  let assemblyFormat = "$name custom<Dims>($dims) $element attr-dict";
  let hasVerifier = 1;
}

def Plan_GraphOp : Plan_Part<"graph"> {
  let summary = "a graph in compressed sparse rows by destination";
  let description = [{
    Example: `plan.graph "g" indptr %p indices %i destinations V sources V edges E`
  }];
  let arguments = (ins StrAttr:$name, Plan_BufferType:$indptr, Plan_BufferType:$indices, Plan_ExtentsAttr:$sizes);
  let assemblyFormat = "$name `indptr` $indptr `indices` $indices custom<GraphSizes>($sizes) attr-dict";
  let hasVerifier = 1;
}

//===-- storage ---------------------------------------------------------------------------------------------------===//

def Plan_WeightsOp : Plan_Part<"weights", [Plan_Named]> {
  let summary = "the packed weights: how many bytes they are";
  let description = [{
    Constraints: slots begin at multiples of 64 bytes, do not overlap, and end within the size.

    Example: `%packed = plan.weights 2408 bytes`
  }];
  let arguments = (ins I64Attr:$bytes);
  let results = (outs Plan_StorageType:$storage);
  let assemblyFormat = "$bytes `bytes` attr-dict";
  let hasVerifier = 1;
}

def Plan_SlotOp : Plan_Part<"slot", [Plan_Named]> {
  let summary = "one tensor of the packed weights";
  let description = [{
    The operand is the recipe's result, stored dense and row-major at byte `offset`. No pass evaluates it.

    Example: `%w = plan.slot %packed[1024] of %recipe : tensor<4x16xf32>`
  }];
  let arguments = (ins Plan_StorageType:$storage, I64Attr:$offset, AnyStaticShapeTensor:$recipe);
  let results = (outs Plan_BufferType:$buffer);
  let assemblyFormat = "$storage `[` $offset `]` `of` $recipe `:` type($recipe) attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{ int64_t getBytes(); }];
}

def Plan_ArenaOp : Plan_Part<"arena", [Plan_Named]> {
  let summary = "the memory all intermediate tensors share";
  let description = [{
    `lower_bound` is the most bytes alive at once: no arrangement of the same lifetimes can be smaller. Up to `threads`
    threads (1, if not said) run in these bytes; each further one works in memory behind them.

    Constraints (checked by one sweep over time, O(n log n)): pieces of slices that are alive together do not overlap;
    each lies within the arena; the stated lower bound is at most the size; there is at least one thread.

    Example: `%arena = plan.arena 8192 bytes lower_bound 8192`
  }];
  let arguments = (ins I64Attr:$bytes, I64Attr:$lower_bound, DefaultValuedAttr<I64Attr, "1">:$threads);
  let results = (outs Plan_StorageType:$storage);
  let assemblyFormat = "$bytes `bytes` `lower_bound` $lower_bound (`threads` $threads^)? attr-dict";
  let hasVerifier = 1;
}

def Plan_SliceOp : Plan_Part<"slice", [Plan_Named]> {
  let summary = "bytes of the arena during a lifetime";
  let description = [{
    A slice may consist of pieces with lifetimes of their own, as the members of a concatenation are written one after the
    other: piece `i` ends at byte `ends[i]` of the slice and lives from `lives[2 i]` until before `lives[2 i + 1]`.

    Constraints: offsets are multiples of 64; ends increase; lifetimes are not empty.

    Example:
    ```mlir
    %a = plan.slice %arena[4096] 1024 bytes live [2, 8)
    %b = plan.slice %arena[0] 4096 bytes live [0, 8) to 1024, [4, 8) to 4096
    ```
  }];
  let arguments = (ins Plan_StorageType:$arena, I64Attr:$offset, I64Attr:$bytes, DenseI64ArrayAttr:$ends,
                   DenseI64ArrayAttr:$lives);
  let results = (outs Plan_BufferType:$buffer);
  let assemblyFormat = "$arena `[` $offset `]` $bytes `bytes` `live` custom<Pieces>(ref($bytes), $ends, $lives) attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// One piece: bytes [begin, end) of the slice, alive during [from, to).
    struct Piece {
      int64_t begin, end, from, to;
    };
    ::llvm::SmallVector<Piece> getPieces();
  }];
}

//===-- steps -----------------------------------------------------------------------------------------------------===//

def Plan_ViewArray : TypedArrayAttrBase<Plan_ViewAttr, "views, one a buffer">;

def Plan_LaunchOp : Plan_Part<"launch", [AttrSizedOperandSegments,
                                         DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a kernel on views";
  let description = [{
    Operands are those of the kernel function, in order; the last ones are written. `in_place` has an entry for each
    output: the input whose memory it takes over element by element, or -1. `scratch` is the slice the kernel works in:
    its first bytes are those of the calling thread, so many as are stated first; behind them lies a share as stated
    second for each further thread of the arena. Blocks are taken from the end of a share down.

    Constraints: 1. numbers, ranks, element types and constant extents are those of the kernel function; 2. an output in
    place has the same view as its input, and the kernel allows it (`weft.may_alias`); 3. the scratch slice has the bytes
    of all shares, multiples of 64.

    Example:
    ```mlir
    plan.launch @relu "act1" in_place [0] ins(%a[0] [4, 16] by [16, 1] f32) outs(%b[0] [4, 16] by [16, 1] f32)
    plan.launch @conv "conv2" ins(%b[0] [4, 16] by [16, 1] f32) outs(%c[0] [4, 16] by [16, 1] f32) scratch(%t 512, worker 256)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, StrAttr:$path, Variadic<Plan_BufferType>:$inputs,
                   Plan_ViewArray:$input_views, Variadic<Plan_BufferType>:$outputs, Plan_ViewArray:$output_views,
                   OptionalAttr<DenseI64ArrayAttr>:$in_place, Optional<Plan_BufferType>:$scratch,
                   DefaultValuedAttr<I64Attr, "0">:$caller_bytes, DefaultValuedAttr<I64Attr, "0">:$worker_bytes);
  let assemblyFormat = [{
    $kernel $path (`in_place` $in_place^)? `ins` custom<Views>($inputs, $input_views)
    `outs` custom<Views>($outputs, $output_views)
    (`scratch` `(` $scratch^ $caller_bytes `,` `worker` $worker_bytes `)`)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The input whose memory output `index` takes over, or -1.
    int64_t getInPlace(unsigned index);
  }];
}

def Plan_BorderOp : Plan_Part<"border"> {
  let summary = "fills the border of a box";
  let description = [{
    Every element of the view that is among the first `low[d]` or the last `high[d]` of a dimension `d` becomes `fill`.

    Example: `plan.border %s[0] [1, 4, 58, 58, 16] by [215296, 53824, 928, 16, 1] f32 low [0, 0, 1, 1, 0] high [0, 0, 1, 1, 0] fill 0.0 : f32`
  }];
  let arguments = (ins Plan_BufferType:$buffer, Plan_ViewAttr:$view, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                   TypedAttrInterface:$fill);
  let assemblyFormat = "custom<View>($buffer, $view) `low` $low `high` $high `fill` $fill attr-dict";
  let hasVerifier = 1;
}

def Plan_CopyOp : Plan_Part<"copy"> {
  let summary = "copies a box, where a view could not do";
  let description = [{
    `why` says which operation of the network asked for it: `pad`, `concat`, `insert_slice`, `reshape`, `output`,
    `stride`. The bytes are counted in reports.

    Constraints: both views have the same extents and element type.

    Example: `plan.copy "pad" %image[0] [4, 4] by [4, 1] f32 to %s[7] [4, 4] by [6, 1] f32`
  }];
  let arguments = (ins StrAttr:$why, Plan_BufferType:$source, Plan_ViewAttr:$source_view, Plan_BufferType:$target,
                   Plan_ViewAttr:$target_view);
  let assemblyFormat = "$why custom<View>($source, $source_view) `to` custom<View>($target, $target_view) attr-dict";
  let hasVerifier = 1;
}

#endif // WEFT_PLAN_TD
