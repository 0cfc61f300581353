"""Writes the cases of cases.txt whose folder is "late", as the installed onnx package makes them, under the given folder:

    python generate.py FOLDER
"""
import pathlib
import sys

import numpy as np
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

wanted = set()
for line in open(pathlib.Path(__file__).with_name("cases.txt")):
    if line.startswith("late | "):
        wanted.update("test_" + name.split("=")[0].split("/")[0] for name in line.split(" | ")[2].split())

np.random.seed(0)
for case in collect_testcases(None):
    if case.name not in wanted:
        continue
    wanted.remove(case.name)
    at = pathlib.Path(sys.argv[1], "late", case.name)
    data = at / "test_data_set_0"
    data.mkdir(parents=True)
    (at / "model.onnx").write_bytes(case.model.SerializeToString())
    graph = case.model.graph
    for what, infos, values in zip(("input", "output"), (graph.input, graph.output), case.data_sets[0]):
        for k, (info, value) in enumerate(zip(infos, values)):
            (data / f"{what}_{k}.pb").write_bytes(numpy_helper.from_array(np.asarray(value), info.name).SerializeToString())
assert not wanted, wanted
