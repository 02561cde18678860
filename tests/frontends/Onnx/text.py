# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""ONNX files as texts: what `--emit=weft` prints must be canonical, compile with the weights of the ONNX file, and compute what
the file does. Networks are reference networks, or small ones of operations the language writes in a way of its own.

    text.py --weftc build/bin/weftc --out DIR NETWORK..."""
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import each_network  # noqa: E402
import reference_networks as reference  # noqa: E402


def graph_of(nodes, shape, tensors=()):
    names = iter(range(100))
    made = [helper.make_node(op, inputs, [output], name=f"n{next(names)}/{op}", **attributes) for op, inputs, output, attributes in nodes]
    initialisers = [numpy_helper.from_array(np.asarray(value), name) for name, value in tensors]
    graph = helper.make_graph(made, "g", [helper.make_tensor_value_info("image", TensorProto.FLOAT, list(shape))],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], initialisers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def odd():
    """Weights that are shared, transposed, or have names that are no paths; slices backwards, tables, masks, infinities."""
    rng = np.random.default_rng(3)
    value = lambda *shape: rng.standard_normal(shape).astype(np.float32)  # noqa: E731
    mask = np.where(np.tri(40) > 0, 0, -np.inf).astype(np.float32)
    nodes = [("Conv", ["image", "onnx::Conv_1", "net/weight:0"], "a", {"pads": [1, 2, 1, 2]}),
             ("BatchNormalization", ["a", "s", "b", "m", "v"], "c", {}),
             ("Slice", ["c", "start", "stop", "axes", "step"], "d", {}),
             ("Conv", ["d", "shared"], "e", {"kernel_shape": [1, 1]}),
             ("Conv", ["e", "shared"], "f", {}),
             ("Flatten", ["f"], "g", {}),
             ("MatMul", ["g", "matrix"], "h", {}),
             ("Reshape", ["h", "square"], "i", {}),
             ("Add", ["i", "mask"], "j", {}),
             ("Softmax", ["j"], "k", {"axis": -1}),
             ("Gather", ["k", "rows"], "l", {"axis": 0}),
             ("LayerNormalization", ["l", "gain"], "o", {"axis": -1}),
             ("PRelu", ["o", "slope"], "p", {}),
             ("Max", ["p", "low"], "q", {}),
             ("Div", ["one", "q"], "r", {}),
             ("Sub", ["r", "q"], "t", {}),
             ("Mul", ["t", "q"], "y", {})]
    tensors = [("onnx::Conv_1", value(8, 3, 3, 3)), ("net/weight:0", value(8)), ("s", value(8)), ("b", value(8)), ("m", value(8)),
               ("v", np.abs(value(8))), ("start", np.array([-1, 0])), ("stop", np.array([-100, 8])), ("axes", np.array([2, 3])),
               ("step", np.array([-2, 1])), ("shared", value(8, 8, 1, 1)), ("matrix", value(256, 1600)), ("square", np.array([40, 40])),
               ("mask", mask), ("rows", np.arange(40)[::-1].copy()), ("gain", value(40)), ("slope", value(1)),
               ("low", np.array([0.25], np.float32)), ("one", np.array(1, np.float32))]
    return graph_of(nodes, (1, 3, 8, 8), tensors)


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def check(weftc, name, out):
    out.mkdir(parents=True, exist_ok=True)
    model = odd() if name == "odd" else reference.build(name, seed=1, batch=1)[0]
    image = np.random.default_rng(5).random((1, 3, 8, 8), np.float32) if name == "odd" else reference.input_for(name, batch=1)
    np.save(out / "image.npy", image)
    file, text, again = out / f"{name}.onnx", out / f"{name}.weft", out / "again.weft"
    onnx.save(model, file)
    call(weftc, file, "--emit=weft", "-o", text)
    call(weftc, text, "--emit=weft", "-o", again)
    if text.read_bytes() != again.read_bytes():
        raise RuntimeError("printing the text again changes it")
    results = []
    for source, more in ((file, []), (text, [f"--weights={file}"])):
        call(weftc, source, *more, "-o", out / name)
        call(out / name, "--input", out / "image.npy", "--output", out / "result.npy")
        results.append(np.load(out / "result.npy"))
        (out / name).unlink()
    file.unlink()
    direct, through = results
    if direct.shape != through.shape or direct.std() == 0 or not np.isfinite(direct).all():
        raise RuntimeError(f"results of shapes {direct.shape} and {through.shape} show nothing")
    return np.abs(direct - through).max() / np.abs(direct).max()


def main():
    arguments = each_network.parse().parse_args()
    each_network.run(arguments.networks, lambda name: check(arguments.weftc, name, arguments.out), 1e-6)


if __name__ == "__main__":
    main()
