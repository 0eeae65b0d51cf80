#!/usr/bin/env bash
# Checks format, lints, licences, sources and the scripts themselves.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/install_packages.sh run

echo "Scripts: syntax."
for script in tools/*.sh docker/*.sh .ci/run; do
    bash -n "$script"
done

echo "Rust: format."
cargo fmt --check

echo "Rust: lints."
cargo clippy --workspace --all-targets --all-features -- -D warnings

echo "Rust: lints without faces, which leaves no C++ to be built."
cargo clippy --package api --package infrastructure --no-default-features -- -D warnings
without_faces=$(cargo tree --package api --no-default-features --edges normal,build --prefix none)
if grep '^cxx' <<<"$without_faces"; then
    echo "These build C++, and the feature 'faces' is off." >&2
    exit 1
fi

if ! command -v cargo-deny >/dev/null; then
    echo "Installing cargo-deny, which takes some minutes once."
    build_folder=$(mktemp --directory)
    trap 'rm -rf "$build_folder"' EXIT
    CARGO_TARGET_DIR="$build_folder" cargo install cargo-deny --version 0.20.2 --locked --quiet
fi
echo "Dependencies: bans, licences and sources."
cargo deny --log-level error check bans licenses sources

if timeout 60 cargo deny --log-level off fetch db >/dev/null 2>&1; then
    echo "Dependencies: known vulnerabilities."
    cargo deny --log-level error check --disable-fetch advisories
else
    echo "Dependencies: known vulnerabilities not checked, since their database cannot be reached from here."
fi
