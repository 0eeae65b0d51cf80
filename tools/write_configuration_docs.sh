#!/usr/bin/env bash
# Writes docs/configuration.md anew from the declarations of the keys in the program.
set -euo pipefail
cd "$(dirname "$0")/.."
page=docs/configuration.md

tools/install_packages.sh run
cargo build --workspace --all-features --bin ocellus
mkdir -p "$(dirname "$page")"
# By way of another file, so that a failure leaves the page as it was.
"${CARGO_TARGET_DIR:-target}/debug/ocellus" config --docs >"$page.new"
mv "$page.new" "$page"
echo "Written: $page"
