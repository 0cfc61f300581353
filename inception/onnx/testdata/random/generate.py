"""Makes random.zip: random small models of the operators that the importer knows, with onnxruntime's answers.

    pip install onnx==1.16.2 onnxruntime numpy && python generate.py FIRST LAST     (the zip has seeds 3000 to 3400)

NNNNN.onnx, NNNNN.x and NNNNN.y (TensorProto). MaxPool with auto_pad SAME and dilations is left out: onnxruntime's padding ignores the dilation there,
ONNX's formula does not.
"""

import zipfile
import onnx, numpy as np, random, os, sys
from onnx import helper as h, numpy_helper as nh, TensorProto as T
import onnxruntime as ort

zf = zipfile.ZipFile("random.zip", "w", zipfile.ZIP_DEFLATED)
so = ort.SessionOptions()
so.intra_op_num_threads = 1
so.log_severity_level = 4
ok = 0
for seed in range(int(sys.argv[1]), int(sys.argv[2])):
    R = random.Random(seed)
    N = np.random.default_rng(seed)
    opset = R.choice([11, 13, 16, 18])
    rank = R.choice([4, 4, 4, 3, 2])
    dyn = R.random() < 0.6
    shape = [R.choice([1, 2, 3])] + [R.choice([1, 2, 4, 6, 5])] + [R.choice([4, 5, 7, 9]) for _ in range(rank - 2)]
    vals = [("x", list(shape))]
    nodes = []
    inits = []
    cnt = [0]

    def nm():
        cnt[0] += 1
        return f"v{cnt[0]}"

    def const(a):
        n = "c" + nm()
        inits.append(nh.from_array(np.asarray(a), n))
        return n

    def add(op, ins, out_n=1, **kw):
        outs = [nm() for _ in range(out_n)]
        nodes.append(h.make_node(op, ins, outs, name=op + "_" + outs[0], **kw))
        return outs

    def axes(op, ins, ax, attr13=13, **kw):
        if opset >= attr13:
            return add(op, ins + [const(np.array(ax, np.int64))], **kw)
        return add(op, ins, axes=ax, **kw)

    steps = R.randint(2, 5)
    good = True
    for _ in range(steps):
        x, s = R.choice(vals[-2:])
        r = len(s)
        op = R.choice(
            [
                "Relu",
                "addc",
                "mulc",
                "subc",
                "rsub",
                "divc",
                "softmax",
                "flatten",
                "reshape",
                "transpose",
                "slice",
                "gather",
                "concat",
                "split",
                "squeeze",
                "unsqueeze",
                "conv",
                "pool",
                "pool",
                "pool",
                "bn",
                "lrn",
                "gap",
                "reduce",
                "add2",
                "gemm",
                "matmul",
                "clip",
                "pad",
                "neg",
                "gate",
                "dup",
            ]
        )
        f = lambda *d: N.normal(size=d).astype(np.float32)
        if op in ("Relu",):
            vals.append((add("Relu", [x])[0], s))
        elif op in ("addc", "mulc", "subc", "rsub", "divc"):
            cs = [d if R.random() < 0.5 else 1 for d in s]
            if dyn and r and cs:
                cs[0] = 1
            k = R.randint(0, r)
            cs = cs[k:]
            c = N.uniform(0.5, 1.5, size=cs).astype(np.float32)
            o = {"addc": "Add", "mulc": "Mul", "subc": "Sub", "rsub": "Sub", "divc": "Div"}[op]
            i = [x, const(c)]
            if op == "rsub":
                i = i[::-1]
            vals.append((add(o, i)[0], s))
        elif op == "softmax" and r:
            vals.append((add("Softmax", [x], axis=R.randint(-r, r - 1))[0], s))
        elif op == "flatten" and r:
            a = R.randint(0, r)
            vals.append((add("Flatten", [x], axis=a)[0], [int(np.prod(s[:a])), int(np.prod(s[a:]))]))
        elif op == "reshape" and r:
            if dyn:
                t = R.choice([[0, -1], [0, -1, 1], [-1, s[-1]], [0] + s[1:] + [1], [0, 1, -1]])
            else:
                t = list(s)
                R.shuffle(t)
                t = R.choice([t, [-1], [s[0], -1], t + [1]])
            if 0 in t and len(s) < 1:
                continue
            p = int(np.prod(s))
            tt = [s[i] if d == 0 else d for i, d in enumerate(t)]
            if -1 in tt:
                q = int(-np.prod(tt))
                if q == 0 or p % q:
                    continue
                tt[tt.index(-1)] = p // q
            vals.append((add("Reshape", [x, const(np.array(t, np.int64))])[0], tt))
        elif op == "transpose" and r:
            p = list(range(r))
            if R.random() < 0.5 and r > 2:
                q = p[1:]
                R.shuffle(q)
                p = [0] + q
            else:
                R.shuffle(p)
            vals.append((add("Transpose", [x], perm=p)[0], [s[i] for i in p]))
        elif op == "slice" and r:
            a = R.randrange(r)
            n = s[a]
            st = R.choice([1, 1, 2, -1])
            b, e = (
                (R.randint(-n, n - 1), R.choice([n, 10**9, R.randint(-n, n)]))
                if st > 0
                else (R.randint(0, n + 2), R.choice([-n - 5, 0, -n]))
            )
            l = len(range(n)[slice(b, e if not (st < 0 and e < -n) else None, st)])
            if l == 0:
                continue
            t = list(s)
            t[a] = l
            vals.append((add("Slice", [x] + [const(np.array([v], np.int64)) for v in (b, e, a, st)])[0], t))
        elif op == "gather" and r:
            a = R.randrange(r)
            n = s[a]
            sh = R.choice([[], [2], [3], [1, 2]])
            idx = N.integers(-n, n, size=sh)
            vals.append((add("Gather", [x, const(np.array(idx, np.int64))], axis=a)[0], s[:a] + sh + s[a + 1 :]))
        elif op == "concat" and r:
            a = R.randrange(r)
            ins = [x]
            t = list(s)
            for y, q in vals:
                if len(q) == r and all(q[i] == s[i] for i in range(r) if i != a) and R.random() < 0.7:
                    ins.append(y)
                    t[a] += q[a]
            if R.random() < 0.4 and not dyn:
                q = list(s)
                ins.append(const(f(*q)))
                t[a] += q[a]
            vals.append((add("Concat", ins, axis=a)[0], t))
        elif op == "split" and r:
            a = R.randrange(r)
            if s[a] % 2:
                continue
            kw = {"num_outputs": 2} if opset >= 18 else {}
            o = add("Split", [x], 2, axis=a, **kw)
            t = list(s)
            t[a] //= 2
            vals += [(o[0], t), (o[1], t)]
        elif op == "squeeze":
            one = [i for i, d in enumerate(s) if d == 1 and not (dyn and i == 0)]
            if not one:
                continue
            vals.append((axes("Squeeze", [x], one)[0], [d for i, d in enumerate(s) if i not in one]))
        elif op == "unsqueeze" and r < 5:
            a = R.randint(0, r)
            vals.append((axes("Unsqueeze", [x], [a])[0], s[:a] + [1] + s[a:]))
        elif op == "conv" and r in (3, 4):
            g = R.choice([g for g in (1, 2, 3) if s[1] % g == 0])
            k = [R.choice([1, 2, 3]) for _ in s[2:]]
            d = [R.choice([1, 1, 2]) for _ in k]
            st = [R.choice([1, 2]) for _ in k]
            kw = dict(group=g, dilations=d, strides=st)
            if R.random() < 0.4:
                kw["auto_pad"] = R.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])
            else:
                kw["pads"] = [R.randint(0, 2) for _ in range(2 * len(k))]
            y = add("Conv", [x, const(f(g * 2, s[1] // g, *k)), const(f(g * 2))], **kw)[0]
            vals.append((y, None))
        elif op == "pool" and r in (3, 4):
            k = [R.choice([1, 2, 3]) for _ in s[2:]]
            st = [R.choice([1, 2, 3]) for _ in k]
            kw = dict(kernel_shape=k, strides=st)
            if R.random() < 0.3:
                kw["auto_pad"] = R.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])
            else:
                kw["pads"] = [R.randint(0, kk - 1) for kk in k] + [R.randint(0, kk - 1) for kk in k]
                kw["ceil_mode"] = R.choice([0, 1])
            o = R.choice(["MaxPool", "AveragePool"])
            if o == "AveragePool":
                kw["count_include_pad"] = R.choice([0, 1])
            elif R.random() < 0.4 and "auto_pad" not in kw:
                kw["dilations"] = [R.choice([1, 2]) for _ in k]
            vals.append((add(o, [x], **kw)[0], None))
        elif op == "bn" and r >= 2:
            c = s[1]
            vals.append((add("BatchNormalization", [x] + [const(N.uniform(0.5, 1.5, size=c).astype(np.float32)) for _ in range(4)])[0], s))
        elif op == "lrn" and r == 4:
            vals.append((add("LRN", [x], size=R.choice([1, 2, 3, 5]), alpha=0.5)[0], s))
        elif op == "gap" and r >= 3:
            vals.append((add(R.choice(["GlobalAveragePool", "GlobalMaxPool"]), [x])[0], s[:2] + [1] * (r - 2)))
        elif op == "reduce" and r >= 2:
            a = sorted(R.sample(range(r), R.randint(1, r))) if R.random() < 0.3 else list(range(R.randint(1, r - 1), r))
            kd = R.choice([0, 1])
            t = [1 if i in a else d for i, d in enumerate(s)] if kd else [d for i, d in enumerate(s) if i not in a]
            vals.append((axes(R.choice(["ReduceMean", "ReduceMax"]), [x], a, 18, keepdims=kd)[0], t))
        elif op == "add2":
            c = [y for y, q in vals if q == s]
            vals.append((add(R.choice(["Add", "Mul", "Sub", "Sum"]), [x, R.choice(c)])[0], s))
        elif op == "gate" and r >= 3:
            g = add("GlobalAveragePool", [x])[0]
            i = [x, g]
            R.shuffle(i)
            vals.append((add(R.choice(["Mul", "Add", "Sub"]), i)[0], s))
        elif op == "gemm" and r == 2:
            tb = R.choice([0, 1])
            m = R.choice([1, 3])
            w = f(m, s[1]) if tb else f(s[1], m)
            c = R.choice([[], [1], [m], [1, m]] + ([[s[0], m], [s[0], 1]] if not dyn else []))
            vals.append((add("Gemm", [x, const(w), const(f(*c))], transB=tb, alpha=0.5, beta=R.choice([1.0, 2.0]))[0], [s[0], m]))
        elif op == "matmul" and r >= 2:
            vals.append((add("MatMul", [x, const(f(s[-1], 3))])[0], s[:-1] + [3]))
        elif op == "clip":
            vals.append((add("Clip", [x, const(np.float32(-0.5))] + ([const(np.float32(0.7))] if R.random() < 0.5 else []))[0], s))
        elif op == "pad" and r in (3, 4):
            p = [R.randint(0, 2) for _ in range(2 * (r - 2))]
            q = [0, 0] + p[: r - 2] + [0, 0] + p[r - 2 :]
            vals.append(
                (add("Pad", [x, const(np.array(q, np.int64)), const(np.float32(0.3))])[0], [d + q[i] + q[r + i] for i, d in enumerate(s)])
            )
        elif op == "neg":
            vals.append((add("Neg", [x])[0], s))
        if vals[-1][1] is None:  # infer by running ORT
            m = h.make_model(
                h.make_graph(
                    nodes, "g", [h.make_tensor_value_info("x", 1, shape)], [h.make_tensor_value_info(vals[-1][0], 1, None)], inits
                ),
                opset_imports=[h.make_opsetid("", opset)],
                ir_version=8,
            )
            try:
                y = ort.InferenceSession(m.SerializeToString(), so, providers=["CPUExecutionProvider"]).run(
                    None, {"x": np.zeros(shape, np.float32)}
                )[0]
            except Exception:
                good = False
                break
            if y.size == 0:
                good = False
                break
            vals[-1] = (vals[-1][0], list(y.shape))
    if not good or len(vals) == 1:
        continue
    dims = ["b"] + shape[1:] if dyn else shape
    m = h.make_model(
        h.make_graph(nodes, "g", [h.make_tensor_value_info("x", 1, dims)], [h.make_tensor_value_info(vals[-1][0], 1, None)], inits),
        opset_imports=[h.make_opsetid("", opset)],
        ir_version=8,
    )
    x = N.normal(size=shape).astype(np.float32)
    try:
        y = ort.InferenceSession(m.SerializeToString(), so, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    except Exception as e:
        continue
    for ext, data in (
        ("onnx", m.SerializeToString()),
        ("x", nh.from_array(x).SerializeToString()),
        ("y", nh.from_array(y).SerializeToString()),
    ):
        zf.writestr(zipfile.ZipInfo(f"{seed:05d}.{ext}"), data, zipfile.ZIP_DEFLATED)
    ok += 1
zf.close()
print(ok)
