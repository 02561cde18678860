# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""The zoo's graph networks against SciPy, on two graphs of different size (one with empty neighbourhoods), on 1 and 2
threads. The largest difference must be at most 1e-4 of the largest output.

    compare_graphs.py --weftc build/bin/weftc --out DIR gcn|graphsage"""
import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import scipy.sparse
from safetensors.numpy import save_file

FEATURES, HIDDEN, CLASSES = 50, 16, 7


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def random_graph(rng, vertices, edges):
    """Compressed rows by destination; every tenth vertex has no neighbour."""
    destination = rng.integers(0, vertices, edges)
    destination = np.sort(destination[destination % 10 != 3])
    indptr = np.searchsorted(destination, np.arange(vertices + 1)).astype(np.int32)
    return indptr, rng.integers(0, vertices, len(destination)).astype(np.int32), rng.uniform(0.1, 1, len(destination)).astype(np.float32)


def gcn(weights, graph, x):
    indptr, indices, edge = graph
    a = scipy.sparse.csr_matrix((edge.astype(np.float64), indices, indptr), shape=(len(x), len(x)))
    h = np.maximum(a @ (x @ weights["conv1.lin.weight"].T.astype(np.float64)) + weights["conv1.bias"], 0)
    return a @ (h @ weights["conv2.lin.weight"].T) + weights["conv2.bias"]


def sage(weights, graph, x, path):
    indptr, indices, _ = graph
    p = np.maximum(x @ weights[f"{path}.pool.weight"].T.astype(np.float64) + weights[f"{path}.pool.bias"], 0)
    m = np.zeros_like(p)
    for v in range(len(x)):
        if indptr[v + 1] > indptr[v]:
            m[v] = p[indices[indptr[v]:indptr[v + 1]]].max(0)
    return np.concatenate([x, m], 1) @ weights[f"{path}.lin.weight"].T + weights[f"{path}.lin.bias"]


def graphsage(weights, graph, x):
    return sage(weights, graph, np.maximum(sage(weights, graph, x, "conv1"), 0), "conv2")


def shapes(name):
    if name == "gcn":
        return {"conv1.lin.weight": (HIDDEN, FEATURES), "conv1.bias": (HIDDEN,), "conv2.lin.weight": (CLASSES, HIDDEN), "conv2.bias": (CLASSES,)}
    table = {}
    for path, size, out in [("conv1", FEATURES, HIDDEN), ("conv2", HIDDEN, CLASSES)]:
        table |= {f"{path}.pool.weight": (out, size), f"{path}.pool.bias": (out,), f"{path}.lin.weight": (out, size + out), f"{path}.lin.bias": (out,)}
    return table


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("network", choices=["gcn", "graphsage"])
    arguments = parser.parse_args()
    name, out = arguments.network, arguments.out
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(3)
    weights = {path: (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32) for path, shape in shapes(name).items()}
    save_file(weights, out / "weights.safetensors")
    settings = [f"--set=features={FEATURES}", f"--set=hidden={HIDDEN}", f"--set=classes={CLASSES}"]
    call(arguments.weftc, f"zoo:{name}", f"--weights={out / 'weights.safetensors'}", *settings, "-o", out / name)
    failed = False
    for vertices, edges in [(1000, 9000), (37, 64), (1, 0)]:
        graph, x = random_graph(rng, vertices, edges), rng.standard_normal((vertices, FEATURES)).astype(np.float32)
        files = {"x": x, "g.indptr": graph[0], "g.indices": graph[1]} | ({"g.edge.w": graph[2]} if name == "gcn" else {})
        for port, array in files.items():
            np.save(out / f"{port}.npy", array)
        want = {"gcn": gcn, "graphsage": graphsage}[name](weights, graph, x)
        results = []
        for threads in (1, 2):
            call(out / name, *[f"--input={port}={out / port}.npy" for port in files], f"--output={out / 'result.npy'}", f"--threads={threads}")
            results.append(np.load(out / "result.npy"))
        error = np.abs(results[0] - want).max() / np.abs(want).max() if results[0].shape == want.shape else np.inf
        same = results[0].tobytes() == results[1].tobytes()
        failed |= error > 1e-4 or not same
        print(f"{name} V={vertices}: largest difference {error:.2e} of the largest output; 1 and 2 threads {'equal' if same else 'DIFFER'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
