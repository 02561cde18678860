# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""The networks before 2015, the templates of lectures, and sound: LeNet-5, AlexNet, ZFNet, VGG, SqueezeNet, highways, M5."""
import numpy as np

# Digits as LeNet-5's codes draw them.
CODES = """
..###.. ...#... .#####. ####### .....#. ####### ..####. ####### .#####. .####..
.#...#. ..##... #.....# ......# ....##. #...... .#..... ......# #.....# #....#.
#.....# .#.#... ......# .....#. ...#.#. #...... #...... ......# #.....# #.....#
#.....# ...#... ......# ....#.. ..#..#. #...... #...... .....#. #.....# #.....#
#.....# ...#... .....#. ...###. .#...#. ######. #.####. .....#. .#####. #....##
#.....# ...#... ....#.. ......# #....#. ......# ##....# ....#.. #.....# .####.#
#.....# ...#... ...#... ......# ####### ......# #.....# ....#.. #.....# ......#
#.....# ...#... ..#.... ......# .....#. ......# #.....# ...#... #.....# ......#
#.....# ...#... .#..... #.....# .....#. #.....# #.....# ...#... #.....# ......#
.#...#. ...#... #...... #.....# .....#. #.....# .#....# ..#.... #.....# .....#.
..###.. .#####. ####### .#####. .....#. .#####. ..####. ..#.... .#####. .####..
....... ....... ....... ....... ....... ....... ....... ....... ....... .......
"""

# Table I of the paper: rows are maps of S2, columns maps of C3.
SEES = """
X...XXX..XXXX.XX
XX...XXX..XXXX.X
XXX...XXX..X.XXX
.XXX..XXXX..X.XX
..XXX..XXXX.XX.X
...XXX..XXXX.XXX
"""


def lenet5(b, x):
    x = b.tanh(b.conv(x, "conv1", 6, 5, bias=True))
    x = b.tanh(b.avgpool(x, 2, 2))
    x = b.tanh(b.conv(x, "conv2", 16, 5, bias=True))
    x = b.tanh(b.avgpool(x, 2, 2))
    x = b.tanh(b.conv(x, "conv3", 120, 5, bias=True))
    x = b.tanh(b.linear(b.flatten(x), "fc1", 84))
    return b.softmax(b.linear(x, "fc2", 10))


def lenet5_1998(b, x):
    def squash(x):
        return b.scaled(b.tanh(b.scaled(x, 2 / 3)), 1.7159)

    def subsample(x, path):
        factor = b.weight(f"{path}.weight", (x[1], 1, 1), 1.0)
        summed = b.scaled(b.avgpool(x, 2, 2), 4.0)
        return squash(b.add(b.mul(summed, (factor, 1)), (b.weight(f"{path}.bias", (x[1], 1, 1), 0.1), 1)))

    def sparse_conv(x, path):
        dense = np.zeros((16, 6, 5, 5), np.float32)
        for m, column in enumerate(zip(*SEES.split())):
            seen = [c for c, mark in enumerate(column) if mark == "X"]
            dense[m, seen] = b.weights[b.weight(f"{path}.{m}.weight", (1, len(seen), 5, 5), 0.1)]
        y = b.node("Conv", [x[0], b.constant(dense, np.float32)], kernel_shape=[5, 5])
        return b.add((y, 16), (b.weight(f"{path}.bias", (16, 1, 1), 0.1), 1))

    x = subsample(squash(b.conv(x, "c1", 6, 5, bias=True)), "s2")
    x = subsample(squash(sparse_conv(x, "c3")), "s4")
    x = squash(b.conv(x, "c5", 120, 5, bias=True))
    x = squash(b.linear(b.flatten(x), "f6", 84))
    rows = [line.split() for line in CODES.split("\n") if line]
    codes = [[1.0 if dot == "#" else -1.0 for row in rows for dot in row[digit]] for digit in range(10)]
    apart = b.node("Sub", [b.reshape(x, [-1, 1, 84]), b.constant(codes, np.float32)])
    return b.node("ReduceSumSquare", [apart], axes=[2], keepdims=0), 10


