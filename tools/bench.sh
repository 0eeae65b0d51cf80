#!/usr/bin/env bash
# Measures the released program beside bare libraries, in one run on this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-target}"

tools/install_packages.sh test
tools/start_postgres.sh
tools/start_mariadb.sh
OCELLUS_TEST_FACES="$(realpath --no-symlinks "$target")/test-faces"
export OCELLUS_TEST_FACES
tools/fetch_models.sh "$OCELLUS_TEST_FACES/models"
tools/fetch_face_photos.sh "$OCELLUS_TEST_FACES/photos"
echo "Building the program as it is released."
# All in one go, so that everything is compiled once.
cargo build --release --workspace --bin ocellus --bench service --example measure_claims --example measure_faces \
    --example measure_classification
cargo bench --workspace --bench service -- "$@"
"$target/release/examples/measure_claims"
"$target/release/examples/measure_faces" "$OCELLUS_TEST_FACES/models" "$OCELLUS_TEST_FACES/photos/obama.jpg"
"$target/release/examples/measure_classification" tests/parity
