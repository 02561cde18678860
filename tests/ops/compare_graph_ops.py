# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Operations on graphs against NumPy: every kind of aggregate and readout, expressions that read both ends and the edge,
softmax over the edges of a vertex, products before and behind a sum; on graphs with and without empty neighbourhoods, on
1 and 2 threads.

    compare_graph_ops.py --weftc build/bin/weftc --out DIR"""
import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

TOLERANCE = 1e-5
KINDS = ["sum", "mean", "max", "min"]
HEADS, WIDTH = 2, 12
NARROW, WIDE = 5, 40

SOURCE = """weft 1

net graph_ops(g: graph[V, E] {{ edge.w: f32 }}, x: f32[V, {features}], part: i32[V]) -> ({results}) {{
  bound V <= 128
  bound E <= 2048
  bound G <= 16
  h = reshape(x, [V, {heads}, {width}])
  s = weight(1, {heads}, {width}) as att_src
  d = weight(1, {heads}, {width}) as att_dst
{statements}
}}
"""


def network():
    results, statements = [], []
    for kind in KINDS:
        results += [f"{kind}_rows: f32[V, {HEADS * WIDTH}]", f"{kind}_parts: f32[G, {HEADS * WIDTH}]"]
        statements += [f"  {kind}_rows = aggregate(g, {kind}) {{ x[src] * edge.w }}",
                       f"  {kind}_parts = readout(x, part, {kind}, graphs=G)"]
    # Each of these is compiled with its product on the other side of the sum.
    results += [f"narrow: f32[V, {NARROW}]", f"wide: f32[V, {WIDE}]"]
    statements += [f"  narrow = linear(aggregate(g, mean) {{ -x[src] / edge.w }}, out={NARROW}) as narrow",
                   f"  product = linear(x, out={WIDE}, bias=false) as wide",
                   "  wide = aggregate(g, sum) { product[src] * edge.w }"]
    results += [f"difference: f32[V, {HEADS * WIDTH}]", f"attention: f32[V, {HEADS}, {WIDTH}]"]
    statements += ["  difference = aggregate(g, sum) { relu(x[src] - x[dst]) }",
                   "  a = softmax_by_dst(g) { leaky_relu(dot(h[src], s) + dot(h[dst], d), alpha=0.2) }",
                   f"  attention = aggregate(g, sum) {{ reshape(a, [{HEADS}, 1]) * h[src] }}"]
    return SOURCE.format(features=HEADS * WIDTH, heads=HEADS, width=WIDTH, results=", ".join(results),
                         statements="\n".join(statements)), [r.split(":")[0] for r in results]


def gather(kind, rows):
    """One result from the rows that belong to it; 0 where there are none."""
    if len(rows) == 0:
        return np.zeros(rows.shape[1:])
    return {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min}[kind](rows, axis=0)


def expected(x, source, destination, edge, part, parts, weights):
    x = x.astype(np.float64)
    vertices = len(x)
    mine = [np.flatnonzero(destination == v) for v in range(vertices)]
    want = {}
    for kind in KINDS:
        messages = x[source] * edge[:, None]
        want[f"{kind}_rows"] = np.stack([gather(kind, messages[m]) for m in mine])
        want[f"{kind}_parts"] = np.stack([gather(kind, x[part == g]) for g in range(parts)])
    shrunk = -x[source] / edge[:, None]
    want["narrow"] = np.stack([gather("mean", shrunk[m]) for m in mine]) @ weights["narrow.weight"].T + weights["narrow.bias"]
    product = x @ weights["wide.weight"].T.astype(np.float64)
    want["wide"] = np.stack([gather("sum", (product[source] * edge[:, None])[m]) for m in mine])
    change = np.maximum(x[source] - x[destination], 0)
    want["difference"] = np.stack([gather("sum", change[m]) for m in mine])
    h = x.reshape(vertices, HEADS, WIDTH)
    score = (h * weights["att_src"]).sum(-1)[source] + (h * weights["att_dst"]).sum(-1)[destination]
    score = np.where(score < 0, 0.2 * score, score)
    share = np.zeros_like(score)
    for m in mine:
        if len(m):
            power = np.exp(score[m] - score[m].max(0))
            share[m] = power / power.sum(0)
    attended = share[:, :, None] * h[source]
    want["attention"] = np.stack([gather("sum", attended[m]) for m in mine])
    return want


def run(arguments, program, rng, names, weights, vertices, edges, parts):
    destination = np.sort(rng.integers(0, vertices, edges))
    destination = destination[destination % 5 != 3]
    arrays = {"x": rng.standard_normal((vertices, HEADS * WIDTH)).astype(np.float32),
              "g.indptr": np.searchsorted(destination, np.arange(vertices + 1)).astype(np.int32),
              "g.indices": rng.integers(0, vertices, len(destination)).astype(np.int32),
              "g.edge.w": rng.uniform(0.1, 1, len(destination)).astype(np.float32),
              "part": rng.integers(0, parts, vertices).astype(np.int32)}
    for name, array in arrays.items():
        np.save(arguments.out / f"{name}.npy", array)
    want = expected(arrays["x"], arrays["g.indices"], destination, arrays["g.edge.w"].astype(np.float64), arrays["part"], parts, weights)
    runs = []
    for threads in (1, 2):
        files = [f"--input={name}={arguments.out / name}.npy" for name in arrays] + [f"--output={name}={arguments.out / name}.out.npy" for name in names]
        call(program, f"--threads={threads}", f"--size=G={parts}", *files)
        runs.append([np.load(arguments.out / f"{name}.out.npy") for name in names])
    failed = 0
    for name, one, two in zip(names, *runs):
        error = np.abs(one - want[name]).max() / max(np.abs(want[name]).max(), 1e-30)
        good = error <= TOLERANCE and one.tobytes() == two.tobytes()
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'} V={vertices:<4} {name:16} {error:.1e}")
    return failed


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(11)
    weights = {path: rng.standard_normal((1, HEADS, WIDTH)).astype(np.float32) for path in ("att_src", "att_dst")}
    for path, shape in [("narrow.weight", (NARROW, HEADS * WIDTH)), ("narrow.bias", (NARROW,)), ("wide.weight", (WIDE, HEADS * WIDTH))]:
        weights[path] = rng.standard_normal(shape).astype(np.float32)
    save_file(weights, arguments.out / "weights.safetensors")
    source, names = network()
    (arguments.out / "graph_ops.weft").write_text(source)
    program = arguments.out / "graph_ops"
    call(arguments.weftc, arguments.out / "graph_ops.weft", f"--weights={arguments.out / 'weights.safetensors'}", "-o", program)
    failed = sum(run(arguments, program, rng, names, weights, *sizes) for sizes in [(100, 1000, 7), (37, 60, 16), (2, 5, 1)])
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
