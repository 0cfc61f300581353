"""Makes ends.zip: small networks that end on the host, as classifiers, detectors and segmenters do, with onnxruntime's answers.

    pip install onnx onnxruntime numpy && python generate.py

NAME.onnx, NAME.x and NAME.y0, NAME.y1 … (TensorProto).
"""

import zipfile

import numpy as np
import onnxruntime as ort
from onnx import TensorProto as T, helper as h, numpy_helper as nh

r = np.random.default_rng(1)


class Model:
    def __init__(self, *shape, opset=17):
        self.nodes, self.inits, self.outputs, self.shape, self.opset = [], [], [], shape, opset

    def const(self, value, dtype=None):
        self.inits.append(nh.from_array(np.asarray(value, dtype), f"c{len(self.inits)}"))
        return self.inits[-1].name

    def __call__(self, kind, *inputs, outs=1, **attributes):
        n = len(self.nodes)
        names = [f"v{n}" if outs == 1 else f"v{n}_{k}" for k in range(outs)]
        args = [i if isinstance(i, str) else self.const(i) for i in inputs]
        self.nodes.append(h.make_node(kind, args, names, name=f"{kind}_{n}", **attributes))
        return names[0] if outs == 1 else names

    def conv(self, x, inputs, outputs, k=3, **kw):
        w = r.normal(size=(outputs, inputs, k, k)) / k / inputs**0.5
        return self("Conv", x, w.astype(np.float32), r.normal(size=outputs).astype(np.float32), pads=[k // 2] * 4, **kw)

    def output(self, value, name):
        self.nodes.append(h.make_node("Identity", [value], [name], name="out_" + name))
        self.outputs.append(name)


i64 = lambda *v: np.array(v, np.int64)
f32 = lambda v: np.float32(v)


def classifier():
    m = Model("n", 3, 8, 8)
    v = m("Flatten", m("GlobalAveragePool", m("Relu", m.conv("x", 3, 12))))
    scores = m("Softmax", m("Gemm", v, r.normal(size=(12, 20)).astype(np.float32), r.normal(size=20).astype(np.float32)))
    best, places = m("TopK", scores, i64(5), outs=2)
    m.output(best, "scores")
    m.output(places, "places")
    m.output(m("Gather", r.normal(size=(20, 2)).astype(np.float32), places), "of_places")
    return m


def segmenter():
    m = Model("n", 3, 9, 7)
    v = m.conv(m("Relu", m.conv("x", 3, 8)), 8, 5)
    m.output(m("Cast", m("ArgMax", v, axis=1, keepdims=0), to=T.UINT8), "mask")
    m.output(m("ReduceMax", m("Softmax", v, axis=1), axes=[1], keepdims=0), "confidence")
    m.output(m("Cast", m("Greater", m("ArgMax", v, axis=1, keepdims=1), i64(2)), to=T.FLOAT), "foreground")
    return m


def yolo(m, anchors=3, classes=4):
    """boxes 1 × n × 4 as (x, y, w, h) and scores 1 × classes × n"""
    v = m("Sigmoid", m.conv(m("Relu", m.conv("x", 3, 16)), 16, anchors * (4 + classes), 1))
    v = m("Reshape", v, i64(1, anchors, 4 + classes, -1))
    v = m("Reshape", m("Transpose", v, perm=[0, 1, 3, 2]), i64(1, -1, 4 + classes))
    boxes, scores = m("Split", v, i64(4, classes), axis=2, outs=2)
    return m("Mul", boxes, np.array([8, 8, 4, 4], np.float32)), m("Transpose", scores, perm=[0, 2, 1])


def detector(center=1):
    m = Model(1, 3, 8, 8)
    boxes, scores = yolo(m)
    if not center:
        xy, wh = m("Split", boxes, i64(2, 2), axis=2, outs=2)
        half = m("Mul", wh, f32(0.5))
        boxes = m("Concat", m("Sub", xy, half), m("Add", xy, half), axis=2)
    kept = m("NonMaxSuppression", boxes, scores, i64(7), f32(0.4), f32(0.55), center_point_box=center)
    index = m("Gather", kept, i64(2), axis=1)  # n × 1
    index = m("Squeeze", index, i64(1))
    label = m("Squeeze", m("Slice", kept, i64(1), i64(2), i64(1)), i64(1))
    m.output(m("Gather", m("Squeeze", boxes, i64(0)), index, axis=0), "boxes")
    m.output(label, "labels")
    where = m("Concat", m("Unsqueeze", label, i64(1)), m("Unsqueeze", index, i64(1)), axis=1)
    m.output(m("GatherND", m("Squeeze", scores, i64(0)), where), "scores")
    m.output(kept, "kept")
    return m


def transformer():
    """The end of RT-DETR and YOLOv10: the best of all (box, class) pairs."""
    m = Model(1, 3, 6, 6)
    boxes, scores = yolo(m, 2, 3)
    scores = m("Transpose", scores, perm=[0, 2, 1])  # 1 × n × classes
    best = m("ReduceMax", scores, axes=[2], keepdims=0)
    _, place = m("TopK", best, i64(10), outs=2, axis=1)
    place = m("Unsqueeze", place, i64(2))
    boxes = m("GatherElements", boxes, m("Tile", place, i64(1, 1, 4)), axis=1)
    scores = m("GatherElements", scores, m("Expand", place, i64(1, 10, 3)), axis=1)
    top, at = m("TopK", m("Flatten", scores), i64(6), outs=2, axis=1)
    box = m("Unsqueeze", m("Div", at, i64(3)), i64(2))
    label = m("Unsqueeze", m("Cast", m("Mod", at, i64(3)), to=T.FLOAT), i64(2))
    boxes = m("GatherElements", boxes, m("Tile", box, i64(1, 1, 4)), axis=1)
    m.output(m("Concat", boxes, m("Unsqueeze", top, i64(2)), label, axis=2), "found")
    return m


def keypoints():
    m = Model("n", 3, 6, 10)
    v = m.conv("x", 3, 4)
    flat = m("Reshape", v, i64(0, 4, -1))
    at = m("ArgMax", flat, axis=2, keepdims=1)
    x, y = m("Mod", at, i64(10)), m("Div", at, i64(10))
    m.output(m("Cast", m("Concat", x, y, axis=2), to=T.FLOAT), "points")
    peaks = m("GatherElements", flat, at, axis=2)
    m.output(peaks, "peaks")
    m.output(m("Mean", peaks, np.float32([0.5, 2, 3]), m("Cast", x, to=T.FLOAT)), "means")
    m.output(m("Max", x, y, i64(2)), "far")
    m.output(m("Where", m("Greater", x, i64(5)), x, m("Neg", y)), "odd")
    return m


def picked():
    m = Model(1, 2, 5, 6)
    v = m.conv("x", 2, 3)
    places = m("Transpose", m("NonZero", m("Greater", v, f32(1))), perm=[1, 0])
    m.output(places, "places")
    m.output(m("GatherND", m("Relu", v), places), "numbers")
    m.output(m("Shape", places), "count")
    m.output(v, "map")
    return m


def counted():
    """K is what the data says."""
    m = Model(1, 2, 4, 4)
    v = m("Reshape", m.conv("x", 2, 3), i64(1, -1))
    k = m("Unsqueeze", m("ReduceSum", m("Cast", m("ArgMin", m("Reshape", v, i64(6, -1)), axis=1, keepdims=0), to=T.INT64), i64(0), keepdims=0), i64(0))
    k = m("Add", m("Mod", k, i64(7)), i64(1))
    low, at = m("TopK", v, k, outs=2, axis=1, largest=0)
    m.output(low, "low")
    m.output(m("Sub", at, m("Max", at, i64(9))), "at")
    m.output(m("Slice", at, i64(-1), i64(-100), i64(1), i64(-1)), "back")
    return m


models = {
    "classifier": classifier(), "segmenter": segmenter(), "detector": detector(), "corners": detector(0), "transformer": transformer(),
    "keypoints": keypoints(), "picked": picked(), "counted": counted(),
}
options = ort.SessionOptions()
options.log_severity_level = 3
with zipfile.ZipFile("ends.zip", "w") as z:
    for name, m in models.items():
        g = h.make_graph(m.nodes, name, [h.make_tensor_value_info("x", T.FLOAT, m.shape)], [h.make_empty_tensor_value_info(o) for o in m.outputs], m.inits)
        data = h.make_model(g, opset_imports=[h.make_opsetid("", m.opset)], ir_version=8).SerializeToString(deterministic=True)
        x = r.normal(size=[2 if d == "n" else d for d in m.shape]).astype(np.float32)
        ys = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"]).run(None, {"x": x})
        print(name, [(y.dtype.name, y.shape) for y in ys])
        for end, content in [("onnx", data), ("x", nh.from_array(x).SerializeToString())] + [
            (f"y{k}", nh.from_array(y).SerializeToString()) for k, y in enumerate(ys)
        ]:
            z.writestr(zipfile.ZipInfo(f"{name}.{end}"), content, zipfile.ZIP_DEFLATED, 9)
