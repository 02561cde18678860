# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""What the benchmarks read out of networks, without timing anything: as_onnx.py's networks give ONNX Runtime what weft computes,
groups.py's multiply-adds are those the zoo's table has from publications, and `errors` compares with f64. check_bench.py SEVERAL.weft"""
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import save_file

ROOT = Path(__file__).resolve().parents[4]
sys.path[:0] = [str(ROOT / "tools" / "bench"), str(ROOT / "tests" / "frontends" / "Weft")]
from as_onnx import as_onnx  # noqa: E402
from groups import groups  # noqa: E402
from machine import WEFTC, call, source_of  # noqa: E402
from zoo_table import TABLE  # noqa: E402

here = Path.cwd()
for network, options in ((sys.argv[1], ["--set=N=2"]), ("shufflenet_v2_x1_0", [])):
    model, weights = as_onnx(source_of(network), options, here)
    onnx.checker.check_model(model)
    save_file(weights, "weights.safetensors")
    port = model.graph.input[0]
    x = np.random.default_rng(0).standard_normal([d.dim_value for d in port.type.tensor_type.shape.dim]).astype(np.float32)
    np.save("x.npy", x)
    call(WEFTC, source_of(network), "--weights=weights.safetensors", *options, "-o", "net")
    names = [out.name for out in model.graph.output]
    call("./net", "--input=x.npy", *(f"--output={name}={name}.npy" for name in names))
    for name, want in zip(names, onnxruntime.InferenceSession(model.SerializeToString()).run(names, {port.name: x})):
        error = np.abs(np.load(f"{name}.npy") - want).max() / np.abs(want).max()
        assert error < 1e-4, (network, name, error)
# Three transitions of DenseNet average before they multiply: a quarter of the pixels.
spared = {"densenet121": 3 * 3 * 28 * 28 * 256 * 128}
for network in ("resnet18", "mobilenet_v2", "resnext50_32x4d", "densenet121", "vgg16"):
    found = groups(f"zoo:{network}")
    macs = sum(group.macs for group in found)
    assert macs == TABLE[network].multiply_adds - spared.get(network, 0), (network, macs)
    assert sum(group.weight_bytes for group in found) >= 3.9 * TABLE[network].parameters, network
saved = [(g.macs / g.algorithm_macs, g.algorithm) for g in groups("zoo:vgg16") if "winograd4" in g.algorithm]
assert {round(ratio, 2) for ratio, _ in saved} == {4, 3.64}, saved  # at 14x14 the last row and column of tiles are halves
assert source_of("resnet18") == source_of("zoo:resnet18") == "zoo:resnet18"
loader = SourceFileLoader("errors", str(ROOT / "tools" / "bench" / "errors"))
loader.exec_module(errors := module_from_spec(spec_from_loader("errors", loader)))
Path("layer.weft").write_text(errors.layer_text(8, 6, 8, 3, 1, 1))
found = errors.Case("layer.weft", here, errors.peers(), ["--weights-budget=9"]).errors(0)
assert len(found) == 3 and 0 < max(found.values()) < 1e-6, found
assert not any(group.is_counted for group in groups("zoo:gcn")), "sizes of graphs are known only when running"
try:
    as_onnx("zoo:gcn", [], here)
    raise AssertionError("a network of graphs has no form in ONNX")
except RuntimeError as error:
    assert str(error) == "`aggregate` reads a graph, for which ONNX has no operation", error
print("benchmarks read networks rightly")
