"""Makes quantize.zip: random models with QuantizeLinear and DequantizeLinear, with onnxruntime's answers.

    pip install onnx onnxruntime numpy && python generate.py

NAME.onnx, NAME.x and NAME.y (TensorProto). Three of four of the numbers that are quantised are halves between codes, or next to one. onnxruntime
optimises nothing: it would compute convolutions in integers. Names with "exact" have answers that any right implementation gives, bit by bit.
"""

import zipfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto as T, helper as h, numpy_helper as nh

TYPES = {np.int8: (-128, 127), np.uint8: (0, 255), np.int16: (-32768, 32767), np.uint16: (0, 65535)}


class Model:
    def __init__(self, opset=21):
        self.nodes, self.inits, self.opset = [], [], opset

    def const(self, value):
        self.inits.append(nh.from_array(np.asarray(value), f"c{len(self.inits)}"))
        return self.inits[-1].name

    def op(self, kind, *inputs, **attributes):
        out = f"v{len(self.nodes)}"
        self.nodes.append(h.make_node(kind, list(inputs), [out], name=f"{kind}_{out}", **attributes))
        return out

    def coding(self, r, dtype, count=0, symmetric=False, plain=False):
        """Inputs scale and zero point; count 0 is one of both."""
        low, high = TYPES[dtype]
        size = (count,) if count else ()
        scale = (2.0 ** r.integers(-8, 3, size) if plain else r.uniform(0.001, 0.1, size)).astype(np.float32)
        zero = np.zeros(size, dtype) if symmetric else r.integers(low, high, size, endpoint=True).astype(dtype)
        return (self.const(scale), self.const(zero)), np.asarray(scale), np.asarray(zero)


def awkward(r, shape, scale, zero, dtype, axis):
    """Halves between codes and their neighbours, and other numbers."""
    low, high = TYPES[dtype]
    view = [1] * len(shape)
    if scale.ndim:
        view[axis] = -1
    s, z = scale.reshape(view), zero.reshape(view).astype(np.float64)
    x = ((r.integers(low - 10, high + 10, shape) + 0.5 - z) * s.astype(np.float64)).astype(np.float32)
    for _ in range(3):
        x = np.where(r.random(shape) < 0.4, np.nextafter(x, r.choice([-np.inf, np.inf], shape).astype(np.float32)), x)
    other = r.normal(size=shape) * (high - low) / 4 * s
    return np.where(r.random(shape) < 0.25, other, x).astype(np.float32)


def models():
    n = 0
    for dtype in TYPES:
        for axis in (None, 1, -1, 0):
            for symmetric in (False, True):
                n += 1
                r = np.random.default_rng(n)
                shape = [(3, 5, 4, 6), (2, 7, 9), (6, 21)][n % 3]
                m = Model(21 if dtype in (np.int16, np.uint16) else [10, 13, 19, 23][n % 4] if axis is None else [13, 19, 21, 23][n % 4])
                kw = {} if axis is None else {"axis": axis}
                args, scale, zero = m.coding(r, dtype, 0 if axis is None else shape[axis], symmetric, n % 3 == 0)
                x = awkward(r, shape, scale, zero, dtype, axis)
                m.op("DequantizeLinear", m.op("QuantizeLinear", "x", *args, **kw), *args, **kw)
                yield f"exact_{n:02d}", m, x
                if axis is not None:
                    continue
                # Codes that move on the way, and others' scales.
                m = Model(21)
                q = m.op("QuantizeLinear", "x", *m.coding(np.random.default_rng(n), dtype, 0, symmetric, n % 3 == 0)[0])
                if len(shape) == 4:
                    q = m.op("MaxPool", q, kernel_shape=[2, 2]) if dtype in (np.int8, np.uint8) else q
                q = m.op("Transpose", q, perm=[0] + list(range(len(shape) - 1, 0, -1)))
                q = m.op("Reshape", q, m.const(np.array([0, -1], np.int64)))
                m.op("DequantizeLinear", q, *m.coding(r, dtype, 0, not symmetric)[0])
                yield f"exact_moved_{n:02d}", m, x
                m = Model(21)
                m.op("QuantizeLinear", "x", *m.coding(np.random.default_rng(n), dtype, 0, symmetric, n % 3 == 0)[0])
                yield f"exact_codes_{n:02d}", m, x
    for n in range(12):
        r = np.random.default_rng(100 + n)
        group = [1, 1, 2, 4][n % 4]
        m = Model(21 if n % 3 == 2 else 13)
        dtype = [np.uint8, np.int8][n % 2]
        (s, z), scale, zero = m.coding(r, dtype)
        x = awkward(r, (2, 4, 7, 6), scale, zero, dtype, None)
        v = m.op("DequantizeLinear", m.op("QuantizeLinear", "x", s, z), s, z)
        w = r.integers(-127, 128, (6 if group == 1 else 8, 4 // group, 3, 3)).astype(np.int8)
        ws = r.uniform(0.001, 0.01, w.shape[0] if n % 2 else ()).astype(np.float32)
        if n % 3 == 2:  # in blocks
            ws = r.uniform(0.001, 0.01, (w.shape[0], w.shape[1], 2, 3)).astype(np.float32)
            weight = m.op("DequantizeLinear", m.const(w), m.const(ws), axis=2, block_size=2)
        else:
            wz = np.zeros(ws.shape, np.int8)
            weight = m.op("DequantizeLinear", m.const(w), m.const(ws), m.const(wz), **({"axis": 0} if n % 2 else {}))
        b = r.integers(-100000, 100000, w.shape[0]).astype(np.int32)
        bias = m.op("DequantizeLinear", m.const(b), m.const(np.float32(2e-5)))
        v = m.op("Conv", v, weight, bias, pads=[1, 1, 1, 1], group=group)
        if n % 2:
            m.op("Relu", v)
        yield f"conv_{n:02d}", m, x
    for n, dtype in enumerate(TYPES):  # inputs that are integers
        r = np.random.default_rng(200 + n)
        low, high = TYPES[dtype]
        m = Model(21)
        v = m.op("Transpose", "x", perm=[0, 3, 1, 2])
        if n % 2:
            v = m.op("DequantizeLinear", v, *m.coding(r, dtype, 3)[0], axis=1)
        else:
            v = m.op("Cast", v, to=T.FLOAT)
        yield f"exact_input_{n}", m, r.integers(low, high, (2, 5, 4, 3), endpoint=True).astype(dtype)


options = ort.SessionOptions()
options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
with zipfile.ZipFile("quantize.zip", "w") as z:
    for name, m, x in models():
        kind = h.np_dtype_to_tensor_dtype(x.dtype)
        last = m.nodes[-1]
        out = h.make_empty_tensor_value_info(last.output[0])
        graph = h.make_graph(m.nodes, "g", [h.make_tensor_value_info("x", kind, x.shape)], [out], m.inits)
        model = h.make_model(graph, opset_imports=[h.make_opsetid("", m.opset)], ir_version=9)
        data = model.SerializeToString(deterministic=True)
        y = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
        for end, content in (("onnx", data), ("x", nh.from_array(x).SerializeToString()), ("y", nh.from_array(y).SerializeToString())):
            z.writestr(zipfile.ZipInfo(f"{name}.{end}"), content, zipfile.ZIP_DEFLATED, 9)
