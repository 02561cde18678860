# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
# Networks compiled with chains give the bits of those without, for few threads and for many, in less memory.
import json
import pathlib
import subprocess
import sys

import numpy as np


def compile_net(text, net, memory, folder):
    out = folder / f"{net}-{memory}"
    subprocess.run(["weftc", text, f"--net={net}", "--weights=random:7", "--no-winograd", f"--memory={memory}",
                    f"--json={out}.json", "-o", out], check=True)
    report = json.loads(pathlib.Path(f"{out}.json").read_text())
    return out, report["arena_bytes"]


def result(program, threads):
    subprocess.run([program, "--random-inputs=3", f"--threads={threads}", f"--output={program}.npy"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return np.load(f"{program}.npy").view(np.uint32)


def main(text, folder, *nets):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for net in nets:
        (fast, fast_bytes), (small, small_bytes) = (compile_net(text, net, m, folder) for m in ("fast", "small"))
        assert small_bytes < fast_bytes, (net, small_bytes, fast_bytes)
        expected = result(fast, 1)
        for threads in (1, 2, 3, 5, 16):
            assert np.array_equal(expected, result(small, threads)), (net, threads)


if __name__ == "__main__":
    main(*sys.argv[1:])
