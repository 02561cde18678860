# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Compiles `zoo:lenet5` with trained weights and reads held-out handwritten digits with it. Prints predicted and true
digits, the accuracy, the time per image, and where to look inside the compilation. Exit code 1 below 97 %."""
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from data import TRAINING, load

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
OUT = ROOT / "build" / "digits"
WEFTC = ROOT / "build" / "bin" / "weftc"


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def compile_lenet(images, output, *more):
    call(WEFTC, "zoo:lenet5", f"--weights={HERE / 'lenet5-digits.safetensors'}", f"--set=N={images}", "-o", output, *more)


def show(image):
    """A digit as 16 x 8 characters: two rows of pixels a line."""
    shades = " .:-=+*#%@"
    small = image.reshape(8, 4, 16, 2).mean((1, 3))
    return ["".join(shades[min(9, int(v * 10))] for v in row) for row in small]


def print_examples(images, predicted, digits, count=6):
    for rows in zip(*(show(image) for image in images[:count])):
        print("   ".join(rows))
    print("   ".join(f"read {p}, is {d}".ljust(16) for p, d in zip(predicted[:count], digits[:count])))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    images, digits = load()
    images, digits = images[TRAINING:, 0], digits[TRAINING:]
    np.save(OUT / "held_out.npy", images[:, None])
    np.save(OUT / "one.npy", images[:1, None])

    compile_lenet(len(images), OUT / "lenet5_all", f"--dump-dir={OUT / 'ir'}")
    call(OUT / "lenet5_all", "--input", OUT / "held_out.npy", "--output", OUT / "probabilities.npy")
    predicted = np.load(OUT / "probabilities.npy").argmax(1)

    compile_lenet(1, OUT / "lenet5", f"--json={OUT / 'plan.json'}")
    compile_lenet(1, OUT / "lenet5_halide.cpp", "--emit=halide")
    compile_lenet(1, OUT / "plan.mlir", "--emit=plan")
    times = json.loads(call(OUT / "lenet5", "--input", OUT / "one.npy", "--threads=1", "--warmup=50", "--repeat=500", "--json=-"))

    print_examples(images, predicted, digits)
    accuracy = float((predicted == digits).mean())
    print("predicted", "".join(map(str, predicted[:60])), "...")
    print("true     ", "".join(map(str, digits[:60])), "...")
    print(f"accuracy  {100 * accuracy:.2f} % of {len(digits)} held-out digits")
    print(f"time      {1000 * times['median_ms']:.1f} us per image (one thread, median of {len(times['times_ms'])})")
    for what, path in [("binary", "lenet5"), ("IR", "ir/"), ("Halide", "lenet5_halide.cpp"), ("plan", "plan.mlir"), ("report", "plan.json")]:
        print(f"{what:9} {(OUT / path).relative_to(ROOT)}")
    sys.exit(0 if accuracy >= 0.97 else 1)


if __name__ == "__main__":
    main()
