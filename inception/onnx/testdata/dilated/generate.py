"""Makes dilated.zip: dilated pools (opset 19) with onnxruntime's answers, named as in ../random: NNNN.onnx, NNNN.x and NNNN.y (TensorProto).

    pip install onnx==1.16.2 onnxruntime==1.32.0 numpy && python generate.py

Left out is what onnxruntime can't answer (auto_pad SAME with dilations, where its padding ignores them; padding as large as the kernel), where it
differs from ONNX's formula (a window larger than the padded input, without ceil_mode), and what has no answer: a window without a pixel.
"""

import random
import zipfile

import numpy as np
import onnxruntime as ort
from onnx import TensorProto as T, helper as h, numpy_helper as nh

R, N = random.Random(1), np.random.RandomState(1)


def case():
    axes = R.choice([1, 2, 2, 2])
    k = [R.choice([1, 2, 3, 3]) for _ in range(axes)]
    kw = dict(kernel_shape=k, strides=[R.choice([1, 2, 3]) for _ in k], dilations=[R.choice([1, 2, 2, 3, 5]) for _ in k])
    kw["pads"] = [R.randint(0, v - 1) for v in k + k]
    kw["ceil_mode"] = R.choice([0, 1])
    op = R.choice(["MaxPool", "AveragePool"])
    if op == "AveragePool":
        kw["count_include_pad"] = R.choice([0, 1])
    x = N.normal(size=[R.choice([1, 2]), R.choice([1, 3])] + [R.randint(3, 13) for _ in k]).astype(np.float32)
    if op == "MaxPool":
        x -= 3  # padding with zeros would win
    for size, n, s, d, p, q in zip(x.shape[2:], k, kw["strides"], kw["dilations"], kw["pads"], kw["pads"][axes:]):
        room = size + p + q - d * (n - 1) - 1
        windows = range(-p, size if kw["ceil_mode"] else room - p + 1, s)
        if room < 0 and not kw["ceil_mode"] or not all(any(0 <= at + d * i < size for i in range(n)) for at in windows):
            return None
    graph = h.make_graph(
        [h.make_node(op, ["x"], ["y"], **kw)],
        "g",
        [h.make_tensor_value_info("x", T.FLOAT, x.shape)],
        [h.make_tensor_value_info("y", T.FLOAT, None)],
    )
    m = h.make_model(graph, opset_imports=[h.make_opsetid("", 19)], ir_version=9)
    return m.SerializeToString(), x


with zipfile.ZipFile("dilated.zip", "w", zipfile.ZIP_DEFLATED) as z:
    made = 0
    while made < 150:
        made_of = case()
        if made_of is None:
            continue
        m, x = made_of
        o = ort.SessionOptions()
        o.log_severity_level = 4
        try:
            (y,) = ort.InferenceSession(m, o, providers=["CPUExecutionProvider"]).run(None, {"x": x})
        except Exception:
            continue
        if y.size == 0:  # no window fits
            continue
        for name, data in ("onnx", m), ("x", nh.from_array(x).SerializeToString()), ("y", nh.from_array(y).SerializeToString()):
            z.writestr(zipfile.ZipInfo(f"{made:04}.{name}", (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
        made += 1
