#!/usr/bin/env bash
# Runs every test: Rust's, then the checks of the specification, of the clients that are generated from it, of the
# container files, and of the processes of an installation together.
set -euo pipefail
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-target}"

tools/install_packages.sh test
tools/start_postgres.sh
tools/start_mariadb.sh
tools/start_rabbitmq.sh
# Outside of the build folder's own files: what was fetched once stays.
OCELLUS_TEST_FACES="$(realpath --no-symlinks "$target")/test-faces"
export OCELLUS_TEST_FACES
tools/fetch_models.sh "$OCELLUS_TEST_FACES/models"
tools/fetch_face_photos.sh "$OCELLUS_TEST_FACES/photos"
# A mail server for the tests is a Python package.
OCELLUS_TEST_PYTHON="$(tools/make_test_python.sh)"
export OCELLUS_TEST_PYTHON

# The black-box tests start the program, which `cargo test` would not build for them. Built in one go with the tests, so
# that the features of what both use agree and nothing is compiled twice.
echo "Building the program and its tests."
cargo build --workspace --all-features --bins --tests

echo "Running the tests of the workspace."
cargo test --workspace --all-features

tools/check_specification.sh "$target/debug/ocellus"
tools/check_clients.sh "$target/debug/ocellus"
tools/check_containers.sh
tools/check_layout.sh "$target/debug/ocellus"
