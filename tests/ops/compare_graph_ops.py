# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Operations on graphs against NumPy: every kind of aggregate and readout, expressions that read both ends and the edge,
softmax over the edges of a vertex, products before and behind a sum, and reductions, gathering and scattering of as many rows as
there are vertices; on graphs with and without empty neighbourhoods, on 1 and 2 threads.

    compare_graph_ops.py --weftc build/bin/weftc --out DIR"""
import argparse
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from safetensors.numpy import save_file

TOLERANCE = 1e-5
KINDS = ["sum", "mean", "max", "min"]
HEADS, WIDTH = 2, 12
NARROW, WIDE = 5, 40
EDGE_WIDTH = 4

# Values of an edge: of one end alone, of the edge alone, with several sums over features, with products with a matrix. Each: how they are
# gathered, the shape of a row, the expression, what it is (x, h and s are pairs: at the sources, at the destinations).
EDGE_VALUES = {
    "end_number": ("sum", [], "s[dst]", lambda e: e.s[1]),
    "end_mean": ("mean", [], "relu(s[dst])", lambda e: np.maximum(e.s[1], 0)),
    "end_rows": ("sum", [24], "x[dst]", lambda e: e.x[1]),
    "end_heads": ("max", [2, 12], "h[dst]", lambda e: e.h[1]),
    "degree": ("sum", [], "1", lambda e: np.ones(len(e.w))),
    "constant": ("mean", [4], "edge.u * const([1, 2, 3, 4])", lambda e: e.u * [1, 2, 3, 4]),
    "end_score": ("sum", [], "dot(x[dst], weight(24) as end_score)", lambda e: e.x[1] @ e.weights["end_score"]),
    "two_dots": ("sum", [], "dot(x[src], x[src]) + dot(x[dst], x[src])", lambda e: (e.x[0] * (e.x[0] + e.x[1])).sum(-1)),
    "dot_of_edge": ("sum", [], "dot(edge.u, edge.u) * dot(x[dst], x[dst])", lambda e: (e.u**2).sum(-1) * (e.x[1]**2).sum(-1)),
    "matrix_source": ("sum", [24], "x[src] + dot(x[src], weight(24, 24) as matrix_source)",
                      lambda e: e.x[0] + e.x[0] @ e.weights["matrix_source"].T),
    "matrix_end": ("max", [8], "dot(x[dst], weight(8, 24) as matrix_end)", lambda e: e.x[1] @ e.weights["matrix_end"].T),
    "matrix_edge": ("mean", [24], "x[src] * dot(edge.u, weight(24, 4) as matrix_edge)", lambda e: e.x[0] * (e.u @ e.weights["matrix_edge"].T)),
    "scored_heads": ("sum", [2, 12], "reshape(dot(h[src], h[dst]), [2, 1]) * h[dst]",
                     lambda e: (e.h[0] * e.h[1]).sum(-1, keepdims=True) * e.h[1]),
}
# Shares of an edge among those of its destination, a number or one a head: by each of them a source's row is multiplied.
SHARES = {
    "share_edge": ("edge.w", lambda e: e.w[:, None]),
    "share_source": ("s[src] - edge.w", lambda e: (e.s[0] - e.w)[:, None]),
    "share_end": ("s[dst]", lambda e: e.s[1][:, None]),
    "share_heads": ("dot(h[src], h[dst])", lambda e: (e.h[0] * e.h[1]).sum(-1)),
    "share_score": ("dot(edge.u, weight(4) as share_score)", lambda e: (e.u @ e.weights["share_score"])[:, None]),
}
EDGE_WEIGHTS = {"end_score": (24,), "matrix_source": (24, 24), "matrix_end": (8, 24), "matrix_edge": (24, 4), "share_score": (4,)}

SOURCE = """weft 1

