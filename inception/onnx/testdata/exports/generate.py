"""Makes the models in this folder with PyTorch 1.13 (Debian 12: apt-get install python3-torch python3-onnx; run with /usr/bin/python3).

NAME_OPSET.onnx, NAME_in.npy (float32) and NAME_out64.npy (the same model in double precision).
"""
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F


class Chains(nn.Module):
    """What exporters write for view, flatten, chunk and the like: chains of Shape, Gather, Concat, Slice and Reshape."""

    def forward(self, x):
        n, c, h, w = x.shape
        pooled = F.adaptive_avg_pool2d(x, 1).view(x.size(0), -1)
        gate = torch.softmax(pooled, 1)
        shuffled = x.view(n, c // 2, 2, h, w).transpose(1, 2).reshape(n, -1, h, w)
        z = shuffled * gate.view(n, -1, 1, 1)
        parts = [z.mean((2, 3)), z.amax((2, 3)), x[:, 1:4].flatten(1)[:, 2:60], gate, 2 - pooled / 3]
        return torch.cat(parts, 1)


class Free(nn.Module):
    """Batch, rows and columns are free: a network without a fixed image size."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.b = nn.Conv2d(8, 8, 3, padding=1, groups=4)
        self.bn = nn.BatchNorm2d(8)
        self.fc = nn.Linear(16, 5)

    def forward(self, x):
        x = torch.stack([x[:, 0] * 0.5 + 0.1, x[:, 1] * 0.6 - 0.2, x[:, 2] * 0.7], 1)
        x = F.relu(self.a(x))
        y = self.bn(self.b(x))
        x = torch.clamp(x + y, -0.5, 1.5)
        p = F.max_pool2d(x, 3, 2, 1)
        q = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
        x = torch.cat([p, q], 1)
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


def dump(name, model, shape, axes, opsets):
    g = torch.Generator().manual_seed(1)
    for p in model.parameters():
        p.data = torch.randn(p.shape, generator=g) * 0.3
    for b in model.buffers():
        if b.dtype == torch.float32:
            b.data = torch.rand(b.shape, generator=g) + 0.5
    model.eval()
    x = torch.randn(shape, generator=g)
    for opset in opsets:
        torch.onnx.export(model, x, f"{name}_{opset}.onnx", opset_version=opset, input_names=["input"], output_names=["output"],
                          dynamic_axes={"input": axes}, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
    with torch.no_grad():
        y = model.double()(x.double())
    np.save(f"{name}_in.npy", x.numpy())
    np.save(f"{name}_out64.npy", y.numpy())


if __name__ == "__main__":
    dump("chains", Chains(), (2, 6, 5, 7), {0: "batch"}, (9, 11, 13, 16))
    dump("free", Free(), (2, 3, 19, 22), {0: "batch", 2: "rows", 3: "columns"}, (9, 13, 16))
