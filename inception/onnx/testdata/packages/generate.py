"""Answers in float64 for the models in this folder, and ONNX Runtime's own error: pip install onnx onnxruntime; python generate.py"""
import json

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

MODELS = {
    "ppocr_cls": ([2, 3, 48, 192], ["reshape2_0.tmp_0", "save_infer_model/scale_0.tmp_1"]),
    "basic_pitch": ([1, 43844, 1], ["StatefulPartitionedCall:1"]),
}


def doubled(m):
    """The model with every float as a double."""
    m = onnx.ModelProto.FromString(m.SerializeToString())

    def tensor(t):
        if t.data_type == TensorProto.FLOAT:
            t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(t).astype(np.float64), t.name))

    for t in m.graph.initializer:
        tensor(t)
    for n in m.graph.node:
        for a in n.attribute:
            if a.name == "value":
                tensor(a.t)
            if a.name == "to" and a.i == TensorProto.FLOAT:
                a.i = TensorProto.DOUBLE
    for v in list(m.graph.input) + list(m.graph.output):
        v.type.tensor_type.elem_type = TensorProto.DOUBLE
    # The evaluator's BatchNormalization of before opset 14 takes the batch's own statistics. The other operators here mean the same in 15.
    m.opset_import[0].version = 15
    return m


def relative(got, want):
    return float(np.linalg.norm(got - want) / np.linalg.norm(want))


for name, (shape, outputs) in MODELS.items():
    m = onnx.load(name + ".onnx")
    del m.graph.output[:]
    m.graph.output.extend(helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs)
    # What Go can make, too: numbers in −1 … 1 that a float holds exactly.
    count = int(np.prod(shape))
    x = ((np.arange(count, dtype=np.int64) * 7919 + 104729) % 65536 / 32768 - 1).astype(np.float32).reshape(shape)
    want = ReferenceEvaluator(doubled(m)).run(None, {m.graph.input[0].name: x.astype(np.float64)})
    got = onnxruntime.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {m.graph.input[0].name: x})
    answers = [
        {"output": o, "dims": list(w.shape), "want": [float(f"{v:.12g}") for v in w.ravel()], "runtime_error": relative(g, w)}
        for o, w, g in zip(outputs, want, got)
    ]
    with open(name + ".json", "w") as f:
        json.dump({"input": shape, "outputs": answers}, f)
    print(name, [(a["output"], a["dims"], a["runtime_error"]) for a in answers])
