"""What the scripts of this folder share."""

import pathlib

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper as nh

HERE = pathlib.Path(__file__).parent / "models"


def save(name, data, x):
    """Writes a model and onnxruntime's answers to x: NAME.onnx, NAME.x and NAME.y0, NAME.y1 … (TensorProto)."""
    model = onnx.load_model_from_string(data)
    print(name, "opset", [o.version for o in model.opset_import], len(model.graph.node), "nodes", [f.name for f in model.functions])
    for n in model.graph.node:  # where its source stands is nobody's business
        n.doc_string = ""
        del n.metadata_props[:]
    del model.metadata_props[:], model.graph.value_info[:], model.graph.metadata_props[:]
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    data = model.SerializeToString(deterministic=True)
    session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    ys = session.run(None, {session.get_inputs()[0].name: x})
    HERE.mkdir(exist_ok=True)
    for end, content in [("onnx", data), ("x", nh.from_array(x).SerializeToString())] + [
        (f"y{k}", nh.from_array(np.asarray(y)).SerializeToString()) for k, y in enumerate(ys)
    ]:
        (HERE / f"{name}.{end}").write_bytes(content)
