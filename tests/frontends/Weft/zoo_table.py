# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Parameter counts and paths of every network of the zoo, against figures published elsewhere.

Counts leave out running means and variances, as torchvision's do. Sources: "torchvision" is the number of parameters in
the documentation of torchvision's model of that name; "paper" the paper named in the zoo file; "by hand" follows from the
shapes in the text and is written out here.

    zoo_table.py --weftc build/bin/weftc"""
import argparse
import math
import re
import subprocess
import sys

TABLE = {
    "lenet5": (61_706, "paper"),
    "alexnet": (61_100_840, "torchvision"),
    "alexnet_2012": (60_965_224, "paper"),
    "alexnet_lecture": (62_378_344, "lectures"),
    "googlenet_2014": (6_998_552, "paper"),
    "inception_v3": (23_834_568, "torchvision without its auxiliary head"),
    "shufflenet_v2_x1_0": (2_278_604, "torchvision"),
    "vgg11": (132_863_336, "torchvision"),
    "vgg13": (133_047_848, "torchvision"),
    "vgg16": (138_357_544, "torchvision"),
    "vgg19": (143_667_240, "torchvision"),
    "vgg11_bn": (132_868_840, "torchvision"),
    "vgg13_bn": (133_053_736, "torchvision"),
    "vgg16_bn": (138_365_992, "torchvision"),
    "vgg19_bn": (143_678_248, "torchvision"),
    "googlenet": (6_624_904, "torchvision"),
    "resnet18": (11_689_512, "torchvision"),
    "resnet34": (21_797_672, "torchvision"),
    "resnet50": (25_557_032, "torchvision"),
    "resnet101": (44_549_160, "torchvision"),
    "resnet152": (60_192_808, "torchvision"),
    "wide_resnet50_2": (68_883_240, "torchvision"),
    "wide_resnet101_2": (126_886_696, "torchvision"),
    "resnext50_32x4d": (25_028_904, "torchvision"),
    "resnext101_32x8d": (88_791_336, "torchvision"),
    "densenet121": (7_978_856, "torchvision"),
    "densenet161": (28_681_000, "torchvision"),
    "densenet169": (14_149_480, "torchvision"),
    "densenet201": (20_013_928, "torchvision"),
    "mobilenet_v2": (3_504_872, "torchvision"),
    "squeezenet1_0": (1_248_424, "torchvision"),
    "squeezenet1_1": (1_235_496, "torchvision"),
    "resnet20": (269_722, "paper"),
    "resnet32": (464_154, "paper"),
    "resnet44": (658_586, "paper"),
    "resnet56": (853_018, "paper"),
    "resnet110": (1_727_962, "paper"),
    "gcn": (1433 * 16 + 16 + 16 * 7 + 7, "by hand"),
    "graphsage": ((1433 * 64 + 64) + ((1433 + 64) * 64 + 64) + (64 * 7 + 7) + ((64 + 7) * 7 + 7), "by hand"),
}

# With the auxiliary heads, which are optional results.
WITH_HEADS = {
    "googlenet": (13_004_888, "logits,aux1,aux2"),
    "googlenet_2014": (13_378_280, "probabilities,aux1,aux2"),
    "inception_v3": (27_161_264, "logits,aux"),
}

# Shapes by torchvision's paths, from its state dicts: first, last and the odd ones of each family.
PATHS = {
    "alexnet": {"features.0.weight": (64, 3, 11, 11), "features.10.bias": (256,), "classifier.1.weight": (4096, 9216),
                "classifier.6.bias": (1000,)},
    "vgg16": {"features.0.weight": (64, 3, 3, 3), "features.28.weight": (512, 512, 3, 3),
              "classifier.0.weight": (4096, 25088), "classifier.3.weight": (4096, 4096), "classifier.6.weight": (1000, 4096)},
    "vgg16_bn": {"features.0.weight": (64, 3, 3, 3), "features.1.running_mean": (64,), "features.40.weight": (512, 512, 3, 3),
                 "features.41.bias": (512,)},
    "resnet18": {"conv1.weight": (64, 3, 7, 7), "bn1.running_var": (64,), "layer1.0.conv1.weight": (64, 64, 3, 3),
                 "layer2.0.downsample.0.weight": (128, 64, 1, 1), "layer2.0.downsample.1.weight": (128,),
                 "layer4.1.bn2.bias": (512,), "fc.weight": (1000, 512)},
    "resnet50": {"layer1.0.conv1.weight": (64, 64, 1, 1), "layer1.0.downsample.0.weight": (256, 64, 1, 1),
                 "layer4.2.conv3.weight": (2048, 512, 1, 1), "layer3.5.bn3.running_mean": (1024,), "fc.bias": (1000,)},
    "resnext50_32x4d": {"layer1.0.conv2.weight": (128, 4, 3, 3), "layer4.0.conv2.weight": (1024, 32, 3, 3)},
    "wide_resnet50_2": {"layer1.0.conv2.weight": (128, 128, 3, 3), "layer4.2.conv1.weight": (1024, 2048, 1, 1)},
    "squeezenet1_0": {"features.0.weight": (96, 3, 7, 7), "features.12.expand3x3.weight": (256, 64, 3, 3),
                      "classifier.1.weight": (1000, 512, 1, 1)},
    "squeezenet1_1": {"features.0.weight": (64, 3, 3, 3), "features.12.squeeze.weight": (64, 512, 1, 1)},
    "mobilenet_v2": {"features.0.0.weight": (32, 3, 3, 3), "features.1.conv.0.0.weight": (32, 1, 3, 3),
                     "features.1.conv.1.weight": (16, 32, 1, 1), "features.2.conv.0.1.running_mean": (96,),
                     "features.17.conv.3.weight": (320,), "features.18.1.bias": (1280,), "classifier.1.weight": (1000, 1280)},
    "densenet121": {"features.conv0.weight": (64, 3, 7, 7), "features.denseblock1.denselayer1.norm1.weight": (64,),
                    "features.denseblock4.denselayer16.conv2.weight": (32, 128, 3, 3),
                    "features.transition3.conv.weight": (512, 1024, 1, 1), "features.norm5.running_var": (1024,),
                    "classifier.weight": (1000, 1024)},
    "googlenet": {"conv1.conv.weight": (64, 3, 7, 7), "inception3a.branch3.1.conv.weight": (32, 16, 3, 3),
                  "inception5b.branch4.1.bn.weight": (128,), "fc.weight": (1000, 1024)},
    "inception_v3": {"Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3), "Mixed_5b.branch5x5_2.bn.running_var": (64,),
                     "Mixed_6b.branch7x7dbl_5.conv.weight": (192, 128, 1, 7), "Mixed_7c.branch3x3_2b.conv.weight": (384, 384, 3, 1),
                     "fc.weight": (1000, 2048)},
    "shufflenet_v2_x1_0": {"conv1.0.weight": (24, 3, 3, 3), "stage2.0.branch1.0.weight": (24, 1, 3, 3),
                           "stage3.7.branch2.5.weight": (116, 116, 1, 1), "stage4.3.branch2.6.running_mean": (232,),
                           "conv5.1.bias": (1024,), "fc.weight": (1000, 1024)},
    "gcn": {"conv1.lin.weight": (16, 1433), "conv1.bias": (16,), "conv2.lin.weight": (7, 16)},
}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def parameters(weftc, name, *options):
    text = run(weftc, f"zoo:{name}", "--emit=parse", *options)
    found = re.findall(r'weft\.weight "([^"]+)" : tensor<([0-9x]+)xf32>', text)
    return {path: tuple(map(int, shape.split("x"))) for path, shape in found}


def count_of(shapes):
    return sum(math.prod(shape) for path, shape in shapes.items() if "running_" not in path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    weftc = parser.parse_args().weftc
    names = run(weftc, "--list=zoo").split()
    wrong = [f"{name} is in the zoo but not in this table" for name in names if name not in TABLE]
    wrong += [f"{name} is in this table but not in the zoo" for name in TABLE if name not in names]
    for name in sorted(set(TABLE) & set(names)):
        want, source = TABLE[name]
        shapes = parameters(weftc, name)
        count = count_of(shapes)
        print(f"{name:20} {count:>12,} parameters ({source})")
        if count != want:
            wrong.append(f"{name}: {count:,} parameters, {source} has {want:,}")
        for path, shape in PATHS.get(name, {}).items():
            if shapes.get(path) != shape:
                wrong.append(f"{name}: `{path}` is {shapes.get(path)}, expected {shape}")
    for name, (want, outputs) in WITH_HEADS.items():
        count = count_of(parameters(weftc, name, f"--outputs={outputs}"))
        if count != want:
            wrong.append(f"{name} with its heads: {count:,} parameters, expected {want:,}")
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
