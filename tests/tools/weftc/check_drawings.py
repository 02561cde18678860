# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Drawings read back with parsers nobody here wrote: the SVG as XML, the DOT by pydot. Every operation is a box, every
use of a value an arrow, names come back as they were given.

    check_drawings.py DIR"""
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import pydot

SVG = "{http://www.w3.org/2000/svg}"


def weftc(*arguments):
    done = subprocess.run(["weftc", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{arguments}: {done.stderr}")
    return done.stdout


def check(condition, what):
    if not condition:
        sys.exit(what)


def svg_boxes(text):
    """Title and lines of each box."""
    root = xml.fromstring(text)
    check(not list(root.iter(f"{SVG}script")), "a script in a drawing")
    groups = root.findall(f"{SVG}g")
    heads = [path for path in root.findall(f"{SVG}path") if path.get("class") == "head"]
    return [(group.find(f"{SVG}title").text, [line.text for line in group.findall(f"{SVG}text")]) for group in groups], len(heads)


def dot_boxes(text):
    (graph,) = pydot.graph_from_dot_data(text)
    nodes = [node for node in graph.get_nodes() if node.get_name() not in ("node", "edge", "graph")]
    return [node.get("label").strip('"').replace('\\"', '"').replace("\\\\", "\\").split("\\n") for node in nodes], len(graph.get_edges())


def both(model, *options):
    boxes, arrows = svg_boxes(weftc(model, "--emit=svg", *options))
    labels, edges = dot_boxes(weftc(model, "--emit=dot", *options))
    check(arrows == edges, f"{model} {options}: {arrows} arrows in the SVG, {edges} in the DOT")
    check(len(boxes) == len(labels), f"{model} {options}: {len(boxes)} boxes in the SVG, {len(labels)} in the DOT")
    return [lines for _, lines in boxes], labels, edges


def main():
    out = Path(sys.argv[1])
    # LeNet-5: an input, fifteen operations in a row, a result.
    boxes, _, edges = both("zoo:lenet5")
    check((len(boxes), edges) == (17, 16), f"LeNet-5: {len(boxes)} boxes, {edges} arrows")
    check(boxes[1] == ["conv1", "conv 5x5/1 6", "1x6x28x28"], f"LeNet-5: {boxes[1]}")
    # Fused: each kernel a box that lists what it does.
    boxes, _, _ = both("zoo:lenet5", "--stop-after=fuse")
    check(["conv1", "conv 5x5/1 6", "tanh", "1x6x28x28"] in boxes, f"LeNet-5 fused: {boxes}")
    # ResNet-18 by blocks: 8 blocks, image, conv1, bn1, relu, maxpool, pool, flatten, fc, logits; a chain.
    boxes, _, edges = both("zoo:resnet18", "--fold=2")
    check((len(boxes), edges) == (17, 16), f"ResNet-18 folded: {len(boxes)} boxes, {edges} arrows")
    # Unfolded each block has a shortcut: one arrow more than a chain.
    boxes, _, edges = both("zoo:resnet18", "--fold=0")
    check(edges - (len(boxes) - 1) == 8, f"ResNet-18: {len(boxes)} boxes, {edges} arrows")
    # The same network at every phase stays connected: every box but the input is led to.
    for phase in ("graph", "layout", "fuse", "kernels", "schedule", "plan"):
        _, labels, _ = both("zoo:squeezenet1_1", f"--stop-after={phase}")
        text = weftc("zoo:squeezenet1_1", f"--stop-after={phase}", "--emit=dot", "--fold=0")
        (graph,) = pydot.graph_from_dot_data(text)
        led, leads = {e.get_destination() for e in graph.get_edges()}, {e.get_source() for e in graph.get_edges()}
        count = len(dot_boxes(text)[0])
        check({f"n{i}" for i in range(1, count)} == led, f"{phase}: boxes nothing leads to")
        check({f"n{i}" for i in range(count - 1)} == leads, f"{phase}: boxes that lead nowhere")
        check(labels[0][0] == "image" and labels[-1][0] == "logits", f"{phase}: {labels[0]}, {labels[-1]}")
    # Large networks fold until a person can look at them.
    for name in ("densenet201", "resnet152", "inception_v3"):
        boxes, _, _ = both(f"zoo:{name}")
        check(10 < len(boxes) <= 120, f"{name}: {len(boxes)} boxes")
    # Names that would end a string, a tag or a comment.
    hostile = out / "hostile.weft"
    hostile.write_text((Path(__file__).parent / "Inputs/tiny.weft").read_text())
    ir = out / "hostile.mlir"
    name = '*/</script>&\\"<text>'
    ir.write_text(weftc(hostile, "--emit=parse").replace('loc("conv1"(', 'loc("%s"(' % name.replace("\\", "\\5C").replace('"', '\\22')))
    boxes, labels, _ = both(ir, "--start-from=parse")
    check(boxes[1][0] == name, f"the SVG has {boxes[1]}")
    check(labels[1][0] == name, f"the DOT has {labels[1]}")
    print("the drawings are sound")


main()