def alexnet(b, x):
    x = b.relu(b.conv(x, "features.0", 64, 11, 4, 2, bias=True))
    x = b.maxpool(x, 3, 2)
    x = b.relu(b.conv(x, "features.3", 192, 5, 1, 2, bias=True))
    x = b.maxpool(x, 3, 2)
    for index, out in [(6, 384), (8, 256), (10, 256)]:
        x = b.relu(b.conv(x, f"features.{index}", out, 3, 1, 1, bias=True))
    x = b.maxpool(x, 3, 2)
    x = b.relu(b.linear(b.flatten(x, 256 * 36), "classifier.1", 4096))
    x = b.relu(b.linear(x, "classifier.4", 4096))
    return b.linear(x, "classifier.6", 1000)


def three_layers(b, x, features, hidden, names=("fc6", "fc7", "fc8"), classes=1000):
    x = b.relu(b.linear(b.flatten(x, features), names[0], hidden))
    x = b.relu(b.linear(x, names[1], hidden))
    return b.linear(x, names[2], classes)


def alexnet_2012(b, x, hidden=4096):
    x = b.maxpool(b.lrn(b.relu(b.conv(x, "conv1", 96, 11, 4, bias=True))), 3, 2)
    x = b.maxpool(b.lrn(b.relu(b.conv(x, "conv2", 256, 5, 1, 2, groups=2, bias=True))), 3, 2)
    x = b.relu(b.conv(x, "conv3", 384, 3, 1, 1, bias=True))
    x = b.relu(b.conv(x, "conv4", 384, 3, 1, 1, groups=2, bias=True))
    x = b.maxpool(b.relu(b.conv(x, "conv5", 256, 3, 1, 1, groups=2, bias=True)), 3, 2)
    return three_layers(b, x, 256 * 36, hidden)


def alexnet_lecture(b, x, hidden=4096):
    x = b.lrn(b.maxpool(b.relu(b.conv(x, "conv1", 96, 11, 4, bias=True)), 3, 2))
    x = b.lrn(b.maxpool(b.relu(b.conv(x, "conv2", 256, 5, 1, 2, bias=True)), 3, 2))
    for k, out in [(3, 384), (4, 384), (5, 256)]:
        x = b.relu(b.conv(x, f"conv{k}", out, 3, 1, 1, bias=True))
    return three_layers(b, b.maxpool(x, 3, 2), 256 * 36, hidden)


def zfnet(b, x, hidden=4096):
    x = b.lrn(b.maxpool(b.relu(b.conv(x, "conv1", 96, 7, 2, 1, bias=True)), 3, 2, 1))
    x = b.lrn(b.maxpool(b.relu(b.conv(x, "conv2", 256, 5, 2, bias=True)), 3, 2, 1))
    for k, out in [(3, 512), (4, 1024), (5, 512)]:
        x = b.relu(b.conv(x, f"conv{k}", out, 3, 1, 1, bias=True))
    return three_layers(b, b.maxpool(x, 3, 2), 512 * 36, hidden)


