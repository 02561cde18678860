# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Recomputes the lower bound of a memory plan from the steps of the network alone, and compares: the arena, with the memory
kernels work in, must be as small as that, and what the report states must be so. Families whose concatenations and paddings are views copy nothing. Shares no
code with the compiler.

    lower_bound.py --weftc build/bin/weftc --out DIR NETWORK..."""
import argparse
import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

COPY_NOTHING = ("googlenet", "inception", "densenet", "squeezenet")
ELEMENT_BYTES = {"f32": 4, "i32": 4, "f64": 8, "i64": 8, "ui8": 1, "i1": 1}
VIEW = re.compile(r"(%[\w.]+)\[(\d+)\] \[([\d, ]*)\] by \[([\d, ]*)\] (\w+)")


def views(text):
    """Buffer, first byte and the byte behind the last of every view in the text."""
    for buffer, offset, extents, strides, element in VIEW.findall(text):
        numbers = [[int(n) for n in part.split(",") if n.strip()] for part in (extents, strides)]
        last = int(offset) + sum((extent - 1) * stride for extent, stride in zip(*numbers))
        size = ELEMENT_BYTES[element]
        yield buffer, int(offset) * size, (last + 1) * size


def pieces(plan):
    """Where the parts of each slice end; members of a concatenation are parts, with lifetimes of their own."""
    result = {}
    for buffer, size, lives in re.findall(r"(%[\w.]+) = plan\.slice %[\w.]+\[\d+\] (\d+) bytes live ([^l]*)", plan):
        result[buffer] = [int(end) for end in re.findall(r"to (\d+)", lives)] or [int(size)]
    return result


def touches(plan):
    """For each buffer, the bytes that a step touches and the half steps during which they are needed."""
    steps = [line.strip() for line in plan.splitlines() if re.match(r"\s*plan\.(launch|border|copy)\b", line)]
    result = defaultdict(list)
    for number, step in enumerate(steps):
        begin, end = 2 * number, 2 * number + 2
        inputs, outputs = step, ""
        taken = []
        for buffer in re.findall(r" scratch\((%[\w.]+) ", step):
            result[buffer].append((0, 1 << 62, begin, end))
        if step.startswith("plan.launch"):
            inputs, outputs = step.split(" outs (")
            in_place = re.search(r"in_place \[([-\d, ]+)\]", inputs)
            taken = [int(n) for n in in_place.group(1).split(",")] if in_place else []
        for index, (buffer, first, behind) in enumerate(views(inputs)):
            result[buffer].append((first, behind, begin, begin + 1 if index in taken else end))
        for index, (buffer, first, behind) in enumerate(views(outputs)):
            replaces = index < len(taken) and taken[index] >= 0
            result[buffer].append((first, behind, begin + 1 if replaces else begin, end))
    return result, len(steps)


def lower_bound(plan):
    """The most bytes needed at once: a part is, from the first to the last step that touches it."""
    uses, steps = touches(plan)
    change = [0] * (2 * steps + 2)
    for buffer, ends in pieces(plan).items():
        for first, behind in zip([0] + ends, ends):
            covering = [(begin, end) for a, b, begin, end in uses[buffer] if a < behind and first < b]
            change[min(begin for begin, _ in covering)] += behind - first
            change[max(end for _, end in covering)] -= behind - first
    alive = most = 0
    for bytes_ in change:
        alive += bytes_
        most = max(most, alive)
    return most


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("networks", nargs="+")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    failed = False
    for name in arguments.networks:
        plan, report = arguments.out / f"{name}.mlir", arguments.out / f"{name}.json"
        subprocess.run([arguments.weftc, f"zoo:{name}", "--emit=plan", f"--json={report}", "-o", plan], check=True)
        stated, bound = json.loads(report.read_text()), lower_bound(plan.read_text())
        aligned = -(-bound // 64) * 64
        good = stated["lower_bound_bytes"] == bound and stated["arena_bytes"] == aligned
        copied = stated["copied_bytes_by_reason"].get("pad", 0) + stated["copied_bytes_by_reason"].get("concat", 0)
        good &= copied == 0 or not name.startswith(COPY_NOTHING)
        print(f"{name}: lower bound {bound}, stated {stated['lower_bound_bytes']}, arena {stated['arena_bytes']}, "
              f"of tensors {stated['tensor_bytes']}, copied {copied}{'' if good else ' WRONG'}")
        failed |= not good
    sys.exit(failed)


if __name__ == "__main__":
    main()
