# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""The networks that ship with the onnx package, their constant weights replaced by seeded random ones, must agree with ONNX
Runtime to 1e-4 of the largest output. They use operation set 9; --opset converts them first, with the package's converter.

    light.py --weftc build/bin/weftc --out DIR [--opset N] [NETWORK ...]      # none: all nine"""
import math
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper, version_converter

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import each_network  # noqa: E402

warnings.filterwarnings("ignore")
FOLDER = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
NETWORKS = ["bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet", "vgg19", "zfnet512"]
# The part of BatchNormalization each input is: mean of the random values and their spread.
STATISTICS = {1: (1.0, 0.2), 2: (0.0, 0.2), 3: (0.0, 0.2)}


def roles(graph):
    """How each tensor is used first: (operation, number of the input)."""
    found = {}
    for node in graph.node:
        for index, name in enumerate(node.input):
            found.setdefault(name, (node.op_type, index))
    return found


def random_weight(rng, shape, role):
    op, index = role
    if op == "BatchNormalization":
        if index == 4:
            return rng.uniform(0.5, 1.5, shape)
        mean, spread = STATISTICS[index]
        return rng.normal(mean, spread, shape)
    if op in ("Conv", "Gemm") and index == 1:
        return rng.normal(0, math.sqrt(2 / math.prod(shape[1:])), shape)
    return rng.normal(0.5 if op == "Unsqueeze" else 0, 0.2, shape)


def with_random_weights(model, seed=1):
    """The model with an initialiser for each ConstantOfShape."""
    rng, graph = np.random.default_rng(seed), model.graph
    shapes, use = {i.name: numpy_helper.to_array(i) for i in graph.initializer}, roles(model.graph)
    kept = []
    for node in graph.node:
        if node.op_type != "ConstantOfShape":
            kept.append(node)
            continue
        name, shape = node.output[0], tuple(int(extent) for extent in shapes[node.input[0]])
        values = random_weight(rng, shape, use.get(name, ("", 0))).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(values, name))
    del graph.node[:]
    graph.node.extend(kept)
    if kept[-1].op_type == "Softmax":  # random logits are large: a comparison behind softmax would show little
        graph.output[0].name = kept.pop().input[0]
        graph.output[0].type.tensor_type.ClearField("shape")
        del graph.node[:]
        graph.node.extend(kept)
    read = {name for node in kept for name in node.input}
    names = {i.name for i in graph.initializer}
    for port in [p for p in graph.input if p.name in names or p.name not in read]:
        graph.input.remove(port)
    for tensor in [i for i in graph.initializer if i.name not in read]:
        graph.initializer.remove(tensor)
    return model


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def compare(weftc, name, opset, out):
    out.mkdir(parents=True, exist_ok=True)
    path, program = out / f"{name}.onnx", out / name
    model = onnx.load(FOLDER / f"light_{name}.onnx")
    if opset:
        model = version_converter.convert_version(model, opset)
    model = with_random_weights(model)
    onnx.save(model, path)
    port = model.graph.input[0]
    image = np.random.default_rng(2).normal(0, 1, [d.dim_value for d in port.type.tensor_type.shape.dim]).astype(np.float32)
    np.save(out / "image.npy", image)
    want = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {port.name: image})[0]
    call(weftc, path, "-o", program)
    call(program, "--input", out / "image.npy", "--output", out / "result.npy")
    got = np.load(out / "result.npy")
    for file in (path, program):
        file.unlink()
    if got.shape != want.shape:
        raise RuntimeError(f"shape {got.shape}, ONNX Runtime has {want.shape}")
    if want.std() == 0:
        raise RuntimeError("all outputs are alike: the comparison shows nothing")
    return np.abs(got - want).max() / np.abs(want).max()


def main():
    parser = each_network.parse(NETWORKS)
    parser.add_argument("--opset", type=int, default=0)
    arguments = parser.parse_args()
    each_network.run(arguments.networks, lambda name: compare(arguments.weftc, name, arguments.opset, arguments.out), 1e-4)


if __name__ == "__main__":
    main()
