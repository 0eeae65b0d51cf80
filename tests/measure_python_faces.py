"""Prints the milliseconds of CPU that Python's face_recognition takes to find and describe the face of a photo."""

import sys
import time

import face_recognition

ROUNDS = 4


def describe(path):
    """As its documentation shows it, with the small model of landmarks that Ocellus uses, too."""
    photo = face_recognition.load_image_file(path)
    return face_recognition.face_encodings(photo, model="small")


def main():
    path = sys.argv[1]
    if len(describe(path)) != 1:
        sys.exit("there is not one face in the photo")
    begun = time.process_time()
    for _ in range(ROUNDS):
        describe(path)
    print((time.process_time() - begun) / ROUNDS * 1e3)


main()
