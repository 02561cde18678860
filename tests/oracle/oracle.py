# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""What upstream's own lowering computes for a module as phase kernels leaves it: recipes are evaluated here with NumPy and
become constants, everything else is bufferised, lowered to loops and LLVM IR by upstream's passes, and run by mlir-runner.
Nothing of the schedules, the emitters or the runtime takes part, so that agreement says something about the kernels."""
import ast
import os
import re
import subprocess
from pathlib import Path

import numpy as np

DTYPES = {"f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64, "i8": np.uint8}
PRINTERS = {"f32": "printMemrefF32", "f64": "printMemrefF64", "i32": "printMemrefI32", "i64": "printMemrefI64"}
PASSES = ["--convert-elementwise-to-linalg", "--one-shot-bufferize=bufferize-function-boundaries allow-return-allocs-from-loops", "--convert-linalg-to-loops",
          "--convert-scf-to-cf", "--expand-strided-metadata", "--lower-affine", "--convert-math-to-llvm",
          "--convert-math-to-libm", "--convert-arith-to-llvm", "--finalize-memref-to-llvm", "--convert-func-to-llvm",
          "--convert-cf-to-llvm", "--reconcile-unrealized-casts"]

TENSOR = re.compile(r"tensor<((?:[0-9]+x)*)([a-z0-9]+)>")
OP = re.compile(r"^\s*%(\w+) = weft\.(\w+) (.*)$")
ATTR = re.compile(r"(\w+) = (?:array<i64(?:: ([^>]*))?>|([-0-9.e+]+)|#weft\.\w+<(\w+)>)")


class Unsupported(Exception):
    pass


def tensor_type(text):
    """Shape and dtype name of the last tensor type in `text`."""
    dims, dtype = TENSOR.findall(text)[-1]
    return [int(d) for d in dims.split("x") if d], dtype


def parse_dense(text, shape, dtype):
    body = text[text.index("<") + 1:text.rindex("> :")]
    if body.startswith('"0x'):
        return np.frombuffer(bytes.fromhex(body[3:-1]), DTYPES[dtype]).reshape(shape)
    values = np.array(ast.literal_eval(body), DTYPES[dtype])
    return np.broadcast_to(values, shape)


def dense(array, dtype):
    """A literal with the exact bits; splats shorter."""
    shape = "".join(f"{d}x" for d in array.shape)
    data = np.ascontiguousarray(array, DTYPES[dtype])
    if data.size == 1:
        # hex strings of one element are read as splats of raw bits; keep to the list form with enough digits
        return f"dense<{repr(data.flat[0].item()) if dtype[0] != 'f' else format(data.flat[0], '.9e')}> : tensor<{shape}{dtype}>"
    return f'dense<"0x{data.tobytes().hex().upper()}"> : tensor<{shape}{dtype}>'


#---- recipes -------------------------------------------------------------------------------------------------------

def round_up(array, axis, block):
    widths = [(0, 0)] * array.ndim
    widths[axis] = (0, -array.shape[axis] % block)
    return np.pad(array, widths)


def pack_filter(w, oc_block, ic_block):
    w = round_up(w, 0, oc_block)
    if not ic_block:
        return np.moveaxis(w.reshape(-1, oc_block, *w.shape[1:]), 1, -1)
    w = round_up(w, 1, ic_block)
    w = w.reshape(w.shape[0] // oc_block, oc_block, w.shape[1] // ic_block, ic_block, *w.shape[2:])
    return np.moveaxis(w, (3, 1), (-2, -1))


def pack_grouped(w, groups, oc_block, ic_block):
    return np.stack([pack_filter(part, oc_block, ic_block) for part in np.split(w, groups)])


# By their number, with infinity; others are the first of one list (compiler/Kernel/Winograd.h says why).
POINTS = {5: [0, .75, -.75, 2], 6: [0, 5 / 8, -5 / 8, 1.5, -1.5], 10: [0, 3 / 8, -3 / 8, 7 / 8, -7 / 8, 1.25, -1.25, 2.25, -2.25],
          12: [0, 3 / 8, -3 / 8, .75, -.75, 1, -1, 1.5, -1.5, 2.5, -2.5]}


def winograd_matrix(m, r):
    """G of F(m, r) after Cook and Toom: a row for each of the points and one for infinity."""
    points = POINTS.get(m + r - 1, [0, 1, -1, 2, -2, .5, -.5, .75, -.75, 1.5, -1.5])[:m + r - 2]
    rows = [[p ** k / np.prod([p - q for q in points if q != p]) for k in range(r)] for p in points]
    return np.array(rows + [[0] * (r - 1) + [1]], np.float64)


def winograd_filter(w, m, oc_block, ic_block):
    left, right = (winograd_matrix(m, taps) if taps > 1 else np.eye(1) for taps in w.shape[-2:])
    slices = w.shape[2:-2]
    u = np.einsum("ap,oi...pq,bq->oi...ab", left, w.astype(np.float64), right)
    packed = pack_filter(u.reshape(*w.shape[:2], -1), oc_block, ic_block)
    packed = packed.reshape(*packed.shape[:2], *slices, -1, *packed.shape[3:])  # [O/b, I/b, slices, points, ib, ob]
    return np.moveaxis(packed, 2 + len(slices), 0).astype(np.float32)


def strassen_filter(w, oc_block, ic_block):
    blocks = pack_filter(round_up(round_up(w[:, :, 0, 0], 0, 2 * oc_block), 1, 2 * ic_block), oc_block, ic_block).astype(np.float64)
    a00, a01, a10, a11 = (blocks[o::2, i::2] for o in (0, 1) for i in (0, 1))
    s = a10 + a11 - a00
    return np.stack([a00, a01, a01 - s, a11, a10 + a11, s, a00 - a10]).astype(np.float32)


ELEMENTWISE = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "sqrt": np.sqrt, "neg": np.negative,
               "rsqrt": lambda x: 1 / np.sqrt(x), "reciprocal": lambda x: 1 / x, "exp": np.exp, "maximum": np.maximum}


def evaluate_recipe(op, rest, operands, attrs, shape):
    if op in ELEMENTWISE:
        return ELEMENTWISE[op](*operands).astype(operands[0].dtype)
    if op in ("reshape", "flatten"):
        return operands[0].reshape(shape)
    if op == "transpose":
        return operands[0].transpose(ast.literal_eval(re.search(r"\[[0-9, ]*\]", rest)[0]))
    if op == "pad":
        low, high = (ast.literal_eval(re.search(side + r" (\[[0-9, ]*\])", rest)[1]) for side in ("low", "high"))
        return np.pad(operands[0], list(zip(low, high)))
    if op == "slice":
        start, stop, step = (ast.literal_eval(re.search(word + r" (\[[-0-9, ]*\])", rest)[1]) for word in ("from", "to", "step"))
        return operands[0][tuple(slice(a, None if b < 0 else b, s) for a, b, s in zip(start, stop, step))]  # -1: up to element 0
    if op == "concat":
        return np.concatenate(operands, int(re.search(r"axis (\d+)", rest)[1]))
    if op == "expand":
        return np.broadcast_to(operands[0], shape)
    if op == "pack_filter":
        return pack_filter(operands[0], attrs["oc_block"], attrs["ic_block"])
    if op == "pack_depthwise":
        w = round_up(operands[0][:, 0], 0, attrs["block"])
        return np.moveaxis(w.reshape(-1, attrs["block"], *w.shape[1:]), 1, -1)
    if op == "pack_grouped":
        return pack_grouped(operands[0], attrs["groups"], attrs["oc_block"], attrs["ic_block"])
    if op == "pack_vector":
        return round_up(operands[0], 0, attrs["block"]).reshape(-1, attrs["block"])
    if op == "winograd_filter":
        return winograd_filter(operands[0], attrs["m"], attrs["oc_block"], attrs["ic_block"])
    if op == "strassen_filter":
        return strassen_filter(operands[0], attrs["oc_block"], attrs["ic_block"])
    raise Unsupported(f"no evaluation of the recipe operation weft.{op}")


def evaluate_recipes(lines, weight):
    """Replaces recipe operations by constants."""
    values, result = {}, []
    for line in lines:
        match = OP.match(line)
        if not match:
            result.append(line)
            continue
        name, op, rest = match.groups()
        shape, dtype = tensor_type(rest)
        if op in ("segment_reduce", "scatter_reduce", "extent"):
            raise Unsupported(f"upstream has no lowering of weft.{op}")
        if op == "weight":
            values[name] = np.asarray(weight(re.match(r'"((?:[^"\\]|\\.)*)"', rest)[1], shape), DTYPES[dtype])
        elif op == "constant":
            values[name] = parse_dense(rest, shape, dtype)
        else:
            head = rest.split(" : ")[0]
            operands = [values[v] for v in re.findall(r"%(\w+)", head)]
            attrs = {k: int(float(n)) for k, _, n, _ in ATTR.findall(rest) if n}
            values[name] = evaluate_recipe(op, rest, operands, attrs, shape)
        assert list(values[name].shape) == shape, (line, values[name].shape)
        result.append(f"    %{name} = arith.constant {dense(values[name], dtype)}")
    return result


#---- running -------------------------------------------------------------------------------------------------------

def network_signature(text):
    """Name, argument types and result types of the function with `weft.net`."""
    for match in re.finditer(r"func\.func @(\"[^\"]*\"|[\w.$-]+)\((.*?)\) -> (.*?) attributes \{[^\n]*weft\.net[^\n]*\{$", text, re.M):
        arguments, results = match[2], match[3]
        return match[1], [m[0] for m in re.finditer(TENSOR, arguments)], [m[0] for m in re.finditer(TENSOR, results)]
    raise Unsupported("no network function with static types")


def main_function(name, argument_types, result_types, inputs):
    lines, printers = ["  func.func @main() {"], set()
    for i, (type_text, array) in enumerate(zip(argument_types, inputs)):
        shape, dtype = tensor_type(type_text)
        lines.append(f"    %in{i} = arith.constant {dense(np.asarray(array).reshape(shape), dtype)}")
    results = ", ".join(f"%out{i}" for i in range(len(result_types)))
    lines.append(f"    {results} = call @{name}({', '.join(f'%in{i}' for i in range(len(inputs)))}) : "
                 f"({', '.join(argument_types)}) -> ({', '.join(result_types)})")
    for i, type_text in enumerate(result_types):
        _, dtype = tensor_type(type_text)
        shown = f"%out{i}"
        if dtype == "i8":  # the library prints bytes as characters
            dtype, wide, shown = "i32", type_text.replace("i8>", "i32>"), f"%wide{i}"
            lines.append(f"    {shown} = arith.extui %out{i} : {type_text} to {wide}")
            type_text = wide
        printers.add(dtype)
        lines.append(f"    %un{i} = tensor.cast {shown} : {type_text} to tensor<*x{dtype}>")
        lines.append(f"    call @{PRINTERS[dtype]}(%un{i}) : (tensor<*x{dtype}>) -> ()")
    lines += ["    return", "  }"]
    for dtype in printers:
        lines.append(f"  func.func private @{PRINTERS[dtype]}(tensor<*x{dtype}>)")
    return lines


def command(arguments, text):
    done = subprocess.run(arguments, input=text, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{Path(arguments[0]).name} failed:\n{done.stderr[:4000]}")
    return done.stdout


def run(text, inputs, weight, weft_opt, llvm_bin, llvm_lib):
    """Outputs of the network in `text` (printed after phase kernels) for `inputs`, arrays in the order of its arguments.
    `weight(path, shape)` gives the weights."""
    text = command([weft_opt, "-", "--mlir-print-local-scope"], text)  # one form, no aliases
    text = text.replace("ui8", "i8")  # upstream lowers no integers with a sign of their own; the bits are the same
    lines = evaluate_recipes(text.splitlines(), weight)
    name, argument_types, result_types = network_signature(text)
    if len(argument_types) != len(inputs):
        raise Unsupported(f"{len(inputs)} inputs for a network of {len(argument_types)}")
    end = len(lines) - 1 - lines[::-1].index("}")
    module = lines[:end] + main_function(name, argument_types, result_types, inputs) + lines[end:]
    lowered = command([weft_opt, "-", *PASSES], "\n".join(module))
    lowered = re.sub(r"attributes \{[^\n]*weft\.(?:net|kernel)[^\n]*\} \{", "{", lowered)
    lowered = re.sub(r"^module attributes \{.*\} \{$", "module {", lowered, flags=re.M)
    lowered = re.sub(r",? ?weft\.\w+ = (?:\[#weft\.field<[^>]*>(?:, #weft\.field<[^>]*>)*\]|\"[^\"]*\"|[0-9]+ : i64|\[[^\]]*\])", "", lowered)
    libraries = [os.path.join(llvm_lib, lib) for lib in ("libmlir_runner_utils.so", "libmlir_c_runner_utils.so")]
    printed = command([os.path.join(llvm_bin, "mlir-runner"), "-", "-e", "main", "--entry-point-result=void", "-O2",
                       "--shared-libs=" + ",".join(libraries)], lowered)
    outputs = []
    for chunk, type_text in zip(printed.split("Unranked Memref")[1:], result_types):
        shape, dtype = tensor_type(type_text)
        numbers = re.findall(r"-?(?:inf|nan|[0-9][-+.e0-9]*)", chunk[chunk.index("data ="):])
        outputs.append(np.array([float(n) for n in numbers], DTYPES[dtype]).reshape(shape))
    return outputs
