# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Compiles a zoo network with seeded random weights given as safetensors, runs it on 1 and on 2 threads, and compares with
ONNX Runtime on the same network written independently (tests/support/reference_networks.py). The largest difference must
be at most 1e-4 of the largest output; the bits for 1 and 2 threads must be equal.

    compare.py --weftc build/bin/weftc --out DIR NETWORK [--batch N] [weftc options]"""
import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import reference_networks as reference  # noqa: E402


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def expected(model, image):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return session.run(None, {"image": image})[0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("network")
    arguments, more = parser.parse_known_args()
    name, out = arguments.network, arguments.out
    out.mkdir(parents=True, exist_ok=True)

    model, weights = reference.build(name, seed=1, batch=arguments.batch)
    image = reference.input_for(name, batch=arguments.batch)
    save_file(weights, out / "weights.safetensors")
    np.save(out / "image.npy", image)
    want = expected(model, image)

    call(arguments.weftc, f"zoo:{name}", f"--weights={out / 'weights.safetensors'}", f"--set=N={arguments.batch}",
         "-o", out / name, *more)
    got = []
    for threads in (1, 2):
        call(out / name, "--input", out / "image.npy", "--output", out / "result.npy", f"--threads={threads}")
        got.append(np.load(out / "result.npy"))
    (out / "weights.safetensors").unlink()
    (out / name).unlink()

    if got[0].shape != want.shape:
        sys.exit(f"{name}: shape {got[0].shape}, ONNX Runtime has {want.shape}")
    error = np.abs(got[0] - want).max() / np.abs(want).max()
    same = got[0].tobytes() == got[1].tobytes()
    print(f"{name}: largest difference {error:.2e} of the largest output; 1 and 2 threads {'equal' if same else 'DIFFER'}")
    sys.exit(0 if error <= 1e-4 and same else 1)


if __name__ == "__main__":
    main()
