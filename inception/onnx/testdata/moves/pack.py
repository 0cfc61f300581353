"""Makes moves.zip: see README.md."""

import zipfile

import numpy as np
import onnx
from onnx import TensorProto, helper as h, numpy_helper as nh
from onnx.backend.test.case.node import collect_testcases
from onnx.reference import ReferenceEvaluator

OPSET = 21


def rows():
    for line in open("cases.txt", encoding="utf-8"):
        if line.strip() and not line.startswith("#"):
            folder, _, cases = line.strip().split(" | ")
            for name in cases.split():
                yield folder, name.split("/")[0].split("=")[0]


class Model:
    """A model under construction: calling it adds a node."""

    def __init__(self, seed, *dims, symbolic=()):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.constants = [], []
        self.x = self.rng.normal(size=dims).astype(np.float32)
        if self.x.size > 2:
            self.x.flat[1], self.x.flat[-2] = np.nan, np.inf
        self.dims = [f"d{i}" if i in symbolic else d for i, d in enumerate(dims)]

    def const(self, a):
        name = f"c{len(self.constants)}"
        self.constants.append(nh.from_array(np.asarray(a), name))
        return name

    def ints(self, *v):
        return self.const(np.array(v, np.int64))

    def floats(self, *dims):
        return self.const(self.rng.normal(size=dims).astype(np.float32))

    def __call__(self, op, *inputs, outputs=1, **attributes):
        out = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(h.make_node(op, list(inputs), out, name=f"{op}_{len(self.nodes)}", **attributes))
        return out[0] if outputs == 1 else out

    def finite(self):
        self.x[~np.isfinite(self.x)] = 0.5
        return self

    def done(self, y):
        value = lambda name, dims: h.make_tensor_value_info(name, TensorProto.FLOAT, dims)
        g = h.make_graph(self.nodes, "g", [value("x", self.dims)], [value(y, None)], self.constants)
        m = h.make_model(g, opset_imports=[h.make_opsetid("", OPSET)], ir_version=10)
        return m, [self.x], ReferenceEvaluator(m).run(None, {"x": self.x})


def swin_windows():
    m = Model(1, 2, 8, 8, 3, symbolic=[0])
    v = m("Reshape", "x", m.ints(-1, 4, 2, 4, 2, 3))
    v = m("Transpose", v, perm=[0, 1, 3, 2, 4, 5])
    v = m("Reshape", v, m.ints(-1, 4, 3))
    v = m("Relu", v)
    v = m("Reshape", v, m.ints(-1, 4, 4, 2, 2, 3))
    v = m("Transpose", v, perm=[0, 1, 3, 2, 4, 5])
    return m.done(m("Reshape", v, m.ints(-1, 8, 8, 3)))


def shuffle_5d():
    m = Model(2, 3, 12, 4, 5, symbolic=[0])
    v = m("Reshape", "x", m.ints(-1, 3, 4, 4, 5))
    v = m("Transpose", v, perm=[0, 2, 1, 3, 4])
    v = m("Reshape", v, m.ints(-1, 12, 4, 5))
    a, b = m("Split", v, outputs=2, axis=1, num_outputs=2)
    return m.done(m("Concat", b, a, axis=1))


