"""ONNX Runtime on the CPU. To install it: pip install numpy onnx onnxruntime"""
from network import serve


def prepare(nodes, weights, x, threads):
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    def node(i, n):
        ins, kind, a = [str(j) for j in n["in"]], n["op"], {}
        if kind in ("conv", "maxpool", "avgpool"):
            a = {"kernel_shape": n["kernel"], "strides": n["stride"], "pads": n["pad"] * 2}
        if kind == "conv":
            a.update(dilations=n["dilation"], group=n["groups"])
            ins += [n["weight"]] + ([n["bias"]] if n["bias"] else [])
        elif kind == "batchnorm":
            a = {"epsilon": n["eps"]}
            ins += [n["scale"], n["shift"], n["mean"], n["var"]]
        elif kind == "maxpool":
            a["ceil_mode"] = int(n["ceil"])
        elif kind == "avgpool":
            a.update(ceil_mode=int(n["ceil"]), count_include_pad=int(n["count_pad"]))
        elif kind == "concat":
            a = {"axis": 1}
        elif kind == "scale":
            ins.append("factor " + str(i))
        name = {"conv": "Conv", "batchnorm": "BatchNormalization", "relu": "Relu", "maxpool": "MaxPool",
                "avgpool": "AveragePool", "globalavgpool": "GlobalAveragePool", "concat": "Concat",
                "scale": "Mul", "add": "Add", "mul": "Mul"}[kind]
        return helper.make_node(name, ins, [str(i)], **a)

    last = str(len(nodes) - 1)
    graph = helper.make_graph(
        [node(i, n) for i, n in enumerate(nodes) if i > 0], "network",
        [helper.make_tensor_value_info("0", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(a, name) for name, a in weights.items()] +
        [helper.make_tensor("factor " + str(i), TensorProto.FLOAT, [], [n["factor"]]) for i, n in enumerate(nodes) if n["op"] == "scale"])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # it would take time from the others' turns
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return onnxruntime.__version__, lambda: session.run([last], {"0": x})[0]


serve(prepare)
