"""Makes products.zip: random small models of products of tensors and of normalizations, with onnxruntime's answers.

    pip install onnx==1.23.2 onnxruntime==1.32.0 numpy && python generate.py FIRST LAST     (the zip has seeds 0 to 250)

NNNNN.onnx, NNNNN.x and NNNNN.y (TensorProto). A model is drawn step by step. A step counts where onnxruntime takes it, and where the batch is
free only if it doesn't mix images, and where the answer doesn't hang on a rounding. onnxruntime must not optimize: 1.32.0 loses the Transpose before a MatMul by a vector, as ONNX's reference
evaluator shows.
"""

import random
import sys
import zipfile

import numpy as np
import onnxruntime as ort
from onnx import helper as h
from onnx import numpy_helper as nh

options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 4
options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
STAMP = (1980, 1, 1, 0, 0, 0)


class Model:
    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.normal = np.random.default_rng(seed).normal
        self.opset = self.draw.choice([13, 17, 18, 21, 21])
        self.free = self.draw.random() < 0.5  # the batch
        rank = self.draw.choice([2, 3, 3, 4, 4, 4])
        self.shape = [self.draw.choice([1, 2, 3])] + [self.draw.choice([2, 4, 6, 5, 8, 3]) for _ in range(rank - 1)]
        self.nodes, self.weights, self.count = [], [], 0
        self.values = [("x", self.shape)]
        self.x, self.noise = self.normal(size=self.shape).astype(np.float32), self.normal(size=self.shape)

    def name(self):
        self.count += 1
        return f"v{self.count}"

    def const(self, a, kind=np.float32):
        self.weights.append(nh.from_array(np.asarray(a, kind), "c" + self.name()))
        return self.weights[-1].name

    def node(self, op, ins, **attributes):
        out = self.name()
        self.nodes.append(h.make_node(op, ins, [out], name=f"{op}_{out}", **attributes))
        return out

    def proto(self, out, dims):
        return h.make_model(
            h.make_graph(self.nodes, "g", [h.make_tensor_value_info("x", 1, dims)], [h.make_tensor_value_info(out, 1, None)], self.weights),
            opset_imports=[h.make_opsetid("", self.opset)], ir_version=10)

    def run(self, out):
        dims = ["b"] + self.shape[1:] if self.free else self.shape
        session = ort.InferenceSession(self.proto(out, dims).SerializeToString(), options, providers=["CPUExecutionProvider"])
        y = session.run(None, {"x": self.x})[0]
        nearby = session.run(None, {"x": (self.x * (1 + 1e-6 * self.noise)).astype(np.float32)})[0]
        if np.abs(nearby - y).max() > 5e-6 * np.abs(y).max():  # where numbers cancel, the answer is rounding
            raise ValueError
        if self.free:
            x = np.concatenate([self.x, self.x[:1] + 1])
            more = session.run(None, {"x": x})[0]
            if y.ndim == 0 or more.shape != (y.shape[0] + 1, *y.shape[1:]) or not np.allclose(more[:-1], y, 1e-3, 1e-3):
                raise ValueError
        return y

    def step(self):
        """Adds an operator, and its output's shape as onnxruntime finds it."""
        kept = len(self.nodes), len(self.weights)
        try:
            out = getattr(self, self.draw.choice(STEPS))()
            if out is None:
                raise ValueError
            y = self.run(out)
            if y.size == 0 or y.size > 3000 or not np.isfinite(y).all() or np.abs(y).max() > 1e4:
                raise ValueError
        except Exception:  # onnxruntime's are of many kinds
            del self.nodes[kept[0]:], self.weights[kept[1]:]
            return
        self.values.append((out, list(y.shape)))

    def pick(self, least=1):
        fitting = [v for v in self.values[-3:] if len(v[1]) >= least]
        return self.draw.choice(fitting)

    def other(self, rank=None):
        """A second operand: another value, or a constant."""
        if self.draw.random() < 0.2:
            s = [self.draw.choice([1, 2, 3, 4, 5]) for _ in range(rank or self.draw.randint(1, 4))]
            return self.const(self.normal(size=s)), s
        return self.draw.choice(self.values)

    def transposed(self, x, s):
        """x, or x with its last axes in another order."""
        if len(s) < 2 or self.draw.random() < 0.4:
            return x, s
        perm = list(range(len(s)))
        perm[-1], perm[-2] = perm[-2], perm[-1]
        return self.node("Transpose", [x], perm=perm), [s[p] for p in perm]

    # Products.

    def matmul(self):
        for _ in range(30):
            a, b = self.pick(), self.other()
            if self.draw.random() < 0.5:
                a, b = b, a
            a, b = self.transposed(*a), self.transposed(*b)
            try:
                np.matmul(np.zeros(a[1]), np.zeros(b[1]))
            except ValueError:
                continue
            return self.node("MatMul", [a[0], b[0]])

    def gemm(self):
        for _ in range(30):
            a, b = self.pick(2), self.other(2)
            ta, tb = self.draw.choice([0, 1]), self.draw.choice([0, 1])
            if len(a[1]) != 2 or len(b[1]) != 2 or a[1][0 if ta else 1] != b[1][1 if tb else 0]:
                continue
            ins = [a[0], b[0]]
            if self.draw.random() < 0.6:
                ins.append(self.const(self.normal(size=b[1][0 if tb else 1])))
            return self.node("Gemm", ins, transA=ta, transB=tb, alpha=self.draw.choice([1.0, 0.5]), beta=self.draw.choice([1.0, 2.0]))

    def einsum(self):
        (a, s), (b, t) = self.pick(), self.other()
        left = list("abcdefgh"[:len(s)])
        self.draw.shuffle(left)
        right = []
        for d in t:
            shared = [r for r, e in zip(left, s) if e == d and r not in right]
            right.append(self.draw.choice(shared) if shared and self.draw.random() < 0.7 else "pqrstuvw"[len(right)])
        if self.draw.random() < 0.2:
            b, right = None, []
        letters = left + [r for r in right if r not in left]
        out = [r for r in letters if self.draw.random() < 0.6 or self.free and r in (left[:1] + right[:1])]
        self.draw.shuffle(out)
        equation = "".join(left) + ("," + "".join(right) if b else "")
        if self.draw.random() < 0.85:
            equation += "->" + "".join(out)
        return self.node("Einsum", [a] + ([b] if b else []), equation=equation)

    # Normalizations.

    def layer(self):
        x, s = self.pick()
        axis = self.draw.randrange(len(s)) if self.draw.random() < 0.4 else -1
        size = s[axis:]
        ins = [x, self.const(self.normal(size=size))] + ([self.const(self.normal(size=size))] if self.draw.random() < 0.6 else [])
        return self.node("LayerNormalization", ins, axis=axis, epsilon=self.draw.choice([1e-5, 0.25])) if self.opset >= 17 else None

    def instance(self):
        x, s = self.pick(3)
        return self.node("InstanceNormalization", [x, self.const(self.normal(size=s[1])), self.const(self.normal(size=s[1]))], epsilon=0.1)

    def group(self):
        x, s = self.pick(3)
        groups = self.draw.choice([g for g in range(1, s[1] + 1) if s[1] % g == 0])
        size = s[1] if self.opset >= 21 else groups
        ins = [x, self.const(self.normal(size=size)), self.const(self.normal(size=size))]
        return self.node("GroupNormalization", ins, num_groups=groups, epsilon=0.1) if self.opset >= 18 else None

    def lp(self):
        x, s = self.pick()
        return self.node("LpNormalization", [x], axis=self.draw.randrange(-len(s), len(s)), p=self.draw.choice([1, 2]))

    def mvn(self):
        x, s = self.pick()
        axes = sorted(self.draw.sample(range(len(s)), self.draw.randint(1, len(s))))
        return self.node("MeanVarianceNormalization", [x], axes=axes)

    # What moves axes, and what else stands between.

    def transpose(self):
        x, s = self.pick(2)
        perm = list(range(len(s)))
        self.draw.shuffle(perm)
        if self.free and self.draw.random() < 0.7:
            perm.remove(0)
            perm.insert(0, 0)
        return self.node("Transpose", [x], perm=perm)

    def heads(self):
        x, s = self.pick()
        k = self.draw.randrange(len(s))
        if s[k] % 2 or len(s) > 4 or k == 0:
            return None
        to = [0] * k + self.draw.choice([[2, s[k] // 2], [s[k] // 2, 2]]) + s[k + 1:]
        return self.node("Reshape", [x, self.const(to, np.int64)])

    def joined(self):
        x, s = self.pick(3)
        k = self.draw.randrange(1, len(s) - 1)
        return self.node("Reshape", [x, self.const([0] * k + [s[k] * s[k + 1]] + s[k + 2:], np.int64)])

    def softmax(self):
        x, s = self.pick()
        return self.node("Softmax", [x], axis=self.draw.choice([-1, -1, self.draw.randrange(len(s))]))

    def relu(self):
        return self.node("Relu", [self.pick()[0]])

    def scaled(self):
        return self.node("Mul", [self.pick()[0], self.const(0.25)])

    def added(self):
        x, s = self.pick()
        return self.node("Add", [x, self.draw.choice([v for v in self.values if v[1] == s])[0]])

    def linear(self):
        x, s = self.pick(2)
        return self.node("MatMul", [x, self.const(self.normal(size=[s[-1], self.draw.choice([2, 4, 6])]))])

    def half(self):
        x, s = self.pick(2)
        k = self.draw.randrange(1, len(s))
        ends = [self.const([v], np.int64) for v in (s[k] // 2, s[k], k)]
        return self.node("Slice", [x] + ends) if s[k] > 1 else None


STEPS = ["matmul"] * 8 + ["gemm"] * 2 + ["einsum"] * 5 + ["layer"] * 2 + ["instance", "group", "lp", "mvn"] + ["transpose"] * 2 + [
    "heads", "heads", "joined", "softmax", "relu", "scaled", "added", "linear", "half"]
WANTED = {"MatMul", "Gemm", "Einsum", "LayerNormalization", "InstanceNormalization", "GroupNormalization", "LpNormalization", "MeanVarianceNormalization"}

with zipfile.ZipFile("products.zip", "w") as z:
    written = 0
    for seed in range(int(sys.argv[1]), int(sys.argv[2])):
        m = Model(seed)
        for _ in range(m.draw.randint(3, 9)):
            m.step()
        out = m.values[-1][0]
        if not any(n.op_type in WANTED for n in m.nodes):
            continue
        dims = ["b"] + m.shape[1:] if m.free else m.shape
        for ext, data in ("onnx", m.proto(out, dims)), ("x", nh.from_array(m.x)), ("y", nh.from_array(m.run(out))):
            z.writestr(zipfile.ZipInfo(f"{seed:05d}.{ext}", STAMP), data.SerializeToString(deterministic=True), zipfile.ZIP_DEFLATED, 9)
        written += 1
print(written)
