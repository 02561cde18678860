# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Reference networks saved as ONNX files go through weftc and must agree with ONNX Runtime: the largest difference is at
most 1e-4 of the largest output.

    networks.py --weftc build/bin/weftc --out DIR NETWORK..."""
import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import reference_networks as reference  # noqa: E402


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def compare(weftc, name, out):
    out.mkdir(parents=True, exist_ok=True)
    model, _ = reference.build(name, seed=1, batch=1)
    image = reference.input_for(name, batch=1)
    np.save(out / "image.npy", image)
    onnx.save(model, out / f"{name}.onnx")
    want = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"image": image})[0]
    call(weftc, out / f"{name}.onnx", "-o", out / name)
    call(out / name, "--input", out / "image.npy", "--output", out / "result.npy")
    got = np.load(out / "result.npy")
    (out / name).unlink()
    (out / f"{name}.onnx").unlink()
    if got.shape != want.shape:
        raise RuntimeError(f"shape {got.shape}, ONNX Runtime has {want.shape}")
    return np.abs(got - want).max() / np.abs(want).max()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("networks", nargs="+")
    arguments = parser.parse_args()
    failed = 0
    for name in arguments.networks:
        try:
            error = compare(arguments.weftc, name, arguments.out)
        except RuntimeError as reason:
            print(f"FAIL {name}: {reason}")
            failed += 1
            continue
        good = error <= 1e-4
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {name}: largest difference {error:.1e} of the largest output")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
