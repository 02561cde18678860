# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Every operation against ONNX Runtime (or NumPy where ONNX has no such operation): attributes, odd sizes, batch 1 and 3,
strides, dilation, groups, infinities, on 1 and 2 threads. Cases of one group are compiled as one network with an input
and a result for each case.

    compare_ops.py --weftc build/bin/weftc --out DIR [GROUP ...]      # no group: all; --list prints them"""
import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from safetensors.numpy import save_file

TOLERANCE = 1e-4  # of the largest finite output
DTYPES = {np.dtype("float32"): ("f32", TensorProto.FLOAT), np.dtype("int32"): ("i32", TensorProto.INT32),
          np.dtype("int64"): ("i64", TensorProto.INT64), np.dtype("uint8"): ("u8", TensorProto.UINT8)}


class Case:
    """`text` is the right side of a statement; `x`, `y`, `z` in it are the inputs. `weights` maps paths below the case's own
    path to arrays. `want` computes the expected result from inputs and weights."""

    def __init__(self, name, text, inputs, want, weights=None, tolerance=TOLERANCE):
        self.name, self.text, self.inputs, self.weights = name, text, inputs, weights or {}
        self.want, self.tolerance = want(*inputs, *self.weights.values()), tolerance


def onnx(op, opset=20, outputs=1, pick=0, **attributes):
    """A function of arrays that runs one ONNX node."""

    def run(*arrays):
        names = [f"i{k}" if a is not None else "" for k, a in enumerate(arrays)]
        given = {n: a for n, a in zip(names, arrays) if a is not None}
        node = helper.make_node(op, names, [f"o{k}" for k in range(outputs)], **attributes)
        infos = [helper.make_tensor_value_info(n, DTYPES[a.dtype][1], a.shape) for n, a in given.items()]
        graph = helper.make_graph([node], "one", infos, [helper.make_tensor_value_info(f"o{k}", TensorProto.FLOAT, None) for k in range(outputs)])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
        return onnxruntime.InferenceSession(model.SerializeToString()).run(None, given)[pick]

    return run


rng = np.random.default_rng(7)


