"""Writes pictures.onnx and levels_1000.onnx: pip install onnx numpy"""
import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

rng = np.random.default_rng(1)


def model(name, nodes, ins, outs, **weights):
    g = helper.make_graph(nodes, name, ins, outs, [numpy_helper.from_array(np.asarray(a), k) for k, a in weights.items()])
    m = helper.make_model(g, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(m, full_check=True)
    save(m, name + ".onnx")


def value(name, *dims):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)


node = helper.make_node
# A photo of any size; outputs of three channels, one, and five; the last also with rows and columns in one dimension.
model("pictures",
      [node("Clip", ["photo", "low", "high"], ["same"]), node("Conv", ["photo", "third"], ["grey"]),
       node("Conv", ["photo", "w"], ["deep"]), node("Reshape", ["deep", "flat"], ["rows"])],
      [value("photo", "batch", 3, "height", "width")],
      [value("same", "batch", 3, "height", "width"), value("grey", "batch", 1, "height", "width"),
       value("rows", "batch", 5, "pixels")],
      low=np.float32(-10), high=np.float32(10), third=np.full((1, 3, 1, 1), 1 / 3, np.float32),
      w=rng.standard_normal((5, 3, 1, 1), np.float32), flat=np.array([0, 5, -1]))
# Levels in [0, 255], which it normalises itself; 1,000 classes.
model("levels_1000",
      [node("Sub", ["photo", "mean"], ["a"]), node("Div", ["a", "std"], ["b"]), node("Conv", ["b", "w"], ["c"]),
       node("GlobalAveragePool", ["c"], ["d"]), node("Flatten", ["d"], ["classes"])],
      [value("photo", 1, 3, 32, 32)], [value("classes", 1, 1000)],
      mean=np.array([123.675, 116.28, 103.53], np.float32).reshape(1, 3, 1, 1),
      std=np.array([58.395, 57.12, 57.375], np.float32).reshape(1, 3, 1, 1), w=rng.standard_normal((1000, 3, 1, 1), np.float32))
# The photo again, by way of what is half as large, which goes for even sizes only.
grouped = np.full((3, 1, 2, 2), 1, np.float32)
model("even",
      [node("AveragePool", ["photo"], ["half"], kernel_shape=[2, 2], strides=[2, 2]),
       node("ConvTranspose", ["half", "grouped"], ["whole"], strides=[2, 2], kernel_shape=[2, 2], group=3),
       node("Concat", ["photo", "whole"], ["both"], axis=1), node("Conv", ["both", "first"], ["same"])],
      [value("photo", "batch", 3, "height", "width")], [value("same", "batch", 3, "height", "width")],
      grouped=grouped, first=np.concatenate([np.eye(3), np.zeros((3, 3))], 1).astype(np.float32).reshape(3, 6, 1, 1))
# A line of text, 16 pixels high.
model("line", [node("Conv", ["photo", "third"], ["grey"])],
      [value("photo", "batch", 3, 16, "width")], [value("grey", "batch", 1, 16, "width")], third=np.full((1, 3, 1, 1), 1 / 3, np.float32))
# Ten classes of 4 × 4 pixels, though the file says that there may be any.
model("fixed", [node("Flatten", ["photo"], ["row"]), node("Gemm", ["row", "w"], ["classes"])],
      [value("photo", "batch", 3, "height", "width")], [value("classes", "batch", 10)], w=rng.standard_normal((48, 10), np.float32))
# A row of the model's own beside each of the picture's: for one picture.
model("joined", [node("Concat", ["photo", "own"], ["both"], axis=2), node("GlobalAveragePool", ["both"], ["mean"]), node("Flatten", ["mean"], ["classes"])],
      [value("photo", 1, 3, 8, 8)], [value("classes", 1, 3)], own=rng.standard_normal((1, 3, 1, 8), np.float32))
