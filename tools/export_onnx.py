#!/usr/bin/env python3
"""Makes a model folder for Ocellus out of a classifier that was trained with PyTorch.

    tools/export_onnx.py trained.pth --labels "glaucoma,diabetic retinopathy,normal,cataract" \\
        --name eyes --version 1.0.0 --output models/eyes

The folder holds `model.onnx`, `manifest.json` and `parity.json`, which says how far ONNX Runtime is from PyTorch on the
same inputs; where that is too far, nothing is written. The weights may be a state dict, a checkpoint that holds one, and
either of a model that was wrapped by DataParallel or compiled. They are read with `weights_only=True`: nothing in the
file is run. The architecture is any classifier of torchvision by its name there; its last layer may have been replaced
by another linear one or by a sequence of linear ones with ReLU (and dropout or batch normalization) between them.

`python3 -m pip install --requirement tools/export_requirements.txt` installs what it needs. See the README.
"""

import argparse
import hashlib
import json
import re
import sys
from collections import OrderedDict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy
import onnx
import onnxruntime
import torch
import torchvision
from torch import fx, nn

# Where the state dict may be in a checkpoint, and what wrappers put before every name in it.
KEYS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "ema")
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "backbone.")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
OPSET = 20
# The most that a probability may differ between ONNX Runtime and PyTorch.
TOLERANCE = 1e-4
PARITY_INPUTS = 16
# What a last layer is: linear, or that at each place of the features.
LINEAR = (nn.Linear, nn.Conv2d)


class ExportError(Exception):
    """Something about the input that whoever called can put right."""


# Weights

def read_weights(path):
    """The state dict in a file, whatever wraps it."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ExportError(
            f"{path} holds more than weights, or is damaged: {str(error).splitlines()[0]} "
            "Save `model.state_dict()` and export that.") from error
    return unwrap(content)


def unwrap(content):
    """The state dict in what was loaded."""
    for _ in range(4):
        if isinstance(content, dict) and content and all(torch.is_tensor(value) for value in content.values()):
            return OrderedDict((name, value.float() if value.is_floating_point() else value)
                               for name, value in content.items())
        inner = [key for key in KEYS if isinstance(content, dict) and isinstance(content.get(key), dict)]
        if not inner:
            break
        content = content[inner[0]]
    raise ExportError("there is no state dict in the file; looked under " + ", ".join(KEYS))


def without_prefixes(weights, own):
    """The weights under the names of the architecture, of which `own` are some."""
    while not own & weights.keys():
        prefix = next((p for p in PREFIXES if all(name.startswith(p) for name in weights)), None)
        if prefix is None:
            break
        weights = OrderedDict((name.removeprefix(prefix), value) for name, value in weights.items())
    return weights


# Architecture

def build(architecture, weights, outputs, transform_input=True):
    """The model with its weights, ready to predict."""
    model = make(architecture, transform_input)
    weights = without_prefixes(weights, set(model.state_dict()))
    # Heads that only training uses.
    weights = OrderedDict((k, v) for k, v in weights.items() if not re.match(r"(aux|AuxLogits)", k))
    name = last_layer(model)
    replace(model, name, head(weights, name, model.get_submodule(name).weight.shape[1]))
    # MNASNet does not take weights that do not say of which of its versions they are.
    weights._metadata = {"": model.state_dict()._metadata[""]}
    try:
        model.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        raise ExportError(f"the weights are not those of {architecture}: {error}") from error
    found = len([m for m in model.get_submodule(name).modules() if isinstance(m, LINEAR)][-1].weight)
    if found != outputs:
        raise ExportError(f"the model tells {found} classes apart, and {outputs} labels were given")
    return model.eval()


def make(architecture, transform_input):
    """The architecture without weights."""
    names = torchvision.models.list_models(module=torchvision.models)
    if architecture not in names:
        raise ExportError(f"torchvision has no classifier {architecture}; it has " + ", ".join(names))
    # These two, trained elsewhere first, expect pictures that are normalized in another way, and see to that themselves.
    options = {"aux_logits": False, "init_weights": False, "transform_input": transform_input}
    options = options if architecture in ("googlenet", "inception_v3") else {}
    return torchvision.models.get_model(architecture, weights=None, **options)


def last_layer(model):
    """The name of the layer that gives the outputs; SqueezeNet's judges each place, and the mean is taken after it."""
    for kind in LINEAR:
        names = [name for name, module in model.named_modules() if isinstance(module, kind)]
        if names:
            return names[-1]
    raise ExportError("this architecture has no last layer that is linear")


