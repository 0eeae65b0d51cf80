"""Milliseconds of CPU for classifying a picture with PyTorch (eager) and with ONNX Runtime, from the JPEG on, on one
thread: classify_in_python.py MODEL.onnx FOLDER-OF-JPEGS. Called by `measure_classification`."""

import json
import sys
import time
from pathlib import Path

import onnxruntime
import torch
import torchvision
from PIL import Image, ImageOps
from torch import nn
from torchvision import transforms

torch.set_num_threads(1)
usual = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
                            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
model = torchvision.models.resnet18()
model.fc = nn.Sequential(nn.Linear(512, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 4))
model.eval()
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
pictures = sorted(Path(sys.argv[2]).glob("*.jpg"))


def prepared(path):
    return usual(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))[None]


def eager(path):
    with torch.inference_mode():
        return torch.softmax(model(prepared(path)), 1)


def runtime(path):
    return torch.softmax(torch.from_numpy(session.run(["logits"], {"image": prepared(path).numpy()})[0]), 1)


def cost(classify):
    classify(pictures[0])
    begun = time.process_time()
    for picture in pictures:
        classify(picture)
    return (time.process_time() - begun) * 1000 / len(pictures)


print(json.dumps({"pytorch": cost(eager), "onnxruntime": cost(runtime)}))
