#!/usr/bin/env bash
# Measures the released program beside bare libraries, in one run on this machine.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/install_packages.sh test
echo "Building the program as it is released."
# The whole workspace both times, so that everything is compiled once.
cargo build --release --workspace --bin ocellus
cargo bench --workspace --bench service "$@"
