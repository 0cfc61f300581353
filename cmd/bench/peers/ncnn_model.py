"""What ncnn's two peers share: the network in ncnn's own format, with batch norm folded and ReLU fused, as its converters leave it."""
import os
import sys

import numpy as np

from network import serve


def fold(nodes, weights):
    """Layers as [kind, inputs, node, weight, bias, relu]: batch norms and scales folded into their convolutions, then ReLUs fused."""
    readers = {}
    for n in nodes:
        for i in n["in"] or []:
            readers[i] = readers.get(i, 0) + 1
    layers, stands = {}, {}  # by index; what a folded node is now
    for i, n in enumerate(nodes):
        ins = [stands.get(j, j) for j in n["in"] or []]
        before = layers.get(ins[0]) if len(ins) == 1 else None
        alone = before and before["op"] == "conv" and not before["relu"] and readers[n["in"][0]] == 1
        if n["op"] == "batchnorm" and alone:
            scale = weights[n["scale"]] / np.sqrt(weights[n["var"]] + n["eps"])
            before["w"] = before["w"] * scale.reshape(-1, 1, 1, 1)
            before["b"] = (before["b"] - weights[n["mean"]]) * scale + weights[n["shift"]]
        elif n["op"] == "scale" and alone:
            before["w"], before["b"] = before["w"] * n["factor"], before["b"] * n["factor"]
        elif n["op"] == "relu" and alone:
            before["relu"] = True
        else:
            layers[i] = dict(n, ins=ins, relu=False)
            if n["op"] == "conv":
                w = weights[n["weight"]]
                layers[i].update(w=w, b=weights[n["bias"]] if n["bias"] else np.zeros(w.shape[0], np.float32))
            continue
        stands[i] = ins[0]
    return layers, stands.get(len(nodes) - 1, len(nodes) - 1)


def write(nodes, weights, x, param, model):
    """Writes the network's .param and .bin; its input is blob "0", its output's name is returned."""
    layers, last = fold(nodes, weights)
    readers = {}
    for n in layers.values():
        for j in n["ins"]:
            readers[j] = readers.get(j, 0) + 1
    lines, taken, blobs = [], {}, 0

    def line(kind, name, ins, outs, **attributes):
        nonlocal blobs
        blobs += len(outs)
        words = [kind, name, str(len(ins)), str(len(outs)), *ins, *outs]
        lines.append(" ".join(words + ["%s=%s" % (k[1:], v) for k, v in attributes.items()]))

    def read(j):  # a blob has one reader: a Split copies it for more
        if readers[j] == 1:
            return str(j)
        taken[j] = taken.get(j, -1) + 1
        return "%d_%d" % (j, taken[j])

    with open(model, "wb") as out:
        for i, n in layers.items():
            name, ins, outs, op = "layer%d" % i, [read(j) for j in n["ins"]], [str(i)], n["op"]
            if op in ("conv", "maxpool", "avgpool"):
                (kh, kw), (sh, sw), (ph, pw) = n["kernel"], n["stride"], n["pad"]
            if op == "input":
                line("Input", name, ins, outs, _0=x.shape[3], _1=x.shape[2], _2=x.shape[1])
            elif op == "conv":
                w = n["w"].astype("<f4")
                dh, dw = n["dilation"]
                kind, groups = ("Convolution", {}) if n["groups"] == 1 else ("ConvolutionDepthWise", {"_7": n["groups"]})
                line(kind, name, ins, outs, _0=w.shape[0], _1=kw, _11=kh, _2=dw, _12=dh, _3=sw, _13=sh, _4=pw, _14=ph,
                     _5=1, _6=w.size, **groups, _9=int(n["relu"]))
                out.write(bytes(4) + w.tobytes() + n["b"].astype("<f4").tobytes())  # four zero bytes: float32 follows
            elif op == "batchnorm":
                vectors = [weights[n[k]].astype("<f4") for k in ("scale", "mean", "var", "shift")]
                line("BatchNorm", name, ins, outs, _0=vectors[0].size, _1=n["eps"])
                out.write(b"".join(v.tobytes() for v in vectors))
            elif op == "relu":
                line("ReLU", name, ins, outs)
            elif op in ("maxpool", "avgpool"):
                line("Pooling", name, ins, outs, _0=int(op == "avgpool"), _1=kw, _11=kh, _2=sw, _12=sh, _3=pw, _13=ph, _14=pw, _15=ph,
                     _5=0 if n["ceil"] else 1, _6=int(n["count_pad"]))
            elif op == "scale":
                line("BinaryOp", name, ins, outs, _0=2, _1=1, _2=float(n["factor"]))
            elif op in ("add", "mul"):
                line("BinaryOp", name, ins, outs, _0=0 if op == "add" else 2)
            elif op == "globalavgpool":
                line("Pooling", name, ins, outs, _0=1, _4=1)
            else:
                line("Concat", name, ins, outs, _0=0)
            if readers.get(i, 0) > 1:
                line("Split", name + "_split", outs, ["%d_%d" % (i, k) for k in range(readers[i])])
    with open(param, "w") as out:
        out.write("7767517\n%d %d\n%s\n" % (len(lines), blobs, "\n".join(lines)))
    return str(last)


def peer(vulkan):
    def prepare(nodes, weights, x, threads):
        import ncnn

        net = ncnn.Net()
        net.opt.use_vulkan_compute = vulkan
        net.opt.num_threads = threads
        # float32 as the others compute it; on software drivers, 16 bits are slower besides.
        for name in dir(net.opt):
            if name.startswith(("use_fp16", "use_bf16", "use_int8")):
                setattr(net.opt, name, False)
        about = ncnn.__version__
        if vulkan:
            if ncnn.get_gpu_count() == 0:
                raise ImportError("no Vulkan device: install a driver (Debian: apt-get install mesa-vulkan-drivers)")
            net.set_vulkan_device(0)
            about += ", " + ncnn.get_gpu_info(0).device_name()
        path = os.path.join(sys.argv[1], os.path.basename(sys.argv[0]))
        last = write(nodes, weights, x, path + ".param", path + ".bin")
        if net.load_param(path + ".param") != 0 or net.load_model(path + ".bin") != 0:
            raise RuntimeError("ncnn does not load the network")
        images = [np.ascontiguousarray(image) for image in x]

        def run():
            out = []
            for image in images:  # it has no batches
                e = net.create_extractor()
                e.input("0", ncnn.Mat(image))
                status, y = e.extract(last)
                if status != 0:
                    raise RuntimeError("ncnn: extract failed with %d" % status)
                out.append(np.array(y))
            return np.stack(out)

        return about, run

    serve(prepare)
