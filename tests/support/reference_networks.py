# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Networks written a second time, as ONNX graphs for ONNX Runtime, straight from the papers and torchvision's parameter
names. Nothing here reads a .weft file: tests compare the two. `build(name, seed, batch)` gives an ONNX model with seeded
random weights, and the same weights as a dictionary by torchvision's paths."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def pair(value):
    return list(value) if isinstance(value, (tuple, list)) else [value] * 2


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
        """`kernel` and `pad` are one number, or one for each of height and width."""
        name, channels = x
        kernel, pad = pair(kernel), pair(pad)
        shape = (out, channels // groups, *kernel)
        inputs = [name, self.weight(f"{path}.weight", shape, np.sqrt(gain / np.prod(shape[1:])))]
        if bias:
            inputs.append(self.weight(f"{path}.bias", (out,), 0.1))
        return self.node("Conv", inputs, kernel_shape=kernel, strides=[stride] * 2, pads=pad * 2, group=groups), out

    def batchnorm(self, x, path, eps=1e-5):
        name, c = x
        self.weights[f"{path}.weight"] = self.rng.uniform(0.6, 1.2, c).astype(np.float32)
        self.weights[f"{path}.bias"] = (self.rng.standard_normal(c) * 0.1).astype(np.float32)
        self.weights[f"{path}.running_mean"] = (self.rng.standard_normal(c) * 0.1).astype(np.float32)
        self.weights[f"{path}.running_var"] = self.rng.uniform(0.7, 1.4, c).astype(np.float32)
        parts = ["weight", "bias", "running_mean", "running_var"]
        return self.node("BatchNormalization", [name] + [f"{path}.{p}" for p in parts], epsilon=eps), c

    def relu(self, x):
        return self.node("Relu", [x[0]]), x[1]

    def relu6(self, x):
        return self.node("Clip", [x[0], self.constant(0, np.float32), self.constant(6, np.float32)]), x[1]

    def tanh(self, x):
        return self.node("Tanh", [x[0]]), x[1]

    def maxpool(self, x, kernel, stride, pad=0, ceil=0):
        return self.node("MaxPool", [x[0]], kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4, ceil_mode=ceil), x[1]

    def avgpool(self, x, kernel, stride, pad=0, count_pad=0):
        return self.node("AveragePool", [x[0]], kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4,
                         count_include_pad=count_pad), x[1]

    def global_avgpool(self, x):
        return self.node("GlobalAveragePool", [x[0]]), x[1]

    def add(self, x, y):
        return self.node("Add", [x[0], y[0]]), x[1]

    def concat(self, values):
        return self.node("Concat", [v[0] for v in values], axis=1), sum(v[1] for v in values)

    def split(self, x, sizes):
        names = [f"v{len(self.nodes)}_{k}" for k in range(len(sizes))]
        self.nodes.append(helper.make_node("Split", [x[0], self.constant(sizes)], names, axis=1))
        return list(zip(names, sizes))

    def reshape(self, x, shape):
        return self.node("Reshape", [x[0], self.constant(shape)])

    def shuffle_channels(self, x, groups, size):
        """Channel i of group g becomes channel g of group i; `size` is the height and width."""
        apart = self.reshape(x, [0, groups, x[1] // groups, size, size])
        swapped = self.node("Transpose", [apart], perm=[0, 2, 1, 3, 4])
        return self.reshape((swapped, x[1]), [0, x[1], size, size]), x[1]

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


def googlenet(b, x):
    def conv_bn(x, path, out, kernel=1, stride=1):
        return b.relu(b.batchnorm(b.conv(x, f"{path}.conv", out, kernel, stride, kernel // 2), f"{path}.bn", 1e-3))

    def inception(x, path, c1, r3, c3, r5, c5, pool):
        return b.concat([
            conv_bn(x, f"{path}.branch1", c1),
            conv_bn(conv_bn(x, f"{path}.branch2.0", r3), f"{path}.branch2.1", c3, 3),
            conv_bn(conv_bn(x, f"{path}.branch3.0", r5), f"{path}.branch3.1", c5, 3),
            conv_bn(b.maxpool(x, 3, 1, 1, ceil=1), f"{path}.branch4.1", pool)])

    x = b.maxpool(conv_bn(x, "conv1", 64, 7, 2), 3, 2, ceil=1)
    x = conv_bn(conv_bn(x, "conv2", 64), "conv3", 192, 3)
    x = b.maxpool(x, 3, 2, ceil=1)
    x = inception(x, "inception3a", 64, 96, 128, 16, 32, 32)
    x = inception(x, "inception3b", 128, 128, 192, 32, 96, 64)
    x = b.maxpool(x, 3, 2, ceil=1)
    x = inception(x, "inception4a", 192, 96, 208, 16, 48, 64)
    x = inception(x, "inception4b", 160, 112, 224, 24, 64, 64)
    x = inception(x, "inception4c", 128, 128, 256, 24, 64, 64)
    x = inception(x, "inception4d", 112, 144, 288, 32, 64, 64)
    x = inception(x, "inception4e", 256, 160, 320, 32, 128, 128)
    x = b.maxpool(x, 2, 2, ceil=1)
    x = inception(x, "inception5a", 256, 160, 320, 32, 128, 128)
    x = inception(x, "inception5b", 384, 192, 384, 48, 128, 128)
    return b.linear(b.flatten(b.global_avgpool(x), x[1]), "fc", 1000)


def inception_v3(b, x):
    def conv_bn(x, path, out, kernel=1, stride=1, pad=0):
        return b.relu(b.batchnorm(b.conv(x, f"{path}.conv", out, kernel, stride, pad), f"{path}.bn", 1e-3))

    def chain(x, path, *steps):
        for name, *step in steps:
            x = conv_bn(x, f"{path}.{name}", *step)
        return x

    def pooled(x, path, out):
        return conv_bn(b.avgpool(x, 3, 1, 1, count_pad=1), f"{path}.branch_pool", out)

    def module_a(x, path, pool):
        return b.concat([
            chain(x, path, ("branch1x1", 64)),
            chain(x, path, ("branch5x5_1", 48), ("branch5x5_2", 64, 5, 1, 2)),
            chain(x, path, ("branch3x3dbl_1", 64), ("branch3x3dbl_2", 96, 3, 1, 1), ("branch3x3dbl_3", 96, 3, 1, 1)),
            pooled(x, path, pool)])

    def module_b(x, path):
        return b.concat([
            chain(x, path, ("branch3x3", 384, 3, 2)),
            chain(x, path, ("branch3x3dbl_1", 64), ("branch3x3dbl_2", 96, 3, 1, 1), ("branch3x3dbl_3", 96, 3, 2)),
            b.maxpool(x, 3, 2)])

    def module_c(x, path, c):
        row, column = ((1, 7), 1, (0, 3)), ((7, 1), 1, (3, 0))
        return b.concat([
            chain(x, path, ("branch1x1", 192)),
            chain(x, path, ("branch7x7_1", c), ("branch7x7_2", c, *row), ("branch7x7_3", 192, *column)),
            chain(x, path, ("branch7x7dbl_1", c), ("branch7x7dbl_2", c, *column), ("branch7x7dbl_3", c, *row),
                  ("branch7x7dbl_4", c, *column), ("branch7x7dbl_5", 192, *row)),
            pooled(x, path, 192)])

    def module_d(x, path):
        return b.concat([
            chain(x, path, ("branch3x3_1", 192), ("branch3x3_2", 320, 3, 2)),
            chain(x, path, ("branch7x7x3_1", 192), ("branch7x7x3_2", 192, (1, 7), 1, (0, 3)),
                  ("branch7x7x3_3", 192, (7, 1), 1, (3, 0)), ("branch7x7x3_4", 192, 3, 2)),
            b.maxpool(x, 3, 2)])

    def module_e(x, path):
        def both(x, name):
            return [chain(x, path, (f"{name}a", 384, (1, 3), 1, (0, 1))), chain(x, path, (f"{name}b", 384, (3, 1), 1, (1, 0)))]

        near = chain(x, path, ("branch3x3_1", 384))
        far = chain(x, path, ("branch3x3dbl_1", 448), ("branch3x3dbl_2", 384, 3, 1, 1))
        return b.concat([chain(x, path, ("branch1x1", 320)), *both(near, "branch3x3_2"), *both(far, "branch3x3dbl_3"),
                         pooled(x, path, 192)])

    x = conv_bn(x, "Conv2d_1a_3x3", 32, 3, 2)
    x = conv_bn(x, "Conv2d_2a_3x3", 32, 3)
    x = b.maxpool(conv_bn(x, "Conv2d_2b_3x3", 64, 3, 1, 1), 3, 2)
    x = conv_bn(x, "Conv2d_3b_1x1", 80)
    x = b.maxpool(conv_bn(x, "Conv2d_4a_3x3", 192, 3), 3, 2)
    x = module_a(x, "Mixed_5b", 32)
    x = module_a(x, "Mixed_5c", 64)
    x = module_a(x, "Mixed_5d", 64)
    x = module_b(x, "Mixed_6a")
    for letter, inner in zip("bcde", (128, 160, 160, 192)):
        x = module_c(x, f"Mixed_6{letter}", inner)
    x = module_d(x, "Mixed_7a")
    x = module_e(x, "Mixed_7b")
    x = module_e(x, "Mixed_7c")
    return b.linear(b.flatten(b.global_avgpool(x), x[1]), "fc", 1000)


def densenet121(b, x):
    x = b.relu(b.batchnorm(b.conv(x, "features.conv0", 64, 7, 2, 3), "features.norm0"))
    x = b.maxpool(x, 3, 2, 1)
    for stage, depth in enumerate([6, 12, 24, 16], start=1):
        for i in range(1, depth + 1):
            path = f"features.denseblock{stage}.denselayer{i}"
            y = b.conv(b.relu(b.batchnorm(x, f"{path}.norm1")), f"{path}.conv1", 128, 1)
            y = b.conv(b.relu(b.batchnorm(y, f"{path}.norm2")), f"{path}.conv2", 32, 3, 1, 1)
            x = b.concat([x, y])
        if stage < 4:
            path = f"features.transition{stage}"
            x = b.conv(b.relu(b.batchnorm(x, f"{path}.norm")), f"{path}.conv", x[1] // 2, 1)
            x = b.avgpool(x, 2, 2)
    x = b.relu(b.batchnorm(x, "features.norm5"))
    return b.linear(b.flatten(b.global_avgpool(x), x[1]), "classifier", 1000)


def shufflenet_v2_x1_0(b, x):
    def conv_bn(x, path, k, out, kernel=1, stride=1, groups=1):
        return b.batchnorm(b.conv(x, f"{path}.{k}", out, kernel, stride, kernel // 2, groups), f"{path}.{k + 1}")

    def wide(x, path, half, stride):
        y = b.relu(conv_bn(x, path, 0, half))
        y = conv_bn(y, path, 3, half, 3, stride, half)
        return b.relu(conv_bn(y, path, 5, half))

    def unit(x, path, out, stride, size):
        half = out // 2
        if stride == 1:
            left, right = b.split(x, [half, half])
        else:
            left, right = b.relu(conv_bn(conv_bn(x, f"{path}.branch1", 0, x[1], 3, 2, x[1]), f"{path}.branch1", 2, half)), x
        return b.shuffle_channels(b.concat([left, wide(right, f"{path}.branch2", half, stride)]), 2, size)

    x = b.maxpool(b.relu(conv_bn(x, "conv1", 0, 24, 3, 2)), 3, 2, 1)
    for stage, repeats, out, size in [(2, 4, 116, 28), (3, 8, 232, 14), (4, 4, 464, 7)]:
        for i in range(repeats):
            x = unit(x, f"stage{stage}.{i}", out, 1 if i else 2, size)
    x = b.relu(conv_bn(x, "conv5", 0, 1024))
    return b.linear(b.flatten(b.global_avgpool(x), 1024), "fc", 1000)


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
    "googlenet": (googlenet, (3, 224, 224)),
    "inception_v3": (inception_v3, (3, 299, 299)),
    "densenet121": (densenet121, (3, 224, 224)),
    "shufflenet_v2_x1_0": (shufflenet_v2_x1_0, (3, 224, 224)),
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
