# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Residual networks: He's, wide, aggregated, pre-activated, with squeeze and excitation, of video; a segmentation head on one."""


def layer(b, x, conv, norm, out, kernel, stride=1, act=True, **more):
    """A convolution that keeps the size, batch norm and, mostly, ReLU."""
    pad = more.get("dilation", 1) * (kernel // 2)
    x = b.batchnorm(b.conv(x, conv, out, kernel, stride, pad, **more), norm, size=1.0 if act else b.damp)
    return b.relu(x) if act else x


def shortcut(b, x, y, path, stride):
    if stride != 1 or x[1] != y[1]:
        x = layer(b, x, f"{path}.downsample.0", f"{path}.downsample.1", y[1], 1, stride, act=False)
    return b.relu(b.add(y, x))


def basic_block(b, x, path, width, stride, plain=False):
    y = layer(b, x, f"{path}.conv1", f"{path}.bn1", width, 3, stride)
    y = layer(b, y, f"{path}.conv2", f"{path}.bn2", width, 3, act=False)
    return b.relu(y) if plain else shortcut(b, x, y, path, stride)


def bottleneck(b, x, path, width, stride, groups=1, base=64, dilation=1):
    inner = width * base // 64 * groups
    y = layer(b, x, f"{path}.conv1", f"{path}.bn1", inner, 1)
    y = layer(b, y, f"{path}.conv2", f"{path}.bn2", inner, 3, stride, groups=groups, dilation=dilation)
    y = layer(b, y, f"{path}.conv3", f"{path}.bn3", 4 * width, 1, act=False)
    return shortcut(b, x, y, path, stride)


def resnet(b, x, block, depths, **more):
    x = b.maxpool(layer(b, x, "conv1", "bn1", 64, 7, 2), 3, 2, 1)
    for stage, depth in enumerate(depths):
        for i in range(depth):
            x = block(b, x, f"layer{stage + 1}.{i}", 64 << stage, 2 if stage and not i else 1, **more)
    return b.classifier(x, "fc")


def resnet_cifar(b, x, n, plain=False, survive=None):
    """Section 4.2 of He et al. 2015, option A. `survive` gives the factor of block l of 3n at inference."""
    x = layer(b, x, "conv1", "bn1", 16, 3)
    for block in range(3 * n):
        stage, i = divmod(block, n)
        width, path = 16 << stage, f"layer{stage + 1}.{i}"
        stride = 2 if stage and not i else 1
        y = layer(b, x, f"{path}.conv1", f"{path}.bn1", width, 3, stride)
        y = layer(b, y, f"{path}.conv2", f"{path}.bn2", width, 3, act=False)
        if survive:
            y = b.scaled(y, survive((block + 1) / (3 * n)))
        if stride == 2:
            x = b.pad(b.every_second(x), [0, width // 4, 0, 0], [0, width // 4, 0, 0], width // 2)
        x = b.relu(y if plain else b.add(y, x))
    return b.classifier(x, "linear", 10)


def preact_cifar(b, x, n, width, bottlenecks=False):
    """He et al. 2016: batch norm and ReLU before each convolution."""
    x = b.conv(x, "conv1", 16, 3, 1, 1)
    for block in range(3 * n):
        stage, i = divmod(block, n)
        out, path, stride = width << stage, f"layer{stage + 1}.{i}", 2 if stage and not i else 1
        first = b.relu(b.batchnorm(x, f"{path}.bn1"))
        plan = [(out // 4, 1), (out // 4, 3), (out, 1)] if bottlenecks else [(out, 3), (out, 3)]
        y = first
        for k, (channels, kernel) in enumerate(plan, start=1):
            y = y if k == 1 else b.relu(b.batchnorm(y, f"{path}.bn{k}"))
            y = b.conv(y, f"{path}.conv{k}", channels, kernel, stride if k == 1 else 1, kernel // 2)
        if x[1] != out or stride != 1:
            x = b.conv(first, f"{path}.downsample", out, 1, stride)
        x = b.add(y, x)
    return b.classifier(b.relu(b.batchnorm(x, "bn")), "fc", 10)


def resnetv2_50(b, x):
    x = b.maxpool(b.conv(x, "stem.conv", 64, 7, 2, 3), 3, 2, 1)
    for stage, depth in enumerate([3, 4, 6, 3]):
        out = 256 << stage
        for i in range(depth):
            path, stride = f"stages.{stage}.blocks.{i}", 2 if stage and not i else 1
            first = b.relu(b.batchnorm(x, f"{path}.norm1"))
            side = b.conv(first, f"{path}.downsample.conv", out, 1, stride) if i == 0 else x
            y = b.conv(first, f"{path}.conv1", out // 4, 1)
            y = b.conv(b.relu(b.batchnorm(y, f"{path}.norm2")), f"{path}.conv2", out // 4, 3, stride, 1)
            x = b.add(b.conv(b.relu(b.batchnorm(y, f"{path}.norm3")), f"{path}.conv3", out, 1), side)
    x = b.global_avgpool(b.relu(b.batchnorm(x, "norm")))
    return b.flatten(b.conv(x, "head.fc", 1000, 1, bias=True))


def excite(b, x, path):
    s = b.relu(b.conv(b.global_avgpool(x), f"{path}.fc1", x[1] // 16, 1, bias=True))
    return b.mul(x, b.sigmoid(b.conv(s, f"{path}.fc2", x[1], 1, bias=True)))


def senet(b, x, depths, deep):
    """`deep`: SENet-154's stem, halves and groups; otherwise SE-ResNet."""
    stem = [(64, 3, 2), (64, 3, 1), (128, 3, 1)] if deep else [(64, 7, 2)]
    for k, (out, kernel, stride) in enumerate(stem, start=1):
        x = layer(b, x, f"layer0.conv{k}", f"layer0.bn{k}", out, kernel, stride)
    x = b.maxpool(x, 3, 2, ceil=1)
    for stage, depth in enumerate(depths):
        width = 64 << stage
        for i in range(depth):
            path, stride = f"layer{stage + 1}.{i}", 2 if stage and not i else 1
            names = [(f"{path}.conv{k}", f"{path}.bn{k}") for k in (1, 2, 3)]
            y = layer(b, x, *names[0], 2 * width if deep else width, 1, 1 if deep else stride)
            y = layer(b, y, *names[1], 4 * width, 3, stride, groups=64) if deep else layer(b, y, *names[1], width, 3)
            y = excite(b, layer(b, y, *names[2], 4 * width, 1, act=False), f"{path}.se_module")
            if i == 0:
                kernel = 3 if deep and stage else 1
                x = layer(b, x, f"{path}.downsample.0", f"{path}.downsample.1", 4 * width, kernel, stride, act=False)
            x = b.relu(b.add(y, x))
    return b.classifier(x, "last_linear")


def fcn_head(b, x, path):
    y = layer(b, x, f"{path}.0", f"{path}.1", x[1] // 4, 3)
    y, _ = b.conv(y, f"{path}.4", 21, 1, bias=True)
    scales = b.constant([1, 1, 8, 8], "float32")
    return b.node("Resize", [y, "", scales], mode="linear", coordinate_transformation_mode="half_pixel"), 21


def fcn_resnet50(b, x):
    x = b.maxpool(layer(b, x, "backbone.conv1", "backbone.bn1", 64, 7, 2), 3, 2, 1)
    for stage, depth in enumerate([3, 4, 6, 3]):
        for i in range(depth):
            dilation = [1, 1, 2 if i else 1, 4 if i else 2][stage]
            stride = 2 if stage == 1 and not i else 1
            x = bottleneck(b, x, f"backbone.layer{stage + 1}.{i}", 64 << stage, stride, dilation=dilation)
        if stage == 2:
            aux = fcn_head(b, x, "aux_classifier")
    return {"scores": fcn_head(b, x, "classifier"), "aux": aux}


def r3d_18(b, x):
    x = b.relu(b.batchnorm(b.conv(x, "stem.0", 64, (3, 7, 7), (1, 2, 2), (1, 3, 3)), "stem.1"))
    for stage in range(4):
        for i in range(2):
            path, out, stride = f"layer{stage + 1}.{i}", 64 << stage, 2 if stage and not i else 1
            y = layer(b, x, f"{path}.conv1.0", f"{path}.conv1.1", out, 3, stride)
            y = layer(b, y, f"{path}.conv2.0", f"{path}.conv2.1", out, 3, act=False)
            x = shortcut(b, x, y, path, stride)
    return b.classifier(x, "fc", 400)