def replace(model, name, module):
    """Puts a module in the place of the one of that name."""
    parent, _, own = name.rpartition(".")
    setattr(model.get_submodule(parent), own, module)


def head(weights, name, inputs):
    """The layers that were trained in the place of the last one, as their weights tell: ReLU follows each that is not
    the last, and what has no weights otherwise was dropout."""
    if f"{name}.weight" in weights:
        return linear(weights, name)
    places = sorted({int(match[1]) for key in weights if (match := re.match(re.escape(name) + r"\.(\d+)\.", key))})
    if not places:
        raise ExportError(f"there are no weights of the last layer, {name}")
    layers = []
    for place in range(places[-1] + 1):
        own = f"{name}.{place}"
        if f"{own}.running_mean" in weights:
            layers.append(nn.BatchNorm1d(len(weights[f"{own}.running_mean"])))
        elif f"{own}.weight" in weights:
            layers.append(linear(weights, own))
        else:
            layers.append(nn.Identity())
    activate(layers)
    found = next(layer for layer in layers if isinstance(layer, nn.Linear)).in_features
    if found != inputs:
        raise ExportError(f"the head takes {found} features, and the architecture gives {inputs}")
    return nn.Sequential(*layers)


def activate(layers):
    """Puts the ReLU between each linear layer and the next in the first place there that has no weights."""
    linears = [place for place, layer in enumerate(layers) if isinstance(layer, nn.Linear)]
    for one, other in zip(linears, linears[1:]):
        free = [place for place in range(one + 1, other) if isinstance(layers[place], nn.Identity)]
        if not free:
            raise ExportError("two linear layers of the head follow each other without an activation")
        layers[free[0]] = nn.ReLU()


def linear(weights, name):
    outputs, inputs, *sides = weights[f"{name}.weight"].shape
    bias = f"{name}.bias" in weights
    return nn.Conv2d(inputs, outputs, sides, bias=bias) if sides else nn.Linear(inputs, outputs, bias=bias)


# Evidence

class Explained(nn.Module):
    """A model that also says what it would answer if each place of its last features were the whole picture. Most
    classifiers take the mean of the features over all places and judge that; the same judgement of each place by itself
    is the evidence there, whatever the head."""

    def __init__(self, features, pool, judge, flat):
        super().__init__()
        self.features, self.pool, self.judge, self.flat = features, pool, judge, flat

    def forward(self, image):
        places = self.features(image)
        _, channels, height, width = places.shape
        each = places.permute(0, 2, 3, 1).reshape(height * width, channels)
        if not self.flat:
            each = each.reshape(height * width, channels, 1, 1)
        maps = self.judge(each).reshape(1, height, width, -1).permute(0, 3, 1, 2)
        return self.judge(self.pool(places)), maps


def explain(model, size):
    """The model with maps of evidence; `None` where it does not end with a mean over places and a judgement of that."""
    try:
        graph = fx.symbolic_trace(model).graph
    except Exception:
        return None
    modules = dict(model.named_modules())
    pools = [node for node in graph.nodes if is_mean_over_places(node, modules)]
    if not pools:
        return None
    pool, nodes = pools[-1], list(graph.nodes)
    after = set(nodes[nodes.index(pool):])
    inputs = {node for later in after - {pool} for node in later.all_input_nodes}
    if any(node not in after and node.op != "get_attr" for node in inputs):
        return None
    explained = Explained(
        part(model, nodes[:nodes.index(pool)], None, pool.all_input_nodes[0]),
        part(model, [pool], pool.all_input_nodes[0], pool),
        part(model, [node for node in nodes if node in after], pool, None),
        flat=pool.op == "call_method" or "mean" in str(pool.target))
    with torch.no_grad():
        image = torch.rand(1, 3, *size)
        logits, maps = explained(image)
        same = torch.allclose(logits, model(image), atol=1e-5, rtol=1e-4)
    return explained.eval() if same and maps.shape[:2] == logits.shape else None


