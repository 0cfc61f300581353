"""Exports whole networks of torchvision and timm, and a few written here, and packs their graphs and answers into zoo.zip.

Large tensors of floats are not stored. Each has external data whose file name says how to make it:

    HASH-COUNT-MIDDLE-HALF

Element i is MIDDLE + HASH's i-th number × HALF, in double precision, rounded to float32. The numbers lie in [-1, 1): see values. HASH
is FNV-1a of the tensor's name. HALF is such that what a convolution gives deviates by 1 (see calibrate).

The answer is ONNX's reference evaluator's in double precision. PyTorch's convolutions and pools, in double precision too, stand in for its
slow ones. Beside it stands the relative L2 error of onnxruntime, which computes in float32, over the same elements.

    python generate.py [NAME...]       needs torch, torchvision, timm, onnx, onnxruntime, onnxscript
"""

import gc
import io
import json
import math
import os
import sys
import warnings
import zipfile

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

import networks

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
SAMPLES = 160
SMALL = 32  # tensors of fewer elements are stored


def fnv(name):
    h = 0xCBF29CE484222325
    for b in name.encode():
        h = (h ^ b) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


def values(hash, count, middle, half):
    """Splitmix64's numbers from hash on; the upper 24 bits of each, from -1 to 1."""
    with np.errstate(over="ignore"):
        z = np.uint64(hash) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        z = z ^ z >> np.uint64(31)
    k = (z >> np.uint64(40)).astype(np.float64) - 2**23
    return (float(middle) + float(half) * (k / 2**23)).astype(np.float32)


def spread(node, k, dims):
    """The middle and half width of input k's numbers, before calibrate."""
    match node.op_type, k:
        case ("Conv" | "ConvTranspose" | "Gemm" | "MatMul", 1):
            return 0, 1
        case ("BatchNormalization", 1 | 4) | ("LayerNormalization" | "InstanceNormalization" | "Mul" | "Div", _):
            return 1, 0.5
        case "PRelu", 1:
            return 0.25, 0.25
        case ("Conv" | "ConvTranspose" | "Gemm" | "BatchNormalization" | "Add" | "Sub" | "LayerNormalization", _):
            return 0, 0.1
    return None


class Series:
    """A tensor's numbers."""

    def __init__(self, name, dims, middle, half):
        self.hash, self.count, self.dims = fnv(name), math.prod(dims), tuple(dims)
        self.middle, self.half = middle, f"{half:.6g}"

    def file(self):
        return f"{self.hash:016x}-{self.count}-{self.middle:g}-{self.half}"

    def array(self):
        return values(self.hash, self.count, self.middle, self.half).reshape(self.dims)


def strip(model, x):
    """Makes the model's large tensors external, and sets them to what their files' names say. Returns the model with them in place."""
    uses, made = {}, {}
    for node in model.graph.node:
        for k, name in enumerate(node.input):
            uses.setdefault(name, (node, k))
    for w in model.graph.initializer:
        count = math.prod(w.dims)
        if w.data_type != TensorProto.FLOAT or count < SMALL or w.name not in uses:
            continue
        node, k = uses[w.name]
        if s := spread(node, k, list(w.dims)):
            made[w.name] = Series(w.name, w.dims, *s)
        elif count > 4096:
            raise ValueError(f"{w.name}: {count} elements, input {k} of {node.op_type}")
    for m in (model.graph, *[n for n in model.graph.node]):
        m.doc_string = ""
        del m.metadata_props[:]
    del model.graph.value_info[:]
    del model.metadata_props[:]
    calibrate(model, made, x)
    full = onnx.ModelProto()
    full.CopyFrom(model)
    for w, f in zip(model.graph.initializer, full.graph.initializer):
        if s := made.get(w.name):
            f.CopyFrom(numpy_helper.from_array(s.array(), w.name))
            w.ClearField("raw_data")
            w.ClearField("float_data")
            w.data_location = TensorProto.EXTERNAL
            w.external_data.add(key="location", value=s.file())
    return full


