# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Which targets this processor runs."""
from pathlib import Path

NEEDS = {"x86-64-v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}}


def runs(target):
    flags = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")), "")
    return NEEDS.get(target, set()) <= set(flags.split())


def runnable(targets, instead=None):
    """Those this processor runs, `instead` in the place of each other one if given; says which were left out."""
    for target in sorted({target for target in targets if not runs(target)}):
        print(f"SKIP {target}: this processor lacks its instructions" + (f"; {instead} instead" if instead else ""))
    return [target if runs(target) else instead for target in targets if runs(target) or instead]
