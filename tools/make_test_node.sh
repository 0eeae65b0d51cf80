#!/usr/bin/env bash
# Installs the npm packages of tests/clients/typescript into the build folder, anew only when they change, and prints
# where they are.
set -euo pipefail
cd "$(dirname "$0")/.."
environment="${CARGO_TARGET_DIR:-target}/test-node"
wanted=tests/clients/typescript

if ! cmp --silent "$wanted/package-lock.json" "$environment/installed.json"; then
    echo "Installing the npm packages of $wanted/package-lock.json." >&2
    rm -rf "$environment"
    mkdir -p "$environment"
    cp "$wanted/package.json" "$wanted/package-lock.json" "$environment"
    npm --prefix "$environment" ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    # Last, so that an installation which broke off is made anew.
    cp "$wanted/package-lock.json" "$environment/installed.json"
fi
realpath --no-symlinks "$environment/node_modules"
