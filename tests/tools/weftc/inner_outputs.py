# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""A small residual network compiled up to layers and blocks inside, from a text and from ONNX, against ONNX Runtime, which
is asked for the same values of the network written a second time.

    inner_outputs.py DIR"""
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import save_file

import reference_networks as reference

TEXT = """weft 1

block basic(x: [N, C, H, W]) {
  y = relu(batchnorm(conv(x, out=C, kernel=3, pad=1, bias=false) as conv1) as bn1)
  return relu(batchnorm(conv(y, out=C, kernel=3, pad=1, bias=false) as conv2) as bn2 + x)
}

net small(image: f32[1, 3, 20, 20]) -> (scores: f32[1, 5]) {
  x = relu(conv(image, out=24, kernel=3, stride=2, pad=1) as stem)
  for i in 0..2 as layer.{i} { x = basic(x) }
  scores = softmax(linear(flatten(global_avgpool(x)), out=5) as fc, axis=1)
}
"""


def twin():
    """The model, its weights, and which of its tensors is which place in the text."""
    b = reference.Builder(7)
    x = ("image", 3)
    places = {}
    x = b.conv(x, "stem", 24, 3, 2, 1, bias=True)
    places["stem"] = x[0]
    x = b.relu(x)
    places["relu"] = x[0]
    for i in range(2):
        y = b.conv(x, f"layer.{i}.conv1", 24, 3, 1, 1)
        places[f"layer.{i}.conv1"] = y[0]
        y = b.relu(b.batchnorm(y, f"layer.{i}.bn1"))
        places[f"layer.{i}.relu#1"] = y[0]
        y = b.batchnorm(b.conv(y, f"layer.{i}.conv2", 24, 3, 1, 1), f"layer.{i}.bn2")
        places[f"layer.{i}.bn2"] = y[0]
        x = b.relu(b.add(y, x))
        places[f"layer.{i}"] = x[0]
    places["layer"] = x[0]
    x = b.global_avgpool(x)
    places["global_avgpool"] = x[0]
    x = b.softmax(b.linear(b.flatten(x, 24), "fc", 5))
    places["scores"] = x[0]
    return b.model(x, [1, 3, 20, 20]), b.weights, places


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def run(out, model, names, *options):
    call("weftc", model, f"--outputs={','.join(names)}", "-o", out / "program", *options)
    files = [(name, out / f"result{i}.npy") for i, name in enumerate(names)]
    call(out / "program", "--input", out / "image.npy", *[part for name, file in files for part in ("--output", f"{name}={file}")])
    return [np.load(file) for _, file in files]


def main():
    out = Path(sys.argv[1])
    model, weights, places = twin()
    tensors = list(dict.fromkeys(places.values()))
    for tensor in tensors:
        model.graph.output.append(onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None))
    image = np.random.default_rng(3).standard_normal((1, 3, 20, 20)).astype(np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    want = dict(zip(tensors, session.run(tensors, {"image": image})))
    del model.graph.output[1:]
    onnx.save(model, out / "small.onnx")
    save_file(weights, out / "weights.safetensors")
    np.save(out / "image.npy", image)
    (out / "small.weft").write_text(TEXT)

    def check(what, got, tensor):
        error = np.abs(got - want[tensor]).max() / np.abs(want[tensor]).max()
        if got.shape != want[tensor].shape or not error <= 1e-5:
            sys.exit(f"{what}: {got.shape}, off by {error:.2e}")

    together = list(places)
    for names in [together] + [[name] for name in ("layer.0", "layer.1.bn2", "layer.1.relu#1")]:
        for name, got in zip(names, run(out, out / "small.weft", names, f"--weights={out / 'weights.safetensors'}")):
            check(name, got, places[name])
    # Of an ONNX file, a tensor's name is enough.
    names = [places["layer.0"], places["layer.1.bn2"]]
    for name, got in zip(names, run(out, out / "small.onnx", names)):
        check(name, got, name)
    print(f"{len(together)} values inside agree")


main()
