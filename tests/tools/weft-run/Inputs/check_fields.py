# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Changes one pixel and looks which elements of each layer change: check_fields.py NET.so TIGHT,... GATED,... They must be
among those whose receptive field, as --info states it, holds the pixel. Of the layers TIGHT they must for some pixel reach as
far as those do: a window with holes, or one that ends between two strides, need not for every pixel. Layers GATED are scaled by
what the whole picture gives, which --info does not count."""
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

net, named, gated = sys.argv[1], sys.argv[2].split(","), sys.argv[3].split(",")
info = subprocess.run(["weft-run", net, "--info"], capture_output=True, text=True, check=True).stdout
shape = [int(n) for n in re.search(r"^input +\w+: f32\[(.*)\]", info, re.M).group(1).split(",")]
fields = {}
for path, rest in re.findall(r"^layer +(.*?): \[.*?\]  sees (.*)$", info, re.M):
    if rest == "all":
        fields[path] = [(None,)]
        continue
    size, jump, start = ([None if n == "all" else float(n) for n in part.split(" x ")]
                         for part in re.match(r"(.*) every (.*) from (.*)", rest).groups())
    fields[path] = list(zip(jump, start, size))


def layers(image, folder):
    np.save("image.npy", image)
    subprocess.run(["weft-run", net, "--input=image.npy", f"--dump-tensors={folder}"], check=True, capture_output=True)
    return {file.stem[5:]: np.load(file) for file in Path(folder).glob("*.npy")}


def rows(values):
    """[H, W] of whether anything differs there: blocks and channels do not matter."""
    return values.any(axis=(0, 1, 4) if values.ndim == 5 else (0, 1))


def hull(places):
    return [(found.min(), found.max()) for found in np.nonzero(places)] if places.any() else None


random = np.random.default_rng(5)
image = random.standard_normal(shape).astype(np.float32)
before = layers(image, "before")
reached = set()
for y, x in [(0, 0), (shape[2] - 1, shape[3] - 1), (17, 13), (20, 22), (9, 30)]:
    changed = image.copy()
    changed[:, :, y, x] += 10
    after = layers(changed, "after")
    for path, axes in fields.items():
        if before[path].ndim < 4 or None in axes[0] or path in gated:
            continue
        differs = rows(before[path] != after[path])
        sees = [np.array([jump * i + start <= pixel < jump * i + start + size for i in range(extent)])
                for (jump, start, size), pixel, extent in zip(axes, (y, x), differs.shape)]
        predicted = np.outer(*sees)
        if (differs & ~predicted).any():
            sys.exit(f"pixel ({y}, {x}) changes `{path}` at {np.argwhere(differs & ~predicted)[0]}, which does not see it")
        if hull(differs) == hull(predicted):
            reached.add(path)
if wide := set(named) - reached:
    sys.exit(f"layers that see less than --info says, or are not there: {wide}")
print(f"{len(fields)} layers see what --info says")
