"""Makes a zip of random models of the operators that the importer knows, with onnxruntime's answers.

    pip install onnx==1.23.2 onnxruntime==1.32.0 numpy && python generate.py FIRST LAST [FILE]

random.zip has the seeds 0 to 199. NNNNN.onnx, NNNNN.x and NNNNN.y (TensorProto). Of 2,000 and more: python generate.py 0 2000 /tmp/all.zip, then
INCEPTIONGL_RANDOM=/tmp/all.zip go test -run RandomModels ./inception/onnx.

Models are two to seven operators long, each on what one of the last few gave, and in the form of a random opset. Values stay finite; numbers that
jump (comparisons, roundings, codes, places) are not near where they do; a model whose answer moves by more than a rounding explains is left
out. So is MaxPool with auto_pad SAME and dilations: onnxruntime's padding ignores the dilation there, ONNX's formula does not.
"""

import random
import sys
import zipfile

import numpy as np
import onnxruntime as ort
from onnx import TensorProto as T, helper as h, numpy_helper as nh

options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 4
plain = ort.SessionOptions()  # codes of a few bits must stay: it would compute in integers
plain.intra_op_num_threads = 1
plain.log_severity_level = 4
plain.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL


class Skip(Exception):
    """This operator can't be drawn here."""


def run(model, x, o=plain):
    return ort.InferenceSession(model.SerializeToString(), o, providers=["CPUExecutionProvider"]).run(None, {"x": x})


class Graph:
    def __init__(self, seed):
        self.R, self.N = random.Random(seed), np.random.default_rng(seed)
        R = self.R
        self.opset = R.choice([9, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 23])
        rank = R.choice([4] * 10 + [3, 3, 2, 5])
        self.dyn = R.random() < 0.5
        shape = [R.choice([1, 2, 3])] + [R.choice([1, 2, 3, 4, 6])] + [R.choice([3, 4, 5, 6, 7]) for _ in range(rank - 2)]
        self.x = self.N.normal(size=shape).astype(np.float32)
        self.nodes, self.inits = [], []
        self.values = [("x", self.x)]

    def const(self, value, dtype=None):
        name = f"c{len(self.inits)}"
        self.inits.append(nh.from_array(np.ascontiguousarray(np.asarray(value, dtype)), name))
        return name

    def ints(self, *v):
        return self.const(np.array(v, np.int64))

    def f(self, *dims, low=None, high=None):
        v = self.N.normal(size=dims) if low is None else self.N.uniform(low, high, size=dims)
        return v.astype(np.float32)

    def op(self, kind, inputs, outs=1, take=0, **attributes):
        """Adds a node, computes it, and keeps output take as the next value."""
        n = len(self.nodes)
        names = [f"v{n}_{k}" for k in range(outs)]
        node = h.make_node(kind, inputs, names, name=f"{kind}_{n}", **attributes)
        known = dict(self.values)
        given = [i for i in inputs if i in known]
        graph = h.make_graph(
            [node], "g", [h.make_tensor_value_info(i, h.np_dtype_to_tensor_dtype(known[i].dtype), known[i].shape) for i in dict.fromkeys(given)],
            [h.make_empty_tensor_value_info(o) for o in names], [i for i in self.inits if i.name in inputs],
        )
        model = h.make_model(graph, opset_imports=[h.make_opsetid("", self.opset)], ir_version=8)
        try:
            s = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
            ys = s.run(None, {i: known[i] for i in given})
        except Exception as e:
            raise Skip(f"{kind}: {e}")
        for y in ys:
            if y.size == 0 or y.size > 6000 or y.dtype == np.float32 and not (np.abs(y).max() < 1e3):
                raise Skip(kind)
        self.nodes.append(node)
        self.values += list(zip(names, ys))
        return names[take], ys[take]

    def pick(self, test=lambda v: True):
        found = [(n, v) for n, v in self.values[-3:] if v.dtype == np.float32 and test(v)]
        if not found:
            raise Skip("no value")
        return self.R.choice(found)

    def axis(self, v, low=0):
        """An axis; seldom the batch, which most operators keep apart."""
        if v.ndim == 0 or v.ndim <= low:
            raise Skip("rank")
        if v.ndim > 1 and self.R.random() < (0.96 if self.dyn else 0.8):
            low = max(low, 1)
        a = self.R.randrange(low, v.ndim)
        return a

    def sign(self, a, v):
        return a - v.ndim if self.R.random() < 0.3 else a

    def axes_of(self, kind, inputs, axes, since, **kw):
        if self.opset >= since:
            return self.op(kind, inputs + [self.ints(*axes)], **kw)
        return self.op(kind, inputs, axes=list(axes), **kw)

    def build(self):
        R = self.R
        tries, wanted = 0, R.randint(2, 7)
        while len(self.nodes) < wanted and tries < 40:
            tries += 1
            state = len(self.nodes), len(self.inits), len(self.values)
            try:
                R.choice(GENERATORS)(self)
            except Exception:  # Skip, or one of onnxruntime's
                del self.nodes[state[0] :], self.inits[state[1] :], self.values[state[2] :]
        if R.random() < 0.15:
            state = len(self.nodes), len(self.inits), len(self.values)
            try:
                R.choice(ENDS)(self)
            except Skip:
                del self.nodes[state[0] :], self.inits[state[1] :], self.values[state[2] :]

    def model(self, output):
        shape = (["b"] if self.dyn else [self.x.shape[0]]) + list(self.x.shape[1:])
        graph = h.make_graph(self.nodes, "g", [h.make_tensor_value_info("x", T.FLOAT, shape)], [h.make_empty_tensor_value_info(output)], self.inits)
        return h.make_model(graph, opset_imports=[h.make_opsetid("", self.opset)], ir_version=8)


