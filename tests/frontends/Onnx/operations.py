# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Operations that pick, scatter, sort, sample and repeat, against ONNX Runtime: indices that are known and that are inputs of the
network. Cases of one group are one network; bits are the same on 1 and 2 threads.

    operations.py --weftc build/bin/weftc --out DIR [GROUP ...]      # no group: all"""
import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

TYPES = {np.dtype(name): helper.np_dtype_to_tensor_dtype(np.dtype(name)) for name in ("float32", "int64", "uint8", "bool")}
TOLERANCE = 1e-4
rng = np.random.default_rng(3)


def normal(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def below(limit, *shape):
    return rng.integers(0, limit, shape)


class Network:
    """Nodes of several cases; each case's names get its own as a prefix."""

    def __init__(self, opset=20):
        self.opset, self.nodes, self.inputs, self.known, self.results, self.cases = opset, [], {}, {}, [], 0

    def add(self, nodes, inputs, known=None, results=("y",), integers=(), truths=()):
        """`nodes`: (operation, inputs, outputs, attributes) each. `results` are floats but those that are also among `integers` or `truths`."""
        prefix = f"c{self.cases}"
        self.cases += 1
        self.inputs |= {f"{prefix}{name}": np.asarray(value) for name, value in inputs.items()}
        self.known |= {f"{prefix}{name}": np.asarray(value) for name, value in (known or {}).items()}
        kind = lambda name: TensorProto.INT64 if name in integers else TensorProto.BOOL if name in truths else TensorProto.FLOAT  # noqa: E731
        self.results += [(f"{prefix}{name}", kind(name)) for name in results]
        named = lambda names: [name and prefix + name for name in names]  # noqa: E731
        self.nodes += [helper.make_node(op, named(read), named(made), name=prefix + op + made[0], **attributes) for op, read, made, attributes in nodes]

    def model(self):
        graph = helper.make_graph(self.nodes, "operations", [helper.make_tensor_value_info(n, TYPES[v.dtype], v.shape) for n, v in self.inputs.items()],
                                  [helper.make_tensor_value_info(n, kind, None) for n, kind in self.results],
                                  [numpy_helper.from_array(v, n) for n, v in self.known.items()])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=9)


def scatters():
    net = Network()
    for kind in ("none", "add", "mul", "max", "min"):
        rows = np.stack([rng.permutation(9)[:6] for _ in range(5)], 1) if kind == "none" else below(9, 6, 5)
        pairs = np.array([[0, 1], [3, 4], [2, 2], [1, -1], [0, 0], [3, 3], [2, 1]])
        net.add([("ScatterElements", "xiu", "y", {"axis": 0, "reduction": kind})], {"x": normal(9, 5), "i": rows, "u": normal(6, 5)})
        lines = np.broadcast_to(rng.permutation(9)[:6].reshape(1, 6, 1), (3, 6, 4)).copy()
        net.add([("ScatterElements", "xiu", "y", {"axis": 1, "reduction": kind})], {"x": normal(3, 9, 4), "u": normal(3, 6, 4)}, {"i": lines})
        net.add([("ScatterND", "xiu", "y", {"reduction": kind})], {"x": normal(4, 5, 6), "i": pairs, "u": normal(7, 6)})
        net.add([("ScatterND", "xiu", "y", {"reduction": kind})], {"x": normal(4, 5, 6), "u": normal(7, 6)}, {"i": pairs})
    # messages of a graph: picked, weighted, added to a table of zeros; the same index for a whole row
    net.add([("Gather", "xs", "m", {}), ("Mul", "mw", "n", {}), ("Expand", "de", "i", {}), ("ScatterElements", "zin", "y", {"reduction": "add"})],
            {"x": normal(50, 40), "s": below(50, 300), "w": normal(300, 1), "d": below(50, 300, 1)}, {"e": np.array([300, 40]), "z": np.zeros((50, 40), np.float32)})
    # edges from a vertex to itself are removed, then one is added to each vertex: degrees, and messages
    net.add([("Gather", "ea", "s", {}), ("Gather", "eb", "d", {}), ("Equal", "sd", "q", {}), ("Not", "q", "o", {}), ("NonZero", "o", "n", {}),
             ("Transpose", "n", "t", {"perm": [1, 0]}), ("Squeeze", "tB", "k", {}), ("Gather", "ek", "f", {"axis": 1}), ("Concat", "fl", "g", {"axis": 1}),
             ("Gather", "ga", "h", {}), ("Gather", "gb", "i", {}), ("Shape", "i", "c", {}), ("Expand", "1c", "w", {}), ("ScatterElements", "ziw", "y", {"reduction": "add"}),
             ("Gather", "xh", "m", {}), ("Concat", "cv", "j", {"axis": 0}), ("Unsqueeze", "iB", "u", {}), ("Expand", "uj", "p", {}),
             ("ScatterElements", "Zpm", "r", {"reduction": "max"})],
            {"x": normal(30, 16), "e": below(30, 2, 200)}, {"a": np.int64(0), "b": np.int64(1), "B": np.array([1]), "l": np.stack([np.arange(30)] * 2), "1": np.ones(1, np.float32),
             "z": np.zeros(30, np.float32), "v": np.array([16]), "Z": np.zeros((30, 16), np.float32)}, "yr")
    return net


def gathers():
    net = Network()
    net.add([("GatherElements", "xi", "y", {"axis": 1})], {"x": normal(3, 9, 4), "i": below(9, 3, 6, 4) - 4})
    net.add([("GatherElements", "xi", "y", {"axis": 1})], {"x": normal(3, 9, 4), "i": below(9, 2, 6, 3)})
    net.add([("GatherElements", "xi", "y", {"axis": 1})], {"x": normal(3, 9, 4)}, {"i": below(9, 3, 6, 4)})
    net.add([("Expand", "js", "i", {}), ("GatherElements", "xi", "y", {"axis": 1})], {"x": normal(3, 9, 4), "j": below(9, 1, 6, 1)}, {"s": np.array([3, 6, 4])})
    net.add([("GatherND", "xi", "y", {})], {"x": normal(4, 5, 6), "i": np.stack([below(4, 2, 7), below(5, 2, 7) - 3], 2)})
    net.add([("GatherND", "xi", "y", {"batch_dims": 1})], {"x": normal(4, 5, 6), "i": below(5, 4, 3, 1)})
    net.add([("Mul", "it", "j", {}), ("Add", "jo", "k", {}), ("Gather", "xk", "y", {})], {"x": normal(9, 4), "i": below(4, 6)}, {"t": np.int64(2), "o": np.int64(1)})
    net.add([("Div", "ik", "y", {}), ("Mod", "ik", "z", {}), ("Mod", "ik", "w", {"fmod": 1})], {"i": below(40, 6, 5) - 20}, {"k": np.array([1, 2, 3, 7, 80])}, "yzw", "yzw")
    net.add([("OneHot", "idv", "y", {"axis": 1})], {"i": below(5, 3, 4) - 1}, {"d": np.int64(6), "v": np.array([-1, 2], np.float32)})
    net.add([("Compress", "xc", "y", {"axis": 1})], {"x": normal(3, 5)}, {"c": np.array([True, False, True, True])})
    net.add([("Transpose", "x", "t", {"perm": [0, 3, 1, 2]}), ("Slice", "tabd", "s", {}), ("Cast", "s", "y", {"to": 1})],
            {"x": below(255, 1, 6, 7, 3).astype(np.uint8)}, {"a": np.array([1]), "b": np.array([5]), "d": np.array([2])})
    return net


