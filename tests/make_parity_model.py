#!/usr/bin/env python3
"""Writes what the parity test needs into tests/parity: python3 tests/make_parity_model.py

A ResNet18 with a 512-128-4 head gets seeded weights, is saved as a checkpoint of DataParallel, and goes through
tools/export_onnx.py as a stranger's would. Its 45 MB are not committed: all weights are numbers of a small generator, so
`resnet18.json` says how to make the file again, byte for byte. `expected.json` holds the probabilities that torchvision's
own preprocessing and PyTorch give for the pictures beside it, which are drawn here, too.

Needs the packages of tools/export_requirements.txt. The test itself needs none of them.
"""

import base64
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy
import torch
import torchvision
from PIL import Image, ImageDraw, ImageOps
from torch import nn
from torchvision import transforms

HERE = Path(__file__).parent
FOLDER = HERE / "parity"
EXPORT = HERE.parent / "tools" / "export_onnx.py"
LABELS = ["glaucoma", "diabetic retinopathy", "normal", "cataract"]
LAST = "fc.3"
# The standard deviation of the outputs over the pictures. Random features have so much in common that whatever tells pictures
# apart also magnifies the rounding of a JPEG decoder's colours (by up to 0.2 levels of 255 on average where they are
# subsampled): at 1.5 that alone is 3.6e-3 of a probability. At this spread their probabilities still lie 0.12 to 0.35
# apart.
SPREAD = 0.3


def numbers(seed, count, bound):
    """The generator: splitmix64, of which the upper 24 bits are a fraction from -bound to bound in single precision."""
    with numpy.errstate(over="ignore"):
        state = numpy.uint64(seed) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        state ^= state >> numpy.uint64(31)
    unit = (state >> numpy.uint64(40)).astype(numpy.float32) * numpy.float32(2.0 ** -23) - numpy.float32(1)
    return unit * numpy.float32(bound)


def seeded():
    """The model, and of each of its weights the name, seed and bound."""
    model = torchvision.models.resnet18()
    model.fc = nn.Sequential(nn.Linear(512, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, len(LABELS)))
    made = []
    for seed, (name, value) in enumerate(sorted(model.state_dict().items())):
        if name.endswith(("num_batches_tracked", "running_mean")):
            continue
        if name.endswith("running_var"):
            # With the epsilon of the layer it is exactly 1: folding it into the convolution changes no bit of either.
            value.fill_(1.0)
            value.sub_(1e-5)
            assert bool(((value + 1e-5) == 1).all())
        elif value.dim() == 1 and ("bn" in name or "downsample.1" in name) and name.endswith("weight"):
            value.fill_(1.0)
        else:
            inputs = value[0].numel() if value.dim() > 1 else 30
            bound = float(numpy.float32((6 / inputs) ** 0.5 * (0.5 if "layer" in name else 1)))
            fill(value, seed, bound)
            made.append((name, seed, bound))
    return model.eval(), made


def fill(value, seed, bound):
    value.copy_(torch.from_numpy(numbers(seed, value.numel(), bound)).reshape(value.shape))


def set_apart(model, made, inputs):
    """Gives the last layer the scale and the bias with which the pictures get different answers: random features have
    much in common."""
    weights = model.state_dict()
    with torch.no_grad():
        weights[f"{LAST}.bias"].zero_()
        outputs = torch.cat([model(image) for image in inputs])
        factor = SPREAD / float((outputs - outputs.mean(0)).std())
        place, (name, seed, bound) = next((p, m) for p, m in enumerate(made) if m[0] == f"{LAST}.weight")
        made[place] = (name, seed, float(numpy.float32(bound * factor)))
        fill(weights[name], *made[place][1:])
        weights[f"{LAST}.bias"].copy_(-torch.cat([model(image) for image in inputs]).mean(0))
    made[:] = [entry for entry in made if entry[0] != f"{LAST}.bias"]


