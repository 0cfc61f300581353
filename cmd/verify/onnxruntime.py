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
        print(json.dumps(compute(np, onnxruntime, model, x, folder)), flush=True)
    except Exception as e:  # of many kinds, and of several lines
        print(json.dumps({"error": " ".join(str(e).split())}), flush=True)


def compute(np, onnxruntime, model, x, folder):
    """Writes the outputs, and returns how many there are, and whether they are computed in half precision."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    kinds = {"tensor(float16)": np.float16, "tensor(double)": np.float64, "tensor(bool)": np.bool_, "tensor(int8)": np.int8, "tensor(uint8)": np.uint8,
             "tensor(int16)": np.int16, "tensor(uint16)": np.uint16}
    x = np.load(x)
    cast = x.astype(kinds.get(given.type, np.float32))
    if np.issubdtype(cast.dtype, np.integer) and (cast != x).any():
        raise ValueError(f"it takes {given.type}, and the input isn't of such numbers: give it some with --in X.npy")
    ys = session.run(None, {given.name: cast})
    for i, y in enumerate(ys):
        np.save(os.path.join(folder, f"{i}.npy"), np.ascontiguousarray(y, dtype=np.float32))
    return {"outputs": len(ys), "half": any(y.dtype == np.float16 for y in ys)}


main(*sys.argv[1:])
