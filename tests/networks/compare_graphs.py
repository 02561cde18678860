# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""The zoo's graph networks against NumPy and SciPy, written a second time, on three graphs of different size (with vertices that
have no neighbour, and a single vertex), on 1 and 2 threads. The largest difference must be at most 1e-4 of the largest output.

    compare_graphs.py --weftc build/bin/weftc --out DIR [NETWORK...]"""
import argparse
import sys
from pathlib import Path

import numpy as np
import scipy.sparse
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from zoo_counts import run, weights_of  # noqa: E402

FEATURES, HIDDEN, CLASSES, HEADS, GRAPHS = 50, 16, 7, 3, 5


def random_graph(rng, vertices, edges):
    """Compressed rows by destination; every tenth vertex has no neighbour. A number for each edge and for each vertex."""
    destination = rng.integers(0, vertices, edges)
    destination = np.sort(destination[destination % 10 != 3])
    return {"indptr": np.searchsorted(destination, np.arange(vertices + 1)).astype(np.int32),
            "indices": rng.integers(0, vertices, len(destination)).astype(np.int32),
            "edge.w": rng.uniform(0.1, 1, len(destination)).astype(np.float32),
            "part": rng.integers(0, GRAPHS - 1, vertices).astype(np.int32)}  # the last graph is empty


def relu(x):
    return np.maximum(x, 0)


def linear(w, path, x):
    y = x @ w[f"{path}.weight"].T.astype(np.float64)
    return y + w[f"{path}.bias"] if f"{path}.bias" in w else y


def neighbours(graph, v):
    return graph["indices"][graph["indptr"][v]:graph["indptr"][v + 1]]


def adjacency(graph, weights):
    vertices = len(graph["indptr"]) - 1
    return scipy.sparse.csr_matrix((weights, graph["indices"], graph["indptr"]), shape=(vertices, vertices))


def parts(graph):
    """One row a graph, a one where a vertex is of it."""
    return (graph["part"] == np.arange(GRAPHS)[:, None]).astype(np.float64)


def gcn(w, graph, x):
    a = adjacency(graph, graph["edge.w"].astype(np.float64))
    return a @ linear(w, "conv2.lin", relu(a @ linear(w, "conv1.lin", x) + w["conv1.bias"])) + w["conv2.bias"]


def sage(w, graph, x, path):
    p = relu(linear(w, f"{path}.pool", x))
    m = np.stack([p[n].max(0) if len(n := neighbours(graph, v)) else np.zeros(p.shape[1]) for v in range(len(x))])
    return linear(w, f"{path}.lin", np.concatenate([x, m], 1))


def graphsage(w, graph, x):
    return sage(w, graph, relu(sage(w, graph, x, "conv1")), "conv2")


def subgraph_classifier(w, graph, x):
    h = relu(sage(w, graph, relu(sage(w, graph, x, "conv1")), "conv2"))
    member = parts(graph)
    return linear(w, "head", member @ h / np.maximum(member.sum(1, keepdims=True), 1))


def attend(w, graph, x, path, heads):
    """Head by head and vertex by vertex, as the paper's equations 1 to 5 have it."""
    h = linear(w, f"{path}.lin", x)
    out = h.shape[1] // heads
    y = np.zeros_like(h)
    for k in range(heads):
        own = h[:, k * out:(k + 1) * out]
        near, far = own @ w[f"{path}.att_dst"][0, k], own @ w[f"{path}.att_src"][0, k]
        for v in range(len(x)):
            n = neighbours(graph, v)
            if len(n):
                score = near[v] + far[n]
                score = np.exp(np.where(score > 0, score, 0.2 * score))
                y[v, k * out:(k + 1) * out] = score / score.sum() @ own[n]
    return y + w[f"{path}.bias"]


def gat(w, graph, x):
    h = attend(w, graph, x, "conv1", HEADS)
    return attend(w, graph, np.where(h > 0, h, np.expm1(h)), "conv2", 1)


def gin(w, graph, x):
    a = adjacency(graph, np.ones(len(graph["indices"])))
    for i in range(3):
        s = a @ x + (1 + w[f"convs.{i}.eps"]) * x
        x = relu(linear(w, f"convs.{i}.nn.2", relu(linear(w, f"convs.{i}.nn.0", s))))
    return linear(w, "lin2", relu(linear(w, "lin1", parts(graph) @ x)))


# Function, settings beside features, hidden and classes, inputs beside the graph and x.
NETWORKS = {"gcn": (gcn, {}, ["edge.w"]), "graphsage": (graphsage, {}, []), "gat": (gat, {"heads": HEADS}, []),
            "gin": (gin, {"layers": 3}, ["part"]), "subgraph_classifier": (subgraph_classifier, {}, ["part"])}


def scaled(rng, shapes):
    return {path: (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32) for path, shape in shapes.items()}


def check(name, weftc, out):
    """Prints a line a graph; whether all is well."""
    reference, more, extra = NETWORKS[name]
    sets = {"features": FEATURES, "hidden": HIDDEN, "classes": CLASSES} | more
    chosen = [f"zoo:{name}", *[f"--set={key}={value}" for key, value in sets.items()]]
    rng = np.random.default_rng(3)
    weights = scaled(rng, weights_of(run(weftc, *chosen, "--emit=parse")))
    save_file(weights, out / "weights.safetensors")
    run(weftc, *chosen, f"--weights={out / 'weights.safetensors'}", "-o", out / name)
    fine = True
    for vertices, edges in [(1000, 9000), (37, 64), (1, 0)]:
        graph, x = random_graph(rng, vertices, edges), rng.standard_normal((vertices, FEATURES)).astype(np.float32)
        files = {"x": x, "g.indptr": graph["indptr"], "g.indices": graph["indices"]}
        files |= {port if port == "part" else f"g.{port}": graph[port] for port in extra}
        for port, array in files.items():
            np.save(out / f"{port}.npy", array)
        want = reference(weights, graph, x)
        results = []
        for threads in (1, 2):
            size = [f"--size=G={GRAPHS}"] if "part" in extra else []
            run(out / name, *[f"--input={port}={out / port}.npy" for port in files], *size,
                f"--output={out / 'result.npy'}", f"--threads={threads}")
            results.append(np.load(out / "result.npy"))
        error = np.abs(results[0] - want).max() / np.abs(want).max() if results[0].shape == want.shape else np.inf
        same = results[0].tobytes() == results[1].tobytes()
        fine &= error <= 1e-4 and same
        print(f"{name} V={vertices}: largest difference {error:.2e} of the largest output; 1 and 2 threads {'equal' if same else 'DIFFER'}")
    return fine


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("networks", nargs="*", metavar="NETWORK")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    results = [check(name, arguments.weftc, arguments.out) for name in arguments.networks or NETWORKS]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
