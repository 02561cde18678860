# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Small networks drawn at random against ONNX Runtime: lines, planes and volumes, odd channel counts and windows, branches,
concatenations and splits across blocks, paddings that share a buffer, gates, products of rows. What a layout, a group or a
border gets wrong shows here. Each seed is one network, compiled as for this machine, AVX-512, Sapphire Rapids or AVX2 in turn,
with an option or none, and run on one to three threads.

    random_networks.py --weftc build/bin/weftc --out DIR FIRST_SEED COUNT"""
import argparse
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from safetensors.numpy import save_file

from targets import target_options

TOLERANCE = 1e-4
TARGETS = ["native", "x86-64-v4", "sapphirerapids", "x86-64-v3"]
OPTIONS = [[], [], ["--no-winograd"], [], ["--memory=small"]]


class Builder:
    """A network in both languages: `lines` of a .weft body and `nodes` of an ONNX graph, with the same weights."""

    def __init__(self, seed):
        self.choose, self.numbers = random.Random(seed), np.random.default_rng(seed)
        self.lines, self.nodes, self.constants, self.weights = [], [], [], {}
        self.widths, inputs, heights, widths = self.pick(
            ((8, 16, 19, 24, 32, 48), (1, 3, 4, 16, 20), (1, 5, 9, 14, 17, 24, 40), (3, 8, 13, 16, 21, 35)),
            ((64, 83, 96, 128, 192), (64, 67, 96), (14, 17, 24), (13, 16, 21)))  # enough for a matrix unit to pay
        height, width = self.pick(*heights), self.pick(*widths)
        extents = self.pick((height * width,), *[(height, width)] * 6, (self.pick(2, 3, 5), min(height, 14), min(width, 13)))
        self.tensors = [("x", (self.pick(1, 1, 2, 5), self.pick(*inputs), *extents))]

    def pick(self, *values):
        return self.choose.choice(values)

    def name(self):
        return f"t{len(self.lines)}"

    def weight(self, path, *shape):
        fan_in = int(np.prod(shape[1:])) or 1
        values = (self.numbers.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32)
        self.weights[path] = values
        self.constants.append(helper.make_tensor(path, TensorProto.FLOAT, shape, values.ravel()))
        return path

    def add(self, text, node, inputs, shape, **attributes):
        name = self.name()
        self.lines.append(f"{name} = {text}")
        self.nodes.append(helper.make_node(node, inputs, [name], **attributes))
        self.tensors.append((name, shape))
        return name

    def window(self, shape):
        """Kernel, stride, dilation, pads (low ends, then high ends) and what is left of the extents."""
        count = len(shape) - 2
        kernel = (self.pick([1], [3], [3], [3], [5], [3, 5], [1, 7], [5, 1]) * count)[:count]
        stride, dilation = [self.pick(1, 1, 1, 1, 2, 3)] * count, [self.pick(1, 1, 1, 2)] * count
        reach = [apart * (taps - 1) + 1 for taps, apart in zip(kernel, dilation)]
        low = [self.pick(0, seen // 2, seen // 2) for taps, seen in zip(kernel, reach)]
        high = low if self.choose.random() < 0.75 else [self.pick(0, taps - 1) for taps in kernel]
        rest = [extent + before + behind - seen for extent, before, behind, seen in zip(shape[2:], low, high, reach)]
        return kernel, stride, dilation, low + high, [left // step + 1 if left >= 0 else 0 for left, step in zip(rest, stride)]

    # One method a kind of step; each takes a tensor and may do nothing where it does not fit.

    def conv(self, x, shape, groups=1, outputs=None):
        kernel, stride, dilation, pads, after = self.window(shape)
        if min(after) == 0:
            return
        outputs = outputs or self.pick(*self.widths)
        path = f"conv{self.name()}"
        inputs = [x, self.weight(path + ".weight", outputs, shape[1] // groups, *kernel), self.weight(path + ".bias", outputs)]
        text = f"conv({x}, out={outputs}, kernel={kernel}, stride={stride}, pad={pads}, dilation={dilation}, groups={groups}) as {path}"
        self.add(text, "Conv", inputs, (shape[0], outputs, *after), kernel_shape=kernel, strides=stride, pads=pads, dilations=dilation,
                 group=groups)

    def depthwise(self, x, shape):
        if shape[1] > 1:
            self.conv(x, shape, groups=shape[1], outputs=shape[1])

    def grouped(self, x, shape):
        groups = self.pick(2, 4, 8)
        if shape[1] % groups == 0:
            self.conv(x, shape, groups=groups, outputs=groups * self.pick(2, 4, 8, 16))

    def activation(self, x, shape):
        ours, theirs = self.pick(("relu", "Relu"), ("sigmoid", "Sigmoid"), ("tanh", "Tanh"), ("softplus", "Softplus"), ("abs", "Abs"))
        self.add(f"{ours}({x})", theirs, [x], shape)

    def pool(self, x, shape):
        kernel, stride = self.pick(2, 3), self.pick(1, 2)
        pad = self.pick(0, 1) if kernel == 3 else 0
        if min(shape[2:]) + 2 * pad < kernel:
            return
        ours, theirs = self.pick(("maxpool", "MaxPool"), ("avgpool", "AveragePool"))
        after = [(extent + 2 * pad - kernel) // stride + 1 for extent in shape[2:]]
        self.add(f"{ours}({x}, kernel={kernel}, stride={stride}, pad={pad})", theirs, [x], (*shape[:2], *after),
                 kernel_shape=[kernel] * len(after), strides=[stride] * len(after), pads=[pad] * 2 * len(after))

    def sum(self, x, shape):
        other, _ = self.pick(*[tensor for tensor in self.tensors if tensor[1] == shape])
        self.add(f"{x} + {other}", "Add", [x, other], shape)

    def concat(self, x, shape):
        fits = [tensor for tensor in self.tensors if tensor[1][0] == shape[0] and tensor[1][2:] == shape[2:]]
        other, its = self.pick(*fits)
        self.add(f"concat([{x}, {other}], axis=1)", "Concat", [x, other], (shape[0], shape[1] + its[1], *shape[2:]), axis=1)

    def part(self, x, shape):
        if shape[1] < 2:
            return
        middle = 16 if shape[1] > 16 and self.pick(True, False) else shape[1] // 2
        name = self.name()
        limits = [name + suffix for suffix in ("from", "to", "axes")]
        for limit, value in zip(limits, (middle, shape[1], 1)):
            self.constants.append(helper.make_tensor(limit, TensorProto.INT64, [1], [value]))
        self.add(f"split({x}, axis=1, sizes=[{middle}, {shape[1] - middle}])", "Slice", [x, *limits],
                 (shape[0], shape[1] - middle, *shape[2:]))
        self.lines[-1] = "_, " + self.lines[-1]

    def gate(self, x, shape):
        gate = self.add(f"sigmoid({x})", "Sigmoid", [x], shape)
        self.add(f"{x} * {gate}", "Mul", [x, gate], shape)

    def excite(self, x, shape):
        ones = [1] * len(shape[2:])
        mean = self.add(f"global_avgpool({x})", "GlobalAveragePool", [x], (*shape[:2], *ones))
        path = f"conv{self.name()}"
        inputs = [mean, self.weight(path + ".weight", shape[1], shape[1], *ones), self.weight(path + ".bias", shape[1])]
        factor = self.add(f"conv({mean}, out={shape[1]}, kernel=1) as {path}", "Conv", inputs, (*shape[:2], *ones))
        self.add(f"{x} * {factor}", "Mul", [x, factor], shape)

    def lrn(self, x, shape):
        if len(shape) != 4:
            return
        size, beta = self.pick(3, 5, 7), self.pick(0.5, 0.75)
        self.add(f"lrn({x}, size={size}, alpha=0.5, beta={beta}, k=2)", "LRN", [x], shape, size=size, alpha=0.5, beta=beta, bias=2.0)

    def normalized(self, x, shape):
        """Normalisation and activation before the convolution, as in a DenseNet; x lives on."""
        if shape[1] < 2:
            return
        path = f"norm{self.name()}"
        parameters = [self.weight(f"{path}.{part}", shape[1]) for part in ("weight", "bias", "running_mean", "running_var")]
        self.weights[parameters[3]][:] = np.abs(self.weights[parameters[3]]) + 1
        self.constants[-1] = helper.make_tensor(parameters[3], TensorProto.FLOAT, [shape[1]], self.weights[parameters[3]])
        normal = self.add(f"batchnorm({x}) as {path}", "BatchNormalization", [x, *parameters], shape, epsilon=1e-5)
        active = self.add(f"relu({normal})", "Relu", [normal], shape)
        self.conv(active, shape)
        self.concat(x, shape)

    def linear(self, x, shape, outputs):
        """Of rank 3, whose rows ONNX multiplies with the weight as it was transposed."""
        path = f"fc{self.name()}"
        weight, bias = self.weight(path + ".weight", outputs, shape[-1]), self.weight(path + ".bias", outputs)
        self.nodes.append(helper.make_node("Transpose", [weight], [path + "T"]))
        self.nodes.append(helper.make_node("MatMul", [x, path + "T"], [path + "product"]))
        return self.add(f"linear({x}, out={outputs}) as {path}", "Add", [path + "product", bias], (*shape[:-1], outputs))

    def reshape(self, x, shape):
        self.constants.append(helper.make_tensor(self.name() + "shape", TensorProto.INT64, [len(shape)], shape))
        return self.add(f"reshape({x}, {list(shape)})", "Reshape", [x, self.name() + "shape"], shape)

    def transpose(self, x, shape):
        return self.add(f"transpose({x}, perm=[0, 2, 1])", "Transpose", [x], (shape[0], shape[2], shape[1]), perm=[0, 2, 1])

    def transformer(self, x, shape):
        """Pixels as rows that attend to each other, two linear layers, and pixels again."""
        pixels, channels = int(np.prod(shape[2:])), shape[1]
        if pixels > 600 or channels < 2:
            return
        rows, square = (shape[0], pixels, channels), (shape[0], pixels, pixels)
        x = self.transpose(self.reshape(x, (shape[0], channels, pixels)), (shape[0], channels, pixels))
        if self.pick(True, False):
            columns = self.transpose(x, rows)
            scores = self.add(f"matmul({x}, {columns})", "MatMul", [x, columns], square)
            weights = self.add(f"softmax({scores}, axis=2)", "Softmax", [scores], square, axis=2)
            x = self.add(f"matmul({weights}, {x})", "MatMul", [weights, x], rows)
        hidden = self.pick(20, 64, 96, 144)
        wide = self.linear(x, rows, hidden)
        wide = self.add(f"relu({wide})", "Relu", [wide], (*rows[:2], hidden))
        sum = self.linear(wide, (*rows[:2], hidden), channels)
        sum = self.add(f"{sum} + {x}", "Add", [sum, x], rows)
        path = f"norm{self.name()}"
        parameters = [self.weight(f"{path}.{part}", channels) for part in ("weight", "bias")]
        sum = self.add(f"layernorm({sum}, axis=2) as {path}", "LayerNormalization", [sum, *parameters], rows, axis=-1, epsilon=1e-5)
        self.reshape(self.transpose(sum, rows), shape)

    def classify(self, x, shape):
        size = int(np.prod(shape[1:]))
        if size > 20000:
            return
        flat = self.add(f"flatten({x})", "Flatten", [x], (shape[0], size))
        inputs = [flat, self.weight("fc.weight", 33, size), self.weight("fc.bias", 33)]
        self.add(f"linear({flat}, out=33) as fc", "Gemm", inputs, (shape[0], 33), transB=1)

    def draw(self):
        steps = [self.conv] * 4 + [self.transformer] + [self.depthwise, self.grouped, self.activation, self.pool, self.sum, self.concat, self.part,
                                   self.gate, self.excite, self.lrn, self.normalized, self.normalized]
        steps += [self.conv, self.transformer] * 4 if max(self.widths) > 48 else []
        for _ in range(self.choose.randint(4, 11)):
            self.pick(*steps)(*(self.tensors[-1] if self.choose.random() < 0.75 else self.pick(*self.tensors)))
        if self.pick(True, False):
            self.classify(*self.tensors[-1])
        if len(self.tensors) == 1:
            self.activation(*self.tensors[0])
        return self

    def text(self, outputs):
        spell = lambda shape: "f32[" + ", ".join(map(str, shape)) + "]"
        results = ", ".join(f"out{i}: {spell(shape)}" for i, (_, shape) in enumerate(outputs))
        lines = self.lines + [f"out{i} = {name}" for i, (name, _) in enumerate(outputs)]
        return f"weft 1\n\nnet drawn(x: {spell(self.tensors[0][1])}) -> ({results}) {{\n  " + "\n  ".join(lines) + "\n}\n"

    def model(self, outputs):
        ports = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in tensors]
                 for tensors in (self.tensors[:1], outputs)]
        model = helper.make_model(helper.make_graph(self.nodes, "drawn", *ports, self.constants),
                                  opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        return model


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def check(seed, weftc, out):
    """The largest difference of any result, as a part of the result's largest value."""
    network = Builder(seed).draw()
    outputs = list(dict([network.tensors[-1], network.pick(*network.tensors[1:])]).items())
    image = network.numbers.standard_normal(network.tensors[0][1]).astype(np.float32)
    (out / "drawn.weft").write_text(network.text(outputs))
    save_file(network.weights, out / "drawn.safetensors")
    np.save(out / "x.npy", image)
    call(weftc, out / "drawn.weft", f"--weights={out}/drawn.safetensors", *target_options(TARGETS[seed % len(TARGETS)]),
         "--weights-budget=9", *OPTIONS[seed % len(OPTIONS)], "-o", out / "drawn")
    call(out / "drawn", "--input", f"x={out}/x.npy", "--threads", 1 + seed // 2 % 3,
         *[word for i in range(len(outputs)) for word in ("--output", f"out{i}={out}/out{i}.npy")])
    session = onnxruntime.InferenceSession(network.model(outputs).SerializeToString())
    wanted = session.run([name for name, _ in outputs], {"x": image})
    got = [np.load(out / f"out{i}.npy") for i in range(len(outputs))]
    return max(float(np.abs(g - w).max() / max(np.abs(w).max(), 1e-6)) for g, w in zip(got, wanted))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    for seed in range(arguments.first, arguments.first + arguments.count):
        try:
            difference = check(seed, arguments.weftc, arguments.out)
        except RuntimeError as error:
            print(f"FAIL {seed}: {error}")
            failed += 1
            continue
        if not difference <= TOLERANCE:
            print(f"FAIL {seed}: largest difference {difference:.1e}")
            failed += 1
    print(f"{arguments.count - failed} of {arguments.count} random networks agree with ONNX Runtime")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
