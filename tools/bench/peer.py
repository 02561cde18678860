# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""One peer in a process of its own, driven by tools/bench/peers: `peer.py NAME MODEL.onnx THREADS INPUTS OUTPUT.npy RESULT`,
INPUTS a JSON object of a .npy file for each input. Writes its first result, which the model calls RESULT, prints a JSON line when it has it (milliseconds of loading, of compiling where
the peer compiles ahead of time, size of what a product would ship), then for each line `RUNS` on standard input a JSON list of times
in milliseconds, and at the end of input its peak resident memory."""
import json
import re
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import numpy as np

PACKAGES = {"onnxruntime": ["onnxruntime"], "openvino": ["openvino"], "mnn": ["MNN"], "torch": ["torch", "onnx2torch"],
            "iree": ["iree-base-compiler[onnx]", "iree-base-runtime"], "tvm": ["apache-tvm"]}


class Loaded:
    """`run()` computes; `result()` gives the last first output."""

    def __init__(self, run, result, compile_s=None):
        self.run, self.result, self.compile_s = run, result, compile_s


def libraries_mib(patterns):
    """What of a Python package a product has to ship: its shared libraries."""
    packages = Path(sysconfig.get_path("platlib"))
    files = {file.resolve() for pattern in patterns for file in packages.glob(pattern) if file.is_file()}
    return sum(file.stat().st_size for file in files) / 2**20


def onnxruntime(path, threads, inputs, wanted):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    kept = []

    def run():
        kept[:] = session.run(None, inputs)

    return Loaded(run, lambda: kept[0])


def openvino(path, threads, inputs, wanted):
    import openvino as ov

    core = ov.Core()
    core.set_property("CPU", {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"})
    request = core.compile_model(path, "CPU").create_infer_request()
    for name, x in inputs.items():
        request.set_tensor(name, ov.Tensor(x))
    return Loaded(request.infer, lambda: request.get_output_tensor(0).data)


def mnn(path, threads, inputs, wanted):
    import MNN

    interpreter = MNN.Interpreter(path.replace(".onnx", ".mnn"))
    session = interpreter.createSession({"numThread": threads, "backend": "CPU", "precision": "high"})
    for name, x in inputs.items():
        tensor = MNN.Tensor(x.shape, MNN.Halide_Type_Float, x.ravel(), MNN.Tensor_DimensionType_Caffe)
        interpreter.getSessionInput(session, name).copyFrom(tensor)

    def result():
        out = interpreter.getSessionOutput(session, wanted)  # the first of its own order is another
        host = MNN.Tensor(out.getShape(), MNN.Halide_Type_Float, np.zeros(out.getShape(), np.float32), MNN.Tensor_DimensionType_Caffe)
        out.copyToHostTensor(host)
        return np.array(host.getData(), np.float32).reshape(out.getShape())

    return Loaded(lambda: interpreter.runSession(session), result)


def torch(path, threads, inputs, wanted):
    import onnx
    import torch as library
    from onnx2torch import convert

    library.set_num_threads(threads)
    model, values, kept = convert(onnx.load(path)).eval(), [library.from_numpy(x) for x in inputs.values()], []

    def run():
        with library.inference_mode():
            kept[:] = [model(*values)]

    return Loaded(run, lambda: (kept[0][0] if isinstance(kept[0], (list, tuple)) else kept[0]).numpy())


def iree(path, threads, inputs, wanted):
    import iree.runtime as runtime

    start, mlir, binary = time.perf_counter(), path.replace(".onnx", ".mlir"), path.replace(".onnx", ".vmfb")
    tools = Path(sys.executable).parent
    subprocess.run([tools / "iree-import-onnx", path, "-o", mlir], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([tools / "iree-compile", mlir, "--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu",
                    "--iree-llvmcpu-target-cpu=host", "-o", binary], check=True, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    runtime.flags.parse_flags(f"--task_topology_group_count={threads}")
    config = runtime.Config("local-sync" if threads == 1 else "local-task")
    module = runtime.load_vm_module(runtime.VmModule.mmap(config.vm_instance, binary), config)
    function = next(getattr(module, name) for name in module.vm_module.function_names if not name.startswith("__") and not name.endswith("$async"))
    values, kept = [runtime.asdevicearray(config.device, x) for x in inputs.values()], []

    def run():
        kept[:] = [function(*values)]

    return Loaded(run, lambda: np.asarray((kept[0][0] if isinstance(kept[0], (list, tuple)) else kept[0]).to_host()), seconds)


def tvm(path, threads, inputs, wanted):
    import onnx
    import tvm as library
    from tvm import relax
    from tvm.relax.frontend.onnx import from_onnx

    start = time.perf_counter()
    module = relax.get_pipeline("zero")(from_onnx(onnx.load(path)))
    with library.transform.PassContext(opt_level=3):
        executable = library.compile(module, library.target.Target({"kind": "llvm", "mcpu": library.target.codegen.llvm_get_system_cpu()}))
    seconds = time.perf_counter() - start
    machine, kept = relax.VirtualMachine(executable, library.cpu()), []
    values = [library.runtime.tensor(x) for x in inputs.values()]

    def run():
        kept[:] = [machine["main"](*values)]

    return Loaded(run, lambda: (kept[0][0] if hasattr(kept[0], "__len__") and not hasattr(kept[0], "numpy") else kept[0]).numpy(), seconds)


PEERS = {"onnxruntime": (onnxruntime, ["onnxruntime/capi/*.so*"], ".onnx"),
         "openvino": (openvino, ["openvino/libs/libopenvino.so*", "openvino/libs/libopenvino_intel_cpu*", "openvino/libs/libtbb.so*",
                                 "openvino/libs/libopenvino_onnx*"], ".onnx"),
         "mnn": (mnn, ["_mnncengine*.so", "mnn.libs/*"], ".mnn"),
         "torch": (torch, ["torch/lib/libtorch_cpu.so", "torch/lib/libtorch.so", "torch/lib/libc10.so"], ".onnx"),
         "iree": (iree, ["iree/_runtime_libs/*.so"], ".vmfb"),
         "tvm": (tvm, ["tvm/lib*.so", "tvm/lib/*.so"], ".onnx")}


def main():
    name, path, threads, given, first, wanted = sys.argv[1:]
    load, patterns, ending = PEERS[name]
    inputs = {input: np.load(file) for input, file in json.loads(given).items()}
    start = time.perf_counter()
    loaded = load(path, int(threads), inputs, wanted)
    loaded.run()
    load_ms = 1e3 * (time.perf_counter() - start)
    np.save(first, np.asarray(loaded.result()))
    model = Path(path).with_suffix(ending)
    size = libraries_mib(patterns) + (model.stat().st_size / 2**20 if model.exists() else 0)
    if loaded.compile_s:
        load_ms -= 1e3 * loaded.compile_s
    print(json.dumps({"load_ms": load_ms, "compile_cold_s": loaded.compile_s, "size_mib": size}), flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            loaded.run()
            times.append(1e3 * (time.perf_counter() - start))
        print(json.dumps(times), flush=True)
    # Not getrusage: it remembers the peak of the process that started this one.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(json.dumps({"rss_mib": int(peak[1]) / 1024}), flush=True)


if __name__ == "__main__":
    main()
