# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Compiles networks of the zoo with seeded random weights given as safetensors, runs them on 1 and on 2 threads, and compares
with ONNX Runtime on the same networks written independently (tests/support/reference_networks.py). The largest difference
must be at most 1e-4 of the largest output, the bits for 1 and 2 threads equal, and the multiply-adds those of the ONNX graph.

    compare.py --weftc build/bin/weftc --out DIR [--batch N] NETWORK... [-- weftc options]"""
import argparse
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import reference_networks as reference  # noqa: E402
from zoo_counts import multiply_adds_of, multiply_adds_of_onnx, run  # noqa: E402


def expected(model, image):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # LeNet-5's sparse weights are read by nobody
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return dict(zip([value.name for value in session.get_outputs()], session.run(None, {"image": image})))


def outputs_of(program, out, names, threads):
    """A single result goes by any name."""
    files = {name: out / f"{name}.npy" for name in names}
    ports = [f"--output={files[name]}" if len(names) == 1 else f"--output={name}={files[name]}" for name in names]
    run(program, "--input", out / "image.npy", *ports, f"--threads={threads}")
    return {name: np.load(file) for name, file in files.items()}


def difference(got, want):
    if got.shape != want.shape:
        return f"shape {got.shape}, ONNX Runtime has {want.shape}"
    error = np.abs(got - want).max() / np.abs(want).max()
    return None if error <= 1e-4 else f"differs by {error:.2e} of the largest output"


def check(name, weftc, out, batch, more):
    """What is wrong, as a list."""
    model, weights = reference.build(name, seed=1, batch=batch)
    image = reference.input_for(name, batch=batch)
    chosen = reference.settings(name, batch)
    save_file(weights, out / "weights.safetensors")
    np.save(out / "image.npy", image)
    run(weftc, *chosen, f"--weights={out / 'weights.safetensors'}", "-o", out / "program", *more)
    want = expected(model, image)
    one, two = (outputs_of(out / "program", out, want, threads) for threads in (1, 2))
    wrong = [f"{port} {what}" for port in want if (what := difference(one[port], want[port]))]
    wrong += [f"{port} has other bits on 2 threads" for port in want if one[port].tobytes() != two[port].tobytes()]
    counts = multiply_adds_of(run(weftc, *chosen, "--emit=parse")), multiply_adds_of_onnx(model)
    if counts[0] != counts[1]:
        wrong.append(f"{counts[0]:,} multiply-adds, the ONNX graph has {counts[1]:,}")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("networks", nargs="+")
    arguments, more = parser.parse_known_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    failed = False
    for name in arguments.networks:
        wrong = check(name, arguments.weftc, arguments.out, arguments.batch, more)
        print(f"{name}: {'; '.join(wrong) or 'agrees with ONNX Runtime'}", flush=True)
        failed |= bool(wrong)
    for file in ("weights.safetensors", "program"):
        (arguments.out / file).unlink()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
