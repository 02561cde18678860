# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""One peer in a process of its own, driven by tools/bench/peers: `peer.py NAME MODEL.onnx THREADS`. Prints a JSON line when
loaded (milliseconds to the first result), then for each line `RUNS` on standard input a JSON list of times in
milliseconds, and at the end of input its peak resident memory."""
import json
import resource
import sys
import time

import numpy as np


def onnxruntime(path, threads):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    port = session.get_inputs()[0]
    x = np.random.default_rng(0).standard_normal(port.shape).astype(np.float32)
    return lambda: session.run(None, {port.name: x})


def openvino(path, threads):
    import openvino as ov

    core = ov.Core()
    core.set_property("CPU", {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"})
    compiled = core.compile_model(path, "CPU")
    request = compiled.create_infer_request()
    x = np.random.default_rng(0).standard_normal(tuple(compiled.input(0).shape)).astype(np.float32)
    request.set_input_tensor(ov.Tensor(x))
    return request.infer


def mnn(path, threads):
    import MNN

    interpreter = MNN.Interpreter(path.replace(".onnx", ".mnn"))
    session = interpreter.createSession({"numThread": threads, "backend": "CPU", "precision": "high"})
    tensor = interpreter.getSessionInput(session)
    shape = tensor.getShape()
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    tensor.copyFrom(MNN.Tensor(shape, MNN.Halide_Type_Float, x.ravel(), MNN.Tensor_DimensionType_Caffe))
    return lambda: interpreter.runSession(session)


def main():
    name, path, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    start = time.perf_counter()
    run = {"onnxruntime": onnxruntime, "openvino": openvino, "mnn": mnn}[name](path, threads)
    run()
    print(json.dumps({"load_ms": 1e3 * (time.perf_counter() - start)}), flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            run()
            times.append(1e3 * (time.perf_counter() - start))
        print(json.dumps(times), flush=True)
    print(json.dumps({"rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}), flush=True)


if __name__ == "__main__":
    main()
