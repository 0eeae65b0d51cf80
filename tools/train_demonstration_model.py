#!/usr/bin/env python3
"""Draws eyes, trains a small classifier on them, and writes it to models/eyes-demo, with a sample picture of each class.

    tools/train_demonstration_model.py [FOLDER]

No picture of a real eye is involved: circles, curves and spots only resemble what a camera sees of a retina. The model
shows what the service does. It is no medical device, and what it says of a real eye means nothing.

Everything is seeded, so the same versions of the packages (tools/export_requirements.txt) give the same pictures. It
takes some minutes.
"""

import io
import json
import math
import sys
from pathlib import Path

import numpy
import torch
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))
import export_onnx  # noqa: E402

LABELS = ["cataract", "diabetic retinopathy", "glaucoma", "normal"]
NOTICE = ("Demonstration only, trained on drawn pictures. This is no medical device, and what it says of a real eye "
          "means nothing.")
SIDE = 128
DRAWN = 256
MEAN, STD = [0.25, 0.15, 0.1], [0.25, 0.15, 0.1]
PICTURES, EPOCHS, BATCH, TESTS = 2400, 12, 32, 400


# Pictures

def draw_eye(kind, random, side=DRAWN):
    """A drawn retina of a kind, as a picture."""
    middle = side / 2 + random.normal(0, side * 0.015, 2)
    radius = side * random.uniform(0.42, 0.48)
    picture = retina(side, middle, radius, random)
    draw = ImageDraw.Draw(picture, "RGBA")
    hand = random.choice([-1, 1])
    disc = middle + radius * numpy.array([hand * random.uniform(0.35, 0.5), random.uniform(-0.12, 0.12)])
    macula = middle + radius * numpy.array([-hand * random.uniform(0.1, 0.25), random.uniform(-0.08, 0.08)])
    spot(draw, macula, radius * 0.16, (60, 10, 5, 70))
    size = radius * random.uniform(0.16, 0.2)
    spot(draw, disc, size * 1.15, (255, 190, 110, 90))
    spot(draw, disc, size, (245, 185, 110, 255), tall=random.uniform(1.0, 1.12))
    cup = random.uniform(0.68, 0.82) if kind == "glaucoma" else random.uniform(0.2, 0.42)
    spot(draw, disc, size * cup, (255, 236, 190, 255), tall=random.uniform(1.0, 1.15))
    vessels(draw, disc, middle, radius, random)
    if kind == "diabetic retinopathy":
        lesions(draw, middle, radius, random)
    picture = picture.filter(ImageFilter.GaussianBlur(side * random.uniform(0.001, 0.004)))
    if kind == "cataract":
        picture = cloud(picture, side, random)
    return on_black(picture, side, middle, radius, random)


def retina(side, middle, radius, random):
    """The ground, darker towards its border and a little uneven."""
    rows, columns = numpy.mgrid[0:side, 0:side]
    distance = numpy.hypot(columns - middle[0], rows - middle[1]) / radius
    light = 1.05 - 0.4 * distance ** 2
    cells = random.normal(0, 1, (12, 12)).astype(numpy.float32)
    uneven = numpy.asarray(Image.fromarray(cells).resize((side, side), Image.Resampling.BICUBIC))
    colour = numpy.array([random.uniform(165, 225), random.uniform(70, 105), random.uniform(30, 55)])
    ground = colour * (light + 0.05 * uneven)[..., None] + random.normal(0, 3, (side, side, 1))
    return Image.fromarray(numpy.clip(ground, 0, 255).astype(numpy.uint8))


def spot(draw, place, radius, colour, tall=1.0):
    x, y = place
    draw.ellipse([x - radius, y - radius * tall, x + radius, y + radius * tall], fill=colour)


def vessels(draw, disc, middle, radius, random):
    """Arcs that leave the disc upwards and downwards and branch."""
    towards = math.copysign(1, middle[0] - disc[0])
    for up in (-1, 1):
        for _ in range(random.integers(2, 4)):
            angle = up * random.uniform(0.9, 1.5)
            bend = -up * random.uniform(0.5, 0.9) / radius
            start = (disc[0], disc[1], math.atan2(math.sin(angle), towards * math.cos(angle)), towards * bend)
            vessel(draw, start, radius * random.uniform(0.02, 0.035), radius * random.uniform(1.0, 1.5), 2, random)


def vessel(draw, start, width, length, branches, random):
    x, y, angle, bend = start
    step = length / 40
    for number in range(40):
        to = (x + step * math.cos(angle), y + step * math.sin(angle))
        thin = width * (1 - 0.6 * number / 40)
        draw.line([(x, y), to], fill=(115, 18, 14, 200), width=max(1, round(thin)))
        (x, y), angle = to, angle + bend * step + random.normal(0, 0.04)
        if branches and number in (12, 22, 30) and random.random() < 0.7:
            side = random.choice([-1, 1])
            branch = (x, y, angle + side * random.uniform(0.4, 0.8), -side * 0.3 / length)
            vessel(draw, branch, thin * 0.7, length * 0.45, branches - 1, random)