def normal(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def positive(*shape):
    return rng.uniform(0.2, 3, shape).astype(np.float32)


def pair(value):
    return [value, value] if isinstance(value, int) else list(value)


def conv_case(name, shape, out, kernel, stride=1, pad=0, dilation=1, groups=1, bias=True):
    rank = len(shape) - 2
    many = lambda v: [v] * rank if isinstance(v, int) else list(v)  # noqa: E731
    kernel, stride, dilation = many(kernel), many(stride), many(dilation)
    pads = [pad] * (2 * rank) if isinstance(pad, int) else list(pad)
    weights = {"c.weight": normal(out, shape[1] // groups, *kernel)}
    if bias:
        weights["c.bias"] = normal(out)
    text = (f"conv(x, out={out}, kernel={kernel}, stride={stride}, pad={pads}, dilation={dilation}, groups={groups}, "
            f"bias={'true' if bias else 'false'}) as c")
    return Case(name, text, [normal(*shape)], onnx("Conv", kernel_shape=kernel, strides=stride, pads=pads, dilations=dilation, group=groups), weights)


def pooled_case(name, shape, out):
    """A convolution whose results are all that 2x2 max pooling reads."""
    case = conv_case(name, shape, out, 3, pad=1)
    conv, pool = onnx("Conv", pads=[1] * 4), onnx("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    text = f"relu(maxpool({case.text}, kernel=2, stride=2))"
    return Case(name, text, case.inputs, lambda x, w, b: np.maximum(pool(conv(x, w, b)), 0), case.weights)


def conv_cases():
    return [
        conv_case("pointwise", (1, 32, 7, 9), 48, 1),
        conv_case("planes", (2, 4, 9, 7), 6, 1), conv_case("planes_of_lines", (3, 12, 50), 1, 1, bias=False),
        conv_case("square", (1, 16, 13, 11), 32, 3, pad=1),
        conv_case("odd_channels", (3, 5, 9, 7), 13, 3, pad=1),
        conv_case("stride", (1, 16, 15, 17), 16, 3, stride=2, pad=1),
        conv_case("stride_pointwise", (1, 32, 9, 9), 16, 1, stride=2),
        conv_case("large_kernel", (1, 3, 31, 29), 24, 7, stride=2, pad=3),
        conv_case("eleven", (1, 3, 47, 47), 16, 11, stride=4, pad=2),
        conv_case("rectangle", (3, 16, 9, 8), 16, [1, 5], pad=[0, 2, 0, 2]),
        conv_case("uneven_pad", (1, 16, 8, 9), 20, 3, pad=[0, 1, 2, 0]),
        conv_case("dilated", (1, 16, 15, 15), 16, 3, dilation=2, pad=2),
        conv_case("dilated_beyond", (1, 16, 7, 5), 16, 3, dilation=6, pad=6),
        conv_case("dilated_far", (2, 70, 9, 11), 24, 3, dilation=[7, 6], pad=[7, 6, 7, 6]), conv_case("dilated_far_strided", (1, 105, 5, 12), 60, [5, 3], stride=[1, 2], dilation=10, pad=[19, 9, 20, 10]),
        conv_case("dilated_far_apart", (1, 64, 16, 10), 20, [5, 3], dilation=[4, 6], pad=[8, 5, 8, 7], bias=False),
        conv_case("no_bias", (3, 16, 7, 7), 64, 3, pad=1, bias=False),
        conv_case("one_pixel", (1, 64, 1, 1), 33, 1),
        conv_case("one_pixel_many_samples", (264, 5, 3, 3), 17, 3),
        conv_case("wide", (1, 128, 6, 6), 144, 3, pad=1),
        conv_case("winograd_sized", (1, 64, 19, 21), 64, 3, pad=1),
        conv_case("winograd_ragged", (2, 72, 14, 13), 80, 3, pad=1),
        conv_case("winograd_ragged_five", (1, 64, 15, 14), 64, 5, pad=2),
        conv_case("winograd_ragged_slice", (2, 64, 1, 7, 6), 64, 5, pad=2),
        conv_case("winograd_five", (1, 64, 19, 21), 64, 5, pad=2),
        conv_case("winograd_row", (2, 64, 17, 17), 48, [1, 7], pad=[0, 3, 0, 3]),
        conv_case("winograd_long", (1, 64, 40, 25), 64, [9, 1], pad=[4, 0, 4, 0]),
        conv_case("winograd_column", (1, 40, 17, 13), 64, [5, 1], pad=[2, 0, 2, 0]),
        conv_case("winograd_dilated_column", (1, 64, 30, 30), 64, [3, 1], dilation=[4, 2], pad=[4, 0, 4, 0]),
        conv_case("winograd_dilated", (2, 48, 29, 33), 40, 3, dilation=[2, 3], pad=[2, 3, 2, 3]),
        conv_case("winograd_transforming", (2, 60, 21, 23), 92, 5, pad=2),
        conv_case("winograd_transforming_line", (1, 96, 40, 25), 96, [1, 7], dilation=[1, 2], pad=[0, 6, 0, 6]),
        conv_case("winograd_two", (2, 64, 18, 21), 48, 2, pad=[1, 0, 0, 1]),
        pooled_case("winograd_pooled", (2, 48, 33, 30), 40),
    ]


def infinite_case(name, *arguments, **attributes):
    """A channel's infinity or NaN is its own: no other channel of a depthwise convolution may see it, not even times zero."""
    case = conv_case(name, *arguments, **attributes)
    x = case.inputs[0].copy()
    x[0, 3, 2, 2], x[0, 20, 1, 1], x[0, 4, 5, 5] = np.inf, np.nan, -np.inf
    want = onnx("Conv", kernel_shape=case.weights["c.weight"].shape[2:], group=attributes["groups"])
    return Case(name, case.text, [x], want, case.weights)


def grouped_conv_cases():
    return [
        infinite_case("depthwise_point_infinite", (1, 32, 14, 13), 32, 1, groups=32),
        infinite_case("depthwise_infinite", (1, 32, 14, 13), 32, 3, groups=32),
        conv_case("groups_two", (1, 32, 9, 9), 64, 3, pad=1, groups=2),
        conv_case("groups_small", (1, 32, 8, 7), 32, 3, pad=1, groups=8),
        conv_case("groups_odd", (3, 6, 8, 7), 9, 3, groups=3),
        conv_case("groups_across_blocks", (1, 120, 7, 6), 120, 3, pad=1, groups=5),
        conv_case("groups_left_over", (2, 104, 7, 7), 104, 3, stride=2, pad=1, groups=13),
        conv_case("groups_transformed", (2, 96, 22, 30), 192, 3, pad=1, groups=4),
        conv_case("groups_transformed_ragged", (1, 96, 14, 13), 96, 3, pad=1, groups=2),
        conv_case("groups_transformed_joined", (1, 48, 30, 32), 96, 3, dilation=2, pad=2, groups=12),
        conv_case("groups_transformed_line", (1, 96, 17, 17), 96, [1, 7], pad=[0, 3, 0, 3], groups=3),
        conv_case("groups_to_few", (1, 240, 6, 6), 60, 1, groups=3),
        conv_case("groups_to_many", (1, 60, 6, 6), 240, 1, groups=3, bias=False),
        conv_case("depthwise_multiplier_left_over", (1, 24, 9, 9), 48, 3, groups=24),
        conv_case("depthwise", (1, 32, 14, 13), 32, 3, pad=1, groups=32),
        conv_case("depthwise_stride", (3, 24, 15, 15), 24, 3, stride=2, pad=1, groups=24),
        conv_case("depthwise_five", (1, 16, 12, 12), 16, 5, pad=2, groups=16),
        conv_case("depthwise_multiplier", (1, 8, 9, 9), 16, 3, groups=8),
        conv_case("one_dimension", (3, 16, 21), 32, 5, stride=2, pad=2),
        conv_case("one_dimension_odd", (1, 3, 17), 7, 3, dilation=2),
        conv_case("three_dimensions", (1, 4, 6, 7, 5), 8, 3, pad=1),
        conv_case("few_outputs", (2, 32, 19, 21), 3, 7, pad=[3, 2, 3, 1]), conv_case("one_output", (1, 32, 13, 18), 1, 3, stride=[2, 1], dilation=[1, 2], pad=2),
        conv_case("few_outputs_line", (1, 48, 50), 2, 9, pad=4),
        conv_case("three_dimensions_wide", (1, 16, 5, 6, 7), 16, [3, 1, 3], stride=[1, 2, 1]),
    ]


def transposed_case(name, shape, out, kernel, stride=1, pad=0, output_pad=0, groups=1, dilation=1):
    rank = len(shape) - 2
    kernels, strides, dilations = ([value] * rank if isinstance(value, int) else value for value in (kernel, stride, dilation))
    weights = {"t.weight": normal(shape[1], out // groups, *kernels), "t.bias": normal(out)}
    text = f"conv_transpose(x, out={out}, kernel={kernel}, stride={stride}, pad={pad}, output_pad={output_pad}, groups={groups}, dilation={dilation}) as t"
    return Case(name, text, [normal(*shape)], onnx("ConvTranspose", kernel_shape=kernels, strides=strides, pads=[pad] * 2 * rank, dilations=dilations,
                                                   output_padding=[output_pad] * rank, group=groups), weights)


def transposed_cases():
    return [
        transposed_case("plain", (1, 5, 6, 7), 8, 3),
        transposed_case("stride", (3, 16, 5, 5), 16, 4, stride=2, pad=1),
        transposed_case("output_pad", (1, 8, 5, 6), 6, 3, stride=2, pad=1, output_pad=1),
        transposed_case("groups", (1, 8, 5, 6), 12, 2, stride=2, groups=4),
        transposed_case("squares", (2, 24, 6, 5), 32, 2, stride=2),
        transposed_case("winograd", (1, 48, 14, 16), 40, 4, stride=2, pad=1),
        transposed_case("depthwise", (1, 16, 5, 6), 16, 4, stride=2, pad=1, groups=16),
        transposed_case("cut", (1, 16, 7, 7), 16, 5, stride=2, pad=4),
        transposed_case("wider", (2, 24, 6, 5), 32, [3, 4], stride=[1, 2], pad=1), transposed_case("higher", (1, 16, 6, 5), 3, [6, 3], stride=[3, 2], pad=1),
        transposed_case("line", (2, 16, 9), 1, 16, stride=8), transposed_case("line_wide", (1, 16, 9), 32, 4, stride=2, pad=1),
        transposed_case("cubes", (1, 16, 3, 4, 5), 16, 2, stride=2), transposed_case("cubes_odd", (2, 5, 4, 3, 3), 3, 3, stride=2, pad=1, output_pad=1),
        transposed_case("dilated", (2, 16, 6, 5), 16, 3, stride=2, pad=2, output_pad=1, dilation=2),
        transposed_case("dilated_apart", (1, 8, 5, 6), 16, 4, stride=3, pad=2, dilation=2), transposed_case("dilated_narrow", (1, 8, 5, 6), 3, 3, stride=3, dilation=2),
        transposed_case("dilated_mixed", (1, 8, 5, 6), 6, [5, 3], stride=[4, 2], pad=1, dilation=[6, 3], groups=2),
        transposed_case("sparse", (1, 8, 5, 6), 16, 1, stride=2, output_pad=1), transposed_case("sparse_narrow", (2, 8, 5, 6), 3, 2, stride=5, pad=1),
        transposed_case("sparse_cubes", (1, 8, 3, 2, 4), 8, [1, 2, 3], stride=[2, 3, 2], dilation=[1, 3, 2], groups=8),
        transposed_case("bias_alone", (1, 8, 2, 1), 8, 1, stride=3, pad=1, output_pad=2),
    ]


def linear_case(name, rows, features, out, bias=True):
    """`rows` may have several dimensions."""
    rows = rows if isinstance(rows, tuple) else (rows,)
    weights = {"l.weight": normal(out, features)} | ({"l.bias": normal(out)} if bias else {})
    want = lambda x, w, b=0: (x.astype(np.float64) @ w.T.astype(np.float64) + b).astype(np.float32)  # noqa: E731
    return Case(name, f"linear(x, out={out}, bias={'true' if bias else 'false'}) as l", [normal(*rows, features)], want, weights)


def matrix_cases():
    return [
        linear_case("linear", 1, 64, 48), linear_case("linear_odd", 3, 37, 11),
        linear_case("linear_channels_last", (2, 5, 9), 24, 80), linear_case("linear_sequence_odd", (1, 7), 19, 37),
        linear_case("linear_in_tiles", (2, 5, 37), 48, 352), linear_case("linear_in_tiles_odd", 100, 272, 368),
        linear_case("linear_in_strips", (3, 500), 192, 256), linear_case("linear_in_strips_of_planes", (6, 70), 272, 800),
        linear_case("linear_time_first", (50, 1), 48, 96), linear_case("linear_time_first_of_two", (37, 2), 36, 40), linear_case("linear_ones_last", (3, 20, 1), 32, 50),
        linear_case("linear_in_chunks", (2, 150), 1024, 128), linear_case("linear_in_chunks_of_strips", (1, 400), 1536, 160),
        linear_case("linear_many_rows", 300, 9, 21), linear_case("linear_tall", 17, 100, 48), linear_case("linear_no_bias", 5, 100, 33, False),
        Case("matmul", "matmul(x, y)", [normal(5, 7), normal(7, 9)], onnx("MatMul")),
        Case("matmul_batched", "matmul(x, y)", [normal(3, 4, 6), normal(3, 6, 5)], onnx("MatMul")),
        Case("matmul_tiled", "matmul(x, y)", [normal(2, 3, 37, 20), normal(2, 3, 20, 53)], onnx("MatMul")),
        Case("matmul_broadcast", "matmul(x, y)", [normal(2, 3, 4, 6), normal(6, 5)], onnx("MatMul")),
        Case("matmul_in_tiles", "matmul(x, y)", [normal(256, 640), normal(640, 320)], onnx("MatMul")),
        Case("matmul_in_tiles_odd", "relu(matmul(x, y))", [normal(203, 501), normal(501, 149)], lambda x, y: np.maximum(onnx("MatMul")(x, y), 0)),
        Case("matmul_in_tiles_batched", "matmul(x, y)", [normal(2, 3, 190, 353), normal(3, 353, 170)], onnx("MatMul")),
    ]


def sums_cases():
    """Long sums against NumPy in double precision: partial sums keep rounding errors at a few 1e-7 of the largest result, where
    one sequence has 1e-6 and more."""
    def sum_case(name, text, inputs, want, weights=None):
        return Case(name, text, inputs, lambda *arrays: want(*[np.asarray(a, np.float64) for a in arrays]), weights, tolerance=7e-7)

    def pointwise(name, inputs, outputs, pixels, groups=1):
        def want(x, w):
            x, w = x.reshape(groups, inputs // groups, -1), w.reshape(groups, outputs // groups, -1)
            return (w @ x).reshape(1, outputs, pixels, pixels)

        return sum_case(name, f"conv(x, out={outputs}, kernel=1, groups={groups}, bias=false) as c", [normal(1, inputs, pixels, pixels)], want,
                        {"c.weight": normal(outputs, inputs // groups, 1, 1)})

    def window(x, w):  # 3x3 without padding
        return np.einsum("ncyxij,ocij->noyx", np.lib.stride_tricks.sliding_window_view(x, (3, 3), (2, 3)), w, optimize=True)

    def transposed(x, w):  # 2x2 at stride 2: no two inputs meet
        return np.einsum("ncyx,coij->noyixj", x, w, optimize=True).reshape(1, 4, 6, 6)

    def softmax_of_product(x, y):
        e = np.exp(x @ y - (x @ y).max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    def layernorm_of_product(x, y):
        p = x @ y
        return (p - p.mean(1, keepdims=True)) / np.sqrt(p.var(1, keepdims=True) + 1e-5)

    return [
        pointwise("pointwise_of_2048", 2048, 64, 7), pointwise("pointwise_last_piece_short", 1552, 48, 5), pointwise("pointwise_in_groups", 2048, 64, 5, 2),
        sum_case("window_of_4608", "conv(x, out=32, kernel=3, stride=1, bias=false) as c", [normal(1, 512, 7, 7)], window, {"c.weight": normal(32, 512, 3, 3)}),
        sum_case("transposed_of_4096", "conv_transpose(x, out=4, kernel=2, stride=2, bias=false) as c", [normal(1, 4096, 3, 3)], transposed,
                 {"c.weight": normal(4096, 4, 2, 2)}),
        sum_case("linear_of_4096", "linear(x, out=40, bias=false) as c", [normal(1, 4096)], lambda x, w: x @ w.T, {"c.weight": normal(40, 4096)}),
        sum_case("linear_rows_of_4096", "linear(x, out=24, bias=false) as c", [normal(3, 5, 4096)], lambda x, w: x @ w.T, {"c.weight": normal(24, 4096)}),
        sum_case("matmul_of_4096", "matmul(x, y)", [normal(9, 4096), normal(4096, 21)], np.matmul),
        sum_case("mean_of_a_plane", "mean(x, axis=[2, 3], keepdims=true)", [positive(1, 3, 160, 150)], lambda x: x.mean((2, 3), keepdims=True)),
        sum_case("sum_of_a_row", "sum(x, axis=[1], keepdims=false)", [positive(6, 20000)], lambda x: x.sum(1)),
        sum_case("softmax_where_its_input_lies", "softmax(matmul(x, y), axis=1)", [normal(33, 3), normal(3, 1000)], softmax_of_product),
        sum_case("layernorm_of_768", "layernorm(matmul(x, y), axis=1, affine=false)", [normal(20, 4), normal(4, 768)], layernorm_of_product),
        sum_case("global_avgpool", "global_avgpool(x)", [positive(1, 32, 96, 80)], lambda x: x.mean((2, 3), keepdims=True)),
    ]


def pool_case(name, op, shape, kernel, stride, pad=0, **more):
    rank = len(shape) - 2
    words = "".join(f", {k}={str(bool(v)).lower()}" for k, v in more.items())
    text = f"{op}(x, kernel={kernel}, stride={stride}, pad={pad}{words})"
    attributes = {k: int(v) for k, v in more.items()}
    node = {"maxpool": "MaxPool", "avgpool": "AveragePool"}[op]
    return Case(name, text, [normal(*shape)], onnx(node, kernel_shape=[kernel] * rank, strides=[stride] * rank, pads=[pad] * 2 * rank, **attributes))


def max_of_windows(x):
    """3x3, stride 1, pad 1. ONNX Runtime starts from the lowest finite number and so turns -inf into that."""
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)], constant_values=-np.inf)
    return np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3)).max((-1, -2))


def pool_cases():
    hole = normal(1, 16, 6, 6)
    hole[0, 3, 2, 2] = np.inf
    hole[0, 4, :3] = -np.inf
    return [
        pool_case("max", "maxpool", (1, 16, 8, 8), 2, 2), pool_case("max_overlap", "maxpool", (3, 19, 9, 11), 3, 2, 1),
        pool_case("max_ceil", "maxpool", (1, 16, 10, 12), 3, 2, ceil_mode=True), pool_case("max_one_window", "maxpool", (1, 16, 2, 9), 3, 2, ceil_mode=True),
        pool_case("max_same", "maxpool", (1, 32, 7, 7), 3, 1, 1),
        Case("max_infinite", "maxpool(x, kernel=3, stride=1, pad=1)", [hole], max_of_windows),
        pool_case("max_one_dimension", "maxpool", (1, 8, 15), 3, 2), pool_case("max_three_dimensions", "maxpool", (1, 4, 6, 7, 5), 2, 2),
        pool_case("avg", "avgpool", (1, 16, 8, 8), 2, 2), pool_case("avg_pad", "avgpool", (3, 17, 9, 7), 3, 2, 1, count_include_pad=False),
        pool_case("avg_include", "avgpool", (1, 16, 9, 7), 3, 1, 1, count_include_pad=True),
        pool_case("avg_ceil", "avgpool", (1, 16, 10, 10), 3, 2, ceil_mode=True, count_include_pad=False),
        pool_case("avg_one_window", "avgpool", (1, 16, 2, 2), 3, 2, ceil_mode=True, count_include_pad=False),
        Case("global_avg", "global_avgpool(x)", [normal(3, 19, 7, 5)], onnx("GlobalAveragePool")),
        Case("global_max", "global_maxpool(x)", [normal(1, 32, 6, 5)], onnx("GlobalMaxPool")),
        Case("adaptive", "adaptive_avgpool(x, out=3)", [normal(1, 16, 6, 9)], onnx("AveragePool", kernel_shape=[2, 3], strides=[2, 3])),
        Case("lrn", "lrn(x, size=5, alpha=0.0001, beta=0.75, k=2)", [10 * normal(1, 19, 4, 5)], onnx("LRN", size=5, alpha=1e-4, beta=0.75, bias=2.0)),
        Case("lrn_wide", "lrn(x, size=41, alpha=0.01, beta=0.6, k=1)", [10 * normal(1, 35, 3, 2)], onnx("LRN", size=41, alpha=1e-2, beta=0.6, bias=1.0)),
    ]


def unary_cases():
    from scipy.special import erf

    x = np.concatenate([normal(60) * 3, [0, -0.0, 30, -30, 88, -88, 1e-6, -1e-6]]).astype(np.float32).reshape(2, 34)
    p = positive(2, 33)
    f = np.float64
    sigmoid = lambda v: 1 / (1 + np.exp(-v.astype(f)))  # noqa: E731
    softplus = lambda v: np.logaddexp(0, v.astype(f))  # noqa: E731
    table = [
        ("relu", "relu(x)", x, onnx("Relu")), ("relu6", "relu6(x)", x, lambda v: np.clip(v, 0, 6)), ("sigmoid", "sigmoid(x)", x, onnx("Sigmoid")),
        ("tanh", "tanh(x)", x, lambda v: np.tanh(v.astype(f))), ("silu", "silu(x)", x, lambda v: v * sigmoid(v)),
        ("hardswish", "hardswish(x)", x, onnx("HardSwish")), ("hardsigmoid", "hardsigmoid(x)", x, onnx("HardSigmoid")),
        ("mish", "mish(x)", x, lambda v: v * np.tanh(softplus(v))), ("gelu", "gelu(x)", x, lambda v: 0.5 * v * (1 + erf(v.astype(f) / np.sqrt(2)))),
        ("softplus", "softplus(x)", x, softplus), ("elu", "elu(x, alpha=1.5)", x, onnx("Elu", alpha=1.5)), ("selu", "selu(x)", x, onnx("Selu")),
        ("celu", "celu(x, alpha=2.0)", x, onnx("Celu", alpha=2.0)), ("leaky_relu", "leaky_relu(x, alpha=0.1)", x, onnx("LeakyRelu", alpha=0.1)),
        ("thresholded_relu", "thresholded_relu(x, alpha=0.7)", x, onnx("ThresholdedRelu", alpha=0.7)), ("softsign", "softsign(x)", x, onnx("Softsign")),
        ("erf", "erf(x)", x, lambda v: erf(v.astype(f))), ("exp", "exp(x)", x[:, :30] / 3, lambda v: np.exp(v.astype(f))),
        ("log", "log(x)", p, lambda v: np.log(v.astype(f))), ("sqrt", "sqrt(x)", p, np.sqrt), ("abs", "abs(x)", x, np.abs), ("floor", "floor(x)", x, np.floor),
        ("ceil", "ceil(x)", x, np.ceil), ("clip", "clip(x, min=-1, max=0.5)", x, lambda v: np.clip(v, -1, 0.5)), ("negative", "-x", x, np.negative),
        ("round", "round(x*4)", np.arange(-20, 20, dtype=np.float32) / 8, lambda v: np.round(v * 4)), ("sign", "sign(x)", x, np.sign),
        ("sin", "sin(x)", x, lambda v: np.sin(v.astype(f))), ("cos", "cos(x)", x, lambda v: np.cos(v.astype(f))),
    ]
    table.append(("sign_nan", "equal(sign(x), sign(x))", np.array([[np.nan, 2, -3, 0, np.inf, -np.inf]], np.float32), lambda v: np.sign(v) == np.sign(v)))
    cases = [Case(name, text, [values], (lambda g: lambda v: np.asarray(g(v), np.float32))(want)) for name, text, values, want in table]
    far = np.array([[-1e38, -200, -90, -20, -1e-30, 1e-30, 19, 20, 21, 44, 90, 1e38]], np.float32)
    cases.append(Case("mish_far", "mish(x)", [far], lambda v: (v * np.tanh(softplus(v))).astype(np.float32)))
    cases.append(Case("prelu", "prelu(x, shared=false) as p", [normal(3, 19, 5, 4)], onnx_prelu, {"p.weight": normal(19)}))
    return cases


def onnx_prelu(x, slope):
    return np.where(x < 0, x * slope[:, None, None], x)


def binary_cases():
    a, b, row, column, image, channel = normal(4, 33), normal(4, 33), normal(33), normal(4, 1), normal(3, 19, 5, 4), normal(1, 19, 1, 1)
    return [
        Case("add", "x + y", [a, b], np.add), Case("sub", "x - y", [a, b], np.subtract), Case("mul", "x * y", [a, b], np.multiply),
        Case("div", "x / y", [a, positive(4, 33)], np.divide), Case("div_zero", "x / 0", [a], lambda x: x / np.float32(0)),
        Case("min", "min(x, y)", [a, b], np.minimum), Case("max", "max(x, y)", [a, b], np.maximum),
        Case("pow", "pow(x, y)", [positive(4, 33), b], np.power),
        Case("less", "less(x, y)", [a, np.where(b > 0, a, b)], lambda u, v: (u < v).astype(np.float32)),
        Case("less_equal", "less_equal(x, y)", [a, np.where(b > 0, a, b)], lambda u, v: (u <= v).astype(np.float32)),
        Case("equal", "equal(x, y)", [a, np.where(b > 0, a, b)], lambda u, v: (u == v).astype(np.float32)),
        Case("where", "where(less(x, 0), y, z)", [a, column, row], lambda u, v, w: np.where(u < 0, v, w)),
        Case("where_number", "where(less(x, y), -1000, x)", [image, channel], lambda u, v: np.where(u < v, -1000, u)), Case("row", "x + y", [a, row], np.add), Case("column", "x * y", [a, column], np.multiply),
        Case("outer", "x - y", [row, column], np.subtract), Case("channel", "x * y", [image, channel], np.multiply),
        Case("scalar", "2.5 * x + 1", [a], lambda v: 2.5 * v + 1), Case("chain", "relu(x + y) * x", [image, image[::-1].copy()], lambda u, v: np.maximum(u + v, 0) * u),
    ]


def norm_cases():
    x = normal(3, 8, 5, 4)
    scale, shift, mean, var = positive(8), normal(8), normal(8), positive(8)
    bn = {"n.weight": scale, "n.bias": shift, "n.running_mean": mean, "n.running_var": var}

    def affine(y, w, b):
        return (y * w[:, None, None] + b[:, None, None]).astype(np.float32)

    def group(v, w, b, groups):
        g = v.reshape(v.shape[0], groups, -1).astype(np.float64)
        y = (g - g.mean(2, keepdims=True)) / np.sqrt(g.var(2, keepdims=True) + 1e-5)
        return affine(y.reshape(v.shape), w, b)

    def layer(v, w, b):
        d = v.astype(np.float64)
        return ((d - d.mean(-1, keepdims=True)) / np.sqrt(d.var(-1, keepdims=True) + 1e-5) * w + b).astype(np.float32)

    def packed_case(name, channels, groups, op):
        """Behind a convolution, whose channels are packed."""
        weights = {"c.weight": normal(channels, 8, 1, 1), "n.weight": positive(channels), "n.bias": normal(channels)}
        norm = (lambda v, w, b: group(v, w, b, groups)) if groups else pixels
        return Case(name, f"relu({op} as n)", [x], lambda v, c, w, b: np.maximum(norm(np.einsum("nihw,oi->nohw", v, c[:, :, 0, 0]), w, b), 0), weights)

    def pixels(v, w, b):
        d = v.astype(np.float64)
        return affine((d - d.mean(1, keepdims=True)) / np.sqrt(d.var(1, keepdims=True) + 1e-5), w, b)

    conv = "conv(x, out={}, kernel=1, bias=false) as c"
    s, long, window = normal(4, 37) * 5, normal(3, 700) * 3 + 5, normal(6, 49) * 4
    return [
        *(packed_case(f"groupnorm_packed{g}", 96, g, f"groupnorm({conv.format(96)}, groups={g})") for g in (1, 2, 32)),
        *(packed_case(f"instancenorm_packed{c}", c, c, f"instancenorm({conv.format(c)})") for c in (20, 64)),
        *(packed_case(f"channelnorm_packed{c}", c, None, f"channelnorm({conv.format(c)})") for c in (40, 64)),
        Case("channelnorm", "channelnorm(x) as n", [x], pixels, {"n.weight": scale, "n.bias": shift}),
        Case("layernorm_long", "layernorm(x) as n", [long], layer, {"n.weight": positive(700), "n.bias": normal(700)}),
        Case("softmax_window", "softmax(x, axis=1)", [window], onnx("Softmax", axis=1)), Case("softmax_long", "softmax(x, axis=1)", [long], onnx("Softmax", axis=1)),
        Case("max_long", "max(x, axis=[1], keepdims=true)", [long], lambda v: v.max(1, keepdims=True)), Case("min_window", "min(x, axis=[1], keepdims=true)", [window], lambda v: v.min(1, keepdims=True)),
        Case("batchnorm", "batchnorm(x) as n", [x], onnx("BatchNormalization", epsilon=1e-5), bn),
        Case("batchnorm_conv", "batchnorm(x) as n", [normal(1, 8, 3, 3)], onnx("BatchNormalization", epsilon=1e-5), bn),
        Case("groupnorm", "groupnorm(x, groups=2) as n", [x], lambda v, w, b: group(v, w, b, 2), {"n.weight": scale, "n.bias": shift}),
        Case("instancenorm", "instancenorm(x) as n", [x], lambda v, w, b: group(v, w, b, 8), {"n.weight": scale, "n.bias": shift}),
        Case("layernorm", "layernorm(x) as n", [normal(3, 5, 33)], layer, {"n.weight": positive(33), "n.bias": normal(33)}),
        Case("softmax", "softmax(x, axis=1)", [s], onnx("Softmax", axis=1)), Case("softmax_first", "softmax(x, axis=0)", [s], onnx("Softmax", axis=0)),
        Case("softmax_masked", "softmax(where(z, leaky_relu(x + y, alpha=0.2), -1e9), axis=2)", [normal(3, 1, 37), normal(3, 5, 1), (normal(5, 37) > 0).astype(np.float32)],
             lambda u, v, w: onnx("Softmax", axis=2)(np.where(w > 0, np.where(u + v < 0, np.float32(0.2) * (u + v), u + v), np.float32(-1e9)))),
        *(Case(f"ordinal_rank_{'x'.join(map(str, v.shape))}_{axis}", f"cast(ordinal_rank(x, axis={axis}), to=f32)", [v],
               lambda v, axis=axis: (-v).argsort(axis, kind="stable").argsort(axis).astype(np.float32))
          for axis, v in ((1, np.round(normal(1, 300), 1)), (1, np.round(normal(70, 37), 1)), (2, np.round(normal(2, 3, 50), 1)), (0, normal(40, 9)))),
        Case("ordinal_rank_smallest", "cast(ordinal_rank(x, axis=1, largest=false), to=f32)", [np.round(normal(3, 64), 1)],
             lambda v: v.argsort(1, kind="stable").argsort(1).astype(np.float32)),
        Case("softmax_short", "softmax(x, axis=2)", [normal(2, 37, 7)], onnx("Softmax", axis=2)), Case("log_softmax_short", "log_softmax(x, axis=1)", [normal(50, 3)], onnx("LogSoftmax", axis=1)),
        Case("layernorm_short", "layernorm(x) as n", [normal(3, 21, 5)], layer, {"n.weight": positive(5), "n.bias": normal(5)}), Case("sum_short", "sum(x, axis=[1])", [normal(33, 6)], lambda v: v.sum(1, keepdims=True)),
        Case("softmax_channel", "softmax(x, axis=1)", [x * 4], onnx("Softmax", axis=1)), Case("log_softmax", "log_softmax(x, axis=1)", [s], onnx("LogSoftmax", axis=1)),
        Case("sum", "sum(x, axis=[1, 2], keepdims=false)", [normal(3, 5, 7)], lambda v: v.sum((1, 2))), Case("mean", "mean(x, axis=[2], keepdims=true)", [normal(3, 5, 33)], lambda v: v.mean(2, keepdims=True)),
        Case("max", "max(x, axis=[0], keepdims=false)", [s], lambda v: v.max(0)), Case("min", "min(x, axis=[2, 3], keepdims=false)", [x], lambda v: v.min((2, 3))),
    ]


def shape_cases():
    x, image = normal(3, 4, 5), normal(1, 16, 6, 5)
    odd = normal(1, 3, 6, 5)

    def tables(extent):
        """Places of 9 results, 3 each, some of them outside."""
        return rng.integers(-extent - 2, extent + 2, (3, 9)).astype(np.int32), normal(3, 9)

    def resampled(axis):
        def run(v, places, weights):
            extent, shape = v.shape[axis], [-1] + [1] * (v.ndim - axis - 1)
            inside = np.clip(np.where(places < 0, places + extent, places), 0, extent - 1)
            return sum(v.take(i, axis) * w.reshape(shape) for i, w in zip(inside, weights))

        return run

    return [
        Case("concat", "concat([x, y], axis=1)", [image, normal(1, 32, 6, 5)], lambda u, v: np.concatenate([u, v], 1)),
        Case("concat_odd", "concat([x, y, z], axis=1)", [image, odd, normal(1, 5, 6, 5)], lambda u, v, w: np.concatenate([u, v, w], 1)),
        Case("concat_last", "concat([x, y], axis=2)", [x, normal(3, 4, 2)], lambda u, v: np.concatenate([u, v], 2)),
        Case("slice", "slice(x, start=[0, 1, 0], stop=[3, 3, 5], step=[2, 1, 2])", [x], lambda v: v[0:3:2, 1:3, ::2]),
        # A row shorter than a vector: lanes before it are not read.
        *[Case(f"slice_backwards_{n}", f"slice(x, axis=[1], start=[-1], stop=[-100], step=[{-step}])", [normal(1, n)], lambda v, step=step: v[:, ::-step])
          for n, step in ((6, 1), (7, 2), (15, 1), (20, 1))],
        Case("reshape", "reshape(x, [5, 12])", [x], lambda v: v.reshape(5, 12)), Case("flatten", "flatten(x)", [image], lambda v: v.reshape(1, -1)),
        Case("transpose", "transpose(x, perm=[2, 0, 1])", [x], lambda v: v.transpose(2, 0, 1)), Case("transpose_image", "transpose(x, perm=[0, 2, 3, 1])", [image], lambda v: v.transpose(0, 2, 3, 1)),
        Case("expand", "expand(x, [3, 4, 5])", [normal(4, 1)], lambda v: np.broadcast_to(v, (3, 4, 5))),
        Case("pad", "pad(x, low=[0, 0, 1, 2], high=[0, 0, 0, 3], value=1.5)", [odd], lambda v: np.pad(v, [(0, 0), (0, 0), (1, 0), (2, 3)], constant_values=1.5)),
        Case("pad_reflect", "pad(x, low=[0, 0, 1, 2], high=[0, 0, 2, 1], mode=\"reflect\")", [odd], lambda v: np.pad(v, [(0, 0), (0, 0), (1, 2), (2, 1)], "reflect")),
        Case("pad_edge", "pad(x, low=[0, 0, 1, 2], high=[0, 0, 2, 1], mode=\"edge\")", [odd], lambda v: np.pad(v, [(0, 0), (0, 0), (1, 2), (2, 1)], "edge")),
        Case("upsample", "upsample(x, scale=2)", [image], lambda v: v.repeat(2, 2).repeat(2, 3)),
        Case("upsample_linear", "upsample(x, scale=2, mode=\"linear\")", [odd], lambda v: onnx("Resize", mode="linear")(v, None, np.array([1, 1, 2, 2], np.float32))),
        Case("channel_shuffle", "channel_shuffle(x, groups=4)", [image], lambda v: v.reshape(1, 4, 4, 6, 5).swapaxes(1, 2).reshape(v.shape)),
        Case("depth_to_space", "depth_to_space(x, block=2)", [image], onnx("DepthToSpace", blocksize=2)),
        Case("depth_to_row", "depth_to_space(x, block=[1, 4])", [image], lambda v: v.reshape(1, 4, 4, 6, 5).transpose(0, 2, 3, 4, 1).reshape(1, 4, 6, 20)),
        Case("depth_to_line", "depth_to_space(x, block=3, mode=crd)", [normal(2, 12, 5)], lambda v: v.reshape(2, 4, 3, 5).transpose(0, 1, 3, 2).reshape(2, 4, 15)),
        Case("gather", "gather(x, y, axis=1)", [x, np.array([3, 0, 0, 2], np.int32)], lambda v, i: v[:, i]),
        Case("gather_outside", "gather(x, y, axis=1)", [x, np.array([-1, 9, -2**31, 2**31 - 1, -2], np.int32)],
             lambda v, i: v[:, np.clip(np.where(i < 0, i + v.shape[1], i), 0, v.shape[1] - 1)]),
        Case("gather_elements", "gather_elements(x, y, axis=1)", [x, rng.integers(0, 4, (3, 7, 5))], lambda v, i: np.take_along_axis(v, i, 1)),
        Case("gather_elements_lines", "gather_elements(x, y, axis=2)", [x, rng.integers(-5, 5, (3, 1, 9), np.int32)],
             lambda v, i: np.take_along_axis(v, np.broadcast_to(i, (3, 4, 9)), 2)),
        Case("resample", "resample(x, y, z, axis=3)", [odd, *tables(5)], resampled(3)),
        Case("resample_line", "resample(x, y, z, axis=2)", [normal(3, 4, 17), *tables(17)], resampled(2)),
        *(Case(f"resample_packed{axis}", f"resample(conv(x, out=40, kernel=1, bias=false) as c, y, z, axis={axis})", [image, *tables(extent)],
               lambda v, i, w, c, axis=axis: resampled(axis)(np.einsum("nihw,oi->nohw", v, c[:, :, 0, 0]), i, w), {"c.weight": normal(40, 16, 1, 1)})
          for axis, extent in ((2, 6), (3, 5))),
        Case("dropout", "dropout(x, p=0.5)", [x], lambda v: v), Case("stochastic_depth", "stochastic_depth(x, survive=0.8, rule=\"paper\")", [x], lambda v: 0.8 * v),
    ]


def packed_cases():
    """Channels moved while they are packed: what makes and reads them is a convolution that passes on each channel, and a window of one."""

    def case(name, text, shapes, want):
        """`x`, `y`, `z` in `text` are packed."""
        weights = {f"to_{letter}.weight": np.eye(shape[1], dtype=np.float32).reshape(shape[1], shape[1], *[1] * (len(shape) - 2))
                   for letter, shape in zip("xyz", shapes)}
        for letter, shape in zip("xyz", shapes):
            text = replace_word(text, letter, f"(conv({letter}, out={shape[1]}, kernel=1, bias=false) as to_{letter})")
        return Case(name, f"maxpool({text}, kernel=1)", [normal(*shape) for shape in shapes], lambda *arrays: want(*arrays[:len(shapes)]), weights)

    def shuffled(groups):
        return lambda v: v.reshape(v.shape[0], groups, v.shape[1] // groups, -1).swapaxes(1, 2).reshape(v.shape)

    return [
        case("join", "concat([x, y, z], axis=1)", [(1, 20, 14, 15), (1, 41, 14, 15), (1, 7, 14, 15)], lambda *parts: np.concatenate(parts, 1)),
        case("join_activated", "relu(concat([x, y], axis=1))", [(3, 9, 5, 4), (3, 30, 5, 4)], lambda *parts: np.maximum(np.concatenate(parts, 1), 0)),
        case("join_line", "concat([x, y], axis=1)", [(2, 24, 13), (2, 24, 13)], lambda *parts: np.concatenate(parts, 1)),
        # A recurrent network's first state, a constant, beside a picture under one window.
        Case("join_constant", "conv(concat([conv(x, out=32, kernel=1, bias=false) as a, weight(1, 24, 9, 8) as h], axis=1), out=16, kernel=3, pad=1, bias=false) as c",
             [normal(1, 20, 9, 8)], lambda v, a, h, c: onnx("Conv", pads=[1] * 4)(np.concatenate([onnx("Conv")(v, a), h], 1), c),
             {"a.weight": normal(32, 20, 1, 1), "h": normal(1, 24, 9, 8), "c.weight": normal(16, 56, 3, 3)}),
        case("cut", "slice(x, start=[0, 5, 0, 0], stop=[2, 43, 9, 8])", [(2, 48, 9, 8)], lambda v: v[:, 5:43]),
        case("cut_stride", "slice(x, start=[0, 1, 1, 2], stop=[1, 60, 9, 8], step=[1, 2, 2, 1])", [(1, 60, 9, 8)], lambda v: v[:, 1:60:2, 1::2, 2:]),
        case("pad_channels", "pad(x, low=[0, 8, 0, 0], high=[0, 11, 0, 0], value=1.5)", [(1, 33, 7, 6)],
             lambda v: np.pad(v, [(0, 0), (8, 11), (0, 0), (0, 0)], constant_values=1.5)),
        case("pad_reflect", "pad(x, low=[0, 0, 1, 2], high=[0, 0, 2, 1], mode=\"reflect\")", [(2, 20, 5, 6)],
             lambda v: np.pad(v, [(0, 0), (0, 0), (1, 2), (2, 1)], "reflect")),
        case("shuffle", "channel_shuffle(x, groups=3)", [(2, 60, 7, 5)], shuffled(3)),
        case("shuffle_line", "channel_shuffle(x, groups=2)", [(3, 34, 11)], shuffled(2)),
        case("shuffle_volume", "channel_shuffle(x, groups=4)", [(1, 36, 3, 4, 5)], shuffled(4)),
    ]


def whole(low, high, shape, dtype):
    return rng.integers(low, high, shape, dtype, endpoint=True)


def integer_cases():
    """Bytes and other integers: conversions, and what moves them. Results are equal, not close."""
    bytes_, image = whole(0, 255, (2, 5, 7, 3), np.uint8), whole(0, 255, (1, 16, 6, 10), np.uint8)
    wide = whole(-2**31, 2**31 - 1, (3, 37), np.int32)
    outside = np.array([-np.inf, -1e9, -1.5, -0.5, 0, 0.99, 127.5, 128, 254.9, 255, 255.5, 256, 3e9, np.inf], np.float32)
    return [
        Case("bytes_to_float", "cast(x, to=f32) * 2", [bytes_], lambda v: v.astype(np.float32) * 2),
        Case("bytes_to_i32", "cast(x, to=i32) * 3 - 300", [bytes_], lambda v: v.astype(np.int32) * 3 - 300),
        Case("bytes_to_i64", "cast(x, to=i64)", [bytes_], lambda v: v.astype(np.int64)),
        Case("float_to_bytes", "cast(x, to=u8)", [rng.uniform(0, 255.9, (3, 41)).astype(np.float32)], lambda v: v.astype(np.uint8)),
        Case("float_to_bytes_outside", "cast(x, to=u8)", [outside], lambda v: np.clip(v, 0, 255).astype(np.uint8)),
        Case("i32_to_bytes", "cast(x, to=u8)", [wide], lambda v: v.astype(np.uint8)),
        Case("i64_to_i32", "cast(x, to=i32)", [whole(-2**40, 2**40, (5, 9), np.int64)], lambda v: v.astype(np.int32)),
        Case("float_to_i32", "cast(x * 100, to=i32)", [normal(3, 17)], lambda v: (v * 100).astype(np.int32)),
        Case("float_to_i64", "cast(x * 100, to=i64)", [normal(3, 17)], lambda v: (v * 100).astype(np.int64)),
        Case("i32_to_float", "cast(x, to=f32)", [wide], lambda v: v.astype(np.float32)),
        Case("float_to_bool", "cast(cast(x, to=bool), to=f32)", [np.array([0, -0.0, 0.5, -3, 2, 256], np.float32)], lambda v: (v != 0).astype(np.float32)),
        Case("half_size", "cast(round(avgpool(cast(x, to=f32), kernel=2, stride=2)), to=u8)", [image],
             lambda v: np.rint(v.reshape(1, 16, 3, 2, 5, 2).mean((3, 5), dtype=np.float32)).astype(np.uint8)),
        Case("concat_bytes", "concat([x, cast(cast(y, to=i32) + 1, to=u8)], axis=1)", [image, whole(0, 255, (1, 5, 6, 10), np.uint8)],
             lambda u, v: np.concatenate([u, v + np.uint8(1)], 1)),
        Case("transpose_bytes", "transpose(x, perm=[0, 3, 1, 2])", [bytes_], lambda v: v.transpose(0, 3, 1, 2)),
        Case("slice_bytes", "slice(x, start=[0, 1, 0, 0], stop=[2, 5, 7, 2], step=[1, 2, 3, 1])", [bytes_], lambda v: v[:, 1:5:2, ::3, :2]),
        Case("pad_bytes", "pad(x, low=[0, 1, 2, 0], high=[0, 0, 1, 0], value=200)", [bytes_],
             lambda v: np.pad(v, [(0, 0), (1, 0), (2, 1), (0, 0)], constant_values=200)),
        Case("pad_edge_bytes", "pad(x, low=[0, 1, 2, 0], high=[0, 0, 1, 0], mode=\"edge\")", [bytes_],
             lambda v: np.pad(v, [(0, 0), (1, 0), (2, 1), (0, 0)], "edge")),
        Case("reshape_bytes", "reshape(x, [10, 21])", [bytes_], lambda v: v.reshape(10, 21)),
        Case("gather_bytes", "gather(x, y, axis=3)", [bytes_, np.array([2, 0, 0, 1], np.int32)], lambda v, i: v[..., i]),
        Case("expand_bytes", "expand(x, [4, 5, 6])", [whole(0, 255, (5, 1), np.uint8)], lambda v: np.broadcast_to(v, (4, 5, 6))),
        Case("negative", "-x", [wide], lambda v: -v), Case("negative_i64", "-x + 3", [whole(-9, 9, (7,), np.int64)], lambda v: -v + 3),
        Case("pad_i32", "pad(x, low=[0, 1], high=[1, 0], value=-7)", [wide], lambda v: np.pad(v, [(0, 1), (1, 0)], constant_values=-7)),
        Case("sum_i32", "sum(x, axis=1)", [whole(-99, 99, (3, 37), np.int32)], lambda v: v.sum(1, np.int32, keepdims=True)),
        Case("largest_i64", "max(x, axis=0, keepdims=false)", [whole(-2**40, 2**40, (5, 9), np.int64)], lambda v: v.max(0)),
    ]


def scatter_cases():
    def scattered(kind):
        combine = {"put": lambda a, b: b, "add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}[kind]

        def run(v, i, u, axis=0):
            y, i = np.moveaxis(v, axis, 0).copy(), np.moveaxis(np.broadcast_to(i, u.shape), axis, 0)
            lines = np.indices(y.shape[1:])
            for at, row in zip(i, np.moveaxis(u, axis, 0)):
                y[(at, *lines)] = combine(y[(at, *lines)], row)
            return np.moveaxis(y, 0, axis)

        return run

    return [
        *(Case(f"scatter_{kind}", f"scatter(x, y, z, kind={kind}, axis=0)", [normal(9, 70), rng.integers(-9, 9, (40, 1)), normal(40, 70)], scattered(kind))
          for kind in ("put", "add", "mul", "max", "min")),
        *(Case(f"scatter_{width}", "scatter(x, y, z, kind=add, axis=0)",
               [np.zeros((50, width), np.float32), rng.integers(0, 50, (300, 1)), normal(300, width)], scattered("add")) for width in (1, 2, 8, 13, 32, 65)),
        Case("scatter_lines", "scatter(x, y, z, kind=add, axis=1)", [normal(3, 9, 20), rng.integers(0, 9, (1, 33, 1)), normal(3, 33, 20)],
             lambda v, i, u: scattered("add")(v, np.broadcast_to(i, u.shape), u, 1)),
        Case("scatter_elements", "scatter(x, y, z, kind=add, axis=1)", [normal(3, 9, 20), rng.integers(0, 9, (3, 33, 20)), normal(3, 33, 20)],
             lambda v, i, u: scattered("add")(v, i, u, 1)),
        Case("scatter_outside", "scatter(x, y, z, kind=put, axis=1)", [normal(3, 5), np.array([[-6, 5, 2, 9, -1]] * 3), normal(3, 5)],
             lambda v, i, u: np.stack([v[:, 0], v[:, 1], u[:, 2], v[:, 3], u[:, 4]], 1)),
        Case("scatter_relu", "relu(scatter(x, y, z, kind=add, axis=0)*2)", [normal(9, 20), rng.integers(0, 9, (40, 1)), normal(40, 20)],
             lambda v, i, u: np.maximum(scattered("add")(v, i, u)*2, 0)),
    ]


GROUPS = {"conv": conv_cases, "conv_grouped": grouped_conv_cases, "conv_transposed": transposed_cases, "matrix": matrix_cases, "sums": sums_cases, "pool": pool_cases,
          "unary": unary_cases, "binary": binary_cases, "norm": norm_cases, "shape": shape_cases, "scatter": scatter_cases, "packed": packed_cases, "integer": integer_cases}


def network(cases):
    """The text of one network that holds all cases, its inputs by name, its weights by path."""
    inputs, weights, body, results = {}, {}, [], []
    for index, case in enumerate(cases):
        text = case.text
        for letter, array in zip("xyz", case.inputs):
            inputs[f"{letter}{index}"] = array
        words = [f"{letter}{index}" for letter in "xyz"[:len(case.inputs)]]
        for letter, word in zip("xyz", words):
            text = replace_word(text, letter, word)
        text = text.replace(" as ", f" as {case.name}.")
        weights.update({f"{case.name}.{path}": array for path, array in case.weights.items()})
        body.append(f"  r{index} = {text}")
        results.append(f"r{index}: {word_of(case.want)}[{', '.join(map(str, case.want.shape))}]")
    ports = [f"{name}: {DTYPES[a.dtype][0]}[{', '.join(map(str, a.shape))}]" for name, a in inputs.items()]
    source = "weft 1\n\nnet ops(" + ", ".join(ports) + ") -> (" + ", ".join(results) + ") {\n" + "\n".join(body) + "\n}\n"
    return source, inputs, weights


def word_of(array):
    """The element type of a result in the language: what NumPy computes in double precision is f32 here."""
    return DTYPES[array.dtype][0] if array.dtype.kind in "iu" else "f32"


def replace_word(text, word, other):
    import re

    return re.sub(rf"(?<![A-Za-z0-9_.]){word}(?![A-Za-z0-9_=])", other, text)


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def difference(got, want):
    """Largest difference as a share of the largest finite value; infinite where infinities or NaNs stand elsewhere."""
    if got.shape != want.shape:
        return np.inf
    if want.dtype.kind in "iu":
        return 0.0 if got.dtype == want.dtype and np.array_equal(got, want) else np.inf
    finite = np.isfinite(want)
    if not np.array_equal(got[~finite], want[~finite], equal_nan=True) or not np.isfinite(got[finite]).all():
        return np.inf
    if not finite.any():
        return 0.0
    scale = max(np.abs(want[finite]).max(), 1e-30)
    return float(np.abs(got[finite].astype(np.float64) - want[finite]).max() / scale)


def run_group(cases, arguments, folder):
    """Compiles and runs `cases` as one network; prints a line for each; returns how many fail."""
    folder.mkdir(parents=True, exist_ok=True)
    source, inputs, weights = network(cases)
    (folder / "ops.weft").write_text(source)
    save_file({k: np.ascontiguousarray(v) for k, v in weights.items()} or {"none": np.zeros(1, np.float32)}, folder / "weights.safetensors")
    for name, array in inputs.items():
        np.save(folder / f"{name}.npy", array)
    call(arguments.weftc, folder / "ops.weft", f"--weights={folder / 'weights.safetensors'}", "-o", folder / "ops", *arguments.more)
    runs = []
    for threads in (1, 2):
        files = [f"--input={name}={folder / f'{name}.npy'}" for name in inputs] + [f"--output=r{k}={folder / f'r{k}.npy'}" for k in range(len(cases))]
        call(folder / "ops", f"--threads={threads}", *files)
        runs.append([np.load(folder / f"r{k}.npy") for k in range(len(cases))])
    failed = 0
    for case, one, two in zip(cases, *runs):
        error = difference(one, case.want)
        good = error <= case.tolerance and one.tobytes() == two.tobytes()
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {case.name:24} {error:.1e}{'' if one.tobytes() == two.tobytes() else '  threads differ'}")
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--single", action="store_true", help="each case as a network of its own")
    parser.add_argument("groups", nargs="*")
    arguments, arguments_more = parser.parse_known_args()
    arguments.more = arguments_more
    if arguments.list:
        print("\n".join(GROUPS))
        return
    failed = 0
    for name in arguments.groups or GROUPS:
        cases = GROUPS[name]()
        if not arguments.single:
            failed += run_group(cases, arguments, arguments.out / name)
            continue
        for case in cases:
            try:
                failed += run_group([case], arguments, arguments.out / name / case.name)
            except RuntimeError as error:
                failed += 1
                print(f"FAIL {case.name:24} {str(error).splitlines()[-3:]}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
