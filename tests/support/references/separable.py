# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Networks of depthwise and grouped convolutions, and what was found by search: MobileNets, EfficientNet-Lite0, ShuffleNets,
Xception, NASNet."""


def mobilenet_v1(b, x):
    x = b.relu6(b.batchnorm(b.conv(x, "conv_stem", 32, 3, 2, 1), "bn1"))
    for stage, depth in enumerate([1, 2, 2, 6, 2]):
        for i in range(depth):
            path, stride = f"blocks.{stage}.{i}", 2 if stage and not i else 1
            x = b.relu6(b.batchnorm(b.conv(x, f"{path}.conv_dw", x[1], 3, stride, 1, x[1]), f"{path}.bn1"))
            x = b.relu6(b.batchnorm(b.conv(x, f"{path}.conv_pw", 64 << stage, 1), f"{path}.bn2"))
    return b.classifier(x, "classifier")


def mobilenet_v2(b, x):
    def conv_bn(x, path, out, kernel, stride, groups=1, act=True):
        x = b.batchnorm(b.conv(x, f"{path}.0", out, kernel, stride, kernel // 2, groups, gain=2.0 if act else 1.0), f"{path}.1")
        return b.relu6(x) if act else x

    def inverted(x, path, expand, out, stride):
        y, inner, at = x, x[1] * expand, 0
        if expand != 1:
            y = conv_bn(y, f"{path}.conv.0", inner, 1, 1)
            at = 1
        y = conv_bn(y, f"{path}.conv.{at}", inner, 3, stride, inner)
        y = b.conv(y, f"{path}.conv.{at + 1}", out, 1, gain=1.0)
        y = b.batchnorm(y, f"{path}.conv.{at + 2}")
        return b.add(x, y) if stride == 1 and x[1] == out else y

    x = conv_bn(x, "features.0", 32, 3, 2)
    index = 1
    for expand, out, repeat, stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for i in range(repeat):
            x = inverted(x, f"features.{index}", expand, out, stride if i == 0 else 1)
            index += 1
    x = conv_bn(x, "features.18", 1280, 1, 1)
    return b.classifier(x, "classifier.1")


def efficientnet_lite0(b, x):
    def conv_bn(x, path, norm, *window, act=True):
        y = b.batchnorm(b.conv(x, path, *window, gain=2.0 if act else 1.0), norm, 1e-3)
        return b.relu6(y) if act else y

    x, index = conv_bn(x, "_conv_stem", "_bn0", 32, 3, 2, "same"), 0
    for depth, kernel, first, expand, out in [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80),
                                              (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)]:
        for i in range(depth):
            path, stride, wide, y = f"_blocks.{index}", 1 if i else first, x[1] * expand, x
            if expand > 1:
                y = conv_bn(y, f"{path}._expand_conv", f"{path}._bn0", wide, 1)
            y = conv_bn(y, f"{path}._depthwise_conv", f"{path}._bn1", wide, kernel, stride, "same", wide)
            y = conv_bn(y, f"{path}._project_conv", f"{path}._bn2", out, 1, act=False)
            x = b.add(y, x) if stride == 1 and x[1] == out else y
            index += 1
    x = conv_bn(x, "_conv_head", "_bn1", 1280, 1)
    return b.classifier(x, "_fc")


def shufflenet_v1(b, x, groups=3, width=240):
    x = b.maxpool(b.relu(b.batchnorm(b.conv(x, "conv1", 24, 3, 2, 1), "bn1")), 3, 2, 1)
    for stage, (depth, size) in enumerate([(4, 28), (8, 14), (4, 7)]):
        out, inner = width << stage, (width << stage) // 4
        for i in range(depth):
            path, stride = f"stage{stage + 2}.{i}", 1 if i else 2
            y = b.conv(x, f"{path}.conv1", inner, 1, groups=groups if stage or i else 1)
            y = b.shuffle_channels(b.relu(b.batchnorm(y, f"{path}.bn1")), groups, size if i else 2 * size)
            y = b.batchnorm(b.conv(y, f"{path}.conv2", inner, 3, stride, 1, inner), f"{path}.bn2")
            y = b.conv(y, f"{path}.conv3", out if i else out - x[1], 1, groups=groups)
            y = b.batchnorm(y, f"{path}.bn3")
            x = b.relu(b.add(x, y) if i else b.concat([b.avgpool(x, 3, 2, 1), y]))
    return b.classifier(x, "fc")


def shufflenet_v2_x1_0(b, x):
    def conv_bn(x, path, k, out, kernel=1, stride=1, groups=1):
        return b.batchnorm(b.conv(x, f"{path}.{k}", out, kernel, stride, kernel // 2, groups), f"{path}.{k + 1}")

    def wide(x, path, half, stride):
        y = b.relu(conv_bn(x, path, 0, half))
        y = conv_bn(y, path, 3, half, 3, stride, half)
        return b.relu(conv_bn(y, path, 5, half))

    def unit(x, path, out, stride, size):
        half = out // 2
        if stride == 1:
            left, right = b.split(x, [half, half])
        else:
            left, right = b.relu(conv_bn(conv_bn(x, f"{path}.branch1", 0, x[1], 3, 2, x[1]), f"{path}.branch1", 2, half)), x
        return b.shuffle_channels(b.concat([left, wide(right, f"{path}.branch2", half, stride)]), 2, size)

    x = b.maxpool(b.relu(conv_bn(x, "conv1", 0, 24, 3, 2)), 3, 2, 1)
    for stage, repeats, out, size in [(2, 4, 116, 28), (3, 8, 232, 14), (4, 4, 464, 7)]:
        for i in range(repeats):
            x = unit(x, f"stage{stage}.{i}", out, 1 if i else 2, size)
    x = b.relu(conv_bn(x, "conv5", 0, 1024))
    return b.classifier(x, "fc")


def xception(b, x):
    def separable(x, path, out):
        return b.conv(b.conv(x, f"{path}.conv1", x[1], 3, 1, 1, x[1]), f"{path}.pointwise", out, 1)

    def unit(x, path, *outs, stride=1):
        y, at = x, 0
        for k, out in enumerate(outs):
            if path != "block1" or k:
                y, at = b.relu(y), at + 1
            y = b.batchnorm(separable(y, f"{path}.rep.{at}", out), f"{path}.rep.{at + 1}")
            at += 2
        if stride == 1:
            return b.add(y, x)
        return b.add(b.maxpool(y, 3, 2, 1), b.batchnorm(b.conv(x, f"{path}.skip", outs[-1], 1, 2), f"{path}.skipbn"))

    x = b.relu(b.batchnorm(b.conv(x, "conv1", 32, 3, 2), "bn1"))
    x = b.relu(b.batchnorm(b.conv(x, "conv2", 64, 3), "bn2"))
    for k, out in [(1, 128), (2, 256), (3, 728)]:
        x = unit(x, f"block{k}", out, out, stride=2)
    for k in range(4, 12):
        x = unit(x, f"block{k}", 728, 728, 728)
    x = unit(x, "block12", 728, 1024, stride=2)
    for k, out in [(3, 1536), (4, 2048)]:
        x = b.relu(b.batchnorm(separable(x, f"conv{k}", out), f"bn{k}"))
    return b.classifier(x, "fc")


class NasnetCells:
    """The two cells of NASNet-A, figure 4 of the paper."""

    def __init__(self, b, path):
        self.b, self.path = b, path

    def project(self, x, name, out):
        b = self.b
        return b.batchnorm(b.conv(b.relu(x), f"{self.path}.{name}.conv", out, 1), f"{self.path}.{name}.bn", 1e-3)

    def separable(self, x, name, kernel, stride=1, out=None, middle=None):
        b, path = self.b, f"{self.path}.comb_iter_{name}"
        for k, channels in enumerate([middle or x[1], out or x[1]], start=1):
            x = b.conv(b.relu(x), f"{path}.separable_{k}.depthwise_conv2d", x[1], kernel, stride if k == 1 else 1, "same", x[1])
            x = b.conv(x, f"{path}.separable_{k}.pointwise_conv2d", channels, 1)
            x = b.batchnorm(x, f"{path}.bn_sep_{k}", 1e-3)
        return x

    def squeezed(self, x, out):
        """Half the size: every second pixel, and every second one from the next on."""
        b = self.b
        x = b.relu(x)
        moved = b.pad(x, [0, 0, 0, 0], [0, 0, 1, 1])
        parts = [b.conv(b.every_second(v, first), f"{self.path}.path_{k}.conv", out // 2, 1) for k, v, first in [(1, x, 0), (2, moved, 1)]]
        return b.batchnorm(b.concat(parts), f"{self.path}.final_path_bn", 1e-3)

    def normal(self, h, p):
        b, near = self.b, lambda x: self.b.avgpool(x, 3, 1, 1)
        return b.concat([
            p, b.add(self.separable(h, "0_left", 5), self.separable(p, "0_right", 3)),
            b.add(self.separable(p, "1_left", 5), self.separable(p, "1_right", 3)), b.add(near(h), p), b.add(near(p), near(p)),
            b.add(self.separable(h, "4_left", 3), h)])

    def reduction(self, h, p, middle=None):
        b, out = self.b, h[1]
        largest = b.maxpool(h, 3, 2, "same")
        first = b.add(self.separable(h, "0_left", 5, 2), self.separable(p, "0_right", 7, 2, out, middle))
        second = b.add(largest, self.separable(p, "1_right", 7, 2, out, middle))
        third = b.add(b.avgpool(h, 3, 2, "same", 1), self.separable(p, "2_right", 5, 2, out, middle))
        fourth = b.add(b.avgpool(first, 3, 1, 1), second)
        return b.concat([second, third, fourth, b.add(self.separable(first, "4_left", 3), largest)])


def nasnet(b, x, cells, width, stem):
    image = b.batchnorm(b.conv(x, "conv0.conv", stem, 3, 2), "conv0.bn", 1e-3)
    cell = NasnetCells(b, "cell_stem_0")
    before = cell.reduction(cell.project(image, "conv_1x1", width // 4), image, width // 4)
    cell = NasnetCells(b, "cell_stem_1")
    last = cell.reduction(cell.project(before, "conv_1x1", width // 2), cell.squeezed(image, width // 2))
    for stage in range(3):
        out = width << stage
        if stage:
            cell = NasnetCells(b, f"reduction_cell_{stage - 1}")
            last = cell.reduction(cell.project(last, "conv_1x1", out), cell.project(before, "conv_prev_1x1", out))
        for i in range(cells):
            cell = NasnetCells(b, f"cell_{6 * stage + i}")
            p = cell.project(before, "conv_prev_1x1", out) if i else cell.squeezed(before, out)
            before, last = last, cell.normal(cell.project(last, "conv_1x1", out), p)
    return b.classifier(b.relu(last), "last_linear")
