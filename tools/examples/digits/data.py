# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""The handwritten digits that ship inside scikit-learn, as LeNet-5 wants them: 1,797 images of 8 x 8 pixels, enlarged to
32 x 32 by linear interpolation, values 0 to 1. The first 1,437 are for training, the last 360 are held out."""
import numpy as np

TRAINING = 1437


def enlarge(images):
    """[n, 8, 8] to [n, 32, 32], linear, pixel centres aligned."""
    position = np.clip((np.arange(32) + 0.5) / 4 - 0.5, 0, 7)
    low = np.floor(position).astype(int)
    high = np.minimum(low + 1, 7)
    part = (position - low).astype(np.float32)
    rows = images[:, low] * (1 - part)[None, :, None] + images[:, high] * part[None, :, None]
    return rows[:, :, low] * (1 - part) + rows[:, :, high] * part


def load():
    """Images f32 [1797, 1, 32, 32] and digits i64 [1797]."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = enlarge(digits.images.astype(np.float32) / 16)
    return np.ascontiguousarray(images[:, None], dtype=np.float32), digits.target.astype(np.int64)
