"""Makes the networks in this folder that timm and pretrainedmodels define (pip install timm pretrainedmodels six munch tqdm).

    python3 generate_timm.py          the small networks, into the current folder
    python3 generate_timm.py FOLDER   the full-size networks, into FOLDER: for tests with INCEPTIONGL_NETWORKS=FOLDER

As generate.py does, but without ONNX files: NAME.safetensors, NAME_in.npy, NAME_out64.npy; full-size ones also NAME.pth.
"""
import os, sys
import pretrainedmodels, timm, torch, torch.nn as nn
from generate import dump, names, randomise


def network(name, classes, divisor):
    if name == "bninception":
        m = pretrainedmodels.bninception(pretrained=None)
        m.global_pool = nn.AdaptiveAvgPool2d(1)  # at 224 × 224, the same as its 7 × 7
        m.last_linear = nn.Linear(m.last_linear.in_features, classes)
    else:
        m = timm.create_model({"xception": "legacy_xception"}.get(name, name), num_classes=classes)
    if divisor > 1:
        thin(m, divisor)
    return m


def thin(model, divisor):
    """Divides every channel count but the image's and the classes'; counts that the divisor leaves something of are rounded down."""
    for mod in model.modules():
        if isinstance(mod, nn.Conv2d):
            mod.in_channels = 3 if mod.in_channels == 3 else mod.in_channels // divisor
            mod.out_channels //= divisor
            if mod.groups > 1:
                mod.groups //= divisor
            mod.weight = nn.Parameter(torch.empty(mod.out_channels, mod.in_channels // mod.groups, *mod.kernel_size))
            if mod.bias is not None:
                mod.bias = nn.Parameter(torch.empty(mod.out_channels))
        elif isinstance(mod, nn.BatchNorm2d):
            mod.num_features //= divisor
            mod.weight, mod.bias = (nn.Parameter(torch.empty(mod.num_features)) for _ in range(2))
            mod.running_mean, mod.running_var = torch.zeros(mod.num_features), torch.ones(mod.num_features)
        elif isinstance(mod, nn.Linear):
            mod.in_features //= divisor
            mod.weight = nn.Parameter(torch.empty(mod.out_features, mod.in_features))


if __name__ == "__main__":
    torch.set_num_threads(2)
    # Small: height and width differ, and the last map has more than a pixel. Full-size: the published size.
    for name, divisor, shape, size in (
            ("inception_v4", 32, (1, 3, 107, 123), 299), ("inception_resnet_v2", 32, (1, 3, 107, 123), 299),
            ("xception", 24, (2, 3, 75, 67), 299), ("bninception", 16, (2, 3, 95, 63), 224)):
        if len(sys.argv) > 1:
            path, m = os.path.join(sys.argv[1], name), network(name, 1000, 1)
            dump(path, randomise(m, (4, 3, size, size), 2, 1), (1, 3, size, size), 2, None)
            torch.save(m.state_dict(), path + ".pth")
            continue
        m = randomise(network(name, 10, divisor), (8, *shape[1:]), 8, 3)
        dump(name + "_small", m, shape, 4, None)
        names(name + ".names", network(name, 1000, 1))
