"""Runs a model with ONNX Runtime on the CPU: onnxruntime.py MODEL.onnx INPUT.npy FOLDER. It writes the outputs into the folder as
0.npy, 1.npy …, float32, and says on standard output what it is. To install what it needs: pip install numpy onnxruntime
"""
import json
import os
import sys

sys.path.pop(0)  # this folder: nothing in it is to be imported


def main(model, x, folder):
    try:
        import numpy as np
        import onnxruntime
    except ImportError as e:
        print(json.dumps({"missing": str(e)}), flush=True)
        return
    print(json.dumps({"about": "ONNX Runtime " + onnxruntime.__version__}), flush=True)
    try:
        print(json.dumps({"outputs": compute(np, onnxruntime, model, x, folder)}), flush=True)
    except Exception as e:  # of many kinds, and of several lines
        print(json.dumps({"error": " ".join(str(e).split())}), flush=True)


def compute(np, onnxruntime, model, x, folder):
    """Writes the outputs, and returns how many there are."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    kind = {"tensor(float16)": np.float16, "tensor(double)": np.float64}.get(given.type, np.float32)
    ys = session.run(None, {given.name: np.load(x).astype(kind)})
    for i, y in enumerate(ys):
        np.save(os.path.join(folder, f"{i}.npy"), np.ascontiguousarray(y, dtype=np.float32))
    return len(ys)


main(*sys.argv[1:])
