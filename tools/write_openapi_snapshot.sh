#!/usr/bin/env bash
# Writes the snapshot of the specification anew; the difference is then for a person to read.
set -euo pipefail
cd "$(dirname "$0")/.."
snapshot=tests/tests/snapshots/openapi.json

tools/install_packages.sh run
cargo build --workspace --all-features --bin ocellus
mkdir -p "$(dirname "$snapshot")"
# By way of another file, so that a failure leaves the snapshot as it was.
"${CARGO_TARGET_DIR:-target}/debug/ocellus" openapi >"$snapshot.new"
mv "$snapshot.new" "$snapshot"
echo "Written: $snapshot"
