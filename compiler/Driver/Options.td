// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// weftc's command line. Every option with a value is written `--name=VALUE` or `--name VALUE`.

include "llvm/Option/OptParser.td"

class Switch<string name, string help> : Flag<["--"], name>, HelpText<help>;

multiclass Value<string name, string meta, string help> {
  def "" : Joined<["--"], name # "=">, HelpText<help>, MetaVarName<meta>;
  def _separate : Separate<["--"], name>, Alias<!cast<Joined>(NAME)>, Flags<[HelpHidden]>;
}

def grp_output : OptionGroup<"output"> { let HelpText = "WHAT COMES OUT"; }
def grp_network : OptionGroup<"network"> { let HelpText = "THE NETWORK"; }
def grp_phases : OptionGroup<"phases"> { let HelpText = "LOOKING INSIDE"; }
def grp_compile : OptionGroup<"compile"> { let HelpText = "HOW IT IS COMPILED"; }

let Group = grp_output in {
def o : JoinedOrSeparate<["-"], "o">, MetaVarName<"FILE">, HelpText<"the output file; a folder for --emit=lib; - is standard output for text">;
defm emit : Value<"emit", "KIND", "exe (default), so, lib, obj, llvm, asm, halide, weft, summary, svg, dot, filters, or a phase's IR">;
defm weights_out : Value<"weights-out", "FILE", "write the packed weights to FILE, not into the executable or library">;
defm json : Value<"json", "FILE", "a report of the plan (of the layers with --emit=summary) as JSON; - is standard output">;
def csv : Switch<"csv", "--emit=summary as CSV">;
def csv_file : Joined<["--"], "csv=">, MetaVarName<"FILE">, HelpText<"--emit=summary as CSV into FILE, beside the text">;
defm device_memory : Value<"device-memory", "SIZE", "--emit=summary: the largest batch for a device of this memory, such as 5GB">;
defm fold : Value<"fold", "PARTS", "--emit=summary, svg and dot: what agrees in the first PARTS parts of its path is one row or box; 0: nothing">;
defm layers : Value<"layers", "PATHS", "--emit=filters: whose filters to write, separated by commas; default: all larger than 1x1">;
}

let Group = grp_network in {
defm set : Value<"set", "NAME=V", "set a `param` of the net; repeatable; with --emit=summary NAME=V1,V2,... is a row for each">;
defm net : Value<"net", "NAME", "which net, where a file has several">;
defm name : Value<"name", "NAME", "the prefix of the C interface; default: the net's name">;
defm outputs : Value<"outputs", "NAMES", "which results, layers (`layer1.0.conv1`) or blocks (`layer1`) to compile up to, separated by commas; default: all results that are not optional">;
defm weights : Value<"weights", "FILE", "a safetensors file, or random:SEED; repeatable">;
defm ensemble : Value<"ensemble", "W1,W2,...", "files like those of --weights: one network for each, their softmax averaged">;
def strict_weights : Switch<"strict-weights", "surplus tensors in the weights are an error">;
defm list_what : Value<"list", "WHAT", "list zoo, targets, phases or onnx (the operations read from ONNX files, with their attributes), and stop">;
}

let Group = grp_phases in {
defm stop_after : Value<"stop-after", "PHASE", "print the IR after PHASE and stop (--emit=PHASE is the same)">;
defm start_from : Value<"start-from", "PHASE", "the input is what --stop-after=PHASE printed; run the phases after PHASE">;
defm dump_dir : Value<"dump-dir", "DIR", "a numbered file for each phase, and each pass that changed something">;
defm dump_filter : Value<"dump-filter", "GLOB", "dump only operations whose path matches">;
def time_report : Switch<"time-report", "how long each phase took">;
def remarks : Switch<"remarks", "why something was not fused, packed or elided, with its place">;
}

let Group = grp_compile in {
defm target : Value<"target", "TARGET", "cpu:native (default), cpu:x86-64-v3, cpu:x86-64-v4, cpu:znver4, cpu:znver5, cpu:sapphirerapids">;
defm instructions : Value<"instructions", "TARGET", "choose for --target, in instructions of TARGET: to run what is chosen for a wider machine where there is none; no tiles">;
defm memory : Value<"memory", "fast|small", "what the memory plan aims at; default fast">;
defm memory_limit : Value<"memory-limit", "SIZE", "fail when the network needs more while it runs with --threads threads, such as 8MiB">;
defm threads : Value<"threads", "N", "how many the memory plan and its limit are for; more can run, in more memory; default 1">;
def no_winograd : Switch<"no-winograd", "no algorithms of fewer products (Winograd's, Strassen's), only direct ones, of f32 multiply-adds">;
def no_tiles : Switch<"no-tiles", "f32 products by multiply-adds, not of bf16 parts in tile registers (AMX); so have --no-winograd and --memory=small">;
defm weights_budget : Value<"weights-budget", "RATIO", "packed weights may be this many times their f32 size; default 1.6">;
defm jobs : Value<"jobs", "N", "kernels compiled at once; default: one a core">;
defm cache_dir : Value<"cache-dir", "DIR", "where compiled kernels are kept, a folder of mode 0700; default weft in $XDG_CACHE_HOME or ~/.cache">;
def no_cache : Switch<"no-cache", "neither read nor write compiled kernels">;
}

def help : Switch<"help", "this text">;
def help_short : Flag<["-"], "h">, Alias<help>, Flags<[HelpHidden]>;
def version : Switch<"version", "version and packages">;
