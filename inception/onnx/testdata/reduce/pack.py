"""Makes reduce.zip of cases.txt: see README.md."""

import zipfile

import numpy as np
import onnx
from onnx import helper as h, numpy_helper as nh
from onnx.backend.test.case.node import collect_testcases

OPSET = 21


def main():
    own = {c.name: c for c in collect_testcases(None)}
    with zipfile.ZipFile("reduce.zip", "w") as z:
        def add(name, data):
            z.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, 9)

        for line in open("cases.txt", encoding="utf-8"):
            if not line.strip() or line.startswith("#"):
                continue
            folder, _, cases = line.strip().split(" | ")
            for name in cases.split():
                case = own["test_" + name]
                model, ((inputs, outputs),) = case.model, case.data_sets
                del model.opset_import[:]
                model.opset_import.append(h.make_opsetid("", OPSET))
                dir = f"{folder}/test_{name}/"
                add(dir + "model.onnx", model.SerializeToString(deterministic=True))
                for what, values in ("input", inputs), ("output", outputs):
                    for i, v in enumerate(values):
                        if not isinstance(v, onnx.TensorProto):
                            v = nh.from_array(np.asarray(v))
                        add(f"{dir}test_data_set_0/{what}_{i}.pb", v.SerializeToString(deterministic=True))


main()