def recipe(content, weights, made):
    """The file as pieces: bytes as they are, and runs of the generator."""
    found = []
    for name, seed, bound in made:
        data = weights[name].numpy().tobytes()
        at = content.find(data)
        if at < 0:
            raise SystemExit(f"{name} is not in the file as it is")
        found.append((at, len(data), {"seed": seed, "count": weights[name].numel(), "bound": bound}))
    pieces, done = [], 0
    for at, length, piece in sorted(found, key=lambda found: found[0]):
        pieces += [{"bytes": base64.b64encode(content[done:at]).decode()}, piece]
        done = at + length
    return [*pieces, {"bytes": base64.b64encode(content[done:]).decode()}]


def draw(number, random):
    """A picture that is like no other: shapes, lines and grain, each of another size."""
    sizes = [(640, 480), (480, 640), (224, 224), (300, 300), (97, 61), (1280, 720),
             (256, 256), (500, 333), (333, 500), (160, 900), (801, 599), (320, 240)]
    width, height = sizes[number]
    picture = Image.new("RGB", (width, height), tuple(int(v) for v in random.integers(0, 256, 3)))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(random.integers(3, 40))):
        x, y = random.uniform(0, [width, height])
        size = random.uniform(0.03, 0.4) * min(width, height)
        ink = tuple(int(v) for v in random.integers(0, 256, 3))
        shape = random.integers(3)
        if shape == 0:
            draw.ellipse([x - size, y - size / 2, x + size, y + size / 2], fill=ink)
        elif shape == 1:
            draw.rectangle([x, y, x + size, y + size / 3], fill=ink)
        else:
            draw.line([x, y, *random.uniform(0, [width, height])], fill=ink, width=int(size / 12) + 1)
    grain = random.normal(0, random.uniform(0, 6), (height, width, 1))
    return Image.fromarray(numpy.clip(numpy.asarray(picture) + grain, 0, 255).astype(numpy.uint8))


def save(number, picture, path):
    """As the JPEGs of the world are: gray ones, progressive ones, with all colours and a quarter, and one on its side."""
    options = {"quality": [85, 75, 92, 60][number % 4], "subsampling": [2, 0, 1][number % 3]}
    if number == 3:
        picture = picture.convert("L")
    if number % 5 == 1:
        options["progressive"] = True
    if number == 7:
        exif = Image.Exif()
        exif[0x0112] = 6
        options["exif"] = exif
    picture.save(path, "JPEG", **options)


def main():
    FOLDER.mkdir(exist_ok=True)
    torch.manual_seed(0)
    usual = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
                                transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    random, inputs = numpy.random.default_rng(11), {}
    for number in range(12):
        name = f"{number + 1:02}.jpg"
        save(number, draw(number, random), FOLDER / name)
        picture = ImageOps.exif_transpose(Image.open(FOLDER / name)).convert("RGB")
        inputs[name] = usual(picture)[None]
    model, made = seeded()
    set_apart(model, made, inputs.values())
    with TemporaryDirectory() as folder:
        weights, exported = Path(folder) / "trained.pth", Path(folder) / "exported"
        torch.save({"epoch": 3, "state_dict": nn.DataParallel(model).state_dict()}, weights)
        subprocess.run([sys.executable, EXPORT, weights, "--labels", ",".join(LABELS), "--name", "parity",
                        "--version", "1", "--output", exported], check=True, stdout=subprocess.DEVNULL)
        content = (exported / "model.onnx").read_bytes()
        (FOLDER / "manifest.json").write_bytes((exported / "manifest.json").read_bytes())
    pieces = recipe(content, model.state_dict(), made)
    (FOLDER / "resnet18.json").write_text(json.dumps({"pieces": pieces}, indent=1) + "\n")
    with torch.no_grad():
        expected = {name: torch.softmax(model(image).double(), 1)[0].tolist() for name, image in inputs.items()}
    for name, shares in expected.items():
        print(name, [round(share, 4) for share in shares])
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
