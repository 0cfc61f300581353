"""Makes resize.zip: random models of one Resize or ConvTranspose each, with onnxruntime's answers.

    pip install onnx onnxruntime numpy && python generate.py FIRST LAST     (the zip has seeds 0 to 160)

NNNNN.onnx, NNNNN.x and NNNNN.y (TensorProto). Left out is what onnxruntime computes otherwise than ONNX's own reference: align_corners, corners of
regions and half_pixel_symmetric with a scale that cuts a part of a pixel off; coordinates in float32 that round to another nearest pixel; antialiasing
that stretches the border; linear interpolation with exclude_outside; auto_pad SAME of kernels smaller than their stride, which in onnxruntime don't
give stride outputs for each input.
"""

import random, sys, zipfile
import numpy as np, onnx, onnxruntime as ort
from onnx import TensorProto as T, helper as h, numpy_helper as nh

first, last = int(sys.argv[1]), int(sys.argv[2])
options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 4


def resize(R, shape, inits):
    opset = R.choice([11, 13, 18, 19])
    mode = R.choice(["nearest", "linear", "linear", "cubic"])
    coordinates = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"] + ["half_pixel_symmetric"] * (opset >= 19)
    attrs = {"mode": mode, "coordinate_transformation_mode": R.choice(coordinates)}
    if mode == "nearest":
        attrs["nearest_mode"] = R.choice(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
    if mode == "cubic":
        attrs["cubic_coeff_a"] = R.choice([-0.75, -0.5])
        attrs["exclude_outside"] = R.choice([0, 1])
    inputs = ["x", "", "", ""]
    if opset < 13:
        inits.append(nh.from_array(np.zeros(0, np.float32), "none"))
        inputs = ["x", "none", "none", ""]
    if R.random() < 0.5:
        scales = [1, 1, R.choice([1, 2, 3, 0.5, 1.5, 2.5]), R.choice([1, 2, 4, 0.5, 0.25, 1.25])]
        # Whole numbers of pixels only: see above.
        scales[2:] = [s if s * n == int(s * n) and s * n >= 1 else 2 for s, n in zip(scales[2:], shape[2:])]
        inits.append(nh.from_array(np.array(scales, np.float32), "s"))
        inputs[2:] = ["s"]
    else:
        sizes = shape[:2] + [R.choice([1, 2, 5, 8, 13]), R.choice([1, 3, 7, 10, 16])]
        inits.append(nh.from_array(np.array(sizes, np.int64), "z"))
        inputs[3] = "z"
    return opset, h.make_node("Resize", inputs, ["y"], name="resize", **attrs)


def transposed(R, N, shape, inits):
    group = R.choice([1, 1, 1, 2, 3]) if shape[1] % 6 == 0 else R.choice([1, 1, shape[1]])
    kernel, stride = [R.choice([1, 2, 3, 4]) for _ in "hw"], [R.choice([1, 2, 3]) for _ in "hw"]
    dilation = [R.choice([1, 1, 2]) for _ in "hw"]
    out = R.choice([1, 2, 3, 5])
    attrs = {"kernel_shape": kernel, "strides": stride, "dilations": dilation, "group": group}
    fits = all(d * (k - 1) + 1 >= s for k, s, d in zip(kernel, stride, dilation))
    if R.random() < 0.3:
        attrs["auto_pad"] = R.choice(["SAME_UPPER", "SAME_LOWER", "VALID"]) if fits else "VALID"
    else:
        attrs["pads"] = [R.choice([0, 1]) for _ in range(4)]
        attrs["output_padding"] = [R.choice(range(s)) for s in stride]
    inits.append(nh.from_array(N.standard_normal([shape[1], out] + kernel).astype(np.float32), "w"))
    inputs = ["x", "w"]
    if R.random() < 0.5:
        inits.append(nh.from_array(N.standard_normal(out * group).astype(np.float32), "b"))
        inputs.append("b")
    return 13, h.make_node("ConvTranspose", inputs, ["y"], name="up", **attrs)


zf = zipfile.ZipFile("resize.zip", "w", zipfile.ZIP_DEFLATED)
made = 0
for seed in range(first, last):
    R, N = random.Random(seed), np.random.default_rng(seed)
    shape = [R.choice([1, 2]), R.choice([1, 3, 6]), R.choice([1, 2, 4, 6]), R.choice([1, 3, 4, 8])]
    inits = []
    opset, node = transposed(R, N, shape, inits) if seed % 3 == 0 else resize(R, shape, inits)
    graph = h.make_graph([node], "g", [h.make_tensor_value_info("x", T.FLOAT, shape)], [h.make_tensor_value_info("y", T.FLOAT, None)], inits)
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", opset)], ir_version=8)
    x = N.standard_normal(shape).astype(np.float32)
    try:
        y = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    except Exception as e:
        print(seed, str(e)[:120])
        continue
    if y.size == 0:
        continue
    made += 1
    for end, data in ("onnx", model.SerializeToString()), ("x", nh.from_array(x, "x").SerializeToString()), ("y", nh.from_array(y, "y").SerializeToString()):
        zf.writestr(zipfile.ZipInfo(f"{seed:05d}.{end}"), data, zipfile.ZIP_DEFLATED)
print(made, "models")
