# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Reference networks saved as ONNX files go through weftc and must agree with ONNX Runtime: the largest difference is at
most 1e-4 of the largest output.

    networks.py --weftc build/bin/weftc --out DIR NETWORK...      # `quantised`, `computed`, `grouped`, `looked_up`, `typed`, `dense`, `energies`, `attended`, `repeated`, `watched`, `points`, `heads` and `branches` are small ones written here"""
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import each_network  # noqa: E402
import reference_networks as reference  # noqa: E402


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def small(nodes, tensors, shape=(1, 3, 12, 10)):
    made = [helper.make_node(op, inputs, [output], **attributes) for op, inputs, output, attributes in nodes]
    graph = helper.make_graph(made, "g", [helper.make_tensor_value_info("image", TensorProto.FLOAT, list(shape))],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
                              [numpy_helper.from_array(np.asarray(value), name) for name, value in tensors.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def quantised():
    """A convolution between pairs of QuantizeLinear and DequantizeLinear, a scale for each output channel, a bias in int32."""
    rng = np.random.default_rng(4)
    tensors = {"s": np.float32(0.02), "z": np.uint8(3), "w": rng.integers(-128, 128, (8, 3, 3, 3)).astype(np.int8),
               "ws": rng.uniform(0.01, 0.02, 8).astype(np.float32), "wz": np.zeros(8, np.int8), "b": rng.integers(-999, 999, 8).astype(np.int32),
               "bs": np.float32(0.001), "ys": np.float32(0.05), "yz": np.int8(-7)}
    return small([("QuantizeLinear", ["image", "s", "z"], "q", {}), ("DequantizeLinear", ["q", "s", "z"], "x", {}),
                  ("DequantizeLinear", ["w", "ws", "wz"], "wf", {"axis": 0}), ("DequantizeLinear", ["b", "bs"], "bf", {}),
                  ("Conv", ["x", "wf", "bf"], "c", {"pads": [1, 1, 1, 1]}), ("Relu", ["c"], "r", {}),
                  ("QuantizeLinear", ["r", "ys", "yz"], "rq", {}), ("DequantizeLinear", ["rq", "ys", "yz"], "y", {})], tensors)


def computed():
    """Weights, scales and statistics that depend on the input; a mask, a table, an extreme."""
    rng = np.random.default_rng(4)
    value = lambda *shape: rng.standard_normal(shape).astype(np.float32)  # noqa: E731
    tensors = {"m": value(3, 54), "k": np.array([6, 1, 3, 3]), "axes": np.array([2, 3]), "cut": np.array([0, -1, 2, 0, 1, -2]), "around": np.array([0, 4, 1, 0, 2, 0]), "half": np.float32(0.3), "s": value(6),
               "none": np.float32(-1), "t": np.array([[0, 1, 2], [0, 5, 1]]), "u": value(2, 10)}
    nodes = [("ReduceMean", ["image", "axes"], "a", {"keepdims": 0}), ("MatMul", ["a", "m"], "b", {}), ("Reshape", ["b", "k"], "w", {}),
             ("Concat", ["image", "image"], "two", {"axis": 1}), ("Conv", ["two", "w"], "c", {"group": 6, "pads": [1, 0, 1, 2], "strides": [2, 1]}),
             ("Greater", ["c", "half"], "g", {}), ("Where", ["g", "c", "none"], "d", {}), ("Relu", ["a"], "sa", {}),
             ("Concat", ["sa", "sa"], "sb", {"axis": 1}), ("Flatten", ["sb"], "sc", {"axis": 0}), ("Squeeze", ["sc"], "sd", {}),
             ("InstanceNormalization", ["d", "sd", "s"], "e", {}), ("ScatterND", ["e1", "t", "u"], "f", {}),
             ("ArgMax", ["f"], "i", {"axis": 1}), ("Cast", ["i"], "j", {"to": 1}), ("Einsum", ["f", "f"], "h", {"equation": "nchw,ndhw->ncd"}),
             ("ReduceSum", ["j"], "n", {"keepdims": 0}), ("Mul", ["h", "n"], "o", {}), ("Pad", ["o", "cut"], "p", {}),
             ("Pad", ["p", "around"], "y", {"mode": "wrap"})]
    nodes.insert(12, ("Identity", ["e"], "e1", {}))
    return small(nodes, tensors)


def grouped():
    """Group normalisation as exporters write it: instance normalisation of groups of channels, each in a row."""
    rng = np.random.default_rng(4)
    value = lambda *shape: rng.standard_normal(shape).astype(np.float32)  # noqa: E731
    tensors = {"w": value(24, 3, 3, 3), "rows": np.array([0, 8, -1]), "planes": np.array([1, 24, 10, 8]), "s": value(8), "b": value(8),
               "gain": value(24, 1, 1), "shift": value(24, 1, 1)}
    return small([("Conv", ["image", "w"], "c", {}), ("Reshape", ["c", "rows"], "r", {}), ("InstanceNormalization", ["r", "s", "b"], "n", {}),
                  ("Reshape", ["n", "planes"], "p", {}), ("Mul", ["p", "gain"], "m", {}), ("Add", ["m", "shift"], "y", {})], tensors)


def looked_up():
    """Rows picked by a table as large as that of attention with relative positions in a window of 24x24 pixels."""
    tensors = {"rows": np.array([120, 3]), "table": np.random.default_rng(4).integers(-120, 120, (576, 576)), "axes": np.array([1])}
    return small([("Reshape", ["image", "rows"], "r", {}), ("Gather", ["r", "table"], "g", {}), ("ReduceMean", ["g", "axes"], "y", {})], tensors)


def typed():
    """An image of bytes, weights of 16 bits, a table in double: all computed in float."""
    rng = np.random.default_rng(4)
    model = small([("Cast", ["image"], "b", {"to": TensorProto.DOUBLE}), ("Expand", ["table", "plane"], "t", {}), ("Add", ["b", "t"], "s", {}),
                   ("Cast", ["s"], "x", {"to": TensorProto.FLOAT}), ("Cast", ["w"], "wf", {"to": TensorProto.FLOAT}), ("Conv", ["x", "wf"], "y", {})],
                  {"table": rng.standard_normal((12, 1)), "plane": np.array([12, 10]), "w": rng.standard_normal((8, 3, 3, 3)).astype(np.float16)})
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    return model


def dense():
    """Dense layers of a picture with channels last as Keras writes them: of a matrix with a row a pixel, each."""
    value = lambda *shape: np.random.default_rng(4).standard_normal(shape).astype(np.float32)  # noqa: E731
    tensors = {"rows": np.array([-1, 3]), "wide_rows": np.array([120, 8]), "pixels": np.array([1, 12, 10, 8]), "last": np.array([1, 12, 10, 5]),
               "w": value(3, 8), "v": value(8, 5), "bias": value(8)}
    return small([("Transpose", ["image"], "t", {"perm": [0, 2, 3, 1]}), ("Reshape", ["t", "rows"], "r", {}), ("MatMul", ["r", "w"], "m", {}),
                  ("Reshape", ["m", "pixels"], "p", {}), ("Add", ["p", "bias"], "b", {}), ("Relu", ["b"], "a", {}), ("Reshape", ["a", "wide_rows"], "s", {}),
                  ("MatMul", ["s", "v"], "n", {}), ("Reshape", ["n", "last"], "q", {}), ("Transpose", ["q"], "y", {"perm": [0, 3, 1, 2]})], tensors)


def energies():
    """Sums over planes of packed channels that do not fill their blocks: a normalisation by each channel's energy, as ConvNeXt-V2 has it, and
    the norm of what is left of the planes as a vector; absolute
    values before and behind a sum in one kernel."""
    value = lambda *shape: np.random.default_rng(4).standard_normal(shape).astype(np.float32)  # noqa: E731
    tensors = {"w": value(24, 3, 3, 3), "v": value(20, 24, 1, 1), "planes": np.array([2, 3]), "channels": np.array([1]), "least": np.float32(1e-6),
               "gain": value(1, 24, 1, 1), "shift": value(1, 24, 1, 1), "u": value(20, 7)}
    return small([("Conv", ["image", "w"], "c", {}), ("Gelu", ["c"], "x", {}), ("ReduceL2", ["x", "planes"], "g", {"keepdims": 1}),
                  ("Abs", ["g"], "ga", {}), ("ReduceMean", ["ga", "channels"], "m", {"keepdims": 1}), ("Add", ["m", "least"], "d", {}), ("Div", ["g", "d"], "n", {}),
                  ("Mul", ["x", "n"], "s", {}), ("Mul", ["s", "gain"], "t", {}), ("Add", ["t", "shift"], "r", {}), ("Add", ["x", "r"], "e", {}),
                  ("Conv", ["e", "v"], "f", {}), ("ReduceL1", ["f", "planes"], "l", {}), ("Abs", ["l"], "la", {}), ("Mul", ["f", "la"], "fl", {}),
                  ("ReduceL2", ["fl", "planes"], "h", {"keepdims": 0}), ("MatMul", ["h", "u"], "y", {})], tensors)


def attended():
    """Split attention: parts of channels as ResNeSt weighs them, some of which end inside a block, then branches stacked as in SKNet."""
    rng = np.random.default_rng(4)
    value = lambda *shape: rng.standard_normal(shape).astype(np.float32)  # noqa: E731
    tensors = {"w": value(40, 3, 3, 3), "fc": value(40, 20, 1, 1), "parts": np.array([1, 2, 20, 10, 8]), "factors": np.array([1, 2, 20, 1, 1]), "one": np.array([1]),
               "u": value(16, 20, 1, 1), "v": value(16, 20, 1, 1), "t": value(16, 20, 1, 1), "three": np.array([1, 3, 16, 1, 1]), "fd": value(48, 16, 1, 1), "z": value(5, 16, 3, 3)}
    nodes = [("Conv", ["image", "w"], "c", {}), ("Relu", ["c"], "r", {}), ("Reshape", ["r", "parts"], "p", {}), ("ReduceSum", ["p", "one"], "s", {"keepdims": 0}),
             ("GlobalAveragePool", ["s"], "g", {}), ("Conv", ["g", "fc"], "l", {}), ("Reshape", ["l", "factors"], "f", {}), ("Softmax", ["f"], "a", {"axis": 1}),
             ("Mul", ["p", "a"], "m", {}), ("ReduceSum", ["m", "one"], "x", {"keepdims": 0})]
    nodes += [node for weight in "uvt" for node in (("Conv", ["x", weight], "x" + weight, {}), ("Unsqueeze", ["x" + weight, "one"], "y" + weight, {}))]
    nodes += [("Concat", ["yu", "yv", "yt"], "k", {"axis": 1}), ("ReduceSum", ["k", "one"], "q", {"keepdims": 0}), ("GlobalAveragePool", ["q"], "h", {}),
              ("Conv", ["h", "fd"], "j", {}), ("Reshape", ["j", "three"], "i", {}), ("Softmax", ["i"], "b", {"axis": 1}), ("Mul", ["k", "b"], "n", {}),
              ("ReduceSum", ["n", "one"], "o", {"keepdims": 0}), ("Conv", ["o", "z"], "y", {})]
    return small(nodes, tensors)


def repeated():
    """A gate expanded to its planes; means of rows and of columns, each repeated along the other and one of them turned, before they are added;
    a product with means of rows between two convolutions; planes repeated along a dimension in front;
    planes of the file that convolutions read with a border and sums and products without;
    means of rows of 5 pixels behind a 1x1 convolution, which takes planes of such rows as lines."""
    rng = np.random.default_rng(4)
    value = lambda *shape: rng.standard_normal(shape).astype(np.float32)  # noqa: E731
    tensors = {"w": value(20, 3, 3, 3), "g": value(20, 20, 1, 1), "planes": np.array([1, 20, 10, 8]), "turned": np.array([1, 20, 8, 10]), "last": np.array([3]),
               "wide": value(20, 20, 3, 3), "two": value(2, 1, 20, 1, 8), "fixed": value(1, 20, 10, 8), "narrow": value(1, 3, 12, 1), "low": value(3, 3, 3, 3),
               "corner": value(12, 3, 2, 2), "more": value(24, 12, 1, 1), "back": value(20, 24, 1, 1)}
    turn = {"perm": [0, 1, 3, 2]}
    return small([("Conv", ["image", "w"], "c", {}), ("GlobalAveragePool", ["c"], "a", {}), ("Conv", ["a", "g"], "l", {}), ("Sigmoid", ["l"], "s", {}),
                  ("Expand", ["s", "planes"], "e", {}), ("Mul", ["c", "e"], "m", {}), ("ReduceMean", ["m", "last"], "r", {}), ("Expand", ["r", "planes"], "er", {}),
                  ("Transpose", ["m"], "t", turn), ("ReduceMean", ["t", "last"], "k", {}), ("Expand", ["k", "turned"], "ek", {}), ("Transpose", ["ek"], "et", turn),
                  ("Add", ["er", "et"], "p", {}), ("Conv", ["m", "g"], "v", {}), ("Mul", ["v", "r"], "vr", {}), ("Conv", ["vr", "wide"], "wr", {"pads": [1, 1, 1, 1]}),
                  ("Sub", ["wr", "p"], "d", {}), ("Conv", ["fixed", "wide"], "f", {"pads": [1, 1, 1, 1]}), ("Mul", ["f", "fixed"], "ff", {}), ("Add", ["d", "ff"], "df", {}),
                  ("Conv", ["narrow", "low"], "nl", {"pads": [1, 1, 1, 1]}), ("Sum", ["nl", "narrow", "nl"], "ns", {}), ("Mul", ["image", "ns"], "im", {}),
                  ("Conv", ["im", "corner"], "o", {"strides": [1, 2]}), ("ReduceMean", ["o", "last"], "ol", {}), ("Conv", ["o", "more"], "oo", {}), ("Conv", ["ol", "more"], "or", {}),
                  ("Mul", ["oo", "or"], "om", {}), ("Conv", ["om", "back"], "ob", {}), ("GlobalAveragePool", ["ob"], "og", {}), ("Add", ["df", "og"], "da", {}),
                  ("Conv", ["da", "wide"], "z", {"pads": [1, 1, 1, 1]}), ("Mul", ["z", "two"], "y", {})], tensors)


def watched():
    """Spatial attention: means and maxima over channels, which fill their blocks or do not, make a plane that weighs all of them; a gate of one
    channel between convolutions."""
    rng = np.random.default_rng(4)
    value = lambda *shape: rng.standard_normal(shape).astype(np.float32)  # noqa: E731
    tensors = {"w": value(32, 3, 3, 3), "v": value(20, 32, 3, 3), "u": value(1, 2, 3, 3), "g": value(1, 20, 1, 1), "z": value(6, 20, 3, 3), "channels": np.array([1])}
    same = {"pads": [1, 1, 1, 1]}

    def weighed(x):
        return [("ReduceMean", [x, "channels"], x + "a", {}), ("ReduceMax", [x, "channels"], x + "b", {}), ("Concat", [x + "a", x + "b"], x + "c", {"axis": 1}),
                ("Conv", [x + "c", "u"], x + "d", same), ("Sigmoid", [x + "d"], x + "s", {}), ("Mul", [x, x + "s"], x + "m", {})]

    return small([("Conv", ["image", "w"], "p", {}), ("Relu", ["p"], "p32", {}), *weighed("p32"), ("Conv", ["p32m", "v"], "q", same), *weighed("q"),
                  ("Conv", ["qm", "g"], "h", {}), ("Sigmoid", ["h"], "i", {}), ("Mul", ["i", "qm"], "j", {}), ("ReduceSum", ["p32m", "channels"], "n", {}),
                  ("Add", ["j", "n"], "k", {}), ("Conv", ["k", "z"], "y", same)], tensors)


def points():
    """Maxima, means and sums over all points of a line, behind convolutions, with the dimension and without; positions through a small network of weights."""
    rng = np.random.default_rng(6)
    value = lambda *shape: rng.standard_normal(shape).astype(np.float32)  # noqa: E731
    tensors = {"w": value(40, 3, 1), "v": value(33, 40, 3), "u": value(33, 33), "last": np.array([2]), "places": value(120, 2), "line": np.array([1, 3, 120]), "one": np.array([1]), "first": value(2, 700), "second": value(700, 33)}
    return small([("Reshape", ["image", "line"], "x", {}), ("Conv", ["x", "w"], "p", {}), ("Relu", ["p"], "q", {}), ("Conv", ["q", "v"], "r", {"pads": [1, 1]}),
                  ("ReduceMax", ["r", "last"], "m", {"keepdims": 0}), ("ReduceMean", ["r", "last"], "a", {}), ("ReduceSum", ["r", "last"], "s", {"keepdims": 0}),
                  ("MatMul", ["m", "u"], "n", {}), ("Add", ["n", "s"], "o", {}), ("Sub", ["r", "a"], "d", {}), ("Transpose", ["d"], "t", {"perm": [0, 2, 1]}),
                  ("MatMul", ["places", "first"], "f", {}), ("Relu", ["f"], "g", {}), ("MatMul", ["g", "second"], "h", {}), ("Add", ["t", "h"], "e", {}),
                  ("Unsqueeze", ["o", "one"], "k", {}), ("Add", ["e", "k"], "y", {})], tensors)


def heads():
    """Convolutions to one plane behind others: with a bias and without, of channels that fill their blocks or do not, results and gates."""
    rng = np.random.default_rng(8)
    value = lambda *shape: rng.standard_normal(shape).astype(np.float32)  # noqa: E731
    tensors = {"w": value(32, 3, 3, 3), "a": value(1, 32, 1, 1), "bias": value(1), "v": value(20, 3, 1, 1), "b": value(1, 20, 1, 1), "u": value(48, 32, 1, 1), "c": value(1, 48, 1, 1)}
    return small([("Conv", ["image", "w"], "p", {"pads": [1, 1, 1, 1]}), ("Relu", ["p"], "q", {}), ("Conv", ["q", "a", "bias"], "h", {}),
                  ("Conv", ["image", "v"], "r", {}), ("Sigmoid", ["r"], "s", {}), ("Conv", ["s", "b"], "i", {}),
                  ("Conv", ["image", "w"], "t", {"pads": [1, 1, 1, 1]}), ("Conv", ["t", "u"], "k", {}), ("Relu", ["k"], "l", {}), ("Conv", ["l", "c", "bias"], "m", {}),
                  ("Sigmoid", ["m"], "n", {}), ("Mul", ["n", "t"], "g", {}), ("Add", ["h", "i"], "o", {}), ("Mul", ["g", "o"], "y", {})], tensors)


def branches():
    """Conditions on shapes: the branch that holds is taken, with its weights; branches use the same names for other things."""
    def branch(factor, channels):
        weight = numpy_helper.from_array(np.random.default_rng(channels).standard_normal((channels, 3, 2, 2)).astype(np.float32), "w")
        nodes = [helper.make_node("Constant", [], ["f"], value=numpy_helper.from_array(np.full((1, channels, 1, 1), factor, np.float32))),
                 helper.make_node("Conv", ["image", "w"], ["p"]), helper.make_node("Dropout", ["p"], ["d", "mask"]), helper.make_node("Mul", ["d", "f"], ["r"])]
        return helper.make_graph(nodes, "branch", [], [helper.make_tensor_value_info("r", TensorProto.FLOAT, None)], [weight])

    def inner(name, condition):
        return helper.make_node("If", [condition], [name], name=name, then_branch=branch(2, 4), else_branch=branch(3, 2))

    outer = helper.make_graph([inner("deep", "no")], "outer", [], [helper.make_tensor_value_info("deep", TensorProto.FLOAT, None)])
    other = helper.make_graph([helper.make_node("Sinh", ["image"], ["n"])], "other", [], [helper.make_tensor_value_info("n", TensorProto.FLOAT, None)])
    model = small([("Shape", ["image"], "s", {}), ("Gather", ["s", "three"], "width", {}), ("Equal", ["width", "ten"], "yes", {}), ("Not", ["yes"], "no", {})],
                  {"three": np.int64(3), "ten": np.int64(10)})
    nodes = [inner("a", "yes"), inner("b", "no"), helper.make_node("If", ["yes"], ["c"], then_branch=outer, else_branch=other),
             helper.make_node("Concat", ["a", "b", "c"], ["joined"], axis=1), helper.make_node("Reshape", ["joined", "columns"], ["read"]),
             helper.make_node("Col2Im", ["read", "drawn", "block"], ["y"], strides=[3, 2], pads=[1, 0, 0, 1], dilations=[2, 1])]
    model.graph.node.extend(nodes)
    for name, value in (("columns", [1, 12, 66]), ("drawn", [33, 13]), ("block", [2, 3])):
        model.graph.initializer.append(numpy_helper.from_array(np.array(value), name))
    return model


def chosen():
    """A condition on an input of one number, which is given when compiling, and a number that all is multiplied with."""
    def branch(channels):
        weight = numpy_helper.from_array(np.random.default_rng(channels).standard_normal((channels, 3, 2, 2)).astype(np.float32), "w")
        return helper.make_graph([helper.make_node("Conv", ["image", "w"], ["r"])], "branch", [], [helper.make_tensor_value_info("r", TensorProto.FLOAT, None)], [weight])

    model = small([("Equal", ["rate", "fast"], "yes", {})], {"fast": np.int64(16000)})
    model.graph.input.extend([helper.make_tensor_value_info("rate", TensorProto.INT64, []), helper.make_tensor_value_info("gain", TensorProto.FLOAT, [1])])
    model.graph.node.extend([helper.make_node("If", ["yes"], ["a"], then_branch=branch(2), else_branch=branch(4)), helper.make_node("Mul", ["a", "gain"], ["y"])])
    return model


GIVEN = {"chosen": {"rate": np.array(16000), "gain": np.array([0.75], np.float32)}}


def compare(weftc, name, out):
    out.mkdir(parents=True, exist_ok=True)
    if name in (written := {"quantised": quantised, "computed": computed, "grouped": grouped, "looked_up": looked_up, "typed": typed, "dense": dense, "energies": energies, "attended": attended, "repeated": repeated, "watched": watched, "points": points, "heads": heads, "branches": branches, "chosen": chosen}):
        model, image = written[name](), np.random.default_rng(6).random((1, 3, 12, 10), np.float32)
        if name == "typed":
            image = np.floor(255 * image)
    else:
        model, image = reference.build(name, seed=1, batch=1)[0], reference.input_for(name, batch=1)
    np.save(out / "image.npy", image)
    onnx.save(model, out / f"{name}.onnx")
    want = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"image": image.astype(helper.tensor_dtype_to_np_dtype(model.graph.input[0].type.tensor_type.elem_type)), **GIVEN.get(name, {})})[0]
    call(weftc, out / f"{name}.onnx", *(f"--set={port}={value.item()}" for port, value in GIVEN.get(name, {}).items()), "-o", out / name)
    call(out / name, "--input", out / "image.npy", "--output", out / "result.npy")
    got = np.load(out / "result.npy")
    (out / name).unlink()
    (out / f"{name}.onnx").unlink()
    if got.shape != want.shape:
        raise RuntimeError(f"shape {got.shape}, ONNX Runtime has {want.shape}")
    return np.abs(got - want).max() / np.abs(want).max()


def main():
    arguments = each_network.parse().parse_args()
    each_network.run(arguments.networks, lambda name: compare(arguments.weftc, name, arguments.out), 1e-4)


if __name__ == "__main__":
    main()