def is_mean_over_places(node, modules):
    if node.op == "call_module":
        module = modules[node.target]
        return isinstance(module, nn.AdaptiveAvgPool2d) and module.output_size in (1, (1, 1))
    if node.op == "call_function" and node.target is nn.functional.adaptive_avg_pool2d:
        return node.args[1] in (1, (1, 1))
    mean = node.op == "call_method" and node.target == "mean" or node.op == "call_function" and node.target is torch.mean
    return mean and tuple(node.args[1]) in ((2, 3), (-2, -1))


def part(model, nodes, start, end):
    """Some nodes of the graph as a module: from the value of `start` to that of `end`."""
    graph, values = fx.Graph(), {}
    if start is not None:
        values[start] = graph.placeholder("value")
    for node in nodes:
        if node is start:
            continue
        if node.op == "output":
            graph.output(values[node.args[0]])
            return fx.GraphModule(model, graph)
        values[node] = graph.node_copy(node, lambda other: values[other])
    graph.output(values[end])
    return fx.GraphModule(model, graph)


# Writing

def export(model, labels, preprocessing, name, version, output):
    """Writes the folder and gives the parity report back."""
    size = (preprocessing["height"], preprocessing["width"])
    explained = explain(model, size)
    outputs = ["logits"] if explained is None else ["logits", "maps"]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            explained or model, (torch.zeros(1, 3, *size),), str(path), input_names=["image"], output_names=outputs,
            opset_version=OPSET, dynamo=True, external_data=False, verbose=False)
        content = tidied(path)
    report = compare(model, content, size, len(labels), outputs)
    manifest = {"name": name, "version": version, "labels": labels, "input": preprocessing,
                "sha256": hashlib.sha256(content).hexdigest()}
    output.mkdir(parents=True, exist_ok=True)
    (output / "model.onnx").write_bytes(content)
    for file, value in (("manifest.json", manifest), ("parity.json", report)):
        (output / file).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    return report


