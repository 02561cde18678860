# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""`--emit=summary` against published figures, against counts made from ONNX graphs by their own shape inference, and
against a receptive field measured with ONNX Runtime: one pixel at a time is lit, and the outputs that change are seen.

    check_summary.py DIR"""
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

import reference_networks as reference

# Parameters: torchvision's documentation; googlenet_2014, alexnet_2012 and alexnet_lecture from their papers' shapes.
# Multiply-adds: None where nobody states the exact number. Depth: what the name of the network counts.
PUBLISHED = {
    "vgg16": (138_357_544, None, 16),
    "resnet50": (25_557_032, None, 50),
    "alexnet": (61_100_840, None, 8),
    "alexnet_2012": (60_965_224, 724_406_816, 8),
    "alexnet_lecture": (62_378_344, 1_135_256_096, 8),
    "googlenet": (6_624_904, None, 22),
    "googlenet_2014": (6_998_552, 1_582_671_872, 22),
    "mobilenet_v2": (3_504_872, None, None),
    "densenet121": (7_978_856, None, 121),
    "squeezenet1_1": (1_235_496, None, None),
    "lenet5": (61_706, None, 5),
    "resnet56": (853_018, None, 56),
    "seresnet50": (28_088_024, None, 50),
    "senet154": (115_088_984, None, 154),
}
# CS231n's table of VGG-16: numbers kept and weights without biases, row by row.
VGG16_ACTIVATIONS = [150_528, 3_211_264, 3_211_264, 802_816, 1_605_632, 1_605_632, 401_408, 802_816, 802_816, 802_816, 200_704,
                     401_408, 401_408, 401_408, 100_352, 100_352, 100_352, 100_352, 25_088, 4096, 4096, 1000]
VGG16_WEIGHTS = [1728, 36_864, 73_728, 147_456, 294_912, 589_824, 589_824, 1_179_648, 2_359_296, 2_359_296, 2_359_296, 2_359_296,
                 2_359_296, 102_760_448, 16_777_216, 4_096_000]


def summary(*arguments):
    done = subprocess.run(["weftc", "--emit=summary", "--json=-", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{arguments}: {done.stderr}")
    return json.loads(done.stdout)


def same(what, got, want):
    if got != want:
        sys.exit(f"{what}: {got}, not {want}")


def published():
    models = summary(*[f"zoo:{name}" for name in PUBLISHED])["models"]
    for model, (name, (parameters, multiply_adds, depth)) in zip(models, PUBLISHED.items(), strict=True):
        same(f"{name} parameters", model["parameters"], parameters)
        if multiply_adds:
            same(f"{name} multiply-adds", model["multiply_adds"], multiply_adds)
        if depth:
            same(f"{name} depth", model["depth"], depth)
    vgg = models[0]["layers"]
    same("VGG-16 activations", [layer["activations"] for layer in vgg if layer["activations"]], VGG16_ACTIVATIONS)
    same("VGG-16 weights", [layer["parameters"] - layer["shape"][1] for layer in vgg if layer["parameters"]], VGG16_WEIGHTS)
    same("VGG-16 forward bytes", models[0]["forward_bytes"], 4 * 15_237_608)


def counted(model):
    """Parameters and multiply-adds of Conv and Gemm, by the name of the node's first result, from the ONNX graph alone."""
    graph = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in [*graph.value_info, *graph.input, *graph.output]}
    weights = {t.name: list(t.dims) for t in graph.initializer if t.data_type == onnx.TensorProto.FLOAT and t.dims}
    buffers = {name for node in graph.node if node.op_type == "BatchNormalization" for name in node.input[3:5]}
    parameters = sum(int(np.prod(shape)) for name, shape in weights.items() if name not in buffers)
    multiply_adds = 0
    for node in graph.node:
        if node.op_type in ("Conv", "Gemm"):
            weight = weights[node.input[1]]
            multiply_adds += int(np.prod(shapes[node.output[0]])) * int(np.prod(weight[1:]))
    return parameters, multiply_adds


def against_onnx(out):
    for name in ("squeezenet1_1", "mobilenet_v2", "resnet18"):
        model, _ = reference.build(name, seed=1, batch=1)
        want = counted(model)
        onnx.save(model, out / f"{name}.onnx")
        for source in (f"zoo:{name}", out / f"{name}.onnx"):
            got = summary(source)
            same(source, (got["parameters"], got["multiply_adds"]), want)
        (out / f"{name}.onnx").unlink()


def receptive_field(out):
    """Two paths of different reach that meet: 3x3/2, then 5x1 dilated or 2x2/2 pooling and back by a transposed 2x2/2."""
    b = reference.Builder(5)
    side = 33
    ones = lambda path, *shape: b.weights.setdefault(path, np.ones(shape, np.float32)) is None or path
    x = b.node("Conv", ["image", ones("a", 1, 1, 3, 3)], strides=[2, 2], pads=[1, 1, 1, 1])
    y = b.node("Conv", [x, ones("b", 1, 1, 3, 2)], dilations=[2, 1], pads=[2, 0, 2, 1])
    z = b.node("AveragePool", [x], kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    model = b.model((b.node("Add", [y, z]),), [side * side, 1, side, side])
    onnx.save(model, out / "field.onnx")
    lit = np.eye(side * side, dtype=np.float32).reshape(-1, 1, side, side)
    result = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"image": lit})[0]
    seen = (result[:, 0, 8, 8] != 0).reshape(side, side)
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    want = f"{rows.max() - rows.min() + 1}x{columns.max() - columns.min() + 1}"
    layers = {layer["path"]: layer for layer in summary(out / "field.onnx")["layers"]}
    same("receptive field", layers["v3"]["receptive_field"], want)


out = Path(sys.argv[1])
published()
against_onnx(out)
receptive_field(out)
print("the figures agree")
