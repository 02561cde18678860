# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""What is chosen for a wider machine runs on this one in its own instructions."""


def target_options(target):
    """Of weftc, so that what it makes runs here."""
    return [f"--target=cpu:{target}"] + (["--instructions=cpu:native"] if target not in ("native", "x86-64-v3") else [])
