"""Makes the networks in this folder with torchvision (Debian 12: apt-get install python3-torch python3-torchvision python3-onnx).

    python3 generate.py          the small networks and the files of the .pth reader, into the current folder
    python3 generate.py FOLDER   the full-size networks, into FOLDER: for tests with INCEPTIONGL_NETWORKS=FOLDER

Random weights, batch normalisation calibrated on random batches. For every network: NAME.safetensors (the state_dict,
float32), NAME.onnx, NAME_in.npy, NAME_out64.npy (float64 output of the same weights: the exact answer); full-size ones also
NAME.pth. Prints PyTorch's own float32 error.
"""
import collections, copy, functools, json, os, struct, sys
import numpy as np, torch, torch.nn as nn
from torchvision.models import inception as v3
from torchvision.models.googlenet import BasicConv2d, GoogLeNet, Inception, InceptionAux


def thin(conv, divisor):
    """A BasicConv2d with every channel count but the image's divided."""
    return lambda cin, cout, **kw: conv(3 if cin == 3 else cin // divisor, cout // divisor, **kw)


def googlenet(classes, divisor, **options):
    conv = thin(BasicConv2d, divisor)
    blocks = [conv, functools.partial(Inception, conv_block=conv), InceptionAux]
    m = GoogLeNet(classes, aux_logits=False, init_weights=False, blocks=blocks, **options)
    m.fc = nn.Linear(1024 // divisor, classes)
    return m


def inception_v3(classes, divisor, **options):
    conv = thin(v3.BasicConv2d, divisor)
    modules = [v3.InceptionA, v3.InceptionB, v3.InceptionC, v3.InceptionD, v3.InceptionE]
    blocks = [conv] + [functools.partial(m, conv_block=conv) for m in modules] + [v3.InceptionAux]
    m = v3.Inception3(classes, aux_logits=False, init_weights=False, inception_blocks=blocks, **options)
    m.fc = nn.Linear(2048 // divisor, classes)
    return m


def images(shape, r):
    """Noise of every wavelength: white noise would look all the same to the deep layers."""
    n, c, h, w = shape
    x = torch.zeros(shape)
    for k in range(8):
        coarse = torch.randn((n, c, (h >> k) + 2, (w >> k) + 2), generator=r)
        x += nn.functional.interpolate(coarse, (h, w), mode="bilinear", align_corners=False)
    return x / 2


def randomise(m, shape, batches, seed):
    """He's weights, and running statistics that are the average over some batches: every layer has sensible values. Shifts are
    around 1: around 0, a random network with batch normalisation multiplies rounding errors from layer to layer (PyTorch's own
    float32 error is then ten times as large)."""
    r = torch.Generator().manual_seed(seed)
    for mod in m.modules():
        if isinstance(mod, (nn.Conv2d, nn.Linear)):
            mod.weight.data = torch.randn(mod.weight.shape, generator=r) * (2.0 / mod.weight[0].numel()) ** 0.5
            if mod.bias is not None:
                mod.bias.data = torch.randn(mod.bias.shape, generator=r) * 0.1
        if isinstance(mod, nn.BatchNorm2d):
            mod.weight.data = torch.rand(mod.num_features, generator=r) + 0.5
            mod.bias.data = 1 + torch.randn(mod.num_features, generator=r) * 0.2
            mod.momentum = None
    m.train()
    with torch.no_grad():
        for _ in range(batches):
            m(images(shape, r))
    return m.eval()


def save_safetensors(path, state):
    """8-byte little-endian header length, JSON header, raw data (the safetensors format)."""
    header, data = {}, b""
    for key, t in state.items():
        if t.dtype == torch.int64:  # num_batches_tracked
            continue
        raw = t.detach().float().contiguous().numpy().tobytes()
        header[key] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    open(path, "wb").write(struct.pack("<Q", len(head)) + head + data)


def dump(path, model, shape, seed, keep_batchnorm):
    """Exports batch normalisation as its own operator where keep_batchnorm is True, else folded into the convolutions; None
    exports nothing."""
    x = images(shape, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        y = model(x)
        y64 = copy.deepcopy(model).double()(x.double())
    if keep_batchnorm is not None:
        mode = torch.onnx.TrainingMode.PRESERVE if keep_batchnorm else torch.onnx.TrainingMode.EVAL
        torch.onnx.export(model, x, path + ".onnx", opset_version=12, training=mode, do_constant_folding=not keep_batchnorm,
                          input_names=["input"], output_names=["output"], dynamic_axes={"input": {0: "N"}, "output": {0: "N"}})
    save_safetensors(path + ".safetensors", model.state_dict())
    np.save(path + "_in.npy", x.numpy())
    np.save(path + "_out64.npy", y64.numpy())
    e = y.double() - y64
    print(json.dumps({"name": os.path.basename(path), "in": list(x.shape), "out": list(y.shape), "torch": torch.__version__,
                      "out_rms": float(y64.square().mean().sqrt()),
                      "torch_f32_max_abs_err": float(e.abs().max()), "torch_f32_rel_l2": float(e.norm() / y64.norm())}))


def names(path, model):
    """The state_dict's names and dimensions, one a line, without num_batches_tracked; then the count of parameters."""
    with open(path, "w") as f:
        for key, t in model.state_dict().items():
            if t.dtype != torch.int64:
                print(key, *t.shape, file=f)
        print("parameters", sum(p.numel() for p in model.parameters()), file=f)


def pth():
    """Every kind of tensor that a state dict may hold: tiny.safetensors is what a reader must make of tiny.pth and tiny_checkpoint.pth."""
    r = torch.Generator().manual_seed(5)
    rand = lambda *shape: torch.randn(shape, generator=r)
    shared = rand(4, 6)
    state = collections.OrderedDict([
        ("conv.weight", rand(3, 2, 2, 2)), ("conv.bias", nn.Parameter(rand(3))),
        ("bn.num_batches_tracked", torch.tensor(7)),
        ("half", rand(5).half()), ("bfloat16", rand(5).bfloat16()), ("double", rand(2, 2).double()),
        ("scalar", torch.tensor(0.5)), ("empty", torch.zeros(0, 3)), ("subnormal", torch.tensor([1e-40, -0.0])),
        ("shared", shared), ("shared.row", shared[2]), ("shared.columns", shared[:, 1:5:2]), ("transposed", shared.t()),
        ("channels_last", rand(2, 3, 2, 2).contiguous(memory_format=torch.channels_last)),
        ("expanded", torch.tensor([2.5]).expand(4)),
    ])
    state._metadata = collections.OrderedDict([("", {"version": 1})])  # Module.state_dict adds it
    torch.save(state, "tiny.pth")
    checkpoint = {"epoch": 3, "arch": "tiny", "best_acc1": torch.tensor(71.5), "state_dict": state, "done": False, "lr": 0.1,
                  "optimizer": {"state": {0: {"step": 10 ** 12, "momentum_buffer": None}}, "param_groups": [{"betas": (0.9, -1)}]}}
    torch.save(checkpoint, "tiny_checkpoint.pth", pickle_protocol=4)
    torch.save({"w": rand(2)}, "tiny_legacy.pth", _use_new_zipfile_serialization=False)
    save_safetensors("tiny.safetensors", state)


if __name__ == "__main__":
    torch.set_num_threads(2)
    if len(sys.argv) > 1:
        for name, m, size in ("googlenet", googlenet(1000, 1), 224), ("inception_v3", inception_v3(1000, 1), 299):
            path = os.path.join(sys.argv[1], name)
            randomise(m, (4, 3, size, size), 2, 1)
            dump(path, m, (1, 3, size, size), 2, False)
            torch.save(m.state_dict(), path + ".pth")
        sys.exit()
    small = googlenet(10, 8, transform_input=True)  # height and width differ, and leave something over in every ceil_mode
    dump("googlenet_small", randomise(small, (8, 3, 96, 86), 8, 3), (2, 3, 96, 86), 4, True)
    small = inception_v3(10, 16)
    dump("inception_v3_small", randomise(small, (8, 3, 107, 99), 8, 3), (2, 3, 107, 99), 4, False)
    names("googlenet.names", googlenet(1000, 1))
    names("inception_v3.names", inception_v3(1000, 1))
    pth()
