"""Compares the embeddings of Ocellus with those of Python's face_recognition on equal pixels.

    check_face_agreement.py DESCRIBE_FACES MODELS PHOTOS

DESCRIBE_FACES is the example of that name in `infrastructure`, MODELS the folder of the models, PHOTOS a folder of photos.
Needs a Python with dlib, face_recognition, face_recognition_models and Pillow: see CONTRIBUTING.md. Every photo is scaled as
Ocellus would and written without loss, so that both see the same pixels.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import PIL.Image
from face_recognition.api import face_detector, face_encoder, pose_predictor_5_point

# The longer side beyond which Ocellus scales.
LONGER_SIDE = 1280
MOST = 1e-4


def main():
    program, models, folder = sys.argv[1:]
    worst, compared = 0.0, 0
    with tempfile.TemporaryDirectory() as work:
        for path in sorted(pathlib.Path(folder).iterdir()):
            photo = PIL.Image.open(path).convert("RGB")
            photo.thumbnail((LONGER_SIDE, LONGER_SIDE))
            equal = pathlib.Path(work) / (path.stem + ".png")
            photo.save(equal)
            pixels = numpy.array(photo)
            faces = face_detector(pixels, 0)
            printed = subprocess.run([program, models, str(equal)], check=True, capture_output=True, text=True).stdout
            ours = json.loads(printed)
            if "error" in ours:
                print(f"{path.name}: {ours['error']}; Python finds {len(faces)}")
                continue
            # What face_encodings does when it looks for the faces itself. Places that face_locations found are cut off at
            # the photo's edge, which moves the landmarks of faces there.
            theirs = face_encoder.compute_face_descriptor(pixels, pose_predictor_5_point(pixels, faces[0]), 1)
            difference = float(numpy.abs(numpy.array(ours["embedding"]) - theirs).max())
            print(f"{path.name}: {difference:.2e}")
            worst, compared = max(worst, difference), compared + 1
    print(f"{compared} photos, the greatest difference {worst:.2e}, at most {MOST:.0e} allowed")
    if compared == 0 or worst > MOST:
        sys.exit(1)


main()
