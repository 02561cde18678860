# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""The weights of `--weights=random:SEED`, drawn a second time from the definition in compiler/Weights/RandomWeights.h.
`weight(seed, path, shape)` gives the same bits."""
import numpy as np

GAMMA = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


def finish(z):
    """One step of splitmix64's output function, on uint64 arrays."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def fnv1a64(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def bounds(path, shape):
    """The range a weight is drawn from."""
    if path.endswith("running_var"):
        return 0.5, 1.5
    if path.endswith("running_mean"):
        return -0.1, 0.1
    if len(shape) >= 2:
        limit = np.sqrt(6.0 / max(1, int(np.prod(shape)) // max(1, shape[0])))
        return -limit, limit
    return (0.75, 1.25) if path.endswith("weight") else (-0.1, 0.1)


def weight(seed, path, shape):
    low, high = bounds(path, shape)
    count = int(np.prod(shape))
    start = int(finish(np.array([(seed + GAMMA) & MASK], np.uint64))[0]) ^ fnv1a64(path)
    steps = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GAMMA) + np.uint64(start)
    u = (finish(steps) >> np.uint64(40)).astype(np.float64) * 2.0**-24
    return (low + (high - low) * u).astype(np.float32).reshape(shape)
