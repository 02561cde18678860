# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""1x1 convolutions by Strassen's algorithm, with odd and even numbers of channel blocks and of pixels, alone and before an addition, in a
batch: within 1e-4 of the direct sums, with the same bits for one thread and for three.

    strassen.py DIR"""
import subprocess
import sys
from pathlib import Path

import numpy as np

NET = """weft 1

net points(image: f32[{n}, {inputs}, {high}, {wide}]) -> (y: f32[{n}, {outputs}, {high}, {wide}]) {{
  a = relu(conv(image, out={outputs}, kernel=1) as first)
  y = conv(a, out={outputs}, kernel=1) as second + a
}}
"""


def run(program, threads):
    subprocess.run([program, "--random-inputs=3", f"--threads={threads}", f"--output={program}.npy"], check=True, stdout=subprocess.DEVNULL)
    return np.load(f"{program}.npy")


def main(folder):
    for n, inputs, outputs, high, wide in [(1, 1000, 1024, 20, 19), (2, 1024, 1048, 17, 15), (1, 1020, 1032, 16, 25)]:
        text = folder / "points.weft"
        text.write_text(NET.format(n=n, inputs=inputs, outputs=outputs, high=high, wide=wide))
        made = []
        for name, option in (("few", "--weights-budget=4"), ("direct", "--no-winograd")):
            common = ["weftc", text, "--weights=random:1", "--target=cpu:x86-64-v3", option]
            plan = subprocess.run([*common, "--stop-after=fuse", "-o", "-"], check=True, capture_output=True, text=True).stdout
            assert ("strassen" in plan) == (name == "few"), (name, inputs)
            subprocess.run([*common, "-o", folder / name], check=True)
            made.append(run(folder / name, 1))
            assert np.array_equal(made[-1].view(np.uint32), run(folder / name, 3).view(np.uint32)), inputs
        few, direct = made
        assert np.abs(few - direct).max() <= 1e-4 * np.abs(direct).max(), inputs


main(Path(sys.argv[1]))
