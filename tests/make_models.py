#!/usr/bin/env python3
"""Writes the small models that the tests load, into tests/models: python3 tests/make_models.py

Needs the package `onnx` of tools/export_requirements.txt. Every model looks at nothing but colours: what is mostly red is
"diabetic retinopathy", green "normal", blue "glaucoma", and what has no colour "cataract".
"""

import hashlib
import json
from pathlib import Path

import onnx
from onnx import TensorProto, helper

FOLDER = Path(__file__).parent / "models"
LABELS = ["cataract", "diabetic retinopathy", "glaucoma", "normal"]
SIDE = 16
# Of red, green and blue, for each label; and what each label starts with.
WEIGHTS = [[0, 0, 0], [12, -6, -6], [-6, -6, 12], [-6, 12, -6]]
START = [3, 0, 0, 0]


def tensor(name, shape, values, kind=TensorProto.FLOAT):
    return helper.make_tensor(name, kind, shape, values)


def evidence():
    """What each pixel says."""
    return [helper.make_node("Conv", ["image", "weights", "start"], ["maps"], kernel_shape=[1, 1]),
            helper.make_node("ReduceMean", ["maps", "sides"], ["judged"], keepdims=0)]


def write(folder, version, nodes, maps, initializers=(), name="colours"):
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, len(LABELS)])]
    if maps:
        outputs.append(helper.make_tensor_value_info("maps", TensorProto.FLOAT, [1, len(LABELS), SIDE, SIDE]))
    graph = helper.make_graph(
        nodes, name, [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])], outputs,
        [tensor("weights", [4, 3, 1, 1], sum(WEIGHTS, [])), tensor("start", [4], START),
         tensor("sides", [2], [2, 3], TensorProto.INT64), *initializers])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10,
                              producer_name="tests/make_models.py")
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString(deterministic=True)
    manifest = {"name": name, "version": version, "labels": LABELS,
                "input": {"height": SIDE, "width": SIDE, "resize": [SIDE, SIDE], "crop": None,
                          "mean": [0, 0, 0], "std": [1, 1, 1]},
                "sha256": hashlib.sha256(content).hexdigest()}
    (FOLDER / folder).mkdir(parents=True, exist_ok=True)
    (FOLDER / folder / "model.onnx").write_bytes(content)
    (FOLDER / folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


def main():
    same = helper.make_node("Identity", ["judged"], ["logits"])
    write("colours", "1", [*evidence(), same], maps=True)
    write("colours_2", "2", [*evidence(), same], maps=False)
    # 0 / 0 for a picture that is all black.
    bright = helper.make_node("ReduceMean", ["image", "everything"], ["bright"], keepdims=0)
    ratio = helper.make_node("Div", ["bright", "bright"], ["one"])
    product = helper.make_node("Mul", ["judged", "one"], ["logits"])
    write("no_number_for_black", "1", [*evidence(), bright, ratio, product], maps=True,
          initializers=[tensor("everything", [4], [0, 1, 2, 3], TensorProto.INT64)], name="no_number_for_black")


if __name__ == "__main__":
    main()