def far(v, from_, margin=1e-3):
    if (np.abs(v - from_) < margin).any():
        raise Skip("near a jump")


# Functions of single numbers.
ANY = ["Abs", "Elu", "Erf", "HardSigmoid", "HardSwish", "LeakyRelu", "Neg", "Relu", "Selu", "Sigmoid", "Softplus", "Softsign", "Tanh", "Identity", "Celu",
       "ThresholdedRelu", "Shrink", "Mish", "Gelu", "Swish", "Dropout"]


def unary(g):
    n, v = g.pick()
    kind = g.R.choice(ANY)
    if kind == "ThresholdedRelu":
        far(v, 1)
    if kind == "Shrink":
        far(np.abs(v), 0.5)
    kw = {"approximate": g.R.choice(["none", "tanh"])} if kind == "Gelu" else {}
    g.op(kind, [n], **kw)


def positive(g):
    n, v = g.pick()
    n, v = g.op("Abs", [n])
    n, v = g.op("Add", [n, g.const(np.float32(0.2))])
    g.op(g.R.choice(["Sqrt", "Log", "Reciprocal"]), [n])


def exponential(g):
    n, v = g.pick(lambda v: np.abs(v).max() < 6)
    g.op("Exp", [n])


def rounding(g):
    n, v = g.pick()
    kind = g.R.choice(["Round", "Floor", "Ceil", "Sign"])
    if kind == "Sign":
        far(v, 0)
    else:
        far(v, np.round(v) if kind != "Round" else np.floor(v) + 0.5)
    g.op(kind, [n])


def clip(g):
    n, v = g.pick()
    low, high = sorted(g.f(2).tolist())
    if g.opset < 11:
        return g.op("Clip", [n], min=low, max=high)
    bounds = g.R.choice([[low, high], [low], [None, high]])
    g.op("Clip", [n] + ["" if b is None else g.const(np.float32(b)) for b in bounds])


def silu(g):
    n, v = g.pick()
    s, _ = g.op(g.R.choice(["Sigmoid", "HardSigmoid"]), [n])
    g.op("Mul", g.R.sample([n, s], 2))


def prelu(g):
    n, v = g.pick(lambda v: v.ndim > 1)
    g.op("PRelu", [n, g.const(g.f(*([v.shape[1]] + [1] * (v.ndim - 2))))])


# Pairs.
def constant_pair(g):
    n, v = g.pick(lambda v: v.ndim > 0)
    shape = [d if g.R.random() < 0.5 else 1 for d in v.shape][g.R.randint(0, v.ndim) :]
    if g.dyn and len(shape) == v.ndim:
        shape[0] = 1
    pair = [n, g.const(g.f(*shape, low=0.5, high=1.5))]
    kind = g.R.choice(["Add", "Sub", "Mul", "Div", "Sub", "Min", "Max"])
    if kind == "Div":
        return g.op(kind, pair)
    g.op(kind, g.R.sample(pair, 2))


def pair(g):
    n, v = g.pick()
    others = [m for m, w in g.values if w.dtype == np.float32 and w.shape == v.shape]
    m = g.R.choice(others)
    kind = g.R.choice(["Add", "Mul", "Sub", "Sum", "Max", "Min", "Mean"])
    g.op(kind, [n, m] if g.R.random() < 0.5 else [m, n])


def wide_pair(g):
    """Two tensors of which one is broadcast."""
    n, v = g.pick(lambda v: v.ndim >= 3)
    axes = sorted(g.R.sample(range(1, v.ndim), g.R.randint(1, v.ndim - 1)))
    m, _ = g.axes_of("ReduceMean", [n], axes, 18, keepdims=1)
    g.op(g.R.choice(["Sub", "Add", "Mul"]), g.R.sample([n, m], 2))


def quotient(g):
    n, v = g.pick()
    m, w = g.pick(lambda w: w.shape == v.shape)
    m, _ = g.op("Abs", [m])
    m, _ = g.op("Add", [m, g.const(np.float32(0.5))])
    g.op("Div", [n, m])


def power(g):
    n, v = g.pick(lambda v: np.abs(v).max() < 5)
    p = g.R.choice([1.0, 2.0, 3.0, 0.5, -1.0, 1.5])
    if p != int(p) or p < 0:
        n, v = g.op("Abs", [n])
        n, v = g.op("Add", [n, g.const(np.float32(0.3))])
    g.op("Pow", [n, g.const(np.float32(p))])


def condition(g, n, v):
    """A tensor of truths of v's shape."""
    kind = g.R.choice(["Greater", "Less"] + (["GreaterOrEqual", "LessOrEqual"] if g.opset >= 12 else []))
    c = np.float32(g.N.normal())
    far(v, c)
    return g.op(kind, g.R.sample([n, g.const(c)], 2))[0]


