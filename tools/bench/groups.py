# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""What each kernel of a network computes, read from the IR after phase fuse: one group one kernel, in the order of launches."""
import math
import re
from dataclasses import dataclass, field

from machine import WEFTC, call

TENSOR = re.compile(r"tensor<((?:(?:\d+|\?)x)*)([a-z]+\d+)(?:, #weft\.blocked<(\d+)[^<>]*>)?>")
# m of Winograd's algorithms, F(m, r) in each dimension of a plane that has taps.
TILES = {"winograd2": 2, "winograd4": 4, "winograd6": 6}


@dataclass
class Tensor:
    shape: list  # a size known only when running is 0: what is counted of it is then unknown
    dtype: str
    block: int

    @property
    def elements(self):
        return math.prod(self.shape)

    @property
    def bytes(self):
        """As stored, without border."""
        shape = list(self.shape)
        if self.block and shape:
            axis = min(1, len(shape) - 1)
            shape[axis] = -(-shape[axis] // self.block) * self.block
        return math.prod(shape) * int(re.search(r"\d+", self.dtype)[0]) // 8


@dataclass
class Contraction:
    op: str
    algorithm: str
    filter: list  # logical, [O, I / groups, window...]
    stride: list
    pad: list
    dilation: list
    groups: int
    x: Tensor
    y: Tensor
    weight_bytes: int
    macs: int = 0  # of the definition

    def counted(self):
        """Multiply-adds of this form: joined groups multiply zeros too."""
        if self.op == "conv_transpose":
            return self.x.elements * math.prod(self.filter[1:])
        return self.y.elements * (math.prod(self.filter[1:]) if self.filter else self.x.shape[-1])

    @property
    def algorithm_macs(self):
        if self.algorithm == "strassen":
            return self.counted() * 7 / 8
        m = TILES.get(self.algorithm)
        axes = zip(self.y.shape[-2:], self.filter[-2:], self.dilation[-2:]) if m else []
        return self.counted() * math.prod(winograd_points(extent, r, m, apart) / (extent * r) for extent, r, apart in axes if r > 1)


    @property
    def transform_macs(self):
        """About how many multiply-adds transform the input and the results of Winograd's algorithm, those of the filter made when
        compiling: opposite points share their sums, an addition alone counts as one."""
        m = TILES.get(self.algorithm)
        planes = zip(self.x.shape[-2:], self.y.shape[-2:], self.filter[-2:], self.dilation[-2:]) if m else []
        axes = [(read, extent, r, apart) for read, extent, r, apart in planes if r > 1]
        if not axes:
            return 0
        before = self.x.elements / math.prod(read for read, _, _, _ in axes)
        behind = self.y.elements / math.prod(extent for _, extent, _, _ in axes)
        points = [winograd_points(extent, r, m, apart) for _, extent, r, apart in axes]
        lines = [points[1], points[0]] if len(axes) == 2 else [1]
        lines_back = [points[1], axes[0][1]] if len(axes) == 2 else [1]  # the first dimension is done with when the second begins
        macs = 0
        for (_, extent, r, apart), across, left in zip(axes, lines, lines_back):
            pairs = (m + r - 3) / 2
            macs += tiles_along(extent, m, apart) * (before * across * (2 * pairs + 2 * pairs**2) + behind * left * (m + 2) * pairs)
        return macs


def tiles_along(extent, m, apart):
    """Tiles of m results, `apart` of them in each other."""
    return sum(-(-((extent - first + apart - 1) // apart) // m) for first in range(apart))


def winograd_points(extent, taps, m, apart):
    """Points of all tiles F(m, taps) along one dimension, the last one as small as what is left; `apart` of them lie in each other."""
    return tiles_along(extent, m, apart) * (taps - 1) + extent


@dataclass
class Group:
    path: str
    contractions: list = field(default_factory=list)
    ops: list = field(default_factory=list)
    moved_bytes: int = 0  # inputs, weights and results, once each
    is_counted: bool = True  # no size is known only when running
    tiles: bool = False  # its products are summed in tile registers

    @property
    def macs(self):
        return sum(c.macs for c in self.contractions)

    @property
    def algorithm_macs(self):
        return sum(c.algorithm_macs for c in self.contractions)

    @property
    def transform_macs(self):
        return sum(c.transform_macs for c in self.contractions)

    @property
    def weight_bytes(self):
        return sum(c.weight_bytes for c in self.contractions)

    @property
    def algorithm(self):
        names = "+".join(dict.fromkeys(c.algorithm for c in self.contractions)) or self.ops[0]
        return f"{names}, tiles" if self.tiles else names

    def roofline_ms(self, peak, threads, transforms=False):
        """Multiplications of the algorithm at the peak, or weights at the bandwidth of memory, whichever is longer; the
        rest is taken to lie in caches. With `transforms` what these compute takes its time at the peak too."""
        gflops = peak.tiles if self.tiles else peak.gflops
        arithmetic = 2e-6 * self.algorithm_macs / (gflops * threads)
        if transforms:
            arithmetic += 2e-6 * self.transform_macs / (peak.gflops * threads)
        return max(arithmetic, 1e-6 * self.weight_bytes / peak.gbytes)


def tensors(text):
    return [Tensor([0 if d == "?" else int(d) for d in dims.split("x") if d], dtype, int(block or 0)) for dims, dtype, block in TENSOR.findall(text)]


def numbers(text, word):
    found = re.search(rf"\b{word} (?:= array<i64: )?\[?([-0-9, ]+)", text)
    return [int(n) for n in found[1].split(",")] if found else []


def contraction(op, text):
    attributes, types = text.split(" : (", 1) if " : (" in text else (text, "")
    operands, results = types.rsplit(" -> ", 1)
    operands, results = tensors(operands), tensors(results)
    algorithm = re.search(r"#weft\.algorithm<(\w+)>", attributes)
    groups = re.search(r"groups = (\d+)", attributes)
    return Contraction(op, algorithm[1] if algorithm else "plain", numbers(attributes, "filter_shape") or (operands[1].shape if op != "matmul" else []),
                       numbers(attributes, "stride"), numbers(attributes, "pad"), numbers(attributes, "dilation"), int(groups[1]) if groups else 1, operands[0], results[0],
                       0 if op == "matmul" else sum(t.bytes for t in operands[1:]))


CONTRACTIONS = ("conv", "conv_transpose", "linear", "matmul")
LINE = re.compile(r"\s*%[\w:]+ = weft\.(\w+) (.*)")


def written(source, options, phase):
    """The contractions of a network in the order in which they stand in the IR after `phase`."""
    text = call(WEFTC, source, f"--stop-after={phase}", *options, "-o", "-")
    return [contraction(*op.groups()) for op in map(LINE.match, text.splitlines()) if op and op[1] in CONTRACTIONS]


def define(found, source, options):
    """Multiply-adds as the network is written, from the IR after phase graph: of the contraction with the same filter, stride and
    result; those left are taken in the order in which they stand, as they are computed where that gives other results."""
    def likeness(c):
        return c.op, tuple(c.filter), tuple(c.stride), c.y.elements

    defined, rest = {}, []
    for theirs in written(source, options, "graph"):
        defined.setdefault(likeness(theirs), []).append(theirs)
    for ours in (c for group in found for c in group.contractions):
        same = defined.get(likeness(ours))
        if same:
            ours.macs = same.pop(0).counted()
        else:
            rest.append(ours)
    left = [c for same in defined.values() for c in same]
    alike = len(left) == len(rest) and all(a.y.elements == b.y.elements for a, b in zip(left, rest))
    for ours, theirs in zip(rest, left if alike else rest):
        ours.macs = theirs.counted()


def groups(source, *options):
    """The groups of a network, in the order of its launches."""
    found, current = [], None
    for line in call(WEFTC, source, "--stop-after=fuse", *options, "-o", "-").splitlines():
        if head := re.match(r'\s*%[\w:]+ = weft\.group "((?:[^"\\]|\\.)*)"', line):
            current = Group(head[1])
        elif current and (end := re.match(r"    \}.*? : (\(.*\) -> .*)", line)):
            current.moved_bytes = sum(t.bytes for t in tensors(end[1]))
            current.is_counted = all(0 not in t.shape for t in tensors(end[1]))
            current.tiles = re.search(r"choice = \{[^}]*\btiles = [1-9]", line) is not None
            found.append(current)
            current = None
        elif current and (op := LINE.match(line)):
            current.ops.append(op[1])
            if op[1] in CONTRACTIONS:
                current.contractions.append(contraction(op[1], op[2]))
    define(found, source, options)
    return found
