# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""A state dict that torch.save wrote, as safetensors: pth_to_safetensors.py WEIGHTS.pth OUT.safetensors. Needs no PyTorch, and
executes nothing: of the pickle only dictionaries, numbers, texts and tensors are read, any other class is refused. Reads both
containers: the zip of PyTorch 1.6 and later, and the one before."""
import collections
import os
import pickle
import struct
import sys
import zipfile

import numpy as np
from safetensors.numpy import save_file

DTYPES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4",
          "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1", "BoolStorage": "?"}
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


class Tensor:
    """Where a tensor's elements lie: in storage `key`, from element `offset` on."""

    def __init__(self, storage, offset, shape, stride, *_):
        self.key, self.dtype = storage
        self.offset, self.shape, self.stride = offset, shape, stride

    def read(self, storages):
        data = np.frombuffer(storages[self.key], self.dtype)
        reach = self.offset + sum((n - 1) * s for n, s in zip(self.shape, self.stride)) + 1
        if 0 in self.shape:
            return np.zeros(self.shape, self.dtype)
        if self.offset < 0 or min(self.stride, default=0) < 0 or reach > data.size:
            raise ValueError(f"a tensor of {self.shape} reaches outside its storage of {data.size} elements")
        strides = [s * data.itemsize for s in self.stride]
        return np.lib.stride_tricks.as_strided(data[self.offset:], self.shape, strides).copy()


class Reader(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) in (("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_tensor")):
            return Tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise ValueError(f"holds `{module}.{name}`, which is no part of a state dict")

    def persistent_load(self, reference):
        kind, dtype, key = reference[:3]
        if kind != "storage" or len(reference) > 5 and reference[5] is not None:
            raise ValueError("holds a reference to something that is no storage")
        return str(key), dtype


def read_zip(file):
    with zipfile.ZipFile(file) as archive:
        index = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(index) != 1:
            raise ValueError("is a zip archive, but not one of torch.save")
        folder = index[0].removesuffix("data.pkl") + "data/"
        with archive.open(index[0]) as stream:
            content = Reader(stream).load()
        return content, {name.removeprefix(folder): archive.read(name) for name in archive.namelist() if name.startswith(folder)}


def read_legacy(file):
    """Five pickles (magic, version, sizes of the machine, the content, the keys of storages), then each storage: its
    number of elements, and they. The size of an element stands with the content only."""
    with open(file, "rb") as stream:
        if Reader(stream).load() != LEGACY_MAGIC:
            raise ValueError("is no file of torch.save")
        Reader(stream).load()
        Reader(stream).load()
        content = Reader(stream).load()
        sizes = {tensor.key: np.dtype(tensor.dtype).itemsize for tensor in tensors(content).values()}
        storages = {}
        for key in Reader(stream).load():
            count, = struct.unpack("<q", stream.read(8))
            if key not in sizes or not 0 <= count <= os.path.getsize(file):
                raise ValueError(f"has a damaged storage `{key}`")
            storages[key] = stream.read(count * sizes[key])
        return content, storages


def tensors(content):
    """The tensors of a state dict; a checkpoint may hold it as `state_dict` or `model`."""
    for name in ("state_dict", "model"):
        if isinstance(content, dict) and isinstance(content.get(name), dict):
            content = content[name]
    found = {path: value for path, value in content.items() if isinstance(value, Tensor)} if isinstance(content, dict) else {}
    if not found:
        raise ValueError("holds no state dict")
    return found


def convert(source, target):
    content, storages = (read_zip if zipfile.is_zipfile(source) else read_legacy)(source)
    arrays = {str(path): tensor.read(storages) for path, tensor in tensors(content).items()}
    save_file(arrays, target)
    return arrays


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: pth_to_safetensors.py WEIGHTS.pth OUT.safetensors")
    try:
        arrays = convert(*sys.argv[1:])
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, OSError, struct.error, pickle.UnpicklingError,
            zipfile.BadZipFile) as error:
        sys.exit(f"pth_to_safetensors: error: `{sys.argv[1]}`: {error}")
    print(f"{len(arrays)} tensors, {sum(a.size for a in arrays.values())} elements")


if __name__ == "__main__":
    main()
