#!/usr/bin/env bash
# The quick tier: unit tests, the rules of the architecture, and the smoke set of the black-box tests on SQLite. It starts
# no database, broker or mail server.
set -euo pipefail
if [[ "${1:-}" == --help ]]; then
    echo "Usage: tools/check.sh"
    echo "Runs the unit tests and the black-box smoke tests on SQLite, in a few minutes. tools/test.sh runs everything."
    exit 0
fi
cd "$(dirname "$0")/.."

tools/install_packages.sh run
# The same build as in tools/test.sh, so that neither makes the other compile anything again.
cargo build --workspace --all-features --bins --tests

echo "Unit tests."
cargo test --workspace --all-features --lib --bins --quiet

echo "Black-box tests: rules of the architecture, and the smoke set on SQLite."
cargo test --package tests --all-features --test architecture --quiet
cargo test --package tests --all-features --test accounts --test images --test tasks --test text --test predictions \
    --test isolation --test robustness --quiet -- smoke_on_sqlite --skip delivery --skip buckets
