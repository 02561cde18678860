# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""A network in weft's language as ONNX, so that peers can run it: read from the IR after phase parse, with random weights that keep
the magnitude of activations. Opset 17, which all of them read. Says which operation it cannot write."""
import ast
import math
import re

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from machine import WEFT_OPT, WEFTC, call

OP = re.compile(r'\s*(?:%(\w+)(?::\d+)? = )?"(\w+\.\w+)"\((.*?)\)(?: <\{(.*)\}>)? : \((.*)\) -> (.*)$')
SAME = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "abs": "Abs", "neg": "Neg",
        "floor": "Floor", "ceil": "Ceil", "round": "Round", "sign": "Sign", "sin": "Sin", "cos": "Cos", "erf": "Erf", "softplus": "Softplus", "softsign": "Softsign",
        "hardswish": "HardSwish", "reciprocal": "Reciprocal", "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div",
        "pow": "Pow", "minimum": "Min", "maximum": "Max", "matmul": "MatMul",
        "global_avgpool": "GlobalAveragePool", "global_maxpool": "GlobalMaxPool", "prelu": "PRelu"}
REDUCE = {"reduce_sum": "ReduceSum", "reduce_mean": "ReduceMean", "reduce_max": "ReduceMax", "reduce_min": "ReduceMin"}


def value_of(text):
    """An attribute: number, list of numbers, truth value or text."""
    if found := re.match(r"array<[if]64(?:: ([^>]*))?>", text):
        return [float(n) if "." in n else int(n) for n in (found[1] or "").split(", ") if n]
    if text in ("true", "false"):
        return text == "true"
    if text.startswith('"'):
        return text[1:-1]
    if found := re.match(r"(-?[0-9.e+-]+) : ([if]64)", text):
        return float(found[1]) if found[2] == "f64" else int(found[1])
    return text


def attributes(text):
    return {name: value_of(value) for name, value in
            re.findall(r'(\w+) = (array<[^>]*>|"(?:[^"\\]|\\.)*"|true|false|#[\w.]+<[^>]*>|[-0-9.e+]+ : [if]64)', text or "")}


def dense(text, shape):
    """The elements of `value = dense<...> : tensor<...>`: hexadecimal, one for all, or a list."""
    body, dtype = re.search(r"value = dense<(.*)> : tensor<(?:\d+x)*(\w+)>", text).groups()
    kind = {"f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64}[dtype]
    if body.startswith('"0x'):
        return np.frombuffer(bytes.fromhex(body[3:-1]), kind).reshape(shape)
    return np.broadcast_to(np.array(ast.literal_eval(body), kind), shape)


class Writer:
    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants, self.weights, self.inputs, self.results = [], [], {}, [], []

    def node(self, op, inputs, outputs, **more):
        self.nodes.append(helper.make_node(op, inputs, outputs if isinstance(outputs, list) else [outputs], **more))

    def constant(self, values, dtype=np.int64):
        name = f"k{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def weight(self, name, path, shape):
        if path.endswith(("running_var", "var")):
            drawn = self.random.uniform(0.7, 1.4, shape)
        elif len(shape) > 1:
            drawn = self.random.standard_normal(shape, np.float32) * math.sqrt(2 / max(1, math.prod(shape[1:])))
        elif path.endswith("weight"):
            drawn = self.random.uniform(0.6, 1.2, shape)
        else:
            drawn = self.random.standard_normal(shape) * 0.1
        self.weights[path] = np.asarray(drawn, np.float32)
        self.alias[name] = path

    alias: dict

    def write(self, name, op, inputs, a, shapes, results):
        """One operation; `name` is its result, or the list of them."""
        x = inputs[0] if inputs else None
        window = {"kernel_shape": a.get("kernel"), "strides": a.get("stride"), "pads": a.get("pad"), "dilations": a.get("dilation")}
        window = {key: value for key, value in window.items() if value and (key != "dilations" or set(value) != {1})}
        if op in ("dropout", "stochastic_depth"):
            self.alias[name] = x
        elif op in SAME:
            if op == "prelu" and len(shapes[1]) == 1 and shapes[1][0] > 1:
                inputs = [x, self.reshaped(inputs[1], [shapes[1][0]] + [1] * (len(shapes[0]) - 2))]
            self.node(SAME[op], inputs, name)
        elif op in ("conv", "conv_transpose"):
            more = {"output_padding": a["output_pad"]} if "output_pad" in a else {}
            self.node("Conv" if op == "conv" else "ConvTranspose", inputs, name, group=a.get("groups", 1), **window, **more)
        elif op in ("maxpool", "avgpool"):
            more = {} if op == "maxpool" else {"count_include_pad": int(a.get("count_include_pad", False))}
            # onnx's own evaluator is wrong where it is said and every window is whole
            ceil = a.get("ceil_mode", False) and any(stride > 1 for stride in a["stride"])
            self.node("MaxPool" if op == "maxpool" else "AveragePool", [x], name, ceil_mode=int(ceil), **window, **more)
        elif op == "linear" and len(shapes[0]) == 2:
            self.node("Gemm", inputs, name, transB=1)
        elif op == "linear":
            self.node("Transpose", [inputs[1]], f"{name}_t", perm=[1, 0])
            self.node("MatMul", [x, f"{name}_t"], f"{name}_m" if inputs[2:] else name)
            if inputs[2:]:
                self.node("Add", [f"{name}_m", inputs[2]], name)
        elif op == "batchnorm":
            self.node("BatchNormalization", inputs, name, epsilon=a["eps"])
        elif op == "instancenorm":
            self.node("InstanceNormalization", self.affine(inputs, shapes[0][1:2]), name, epsilon=a["eps"])
        elif op == "groupnorm":
            apart = self.reshaped(x, [shapes[0][0], a["groups"], -1])
            self.node("InstanceNormalization", self.affine([apart], [a["groups"]]), f"{name}_n", epsilon=a["eps"])
            together = self.reshaped(f"{name}_n", shapes[0])
            scale, shift = (self.reshaped(p, [-1] + [1] * (len(shapes[0]) - 2)) for p in self.affine(inputs, shapes[0][1:2])[1:])
            self.node("Mul", [together, scale], f"{name}_m")
            self.node("Add", [f"{name}_m", shift], name)
        elif op == "layernorm":
            self.node("LayerNormalization", self.affine(inputs, shapes[0][a["axis"]:]), name, axis=a["axis"], epsilon=a["eps"])
        elif op == "channelnorm":
            rank = len(shapes[0])
            self.node("Transpose", [x], f"{name}_t", perm=[0, *range(2, rank), 1])
            self.node("LayerNormalization", self.affine([f"{name}_t", *inputs[1:]], shapes[0][1:2]), f"{name}_n", axis=-1, epsilon=a["eps"])
            self.node("Transpose", [f"{name}_n"], name, perm=[0, rank - 1, *range(1, rank - 1)])
        elif op in ("relu6", "clip"):
            low, high = (0, 6) if op == "relu6" else (a["min"], a["max"])
            self.node("Clip", [x, self.constant(low, np.float32), self.constant(high, np.float32)], name)
        elif op == "silu":
            self.node("Sigmoid", [x], f"{name}_s")
            self.node("Mul", [x, f"{name}_s"], name)
        elif op == "mish":
            self.node("Softplus", [x], f"{name}_s")
            self.node("Tanh", [f"{name}_s"], f"{name}_t")
            self.node("Mul", [x, f"{name}_t"], name)
        elif op == "rsqrt":
            self.node("Sqrt", [x], f"{name}_s")
            self.node("Reciprocal", [f"{name}_s"], name)
        elif op == "gelu":
            if "tanh" in str(a.get("approximate")):
                self.node("Mul", [x, x], f"{name}_q")
                self.node("Mul", [f"{name}_q", self.constant(0.044715 * math.sqrt(2 / math.pi), np.float32)], f"{name}_c")
                self.node("Add", [f"{name}_c", self.constant(math.sqrt(2 / math.pi), np.float32)], f"{name}_f")
                self.node("Mul", [x, f"{name}_f"], f"{name}_s")
                self.node("Tanh", [f"{name}_s"], f"{name}_e")
            else:
                self.node("Mul", [x, self.constant(math.sqrt(0.5), np.float32)], f"{name}_s")
                self.node("Erf", [f"{name}_s"], f"{name}_e")
            self.node("Add", [f"{name}_e", self.constant(1, np.float32)], f"{name}_a")
            self.node("Mul", [x, f"{name}_a"], f"{name}_m")
            self.node("Mul", [f"{name}_m", self.constant(0.5, np.float32)], name)
        elif op in ("leaky_relu", "elu", "celu", "thresholded_relu"):
            kind = {"leaky_relu": "LeakyRelu", "elu": "Elu", "celu": "Celu", "thresholded_relu": "ThresholdedRelu"}[op]
            self.node(kind, [x], name, alpha=a["alpha"])
        elif op == "selu":
            self.node("Selu", [x], name, alpha=a["alpha"], gamma=a["gamma"])
        elif op == "hardsigmoid":
            self.node("HardSigmoid", [x], name, alpha=a["alpha"], beta=a["beta"])
        elif op in ("softmax", "log_softmax"):
            self.node("Softmax" if op == "softmax" else "LogSoftmax", [x], name, axis=a["axis"])
        elif op == "lrn":
            self.node("LRN", [x], name, size=a["size"], alpha=a["alpha"], beta=a["beta"], bias=a["k"])
        elif op == "concat":
            self.node("Concat", inputs, name, axis=a["axis"])
        elif op == "split":
            self.node("Split", [x, self.constant(a["sizes"])], name, axis=a["axis"])
        elif op == "slice":
            axes = list(range(len(shapes[0])))
            self.node("Slice", [x, *map(self.constant, (a["start"], a["stop"], axes, a["step"]))], name)
        elif op in ("reshape", "flatten", "adaptive_avgpool") and (op != "adaptive_avgpool" or a["out"] == shapes[0][2:]):
            self.node("Reshape", [x, self.constant(results[0])], name)
        elif op == "adaptive_avgpool" and not any(n % out for n, out in zip(shapes[0][2:], a["out"])):
            step = [n // out for n, out in zip(shapes[0][2:], a["out"])]
            self.node("AveragePool", [x], name, kernel_shape=step, strides=step)
        elif op == "transpose":
            self.node("Transpose", [x], name, perm=a["perm"])
        elif op == "pad" and (mode := re.search("constant|reflect|edge", str(a.get("mode", "constant")))):
            self.node("Pad", [x, self.constant(a["low"] + a["high"]), self.constant(a.get("value", 0), np.float32)], name, mode=mode[0])
        elif op == "expand":
            self.node("Expand", [x, self.constant(a["shape"])], name)
        elif op == "upsample" and "nearest" in str(a.get("mode", "nearest")):
            self.node("Resize", [x, "", self.constant([1, 1] + a["scale"], np.float32)], name, mode="nearest",
                      coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        elif op == "upsample" and "linear" in str(a["mode"]):
            self.node("Resize", [x, "", self.constant([1, 1] + a["scale"], np.float32)], name, mode="linear",
                      coordinate_transformation_mode="half_pixel")
        elif op == "channel_shuffle":
            n, c, *rest = shapes[0]
            apart = self.reshaped(x, [n, a["groups"], c // a["groups"], *rest])
            self.node("Transpose", [apart], f"{name}_t", perm=[0, 2, 1, *range(3, 3 + len(rest))])
            self.node("Reshape", [f"{name}_t", self.constant(shapes[0])], name)
        elif op == "depth_to_space" and len(shapes[0]) == 4 and len(set(a["block"])) == 1:
            self.node("DepthToSpace", [x], name, blocksize=a["block"][0], mode="CRD" if "crd" in str(a.get("mode")) else "DCR")
        elif op in REDUCE:
            axes = {} if op == "reduce_sum" else {"axes": a["axes"]}
            self.node(REDUCE[op], [x] + ([] if axes else [self.constant(a["axes"])]), name, keepdims=int(a.get("keepdims", True)), **axes)
        else:
            raise RuntimeError(f"`{op}` cannot be written as ONNX here")

    def give(self, value, result):
        """Calls a value by the name of a result; a second name, or that of an input, costs a node."""
        made = [node for node in self.nodes if value in node.output]
        if not made:
            self.node("Identity", [value], result)
        for node in self.nodes:
            for names in (node.input, node.output):
                names[:] = [result if made and name == value else name for name in names]

    def affine(self, inputs, shape):
        """What is normalised, a scale and a shift: where the operation has none, 1 and 0."""
        return inputs[:3] if len(inputs) > 1 else [inputs[0], self.constant(np.ones(shape), np.float32), self.constant(np.zeros(shape), np.float32)]

    def reshaped(self, x, shape):
        name = f"r{len(self.nodes)}"
        self.node("Reshape", [x, self.constant(shape)], name)
        return name


def shapes_of(text):
    return [[int(d) for d in dims.split("x") if d] for dims in re.findall(r"tensor<((?:\d+x)*)\w+[^>]*>", text)]


def as_onnx(source, options, folder, seed=1):
    """The ONNX model of a text or zoo network with these options of weftc, and its weights by path."""
    parsed = folder / "parse.mlir"
    call(WEFTC, source, "--stop-after=parse", *options, "-o", parsed)
    writer = Writer(seed)
    writer.alias = {}
    text = call(WEFT_OPT, "--mlir-print-op-generic", parsed)
    if graph := re.search(r'^\s*%\w+ = "weft\.(\w+)".*\(\{$', text, re.MULTILINE):
        raise RuntimeError(f"`{graph[1]}` reads a graph, for which ONNX has no operation")
    if re.search(r"tensor<[^>]*\?", text):
        raise RuntimeError("has sizes that are known only when running, which its peers are not given")
    for line in text.splitlines():
        if head := re.match(r'\s*"func\.func"\(\) <\{arg_attrs = (.*?), function_type = \((.*)\) -> (.*?), res_attrs = (.*), sym_name', line):
            names, results = (re.findall(r'weft\.name = "([^"]*)"', text) for text in (head[1], head[4]))
            writer.inputs = list(zip(names, shapes_of(head[2])))
            writer.results = list(zip(results, shapes_of(head[3])))
            writer.alias |= {f"arg{i}": name for i, name in enumerate(names)}
        elif op := OP.match(line):
            name, full, operands, text, types, produced = op.groups()
            inputs = [writer.alias.get(operand.replace("#", "_"), operand.replace("#", "_")) for operand in re.findall(r"%([\w#]+)", operands)]
            a, shapes, results = attributes(text), shapes_of(types), shapes_of(produced)
            if full == "weft.weight":
                writer.weight(name, a["path"], results[0])
            elif full == "weft.constant":
                values = dense(text, results[0])
                writer.alias[name] = writer.constant(values, values.dtype)
            elif full == "func.return":
                for value, (result, _) in zip(inputs, writer.results):
                    writer.give(value, result)
            elif full.startswith("weft."):
                target = [f"{name}_{i}" for i in range(len(results))] if f"%{name}:" in line else name
                writer.write(target, full[5:], inputs, a, shapes, results)
    return model_of(writer), writer.weights


def model_of(writer):
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in writer.inputs]
    out = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in writer.results]
    initializers = writer.constants + [numpy_helper.from_array(w, path) for path, w in writer.weights.items()]
    graph = helper.make_graph(writer.nodes, "network", info, out, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
