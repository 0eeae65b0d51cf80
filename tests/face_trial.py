#!/usr/bin/env python3
"""Measures how often faces are confused among one's own photos.

    tests/face_trial.py PEOPLE [--curve CURVE.svg]

PEOPLE is a folder with one folder of photos for each person. Every photo is compared with every other: two of one person
that are farther apart than the threshold are a false non-match, two of different people that are nearer a false match.
Prints both rates with their counts for thresholds from 0.3 to 0.6, and draws them. Photos without one clear face are named
and left out.

It needs the models (`make models`), and builds the program that describes faces unless `--program` names it.
"""

import argparse
import itertools
import json
import math
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXAMPLE = "describe_faces"
THRESHOLDS = [step / 100 for step in range(30, 61)]
USUAL = 0.5


def built():
    """The program that describes faces: an example of the adapter."""
    subprocess.run(["cargo", "build", "--quiet", "--release", "--package", "infrastructure", "--example", EXAMPLE],
                   cwd=ROOT, check=True)
    return ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release" / "examples" / EXAMPLE


def describe(program, models, people):
    """The person and the embedding of each photo, and what was refused."""
    photos = {str(path): person.name for person in sorted(people.iterdir()) if person.is_dir()
              for path in sorted(person.iterdir()) if path.is_file()}
    done = subprocess.run([program, models, *photos], check=True, capture_output=True, text=True)
    described, refused = [], []
    for line in map(json.loads, done.stdout.splitlines()):
        if "error" in line:
            refused.append((line["photo"], line["error"]))
        else:
            described.append((photos[line["photo"]], line["embedding"]))
    return described, refused


def distances(described):
    """The distances between photos of one person, and between those of different people."""
    same, different = [], []
    for (person, one), (other_person, other) in itertools.combinations(described, 2):
        (same if person == other_person else different).append(math.dist(one, other))
    return same, different


def rates(same, different):
    """For each threshold: false non-matches and false matches."""
    return [(threshold, sum(distance > threshold for distance in same),
             sum(distance <= threshold for distance in different)) for threshold in THRESHOLDS]


def share(count, of):
    return count / of if of else 0.0


def curve(rows, same, different):
    """Both rates over the threshold, as a drawing of 640 by 400."""
    left, top, width, height = 60, 40, 540, 300

    def points(column, of):
        for row in rows:
            across = left + (row[0] - THRESHOLDS[0]) / (THRESHOLDS[-1] - THRESHOLDS[0]) * width
            yield f"{across:.1f},{top + (1 - share(row[column], of)) * height:.1f}"

    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 400" font-family="sans-serif" font-size="12">',
        '<rect width="640" height="400" fill="white"/>',
        f'<text x="{left}" y="22" font-size="14">False non-matches ({len(same)} pairs of one person) and false matches '
        f'({len(different)} pairs of two)</text>',
    ]
    for percent in range(0, 101, 20):
        y = top + (1 - percent / 100) * height
        lines.append(f'<line x1="{left}" y1="{y}" x2="{left + width}" y2="{y}" stroke="#ddd"/>')
        lines.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{percent} %</text>')
    for threshold in THRESHOLDS[::5]:
        x = left + (threshold - THRESHOLDS[0]) / (THRESHOLDS[-1] - THRESHOLDS[0]) * width
        lines.append(f'<text x="{x:.1f}" y="{top + height + 18}" text-anchor="middle">{threshold:.2f}</text>')
    for column, of, colour, name, y in [(1, len(same), "#c0392b", "false non-matches", 60),
                                        (2, len(different), "#2471a3", "false matches", 78)]:
        lines.append(f'<polyline points="{" ".join(points(column, of))}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines.append(f'<text x="{left + width - 130}" y="{y}" fill="{colour}">{name}</text>')
    lines.append(f'<text x="{left + width / 2}" y="{top + height + 40}" text-anchor="middle">threshold (distance)</text>')
    return "\n".join([*lines, "</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("people", type=pathlib.Path, help="a folder with one folder of photos for each person")
    parser.add_argument("--curve", type=pathlib.Path, default="face_trial.svg", help="the drawing (face_trial.svg)")
    parser.add_argument("--models", type=pathlib.Path, default=ROOT / "data/models/faces",
                        help="their folder (data/models/faces)")
    parser.add_argument("--program", type=pathlib.Path, help=f"the example {EXAMPLE} of infrastructure, built")
    given = parser.parse_args()
    if not given.people.is_dir():
        parser.error(f"there is no folder {given.people}")
    if not given.models.is_dir():
        parser.error(f"there are no models in {given.models}: make models fetches them")
    described, refused = describe(given.program or built(), given.models, given.people)
    for photo, reason in refused:
        print(f"refused: {photo}: {reason}")
    if len(described) < 2:
        parser.error("at least two photos with one clear face are needed")
    same, different = distances(described)
    people = len({person for person, _ in described})
    print(f"{len(described)} photos of {people} people; {len(same)} pairs of one person, {len(different)} of two")
    print("threshold      FNMR   (count)       FMR   (count)")
    rows = rates(same, different)
    for threshold, missed, mistaken in rows:
        mark = "  <- usual" if threshold == USUAL else ""
        print(f"{threshold:9.2f} {share(missed, len(same)):9.4f} {missed:9d} {share(mistaken, len(different)):9.4f} "
              f"{mistaken:9d}{mark}")
    given.curve.write_text(curve(rows, same, different))
    print(f"The drawing is {given.curve}.")


main()
