# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Weights and multiply-adds of a network as phase parse prints it, and of an ONNX graph: counted from shapes alone."""
import math
import re
import subprocess
import sys

import onnx


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def sizes(text):
    return tuple(map(int, text.split("x")))


def weights_of(ir):
    """Shapes by path."""
    return {path: sizes(shape) for path, shape in re.findall(r'weft\.weight "([^"]+)" : tensor<([0-9x]+)xf32>', ir)}


def parameters_of(shapes):
    """Without running means and variances, as torchvision counts."""
    return sum(math.prod(shape) for path, shape in shapes.items() if "running_" not in path)


def multiply_adds_of(ir):
    """Of convolutions and fully connected layers: outputs times the inputs each one sums."""
    found = re.findall(r"weft\.(?:conv|linear) .*? : \(tensor<[^>]*>, tensor<([0-9x]+)xf32>.*?-> tensor<([0-9x]+)xf32>", ir)
    return sum(math.prod(sizes(y)) * math.prod(sizes(weight)[1:]) for weight, y in found)


def multiply_adds_of_onnx(model):
    """Shapes are inferred without the values of the weights, which may be larger than what protobuf takes."""
    graph = model.graph
    weights = {w.name: list(w.dims) for w in graph.initializer}
    small = [w for w in graph.initializer if w.data_type == onnx.TensorProto.INT64 or math.prod(w.dims) < 64]
    known = {w.name for w in small}
    inputs = [*graph.input, *[onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, dims)
                              for name, dims in weights.items() if name not in known]]
    bare = onnx.helper.make_graph(graph.node, "bare", inputs, graph.output, small)
    inferred = onnx.shape_inference.infer_shapes(onnx.helper.make_model(bare, opset_imports=model.opset_import)).graph
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in [*inferred.value_info, *inferred.output]}
    return sum(math.prod(shapes[node.output[0]]) * math.prod(weights[node.input[1]][1:])
               for node in graph.node if node.op_type in ("Conv", "Gemm"))
