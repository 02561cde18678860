# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Networks written a second time, as ONNX graphs for ONNX Runtime, straight from the papers and the parameter names of
torchvision and timm. Nothing here reads a .weft file: tests compare the two. `build(name, seed, batch)` gives an ONNX model
with seeded random weights, and the same weights as a dictionary by path. What a test must ask weftc for beside `zoo:NAME`
stands in `settings(name)` and `outputs(name)`."""
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx

sys.path.insert(0, str(Path(__file__).resolve().parent))
from references import blocks, classic, dense, inception, residual, separable  # noqa: E402
from references.builder import Builder  # noqa: E402

# Hidden layers of 4,096 are 120 million weights and nothing else: one network of each family has them.
NARROW = 48
IMAGE, LARGE, SMALL = (3, 224, 224), (3, 299, 299), (3, 32, 32)


@dataclass
class Network:
    function: object
    shape: tuple
    zoo: str = ""  # the network's name in the zoo, if this is a variant of it; or a file
    settings: dict = field(default_factory=dict)  # --set
    outputs: tuple = ()  # --outputs, where it is not the default
    dims: int = 2
    damp: float = 1.0


def some(function, *arguments, **more):
    return lambda b, x: function(b, x, *arguments, **more)


def he(block, depths, **more):
    return Network(some(residual.resnet, block, depths, **more), IMAGE)


def cifar(layers, damp=1.0, **more):
    return Network(some(residual.resnet_cifar, (layers - 2) // 6, **more), SMALL, damp=damp)


def vgg(plan, hidden=NARROW, **more):
    return Network(some(classic.vgg, plan, hidden=hidden, **more), IMAGE, settings={"hidden": hidden})


def with_layers(function, shape):
    return Network(some(function, hidden=NARROW), shape, settings={"hidden": NARROW})


basic, bottleneck = residual.basic_block, residual.bottleneck
NETWORKS = {
    "lenet5": Network(classic.lenet5, (1, 32, 32)),
    "lenet5_1998": Network(classic.lenet5_1998, (1, 32, 32)),
    "alexnet": Network(classic.alexnet, IMAGE),
    "alexnet_2012": with_layers(classic.alexnet_2012, (3, 227, 227)),
    "alexnet_lecture": with_layers(classic.alexnet_lecture, (3, 227, 227)),
    "zfnet": with_layers(classic.zfnet, IMAGE),
    **{name: vgg(name) for name in classic.VGG},
    "vgg16": vgg("vgg16", hidden=4096),
    **{f"{name}_bn": vgg(name, norm=True) for name in ("vgg11", "vgg13", "vgg16", "vgg19")},
    "vgg16_box": vgg("vgg16", box=True),
    "squeezenet1_0": Network(classic.squeezenet1_0, IMAGE),
    "squeezenet1_1": Network(classic.squeezenet1_1, IMAGE),
    "convnet": Network(classic.convnet, SMALL),
    "highway": Network(classic.highway, (1, 28, 28)),
    "highway_conv": Network(classic.highway_conv, SMALL),
    "m5": Network(classic.m5, (1, 32000), dims=1),
    "googlenet": Network(inception.googlenet, IMAGE),
    "googlenet_2014": Network(inception.googlenet_2014, IMAGE),
    "inception_naive": Network(some(inception.naive, 128, 192, 96), (256, 28, 28)),
    "inception_reduced": Network(some(inception.reduced, "", 128, 64, 192, 64, 96, 64), (256, 28, 28)),
    "inception_v3": Network(inception.inception_v3, LARGE),
    "inception_v4": Network(inception.inception_v4, LARGE),
    "inception_resnet_v1": Network(inception.inception_resnet_v1, LARGE),
    "inception_resnet_v2": Network(inception.inception_resnet_v2, LARGE),
    "resnet18": he(basic, [2, 2, 2, 2]),
    "resnet34": he(basic, [3, 4, 6, 3]),
    "resnet50": he(bottleneck, [3, 4, 6, 3]),
    "resnet101": he(bottleneck, [3, 4, 23, 3]),
    "resnet152": he(bottleneck, [3, 8, 36, 3]),
    "plain18": he(basic, [2, 2, 2, 2], plain=True),
    "plain34": he(basic, [3, 4, 6, 3], plain=True),
    "wide_resnet50_2": he(bottleneck, [3, 4, 6, 3], base=128),
    "wide_resnet101_2": he(bottleneck, [3, 4, 23, 3], base=128),
    "resnext50_32x4d": he(bottleneck, [3, 4, 6, 3], groups=32, base=4),
    "resnext101_32x8d": he(bottleneck, [3, 4, 23, 3], groups=32, base=8),
    **{f"resnet{layers}": cifar(layers) for layers in (20, 32, 44, 56, 110)},
    "resnet1202": cifar(1202, damp=0.1),
    **{f"plain{layers}": cifar(layers, plain=True) for layers in (20, 32, 44, 56, 110)},
    "stochastic_depth_resnet110": cifar(110, survive=lambda depth: 1 - 0.5 * depth),
    "preact_resnet110": Network(some(residual.preact_cifar, 18, 16), SMALL),
    "preact_resnet164": Network(some(residual.preact_cifar, 18, 64, bottlenecks=True), SMALL),
    "wide_resnet28_10": Network(some(residual.preact_cifar, 4, 160), SMALL),
    "resnetv2_50": Network(residual.resnetv2_50, IMAGE),
    "seresnet50": Network(some(residual.senet, [3, 4, 6, 3], deep=False), IMAGE),
    "senet154": Network(some(residual.senet, [3, 8, 36, 3], deep=True), IMAGE, damp=0.2),
    "fcn_resnet50": Network(residual.fcn_resnet50, (3, 64, 64), settings={"size": 64}, outputs=("scores", "aux")),
    "r3d_18": Network(residual.r3d_18, (3, 16, 112, 112), dims=3),
    "densenet121": Network(some(dense.densenet, [6, 12, 24, 16]), IMAGE),
    "densenet161": Network(some(dense.densenet, [6, 12, 36, 24], growth=48, stem=96), IMAGE),
    "densenet169": Network(some(dense.densenet, [6, 12, 32, 32]), IMAGE),
    "densenet201": Network(some(dense.densenet, [6, 12, 48, 32]), IMAGE),
    "fractalnet": Network(dense.fractalnet, SMALL),
    "efficientnet_lite0": Network(separable.efficientnet_lite0, IMAGE),
    "mobilenet_v1": Network(separable.mobilenet_v1, IMAGE),
    "mobilenet_v2": Network(separable.mobilenet_v2, IMAGE),
    "shufflenet_v1": Network(separable.shufflenet_v1, IMAGE),
    "shufflenet_v2_x1_0": Network(separable.shufflenet_v2_x1_0, IMAGE),
    "xception": Network(separable.xception, LARGE),
    "nasnetamobile": Network(some(separable.nasnet, 4, 44, 32), IMAGE),
    "nasnetalarge": Network(some(separable.nasnet, 6, 168, 96), (3, 331, 331)),
    # The same with other settings, and with the results that are optional.
    "googlenet+heads": Network(some(inception.googlenet, heads=True), IMAGE, "googlenet", outputs=("logits", "aux1", "aux2")),
    "googlenet_2014+heads": Network(some(inception.googlenet_2014, heads=True), IMAGE, "googlenet_2014",
                                    outputs=("probabilities", "aux1", "aux2")),
    "inception_v3+heads": Network(some(inception.inception_v3, heads=True), LARGE, "inception_v3", outputs=("logits", "aux")),
    "convnet+n1m2k2": Network(some(classic.convnet, 1, 2, 2, False), SMALL, "convnet", {"N": 1, "M": 2, "K": 2, "pool": "false"}),
    "stochastic_depth_resnet110+uniform": Network(some(residual.resnet_cifar, 1, survive=lambda depth: 0.7), SMALL,
                                                  "stochastic_depth_resnet110", {"blocks": 1, "survive": 0.7, "rule": "uniform"}),
    "blocks": Network(blocks.blocks, (16, 12, 12), str(Path(__file__).resolve().parents[1] / "networks" / "blocks.weft")),
    "highway+coupled": Network(some(classic.highway, True, 2), (1, 28, 28), "highway", {"gate": "coupled", "reach": 2}),
}


def settings(name, batch=1):
    """The options of weftc that name the network and say what differs from its defaults."""
    network = NETWORKS[name]
    sets = {("batch" if network.zoo == "convnet" or name == "convnet" else "N"): batch} | network.settings
    outputs = [f"--outputs={','.join(network.outputs)}"] if network.outputs else []
    model = network.zoo if network.zoo.endswith(".weft") else f"zoo:{network.zoo or name}"
    return [model, *[f"--set={key}={value}" for key, value in sets.items()], *outputs]


def build(name, seed=1, batch=1):
    """The ONNX model of `name` and its weights by path. Its results are called as in the zoo, or `result` if there is one."""
    network = NETWORKS[name]
    b = Builder(seed, network.dims, network.damp)
    result = network.function(b, ("image", network.shape[0]))
    return b.model(result, (batch,) + network.shape), b.weights


def input_for(name, seed=2, batch=1):
    return np.random.default_rng(seed).standard_normal((batch,) + NETWORKS[name].shape).astype(np.float32)


def save_onnx(model, path):
    onnx.save(model, path)