def compared(g):
    n, v = g.pick()
    c = condition(g, n, v)
    if g.R.random() < 0.1:
        c, _ = g.op("IsNaN", [n])
    if g.R.random() < 0.3:
        c, _ = g.op("Not", [c])
    if g.R.random() < 0.3:
        d = condition(g, n, v)
        c, _ = g.op(g.R.choice(["And", "Or", "Xor"]), [c, d])
    how = g.R.randrange(4)
    if how == 0 and g.opset >= 15 and g.R.random() < 0.5:
        return g.op("CastLike", [c, n])
    if how == 0:
        return g.op("Cast", [c], to=T.FLOAT)
    if how == 1:
        return g.op("Where", [c, n, g.const(g.f(*([1] * v.ndim)))])
    if how == 2 and v.ndim and v.shape[-1] > 1:  # a mask of attention
        c, _ = g.op("Where", [c, n, g.const(np.float32(-1e9))])
        return g.op("Softmax", [c], axis=v.ndim - 1)
    g.op("Where", [c, n, g.R.choice([m for m, w in g.values if w.dtype == np.float32 and w.shape == v.shape])])


# What moves elements.
def flatten(g):
    n, v = g.pick(lambda v: v.ndim > 0)
    g.op("Flatten", [n], axis=1 if g.R.random() < 0.8 else g.R.randint(0, v.ndim))


