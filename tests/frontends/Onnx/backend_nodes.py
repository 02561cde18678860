# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""The onnx package's cases of single nodes, through weftc. Cases count whose operations are on the list below and whose
tensors are float (integers only where they are shapes, axes or indices). A refusal is counted; a wrong number fails.

Inputs after the first that are weights, shapes or axes become initialisers: their values are part of the case.

    backend_nodes.py --weftc build/bin/weftc --out DIR [--sample N] [NAME ...]     # names contain one of NAME; none: all"""
import argparse
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

warnings.filterwarnings("ignore")

OPERATIONS = set("""Conv ConvTranspose MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool LRN BatchNormalization
InstanceNormalization GroupNormalization LayerNormalization Gemm MatMul Relu LeakyRelu PRelu Elu Selu Celu ThresholdedRelu
Sigmoid HardSigmoid HardSwish Tanh Softplus Softsign Mish Gelu Erf Softmax LogSoftmax Exp Log Sqrt Abs Neg Pow Reciprocal
Floor Ceil Atan Asin Acos Add Sub Mul Div Clip ReduceSum ReduceMean ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum
ReduceLogSumExp ReduceProd Concat Split Slice Pad Reshape Flatten Squeeze Unsqueeze Transpose Expand Resize DepthToSpace SpaceToDepth
Gather Attention RotaryEmbedding Cast Dropout Identity Sum Mean Max Min Constant ConstantOfShape Shape Size QuantizeLinear DequantizeLinear""".split())

# Inputs from this one on are parameters of the operation.
PARAMETERS_FROM = {op: 1 for op in """Conv ConvTranspose BatchNormalization InstanceNormalization GroupNormalization
LayerNormalization Gemm PRelu Clip ReduceSum ReduceMean ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum
ReduceLogSumExp ReduceProd Split Slice Pad Reshape Squeeze Unsqueeze Expand Resize Dropout""".split()}
PARAMETERS_FROM["ConstantOfShape"] = 0
PORT_TYPES = {TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64}
TOLERANCE = 1e-4


def cases(names):
    """(name, model, inputs, outputs) of each case that counts."""
    import onnx.backend.test.case.node as node

    chosen = []
    for case in node.collect_testcases(None):
        graph, found = case.model.graph, case.data_sets
        if not found or not graph.node or any(n.op_type not in OPERATIONS or n.domain for n in graph.node):
            continue
        values = [numpy_or_none(v) for side in found[0] for v in side]
        if any(v is None or v.dtype == object for v in values):
            continue
        if not any(v.dtype == np.float32 for v in values) or any(v.dtype not in (np.float32, np.int32, np.int64, np.bool_) for v in values):
            continue
        if any(o.type.tensor_type.elem_type != TensorProto.FLOAT for o in graph.output):
            continue
        if names and not any(part in case.name for part in names):
            continue
        chosen.append((case.name, case.model, [np.asarray(v) for v in found[0][0]], [np.asarray(v) for v in found[0][1]]))
    return chosen


def numpy_or_none(value):
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value) if isinstance(value, (np.ndarray, np.generic)) else None


def with_parameters(model, inputs):
    """The model with its parameters as initialisers, and what is left of the inputs."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    for opset in model.opset_import:
        opset.version = min(opset.version, 25)  # later sets add element types to these operations, nothing else
    graph = model.graph
    parameters = {port.name for port in graph.input if port.type.tensor_type.elem_type == TensorProto.BOOL}
    for node in graph.node:
        parameters.update(list(node.input)[PARAMETERS_FROM.get(node.op_type, len(node.input)):])
    if len(graph.node) > 1:  # an operation written as others: floats are its inputs, integers its shapes and axes
        parameters = {port.name for port in graph.input if port.type.tensor_type.elem_type != TensorProto.FLOAT}
    ports, rest = [], {}
    for port, value in zip(list(graph.input), inputs):
        if port.name in parameters:
            graph.initializer.append(numpy_helper.from_array(value, port.name))
        else:
            ports.append(port)
            rest[port.name] = value
            for dim, extent in zip(port.type.tensor_type.shape.dim, value.shape):
                dim.dim_value = extent
    del graph.input[:]
    graph.input.extend(ports)
    return model, rest


def agrees(got, want):
    if got.shape != want.shape:
        return f"shape {got.shape}, not {want.shape}"
    finite = np.isfinite(want)
    if not np.array_equal(got[~finite], want[~finite], equal_nan=True):
        return "infinities or NaNs differ"
    scale = max(np.abs(want[finite]).max(initial=0), 1e-6)
    error = np.abs(got[finite].astype(np.float64) - want[finite]).max(initial=0) / scale
    rounded = np.array_equal(want, np.round(want, 4).astype(np.float32))  # some cases state four digits
    return "" if error <= TOLERANCE or (rounded and np.abs(got - want).max(initial=0) <= 0.6e-4) else f"differs by {error:.1e} of the largest value"


def run(case, weftc, out):
    """(verdict, text): passed, refused, wrong or broken."""
    name, model, inputs, outputs = case
    model, inputs = with_parameters(model, inputs)
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "case.onnx")
    done = subprocess.run([weftc, folder / "case.onnx", "-o", folder / "case"], capture_output=True, text=True)
    if done.returncode == 1:
        return "refused", done.stderr.strip().splitlines()[-1][:200]
    if done.returncode:
        return "broken", f"weftc: exit code {done.returncode}: {done.stderr[:300]}"
    command = [folder / "case"]
    for index, array in enumerate(inputs.values()):
        np.save(folder / f"i{index}.npy", array)
    single = len(inputs) == 1
    identifiers = ["".join(c if c.isalnum() or c == "_" else "_" for c in n) for n in inputs]
    command += [f"--input={'' if single else identifiers[i] + '='}{folder / f'i{i}.npy'}" for i in range(len(inputs))]
    results = [o.name for o in model.graph.output]
    command += [f"--output={'' if len(results) == 1 else n + '='}{folder / f'o{i}.npy'}" for i, n in enumerate(results)]
    done = subprocess.run(command, capture_output=True, text=True)
    (folder / "case").unlink()
    if done.returncode:
        return "broken", f"program: exit code {done.returncode}: {done.stderr[:300]}"
    for index, want in enumerate(outputs):
        if text := agrees(np.load(folder / f"o{index}.npy"), want):
            return "wrong", text
    return "passed", ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--sample", type=int, default=0, help="about so many cases, evenly chosen")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    chosen = cases(arguments.names)
    if arguments.sample:
        chosen = chosen[::max(1, len(chosen) // arguments.sample)]
    with ThreadPoolExecutor(2) as pool:
        verdicts = list(pool.map(lambda case: run(case, arguments.weftc, arguments.out), chosen))
    count = {kind: sum(v == kind for v, _ in verdicts) for kind in ("passed", "refused", "wrong", "broken")}
    for (name, *_), (verdict, text) in zip(chosen, verdicts):
        if verdict != "passed":
            print(f"{verdict:8} {name}: {text}")
    print(f"{len(chosen)} cases: " + ", ".join(f"{number} {kind}" for kind, number in count.items()))
    sys.exit(1 if count["wrong"] or count["broken"] or not count["passed"] else 0)


if __name__ == "__main__":
    main()
