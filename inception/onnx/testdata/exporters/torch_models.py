"""Small PyTorch networks by way of both exporters, as they are and as onnxsim and onnxslim simplify them:

    pip install torch onnxscript onnxsim onnxslim onnxruntime && python torch_models.py
"""

import io

import onnx
import torch
from torch import nn
import torch.nn.functional as F

from save import save


class Blocks(nn.Module):
    """A depthwise block with squeeze and excite, a shuffle, a residual."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish())
        self.depth = nn.Sequential(nn.Conv2d(8, 8, 5, 1, 2, groups=8), nn.SiLU())
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 4, 1), nn.ReLU(), nn.Conv2d(4, 8, 1), nn.Hardsigmoid())
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        x = self.stem(x)
        y = self.depth(x)
        y = y * self.gate(y)
        n, c, h, w = y.shape
        y = y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        a, b = (x + y).chunk(2, 1)
        x = torch.cat([a, F.gelu(b)], 1)
        return self.head(x.mean((2, 3))).log_softmax(1)


class Segmenter(nn.Module):
    """Down and up again, with pads, interpolation and a transposed convolution; masks at the end."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 8, 3, 2, 1)
        self.norm, self.up, self.last = nn.GroupNorm(2, 8), nn.ConvTranspose2d(8, 6, 3, 2, 1, 1), nn.Conv2d(12, 4, 1)

    def forward(self, x):
        a = F.leaky_relu(self.a(F.pad(x, (1, 1, 0, 0), mode="reflect"))[..., 1:-1], 0.1)
        b = F.mish(self.norm(self.b(a)))
        b = F.interpolate(b, scale_factor=2, mode="bilinear", align_corners=False)[:, :, ::2, ::2]
        y = self.last(torch.cat([a, self.up(b)], 1))
        return y, y.argmax(1), (y.softmax(1).amax(1, keepdim=True) > 0.4).float()


class Detector(nn.Module):
    """Boxes of a grid, and the best of them."""

    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Conv2d(3, 8, 3, 4, 1), nn.Conv2d(8, 14, 1)
        grid = torch.stack(torch.meshgrid(torch.arange(6.0), torch.arange(6.0), indexing="ij"), -1).view(1, 36, 1, 2)
        self.register_buffer("grid", grid)

    def forward(self, x):
        y = self.head(F.relu6(self.body(x))).permute(0, 2, 3, 1).reshape(-1, 36, 2, 7)
        xy = (y[..., :2].sigmoid() * 2 - 0.5 + self.grid) * 4
        wh = y[..., 2:4].exp().clamp(max=9.0)
        scores = y[..., 4:5].sigmoid() * y[..., 5:].softmax(-1)
        boxes = torch.cat([xy - wh / 2, xy + wh / 2], -1).flatten(1, 2)
        best, label = scores.flatten(1, 2).max(-1)
        top, at = best.topk(5, 1)
        return boxes.gather(1, at[..., None].expand(-1, -1, 4)), top, label.gather(1, at)


def exported(model, x, **kw):
    f = io.BytesIO()
    with torch.no_grad():
        torch.onnx.export(model, (x,), f, input_names=["x"], **kw)
    return f.getvalue()


torch.manual_seed(1)
for name, model, size in ("blocks", Blocks(), (12, 14)), ("segmenter", Segmenter(), (10, 12)), ("detector", Detector(), (24, 24)):
    model.eval()
    x = torch.randn(2, 3, *size)
    forms = {}
    for opset in 11, 17:
        forms[f"script_{opset}"] = lambda opset=opset: exported(model, x, opset_version=opset, dynamo=False, dynamic_axes={"x": {0: "n"}})
    for opset in 18, 20:
        batch = {0: torch.export.Dim("n", min=2, max=64)}
        forms[f"dynamo_{opset}"] = lambda opset=opset: exported(model, x, opset_version=opset, dynamo=True, external_data=False, dynamic_shapes=(batch,), optimize=opset == 20)
    done = {}
    for form, make in forms.items():
        try:
            done[form] = make()
        except Exception as e:
            print(name, form, "can't be made:", str(e).splitlines()[:1])
    for form in "script_17", "dynamo_18":
        if form not in done:
            continue
        import onnxsim, onnxslim

        done["sim_" + form] = onnxsim.simplify(onnx.load_model_from_string(done[form]))[0].SerializeToString()
        done["slim_" + form] = onnxslim.slim(onnx.load_model_from_string(done[form])).SerializeToString()
    for form, data in done.items():
        try:
            save(f"torch_{name}_{form}", data, x.numpy())
        except Exception as e:  # onnxslim leaves numbers in double precision
            print(name, form, "is refused by onnxruntime:", str(e).splitlines()[:1])