net graph_ops(g: graph[V, E] {{ edge.w: f32, edge.u: f32[{edge_width}] }}, x: f32[V, {features}], s: f32[V], part: i32[V],
              place: i32[M], term: f32[M, {features}]) -> ({results}) {{
  bound V <= 128
  bound E <= 2048
  bound G <= 16
  bound M <= 128
  h = reshape(x, [V, {heads}, {width}])
  to_src = weight(1, {heads}, {width}) as att_src
  to_dst = weight(1, {heads}, {width}) as att_dst
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
                   "  a = softmax_by_dst(g) { leaky_relu(dot(h[src], to_src) + dot(h[dst], to_dst), alpha=0.2) }",
                   f"  attention = aggregate(g, sum) {{ reshape(a, [{HEADS}, 1]) * h[src] }}"]
    for name, (kind, row, expression, _) in EDGE_VALUES.items():
        results.append(f"{name}: f32[{', '.join(map(str, ['V', *row]))}]")
        statements.append(f"  {name} = aggregate(g, {kind}) {{ {expression} }}")
    for name, (expression, _) in SHARES.items():
        results.append(f"{name}: f32[V, {HEADS}, {WIDTH}]")
        share = f"reshape({name}_, [{HEADS}, 1])" if name == "share_heads" else f"{name}_"
        statements += [f"  {name}_ = softmax_by_dst(g) {{ {expression} }}", f"  {name} = aggregate(g, sum) {{ {share} * h[src] }}"]
    results += ["row_mean: f32[V, 1]", "all_sum: f32[1, 1]", f"gathered: f32[V, {HEADS * WIDTH}]", f"scattered: f32[V, {HEADS * WIDTH}]"]
    statements += ["  gathered = x - gather(mean_parts, part, axis=0)",
                   "  row_mean = mean(x, axis=1)", "  all_sum = sum(abs(x))",
                   "  scattered = scatter(x, reshape(place, [M, 1]), term, axis=0, kind=add)"]
    return SOURCE.format(features=HEADS * WIDTH, heads=HEADS, width=WIDTH, edge_width=EDGE_WIDTH, results=", ".join(results),
                         statements="\n".join(statements)), [r.split(":")[0] for r in results]


def gather(kind, rows):
    """One result from the rows that belong to it; 0 where there are none."""
    if len(rows) == 0:
        return np.zeros(rows.shape[1:])
    return {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min}[kind](rows, axis=0)


def expected(arrays, destination, parts, weights):
    x, edge, part, source = arrays["x"].astype(np.float64), arrays["g.edge.w"].astype(np.float64), arrays["part"], arrays["g.indices"]
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
    attended = shares(score, mine)[:, :, None] * h[source]
    want["attention"] = np.stack([gather("sum", attended[m]) for m in mine])
    s = arrays["s"].astype(np.float64)
    edges = SimpleNamespace(x=(x[source], x[destination]), h=(h[source], h[destination]), s=(s[source], s[destination]), w=edge,
                            u=arrays["g.edge.u"].astype(np.float64), weights=weights)
    for name, (kind, _, _, value) in EDGE_VALUES.items():
        messages = value(edges)
        want[name] = np.stack([gather(kind, messages[m]) for m in mine])
    for name, (_, value) in SHARES.items():
        attended = shares(value(edges), mine)[:, :, None] * h[source]
        want[name] = np.stack([gather("sum", attended[m]) for m in mine])
    want["row_mean"], want["all_sum"] = x.mean(1, keepdims=True), np.abs(x).sum(keepdims=True)
    want["gathered"] = x - want["mean_parts"][part]
    want["scattered"] = x.copy()
    np.add.at(want["scattered"], arrays["place"], arrays["term"])
    return want


def shares(score, mine):
    share = np.zeros_like(score)
    for m in mine:
        if len(m):
            power = np.exp(score[m] - score[m].max(0))
            share[m] = power / power.sum(0)
    return share


def run(arguments, program, rng, names, weights, vertices, edges, parts):
    destination = np.sort(rng.integers(0, vertices, edges))
    destination = destination[destination % 5 != 3]
    arrays = {"x": rng.standard_normal((vertices, HEADS * WIDTH)).astype(np.float32),
              "g.indptr": np.searchsorted(destination, np.arange(vertices + 1)).astype(np.int32),
              "g.indices": rng.integers(0, vertices, len(destination)).astype(np.int32),
              "g.edge.w": rng.uniform(0.1, 1, len(destination)).astype(np.float32),
              "g.edge.u": rng.standard_normal((len(destination), EDGE_WIDTH)).astype(np.float32),
              "s": rng.standard_normal(vertices).astype(np.float32),
              "part": rng.integers(0, parts, vertices).astype(np.int32),
              "place": rng.integers(-vertices, vertices, 2 * vertices // 3).astype(np.int32),
              "term": rng.standard_normal((2 * vertices // 3, HEADS * WIDTH)).astype(np.float32)}
    for name, array in arrays.items():
        np.save(arguments.out / f"{name}.npy", array)
    want = expected(arrays, destination, parts, weights)
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
    for path, shape in [("narrow.weight", (NARROW, HEADS * WIDTH)), ("narrow.bias", (NARROW,)), ("wide.weight", (WIDE, HEADS * WIDTH)),
                        *EDGE_WEIGHTS.items()]:
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
