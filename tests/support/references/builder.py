# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Appends ONNX nodes and draws seeded weights for them, by path: what the reference networks are written with."""
import numpy as np
from onnx import TensorProto, helper, numpy_helper


class Builder:
    """A value is (name, channels). Weights are scaled so that activations keep their magnitude. `dims` is the number of
    spatial dimensions; windows, strides and pads are one number, or one for each of them. `damp` scales what a residual
    block adds: without it very deep networks overflow, or say nothing in float32."""

    def __init__(self, seed, dims=2, damp=1.0):
        self.rng = np.random.default_rng(seed)
        self.dims, self.damp = dims, damp
        self.normal = self.rng.standard_normal(1_000_003, dtype=np.float32)
        self.nodes, self.weights, self.constants = [], {}, []

    def each(self, value):
        return list(value) if isinstance(value, (tuple, list)) else [value] * self.dims

    def weight(self, path, shape, scale):
        """Normally distributed. What is large repeats itself: hundreds of millions of draws would take longer than the rest."""
        drawn = np.resize(np.roll(self.normal, int(self.rng.integers(len(self.normal)))), shape)
        self.weights[path] = drawn * np.float32(scale)
        return path

    def node(self, op, inputs, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    def constant(self, values, dtype=np.int64):
        name = f"k{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def padding(self, pad):
        """`pad` is a number, a list, or "same": TensorFlow's, the odd pixel at the end."""
        return {"auto_pad": "SAME_UPPER"} if pad == "same" else {"pads": self.each(pad) * 2}

    def conv(self, x, path, out, kernel, stride=1, pad=0, groups=1, bias=False, gain=2.0, dilation=1):
        name, channels = x
        kernel = self.each(kernel)
        shape = (out, channels // groups, *kernel)
        inputs = [name, self.weight(f"{path}.weight", shape, np.sqrt(gain / np.prod(shape[1:])))]
        if bias:
            inputs.append(self.weight(f"{path}.bias", (out,), 0.1))
        return self.node("Conv", inputs, kernel_shape=kernel, strides=self.each(stride), dilations=self.each(dilation),
                         group=groups, **self.padding(pad)), out

    def batchnorm(self, x, path, eps=1e-5, size=1.0):
        name, c = x
        self.weights[f"{path}.weight"] = self.rng.uniform(0.6 * size, 1.2 * size, c).astype(np.float32)
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

    def sigmoid(self, x):
        return self.node("Sigmoid", [x[0]]), x[1]

    def lrn(self, x):
        """alpha is divided by the size."""
        return self.node("LRN", [x[0]], size=5, alpha=5e-4, beta=0.75, bias=2.0), x[1]

    def maxpool(self, x, kernel, stride, pad=0, ceil=0):
        return self.node("MaxPool", [x[0]], kernel_shape=self.each(kernel), strides=self.each(stride), ceil_mode=ceil,
                         **self.padding(pad)), x[1]

    def avgpool(self, x, kernel, stride, pad=0, count_pad=0):
        return self.node("AveragePool", [x[0]], kernel_shape=self.each(kernel), strides=self.each(stride),
                         count_include_pad=count_pad, **self.padding(pad)), x[1]

    def global_avgpool(self, x):
        return self.node("GlobalAveragePool", [x[0]]), x[1]

    def add(self, x, y):
        return self.node("Add", [x[0], y[0]]), x[1]

    def mul(self, x, y):
        return self.node("Mul", [x[0], y[0]]), x[1]

    def scaled(self, x, factor):
        return self.mul(x, (self.constant(factor, np.float32), 1))

    def concat(self, values):
        return self.node("Concat", [v[0] for v in values], axis=1), sum(v[1] for v in values)

    def split(self, x, sizes):
        names = [f"v{len(self.nodes)}_{k}" for k in range(len(sizes))]
        self.nodes.append(helper.make_node("Split", [x[0], self.constant(sizes)], names, axis=1))
        return list(zip(names, sizes))

    def pad(self, x, low, high, channels=0):
        pads = self.constant(list(low) + list(high))
        return self.node("Pad", [x[0], pads]), x[1] + channels

    def every_second(self, x, first=0):
        ends = [self.constant(v) for v in ([first] * 2, [2**31] * 2, [2, 3], [2, 2])]
        return self.node("Slice", [x[0], *ends]), x[1]

    def reshape(self, x, shape):
        return self.node("Reshape", [x[0], self.constant(shape)])

    def shuffle_channels(self, x, groups, size):
        """Channel i of group g becomes channel g of group i; `size` is the height and width."""
        apart = self.reshape(x, [0, groups, x[1] // groups, size, size])
        swapped = self.node("Transpose", [apart], perm=[0, 2, 1, 3, 4])
        return self.reshape((swapped, x[1]), [0, x[1], size, size]), x[1]

    def flatten(self, x, features=None):
        return self.node("Flatten", [x[0]]), features or x[1]

    def linear(self, x, path, out):
        name, features = x
        w = self.weight(f"{path}.weight", (out, features), np.sqrt(1.0 / features))
        return self.node("Gemm", [name, w, self.weight(f"{path}.bias", (out,), 0.1)], transB=1), out

    def classifier(self, x, path, classes=1000):
        """The mean of each channel, then one layer."""
        return self.linear(self.flatten(self.global_avgpool(x)), path, classes)

    def softmax(self, x):
        return self.node("Softmax", [x[0]], axis=1), x[1]

    def model(self, result, input_shape):
        """`result` is a value, or a dictionary of them by name."""
        results = result if isinstance(result, dict) else {"result": result}
        nodes = self.nodes + [helper.make_node("Identity", [value[0]], [name]) for name, value in results.items()]
        graph = helper.make_graph(
            nodes, "reference", [helper.make_tensor_value_info("image", TensorProto.FLOAT, input_shape)],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in results],
            self.constants + [numpy_helper.from_array(w, path) for path, w in self.weights.items()])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
