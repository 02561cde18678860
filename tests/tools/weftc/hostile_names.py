# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""An ONNX file whose names hold what closes a comment, a script, a string or a cell: tables and drawings must survive it.

    hostile_names.py FILE.onnx"""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NAMES = ["*/", "</script><b>", "../../x", 'quo"te,comma', "new\nline", "](x)", "é\u4e2d"]

nodes, value = [], "image"
for i, name in enumerate(NAMES):
    nodes.append(helper.make_node("Conv", [value, f"w{i}"], [f"{name}{i}"], name=name, pads=[1, 1, 1, 1]))
    value = f"{name}{i}"
nodes.append(helper.make_node("Relu", [value], ["result"], name="relu </text>"))
weights = [numpy_helper.from_array(np.ones((3, 3, 3, 3), np.float32), f"w{i}") for i in range(len(NAMES))]
graph = helper.make_graph(nodes, "*/</svg>", [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 8, 8])],
                          [helper.make_tensor_value_info("result", TensorProto.FLOAT, [1, 3, 8, 8])], weights)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), sys.argv[1])