# Table 1 of the paper: widths, M for max pooling, L for normalisation, 1 before a width for a 1 x 1 window.
VGG = {
    "vgg11": [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "vgg11_lrn": [64, "L", "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "vgg13": [64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "vgg16c": [64, 64, "M", 128, 128, "M", 256, 256, (1, 256), "M", 512, 512, (1, 512), "M", 512, 512, (1, 512), "M"],
    "vgg16": [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"],
    "vgg19": [64, 64, "M", 128, 128, "M", 256, 256, 256, 256, "M", 512, 512, 512, 512, "M", 512, 512, 512, 512, "M"],
}


def vgg(b, x, plan, norm=False, hidden=4096, box=False):
    index = 0
    for item in VGG[plan]:
        if item in ("M", "L"):
            x = b.maxpool(x, 2, 2) if item == "M" else b.lrn(x)
            index += 1
            continue
        kernel, width = item if isinstance(item, tuple) else (3, item)
        x = b.conv(x, f"features.{index}", width, kernel, 1, kernel // 2, bias=True)
        x = b.relu(b.batchnorm(x, f"features.{index + 1}") if norm else x)
        index += 3 if norm else 2
    x = b.relu(b.linear(b.flatten(x, 512 * 49), "classifier.0", hidden))
    x = b.relu(b.linear(x, "classifier.3", hidden))
    logits = b.linear(x, "classifier.6", 1000)
    return {"logits": logits, "box": b.linear(x, "box", 4)} if box else logits


def fire(b, x, path, squeeze, expand):
    x = b.relu(b.conv(x, f"{path}.squeeze", squeeze, 1, bias=True))
    return b.concat([b.relu(b.conv(x, f"{path}.expand1x1", expand, 1, bias=True)),
                     b.relu(b.conv(x, f"{path}.expand3x3", expand, 3, 1, 1, bias=True))])


def squeezenet(b, x, stem, kernel, plan):
    x = b.maxpool(b.relu(b.conv(x, "features.0", stem, kernel, 2, bias=True)), 3, 2, ceil=1)
    for index, item in enumerate(plan, start=3):
        x = fire(b, x, f"features.{index}", *item) if item else b.maxpool(x, 3, 2, ceil=1)
    x = b.relu(b.conv(x, "classifier.1", 1000, 1, bias=True))
    return b.flatten(b.global_avgpool(x))


def squeezenet1_0(b, x):
    return squeezenet(b, x, 96, 7, [(16, 64), (16, 64), (32, 128), None, (32, 128), (48, 192), (48, 192), (64, 256), None, (64, 256)])


def squeezenet1_1(b, x):
    return squeezenet(b, x, 64, 3, [(16, 64), (16, 64), None, (32, 128), (32, 128), None, (48, 192), (48, 192), (64, 256), (64, 256)])


def convnet(b, x, n=2, m=3, k=1, pool=True):
    size = 32
    for stage in range(m):
        for i in range(n):
            x = b.relu(b.conv(x, f"stage{stage}.conv{i}", 32 << stage, 3, 1, 1, bias=True))
        if pool:
            x, size = b.maxpool(x, 2, 2), size // 2
    x = b.flatten(x, x[1] * size * size)
    for i in range(k):
        x = b.relu(b.linear(x, f"fc{i}", 128))
    return b.softmax(b.linear(x, "classifier", 10))


def gated(b, x, layer, coupled, reach):
    """H * T + x * C; `layer(x, name)` is one layer before its activation."""
    h = x
    for i in range(reach):
        h = b.relu(layer(h, f"plain.{i}"))
    t = b.sigmoid(layer(x, "transform"))
    c = (b.node("Sub", [b.constant(1, np.float32), t[0]]), t[1]) if coupled else b.sigmoid(layer(x, "carry"))
    return b.add(b.mul(h, t), b.mul(x, c))


def highway(b, x, coupled=False, reach=1):
    x = b.relu(b.linear(b.flatten(x, 784), "input", 50))
    for i in range(10):
        x = gated(b, x, lambda v, name: b.linear(v, f"layers.{i}.{name}", 50), coupled, reach)
    return b.softmax(b.linear(x, "output", 10))


def highway_conv(b, x, coupled=False, reach=1):
    for s, width in enumerate([32, 48, 64], start=1):
        x = b.relu(b.conv(x, f"stage{s}.input", width, 3, 1, 1, bias=True))
        for i in range(2):
            x = gated(b, x, lambda v, name: b.conv(v, f"stage{s}.{i}.{name}", width, 3, 1, 1, bias=True), coupled, reach)
        x = b.maxpool(x, 2, 2)
    return b.softmax(b.linear(b.flatten(x, 64 * 16), "output", 10))


def m5(b, x):
    for k, (out, kernel, stride, pad) in enumerate([(128, 80, 4, 38), (128, 3, 1, 1), (256, 3, 1, 1), (512, 3, 1, 1)], start=1):
        x = b.relu(b.batchnorm(b.conv(x, f"conv{k}", out, kernel, stride, pad, bias=True), f"bn{k}"))
        x = b.maxpool(x, 4, 4)
    return b.classifier(x, "fc1", 10)
