# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Kernels read and write their tensors and nothing beside them: networks whose inputs, results and arena end, or begin, at a page
that nobody may touch, on one and on two threads, with the same bits wherever they lie. The networks read the caller's pictures
and sequences by every kind of kernel that does, with rows that no vector divides and windows without padding at the right.

    guarded.py --weftc build/bin/weftc --guarded build/tests/guarded --out DIR"""
import argparse
import subprocess
import sys
from pathlib import Path

from targets import target_options

# Name: inputs, results, body. `c` counts convolutions up, as each needs a name of its own.
NETWORKS = {
    "tall_window": ("x: f32[1, 3, 8, 40]", "y: f32[1, 16, 8, 40]", "y = conv(x, out=16, kernel=[3, 1], pad=[1, 0]) as c"),
    "pictures": ("x: f32[1, 3, 9, 21]",
                 "a: f32[1, 8, 5, 11], b: f32[1, 17, 7, 19], d: f32[1, 3, 9, 21], e: f32[1, 3, 4, 10], f: f32[1, 3, 9, 21], g: f32[1, 16, 9, 21]",
                 """a = relu(conv(x, out=8, kernel=3, stride=2, pad=1) as a)
                    b = conv(x, out=17, kernel=3) as b
                    d = sigmoid(x) + x
                    e = maxpool(x, kernel=3, stride=2)
                    f = conv(x, out=3, kernel=3, pad=1, groups=3) as f
                    g = conv(x * 0.5 + 0.25, out=16, kernel=1) as g"""),
    "narrow": ("x: f32[2, 5, 3, 3]", "a: f32[2, 20, 3, 3], b: f32[2, 5, 1, 1], d: f32[2, 9]",
               """a = conv(x, out=20, kernel=3, pad=1) as a
                  b = global_avgpool(x)
                  d = linear(flatten(x), out=9) as d"""),
    "chain": ("x: f32[1, 3, 40, 40]", "y: f32[1, 16, 20, 20]",
              """t = relu(conv(x, out=16, kernel=[3, 1], pad=[1, 0]) as a)
                 t = relu(conv(t, out=16, kernel=3, pad=1) as b)
                 y = maxpool(t, kernel=2, stride=2)"""),
    "skipping_chain": ("x: f32[1, 4, 40, 16]", "y: f32[1, 48, 20, 7]",  # the last pixel of b's rows is not read
                       """t = conv(x, out=48, kernel=3, pad=1) as a
                          t = conv(t, out=16, kernel=[1, 3]) as b
                          t = conv(t, out=8, kernel=1, stride=2) as c
                          t = conv(t, out=48, kernel=3, pad=1) as d
                          y = conv(t, out=48, kernel=3, pad=1, groups=48) as e"""),
    "rows": ("x: f32[7, 37], z: f32[2, 5, 19]", "a: f32[7, 37], b: f32[7, 11], d: f32[2, 5, 32], e: f32[2, 5, 19], f: f32[2, 19, 5]",
             """a = softmax(x, axis=1)
                b = linear(x, out=11) as b
                d = linear(z, out=32) as d
                e = layernorm(z, axis=-1) as e
                f = transpose(z, perm=[0, 2, 1])"""),
    "sequence": ("x: f32[1, 4, 33]", "y: f32[1, 16, 31]", "y = conv(x, out=16, kernel=3) as a"),
    "volume": ("x: f32[1, 2, 4, 5, 9]", "y: f32[1, 16, 4, 5, 9]", "y = conv(x, out=16, kernel=3, pad=1) as a"),
}
TARGETS = ["x86-64-v3", "x86-64-v4"]


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


def check(name, target, memory, arguments):
    """What is wrong; empty if nothing is."""
    inputs, results, body = NETWORKS[name]
    text, library = arguments.out / f"{name}.weft", arguments.out / f"{name}.so"
    text.write_text(f"weft 1\n\nnet {name}({inputs}) -> ({results}) {{\n{body}\n}}\n")
    made = run(arguments.weftc, text, "--weights=random:1", *target_options(target), f"--memory={memory}", "--emit=so", "-o", library)
    if made.returncode:
        return made.stderr
    runs = {f"{threads} threads, {side}": run(arguments.guarded, library, threads, side) for threads in (1, 2) for side in ("begin", "end")}
    wrong = [f"{where}: exit code {done.returncode}: {done.stderr}" for where, done in runs.items() if done.returncode]
    if not wrong and len({done.stdout for done in runs.values()}) != 1:
        wrong = [f"{where}: bits {done.stdout.strip()}" for where, done in runs.items()]
    return "; ".join(wrong)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    parser.add_argument("--guarded", required=True)
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in NETWORKS:
        for target in TARGETS:
            for memory in ("fast", "small"):
                if problem := check(name, target, memory, arguments):
                    print(f"FAIL {name}, {target}, {memory}: {problem}")
                    failed += 1
    print(f"{failed} of {len(NETWORKS) * len(TARGETS) * 2} networks touch what is not theirs")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
