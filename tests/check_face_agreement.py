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

import face_recognition
import numpy
import PIL.Image

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
            places = face_recognition.face_locations(pixels, number_of_times_to_upsample=0)
            printed = subprocess.run([program, models, str(equal)], check=True, capture_output=True, text=True).stdout
            ours = json.loads(printed)
            if "error" in ours:
                print(f"{path.name}: {ours['error']}; Python finds {len(places)}")
                continue
            theirs = face_recognition.face_encodings(pixels, places, model="small")[0]
            difference = float(numpy.abs(numpy.array(ours["embedding"]) - theirs).max())
            print(f"{path.name}: {difference:.2e}")
            worst, compared = max(worst, difference), compared + 1
    print(f"{compared} photos, the greatest difference {worst:.2e}, at most {MOST:.0e} allowed")
    if compared == 0 or worst > MOST:
        sys.exit(1)


main()
