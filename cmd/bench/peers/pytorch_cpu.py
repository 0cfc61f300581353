"""PyTorch, eager, on the CPU. To install it: pip install numpy torch --index-url https://download.pytorch.org/whl/cpu"""
import os

from network import serve

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait in a loop would take time from the others' turns


def prepare(nodes, weights, x, threads):
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(threads)
    w = {name: torch.from_numpy(a) for name, a in weights.items()}
    x = torch.from_numpy(x)

    def step(n, v):
        a = v[0]
        if n["op"] == "conv":
            bias = w[n["bias"]] if n["bias"] else None
            return F.conv2d(a, w[n["weight"]], bias, n["stride"], n["pad"], n["dilation"], n["groups"])
        if n["op"] == "batchnorm":
            return F.batch_norm(a, w[n["mean"]], w[n["var"]], w[n["scale"]], w[n["shift"]], eps=n["eps"])
        if n["op"] == "relu":
            return F.relu(a)
        if n["op"] == "maxpool":
            return F.max_pool2d(a, n["kernel"], n["stride"], n["pad"], ceil_mode=n["ceil"])
        if n["op"] == "avgpool":
            return F.avg_pool2d(a, n["kernel"], n["stride"], n["pad"], n["ceil"], n["count_pad"])
        if n["op"] == "globalavgpool":
            return F.adaptive_avg_pool2d(a, 1)
        if n["op"] == "scale":
            return a * n["factor"]
        if n["op"] == "add":
            return a + v[1]
        if n["op"] == "mul":
            return a * v[1]
        return torch.cat(v, 1)

    def run():
        with torch.inference_mode():
            values = [x]
            for n in nodes[1:]:
                values.append(step(n, [values[i] for i in n["in"]]))
            return values[-1].numpy()

    return torch.__version__, run


serve(prepare)
