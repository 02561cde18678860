# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""`--emit=filters` against NumPy: the PNG files are decoded by Pillow and compared with mosaics built here from the weights.

    check_filters.py DIR"""
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

TEXT = """weft 1

net small(image: f32[1, 3, 16, 16]) -> (y: f32[1, 4]) {
  x = relu(conv(image, out=10, kernel=5, pad=2) as colour)
  x = relu(conv(x, out=6, kernel=3, pad=1) as grey)
  x = relu(conv(x, out=8, kernel=1) as point)
  x = maxpool(x, kernel=2, stride=2)
  y = linear(flatten(x), out=4) as template
}
"""


def weftc(*arguments):
    done = subprocess.run(["weftc", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{arguments}: {done.stderr}")


def tile(values, low, high):
    share = (values.astype(np.float64) - low) / (high - low)
    return np.floor(255 * share + 0.5).astype(int)


def mosaic(tiles, columns, zoom, together):
    """tiles: [count, channels, height, width]; two white pixels between and around."""
    count, channels, height, width = tiles.shape
    rows = -(-count // columns)
    picture = np.full((rows * (height * zoom + 2) + 2, columns * (width * zoom + 2) + 2, channels), 255)
    for i, values in enumerate(tiles):
        source = tiles if together else values
        pixels = tile(values, source.min(), source.max()).transpose(1, 2, 0).repeat(zoom, 0).repeat(zoom, 1)
        y, x = i // columns * (height * zoom + 2) + 2, i % columns * (width * zoom + 2) + 2
        picture[y:y + height * zoom, x:x + width * zoom] = pixels
    return picture


def main():
    out = Path(sys.argv[1])
    rng = np.random.default_rng(2)
    shapes = {"colour": (10, 3, 5, 5), "grey": (6, 10, 3, 3), "point": (8, 6, 1, 1), "template": (4, 8 * 8 * 8)}
    weights = {f"{name}.weight": rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    weights |= {f"{name}.bias": np.zeros(shape[0], np.float32) for name, shape in shapes.items()}
    (out / "small.weft").write_text(TEXT)
    save_file(weights, out / "w.safetensors")
    weftc(out / "small.weft", f"--weights={out / 'w.safetensors'}", "--emit=filters", "-o", out / "all")
    weftc(out / "small.weft", f"--weights={out / 'w.safetensors'}", "--emit=filters", "--layers=point", "-o", out / "point.png")

    def check(file, want):
        got = np.asarray(Image.open(file)).astype(int)
        got = got if got.ndim == 3 else got[..., None]
        if got.shape != want.shape or np.abs(got - want).max() > 1:  # halves may round either way
            sys.exit(f"{file}: {got.shape}, NumPy has {want.shape}")

    if sorted(file.name for file in (out / "all").iterdir()) != ["colour.png", "grey.png", "template.png"]:
        sys.exit(f"wrong files: {sorted((out / 'all').iterdir())}")
    check(out / "all/colour.png", mosaic(weights["colour.weight"], 4, 8, False))
    check(out / "all/grey.png", mosaic(weights["grey.weight"].reshape(60, 1, 3, 3), 10, 8, True))
    check(out / "all/template.png", mosaic(weights["template.weight"].reshape(32, 1, 8, 8), 8, 8, True))
    point = weights["point.weight"][:, :, 0, 0]
    check(out / "point.png", tile(point, point.min(), point.max())[..., None].repeat(8, 0).repeat(8, 1))
    print("the mosaics are NumPy's")


main()
