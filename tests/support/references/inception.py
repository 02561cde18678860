# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""The Inception family: GoogLeNet as published and in torchvision, the blocks alone, v3, v4 and the residual ones."""
import numpy as np


def conv_norm(b, x, path, out, kernel=1, stride=1, pad=0):
    return b.relu(b.batchnorm(b.conv(x, f"{path}.conv", out, kernel, stride, pad), f"{path}.bn", 1e-3))


def in_row(b, x, path, steps):
    """`steps`: name, channels, window, stride, pad."""
    for name, *step in steps:
        x = conv_norm(b, x, f"{path}.{name}", *step)
    return x


def numbered(b, x, path, *steps):
    """Convolutions that keep the size, unless the stride is given; named 0, 1, ... as in nn.Sequential."""
    for k, (out, kernel, *stride) in enumerate(steps):
        kernel = b.each(kernel)
        pad = [0, 0] if stride else [size // 2 for size in kernel]
        x = conv_norm(b, x, f"{path}.{k}", out, kernel, *(stride or [1]), pad)
    return x


def adaptive_4(b, x):
    """Means over rows and columns of 14, as a product with a matrix from both sides."""
    means = np.zeros((4, 14), np.float32)
    for i in range(4):
        low, high = i * 14 // 4, -(-(i + 1) * 14 // 4)
        means[i, low:high] = 1 / (high - low)
    rows = b.node("MatMul", [b.constant(means, np.float32), x[0]])
    return b.node("MatMul", [rows, b.constant(means.T, np.float32)]), x[1]


def reduced(b, x, path, c1, r3, c3, r5, c5, pool):
    def conv(x, name, out, kernel=1):
        return b.relu(b.conv(x, f"{path}{name}", out, kernel, 1, kernel // 2, bias=True))

    return b.concat([conv(x, "1x1", c1), conv(conv(x, "3x3_reduce", r3), "3x3", c3, 3),
                     conv(conv(x, "5x5_reduce", r5), "5x5", c5, 5), conv(b.maxpool(x, 3, 1, 1), "pool_proj", pool)])


def naive(b, x, c1, c3, c5):
    parts = [b.relu(b.conv(x, f"{k}x{k}", out, k, 1, k // 2, bias=True)) for k, out in [(1, c1), (3, c3), (5, c5)]]
    return b.concat(parts + [b.maxpool(x, 3, 1, 1)])


def googlenet_2014(b, x, heads=False):
    """Table 1 of the paper."""
    def auxiliary(x, path):
        y = b.relu(b.conv(b.avgpool(x, 5, 3), f"{path}.conv", 128, 1, bias=True))
        y = b.relu(b.linear(b.flatten(y, 2048), f"{path}.fc1", 1024))
        return b.softmax(b.linear(y, f"{path}.fc2", 1000))

    def norm(x):
        return b.node("LRN", [x[0]], size=5, alpha=5e-4, beta=0.75, bias=1.0), x[1]

    x = norm(b.maxpool(b.relu(b.conv(x, "conv1", 64, 7, 2, 3, bias=True)), 3, 2, ceil=1))
    x = b.relu(b.conv(x, "conv2_reduce", 64, 1, bias=True))
    x = b.maxpool(norm(b.relu(b.conv(x, "conv2", 192, 3, 1, 1, bias=True))), 3, 2, ceil=1)
    table = {"3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64), "4a": (192, 96, 208, 16, 48, 64),
             "4b": (160, 112, 224, 24, 64, 64), "4c": (128, 128, 256, 24, 64, 64), "4d": (112, 144, 288, 32, 64, 64),
             "4e": (256, 160, 320, 32, 128, 128), "5a": (256, 160, 320, 32, 128, 128), "5b": (384, 192, 384, 48, 128, 128)}
    results = {}
    for name, row in table.items():
        if name in ("4a", "5a"):
            x = b.maxpool(x, 3, 2, ceil=1)
        x = reduced(b, x, f"inception{name}.", *row)
        if heads and name in ("4a", "4d"):
            results[f"aux{len(results) + 1}"] = auxiliary(x, f"aux{len(results) + 1}")
    probabilities = b.softmax(b.classifier(x, "fc"))
    return results | {"probabilities": probabilities} if heads else probabilities


def googlenet(b, x, heads=False):
    def conv_bn(x, path, out, kernel=1, stride=1):
        return conv_norm(b, x, path, out, kernel, stride, kernel // 2)

    def inception(x, path, c1, r3, c3, r5, c5, pool):
        return b.concat([
            conv_bn(x, f"{path}.branch1", c1),
            conv_bn(conv_bn(x, f"{path}.branch2.0", r3), f"{path}.branch2.1", c3, 3),
            conv_bn(conv_bn(x, f"{path}.branch3.0", r5), f"{path}.branch3.1", c5, 3),
            conv_bn(b.maxpool(x, 3, 1, 1, ceil=1), f"{path}.branch4.1", pool)])

    def auxiliary(x, path):
        """On 14 x 14, where torchvision's adaptive pooling to 4 x 4 has windows of 5, 4 or 5 at 0, 3, 7 and 10."""
        if not heads:
            return None
        y = conv_bn(adaptive_4(b, x), f"{path}.conv", 128)
        y = b.relu(b.linear(b.flatten(y, 2048), f"{path}.fc1", 1024))
        return b.linear(y, f"{path}.fc2", 1000)

    x = b.maxpool(conv_bn(x, "conv1", 64, 7, 2), 3, 2, ceil=1)
    x = conv_bn(conv_bn(x, "conv2", 64), "conv3", 192, 3)
    x = b.maxpool(x, 3, 2, ceil=1)
    x = inception(x, "inception3a", 64, 96, 128, 16, 32, 32)
    x = inception(x, "inception3b", 128, 128, 192, 32, 96, 64)
    x = b.maxpool(x, 3, 2, ceil=1)
    x = inception(x, "inception4a", 192, 96, 208, 16, 48, 64)
    aux1 = auxiliary(x, "aux1")
    x = inception(x, "inception4b", 160, 112, 224, 24, 64, 64)
    x = inception(x, "inception4c", 128, 128, 256, 24, 64, 64)
    x = inception(x, "inception4d", 112, 144, 288, 32, 64, 64)
    aux2 = auxiliary(x, "aux2")
    x = inception(x, "inception4e", 256, 160, 320, 32, 128, 128)
    x = b.maxpool(x, 2, 2, ceil=1)
    x = inception(x, "inception5a", 256, 160, 320, 32, 128, 128)
    x = inception(x, "inception5b", 384, 192, 384, 48, 128, 128)
    logits = b.classifier(x, "fc")
    return {"logits": logits, "aux1": aux1, "aux2": aux2} if heads else logits


def inception_v3(b, x, heads=False):
    def conv_bn(x, path, *how):
        return conv_norm(b, x, path, *how)

    def chain(x, path, *steps):
        return in_row(b, x, path, steps)

    def pooled(x, path, out):
        return conv_bn(b.avgpool(x, 3, 1, 1, count_pad=1), f"{path}.branch_pool", out)

    def module_a(x, path, pool):
        return b.concat([
            chain(x, path, ("branch1x1", 64)),
            chain(x, path, ("branch5x5_1", 48), ("branch5x5_2", 64, 5, 1, 2)),
            chain(x, path, ("branch3x3dbl_1", 64), ("branch3x3dbl_2", 96, 3, 1, 1), ("branch3x3dbl_3", 96, 3, 1, 1)),
            pooled(x, path, pool)])

    def module_b(x, path):
        return b.concat([
            chain(x, path, ("branch3x3", 384, 3, 2)),
            chain(x, path, ("branch3x3dbl_1", 64), ("branch3x3dbl_2", 96, 3, 1, 1), ("branch3x3dbl_3", 96, 3, 2)),
            b.maxpool(x, 3, 2)])

    def module_c(x, path, c):
        row, column = ((1, 7), 1, (0, 3)), ((7, 1), 1, (3, 0))
        return b.concat([
            chain(x, path, ("branch1x1", 192)),
            chain(x, path, ("branch7x7_1", c), ("branch7x7_2", c, *row), ("branch7x7_3", 192, *column)),
            chain(x, path, ("branch7x7dbl_1", c), ("branch7x7dbl_2", c, *column), ("branch7x7dbl_3", c, *row),
                  ("branch7x7dbl_4", c, *column), ("branch7x7dbl_5", 192, *row)),
            pooled(x, path, 192)])

    def module_d(x, path):
        return b.concat([
            chain(x, path, ("branch3x3_1", 192), ("branch3x3_2", 320, 3, 2)),
            chain(x, path, ("branch7x7x3_1", 192), ("branch7x7x3_2", 192, (1, 7), 1, (0, 3)),
                  ("branch7x7x3_3", 192, (7, 1), 1, (3, 0)), ("branch7x7x3_4", 192, 3, 2)),
            b.maxpool(x, 3, 2)])

    def module_e(x, path):
        def both(x, name):
            return [chain(x, path, (f"{name}a", 384, (1, 3), 1, (0, 1))), chain(x, path, (f"{name}b", 384, (3, 1), 1, (1, 0)))]

        near = chain(x, path, ("branch3x3_1", 384))
        far = chain(x, path, ("branch3x3dbl_1", 448), ("branch3x3dbl_2", 384, 3, 1, 1))
        return b.concat([chain(x, path, ("branch1x1", 320)), *both(near, "branch3x3_2"), *both(far, "branch3x3dbl_3"),
                         pooled(x, path, 192)])

    x = conv_bn(x, "Conv2d_1a_3x3", 32, 3, 2)
    x = conv_bn(x, "Conv2d_2a_3x3", 32, 3)
    x = b.maxpool(conv_bn(x, "Conv2d_2b_3x3", 64, 3, 1, 1), 3, 2)
    x = conv_bn(x, "Conv2d_3b_1x1", 80)
    x = b.maxpool(conv_bn(x, "Conv2d_4a_3x3", 192, 3), 3, 2)
    x = module_a(x, "Mixed_5b", 32)
    x = module_a(x, "Mixed_5c", 64)
    x = module_a(x, "Mixed_5d", 64)
    x = module_b(x, "Mixed_6a")
    for letter, inner in zip("bcde", (128, 160, 160, 192)):
        x = module_c(x, f"Mixed_6{letter}", inner)
    if heads:
        y = conv_bn(b.avgpool(x, 5, 3), "AuxLogits.conv0", 128)
        aux = b.classifier(conv_bn(y, "AuxLogits.conv1", 768, 5), "AuxLogits.fc")
    x = module_d(x, "Mixed_7a")
    x = module_e(x, "Mixed_7b")
    x = module_e(x, "Mixed_7c")
    logits = b.classifier(x, "fc")
    return {"logits": logits, "aux": aux} if heads else logits


def inception_v4(b, x):
    def pooled(x, path, out):
        return conv_norm(b, b.avgpool(x, 3, 1, 1), f"{path}.branch3.1", out)

    def module_a(x, path):
        return b.concat([conv_norm(b, x, f"{path}.branch0", 96), numbered(b, x, f"{path}.branch1", (64, 1), (96, 3)),
                         numbered(b, x, f"{path}.branch2", (64, 1), (96, 3), (96, 3)), pooled(x, path, 96)])

    def module_b(x, path):
        return b.concat([
            conv_norm(b, x, f"{path}.branch0", 384), numbered(b, x, f"{path}.branch1", (192, 1), (224, (1, 7)), (256, (7, 1))),
            numbered(b, x, f"{path}.branch2", (192, 1), (192, (7, 1)), (224, (1, 7)), (224, (7, 1)), (256, (1, 7))),
            pooled(x, path, 128)])

    def module_c(x, path):
        def forked(x, name):
            return [conv_norm(b, x, f"{path}.{name}a", 256, (1, 3), 1, (0, 1)), conv_norm(b, x, f"{path}.{name}b", 256, (3, 1), 1, (1, 0))]

        near = conv_norm(b, x, f"{path}.branch1_0", 384)
        far = in_row(b, x, path, [("branch2_0", 384), ("branch2_1", 448, (3, 1), 1, (1, 0)), ("branch2_2", 512, (1, 3), 1, (0, 1))])
        return b.concat([conv_norm(b, x, f"{path}.branch0", 256), *forked(near, "branch1_1"), *forked(far, "branch2_3"),
                         pooled(x, path, 256)])

    x = in_row(b, x, "features", [("0", 32, 3, 2), ("1", 32, 3), ("2", 64, 3, 1, 1)])
    x = b.concat([b.maxpool(x, 3, 2), conv_norm(b, x, "features.3.conv", 96, 3, 2)])
    x = b.concat([numbered(b, x, "features.4.branch0", (64, 1), (96, 3, 1)),
                  numbered(b, x, "features.4.branch1", (64, 1), (64, (1, 7)), (64, (7, 1)), (96, 3, 1))])
    x = b.concat([conv_norm(b, x, "features.5.conv", 192, 3, 2), b.maxpool(x, 3, 2)])
    for k in range(6, 10):
        x = module_a(x, f"features.{k}")
    x = b.concat([conv_norm(b, x, "features.10.branch0", 384, 3, 2),
                  numbered(b, x, "features.10.branch1", (192, 1), (224, 3), (256, 3, 2)), b.maxpool(x, 3, 2)])
    for k in range(11, 18):
        x = module_b(x, f"features.{k}")
    x = b.concat([numbered(b, x, "features.18.branch0", (192, 1), (192, 3, 2)),
                  numbered(b, x, "features.18.branch1", (256, 1), (256, (1, 7)), (320, (7, 1)), (320, 3, 2)), b.maxpool(x, 3, 2)])
    for k in range(19, 22):
        x = module_c(x, f"features.{k}")
    return b.classifier(x, "last_linear")


def inception_resnet(b, x, stem, repeats, blocks, reduction, last):
    """`blocks`: for each of the three kinds, its branches as lists of steps; `reduction`: the same for the two between."""
    def residual(x, path, branches, scale, act=True):
        parts = []
        for k, steps in enumerate(branches):
            whole = f"{path}.branch{k}"
            parts.append(conv_norm(b, x, whole, *steps[0]) if len(steps) == 1 else numbered(b, x, whole, *steps))
        y = b.add(b.scaled(b.conv(b.concat(parts), f"{path}.conv2d", x[1], 1, bias=True), scale), x)
        return b.relu(y) if act else y

    def halved(x, path, branches):
        parts = [numbered(b, x, f"{path}.branch{k}", *steps) for k, steps in enumerate(branches)]
        return b.concat(parts + [b.maxpool(x, 3, 2)])

    x = stem(x)
    for name, count, branches, scale, between in zip(["repeat", "repeat_1", "repeat_2"], repeats, blocks, [0.17, 0.1, 0.2], [*reduction, None]):
        for k in range(count):
            x = residual(x, f"{name}.{k}", branches, scale)
        if name == "repeat":
            first = conv_norm(b, x, "mixed_6a.branch0", 384, 3, 2)
            x = b.concat([first, numbered(b, x, "mixed_6a.branch1", *between), b.maxpool(x, 3, 2)])
        elif between:
            x = halved(x, "mixed_7a", between)
    if last:
        x = conv_norm(b, residual(x, "block8", blocks[2], 1.0, act=False), "conv2d_7b", 1536)
    return b.classifier(x, "classif")


def first_layers(b, x, *steps):
    for step in steps:
        x = conv_norm(b, x, f"conv2d_{step[0]}", *step[1:]) if step else b.maxpool(x, 3, 2)
    return x


def inception_resnet_v1(b, x):
    def stem(x):
        return first_layers(b, x, ("1a", 32, 3, 2), ("2a", 32, 3), ("2b", 64, 3, 1, 1), None, ("3b", 80), ("4a", 192, 3),
                            ("4b", 256, 3, 2))

    blocks = [[[(32, 1)], [(32, 1), (32, 3)], [(32, 1), (32, 3), (32, 3)]],
              [[(128, 1)], [(128, 1), (128, (1, 7)), (128, (7, 1))]],
              [[(192, 1)], [(192, 1), (192, (1, 3)), (192, (3, 1))]]]
    reduction = [[(192, 1), (192, 3), (256, 3, 2)],
                 [[(256, 1), (384, 3, 2)], [(256, 1), (256, 3, 2)], [(256, 1), (256, 3), (256, 3, 2)]]]
    return inception_resnet(b, x, stem, (5, 10, 5), blocks, reduction, last=False)


def inception_resnet_v2(b, x):
    def stem(x):
        x = first_layers(b, x, ("1a", 32, 3, 2), ("2a", 32, 3), ("2b", 64, 3, 1, 1), None, ("3b", 80), ("4a", 192, 3), None)
        return b.concat([
            conv_norm(b, x, "mixed_5b.branch0", 96), numbered(b, x, "mixed_5b.branch1", (48, 1), (64, 5)),
            numbered(b, x, "mixed_5b.branch2", (64, 1), (96, 3), (96, 3)),
            conv_norm(b, b.avgpool(x, 3, 1, 1), "mixed_5b.branch3.1", 64)])

    blocks = [[[(32, 1)], [(32, 1), (32, 3)], [(32, 1), (48, 3), (64, 3)]],
              [[(192, 1)], [(128, 1), (160, (1, 7)), (192, (7, 1))]],
              [[(192, 1)], [(192, 1), (224, (1, 3)), (256, (3, 1))]]]
    reduction = [[(256, 1), (256, 3), (384, 3, 2)],
                 [[(256, 1), (384, 3, 2)], [(256, 1), (288, 3, 2)], [(256, 1), (288, 3), (320, 3, 2)]]]
    return inception_resnet(b, x, stem, (10, 20, 9), blocks, reduction, last=True)
