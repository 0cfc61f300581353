"""Makes FOLDER/FOLDER.zip of FOLDER/cases.txt, stamped as another opset if one is given: python pack.py FOLDER [OPSET]"""

import pathlib
import sys
import zipfile

import numpy as np
import onnx
from onnx import helper as h, numpy_helper as nh
from onnx.backend.test.case.node import collect_testcases

HERE = pathlib.Path(__file__).parent


def main(folder, opset=None):
    np.random.seed(0)
    own = {c.name: c for c in collect_testcases(None)}
    with zipfile.ZipFile(HERE / folder / (folder + ".zip"), "w") as z:
        def add(name, data):
            z.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, 9)

        for line in open(HERE / folder / "cases.txt", encoding="utf-8"):
            if not line.strip() or line.startswith("#"):
                continue
            kind, _, cases = line.strip().split(" | ")
            for name in dict.fromkeys(name.split("=")[0].split("/")[0] for name in cases.split()):
                case = own["test_" + name]
                model, ((inputs, outputs),) = case.model, case.data_sets
                if opset:
                    del model.opset_import[:]
                    model.opset_import.append(h.make_opsetid("", int(opset)))
                dir = f"{kind}/test_{name}/"
                add(dir + "model.onnx", model.SerializeToString(deterministic=True))
                for what, values in ("input", inputs), ("output", outputs):
                    for i, v in enumerate(values):
                        if not isinstance(v, onnx.TensorProto):
                            v = nh.from_array(np.asarray(v))
                        add(f"{dir}test_data_set_0/{what}_{i}.pb", v.SerializeToString(deterministic=True))


main(*sys.argv[1:])
