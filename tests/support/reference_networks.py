# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Networks written a second time, as ONNX graphs for ONNX Runtime, straight from the papers and torchvision's parameter
names. Nothing here reads a .weft file: tests compare the two. `build(name, seed, batch)` gives an ONNX model with seeded
random weights, and the same weights as a dictionary by torchvision's paths."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Builder:
    """Appends nodes; a value is (name, channels). Weights are scaled so that activations keep their magnitude."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.weights, self.constants = [], {}, []

    def weight(self, path, shape, scale):
        self.weights[path] = (self.rng.standard_normal(shape) * scale).astype(np.float32)
        return path

    def node(self, op, inputs, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    def constant(self, values, dtype=np.int64):
        name = f"k{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def conv(self, x, path, out, kernel, stride=1, pad=0, groups=1, bias=False, gain=2.0):
        name, channels = x
        shape = (out, channels // groups, kernel, kernel)
        inputs = [name, self.weight(f"{path}.weight", shape, np.sqrt(gain / np.prod(shape[1:])))]
        if bias:
            inputs.append(self.weight(f"{path}.bias", (out,), 0.1))
        return self.node("Conv", inputs, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4, group=groups), out

    def batchnorm(self, x, path):
        name, c = x
        self.weights[f"{path}.weight"] = self.rng.uniform(0.6, 1.2, c).astype(np.float32)
        self.weights[f"{path}.bias"] = (self.rng.standard_normal(c) * 0.1).astype(np.float32)
        self.weights[f"{path}.running_mean"] = (self.rng.standard_normal(c) * 0.1).astype(np.float32)
        self.weights[f"{path}.running_var"] = self.rng.uniform(0.7, 1.4, c).astype(np.float32)
        parts = ["weight", "bias", "running_mean", "running_var"]
        return self.node("BatchNormalization", [name] + [f"{path}.{p}" for p in parts], epsilon=1e-5), c

    def relu(self, x):
        return self.node("Relu", [x[0]]), x[1]

    def relu6(self, x):
        return self.node("Clip", [x[0], self.constant(0, np.float32), self.constant(6, np.float32)]), x[1]

    def tanh(self, x):
        return self.node("Tanh", [x[0]]), x[1]

    def maxpool(self, x, kernel, stride, pad=0, ceil=0):
        return self.node("MaxPool", [x[0]], kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4, ceil_mode=ceil), x[1]

    def avgpool(self, x, kernel, stride):
        return self.node("AveragePool", [x[0]], kernel_shape=[kernel] * 2, strides=[stride] * 2), x[1]

    def global_avgpool(self, x):
        return self.node("GlobalAveragePool", [x[0]]), x[1]

    def add(self, x, y):
        return self.node("Add", [x[0], y[0]]), x[1]

    def concat(self, values):
        return self.node("Concat", [v[0] for v in values], axis=1), sum(v[1] for v in values)

    def flatten(self, x, features):
        return self.node("Flatten", [x[0]]), features

    def linear(self, x, path, out):
        name, features = x
        w = self.weight(f"{path}.weight", (out, features), np.sqrt(1.0 / features))
        return self.node("Gemm", [name, w, self.weight(f"{path}.bias", (out,), 0.1)], transB=1), out

    def softmax(self, x):
        return self.node("Softmax", [x[0]], axis=1), x[1]

    def model(self, result, input_shape):
        nodes = self.nodes + [helper.make_node("Identity", [result[0]], ["result"])]
        graph = helper.make_graph(
            nodes, "reference", [helper.make_tensor_value_info("image", TensorProto.FLOAT, input_shape)],
            [helper.make_tensor_value_info("result", TensorProto.FLOAT, None)],
            self.constants + [numpy_helper.from_array(w, path) for path, w in self.weights.items()])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def lenet5(b, x):
    x = b.tanh(b.conv(x, "conv1", 6, 5, bias=True))
    x = b.tanh(b.avgpool(x, 2, 2))
    x = b.tanh(b.conv(x, "conv2", 16, 5, bias=True))
    x = b.tanh(b.avgpool(x, 2, 2))
    x = b.tanh(b.conv(x, "conv3", 120, 5, bias=True))
    x = b.tanh(b.linear(b.flatten(x, 120), "fc1", 84))
    return b.softmax(b.linear(x, "fc2", 10))


def alexnet(b, x):
    x = b.relu(b.conv(x, "features.0", 64, 11, 4, 2, bias=True))
    x = b.maxpool(x, 3, 2)
    x = b.relu(b.conv(x, "features.3", 192, 5, 1, 2, bias=True))
    x = b.maxpool(x, 3, 2)
    for index, out in [(6, 384), (8, 256), (10, 256)]:
        x = b.relu(b.conv(x, f"features.{index}", out, 3, 1, 1, bias=True))
    x = b.maxpool(x, 3, 2)
    x = b.relu(b.linear(b.flatten(x, 256 * 36), "classifier.1", 4096))
    x = b.relu(b.linear(x, "classifier.4", 4096))
    return b.linear(x, "classifier.6", 1000)


def vgg(b, x, plan):
    index = 0
    for item in plan:
        if item == "M":
            x = b.maxpool(x, 2, 2)
            index += 1
        else:
            x = b.relu(b.conv(x, f"features.{index}", item, 3, 1, 1, bias=True))
            index += 2
    x = b.flatten(x, 512 * 49)
    x = b.relu(b.linear(x, "classifier.0", 4096))
    x = b.relu(b.linear(x, "classifier.3", 4096))
    return b.linear(x, "classifier.6", 1000)


def vgg16(b, x):
    return vgg(b, x, [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"])


def basic_block(b, x, path, width, stride):
    y = b.relu(b.batchnorm(b.conv(x, f"{path}.conv1", width, 3, stride, 1), f"{path}.bn1"))
    y = b.batchnorm(b.conv(y, f"{path}.conv2", width, 3, 1, 1), f"{path}.bn2")
    return shortcut(b, x, y, path, stride)


def bottleneck(b, x, path, width, stride, groups=1, base=64):
    inner = width * base // 64 * groups
    y = b.relu(b.batchnorm(b.conv(x, f"{path}.conv1", inner, 1), f"{path}.bn1"))
    y = b.relu(b.batchnorm(b.conv(y, f"{path}.conv2", inner, 3, stride, 1, groups), f"{path}.bn2"))
    y = b.batchnorm(b.conv(y, f"{path}.conv3", 4 * width, 1), f"{path}.bn3")
    return shortcut(b, x, y, path, stride)


def shortcut(b, x, y, path, stride):
    if stride != 1 or x[1] != y[1]:
        x = b.batchnorm(b.conv(x, f"{path}.downsample.0", y[1], 1, stride), f"{path}.downsample.1")
    return b.relu(b.add(y, x))


def resnet(b, x, block, depths, **more):
    x = b.relu(b.batchnorm(b.conv(x, "conv1", 64, 7, 2, 3), "bn1"))
    x = b.maxpool(x, 3, 2, 1)
    for stage, depth in enumerate(depths):
        for i in range(depth):
            x = block(b, x, f"layer{stage + 1}.{i}", 64 << stage, 2 if stage and not i else 1, **more)
    return b.linear(b.flatten(b.global_avgpool(x), x[1]), "fc", 1000)


def squeezenet1_1(b, x):
    def fire(x, path, squeeze, expand):
        x = b.relu(b.conv(x, f"{path}.squeeze", squeeze, 1, bias=True))
        return b.concat([b.relu(b.conv(x, f"{path}.expand1x1", expand, 1, bias=True)),
                         b.relu(b.conv(x, f"{path}.expand3x3", expand, 3, 1, 1, bias=True))])

    x = b.relu(b.conv(x, "features.0", 64, 3, 2, bias=True))
    x = b.maxpool(x, 3, 2, ceil=1)
    for index, squeeze, expand in [(3, 16, 64), (4, 16, 64), (5, None, None), (6, 32, 128), (7, 32, 128), (8, None, None),
                                   (9, 48, 192), (10, 48, 192), (11, 64, 256), (12, 64, 256)]:
        x = fire(x, f"features.{index}", squeeze, expand) if squeeze else b.maxpool(x, 3, 2, ceil=1)
    x = b.relu(b.conv(x, "classifier.1", 1000, 1, bias=True))
    return b.flatten(b.global_avgpool(x), 1000)


def mobilenet_v2(b, x):
    def conv_bn(x, path, out, kernel, stride, groups=1, act=True):
        x = b.batchnorm(b.conv(x, f"{path}.0", out, kernel, stride, kernel // 2, groups, gain=2.0 if act else 1.0), f"{path}.1")
        return b.relu6(x) if act else x

    def inverted(x, path, expand, out, stride):
        y, inner, at = x, x[1] * expand, 0
        if expand != 1:
            y = conv_bn(y, f"{path}.conv.0", inner, 1, 1)
            at = 1
        y = conv_bn(y, f"{path}.conv.{at}", inner, 3, stride, inner)
        y = b.conv(y, f"{path}.conv.{at + 1}", out, 1, gain=1.0)
        y = b.batchnorm(y, f"{path}.conv.{at + 2}")
        return b.add(x, y) if stride == 1 and x[1] == out else y

    x = conv_bn(x, "features.0", 32, 3, 2)
    index = 1
    for expand, out, repeat, stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for i in range(repeat):
            x = inverted(x, f"features.{index}", expand, out, stride if i == 0 else 1)
            index += 1
    x = conv_bn(x, "features.18", 1280, 1, 1)
    return b.linear(b.flatten(b.global_avgpool(x), 1280), "classifier.1", 1000)


NETWORKS = {
    "lenet5": (lenet5, (1, 32, 32)),
    "alexnet": (alexnet, (3, 224, 224)),
    "vgg16": (vgg16, (3, 224, 224)),
    "resnet18": (lambda b, x: resnet(b, x, basic_block, [2, 2, 2, 2]), (3, 224, 224)),
    "resnet50": (lambda b, x: resnet(b, x, bottleneck, [3, 4, 6, 3]), (3, 224, 224)),
    "resnet152": (lambda b, x: resnet(b, x, bottleneck, [3, 8, 36, 3]), (3, 224, 224)),
    "wide_resnet50_2": (lambda b, x: resnet(b, x, bottleneck, [3, 4, 6, 3], base=128), (3, 224, 224)),
    "resnext50_32x4d": (lambda b, x: resnet(b, x, bottleneck, [3, 4, 6, 3], groups=32, base=4), (3, 224, 224)),
    "squeezenet1_1": (squeezenet1_1, (3, 224, 224)),
    "mobilenet_v2": (mobilenet_v2, (3, 224, 224)),
}


def build(name, seed=1, batch=1):
    """The ONNX model of `name` and its weights by path."""
    function, shape = NETWORKS[name]
    b = Builder(seed)
    result = function(b, ("image", shape[0]))
    return b.model(result, (batch,) + shape), b.weights


def input_for(name, seed=2, batch=1):
    return np.random.default_rng(seed).standard_normal((batch,) + NETWORKS[name][1]).astype(np.float32)


def save_onnx(model, path):
    onnx.save(model, path)
