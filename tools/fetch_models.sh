#!/usr/bin/env bash
# Fetches the models of faces, which are in the public domain (CC0), where they are missing: `fetch_models.sh [FOLDER]`.
set -euo pipefail
cd "$(dirname "$0")/.."
folder="${1:-${OCELLUS__FACES__MODELS_DIR:-${OCELLUS__DATA_DIR:-data}/models/faces}}"

# The program demands the same digests: infrastructure/src/faces/models.rs.
wanted="\
c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888  shape_predictor_5_face_landmarks.dat
55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30  dlib_face_recognition_resnet_model_v1.dat"

are_there() { (cd "$1" 2>/dev/null && sha256sum --check --status <<<"$wanted" 2>/dev/null); }

if are_there "$folder"; then
    echo "Models of faces: both are in $folder."
    exit 0
fi

echo "Models of faces: fetching 100 MB, of which 32 MB are kept in $folder."
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
tools/fetch_sdist.sh face_recognition_models==0.3.0 \
    b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf "$work/package"
mkdir -p "$folder"
while read -r _ name; do
    # By way of another name, so that a program which looks just now finds all of it or nothing.
    cp "$work/package/face_recognition_models/models/$name" "$folder/$name.new"
    mv "$folder/$name.new" "$folder/$name"
done <<<"$wanted"
if ! are_there "$folder"; then
    echo "Models of faces: what was fetched is not what it should be." >&2
    exit 1
fi
