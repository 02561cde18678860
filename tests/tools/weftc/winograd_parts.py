# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Winograd's algorithm with ragged last tiles in parts (`lower`, `right`), which the AVX-512 classes choose, in AVX2's instructions, so that every
machine runs them: within 1e-4 of the direct sums, with the same bits for one thread and for three. The plan is that of ragged
tiles with the choice rewritten.

    winograd_parts.py DIR"""
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

NET = """weft 1

net planes(image: f32[{n}, {inputs}, {high}, {wide}]) -> (y: f32[{n}, {outputs}, {high}, {wide}]) {{
  a = relu(conv(image, out={outputs}, kernel={kernel}, pad={pad}, groups={groups}) as first)
  y = conv(a, out={outputs}, kernel={kernel}, pad={pad}, groups={groups}) as second + a
}}
"""
TARGET = "--target=cpu:x86-64-v3"


def run(program, threads):
    subprocess.run([program, "--random-inputs=3", f"--threads={threads}", f"--output={program}.npy"], check=True, stdout=subprocess.DEVNULL)
    return np.load(f"{program}.npy")


def main(folder):
    text, plan = folder / "planes.weft", folder / "planes.mlir"
    # Both sides ragged, the lower one only, the right one only, another number of tiles each way; 5x5 windows; groups.
    for n, inputs, outputs, high, wide, kernel, groups in [(1, 128, 136, 14, 13, 3, 1), (2, 128, 128, 14, 16, 3, 1), (1, 128, 144, 16, 13, 3, 1),
                                                           (1, 136, 128, 13, 29, 3, 1), (1, 64, 64, 14, 15, 5, 1), (2, 192, 192, 13, 14, 5, 2)]:
        text.write_text(NET.format(n=n, inputs=inputs, outputs=outputs, high=high, wide=wide, kernel=kernel, pad=kernel // 2, groups=groups))
        subprocess.run(["weftc", text, TARGET, "--no-winograd", "--weights=random:1", "-o", folder / "direct"], check=True)
        subprocess.run(["weftc", text, TARGET, "--weights-budget=8", "--stop-after=fuse", "-o", plan], check=True)
        # A part that the planes do not have is not made.
        tile = r"choice = \{(band = \d+ : i64, by_points = 1 : i64, cb = \d+ : i64, (?:divides = 1 : i64, )?family = \"winograd\", )"
        whole = re.sub(r"ragged = 1 : i64, ", "", plan.read_text())
        changed, count = re.subn(tile, r"choice = {\1lower = 2 : i64, right = 4 : i64, ", whole)
        assert count == (1 if groups > 1 else 2), (count, high, wide, kernel)  # of the groups one layer goes point by point
        plan.write_text(changed)
        subprocess.run(["weftc", plan, "--start-from=fuse", "--weights=random:1", "-o", folder / "parts"], check=True)
        direct, parts = run(folder / "direct", 1), run(folder / "parts", 1)
        assert np.abs(parts - direct).max() <= 1e-4 * np.abs(direct).max(), (high, wide, kernel)
        assert np.array_equal(parts.view(np.uint32), run(folder / "parts", 3).view(np.uint32)), (high, wide, kernel)


main(Path(sys.argv[1]))