def tidied(path):
    """The model without what the exporter noted of where it ran."""
    model = onnx.load(path)
    del model.metadata_props[:]
    model.doc_string = ""
    for value in (model.graph, *model.graph.node, *model.graph.initializer, *model.graph.value_info,
                  *model.graph.input, *model.graph.output):
        value.doc_string = ""
        if hasattr(value, "metadata_props"):
            del value.metadata_props[:]
    del model.graph.value_info[:]
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def compare(model, content, size, count, outputs):
    """How far ONNX Runtime is from PyTorch on the same noise: smooth and rough, bright and dark."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(7)
    logits_off, probabilities_off = 0.0, 0.0
    for number in range(PARITY_INPUTS):
        cells = [size[0] // 2 ** (number % 6) or 1, size[1] // 2 ** (number % 6) or 1]
        noise = torch.randn(1, 3, *cells, generator=generator) + (number % 5 - 2) / 2
        image = nn.functional.interpolate(noise, size=size, mode="bilinear")
        with torch.no_grad():
            expected = model(image)
        found = torch.from_numpy(session.run(["logits"], {"image": image.numpy()})[0])
        if found.shape != (1, count) or not bool(torch.isfinite(found).all()):
            raise ExportError(f"the model answers {tuple(found.shape)} and not one finite number for each label")
        logits_off = max(logits_off, float((found - expected).abs().max()))
        difference = torch.softmax(found.double(), 1) - torch.softmax(expected.double(), 1)
        probabilities_off = max(probabilities_off, float(difference.abs().max()))
    if probabilities_off > TOLERANCE:
        raise ExportError(f"ONNX Runtime gives probabilities that are {probabilities_off:.1e} off those of PyTorch")
    return {"inputs": PARITY_INPUTS, "largest_difference_of_logits": logits_off,
            "largest_difference_of_probabilities": probabilities_off, "maps": "maps" in outputs,
            "torch": torch.__version__, "torchvision": torchvision.__version__,
            "onnxruntime": onnxruntime.__version__, "onnx": onnx.__version__, "numpy": numpy.__version__}


# The command

def sides(text):
    """`256`, `224x192` (height by width) or `none`."""
    if text == "none":
        return []
    parts = [int(part) for part in text.split("x")]
    if not 1 <= len(parts) <= 2 or min(parts) < 1:
        raise argparse.ArgumentTypeError(f"neither a number nor HEIGHTxWIDTH: {text}")
    return parts


def numbers(text):
    values = [float(part) for part in text.split(",")]
    if len(values) != 3:
        raise argparse.ArgumentTypeError("three numbers are needed, for red, green and blue")
    return values


def arguments(words):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help="a .pth: a state dict, or a checkpoint that holds one")
    parser.add_argument("--architecture", default="resnet18", help="its name in torchvision (resnet18)")
    parser.add_argument("--labels", required=True, help="separated by commas, in the order of the outputs")
    parser.add_argument("--name", required=True, help="what the model is called")
    parser.add_argument("--version", required=True)
    parser.add_argument("--output", type=Path, required=True, help="the folder to write")
    parser.add_argument("--from-scratch", action="store_true",
                        help="of a GoogLeNet or Inception: it was not trained on from torchvision's own weights")
    usual = parser.add_argument_group(
        "how pictures were prepared", "what is not given is as torchvision's newest weights of the architecture want it: "
        "256, 224, bilinear for a ResNet18")
    usual.add_argument("--resize", type=sides,
                       help="a number is the shorter side, as torchvision's Resize(256); HEIGHTxWIDTH are both")
    usual.add_argument("--crop", type=sides, help="what is cut out of the middle: a number, HEIGHTxWIDTH or none; "
                                                  "none when --resize gives both sides")
    usual.add_argument("--interpolation", choices=("bilinear", "bicubic"))
    usual.add_argument("--mean", type=numbers, help="of red, green and blue, from 0 to 1")
    usual.add_argument("--std", type=numbers)
    return parser.parse_args(words)


def preparation(given):
    """What is to be done to pictures, in the words of the arguments."""
    usual = torchvision.models.get_model_weights(given.architecture).DEFAULT.transforms()
    # Both sides leave nothing to be cut off.
    crop = [] if given.resize and len(given.resize) == 2 else usual.crop_size
    usual = {"resize": usual.resize_size, "crop": crop, "interpolation": usual.interpolation.value,
             "mean": usual.mean, "std": usual.std}
    return {key: value if getattr(given, key) is None else getattr(given, key) for key, value in usual.items()}


def preprocessing(resize, crop, mean, std, interpolation="bilinear"):
    """The manifest's `input`: what torchvision's Resize, CenterCrop, ToTensor and Normalize do."""
    cropped = crop * 2 if len(crop) == 1 else crop
    if not resize:
        raise ExportError("a size to resize to is needed")
    if len(resize) == 1 and not crop:
        raise ExportError("what is resized by its shorter side alone must be cropped, so that all inputs are alike")
    height, width = cropped or resize
    if cropped and (min(resize) < max(cropped) if len(resize) == 1
                    else resize[0] < cropped[0] or resize[1] < cropped[1]):
        raise ExportError("no more can be cropped than is left after resizing")
    found = {"height": height, "width": width, "resize": resize[0] if len(resize) == 1 else resize,
             "crop": crop[0] if len(crop) == 1 else crop or None, "mean": mean, "std": std}
    return found if interpolation == "bilinear" else found | {"interpolation": interpolation}


def main(words):
    given = arguments(words)
    labels = [label.strip() for label in given.labels.split(",")]
    if len(set(labels)) != len(labels) or not all(labels) or len(labels) < 2:
        raise ExportError("at least two different labels are needed")
    for text in (given.name, given.version):
        if not NAME.fullmatch(text):
            raise ExportError(f"not a name: {text}; letters, digits, dots, dashes and underlines")
    torch.manual_seed(0)
    model = build(given.architecture, read_weights(given.weights), len(labels), not given.from_scratch)
    prepared = preprocessing(**preparation(given))
    report = export(model, labels, prepared, given.name, given.version, given.output)
    print(json.dumps(report, indent=2))
    print(f"{given.output}: model.onnx, manifest.json, parity.json", file=sys.stderr)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ExportError as error:
        sys.exit(f"export_onnx: {error}")
