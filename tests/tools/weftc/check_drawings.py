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
    # The same network at every phase stays connected: every box but an input is led to, every one but a result leads on.
    for name, phase in [("subgraph_classifier", "kernels"), ("squeezenet1_1", "layout"), ("squeezenet1_1", "schedule"), ("squeezenet1_1", "plan")]:
        (graph,) = pydot.graph_from_dot_data(weftc(f"zoo:{name}", f"--stop-after={phase}", "--emit=dot", "--fold=0"))
        led, leads = {e.get_destination() for e in graph.get_edges()}, {e.get_source() for e in graph.get_edges()}
        for node in graph.get_nodes():
            inner = node.get_name().startswith("n") and node.get_name()[1:].isdigit() and node.get("shape") != "ellipse"
            check(not inner or node.get_name() in led & leads, f"{name} {phase}: {node.get('label')} stands alone")
    # Large networks fold until a person can look at them.
    for name in ("densenet201", "nasnetalarge", "resnet1202"):
        boxes, _ = svg_boxes(weftc(f"zoo:{name}", "--emit=svg"))
        check(10 <= len(boxes) <= 120, f"{name}: {len(boxes)} boxes")
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
