"""What the peers share: the network that bench wrote into a folder, and the loop that times it.

The folder has network.json (the operators in order, each with the indices of its inputs; the first is the input),
weights.safetensors and input.npy. The script writes its answer there, says on standard output what it is, and from then
on answers each line with the seconds of a run: bench takes turns among the peers, so that all have the same machine.
"""
import json
import os
import sys
import time


def load(folder):
    """The operators, the weights by name, and the input."""
    import numpy as np

    with open(os.path.join(folder, "network.json")) as f:
        nodes = json.load(f)
    weights = {}
    with open(os.path.join(folder, "weights.safetensors"), "rb") as f:
        header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
        data = f.read()
    for name, t in header.items():
        if name != "__metadata__":
            begin, end = t["data_offsets"]
            weights[name] = np.frombuffer(data[begin:end], "<f4").reshape(t["shape"]).copy()
    for n in nodes:
        if n["op"] == "conv":  # a fully connected layer's weight may have two dimensions
            w = weights[n["weight"]]
            weights[n["weight"]] = w.reshape(w.shape[:2] + tuple(n["kernel"]))
    return nodes, weights, np.load(os.path.join(folder, "input.npy"))


def serve(prepare):
    """prepare(nodes, weights, x, threads) returns a description and a function that computes the answer."""
    folder, threads = sys.argv[1], int(sys.argv[2])
    try:
        import numpy as np

        about, run = prepare(*load(folder), threads)
    except ImportError as e:
        print(json.dumps({"missing": str(e)}), flush=True)
        return
    for _ in range(3):
        y = run()
    np.save(os.path.join(folder, os.path.basename(sys.argv[0]) + ".npy"), np.ascontiguousarray(y, dtype=np.float32))
    print(json.dumps({"version": about}), flush=True)
    for _ in sys.stdin:
        run()  # another's turn has emptied the caches
        begin = time.perf_counter()
        run()
        print(json.dumps({"seconds": time.perf_counter() - begin}), flush=True)
