#!/usr/bin/env bash
# Measures the accuracy of text recognition on a folder of images.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: tools/accuracy.sh FOLDER [RUNS]      (or: make accuracy FOLDER=path [RUNS=1])

Reads every image of FOLDER and prints its character error rate and CPU time beside those of plain Tesseract.
FOLDER holds images and a manifest.json with names relative to it:

  {"images": [{"file": "scan.png", "kind": "receipt", "lang": "eng", "truth_file": "scan.txt"}]}

Images without a truth_file are skipped. RUNS is the number of timed runs per image, 1 by default.
PLAIN=0 leaves out the tesseract command, SHOW=1 prints the recognized text.
TEXT
}

if [[ $# -lt 1 || "$1" == "--help" || "$1" == "-h" ]]; then
    usage
    [[ $# -ge 1 ]]
    exit
fi
folder="$(realpath "$1")"
cd "$(dirname "$0")/.."
OMP_THREAD_LIMIT=1 cargo run --quiet --release -p infrastructure --example measure_ocr -- "$folder" "${2:-1}"