def conv(m, v, cin, cout, k=3, **kw):
    v = m("Transpose", v, perm=[0, 3, 1, 2])
    v = m("Conv", v, m.floats(cout, cin, k, k), m.floats(cout), pads=[k // 2] * 4, **kw)
    return m("Transpose", v, perm=[0, 2, 3, 1])


def nhwc_block():
    m = Model(3, 2, 7, 6, 3, symbolic=[0]).finite()
    v = m("Mul", "x", m.floats(3))
    v = m("Relu", m("Add", conv(m, v, 3, 8), m.floats(1, 1, 1, 8)))
    w = m("Relu", conv(m, v, 8, 8))
    v = m("Add", v, conv(m, w, 8, 8, 1))
    v = m("Pad", v, m.ints(0, 1, 1, 0, 0, 1, 1, 0))
    v = m("Transpose", v, perm=[0, 3, 1, 2])
    v = m("MaxPool", v, kernel_shape=[3, 3], strides=[2, 2])
    return m.done(m("Transpose", v, perm=[0, 2, 3, 1]))


def nhwc_flatten():
    m = Model(4, 2, 5, 4, 3, symbolic=[0]).finite()
    v = m("Relu", conv(m, "x", 3, 6))
    v = m("Reshape", v, m.ints(-1, 120))
    v = m("MatMul", v, m.floats(120, 7))
    return m.done(m("Softmax", m("Add", v, m.floats(7)), axis=-1))


def nhwc_concat():
    m = Model(5, 2, 5, 4, 3, symbolic=[0]).finite()
    a, b = conv(m, "x", 3, 5), conv(m, "x", 3, 2, 1)
    v = m("Concat", a, b, "x", axis=3)
    v = m("Concat", v, m("Neg", v), axis=1)
    return m.done(m("Clip", v, m.const(np.float32(-0.5)), m.const(np.float32(2))))


def focus():
    m = Model(6, 1, 3, 6, 8, symbolic=[0])
    parts = []
    for y, x in ((0, 0), (1, 0), (0, 1), (1, 1)):
        v = m("Slice", "x", m.ints(y), m.ints(2**63 - 1), m.ints(2), m.ints(2))
        parts.append(m("Slice", v, m.ints(x), m.ints(2**63 - 1), m.ints(3), m.ints(2)))
    return m.done(m("Concat", *parts, axis=1))


def slices_and_picks():
    m = Model(7, 2, 9, 5, 6)
    v = m("Slice", "x", m.ints(8, -1), m.ints(-(2**63), -6), m.ints(1, 3), m.ints(-3, -2))
    v = m("Gather", v, m.const(np.array([[0, 4], [-1, 2]], np.int64)), axis=2)
    return m.done(m("Slice", v, m.ints(1), m.ints(2), m.ints(0)))


def batch_last():
    m = Model(8, 3, 4, 5, 2, symbolic=[0])
    v = m("Transpose", "x", perm=[1, 2, 3, 0])
    v = m("Mul", m("Relu", v), m.floats(5, 1, 1))
    return m.done(m("Softmax", m("Slice", v, m.ints(1), m.ints(9), m.ints(0)), axis=0))


def pixel_unshuffle():
    m = Model(9, 2, 3, 4, 6, symbolic=[0])
    v = m("Reshape", "x", m.ints(0, 3, 2, 2, 3, 2))
    v = m("Transpose", v, perm=[0, 1, 3, 5, 2, 4])
    v = m("Reshape", v, m.ints(0, 12, 2, 3))
    return m.done(m("DepthToSpace", v, blocksize=2, mode="CRD"))


def pad_any():
    m = Model(10, 2, 3, 4, 5)
    v = m("Pad", "x", m.ints(1, 2, 0, 3, 0, 1, 2, 0), m.const(np.float32(-np.inf)))
    v = m("Transpose", v, perm=[0, 2, 3, 1])
    v = m("Pad", v, m.ints(0, 3, 2, 0, 0, 1, 0, 4), mode="reflect")
    v = m("Pad", v, m.ints(0, 1, 0, 2, 1, 0, 2, 0), mode="edge")
    return m.done(m("Pad", v, m.ints(1, 0, 2, 1, 0, 1, 0, 3), mode="wrap"))


def gather_scalar():
    m = Model(11, 2, 3, 4, 5, symbolic=[0])
    v = m("Gather", "x", m.const(np.int64(-2)), axis=2)
    w = m("Gather", m("Transpose", "x", perm=[0, 3, 1, 2]), m.const(np.int64(1)), axis=3)
    return m.done(m("Concat", v, m("Transpose", w, perm=[0, 2, 1]), axis=2))


def expand_rank():
    m = Model(12, 2, 3, 1, 5, symbolic=[0])
    v = m("Expand", m("Transpose", "x", perm=[0, 3, 2, 1]), m.ints(2, 1, 1, 4, 1))
    return m.done(m("Tile", v, m.ints(1, 1, 2, 1, 3)))


def softmax_nhwc():
    m = Model(13, 2, 3, 4, 5, symbolic=[0]).finite()
    v = m("Transpose", "x", perm=[0, 2, 3, 1])
    return m.done(m("Mul", m("Softmax", v, axis=3), m("Softmax", v, axis=1)))


def reduce_nhwc():
    m = Model(14, 2, 3, 4, 5, symbolic=[0]).finite()
    v = m("Transpose", "x", perm=[0, 2, 3, 1])
    a = m("ReduceMean", v, m.ints(1, 2), keepdims=0)
    b = m("ReduceMax", v, m.ints(3), keepdims=0)
    b = m("ReduceMean", b, m.ints(1), keepdims=0)
    return m.done(m("Concat", a, b, axis=1))


def se_nhwc():
    m = Model(15, 2, 6, 5, 4, symbolic=[0]).finite()
    v = conv(m, "x", 4, 8)
    s = m("Reshape", m("ReduceMean", v, m.ints(1, 2), keepdims=0), m.ints(-1, 1, 1, 8))
    s = m("Sigmoid", conv(m, m("Relu", conv(m, s, 8, 2, 1)), 2, 8, 1))
    v = m("Mul", v, s)
    return m.done(m("Relu", m("BatchNormalization", m("Transpose", v, perm=[0, 3, 1, 2]), *[m.const(m.rng.uniform(0.5, 1.5, 8).astype(np.float32)) for _ in range(4)])))


def dilated_same():
    m = Model(16, 1, 2, 9, 8)
    return m.done(m("MaxPool", "x", kernel_shape=[3, 2], dilations=[2, 3], strides=[2, 1], auto_pad="SAME_UPPER"))


def dilated_same_1d():
    m = Model(17, 1, 3, 11).finite()
    return m.done(m("MaxPool", "x", kernel_shape=[3], dilations=[2], auto_pad="SAME_UPPER"))


def floating(v):
    """32-bit integers, which some of the tests move, as floats."""
    return v.astype(np.float32) if isinstance(v, np.ndarray) and v.dtype == np.int32 else v


def main():
    own = {c.name: c for c in collect_testcases(None)}
    done = set()
    with zipfile.ZipFile("moves.zip", "w") as z:
        def add(name, data):
            z.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, 9)

        for folder, name in rows():
            if (folder, name) in done:
                continue
            done.add((folder, name))
            if folder == "node":
                case = own["test_" + name]
                model, ((inputs, outputs),) = case.model, case.data_sets
                del model.opset_import[:]
                model.opset_import.append(h.make_opsetid("", OPSET))
                inputs, outputs = [floating(v) for v in inputs], [floating(v) for v in outputs]
                for v in list(model.graph.input) + list(model.graph.output):
                    if v.type.tensor_type.elem_type == TensorProto.INT32:
                        v.type.tensor_type.elem_type = TensorProto.FLOAT
            else:
                model, inputs, outputs = globals()[name]()
            dir = f"{folder}/test_{name}/"
            add(dir + "model.onnx", model.SerializeToString(deterministic=True))
            for what, values in ("input", inputs), ("output", outputs):
                for i, v in enumerate(values):
                    if not isinstance(v, onnx.TensorProto):
                        v = nh.from_array(np.asarray(v))
                    add(f"{dir}test_data_set_0/{what}_{i}.pb", v.SerializeToString(deterministic=True))


main()