def sorts():
    net = Network()
    for n, k in ((37, 5), (1000, 1000), (5000, 300), (3000, 1), (130, 8), (1024, 20)):
        net.add([("TopK", "xk", "yi", {"axis": 1})], {"x": np.round(normal(2, n), 2)}, {"k": np.array([k])}, "yi", "i")
    net.add([("TopK", "xk", "yi", {"axis": 1, "largest": 0})], {"x": normal(2, 50, 3)}, {"k": np.array([4])}, "yi", "i")
    net.add([("Hardmax", "x", "y", {"axis": 1})], {"x": np.round(normal(4, 9, 5), 1)})
    return net


def samples():
    net = Network()
    for mode in ("linear", "nearest"):
        for padding in ("zeros", "border", "reflection"):
            for aligned in (0, 1):
                net.add([("GridSample", "xg", "y", {"mode": mode, "padding_mode": padding, "align_corners": aligned})],
                        {"x": normal(2, 5, 12, 10), "g": rng.uniform(-1.6, 1.6, (2, 7, 9, 2)).astype(np.float32)})
    net.add([("GridSample", "xg", "y", {"mode": "linear"})], {"x": normal(1, 3, 5, 6, 7), "g": rng.uniform(-1.2, 1.2, (1, 4, 3, 5, 3)).astype(np.float32)})
    net.add([("AffineGrid", "ts", "g", {}), ("GridSample", "xg", "y", {})], {"t": normal(2, 2, 3), "x": normal(2, 3, 5, 6)}, {"s": np.array([2, 3, 5, 6])})
    boxes = np.array([[2, 3, 30, 20], [0, 0, 47, 39], [-6, 10, 12, 60]], np.float32)
    for mode in ("half_pixel", "output_half_pixel"):
        net.add([("RoiAlign", "xrb", "y", {"output_height": 5, "output_width": 4, "sampling_ratio": 2, "spatial_scale": 0.5, "coordinate_transformation_mode": mode})],
                {"x": normal(1, 6, 20, 24), "r": boxes}, {"b": np.zeros(3, np.int64)})
    for groups in (1, 2):
        net.add([("DeformConv", "xwobm", "y", {"pads": [1, 1, 1, 1], "strides": [2, 1], "group": groups, "offset_group": groups})],
                {"x": normal(2, 8, 10, 12), "o": normal(2, groups * 18, 5, 12), "m": rng.uniform(0, 1, (2, groups * 9, 5, 12)).astype(np.float32)},
                {"w": normal(6, 8 // groups, 3, 3), "b": normal(6)})
    return net


def recurrences():
    net = Network()
    for op, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
        for direction in ("forward", "reverse", "bidirectional"):
            ways = 2 if direction == "bidirectional" else 1
            for extra in ({}, {"linear_before_reset": 1}) if op == "GRU" else ({},):
                cell = ["c"] if op == "LSTM" else []
                net.add([(op, ["x", "w", "r", "b", "", "h", *cell], ["y", "yh", *(["yc"] if cell else [])], {"hidden_size": 24, "direction": direction, **extra})],
                        {"x": normal(7, 3, 16), "h": normal(ways, 3, 24), **{name: normal(ways, 3, 24) for name in cell}},
                        {"w": normal(ways, gates * 24, 16) / 3, "r": normal(ways, gates * 24, 24) / 3, "b": normal(ways, 2 * gates * 24)},
                        ["y", "yh", *(["yc"] if cell else [])])
    hard = {"activations": ["HardSigmoid", "Softsign", "Tanh"], "activation_alpha": [0.25], "activation_beta": [0.4]}
    net.add([("LSTM", "xwr", "y", {"hidden_size": 24, **hard})], {"x": normal(5, 2, 16)}, {"w": normal(1, 96, 16) / 3, "r": normal(1, 96, 24) / 3})
    net.add([("GRU", "xwr", "y", {"hidden_size": 24, "activations": ["HardSigmoid", "Relu"]})], {"x": normal(5, 2, 16)}, {"w": normal(1, 72, 16) / 3, "r": normal(1, 72, 24) / 3})
    net.add([("LSTM", "xwr", "y", {"hidden_size": 24})], {"x": normal(26, 1, 32)}, {"w": normal(1, 96, 32) / 3, "r": normal(1, 96, 24) / 3})
    return net


def filters():
    """Convolutions with a filter that is an input: depthwise ones, with more outputs, grouped, dense."""
    net = Network()
    for inputs, outputs, group, kernel, attributes in ((6, 6, 6, (3, 3), {"pads": [1, 1, 1, 1]}), (6, 12, 6, (5, 3), {"pads": [2, 0, 3, 1], "strides": [2, 1]}),
                                                       (6, 6, 6, (2, 2), {"dilations": [3, 2]}), (6, 4, 2, (3, 3), {"pads": [1, 1, 1, 1]}),
                                                       (6, 5, 1, (1, 1), {}), (6, 5, 1, (3, 2), {"strides": [1, 2]})):
        net.add([("Conv", "xwb", "y", {"group": group, **attributes})], {"x": normal(2, inputs, 11, 10), "w": normal(outputs, inputs // group, *kernel)},
                {"b": normal(outputs)})
    # of a channel each, between packed layers: filters that a product or a convolution makes, a bias that is known or computed
    net.add([("Conv", "xp", "a", {}), ("GlobalAveragePool", "a", "m", {}), ("Conv", "mq", "f", {}), ("Reshape", "fs", "w", {}), ("Conv", "awb", "c", {"group": 40, "pads": [3, 3, 3, 3]}),
             ("Relu", "c", "d", {}), ("Conv", "dr", "y", {})], {"x": normal(1, 8, 12, 13)},
            {"p": normal(40, 8, 1, 1), "q": normal(40 * 49, 40, 1, 1) / 20, "s": np.array([40, 1, 7, 7]), "b": normal(40), "r": normal(16, 40, 1, 1) / 6})
    net.add([("Mul", "zt", "w", {}), ("Relu", "b", "c", {}), ("Conv", "xwc", "y", {"group": 24, "strides": [2, 1], "dilations": [1, 2], "pads": [1, 2, 1, 2]})],
            {"x": normal(3, 24, 15, 16), "z": normal(24, 1, 3, 3), "b": normal(24)}, {"t": normal(24, 1, 1, 1)})
    return net


def turned_filters():
    """Transposed convolutions with a filter that is an input."""
    net = Network()
    for inputs, outputs, group, kernel, attributes in ((6, 4, 1, (3, 3), {"pads": [1, 1, 1, 1], "strides": [2, 2], "output_padding": [1, 0]}),
                                                       (6, 6, 6, (3, 2), {"strides": [3, 1], "dilations": [2, 2], "pads": [1, 0, 2, 1]}),
                                                       (6, 12, 6, (2, 2), {"pads": [3, 2, 2, 2]}), (6, 4, 2, (2, 3), {})):
        net.add([("ConvTranspose", "xwb", "y", {"group": group, **attributes})], {"x": normal(2, inputs, 7, 6), "w": normal(inputs, outputs // group, *kernel)},
                {"b": normal(outputs)})
    return net


def styles():
    """Convolutions as StyleGAN2 has them: a constant filter times a style, normalised; samples are groups. Straight and transposed."""
    net, known = Network(), {"e": np.array([1e-8], np.float32), "a": np.array([2, 3, 4])}
    for samples, turned in ((1, False), (1, True), (2, False), (3, True)):
        w = normal(1, 8, 6, 3, 3)
        shape = [samples * 6, 8, 3, 3] if turned else [samples * 8, 6, 3, 3]
        net.add([("Mul", "ws", "m", {}), ("Mul", "mm", "q", {}), ("ReduceSum", "qa", "r", {"keepdims": 1}), ("Add", "re", "t", {}), ("Sqrt", "t", "d", {}), ("Div", "md", "n", {}),
                 *([("Transpose", "n", "p", {"perm": [0, 2, 1, 3, 4]})] if turned else []), ("Reshape", ["p" if turned else "n", "v"], "f", {}), ("Reshape", "xg", "i", {}),
                 ("ConvTranspose" if turned else "Conv", "if", "c", {"group": samples, "pads": [1, 1, 1, 1], "strides": [1 + turned, 1 + turned]}), ("Reshape", "ch", "y", {})],
                {"x": normal(samples, 6, 9, 8), "s": normal(samples, 1, 6, 1, 1)},
                {"w": w, "v": np.array(shape), "g": np.array([1, samples * 6, 9, 8]), "h": np.array([samples, 8, -1]), **known})
    return net


def mixtures():
    """Filters that are sums of constant ones, weighed by what the input says (conditional convolutions): dense, one channel a group, and groups."""
    net = Network()
    for inputs, outputs, group, kernel, attributes in ((20, 36, 1, (1, 1), {}), (32, 32, 1, (3, 3), {"pads": [1, 1, 1, 1], "strides": [2, 2]}), (24, 24, 24, (5, 5), {"pads": [2, 2, 2, 2]}),
                                                       (3, 16, 1, (3, 3), {"pads": [1, 1, 1, 1]}), (32, 32, 4, (3, 3), {}), (16, 32, 16, (3, 3), {}), (40, 24, 1, (3, 2), {"dilations": [2, 1]})):
        shape = (outputs, inputs // group, *kernel)
        net.add([("GlobalAveragePool", "x", "m", {}), ("Flatten", "m", "n", {}), ("MatMul", "nr", "q", {}), ("Sigmoid", "q", "s", {}), ("MatMul", "sw", "g", {}), ("Reshape", "gh", "f", {}),
                 ("Conv", "xfb", "c", {"group": group, **attributes}), ("Relu", "c", "y", {})], {"x": normal(1, inputs, 12, 11)},
                {"r": normal(inputs, 4), "w": normal(4, int(np.prod(shape))), "h": np.array(shape), "b": normal(outputs)})
    return net


def places_of_largest():
    """MaxPool with the places of what it takes, and MaxUnpool, which puts it back there (SegNet, ENet)."""
    net = Network()
    for kernel, attributes in ((2, {"strides": [2, 2]}), (3, {"strides": [2, 2], "pads": [1, 1, 1, 1]}), (3, {"dilations": [2, 1], "pads": [2, 0, 1, 1]}), (1, {})):
        net.add([("MaxPool", "x", "yi", {"kernel_shape": [kernel, kernel], **attributes})], {"x": np.round(3 * normal(2, 5, 12, 10))}, results=("y", "i"), integers=("i",))
    net.add([("MaxPool", "x", "mi", {"kernel_shape": [2, 2], "strides": [2, 2]}), ("Relu", "m", "r", {}), ("MaxUnpool", "ri", "u", {"kernel_shape": [2, 2], "strides": [2, 2]}), ("Add", "ux", "y", {})],
            {"x": normal(2, 5, 12, 10)})
    return net


def elementwise():
    net = Network(opset=23)
    net.add([("Mod", "xz", "y", {"fmod": 1})], {"x": normal(3, 40) * 5}, {"z": np.float32(1.5)})
    net.add([("Div", "xz", "d", {}), ("IsInf", "d", "t", {}), ("Cast", "t", "y", {"to": 1})], {"x": normal(3, 4)}, {"z": np.array([0, 1, 2, 0], np.float32)})
    net.add([("Greater", "xz", "g", {}), ("And", "gt", "y", {})], {"x": normal(3, 40), "t": rng.random((3, 40)) < 0.5}, {"z": np.float32(0.2)}, truths="y")
    net.add([("Where", "txz", "y", {})], {"x": normal(3, 40), "t": rng.random((3, 1)) < 0.5}, {"z": np.float32(0.2)})
    net.add([("Shrink", "x", "y", {"lambd": 0.6, "bias": 0.2})], {"x": normal(3, 40)})
    steps = np.concatenate([np.linspace(-1, 1, 201), [0.41421357, 0.4142135, -0.9999999]]).astype(np.float32)
    net.add([("Atan", "x", "y", {})], {"x": np.concatenate([steps, steps * 7, [np.inf, -np.inf, 1e30, -1e-30, 2.4142135]]).astype(np.float32)})
    net.add([("Asin", "x", "y", {})], {"x": steps})
    net.add([("Acos", "x", "y", {})], {"x": steps})
    net.add([("Tan", "x", "y", {})], {"x": normal(3, 40) / 2})
    net.add([("Pow", "xe", "p", {}), ("Clip", "plh", "y", {})], {"x": np.array([0, 1, -2, 3, 0.5], np.float32)}, {"e": np.float32(-2), "l": np.float32(-9), "h": np.float32(9)})
    net.add([("Pow", "cx", "p", {}), ("Clip", "plh", "y", {})], {"x": np.array([0, 1, 3e9, -3e9, 40], np.float32)}, {"c": np.float32(1.7), "l": np.float32(0), "h": np.float32(1e9)})
    odd = np.array([[1, np.nan, 3, 2]], np.float32)
    net.add([("GreaterOrEqual", "xz", "y", {})], {"x": odd}, {"z": np.float32(2)}, truths="y")
    net.add([("LessOrEqual", "xz", "y", {})], {"x": odd}, {"z": np.float32(2)}, truths="y")
    net.add([("ArgMax", "x", "i", {"axis": 1}), ("Less", "iz", "y", {})], {"x": odd}, {"z": np.int64(4)}, truths="y")
    net.add([("MeanVarianceNormalization", "x", "y", {})], {"x": normal(2, 3, 8, 9)})
    net.add([("RMSNormalization", "xs", "y", {})], {"x": normal(2, 3, 64), "s": normal(64)})
    return net


def attentions():
    net = Network(opset=24)
    plain, shared = {"q": normal(2, 4, 50, 16), "k": normal(2, 4, 60, 16), "v": normal(2, 4, 60, 24)}, {"q": normal(1, 6, 9, 8), "k": normal(1, 2, 12, 8), "v": normal(1, 2, 12, 8)}
    lines = {"q": normal(2, 10, 32), "k": normal(2, 14, 32), "v": normal(2, 14, 48)}
    heads = {"q_num_heads": 4, "kv_num_heads": 4}
    net.add([("Attention", "qkv", "y", {})], plain)
    net.add([("Attention", "qkvm", "y", {"scale": 0.3})], plain | {"m": normal(50, 60)})
    net.add([("Attention", "qkv", "y", {"softcap": 2.0})], shared)
    net.add([("Attention", "qkv", "y", heads)], lines)
    net.add([("Attention", "qkv", "y", {"is_causal": 1, **heads})], lines | {"k": normal(2, 10, 32), "v": normal(2, 10, 48)})
    net.add([("Attention", "qkvt", "y", {})], plain | {"t": rng.random((2, 1, 50, 60)) < 0.5})
    net.add([("Attention", "qkvm", "y", {})], plain, {"m": np.where(rng.random((50, 60)) < 0.5, 0, -np.inf).astype(np.float32)})
    net.add([("Attention", ["q", "k", "v", "", "a", "b"], "ypr", {"is_causal": 1})], shared | {"k": normal(1, 2, 9, 8), "v": normal(1, 2, 9, 8), "a": normal(1, 2, 5, 8), "b": normal(1, 2, 5, 8)}, results="ypr")
    # a picture's patches: products and softmax as one kernel
    net.add([("Attention", "qkv", "y", {"q_num_heads": 3, "kv_num_heads": 3})], {"q": normal(1, 197, 192), "k": normal(1, 197, 192), "v": normal(1, 197, 192)})
    # over channels first, as diffusion models write it
    net.add([("Transpose", "q", "t", {"perm": [0, 1, 3, 2]}), ("MatMul", "tk", "s", {}), ("Mul", "sf", "a", {}), ("Softmax", "a", "p", {"axis": -1}), ("Transpose", "p", "u", {"perm": [0, 1, 3, 2]}),
             ("MatMul", "vu", "y", {})], {"q": normal(2, 3, 10, 70), "k": normal(2, 3, 10, 90), "v": normal(2, 3, 12, 90)}, {"f": np.float32(0.3)})
    half = np.arange(20)[:, None] / 100 ** (np.arange(4) / 4)
    table = {"c": np.cos(half).astype(np.float32), "s": np.sin(half).astype(np.float32)}
    for attributes in ({}, {"interleaved": 1}, {"rotary_embedding_dim": 8}):
        extent = 12 if "rotary_embedding_dim" in attributes else 8
        net.add([("RotaryEmbedding", "xcsp", "y", attributes)], {"x": normal(2, 3, 7, extent), "p": below(20, 2, 7)}, table)
    net.add([("RotaryEmbedding", "xcs", "y", {"num_heads": 3})], {"x": normal(2, 7, 24)}, {name: np.stack([value[:7], value[7:14]]) for name, value in table.items()})
    return net


def maps():
    """Attention of large maps, with all numbers of features a head and keys of whole pages or an odd number."""
    net = Network()
    for heads, queries, keys, features, results in ((2, 300, 300, 8, 8), (1, 130, 1024, 20, 20), (1, 64, 1031, 40, 72), (3, 200, 333, 5, 33), (1, 70, 1024, 16, 1), (1, 256, 256, 64, 80), (1, 90, 4096, 12, 24)):
        net.add([("Transpose", "k", "t", {"perm": [0, 2, 1]}), ("MatMul", "qt", "m", {}), ("Mul", "ms", "n", {}), ("Softmax", "n", "p", {"axis": -1}), ("MatMul", "pv", "y", {})],
                {"q": normal(heads, queries, features), "k": normal(heads, keys, features), "v": normal(heads, keys, results)}, {"s": np.float32(features ** -0.5)})
    return net


def volumes():
    """Windows along time: Winograd's, with a stride, on what others read with and without padding; after and before windows over planes."""
    net = Network()
    along, across = {"pads": [1, 0, 0, 1, 0, 0]}, {"pads": [0, 1, 1, 0, 1, 1]}
    for channels, window in ((48, 3), (20, 5), (16, 7), (40, 4)):
        pads = {"pads": [window // 2, 0, 0, (window - 1) // 2, 0, 0]}
        net.add([("Conv", "xw", "a", pads), ("Add", "as", "b", {}), ("Relu", "b", "y", {})], {"x": normal(1, channels, 6, 9, 7)}, {"w": normal(24, channels, window, 1, 1) / 8, "s": normal(1, 24, 1, 1, 1)})
    net.add([("Conv", "xv", "a", across), ("Relu", "a", "b", {}), ("Conv", "bw", "c", along), ("Relu", "c", "d", {}), ("Conv", "dv", "e", across), ("Add", "be", "y", {})],
            {"x": normal(1, 48, 8, 10, 11)}, {"v": normal(48, 48, 1, 3, 3) / 20, "w": normal(48, 48, 3, 1, 1) / 12})
    net.add([("Relu", "x", "a", {}), ("Conv", "aw", "b", along), ("MaxPool", "a", "c", {"kernel_shape": [3, 3, 3], "pads": [1] * 6, "strides": [1, 1, 1]}), ("Add", "bc", "y", {})],
            {"x": normal(2, 32, 5, 12, 12)}, {"w": normal(32, 32, 3, 1, 1) / 10})
    net.add([("Conv", "xw", "a", along), ("Conv", "av", "b", {"pads": [2, 0, 0, 2, 0, 0]}), ("Conv", "xv", "c", {"pads": [2, 0, 0, 2, 0, 0]}), ("Add", "bc", "y", {})],
            {"x": normal(1, 32, 7, 14, 14)}, {"w": normal(32, 32, 3, 1, 1) / 10, "v": normal(32, 32, 5, 1, 1) / 12})
    net.add([("Conv", "xw", "a", {"pads": [3, 0, 0, 3, 0, 0], "strides": [2, 1, 1]}), ("Conv", "xv", "b", {"pads": [1] * 6, "strides": [2, 1, 1]}), ("Add", "ab", "y", {})],
            {"x": normal(1, 32, 8, 29, 30)}, {"w": normal(48, 32, 7, 1, 1) / 15, "v": normal(48, 32, 3, 3, 3) / 30})
    return net


def several_outputs():
    """Groups with more outputs than inputs: several filters a channel, parts of a block of inputs a group, some left over, strides, dilation, batches, prepared input."""
    net = Network()
    for inputs, outputs, groups, window, attributes in (
            (80, 160, 80, (3, 3), {"pads": [1, 1, 1, 1]}), (24, 48, 24, (5, 3), {"pads": [2, 1, 2, 1], "strides": [2, 1]}), (32, 128, 32, (3, 3), {"dilations": [2, 1], "pads": [2, 1, 2, 1]}),
            (16, 128, 16, (1, 3), {}), (8, 128, 8, (3, 3), {"pads": [1, 1, 1, 1]}), (16, 32, 16, (9, 1), {}), (6, 18, 6, (3, 3), {}), (16, 48, 16, (3, 3), {}),
            (24, 48, 12, (3, 3), {"pads": [1, 1, 1, 1]}), (32, 128, 16, (3, 3), {"pads": [0, 1, 1, 0]}), (48, 96, 12, (3, 5), {"pads": [1, 2, 1, 2]}), (32, 64, 8, (1, 1), {}),
            (64, 128, 8, (3, 3), {"pads": [1, 1, 1, 1]}), (24, 96, 3, (3, 3), {"strides": [2, 2]}), (40, 160, 5, (1, 1), {}), (48, 96, 2, (3, 3), {"pads": [1, 1, 1, 1]}),
            (48, 64, 4, (3, 3), {}), (20, 128, 4, (3, 3), {"pads": [2, 2, 2, 2], "dilations": [2, 2]}), (12, 128, 4, (5, 5), {"pads": [2, 2, 2, 2]}), (64, 192, 8, (3, 3), {})):
        attributes = {"group": groups, **attributes}
        for batch in (1, 3):
            net.add([("Conv", "xwb", "a", attributes), ("Relu", "a", "y", {})], {"x": normal(batch, inputs, 12, 13)},
                    {"w": normal(outputs, inputs // groups, *window) / 4, "b": normal(outputs)})
        net.add([("Conv", "xv", "z", {}), ("Mul", "zs", "a", {}), ("Relu", "a", "b", {}), ("Conv", "bw", "c", attributes), ("Add", "cd", "e", {}), ("Conv", "eu", "y", {})],
                {"x": normal(1, 8, 12, 13)}, {"v": normal(inputs, 8, 1, 1) / 3, "w": normal(outputs, inputs // groups, *window) / 4, "s": normal(1, inputs, 1, 1), "d": normal(outputs, 1, 1),
                                             "u": normal(20, outputs, 1, 1) / 9})
    net.add([("Conv", "xw", "y", {"pads": [1, 1, 1, 1, 1, 1], "group": 16})], {"x": normal(2, 32, 4, 9, 13)}, {"w": normal(64, 2, 3, 3, 3) / 5})
    net.add([("Conv", "xw", "y", {"pads": [2, 2], "group": 32})], {"x": normal(2, 32, 50)}, {"w": normal(64, 1, 5)})
    net.add([("Conv", "xw", "y", {"pads": [1, 1, 1, 1, 1, 1], "group": 4})], {"x": normal(1, 32, 4, 9, 13)}, {"w": normal(64, 8, 3, 3, 3) / 9})
    return net


def half_blocks():
    """First layers whose last block of channels is half full on AVX-512, alone and with max pooling behind them: even and odd rows, several samples, infinities and NaN."""
    net = Network()
    for outputs, window, stride, plane in ((8, 3, 1, (12, 14)), (24, 3, 2, (33, 46)), (40, 5, 2, (20, 31)), (24, 1, 1, (9, 17)), (56, 7, 2, (40, 44)), (72, 3, 1, (7, 9)), (12, 3, 1, (12, 14))):
        pads = {"pads": [window // 2] * 4, "strides": [stride, stride]}
        weights = {"w": normal(outputs, 3, window, window) / 4, "b": normal(outputs)}
        for batch in (1, 3):
            net.add([("Conv", "xwb", "a", pads), ("Relu", "a", "y", {})], {"x": normal(batch, 3, *plane)}, weights)
        for pool in ({"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}, {"kernel_shape": [2, 2], "strides": [2, 2]}, {"kernel_shape": [3, 2], "strides": [2, 1], "ceil_mode": 1}):
            net.add([("Conv", "xwb", "a", pads), ("Relu", "a", "c", {}), ("MaxPool", "c", "y", pool)], {"x": normal(1, 3, *plane)}, weights)
            net.add([("Conv", "xw", "a", pads), ("Add", "as", "c", {}), ("Clip", "clo", "d", {}), ("MaxPool", "d", "y", pool)], {"x": normal(2, 3, *plane)},
                    {**weights, "s": normal(outputs, 1, 1), "l": np.float32(-0.5), "o": np.float32(2)})
    odd = normal(1, 3, 14, 18)
    odd[0, :, 3, 5], odd[0, 1, 11, 13] = np.nan, np.inf
    for tail in ([("Relu", "a", "y", {})], [("Min", "as", "y", {})], [("Max", "sa", "y", {})]):
        net.add([("Conv", "xw", "a", {"pads": [1, 1, 1, 1]}), *tail], {"x": odd}, {"w": normal(24, 3, 3, 3), "s": normal(24, 1, 1)})
    return net


def pictures():
    """First layers that read a padded picture: strides from 1 to 5, padding on any side, rows that tiles divide or not, alone, in chains, several samples, NaN and infinities at the edges."""
    net = Network()
    for outputs, window, stride, pads, plane in ((16, (3, 3), 2, (1, 1, 1, 1), (32, 32)), (16, (3, 3), 2, (1, 1, 0, 0), (33, 64)), (24, (3, 3), 2, (0, 0, 1, 1), (31, 50)), (32, (7, 7), 2, (3, 3, 3, 3), (40, 46)),
                                                 (32, (7, 7), 4, (3, 3, 3, 3), (64, 64)), (20, (5, 5), 3, (2, 2, 2, 2), (27, 41)), (64, (11, 11), 4, (2, 2, 2, 2), (57, 59)), (16, (4, 4), 4, (1, 0, 2, 3), (26, 33)),
                                                 (16, (6, 6), 2, (2, 2, 2, 2), (18, 20)), (8, (3, 5), 5, (1, 2, 1, 2), (16, 23)), (32, (3, 3), 1, (1, 1, 1, 1), (14, 17)), (16, (3, 3), 2, (5, 4, 3, 6), (9, 11))):
        attributes = {"pads": pads, "strides": [stride, stride]}
        weights = {"w": normal(outputs, 3, *window) / 4, "b": normal(outputs)}
        for batch in (1, 3):
            net.add([("Conv", "xwb", "a", attributes), ("Relu", "a", "y", {})], {"x": normal(batch, 3, *plane)}, weights)
            net.add([("Conv", "xwb", "a", attributes), ("Relu", "a", "c", {}), ("Conv", "cd", "e", {"group": outputs, "pads": [1, 1, 1, 1]}), ("Relu", "e", "f", {}), ("Conv", "fg", "y", {})],
                    {"x": normal(batch, 3, *plane)}, {**weights, "d": normal(outputs, 1, 3, 3), "g": normal(24, outputs, 1, 1)})
        net.add([("Sub", "xm", "p", {}), ("Conv", "pwb", "a", attributes), ("Relu", "a", "c", {}), ("MaxPool", "c", "y", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]})],
                {"x": normal(1, 3, *plane)}, {**weights, "m": normal(3, 1, 1)})
        net.add([("Conv", "xwb", "a", attributes), ("Relu", "a", "c", {}), ("MaxPool", "c", "y", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]})], {"x": normal(1, 3, *plane)}, weights)
        odd = normal(1, 3, *plane)
        odd[0, 0, 0, 0], odd[0, 1, -1, -1], odd[0, 2, 0, -1] = np.nan, np.inf, -np.inf
        net.add([("Conv", "xw", "y", attributes)], {"x": odd}, {"w": weights["w"]})
    net.add([("Pad", "xp", "c", {}), ("Conv", "cw", "y", {"strides": [2, 2]})], {"x": normal(2, 3, 30, 34)}, {"p": np.array([0, 0, 1, 2, 0, 0, 2, 1]), "w": normal(24, 3, 3, 3)})
    return net


def planes():
    """Convolutions of a few channels that stay row-major: dense, depthwise, in groups, with strides along columns, dilation, padding on any side, rows narrower than a tile, several samples, what is added, chains of them, NaN and infinities."""
    net = Network()
    for inputs, outputs, groups, window, stride, dilation, pads, plane in (
            (1, 4, 1, (5, 5), 1, 1, (2, 2, 2, 2), (21, 40)), (4, 4, 1, (3, 3), 1, 1, (1, 1, 1, 1), (9, 16)), (3, 3, 3, (11, 1), 1, 1, (5, 0, 5, 0), (23, 37)), (3, 3, 3, (1, 11), 1, 1, (0, 5, 0, 5), (23, 97)),
            (2, 2, 2, (3, 3), 1, 2, (2, 2, 2, 2), (12, 130)), (6, 6, 2, (3, 3), 1, 1, (1, 1, 1, 1), (11, 33)), (8, 8, 1, (3, 3), 2, 1, (1, 1, 1, 1), (17, 64)), (1, 1, 1, (3, 3), 1, 1, (0, 0, 0, 0), (10, 34)),
            (3, 1, 1, (7, 7), 1, 1, (3, 3, 3, 3), (30, 22)), (5, 7, 1, (2, 4), 3, 1, (1, 0, 0, 3), (19, 48)), (2, 8, 2, (5, 3), 1, 1, (4, 2, 0, 1), (14, 51)), (8, 1, 1, (1, 1), 1, 1, (0, 0, 0, 0), (6, 80)),
            (1, 3, 1, (1, 1), 2, 1, (1, 1, 1, 1), (9, 18)), (4, 4, 4, (9, 9), 1, 1, (4, 4, 4, 4), (8, 20)), (7, 2, 1, (3, 3), 1, 5, (5, 5, 5, 5), (16, 31))):
        attributes = {"pads": pads, "strides": [stride, 1], "dilations": [dilation, dilation], "group": groups}
        weights = {"w": normal(outputs, inputs // groups, *window) / 4, "b": normal(outputs)}
        for batch in (1, 3):
            net.add([("Conv", "xwb", "a", attributes), ("Relu", "a", "y", {})], {"x": normal(batch, inputs, *plane)}, weights)
        net.add([("Conv", "xw", "a", attributes), ("Sigmoid", "a", "c", {}), ("Mul", "cs", "d", {}), ("Conv", "dv", "y", {"pads": [1, 1, 1, 1]})], {"x": normal(1, inputs, *plane)},
                {**weights, "s": normal(outputs, 1, 1), "v": normal(24, outputs, 3, 3)})
        net.add([("Conv", "xwb", "a", attributes), ("Conv", "av", "c", {"group": outputs, "pads": [1, 1, 1, 1]}), ("Add", "ca", "d", {}), ("Relu", "d", "y", {})], {"x": normal(2, inputs, *plane)},
                {**weights, "v": normal(outputs, 1, 3, 3)})
        net.add([("Mul", "xs", "p", {}), ("Conv", "pwb", "a", attributes), ("MaxPool", "a", "y", {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1})], {"x": normal(1, inputs, *plane)}, {**weights, "s": normal(inputs, 1, 1)})
        if groups in (1, inputs): # others may be joined, zeros between them
            odd = normal(1, inputs, *plane)
            odd[0, 0, 0, 0], odd[0, -1, -1, -1], odd[0, 0, 3, 9] = np.nan, np.inf, -np.inf
            net.add([("Conv", "xw", "y", attributes)], {"x": odd}, {"w": weights["w"]})
    odd = normal(1, 3, 5, 16)
    odd[0, 1, 2, 7] = np.nan
    for first, second in (("Abs", "Max"), ("Relu", "Min"), ("Neg", "Max")): # NaN of the sum passes, whichever operand it is
        for operands in ("az", "za"):
            net.add([("Conv", "xw", "c", {"pads": [1, 1, 1, 1]}), (first, "c", "a", {}), (second, operands, "y", {})], {"x": odd, "z": normal(1, 3, 5, 16)}, {"w": normal(3, 3, 3, 3)})
    return net


def columns():
    """Windows down planes of one column: with strides, dilation, padding above or below, pooling, residuals, what is broadcast, groups, several samples, and what makes columns of planes or rows of columns."""
    net = Network()
    for inputs, outputs, taps, stride, dilation, pads, height in ((100, 100, 3, 1, 1, (1, 0, 1, 0), 31), (64, 40, 5, 2, 1, (2, 0, 1, 0), 50), (32, 64, 1, 1, 1, (0, 0, 0, 0), 17), (48, 48, 3, 1, 4, (4, 0, 4, 0), 29), (8, 24, 3, 1, 1, (1, 0, 1, 0), 12)):
        attributes = {"pads": pads, "strides": [stride, 1], "dilations": [dilation, 1]}
        weights = {"w": normal(outputs, inputs, taps, 1) / 8, "b": normal(outputs), "v": normal(outputs, outputs, 3, 1) / 8, "s": normal(outputs, 1, 1), "t": normal(1)}
        for batch in (1, 3):
            x = {"x": normal(batch, inputs, height, 1)}
            net.add([("Conv", "xwb", "a", attributes), ("Relu", "a", "y", {})], x, {"w": weights["w"], "b": weights["b"]})
            net.add([("Conv", "xwb", "a", attributes), ("Mul", "as", "c", {}), ("PRelu", "ct", "d", {}), ("Conv", "dv", "e", {"pads": [1, 0, 1, 0]}), ("Add", "ea", "f", {}),
                     ("MaxPool", "f", "y", {"kernel_shape": [3, 1], "strides": [2, 1], "pads": [0, 0, 1, 0]})], x, weights)
            net.add([("Conv", "xw", "a", attributes), ("AveragePool", "a", "c", {"kernel_shape": [2, 1], "strides": [2, 1], "ceil_mode": 1}), ("Transpose", "c", "y", {"perm": [0, 3, 1, 2]})], x, {"w": weights["w"]})
        net.add([("Conv", "pq", "x", {}), ("Conv", "xwb", "a", attributes), ("Softmax", "a", "y", {"axis": 1})], {"p": normal(1, 4, height, 6)}, {"q": normal(inputs, 4, 1, 6) / 4, "w": weights["w"], "b": weights["b"]})
        net.add([("Conv", "xw", "a", {**attributes, "pads": [pads[0], 1, pads[2], 2]}), ("Tanh", "a", "y", {})], {"x": normal(1, inputs, height, 1)}, {"w": weights["w"]})
    return net


def windows_in_padding():
    """Windows of which whole rows or planes lie in padding: on one side or both, with strides, dilation, groups, batches, behind what prepares their input."""
    net = Network()
    for channels, groups, window, pads, strides, dilations, plane in (
            (32, 32, (5, 5), (2, 2, 2, 2), (1, 1), (1, 1), (7, 9)), (24, 24, (9, 3), (8, 1, 0, 1), (1, 1), (1, 1), (10, 16)),
            (48, 48, (7, 7), (3, 3, 3, 3), (2, 2), (1, 1), (12, 11)), (40, 40, (5, 5), (6, 4, 5, 4), (1, 1), (3, 2), (13, 14)),
            (64, 8, (11, 11), (5, 5, 5, 5), (1, 1), (1, 1), (16, 16)), (64, 4, (3, 3), (1, 1, 1, 1), (1, 1), (1, 1), (7, 7)),
            (32, 1, (7, 5), (6, 2, 3, 2), (2, 1), (1, 1), (9, 20)), (20, 1, (15, 1), (7, 0, 7, 0), (1, 1), (1, 1), (14, 14)),
            (96, 1, (5, 5), (0, 0, 4, 4), (1, 1), (1, 1), (5, 5))):
        attributes = {"pads": pads, "strides": strides, "dilations": dilations, "group": groups}
        for batch in (1, 3):
            net.add([("Conv", "xwb", "a", attributes), ("Relu", "a", "y", {})], {"x": normal(batch, channels, *plane)},
                    {"w": normal(channels, channels // groups, *window) / 8, "b": normal(channels)})
        net.add([("Mul", "xs", "a", {}), ("Relu", "a", "b", {}), ("Conv", "bw", "c", attributes), ("Add", "cd", "y", {})], {"x": normal(1, channels, *plane)},
                {"w": normal(channels, channels // groups, *window) / 8, "s": normal(1, channels, 1, 1), "d": normal(channels, 1, 1)})
    for groups, window, pads, strides in ((1, (3, 3, 3), (1, 1, 1, 1, 1, 1), (1, 1, 1)), (1, (3, 5, 3), (2, 2, 1, 0, 2, 1), (2, 1, 1)), (32, (5, 5, 5), (2,) * 6, (1, 1, 1)),
                                          (2, (3, 3, 3), (2, 2, 2, 2, 2, 2), (1, 2, 1))):
        net.add([("Conv", "xw", "y", {"pads": pads, "strides": strides, "group": groups})], {"x": normal(2, 32, 4, 9, 13)}, {"w": normal(32, 32 // groups, *window) / 20})
    return net


def pyramids():
    """Pooling over large windows that overlap, packed and as it comes, with strides, dilation, padding that counts and does not."""
    net = Network(opset=19)
    for window, attributes in (((13, 13), {"pads": [6] * 4}), ((9, 5), {"pads": [4, 2, 3, 1], "strides": [1, 2]}), ((7, 7), {"strides": [2, 2], "ceil_mode": 1, "pads": [3, 3, 2, 2]}),
                               ((5, 6), {"dilations": [2, 2], "pads": [4, 4, 4, 5]})):
        for pool, options in (("MaxPool", {}), ("AveragePool", {}), ("AveragePool", {"count_include_pad": 1})):
            net.add([(pool, "x", "y", {"kernel_shape": window, **attributes, **options})], {"x": normal(2, 5, 17, 20)})
            net.add([("Conv", "xw", "a", {}), (pool, "a", "b", {"kernel_shape": window, **attributes, **options}), ("Relu", "b", "y", {})], {"x": normal(1, 12, 17, 20)}, {"w": normal(40, 12, 1, 1)})
    net.add([("MaxPool", "x", "y", {"kernel_shape": [5, 7, 5], "pads": [2, 3, 2, 2, 3, 2]})], {"x": normal(1, 6, 9, 13, 11)})
    return net


def words():
    """Windows as wide as their plane, as networks over text have them."""
    net = Network()
    for channels, taps, attributes in ((1, 3, {}), (2, 4, {"strides": [2, 1], "pads": [3, 0, 1, 0]}), (1, 5, {"dilations": [2, 1], "pads": [4, 0, 4, 0]})):
        net.add([("Conv", "xwb", "a", attributes), ("Relu", "a", "c", {}), ("GlobalMaxPool", "c", "y", {})], {"x": normal(2, channels, 40, 50)},
                {"w": normal(30, channels, taps, 50) / 10, "b": normal(30)})
        net.add([("Conv", "xw", "a", attributes), ("Squeeze", "as", "c", {}), ("Transpose", "c", "y", {"perm": [0, 2, 1]})], {"x": normal(1, channels, 40, 50)},
                {"w": normal(20, channels, taps, 50) / 10, "s": np.array([3])})
    return net


def lines():
    """Means and maxima of rows or columns of what a convolution makes."""
    net = Network(opset=17)
    for reduction, axis, kept in (("ReduceMax", 2, 0), ("ReduceMax", 3, 1), ("ReduceMean", 3, 0), ("ReduceMean", 2, 1)):
        net.add([("Conv", "xw", "a", {}), (reduction, "a", "b", {"axes": [axis], "keepdims": kept}), ("Relu", "b", "y", {})], {"x": normal(2, 9, 23, 34)}, {"w": normal(40, 9, 1, 1)})
    return net


def wholes():
    """Counts, and the largest and smallest of integers, within bounds."""
    net = Network(opset=17)
    for shape in ((3, 40), (2, 5, 7)):
        net.add([("Greater", "xz", "g", {}), ("Cast", "g", "c", {"to": TensorProto.INT64}), ("ReduceSum", "ca", "n", {"keepdims": 0}), ("Clip", "nlh", "m", {}), ("Cast", "m", "y", {"to": TensorProto.FLOAT})],
                {"x": normal(*shape)}, {"z": np.float32(0.3), "a": np.array([-1]), "l": np.int64(1), "h": np.int64(18)})
        net.add([("ArgMax", "x", "i", {"axis": -1, "keepdims": 0}), ("ReduceMax", "i", "m", {"axes": [0], "keepdims": 1}), ("ReduceMin", "i", "n", {"keepdims": 0}), ("Sub", "mn", "d", {}), ("Cast", "d", "y", {"to": TensorProto.FLOAT})], {"x": normal(*shape)})
        net.add([("ArgMax", "x", "i", {"axis": -1, "keepdims": 0}), ("Clip", "ilh", "m", {}), ("Cast", "m", "y", {"to": TensorProto.FLOAT})], {"x": normal(*shape)}, {"l": np.int64(2), "h": np.int64(2**63 - 1)})
        net.add([("Less", "xz", "g", {}), ("Cast", "g", "c", {"to": TensorProto.INT32}), ("ReduceMin", "c", "n", {"axes": [-1]}), ("Cast", "n", "t", {"to": TensorProto.BOOL}), ("Not", "t", "y", {})], {"x": normal(*shape)}, {"z": np.float32(1.5)}, truths="y")
    return net


def einsums():
    """Dimensions that an equation leaves unnamed."""
    net = Network()
    for equation, a, b in (("...si,...id->...sd", (2, 3, 5, 7), (2, 3, 7, 4)), ("...ij,jk", (2, 6, 5), (5, 3)), ("b...i,b...i->b...", (2, 3, 4, 5), (2, 3, 4, 5)), ("...i,...j->ij...", (3, 5), (3, 6)), ("i...->...", (4, 5, 6), None),
                           ("...Zi,iY->Y...Z", (2, 3, 4, 5), (5, 6)), ("...ij->...ji", (2, 3, 4), None), ("...ij,...jk->...ik", (2, 1, 3, 4), (1, 5, 4, 6))):
        net.add([("Einsum", "ab" if b else "a", "y", {"equation": equation})], {"a": normal(*a)} | ({"b": normal(*b)} if b else {}))
    return net


def running_sums():
    net = Network()
    for shape, axis in (((3, 40), 1), ((2, 700), 1), ((1100, 3), 0), ((2, 4097, 2), 1), ((70000,), 0)):
        for attributes in ({}, {"exclusive": 1}, {"reverse": 1}, {"exclusive": 1, "reverse": 1}):
            net.add([("CumSum", "xa", "y", attributes)], {"x": normal(*shape)}, {"a": np.int64(axis)})
    return net


def shapes():
    """Vectors among matrices, columns that do not fill blocks, tensors of one row, nothing of the input left, copies of copies."""
    net = Network(opset=21)
    for x, y in (([5], [5, 4]), ([3, 4, 8], [8]), ([8], [8]), ([8], [3, 8, 4]), ([2, 3, 4, 8], [8])):
        net.add([("MatMul", "xz", "p", {}), ("Relu", "p", "y", {})], {"x": normal(*x), "z": normal(*y)})
        net.add([("MatMul", "xz", "p", {}), ("Relu", "p", "y", {})], {"x": normal(*x)}, {"z": normal(*y)})
        net.add([("MatMul", "xz", "p", {}), ("Relu", "p", "y", {})], {"z": normal(*y)}, {"x": normal(*x)})
    for rows, terms, columns in (((20,), 256, 8210), ((1, 40), 120, 625), ((2, 3, 9), 256, 301)):
        net.add([("MatMul", "xw", "p", {}), ("Add", "pb", "s", {}), ("Softmax", "s", "y", {})], {"x": normal(*rows, terms)}, {"w": normal(terms, columns) / 9, "b": normal(columns)})
    infinite = np.array([[-np.inf] * 4, [np.inf, 0, 1, 2], [-np.inf, 1, 2, 3]], np.float32)
    net.add([("ReduceLogSumExp", "xa", "l", {}), ("Clip", "lnm", "y", {})], {"x": infinite}, {"a": np.array([1]), "n": np.float32(-9), "m": np.float32(9)})
    net.add([("GroupNormalization", "xsb", "y", {"num_groups": 4})], {"x": normal(2, 4)}, {"s": normal(4), "b": normal(4)})
    for extent, pads in ((1, [2, -1]), (1, [-1, 1]), (3, [-3, 1]), (3, [-1, 2])):
        net.add([("Pad", "xpv", "y", {})], {"x": normal(4, extent)}, {"p": np.array([1, pads[0], 0, pads[1]]), "v": np.float32(0.5)})
    for kernel, stride in ((1, 2), (2, 2), (3, 2)):
        net.add([("LpPool", "x", "y", {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "ceil_mode": 1})], {"x": normal(1, 2, 8, 9)})
    for op in ("Round", "Abs"):
        net.add([("MaxPool", "x", "p", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}), (op, "p", "y", {})], {"x": normal(2, 3, 8, 7) * 4})
    net.add([("Concat", "xx", "c", {"axis": 0}), ("Concat", "cc", "d", {"axis": 0}), ("ConvTranspose", "dw", "y", {})], {"x": normal(3, 2, 1)}, {"w": normal(2, 2, 4)})
    net.add([("MatMul", "xw", "p", {}), ("Mul", "pp", "q", {}), ("Add", "zp", "s", {}), ("Add", "sq", "y", {})], {"x": normal(3, 8), "z": normal(3, 3, 8)}, {"w": normal(8, 1)})
    # the activation that old exporters of Paddle write
    net.add([("Conv", "xw", "c", {}), ("Add", "ct", "a", {}), ("Clip", "anm", "k", {}), ("Mul", "ck", "p", {}), ("Div", "pm", "h", {}), ("Conv", "hv", "y", {})], {"x": normal(1, 3, 9, 9)},
            {"w": normal(20, 3, 3, 3) / 3, "t": np.float32(3), "n": np.float32(0), "m": np.float32(6), "v": normal(5, 20, 1, 1)})
    return net


def resizes():
    """Factors that give no whole extents, or a result between two elements."""
    net = Network(opset=13)
    for mode, coordinates, nearest in (("nearest", "asymmetric", "floor"), ("nearest", "half_pixel", "round_prefer_ceil"), ("linear", "pytorch_half_pixel", "floor")):
        for factors in ((1, 1, 0.6, 2.3), (1, 1, 1.3, 0.7)):
            net.add([("Resize", ["x", "", "s"], "y", {"mode": mode, "coordinate_transformation_mode": coordinates, "nearest_mode": nearest})], {"x": normal(1, 2, 20, 30)},
                    {"s": np.array(factors, np.float32)})
    return net


def old_resizes():
    net = Network(opset=10)
    for factors in ((1, 1, 0.6, 0.6), (1, 1, 0.3, 2.5)):
        net.add([("Resize", "xs", "y", {"mode": "nearest"})], {"x": normal(1, 2, 20, 14)}, {"s": np.array(factors, np.float32)})
    return net


GROUPS = {make.__name__: make for make in (scatters, gathers, sorts, samples, recurrences, filters, turned_filters, styles, mixtures, places_of_largest, elementwise, attentions, maps, volumes, several_outputs, half_blocks, pictures, planes, columns, windows_in_padding, pyramids, words, lines, wholes, einsums, running_sums, shapes, resizes, old_resizes)}


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def floats(value):
    """As inputs and results are here: bytes and truths are floats."""
    return value.astype(np.float32) if value.dtype in (np.uint8, np.bool_) else value


def difference(got, want):
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"is {got.dtype}{list(got.shape)}, not {want.dtype}{list(want.shape)}"
    if want.dtype.kind == "f" and not np.isfinite(want).all():
        odd = ~(np.isfinite(got) & np.isfinite(want))
        if not np.array_equal(got[odd], want[odd], equal_nan=True):
            return "has other infinities or NaN"
        got, want = np.where(odd, 0, got), np.where(odd, 0, want)
    error = np.abs(got - want).max() / max(np.abs(want).max(), 1e-9)
    limit = 0 if want.dtype.kind == "i" else TOLERANCE
    return "" if error <= limit else f"differs by {error:.1e} of the largest value"


def run(weftc, name, out):
    net = GROUPS[name]()
    model, folder = net.model(), out / name
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / f"{name}.onnx")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    wanted = onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, net.inputs)
    call(weftc, folder / f"{name}.onnx", "-o", folder / "program")
    for port, value in net.inputs.items():
        np.save(folder / f"{port}.npy", floats(value))
    arguments = [f"--input={port}={folder / port}.npy" for port in net.inputs] + [f"--output={port}={folder / port}.npy" for port, _ in net.results]
    results = []
    for threads in (1, 2):
        call(folder / "program", *arguments, f"--threads={threads}")
        results.append([np.load(folder / f"{port}.npy") for port, _ in net.results])
    (folder / "program").unlink()
    faults = [f"{port}: {text}" for (port, _), got, want in zip(net.results, results[0], wanted) if (text := difference(got, floats(want)))]
    return faults + [f"{port}: other bits on 2 threads" for (port, _), one, two in zip(net.results, *results) if one.tobytes() != two.tobytes()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("groups", nargs="*", default=list(GROUPS))
    arguments = parser.parse_args()
    failed = False
    for name in arguments.groups or GROUPS:
        faults = run(arguments.weftc, name, arguments.out)
        failed |= bool(faults)
        print(f"{name}: " + ("; ".join(faults) or "ok"), flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
