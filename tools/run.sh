#!/usr/bin/env bash
# Installs what is missing, builds the program and serves.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/install_packages.sh run
tools/fetch_models.sh || echo "Nobody can log in with a face until 'make models' has fetched the models." >&2
echo "Building the program; the first time takes some minutes."
cargo build --release --locked --package api --bin ocellus
exec "${CARGO_TARGET_DIR:-target}/release/ocellus" serve
