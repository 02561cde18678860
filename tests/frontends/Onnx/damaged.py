# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Damaged and hostile ONNX files: `weftc --emit=parse` must answer each with an error or a module, never with a crash, in 5 s
and 2 GiB.

    damaged.py --weftc build/bin/weftc --out DIR [--flips N] [--seed S]"""
import argparse
import os
import random
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SECONDS, BYTES = 5, 2 << 30


def small():
    """A network that reaches many conversions, a few hundred bytes long."""
    weights = [numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "w"), numpy_helper.from_array(np.ones((32, 5), np.float32), "m"),
               numpy_helper.from_array(np.array([1, -1], np.int64), "s"), numpy_helper.from_array(np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64), "p")]
    nodes = [helper.make_node("Pad", ["x", "p"], ["a"], name="pad"), helper.make_node("Conv", ["a", "w"], ["b"], name="conv", strides=[2, 2]),
             helper.make_node("Relu", ["b"], ["c"]), helper.make_node("MaxPool", ["c"], ["d"], kernel_shape=[2, 2], auto_pad="SAME_UPPER"),
             helper.make_node("Split", ["d"], ["e", "f"], axis=1), helper.make_node("Add", ["e", "f"], ["g"]),
             helper.make_node("Reshape", ["g", "s"], ["h"]), helper.make_node("MatMul", ["h", "m"], ["i"]), helper.make_node("Softmax", ["i"], ["y"], axis=1)]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def one(op, attributes=None, inputs=("x",), shape=(1, 3, 8, 8), initialisers=(), outputs=("y",), name="n"):
    node = helper.make_node(op, list(inputs), list(outputs), name=name, **(attributes or {}))
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], list(initialisers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def external(location):
    tensor = numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return one("Conv", inputs=("x", "w"), initialisers=[tensor])


def cyclic():
    model = small()
    model.graph.node[0].input[0] = "g"
    return model


def twice():
    model = one("Softmax", {"axis": 1})
    model.graph.node[0].attribute.append(helper.make_attribute("axis", 2))
    return model


def field(number, payload):
    """A length-delimited field of protobuf."""
    size, length = len(payload), bytearray()
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    return bytes([number << 3 | 2]) + bytes(length) + bytes([size]) + payload


def nested(depth):
    """`If` inside `If`, as bytes: the onnx package refuses to write it."""
    graph = b""
    for _ in range(depth):
        attribute = field(1, b"then_branch") + field(6, graph) + bytes([20 << 3 & 127 | 128, 1, 5])
        graph = field(1, field(2, b"y") + field(4, b"If") + field(5, attribute)) + field(12, field(1, b"y"))
    return field(7, graph) + field(8, bytes([2 << 3, 17]))


def hostile():
    """(name, bytes, text the error must contain)."""
    ints = lambda *v: numpy_helper.from_array(np.array(v, np.int64), "k")  # noqa: E731
    big = 1 << 40
    yield "cyclic", cyclic(), "not sorted, or has a cycle"
    yield "nothing", onnx.ModelProto(), "error"
    yield "misspelt", one("Conv", {"stridez": [2, 2]}, ("x", "w"), initialisers=[numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "w")]), "no attribute `stridez`; it has `auto_pad`"
    yield "surplus", one("Relu", inputs=("x", "x")), "has 2 inputs; the operation takes at most 1"
    yield "twice", twice(), "has the attribute `axis` twice"
    yield "nested", nested(20), "its condition must be known"
    yield "nested_deeply", nested(40), "nested too deeply"
    yield "outside", external("../secret"), "external data"
    yield "absolute", external("/etc/passwd"), "outside the model's folder"
    yield "device", external("/dev/zero"), "outside the model's folder"
    yield "link", external("link.bin"), "outside the model's folder"
    yield "missing_file", external("absent.bin"), "cannot be read"
    yield "huge_input", one("Relu", shape=(big, big, big)), "dimension 0"
    yield "wide_input", one("Relu", shape=(1 << 30, 1 << 30)), "2^40"
    yield "expand", one("Expand", inputs=("x", "k"), initialisers=[ints(1 << 30, 3, 1 << 20, 8)]), "error"
    yield "pads", one("Conv", {"pads": [2**62] * 4}, ("x", "w"), initialisers=[numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "w")]), "pads"
    yield "strides", one("MaxPool", {"kernel_shape": [2, 2], "strides": [0, 0]}), "strides"
    yield "axis", one("Softmax", {"axis": 99}), "axis 99"
    yield "line", one("GatherElements", {"axis": 3}, ("x", "k"), initialisers=[numpy_helper.from_array(np.full((1, 3, 8, 2), 8), "k")]), "index 8 of 8 elements"
    yield "perm", one("Transpose", {"perm": [0, 0, 0, 0]}), "node `n` (Transpose)"
    yield "wrong_type", one("Softmax", {"axis": "one"}), "another type"
    yield "names", one("Nonesuch", name="*/ ../../x"), "`Nonesuch`"
    yield "cut", behind("Nonesuch"), "`--outputs=t` compiles what is before node `n` (Nonesuch)"
    yield "undefined", one("Relu", inputs=("z",)), "which nothing makes"
    yield "twice", one("Split", {"axis": 1}, outputs=("y", "y")), "there already"
    yield "no_input", one("Relu", inputs=()), "input 0 is missing"
    yield "lying", lying(), "takes"
    yield "range", constants("Range", (0, 1 << 62, 1)), "error"
    yield "tile", one("Tile", inputs=("x", "k"), initialisers=[ints(1, 1, 1 << 62, 4)]), "too large"
    yield "repeat", one("Tile", inputs=("x", "k"), initialisers=[ints(1, 1, 1 << 40, 1)]), "2^40"
    yield "split", one("Split", inputs=("x", "k"), outputs=("y", "z"), initialisers=[ints(1 << 62, 1 << 62)]), "do not add up"
    yield "einsum", one("Einsum", {"equation": "...ij->ji"}), "not supported"
    for equation in ("......->...", "...i...->i", "...,->", "...ijklmn->...", "ii->i"):
        yield f"einsum_{equation.count('.')}{len(equation)}", one("Einsum", {"equation": equation}), "error"
    yield "scatter", one("ScatterND", inputs=("x", "k", "x"), initialisers=[ints(5)]), "index 5"
    yield "resize", one("Resize", {"mode": "cubic"}, ("x", "", "s"), initialisers=[numpy_helper.from_array(np.array([1, 1, np.nan, 2], np.float32), "s")]), "extent"
    yield "explosion", explosion(), "2^27"
    yield "branch_results", branch(["t", "t"]), "`then_branch` has 2"
    yield "branch_makes_nothing", branch(["u"]), "nothing makes the result `u`"
    yield "branch_shadows", branch(["t"], makes="x"), "there already"
    yield "no_branch", one("If", {"then_branch": 3}, ("k",), initialisers=[numpy_helper.from_array(np.array(True), "k")]), "has no `then_branch`"
    yield "negative_dims", one("Relu", shape=(1, -7, 8, 8)), "`--set x.1=...`"
    yield "open_dims", one("Relu", shape=("batch", 3, "h", None)), "input `x` is [batch, 3, h, x.3]; give its open dimensions with `--set batch=... --set h=... --set x.3=...`"
    yield "initialiser_shape", two_shapes(), "input `w` is [5, 3, 1, n], its initialiser [4, 3, 1, 1]"
    yield "no_name", one("Relu", outputs=("",)), "nothing makes the result"
    yield "attention_of_scalars", one("Attention", inputs=("x", "x", "x"), shape=()), "needs inputs of four dimensions"
    yield "rotation_of_scalars", one("RotaryEmbedding", inputs=("x", "x", "x"), shape=()), "needs inputs of four dimensions"


def two_shapes():
    """An initialiser that is an input too, in another shape."""
    model = one("Conv", inputs=("x", "w"), initialisers=[numpy_helper.from_array(np.ones((4, 3, 1, 1), np.float32), "w")])
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [5, 3, 1, "n"]))
    return model


def behind(op):
    """An operation behind another one."""
    model = one(op, inputs=("t",))
    model.graph.node.insert(0, helper.make_node("Relu", ["x"], ["t"]))
    return model


def branch(results, makes="t"):
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in results]
    then = helper.make_graph([helper.make_node("Relu", ["x"], [makes])], "then", [], ports)
    return one("If", {"then_branch": then, "else_branch": then}, ("k",), initialisers=[numpy_helper.from_array(np.array(True), "k")])


def constants(op, values):
    tensors = [numpy_helper.from_array(np.array(v, np.int64), f"k{i}") for i, v in enumerate(values)]
    return one(op, inputs=[t.name for t in tensors], initialisers=tensors)


def explosion():
    """A small file that asks for much to be computed while it is read."""
    shape = numpy_helper.from_array(np.array([1 << 20], np.int64), "k")
    nodes = [helper.make_node("ConstantOfShape", ["k"], [f"c{i}"]) for i in range(200)]
    nodes += [helper.make_node("Add", [f"c{i}", f"c{i + 1}"], [f"s{i}"]) for i in range(199)]
    graph = helper.make_graph(nodes, "g", [], [helper.make_tensor_value_info("s0", TensorProto.FLOAT, None)], [shape])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def strange_names():
    """Names that would break out of a path, a comment or a line: accepted, and harmless."""
    names = ["*/", "../../x", "</script>", "a\nb", "\u00e9" * 3, "x" * 65536, "; rm -rf", "as", "relu"]
    nodes = [helper.make_node("Relu", [a], [b], name=b) for a, b in zip(names, names[1:])]
    graph = helper.make_graph(nodes, "*/", [helper.make_tensor_value_info(names[0], TensorProto.FLOAT, [1, 4])],
                              [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in names[1:]])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def lying():
    model = small()
    model.graph.initializer[0].dims[0] = 1 << 20
    return model


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (4 * BYTES, 4 * BYTES))  # address space: libraries take their share of it
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def parse(weftc, path, *more):
    done = subprocess.run([weftc, "--emit=parse", "-o", os.devnull, path, *more], capture_output=True, preexec_fn=limit, timeout=60)
    return done.returncode, done.stderr.decode(errors="replace")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--flips", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    path, failed, refused = arguments.out / "case.onnx", 0, 0
    good = small().SerializeToString()
    path.write_bytes(good)
    if parse(arguments.weftc, path)[0]:
        sys.exit("the undamaged file is refused: " + parse(arguments.weftc, path)[1])

    link = arguments.out / "link.bin"
    link.unlink(missing_ok=True)
    link.symlink_to("/etc/passwd")
    for name, model, wanted in hostile():
        path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
        code, text = parse(arguments.weftc, path)
        if code != 1 or wanted not in text:
            failed += 1
            print(f"FAIL {name}: exit code {code}: {text[:300]}")

    path.write_bytes(behind("Nonesuch").SerializeToString())
    code, text = parse(arguments.weftc, path, "--outputs=t")
    if code:
        failed += 1
        print(f"FAIL what is behind the outputs is not left out: {text[:300]}")

    path.write_bytes(one("Relu", shape=("batch", 3)).SerializeToString())
    code, text = parse(arguments.weftc, path, "--set=bach=2")
    if code != 1 or "`--set batch=...`; `--set bach` is none of them" not in text:
        failed += 1
        print(f"FAIL a misspelt dimension: exit code {code}: {text[:300]}")

    path = arguments.out / "names.onnx"
    path.write_bytes(strange_names().SerializeToString())
    text = arguments.out / "names.weft"
    for command in ([path, "--emit=weft", "-o", text], [text, "--emit=parse", "-o", os.devnull], [path, "--emit=lib", "-o", arguments.out / "names"]):
        done = subprocess.run([arguments.weftc, *command], capture_output=True, text=True)
        if done.returncode:
            failed += 1
            print(f"FAIL strange names: exit code {done.returncode}: {' '.join(map(str, command))}: {done.stderr[:300]}")

    rng = random.Random(arguments.seed)
    for index in range(arguments.flips):
        data = bytearray(good)
        if index % 10 == 0:
            del data[rng.randrange(len(data)):]
        else:
            for _ in range(rng.choice([1, 1, 2, 8])):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        code, text = parse(arguments.weftc, path)
        refused += code == 1
        if code not in (0, 1) or (code == 1 and "error:" not in text):
            failed += 1
            (arguments.out / f"failed{index}.onnx").write_bytes(data)
            print(f"FAIL place {index}: exit code {code}: {text[:300]}")
    print(f"{arguments.flips} damaged files: {refused} refused, {failed} failures")
    sys.exit(1 if failed or not refused else 0)


if __name__ == "__main__":
    main()
