#!/usr/bin/env bash
# Installs what is missing, builds the program and serves.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/install_packages.sh run
tools/fetch_models.sh || echo "Nobody can log in with a face until 'make models' has fetched the models." >&2
# Where there are no models yet: one that was trained on drawn eyes, to show what models do. It is no medical device.
classifiers="${OCELLUS__DATA_DIR:-data}/models/classifiers"
if [[ ! -d "$classifiers" ]]; then
    mkdir -p "$classifiers/eyes-demo"
    cp models/eyes-demo/{manifest.json,model.onnx} "$classifiers/eyes-demo/"
fi
echo "Building the program; the first time takes some minutes."
cargo build --release --locked --package api --bin ocellus
exec "${CARGO_TARGET_DIR:-target}/release/ocellus" serve
