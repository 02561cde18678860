# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Kernels as upstream executes them against ONNX Runtime or NumPy: the cases of tests/ops, and whole small networks. A kernel
that is wrong fails here whatever its schedule is; one that is right here and wrong in tests/ops was miscompiled behind.

    compare_oracle.py --weftc build/bin/weftc --weft-opt build/bin/weft-opt --llvm-tools DIR [GROUP | zoo:NET ...]"""
import argparse
import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "ops"))
sys.path.insert(0, str(Path(__file__).parent.parent / "support"))
import compare_ops  # noqa: E402
import oracle  # noqa: E402

TOLERANCE = 1e-4


def kernels_of(arguments, model, *more):
    """The module phase kernels leaves."""
    done = subprocess.run([arguments.weftc, str(model), "--stop-after=kernels", "-o", "-", *more, *arguments.more], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return done.stdout


def execute(arguments, text, inputs, weights):
    return oracle.run(text, inputs, lambda path, shape: weights[path].reshape(shape), arguments.weft_opt,
                      str(arguments.llvm_tools), str(arguments.llvm_tools.parent / "lib"))


def report(name, error, tolerance):
    print(f"{'ok  ' if error <= tolerance else 'FAIL'} {name:28} {error:.1e}", flush=True)
    return error > tolerance


def run_cases(arguments, name, cases):
    """All cases as one network; one by one if that does not compile, so that each error is seen."""
    with tempfile.TemporaryDirectory() as folder:
        source, inputs, weights = compare_ops.network(cases)
        model = Path(folder) / "ops.weft"
        model.write_text(source)
        try:
            outputs = execute(arguments, kernels_of(arguments, model), list(inputs.values()), weights)
        except (RuntimeError, ValueError, KeyError, oracle.Unsupported) as error:
            if len(cases) > 1:
                return sum(run_cases(arguments, case.name, [case]) for case in cases)
            print(f"FAIL {name:28} {str(error)[:arguments.width]}", flush=True)
            return 1
        return sum(report(case.name, compare_ops.difference(got, case.want), max(case.tolerance, TOLERANCE))
                   for case, got in zip(cases, outputs))


def run_network(arguments, name):
    """A network of the zoo at its own size against ONNX Runtime."""
    import onnxruntime
    import reference_networks

    model, weights = reference_networks.build(name, 1, 1)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    image = session.get_inputs()[0]
    x = np.random.default_rng(2).standard_normal([d if isinstance(d, int) else 1 for d in image.shape]).astype(np.float32)
    want = session.run(None, {image.name: x})[0]
    got = execute(arguments, kernels_of(arguments, f"zoo:{name}"), [x], weights)[0]
    return report(f"zoo:{name}", compare_ops.difference(got, want.reshape(got.shape)), TOLERANCE)


WINOGRAD = """
func.func @winograd(%x: tensor<{n}x{ic}x{h}x{w}xf32>) -> tensor<{n}x{oc}x{h}x{w}xf32> attributes {{weft.net}} {{
  %b = weft.relayout %x : tensor<{n}x{ic}x{h}x{w}xf32> -> tensor<{n}x{ic}x{h}x{w}xf32, #weft.blocked<8>>
  %f = weft.weight "w" : tensor<{oc}x{ic}x{q}x{r}xf32>
  %p = weft.{pack} : (tensor<{oc}x{ic}x{q}x{r}xf32>) -> tensor<{packed}x8x8xf32>
  %c = weft.conv %b, %p stride [1, 1] pad {pad} dilation [{dilation[0]}, {dilation[1]}]
         {{algorithm = #weft.algorithm<winograd{m}>, filter_shape = array<i64: {oc}, {ic}, {q}, {r}>}}
         : (tensor<{n}x{ic}x{h}x{w}xf32, #weft.blocked<8>>, tensor<{packed}x8x8xf32>)
        -> tensor<{n}x{oc}x{h}x{w}xf32, #weft.blocked<8>>
  %y = weft.relayout %c : tensor<{n}x{oc}x{h}x{w}xf32, #weft.blocked<8>> -> tensor<{n}x{oc}x{h}x{w}xf32>
  return %y : tensor<{n}x{oc}x{h}x{w}xf32>
}}
"""


STRASSEN = """
func.func @strassen(%x: tensor<{n}x{ic}x{h}x{w}xf32>) -> tensor<{n}x{oc}x{h}x{w}xf32> attributes {{weft.net}} {{
  %b = weft.relayout %x : tensor<{n}x{ic}x{h}x{w}xf32> -> tensor<{n}x{ic}x{h}x{w}xf32, #weft.blocked<8>>
  %f = weft.weight "w" : tensor<{oc}x{ic}x1x1xf32>
  %p = weft.strassen_filter %f {{ic_block = 8 : i64, oc_block = 8 : i64}} : (tensor<{oc}x{ic}x1x1xf32>) -> tensor<{packed}x8x8xf32>
  %c = weft.conv %b, %p stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         {{algorithm = #weft.algorithm<strassen>, filter_shape = array<i64: {oc}, {ic}, 1, 1>}}
         : (tensor<{n}x{ic}x{h}x{w}xf32, #weft.blocked<8>>, tensor<{packed}x8x8xf32>)
        -> tensor<{n}x{oc}x{h}x{w}xf32, #weft.blocked<8>>
  %y = weft.relayout %c : tensor<{n}x{oc}x{h}x{w}xf32, #weft.blocked<8>> -> tensor<{n}x{oc}x{h}x{w}xf32>
  return %y : tensor<{n}x{oc}x{h}x{w}xf32>
}}
"""


def run_winograd(arguments):
    """All tile sizes, on extents no tile divides, one with tiles that lie in each other, of filters that are transformed where they are
    packed and of those that the kernel transforms, against the direct sum."""
    rng, failed = np.random.default_rng(3), 0
    plain = (1, 1)
    cases = [(2, 3, 3, 1, 8, 16, 7, 9, plain), (4, 3, 3, 2, 13, 24, 9, 10, plain),
             (6, 3, 3, 1, 16, 8, 14, 11, plain), (4, 3, 3, 1, 8, 8, 8, 12, plain),
             (2, 3, 3, 1, 8, 8, 9, 14, (2, 3)), (2, 5, 5, 1, 8, 16, 7, 9, plain),
             (4, 5, 5, 2, 13, 24, 9, 10, plain), (4, 1, 7, 2, 13, 24, 9, 10, plain),
             (6, 7, 1, 1, 8, 16, 7, 9, plain), (4, 9, 1, 1, 8, 8, 14, 6, plain),
             (6, 1, 3, 1, 8, 8, 7, 14, (3, 2)), (4, 2, 2, 2, 13, 24, 9, 10, plain),
             (2, 2, 2, 1, 8, 16, 7, 9, (1, 2)), (6, 2, 1, 1, 8, 8, 7, 9, plain)]
    for (m, q, r, n, ic, oc, h, w, dilation), packs in itertools.product(cases, (True, False)):
        x = rng.standard_normal((n, ic, h, w)).astype(np.float32)
        f = (rng.standard_normal((oc, ic, q, r)) * 0.6 / np.sqrt(q * r)).astype(np.float32)
        reach = [(taps - 1) * d for taps, d in zip((q, r), dilation)]
        low = [apart // 2 for apart in reach]
        high = [apart - before for apart, before in zip(reach, low)]
        blocks, points = f"{-(-oc // 8)}x{-(-ic // 8)}", np.prod([m + taps - 1 if taps > 1 else 1 for taps in (q, r)])
        sizes = "ic_block = 8 : i64, oc_block = 8 : i64"
        pack = f"pack_filter %f {{{sizes}}}" if packs else f"winograd_filter %f {{{sizes}, m = {m} : i64}}"
        packed = f"{blocks}x{q}x{r}" if packs else f"{points}x{blocks}"
        text = WINOGRAD.format(m=m, q=q, r=r, n=n, ic=ic, oc=oc, h=h, w=w, pack=pack, packed=packed, pad=low + high, dilation=dilation)
        passes = ["--weft-outline-kernels", "--weft-share-kernels", "--weft-verify-importable"]
        kernels = oracle.command([arguments.weft_opt, "-", *passes], text)
        padded = np.pad(x, ((0, 0), (0, 0), (low[0], high[0]), (low[1], high[1])))
        windows = np.lib.stride_tricks.sliding_window_view(padded, [apart + 1 for apart in reach], (2, 3))[..., :: dilation[0], :: dilation[1]]
        want = np.einsum("nchwij,ocij->nohw", windows, f).astype(np.float32)
        got = execute(arguments, kernels, [x], {"w": f})[0]
        failed += report(f"winograd{m} {q}x{r} {h}x{w}{', in the kernel' * packs}", compare_ops.difference(got, want), TOLERANCE)
    return failed


def run_strassen(arguments):
    """Odd and even numbers of blocks and of pixels, against the direct sum."""
    rng, failed = np.random.default_rng(4), 0
    for n, ic, oc, h, w in [(1, 16, 32, 4, 6), (2, 21, 40, 3, 5), (1, 24, 13, 1, 7)]:
        x = rng.standard_normal((n, ic, h, w)).astype(np.float32)
        f = (rng.standard_normal((oc, ic, 1, 1)) * 0.6).astype(np.float32)
        packed = f"7x{-(-oc // 16)}x{-(-ic // 16)}"
        text = STRASSEN.format(n=n, ic=ic, oc=oc, h=h, w=w, packed=packed)
        kernels = oracle.command([arguments.weft_opt, "-", "--weft-outline-kernels", "--weft-share-kernels", "--weft-verify-importable"], text)
        got = execute(arguments, kernels, [x], {"w": f})[0]
        want = np.einsum("nchw,oc->nohw", x, f[:, :, 0, 0]).astype(np.float32)
        failed += report(f"strassen {ic} to {oc} {h}x{w}", compare_ops.difference(got, want), TOLERANCE)
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    parser.add_argument("--weft-opt", required=True)
    parser.add_argument("--llvm-tools", type=Path, required=True, help="the folder of mlir-runner; its libraries lie in ../lib")
    parser.add_argument("--width", type=int, default=300, help="characters of an error to print")
    parser.add_argument("what", nargs="*")
    arguments, arguments.more = parser.parse_known_args()
    failed = 0
    for name in arguments.what or [*(group for group in compare_ops.GROUPS if group != "scatter"), "winograd", "strassen", "zoo:lenet5"]:
        if name == "winograd":
            failed += run_winograd(arguments)
        elif name == "strassen":
            failed += run_strassen(arguments)
        elif name.startswith("zoo:"):
            failed += run_network(arguments, name.removeprefix("zoo:"))
        else:
            failed += run_cases(arguments, name, compare_ops.GROUPS[name]())
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