def reshape(g):
    n, v = g.pick(lambda v: v.ndim > 0)
    s = list(v.shape)
    batch = 0 if g.dyn else s[0]
    ways = [[batch, -1], [batch, -1, 1], [batch] + s[1:] + [1], [batch, 1, -1], [0, -1] + s[2:], [batch] + s[1:][::-1]]
    if v.ndim >= 3 and s[1] % 2 == 0:
        ways.append([batch, 2, s[1] // 2] + s[2:])
        ways.append([batch, s[1] // 2, 2] + s[2:])
    if not g.dyn or g.R.random() < 0.1:
        t = list(s)
        g.R.shuffle(t)
        ways = [t, [-1], t + [1], [-1, s[-1]]]
    g.op("Reshape", [n, g.ints(*g.R.choice(ways))])


def transpose(g):
    n, v = g.pick(lambda v: v.ndim > 1)
    p = list(range(1, v.ndim))
    g.R.shuffle(p)
    p = [0] + p
    if g.R.random() < 0.1:
        g.R.shuffle(p)
    g.op("Transpose", [n], perm=p)


def slice_(g):
    n, v = g.pick()
    a = g.axis(v)
    d = v.shape[a]
    step = g.R.choice([1, 1, 2, -1])
    if step > 0:
        b, e = g.R.randint(-d, d - 1), g.R.choice([d, 10**9, g.R.randint(-d, d)])
    else:
        b, e = g.R.randint(0, d + 2), g.R.choice([-d - 5, 0, -d])
    if g.opset < 10:
        if step != 1:
            raise Skip("steps")
        return g.op("Slice", [n], starts=[b], ends=[e], axes=[a])
    g.op("Slice", [n] + [g.ints(k) for k in (b, e, g.sign(a, v), step)])


def gather(g):
    n, v = g.pick()
    a = g.axis(v)
    shape = g.R.choice([[], [2], [3], [1, 2]])
    g.op("Gather", [n, g.const(g.N.integers(0 if g.opset < 11 else -v.shape[a], v.shape[a], size=shape), np.int64)], axis=a)


def concat(g):
    n, v = g.pick()
    a = g.axis(v)
    inputs = [n]
    for m, w in g.values:
        if w.dtype == np.float32 and w.ndim == v.ndim and all(p == q for k, (p, q) in enumerate(zip(v.shape, w.shape)) if k != a) and g.R.random() < 0.6:
            inputs.append(m)
    if not g.dyn and g.R.random() < 0.3:
        inputs.append(g.const(g.f(*v.shape)))
    g.op("Concat", inputs[:4], axis=g.sign(a, v) if g.opset >= 11 else a)


def split(g):
    n, v = g.pick()
    a = g.axis(v)
    d = v.shape[a]
    if d < 2:
        raise Skip("extent")
    take = g.R.randrange(2)
    if d % 2 == 0 and g.R.random() < 0.5:
        return g.op("Split", [n], 2, take, axis=a, **({"num_outputs": 2} if g.opset >= 18 else {}))
    k = g.R.randint(1, d - 1)
    if g.opset >= 13:
        return g.op("Split", [n, g.ints(k, d - k)], 2, take, axis=a)
    g.op("Split", [n], 2, take, axis=a, split=[k, d - k])


def squeeze(g):
    n, v = g.pick()
    ones = [a for a, d in enumerate(v.shape) if d == 1 and (a > 0 or not g.dyn)]
    if not ones:
        raise Skip("ones")
    g.axes_of("Squeeze", [n], g.R.sample(ones, g.R.randint(1, len(ones))), 13)


def unsqueeze(g):
    n, v = g.pick(lambda v: v.ndim < 5)
    g.axes_of("Unsqueeze", [n], [g.R.randint(1 if v.ndim else 0, v.ndim)], 13)


def pad(g):
    n, v = g.pick(lambda v: v.ndim >= 2)
    r = v.ndim
    before, after = [0] * r, [0] * r
    for a in range(g.R.choice([1, 2, 2]) if r > 2 else 1, r):
        before[a], after[a] = g.R.randint(0, 2), g.R.randint(0, 2)
    mode = g.R.choice(["constant", "constant", "edge", "reflect"])
    if mode == "reflect" and any(max(b, e) >= d for b, e, d in zip(before, after, v.shape)):
        raise Skip("reflect")
    if mode == "constant" and g.R.random() < 0.2 and v.shape[-1] > 3:
        after[-1] = -1
    if g.opset < 11:
        return g.op("Pad", [n], pads=before + after, mode=mode, value=0.3)
    g.op("Pad", [n, g.ints(*before, *after)] + ([g.const(np.float32(0.3))] if mode == "constant" else []), mode=mode)


def tile(g):
    n, v = g.pick(lambda v: 1 < v.ndim < 5 and v.size < 2000)
    g.op("Tile", [n, g.ints(*[1] + [g.R.choice([1, 1, 2, 3]) for _ in v.shape[1:]])])


def expand(g):
    n, v = g.pick(lambda v: 1 < v.ndim < 5)
    to = [1] + [g.R.choice([2, 3]) if d == 1 else g.R.choice([1, d]) for d in v.shape[1:]]
    g.op("Expand", [n, g.ints(*to)])


def blocks(g):
    n, v = g.pick(lambda v: v.ndim == 4)
    if g.R.random() < 0.5:
        return g.op("SpaceToDepth", [n], blocksize=g.R.choice([2, 3]))
    g.op("DepthToSpace", [n], blocksize=2, **({"mode": g.R.choice(["DCR", "CRD"])} if g.opset >= 11 else {}))


def through_shape(g):
    """Shape arithmetic, as exporters write a flattening."""
    n, v = g.pick(lambda v: v.ndim >= 2)
    m = len(g.nodes)
    new = [
        h.make_node("Shape", [n], [f"s{m}"], name=f"Shape_{m}"),
        h.make_node("Gather", [f"s{m}", g.const(0, np.int64)], [f"t{m}"], name=f"Gather_s{m}"),
    ]
    if g.opset >= 13:
        new.append(h.make_node("Unsqueeze", [f"t{m}", g.ints(0)], [f"u{m}"], name=f"Unsqueeze_s{m}"))
    else:
        new.append(h.make_node("Unsqueeze", [f"t{m}"], [f"u{m}"], axes=[0], name=f"Unsqueeze_s{m}"))
    new.append(h.make_node("Concat", [f"u{m}", g.ints(-1)], [f"w{m}"], axis=0, name=f"Concat_s{m}"))
    new.append(h.make_node("Reshape", [n, f"w{m}"], [f"r{m}"], name=f"Reshape_s{m}"))
    g.nodes += new
    g.values.append((f"r{m}", v.reshape(v.shape[0], -1)))


def grafted(g, nodes, name):
    """Nodes between which there are no tensors of floats."""
    g.nodes += nodes
    y = run(g.model(name), g.x)[0]
    if y.size == 0 or y.size > 6000:
        raise Skip("size")
    g.values.append((name, y))


def sequence(g):
    if g.opset < 11:
        raise Skip("opset")
    n, v = g.pick(lambda v: v.ndim > 0)
    a = g.axis(v)
    m = len(g.nodes)
    kw = {"axis": a} if g.R.random() < 0.5 else {"axis": a, "keepdims": 0}
    parts = [] if v.shape[a] % 2 or "keepdims" in kw else [g.ints(*[v.shape[a] // 2] * 2)]
    split = h.make_node("SplitToSequence", [n] + parts, [f"q{m}"], name=f"SplitToSequence_{m}", **kw)
    if g.R.random() < 0.5:
        return grafted(g, [split, h.make_node("SequenceAt", [f"q{m}", g.const(-1, np.int64)], [f"p{m}"], name=f"SequenceAt_{m}")], f"p{m}")
    b = g.R.randrange(1 if g.dyn and v.ndim > 1 else 0, max(v.ndim - ("keepdims" in kw), 1))
    grafted(g, [split, h.make_node("ConcatFromSequence", [f"q{m}"], [f"p{m}"], name=f"Concat_{m}", axis=b)], f"p{m}")


def filled(g):
    """A constant of a value's shape, or of what comes after the batch."""
    n, v = g.pick(lambda v: v.ndim > 0)
    m = len(g.nodes)
    nodes, shape = [h.make_node("Shape", [n], [f"s{m}"], name=f"Shape_{m}")], f"s{m}"
    if g.opset >= 10 and (g.dyn or g.R.random() < 0.3):
        nodes.append(h.make_node("Slice", [shape, g.ints(1), g.ints(9)], [f"t{m}"], name=f"Slice_{m}"))
        shape = f"t{m}"
    value = nh.from_array(np.array([0.7], np.float32))
    nodes.append(h.make_node("ConstantOfShape", [shape], [f"o{m}"], name=f"ConstantOfShape_{m}", value=value))
    nodes.append(h.make_node(g.R.choice(["Add", "Mul"]), [n, f"o{m}"], [f"p{m}"], name=f"With_{m}"))
    grafted(g, nodes, f"p{m}")


# Windows.
def window(g, v, same=True):
    k = [g.R.choice([1, 2, 3]) for _ in v.shape[2:]]
    kw = dict(kernel_shape=k, strides=[g.R.choice([1, 1, 2, 3]) for _ in k])
    if same and g.R.random() < 0.3:
        kw["auto_pad"] = g.R.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])
    else:
        kw["pads"] = [g.R.randint(0, d - 1) for d in k + k]
    return kw


def conv(g):
    n, v = g.pick(lambda v: v.ndim in (3, 4))
    groups = g.R.choice([d for d in (1, 1, 2, 3, v.shape[1]) if v.shape[1] % d == 0])
    kw = window(g, v)
    kw["dilations"] = [g.R.choice([1, 1, 1, 2]) for _ in kw["kernel_shape"]]
    out = groups * g.R.choice([1, 2, 3])
    w = g.f(out, v.shape[1] // groups, *kw["kernel_shape"]) / 2
    g.op("Conv", [n, g.const(w)] + ([g.const(g.f(out))] if g.R.random() < 0.7 else []), group=groups, **kw)


def conv_transpose(g):
    n, v = g.pick(lambda v: v.ndim in (3, 4))
    groups = g.R.choice([d for d in (1, 1, 2, v.shape[1]) if v.shape[1] % d == 0])
    kw = window(g, v, False)
    kw["dilations"] = [g.R.choice([1, 1, 2]) for _ in kw["kernel_shape"]]
    if g.R.random() < 0.3:
        kw["output_padding"] = [g.R.randint(0, s - 1) for s in kw["strides"]]
    w = g.f(v.shape[1], g.R.choice([1, 2, 3]), *kw["kernel_shape"]) / 2
    g.op("ConvTranspose", [n, g.const(w), g.const(g.f(w.shape[1] * groups))], group=groups, **kw)


def pool(g):
    n, v = g.pick(lambda v: v.ndim in (3, 4))
    kind = g.R.choice(["MaxPool", "AveragePool", "LpPool"])
    kw = window(g, v)
    ends = [(-(-d // s) - 1) * s + k for d, s, k in zip(v.shape[2:], kw["strides"], kw["kernel_shape"])]
    if "SAME" in kw.get("auto_pad", "") and any(e < d for e, d in zip(ends, v.shape[2:])):
        raise Skip("padding below 0: onnxruntime refuses it in MaxPool and AveragePool, and leaves out what comes first in LpPool")
    if kind != "LpPool" and "auto_pad" not in kw and g.opset >= 10 and (kind == "MaxPool" or g.opset >= 10):
        kw["ceil_mode"] = g.R.choice([0, 1])
    if kind == "AveragePool":
        kw["count_include_pad"] = g.R.choice([0, 1])
    if kind == "MaxPool" and "auto_pad" not in kw and g.opset >= 10 and g.R.random() < 0.3:
        kw["dilations"] = [g.R.choice([1, 2]) for _ in kw["kernel_shape"]]
    if kind == "LpPool":
        kw["p"] = g.R.choice([1, 2, 3])
    g.op(kind, [n], **kw)


def global_pool(g):
    n, v = g.pick(lambda v: v.ndim >= 3)
    kind = g.R.choice(["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"])
    g.op(kind, [n], **({"p": g.R.choice([1, 2, 3])} if kind == "GlobalLpPool" else {}))


def gate(g):
    n, v = g.pick(lambda v: v.ndim >= 3)
    s, _ = g.op("GlobalAveragePool", [n])
    g.op(g.R.choice(["Mul", "Add", "Sub"]), g.R.sample([n, s], 2))


def resize(g):
    n, v = g.pick(lambda v: v.ndim in (3, 4))
    scales = [1.0, 1.0] + [g.R.choice([0.5, 1.0, 2.0, 1.5]) for _ in v.shape[2:]]
    if g.opset < 10:
        return g.op("Upsample", [n, g.const(np.array([max(s, 1) for s in scales], np.float32))], mode="nearest")
    mode = g.R.choice(["nearest", "linear", "cubic"] if v.ndim == 4 else ["nearest", "linear"])
    if g.opset < 11:
        return g.op("Resize", [n, g.const(np.array(scales, np.float32))], mode="nearest")
    kw = {"mode": mode, "coordinate_transformation_mode": g.R.choice(["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])}
    if mode == "nearest":
        kw["nearest_mode"] = "floor"
        kw["coordinate_transformation_mode"] = "asymmetric"
    if any(d * s != int(d * s) for d, s in zip(v.shape, scales)) and kw["coordinate_transformation_mode"] == "align_corners":
        raise Skip("see testdata/resize")
    if g.R.random() < 0.5:
        return g.op("Resize", [n, "" if g.opset >= 13 else g.const(g.f(0)), g.const(np.array(scales, np.float32))], **kw)
    sizes = list(v.shape[:2]) + [max(1, int(d * s)) for d, s in zip(v.shape[2:], scales[2:])]
    if g.dyn:
        raise Skip("the batch")
    g.op("Resize", [n, "" if g.opset >= 13 else g.const(g.f(0)), "" if g.opset >= 13 else g.const(g.f(0)), g.ints(*sizes)], **kw)


# Over axes.
def softmax(g):
    n, v = g.pick(lambda v: v.ndim > 0)
    kind = g.R.choice(["Softmax", "Softmax", "LogSoftmax", "Hardmax"])
    a = g.axis(v)
    if kind == "Hardmax":
        gaps(v, a if g.opset >= 13 else None, 1e-3)
    g.op(kind, [n], axis=g.sign(a, v) if g.opset >= 11 else a)


def reduce(g):
    n, v = g.pick(lambda v: v.ndim >= 2)
    kind = g.R.choice(["ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp", "ReduceProd", "ReduceLogSum"])
    if kind == "ReduceLogSum":
        n, v = g.op("Abs", [n])
        n, v = g.op("Add", [n, g.const(np.float32(0.2))])
    axes = sorted({g.axis(v) for _ in range(g.R.randint(1, 3))})
    if kind == "ReduceProd" and np.prod([v.shape[a] for a in axes]) > 12:
        raise Skip("long")
    g.axes_of(kind, [n], [g.sign(a, v) if g.opset >= 11 else a for a in axes], 13 if kind == "ReduceSum" else 18, keepdims=g.R.choice([0, 1]))


def running(g):
    n, v = g.pick()
    a = g.axis(v)
    g.op("CumSum", [n, g.const(g.sign(a, v), np.int64)], exclusive=g.R.choice([0, 1]), reverse=g.R.choice([0, 1]))


# Layers.
def batch_norm(g):
    n, v = g.pick(lambda v: v.ndim >= 2)
    c = v.shape[1]
    g.op("BatchNormalization", [n] + [g.const(g.f(c, low=0.5, high=1.5)) for _ in range(4)])


def instance_norm(g):
    n, v = g.pick(lambda v: v.ndim >= 3 and v[0, 0].size > 3)
    g.op("InstanceNormalization", [n, g.const(g.f(v.shape[1])), g.const(g.f(v.shape[1]))])


def layer_norm(g):
    axis = -1 if g.R.random() < 0.6 else g.R.choice([-2, 1])
    n, v = g.pick(lambda v: v.ndim >= 2 and g.opset >= 17)
    size = v.shape[axis:]
    if np.prod(size) < 4:
        raise Skip("few")
    bias = [g.const(g.f(*size))] if g.R.random() < 0.7 else []
    if g.opset >= 23 and g.R.random() < 0.5:
        return g.op("RMSNormalization", [n, g.const(g.f(*size))], axis=axis, epsilon=1e-3)
    g.op("LayerNormalization", [n, g.const(g.f(*size))] + bias, axis=axis, epsilon=g.R.choice([1e-5, 0.25]))


def group_norm(g):
    n, v = g.pick(lambda v: v.ndim >= 3 and g.opset >= 18)
    groups = g.R.choice([d for d in range(1, v.shape[1] + 1) if v.shape[1] % d == 0])
    size = v.shape[1] if g.opset >= 21 else groups
    g.op("GroupNormalization", [n, g.const(g.f(size)), g.const(g.f(size))], num_groups=groups, epsilon=0.1)


def unit_norm(g):
    n, v = g.pick(lambda v: v.ndim > 1)
    a = g.axis(v)
    g.op("LpNormalization", [n], axis=g.sign(a, v), p=g.R.choice([1, 2]))


def mean_variance(g):
    n, v = g.pick(lambda v: v.ndim > 1)
    axes = sorted(g.R.sample(range(v.ndim), g.R.randint(1, v.ndim)))
    if g.dyn and g.R.random() < 0.96:
        axes = [a for a in axes if a] or [1]
    if np.prod([v.shape[a] for a in axes]) < 4:
        raise Skip("few")
    if v.std(axis=tuple(axes)).min() < 1e-5:
        raise Skip("numbers that are all alike: what is left after their mean is rounding, divided by its own size")
    g.op("MeanVarianceNormalization", [n], axes=axes)


def lrn(g):
    n, v = g.pick(lambda v: v.ndim == 4)
    g.op("LRN", [n], size=g.R.choice([1, 3, 5]), alpha=0.5)


def gemm(g):
    n, v = g.pick(lambda v: v.ndim == 2)
    tb, m = g.R.choice([0, 1]), g.R.choice([1, 3, 5])
    w = g.f(m, v.shape[1]) if tb else g.f(v.shape[1], m)
    c = g.R.choice([[], [1], [m], [1, m]] + ([[v.shape[0], m]] if not g.dyn else []))
    g.op("Gemm", [n, g.const(w / 2), g.const(g.f(*c))], transB=tb, alpha=0.5, beta=g.R.choice([1.0, 2.0]))


def matmul(g):
    n, v = g.pick(lambda v: v.ndim >= 2)
    g.op("MatMul", [n, g.const(g.f(v.shape[-1], g.R.choice([1, 3, 4])) / 2)])


# Products of tensors.
def unmixed(g):
    """A free batch is more images, and they are what they were."""
    if not g.dyn:
        return
    name, y = g.values[-1]
    more = run(g.model(name), np.concatenate([g.x, g.x[:1] + 1]))[0]
    if y.ndim == 0 or more.shape != (y.shape[0] + 1, *y.shape[1:]) or not np.allclose(more[:-1], y, 1e-3, 1e-3):
        raise Skip("the batch")


def operand(g, rank=None):
    """A second one: another value, or a constant."""
    if g.R.random() < 0.2:
        v = g.f(*[g.R.choice([1, 2, 3, 4, 5]) for _ in range(rank or g.R.randint(1, 4))]) / 2
        return g.const(v), v
    return g.R.choice([(n, v) for n, v in g.values if v.dtype == np.float32])


def turned(g, n, v):
    """The value, or with its last axes in the other order."""
    if v.ndim < 2 or g.R.random() < 0.4:
        return n, v
    return g.op("Transpose", [n], perm=list(range(v.ndim - 2)) + [v.ndim - 1, v.ndim - 2])


def product(g):
    n, v = g.pick(lambda v: v.ndim > 0)
    m, w = operand(g)
    if g.R.random() < 0.5:
        n, v, m, w = m, w, n, v
    (n, v), (m, w) = turned(g, n, v), turned(g, m, w)
    if v.ndim == 0 or w.ndim == 0 or v.shape[-1] != w.shape[-2 if w.ndim > 1 else 0]:
        raise Skip("extents")
    g.op("MatMul", [n, m])
    unmixed(g)


def attention(g):
    """What attention is made of: rows by rows, softmax, and that by rows."""
    n, v = g.pick(lambda v: v.ndim >= 3)
    perm = list(range(v.ndim - 2)) + [v.ndim - 1, v.ndim - 2]
    k, _ = g.op("Transpose", [n], perm=perm)
    s, _ = g.op("MatMul", [n, k])
    s, _ = g.op("Mul", [s, g.const(np.float32(0.3))])
    s, w = g.op("Softmax", [s], axis=v.ndim - 1)
    g.op("MatMul", [s, n])


def gemm_pair(g):
    n, v = g.pick(lambda v: v.ndim == 2)
    m, w = operand(g, 2)
    ta, tb = g.R.choice([0, 1]), g.R.choice([0, 1])
    if w.ndim != 2 or v.shape[0 if ta else 1] != w.shape[1 if tb else 0]:
        raise Skip("extents")
    ends = [g.const(g.f(w.shape[0 if tb else 1]))] if g.R.random() < 0.6 or g.opset < 11 else []
    g.op("Gemm", [n, m] + ends, transA=ta, transB=tb, alpha=g.R.choice([1.0, 0.5]), beta=g.R.choice([1.0, 2.0]))
    unmixed(g)


def einsum(g):
    if g.opset < 12:
        raise Skip("opset")
    n, v = g.pick(lambda v: v.ndim > 0)
    m, w = operand(g)
    left = list("abcdefgh"[: v.ndim])
    g.R.shuffle(left)
    right = []
    for d in w.shape:
        shared = [r for r, e in zip(left, v.shape) if e == d and r not in right]
        right.append(g.R.choice(shared) if shared and g.R.random() < 0.7 else "pqrstuvw"[len(right)])
    if g.R.random() < 0.2:
        m, right = None, []
    out = [r for r in left + [r for r in right if r not in left] if g.R.random() < 0.6 or g.dyn and r in left[:1] + right[:1]]
    g.R.shuffle(out)
    equation = "".join(left) + ("," + "".join(right) if m else "") + ("->" + "".join(out) if g.R.random() < 0.85 else "")
    g.op("Einsum", [n] + ([m] if m else []), equation=equation)
    unmixed(g)


def heads(g):
    """An axis as two, or two as one."""
    n, v = g.pick(lambda v: v.ndim >= 3)
    s, k = list(v.shape), g.R.randrange(1, v.ndim - 1)
    if g.R.random() < 0.5:
        return g.op("Reshape", [n, g.ints(*[0] * k, s[k] * s[k + 1], *s[k + 2 :])])
    if s[k] % 2 or v.ndim > 4:
        raise Skip("extent")
    g.op("Reshape", [n, g.ints(*[0] * k, *g.R.choice([[2, s[k] // 2], [s[k] // 2, 2]]), *s[k + 1 :])])


def codes(g):
    n, v = g.pick(lambda v: v.ndim > 0)
    low, high, dtype = g.R.choice([(0, 255, np.uint8), (-128, 127, np.int8)])
    count = v.shape[1] if v.ndim > 1 and g.opset >= 13 and g.R.random() < 0.3 else 0
    size = (count,) if count else ()
    scale = g.N.uniform(0.01, 0.05, size).astype(np.float32)
    zero = g.N.integers(low, high, size).astype(dtype)
    by = scale.reshape([-1] + [1] * (v.ndim - 2)) if count else scale
    far(v / by, np.floor(v / by) + 0.5, 1e-3)
    coding = [g.const(scale), g.const(zero)]
    q, _ = g.op("QuantizeLinear", [n] + coding)
    if g.R.random() < 0.2:
        q, _ = g.op("Reshape", [q, g.ints(*([0 if g.dyn else v.shape[0]] + list(v.shape[1:])))])
    g.op("DequantizeLinear", [q] + coding)


def dequantized(g):
    """A convolution whose weights are codes."""
    n, v = g.pick(lambda v: v.ndim == 4)
    w = g.N.integers(-127, 128, (3, v.shape[1], 1, 1)).astype(np.int8)
    m = len(g.nodes)
    scale, zero = g.const(g.f(3, low=0.002, high=0.01)), g.const(np.zeros(3, np.int8))
    if g.opset < 13:
        raise Skip("axis")
    g.nodes.append(h.make_node("DequantizeLinear", [g.const(w), scale, zero], [f"w{m}"], axis=0, name=f"Dequantize_{m}"))
    table = {i.name: nh.to_array(i) for i in g.inits}
    real = ((w.astype(np.float32)) * table[scale].reshape(3, 1, 1, 1)).astype(np.float32)
    g.values.insert(0, (f"w{m}", real))
    g.op("Conv", [n, f"w{m}"])
    g.values = [p for p in g.values if p[0] != f"w{m}"]


# Elements by their places, as PyTorch's exporters write what is read from and assigned to parts of a tensor.
def mesh(g, v):
    """Places along the first axes of v, each with each: places and how many axes."""
    if g.opset < 11 or g.dyn and g.R.random() < 0.9:
        raise Skip("opset, or places along the batch")
    k = g.R.randint(1, min(3, v.ndim))
    lists = [list(range(d)) if g.R.random() < 0.4 else g.R.sample(range(d), g.R.randint(1, d)) for d in v.shape[:k]]
    places = np.stack(np.meshgrid(*lists, indexing="ij"), -1)
    return np.where(g.N.random(places.shape) < 0.2, places - v.shape[:k], places), k


def gather_nd(g):
    n, v = g.pick(lambda v: v.ndim > 0)
    places, k = mesh(g, v)
    if g.R.random() < 0.2:
        places = places.reshape(-1, k)
    g.op("GatherND", [n, g.const(places, np.int64)])


def scatter_nd(g):
    n, v = g.pick(lambda v: v.ndim > 0)
    places, k = mesh(g, v)
    if g.R.random() < 0.5:
        new = g.const(g.f(*places.shape[:-1], *v.shape[k:]))
    else:
        new, _ = g.op("Mul", [g.op("GatherND", [n, g.const(places, np.int64)])[0], g.const(np.float32(0.5))])
    g.op("ScatterND", [n, g.const(places, np.int64), new])


def scatter_elements(g):
    n, v = g.pick(lambda v: v.ndim > 0)
    if g.opset < 11 or g.dyn and g.R.random() < 0.9:
        raise Skip("opset, or places along the batch")
    a = g.axis(v)
    places = g.R.sample(range(-v.shape[a], 0) if g.R.random() < 0.3 else range(v.shape[a]), g.R.randint(1, v.shape[a]))
    shape = [len(places) if k == a else d for k, d in enumerate(v.shape)]
    index = np.broadcast_to(np.reshape(places, [-1 if k == a else 1 for k in range(v.ndim)]), shape)
    g.op("ScatterElements", [n, g.const(index, np.int64), g.const(g.f(*shape))], axis=g.sign(a, v))


GENERATORS = [
    unary, unary, positive, exponential, rounding, clip, silu, prelu, constant_pair, pair, wide_pair, quotient, power, compared, flatten, reshape, transpose,
    slice_, gather, concat, split, squeeze, unsqueeze, pad, tile, expand, blocks, through_shape, conv, conv_transpose, pool, global_pool, gate, resize,
    softmax, reduce, running, batch_norm, instance_norm, layer_norm, lrn, gemm, matmul, codes, dequantized,
    sequence, filled, product, product, gemm_pair, attention, einsum, einsum, heads, group_norm, unit_norm, mean_variance,
    gather_nd, scatter_nd, scatter_elements,
]


# What models end with, on the host.
def gaps(v, axis, margin=1e-3):
    w = np.sort(v.reshape(-1) if axis is None else v, axis=-1 if axis is None else axis)
    if w.size > 1 and (np.diff(w, axis=-1 if axis is None else axis) < margin).any():
        raise Skip("near a tie")


def arg(g):
    n, v = g.pick(lambda v: v.ndim > 1)
    a = g.axis(v)
    gaps(v, a)
    g.op(g.R.choice(["ArgMax", "ArgMin"]), [n], axis=a, keepdims=g.R.choice([0, 1]))


def top(g):
    n, v = g.pick(lambda v: v.ndim > 1)
    a = g.axis(v)
    gaps(v, a)
    if g.opset < 10:
        return g.op("TopK", [n], 2, g.R.randrange(2), axis=a, k=g.R.randint(1, v.shape[a]))
    g.op("TopK", [n, g.ints(g.R.randint(1, v.shape[a]))], 2, g.R.randrange(2), axis=a)


def boxes(g):
    n, v = g.pick(lambda v: v.ndim >= 2 and v.size % 4 == 0 and not g.dyn)
    b, _ = g.op("Reshape", [n, g.ints(1, -1, 4)])
    s, w = g.op("ReduceMean", [b, g.ints(2)], keepdims=0) if g.opset >= 18 else g.op("ReduceMean", [b], axes=[2], keepdims=0)
    gaps(w, 1)
    s, _ = g.op("Reshape", [s, g.ints(1, 1, -1)])
    kept, _ = g.op("NonMaxSuppression", [b, s, g.ints(3), g.const(np.float32(0.31)), g.const(np.float32(-0.5))])
    m = len(g.nodes)
    i, _ = g.op("Gather", [kept, g.const(2, np.int64)], axis=1)
    flat, _ = g.op("Reshape", [b, g.ints(-1, 4)])
    g.op("Gather", [flat, i], axis=0)


ENDS = [arg, top, boxes]


def stable(g, model, y):
    """The answer for nearly the same input is nearly the same."""
    noise = g.N.normal(size=g.x.shape) * 1e-6
    try:
        other = run(model, (g.x + noise).astype(np.float32))[0]
    except Exception:
        return False
    if other.shape != y.shape:
        return False
    if y.dtype != np.float32:
        return (other == y).all()
    return np.isfinite(y).all() and np.abs(other - y).max() <= 2e-5 * np.abs(y).max() + 1e-6


def main(first, last, path="random.zip"):
    made = {}
    with zipfile.ZipFile(path, "w") as z:
        for seed in range(int(first), int(last)):
            for attempt in range(20):
                g = Graph(seed * 20 + attempt)
                g.build()
                name, y = g.values[-1]
                if not g.nodes or name == "x" or y.dtype not in (np.float32, np.int64):
                    continue
                model = g.model(name)
                try:
                    y = run(model, g.x)[0]
                except Exception:
                    continue
                if stable(g, model, y):
                    break
            else:
                raise SystemExit(f"seed {seed}: no model")
            for n in g.nodes:
                made[n.op_type] = made.get(n.op_type, 0) + 1
            for ext, data in (("onnx", model), ("x", nh.from_array(g.x)), ("y", nh.from_array(y))):
                z.writestr(zipfile.ZipInfo(f"{seed:05d}.{ext}"), data.SerializeToString(deterministic=True), zipfile.ZIP_DEFLATED, 9)
    print(len(made), "operators:", " ".join(f"{k} {v}" for k, v in sorted(made.items())))


main(*sys.argv[1:])
