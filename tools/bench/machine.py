# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""What the benchmarks share: the machine's peaks, weftc and its products."""
import json
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WEFTC = ROOT / "build" / "bin" / "weftc"
WEFT_OPT = ROOT / "build" / "bin" / "weft-opt"


def call(*command, **more):
    """Standard output; what went wrong, with the command, as an error."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def build(source, folder, march="native"):
    """One of the C programs beside this file."""
    program = folder / source.removesuffix(".c")
    call("cc", "-O2", f"-march={march}", HERE / source, "-o", program)
    return program


class Peak(NamedTuple):
    """What one core does in a second, and what two need to hear of each other."""
    gflops: float  # of f32, multiply-adds of vectors
    gbytes: float  # read from memory
    tiles: float  # GFLOP/s of f32 in tile registers, each product six of bf16; 0 where there are none
    round_trip: float  # nanoseconds until one core has the other's answer: some 50 within a cache, some 450 without; 0 of one core

    def __str__(self):
        tiles = f" ({self.tiles:.0f} in tile registers)" if self.tiles else ""
        between = f", two answer each other in {self.round_trip:.0f} ns" if self.round_trip else ""
        return f"one core: {self.gflops:.0f} GFLOP/s f32{tiles}, {self.gbytes:.1f} GB/s read{between}"


def measure_peak(folder, weftc_options=()):
    """With the vectors of what weftc compiles for."""
    march = "x86-64-v3" if "--target=cpu:x86-64-v3" in weftc_options else "native"
    return Peak(*map(float, call(build("peak.c", folder, march)).split()))


def source_of(network):
    """What weftc calls it: a file, or a network of the zoo."""
    return network if Path(network).suffix in (".weft", ".onnx") else f"zoo:{network.removeprefix('zoo:')}"


def random_weights(source):
    """An ONNX file has its own."""
    return [] if str(source).endswith(".onnx") else ["--weights=random:1"]


def first_output(program):
    """The name of its first result: one that ONNX allows may be no identifier."""
    return re.search(r"^output +(\w+):", call(program, "--info"), re.MULTILINE)[1]


def input_options(program, files):
    """What gives it these files, in the order of its inputs."""
    names = re.findall(r"^input +(\w+):", call(program, "--info"), re.MULTILINE)
    return [f"--input={name}={file}" for name, file in zip(names, files, strict=True)]


def run_json(program, folder, *options):
    report = folder / "run.json"
    call(program, "--random-inputs=1", f"--json={report}", *options)
    return json.loads(report.read_text())
