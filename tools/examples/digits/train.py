# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""How lenet5-digits.safetensors was made: LeNet-5 as `zoo:lenet5` describes it, trained with PyTorch on the first 1,437 of
scikit-learn's digits (each time turned, scaled and moved a little). Takes a minute; needs torch, scikit-learn, safetensors.

    python3 tools/examples/digits/train.py lenet5-digits.safetensors
"""
import sys

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from data import TRAINING, load

# The parameter paths of frontends/Zoo/lenet5.weft.
LAYERS = {
    "conv1": nn.Conv2d(1, 6, 5),
    "conv2": nn.Conv2d(6, 16, 5),
    "conv3": nn.Conv2d(16, 120, 5),
    "fc1": nn.Linear(120, 84),
    "fc2": nn.Linear(84, 10),
}


def logits(net, x):
    x = torch.tanh(net["conv1"](x))
    x = torch.tanh(nn.functional.avg_pool2d(x, 2))
    x = torch.tanh(net["conv2"](x))
    x = torch.tanh(nn.functional.avg_pool2d(x, 2))
    x = torch.tanh(net["conv3"](x))
    x = torch.tanh(net["fc1"](x.flatten(1)))
    return net["fc2"](x)


def distorted(images):
    """Every image turned, scaled and sheared a little, and moved by up to two pixels."""
    n = len(images)
    angle = torch.empty(n).uniform_(-0.2, 0.2)
    scale = torch.empty(n).uniform_(0.85, 1.2)
    shear = torch.empty(n).uniform_(-0.2, 0.2)
    shift = torch.empty(n, 2).uniform_(-0.12, 0.12)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    map_ = torch.stack([torch.stack([cos, shear - sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1)
    grid = nn.functional.affine_grid(map_, images.shape, align_corners=False)
    return nn.functional.grid_sample(images, grid, align_corners=False)


def main(path):
    torch.manual_seed(5)
    np.random.seed(5)
    images, digits = (torch.from_numpy(a) for a in load())
    net = nn.ModuleDict(LAYERS)
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    epochs, batch = 120, 64
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, epochs * (TRAINING // batch + 1))
    for _ in range(epochs):
        order = torch.randperm(TRAINING)
        for at in range(0, TRAINING, batch):
            pick = order[at:at + batch]
            loss = nn.functional.cross_entropy(logits(net, distorted(images[pick])), digits[pick])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    with torch.no_grad():
        right = (logits(net, images[TRAINING:]).argmax(1) == digits[TRAINING:]).float().mean()
    print(f"held-out accuracy {100 * right:.2f} %")
    save_file({k: v.contiguous() for k, v in net.state_dict().items()}, path)


if __name__ == "__main__":
    main(sys.argv[1])