def calibrate(model, made, x):
    """Runs the model once, and sets the width of each convolution's and product's weights so that what comes out deviates by 1: then
    numbers neither die nor grow, and gates are neither open nor shut."""
    r = evaluator(model)
    v = {"": None, model.graph.input[0].name: x.astype(np.float64)}
    for name, array in r.rt_inits_.items():
        v[name] = made[name].array().astype(np.float64) if name in made else array
    for node in r.rt_nodes_:
        w = node.input[1] if node.op_type in ("Conv", "ConvTranspose", "Gemm", "MatMul") else None
        if w in made and made[w].half == "1":
            y = node.run(v[node.input[0]], v[w])[0]
            made[w].half = f"{1 / (np.sqrt((y * y).mean()) if y.size < 64 else y.std()):.6g}"
            v[w] = made[w].array().astype(np.float64)
        for name, y in zip(node.output, node.run(*[v[i] for i in node.input])):
            v[name] = y


def pairs(pads):
    n = len(pads) // 2
    return [(pads[k], pads[n + k]) for k in range(n)]


def padded(x, pads, value):
    flat = [v for p in reversed(pairs(pads)) for v in p]
    return torch.nn.functional.pad(x, flat, value=value)


class Conv(OpRun):
    op_domain = ""

    def _run(self, X, W, B=None, auto_pad=None, dilations=None, group=None, kernel_shape=None, pads=None, strides=None):
        n = X.ndim - 2
        if auto_pad not in (None, "NOTSET"):
            raise NotImplementedError(auto_pad)
        x = padded(torch.from_numpy(np.ascontiguousarray(X)), pads or [0] * 2 * n, 0.0)
        b = None if B is None else torch.from_numpy(np.array(B))
        f = torch.nn.functional.conv2d if n == 2 else torch.nn.functional.conv1d
        y = f(x, torch.from_numpy(np.array(W)), b, stride=tuple(strides or [1] * n), dilation=tuple(dilations or [1] * n), groups=group or 1)
        return (y.numpy(),)


def pool(f, X, kernel_shape, pads, strides, value, ceil_mode, **more):
    """Pools of whole windows only: those that stick out at the end get padding that doesn't count."""
    x = torch.from_numpy(np.ascontiguousarray(X))
    pads, strides = list(pads or [0] * 4), list(strides or [1, 1])
    if ceil_mode:
        for k in range(2):
            size = X.shape[2 + k] + pads[k] + pads[2 + k]
            over = (size - kernel_shape[k]) % strides[k]
            if over and size - over + strides[k] - kernel_shape[k] < X.shape[2 + k] + pads[k]:
                pads[2 + k] += strides[k] - over
    return f(padded(x, pads, value), tuple(kernel_shape), tuple(strides), **more)


class MaxPool(OpRun):
    op_domain = ""

    def _run(self, X, auto_pad=None, ceil_mode=None, dilations=None, kernel_shape=None, pads=None, storage_order=None, strides=None):
        y = pool(torch.nn.functional.max_pool2d, X, kernel_shape, pads, strides, -math.inf, ceil_mode, dilation=tuple(dilations or [1, 1]))
        return (y.numpy(),)


class AveragePool(OpRun):
    op_domain = ""

    def _run(self, X, auto_pad=None, ceil_mode=None, count_include_pad=None, dilations=None, kernel_shape=None, pads=None, strides=None):
        f = torch.nn.functional.avg_pool2d
        if count_include_pad and ceil_mode:
            raise NotImplementedError("padding and sticking out")
        y = pool(f, X, kernel_shape, pads, strides, 0.0, ceil_mode)
        if not count_include_pad:
            y /= pool(f, np.ones_like(X), kernel_shape, pads, strides, 0.0, ceil_mode)
        return (y.numpy(),)


class BatchNormalization(OpRun):
    """The evaluator's own, before opset 14, mixes in the batch's statistics."""

    op_domain = ""

    def _run(self, X, scale, B, mean, var, epsilon=None, momentum=None, training_mode=None, spatial=None):
        if training_mode:
            raise NotImplementedError("training")
        wide = (-1,) + (1,) * (X.ndim - 2)
        return ((X - mean.reshape(wide)) / np.sqrt(var + epsilon).reshape(wide) * scale.reshape(wide) + B.reshape(wide),)


def doubled(model):
    """The model with double precision wherever it has float32."""
    m = onnx.ModelProto()
    m.CopyFrom(model)

    def wide(t):
        if t.data_type == TensorProto.FLOAT:
            t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(t).astype(np.float64), t.name))

    for w in m.graph.initializer:
        wide(w)
    for v in [*m.graph.input, *m.graph.output]:
        v.type.tensor_type.elem_type = TensorProto.DOUBLE
    for node in m.graph.node:
        for a in node.attribute:
            if a.type == onnx.AttributeProto.TENSOR:
                wide(a.t)
            if node.op_type == "Cast" and a.name == "to" and a.i == TensorProto.FLOAT:
                a.i = TensorProto.DOUBLE
    return m


