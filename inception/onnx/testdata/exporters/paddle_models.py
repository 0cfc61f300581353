"""A small Paddle network by way of paddle2onnx:

    pip install paddlepaddle paddle2onnx onnxruntime && python paddle_models.py
"""

import pathlib
import tempfile

import numpy as np
import paddle
import paddle2onnx
from paddle import nn
import paddle.nn.functional as F

from save import save


class Reader(nn.Layer):
    """As PP-OCR's detection: a mobile block, a pyramid with upsampling, a map."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2D(3, 8, 3, 2, 1, bias_attr=False), nn.BatchNorm2D(8), nn.Hardswish())
        self.depth = nn.Conv2D(8, 8, 5, 2, 2, groups=8)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2D(1), nn.Conv2D(8, 4, 1), nn.ReLU(), nn.Conv2D(4, 8, 1))
        self.low, self.high = nn.Conv2D(8, 6, 1), nn.Conv2D(8, 6, 1)
        self.head = nn.Conv2DTranspose(12, 1, 2, 2)

    def forward(self, x):
        a = self.stem(x)
        b = self.depth(a)
        b = b * F.hardsigmoid(self.gate(b), slope=0.2)
        up = F.interpolate(self.high(b), size=[8, 12], mode="nearest")
        return F.sigmoid(self.head(paddle.concat([self.low(a) + up, up], axis=1)))


class Classifier(nn.Layer):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2D(3, 8, 3, padding=1), nn.PReLU(8), nn.MaxPool2D(2, ceil_mode=True), nn.Conv2D(8, 12, 3), nn.Swish())
        self.head = nn.Linear(12 * 3 * 3, 7)

    def forward(self, x):
        y = F.softmax(self.head(paddle.flatten(self.body(x), 1)))
        best, at = paddle.topk(y, 3)
        return y, best, at


paddle.seed(1)
for name, model, size, opset in ("reader", Reader(), (16, 24), 11), ("reader", Reader(), (16, 24), 16), ("classifier", Classifier(), (9, 9), 13):
    model.eval()
    with tempfile.TemporaryDirectory() as folder:
        at = pathlib.Path(folder, "m")
        paddle.jit.save(model, str(at), [paddle.static.InputSpec([-1, 3, *size], "float32", "x")])
        program = at.with_suffix(".json")
        program = program if program.exists() else at.with_suffix(".pdmodel")
        paddle2onnx.export(str(program), str(at.with_suffix(".pdiparams")), str(at.with_suffix(".onnx")), opset_version=opset, enable_onnx_checker=False)
        data = at.with_suffix(".onnx").read_bytes()
    save(f"paddle_{name}_{opset}", data, np.random.default_rng(1).normal(size=(2, 3, *size)).astype(np.float32))
