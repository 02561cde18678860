# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Networks whose layers see many earlier ones: DenseNet and FractalNet."""


def densenet(b, x, depths, growth=32, stem=64):
    x = b.relu(b.batchnorm(b.conv(x, "features.conv0", stem, 7, 2, 3), "features.norm0"))
    x = b.maxpool(x, 3, 2, 1)
    for stage, depth in enumerate(depths, start=1):
        for i in range(1, depth + 1):
            path = f"features.denseblock{stage}.denselayer{i}"
            y = b.conv(b.relu(b.batchnorm(x, f"{path}.norm1")), f"{path}.conv1", 4 * growth, 1)
            y = b.conv(b.relu(b.batchnorm(y, f"{path}.norm2")), f"{path}.conv2", growth, 3, 1, 1)
            x = b.concat([x, y])
        if stage < 4:
            path = f"features.transition{stage}"
            x = b.conv(b.relu(b.batchnorm(x, f"{path}.norm")), f"{path}.conv", x[1] // 2, 1)
            x = b.avgpool(x, 2, 2)
    x = b.relu(b.batchnorm(x, "features.norm5"))
    return b.classifier(x, "classifier")


def fractalnet(b, x, columns=3, widths=(64, 128, 256, 512, 512)):
    """The recursion of section 2: a fractal is two smaller ones in a row, beside one convolution."""
    def fractal(x, path, depth, out, steps):
        """The ends of all columns, the shallowest first."""
        column = columns - depth
        at = steps[column]
        steps[column] += 1
        conv = b.relu(b.batchnorm(b.conv(x, f"{path}.column{column}.{at}.conv", out, 3, 1, 1), f"{path}.column{column}.{at}.bn"))
        if depth == 1:
            return [conv]
        half = joined(fractal(x, path, depth - 1, out, steps))
        return [conv] + fractal(half, path, depth - 1, out, steps)

    def joined(ends):
        return (b.node("Mean", [end[0] for end in ends]), ends[0][1]) if len(ends) > 1 else ends[0]

    for block, out in enumerate(widths):
        x = b.maxpool(joined(fractal(x, f"block{block}", columns, out, [0] * columns)), 2, 2)
    return b.linear(b.flatten(x, x[1]), "fc", 10)