def evaluator(model):
    return ReferenceEvaluator(doubled(model), new_ops=[Conv, MaxPool, AveragePool, BatchNormalization])


def exact(model, x):
    return evaluator(model).run(None, {model.graph.input[0].name: x.astype(np.float64)})[0]


def runtime(model):
    o = ort.SessionOptions()
    o.intra_op_num_threads = 1
    o.log_severity_level = 3
    s = ort.InferenceSession(model.SerializeToString(), o, providers=["CPUExecutionProvider"])
    return lambda x: s.run(None, {s.get_inputs()[0].name: x})[0]


def rel(a, b):
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def export(net, shape, opset, dynamo):
    torch.manual_seed(1)
    for name, p in [*net.named_parameters(), *net.named_buffers()]:  # all different, or the exporter shares them
        if p.is_floating_point() and p.numel() > 1:
            p.data.mul_(0.9).add_(torch.rand_like(p) * 0.02)
    net.eval()
    x = torch.rand(*shape) * 2 - 1
    with torch.no_grad():
        want = net(x)
    b = io.BytesIO()
    if dynamo:
        p = torch.onnx.export(net, (x,), dynamo=True, opset_version=opset, input_names=["input"], output_names=["output"], verbose=False)
        model = p.model_proto
    else:
        torch.onnx.export(net, (x,), b, dynamo=False, opset_version=opset, input_names=["input"], output_names=["output"])
        model = onnx.load_from_string(b.getvalue())
    if (e := rel(runtime(model)(x.numpy()), want.numpy())) > 1e-4:
        raise ValueError(f"the export's answer is off by {e}")
    return model


def step(n):
    """Strides through n elements in an order that no extent of the tensor divides."""
    s = max(1, int(n * 0.618))
    while math.gcd(s, n) != 1:
        s += 1
    return s


def make(name):
    build, shape, opset, dynamo, source = networks.all[name]
    model = export(build(), shape, opset, dynamo)
    x, other = (values(fnv(s + name), math.prod(shape), 0, 1).reshape(shape) for s in ("input of ", "another input of "))
    full = strip(model, x)
    want, run = exact(full, x), runtime(full)
    got = run(x)
    if want.shape != got.shape or not np.isfinite(want).all():
        raise ValueError(f"answers of {want.shape}, {got.shape}")
    at = np.arange(min(SAMPLES, want.size)) * step(want.size) % want.size
    error = rel(got.ravel()[at], want.ravel()[at])
    differs = rel(run(other).ravel()[at], want.ravel()[at])
    if not error < 1e-4 or not differs > 1e-2:
        raise ValueError(f"onnxruntime's error {error}; another input changes {differs}")
    answer = {
        "name": name, "source": source, "input": list(shape), "output": list(want.shape), "step": step(want.size),
        "runtime_error": float(f"{error:.3g}"), "want": [float(v) for v in want.ravel()[at]],
    }
    data = model.SerializeToString()
    ops = sorted({n.op_type for n in model.graph.node})
    print(f"{name}: {len(model.graph.node)} nodes, {len(data)} bytes, error {error:.2g}, another input {differs:.2g}, "
          f"magnitude {np.abs(want).max():.2g}; {' '.join(ops)}", flush=True)
    return data, answer


def main():
    names = sys.argv[1:] or list(networks.all)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "zoo.zip")
    old = {}
    if sys.argv[1:] and os.path.exists(path):  # keeps the others
        with zipfile.ZipFile(path) as z:
            old = {n: z.read(n) for n in z.namelist()}
    failed = []
    for name in names:
        try:
            data, answer = make(name)
        except Exception as e:
            failed.append(name)
            print(f"{name}: FAILED: {type(e).__name__}: {str(e)[:300]}", flush=True)
            continue
        old[name + ".onnx"], old[name + ".json"] = data, json.dumps(answer).encode()
        with zipfile.ZipFile(path, "w") as z:
            for n in sorted(old):
                info = zipfile.ZipInfo(n, (1980, 1, 1, 0, 0, 0))  # so that the archive is the same every time
                info.compress_type = zipfile.ZIP_DEFLATED
                z.writestr(info, old[n], compresslevel=9)
        gc.collect()
    if failed:
        sys.exit(f"failed: {' '.join(failed)}")


main()