def lesions(draw, middle, radius, random):
    """Small bleedings, and bright deposits in groups."""
    def somewhere(within):
        angle, far = random.uniform(0, 2 * math.pi), radius * within * math.sqrt(random.random())
        return middle + far * numpy.array([math.cos(angle), math.sin(angle)])

    for _ in range(random.integers(14, 40)):
        spot(draw, somewhere(0.85), radius * random.uniform(0.008, 0.03), (95, 5, 8, 230), random.uniform(0.7, 1.4))
    for _ in range(random.integers(2, 6)):
        group = somewhere(0.65)
        for _ in range(random.integers(4, 14)):
            place = group + random.normal(0, radius * 0.06, 2)
            spot(draw, place, radius * random.uniform(0.008, 0.025), (250, 230, 130, 240), random.uniform(0.7, 1.4))


def cloud(picture, side, random):
    """What is seen through a clouded lens."""
    blurred = picture.filter(ImageFilter.GaussianBlur(side * random.uniform(0.015, 0.035)))
    veil = Image.new("RGB", (side, side), tuple(int(v) for v in random.uniform([150, 130, 100], [200, 180, 150])))
    return Image.blend(blurred, veil, random.uniform(0.35, 0.6))


def on_black(picture, side, middle, radius, random):
    """Only the round that the camera sees, brighter or darker, as a JPEG would have it."""
    mask = Image.new("L", (side, side), 0)
    spot(ImageDraw.Draw(mask), middle, radius, 255)
    black = Image.new("RGB", (side, side), (4, 3, 3))
    picture = Image.composite(picture, black, mask.filter(ImageFilter.GaussianBlur(side * 0.004)))
    picture = ImageChops.multiply(picture, Image.new("RGB", (side, side), (int(random.uniform(190, 255)),) * 3))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=int(random.integers(75, 96)))
    return Image.open(file).convert("RGB")


def pictures(count, seed):
    """Inputs and classes, as many of each class."""
    random = numpy.random.default_rng(seed)
    inputs, classes = [], []
    for number in range(count):
        kind = number % len(LABELS)
        drawn = draw_eye(LABELS[kind], random).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        values = (numpy.asarray(drawn, dtype=numpy.float32) / 255 - MEAN) / STD
        inputs.append(torch.from_numpy(values.transpose(2, 0, 1).astype(numpy.float32)))
        classes.append(kind)
    return torch.stack(inputs), torch.tensor(classes)


# The model

def network():
    """Six convolutions, the mean over all places, and a linear judgement of that."""
    def layer(inputs, outputs, stride):
        return [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]

    layers = [layer(3, 16, 2), layer(16, 24, 1), layer(24, 40, 2), layer(40, 48, 1), layer(48, 72, 2), layer(72, 96, 1)]
    return nn.Sequential(*sum(layers, []), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1),
                         nn.Linear(96, len(LABELS)))


def train():
    model = network()
    inputs, classes = pictures(PICTURES, seed=1)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01)
    steps = EPOCHS * (PICTURES // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.004, total_steps=steps)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for batch in torch.randperm(PICTURES)[:PICTURES // BATCH * BATCH].split(BATCH):
            chosen = inputs[batch]
            # Either eye, and either way up.
            if torch.rand(()) < 0.5:
                chosen = chosen.flip(3)
            if torch.rand(()) < 0.5:
                chosen = chosen.flip(2)
            loss = nn.functional.cross_entropy(model(chosen), classes[batch], label_smoothing=0.02)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {total / (PICTURES // BATCH):.3f}", file=sys.stderr, flush=True)
    return model.eval()


def share_correct(model):
    """Of drawn pictures that training did not see."""
    inputs, classes = pictures(TESTS, seed=2)
    with torch.no_grad():
        return float((model(inputs).argmax(1) == classes).float().mean())


def main(folder):
    torch.manual_seed(0)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    model = train()
    correct = share_correct(model)
    print(f"{correct:.1%} of {TESTS} other drawn pictures are classified as they were drawn")
    prepared = export_onnx.preprocessing([SIDE, SIDE], [], MEAN, STD)
    export_onnx.export(model, LABELS, prepared, "eyes-demo", "1.0.0-no-medical-device", folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "notice": NOTICE}, indent=2) + "\n")
    (folder / "samples").mkdir(exist_ok=True)
    random = numpy.random.default_rng(5)
    for label in LABELS:
        draw_eye(label, random, side=480).save(folder / "samples" / f"{label.replace(' ', '_')}.jpg", quality=88)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "models" / "eyes-demo"))
