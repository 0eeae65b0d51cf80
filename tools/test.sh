#!/usr/bin/env bash
# Runs every test: Rust's, then the checks of the specification that Python tools do.
set -euo pipefail
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-target}"

tools/install_packages.sh test
tools/start_postgres.sh

# The black-box tests start this program; `cargo test` would not build it for them. The same features as below, so
# that everything is compiled once.
echo "Building the program that the black-box tests start."
cargo build --workspace --all-features --bin ocellus

echo "Running the tests of the workspace."
cargo test --workspace --all-features

tools/check_specification.sh "$target/debug/ocellus"
