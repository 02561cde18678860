# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""What the papers vary in their blocks: reach of a shortcut, survival, depth and growth, gates. See tests/networks/blocks.weft."""
from .classic import gated


def spanned(b, x, path, width, stride, layers):
    """Convolutions with batch norm, ReLU between them."""
    for k in range(1, layers + 1):
        x = b.batchnorm(b.conv(x, f"{path}.conv{k}", width, 3, stride if k == 1 else 1, 1), f"{path}.bn{k}")
        x = b.relu(x) if k < layers else x
    return x


def blocks(b, x):
    x = b.relu(b.add(spanned(b, x, "three", 16, 1, 3), x))
    side = b.batchnorm(b.conv(x, "one.downsample.0", 24, 1, 2), "one.downsample.1")
    x = b.relu(b.add(spanned(b, x, "one", 24, 2, 1), side))
    side = b.pad(b.every_second(x), [0, 12, 0, 0], [0, 12, 0, 0], 24)
    x = b.relu(b.add(b.scaled(spanned(b, x, "cifar", 48, 2, 3), 0.6), side))
    x = b.relu(spanned(b, x, "plain", 48, 1, 2))
    for i in (1, 2, 3):
        path = f"dense.denselayer{i}"
        y = b.conv(b.relu(b.batchnorm(x, f"{path}.norm1")), f"{path}.conv1", 32, 1)
        x = b.concat([x, b.conv(b.relu(b.batchnorm(y, f"{path}.norm2")), f"{path}.conv2", 8, 3, 1, 1)])
    x = gated(b, x, lambda v, name: b.conv(v, f"highway.{name}", 72, 3, 1, 1, bias=True), coupled=True, reach=3)
    return b.classifier(x, "fc", 10)
