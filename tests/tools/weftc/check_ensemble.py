# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""`--ensemble` against ONNX Runtime: each member's network with its own weights, their softmax averaged in NumPy.

    check_ensemble.py DIR"""
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from safetensors.numpy import save_file

import reference_networks as reference


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def check(out, name, members, makes_logits):
    image = reference.input_for(name, batch=2)
    np.save(out / "image.npy", image)
    votes = []
    for member in range(members):
        model, weights = reference.build(name, seed=member + 1, batch=2)
        save_file(weights, out / f"w{member}.safetensors")
        (vote,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"image": image})
        votes.append(softmax(vote) if makes_logits else vote)
    files = ",".join(str(out / f"w{member}.safetensors") for member in range(members))
    call("weftc", f"zoo:{name}", "--set=N=2", f"--ensemble={files}", "-o", out / name)
    call(out / name, "--input", out / "image.npy", "--output", out / "result.npy")
    got, want = np.load(out / "result.npy"), np.mean(votes, 0)
    error = np.abs(got - want).max() / want.max()
    if got.shape != want.shape or not error <= 1e-5 or np.abs(votes[0] - want).max() / want.max() < 1e-3:
        sys.exit(f"{name}: off by {error:.2e}")
    (out / name).unlink()


out = Path(sys.argv[1])
check(out, "lenet5", 3, makes_logits=False)
check(out, "squeezenet1_1", 2, makes_logits=True)
print("the ensembles are the mean of their members")
