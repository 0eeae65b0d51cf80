#!/usr/bin/env bash
# Generates clients from the specification and drives the program through them: `check_clients.sh PROGRAM`.
set -euo pipefail
cd "$(dirname "$0")/.."
program="${1:?the program to check}"

tools/install_packages.sh test
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "Node or npm is missing, so the generated clients are not checked." >&2
    [[ "${CI:-}" != true ]] || exit 1
    exit 0
fi
python="$(tools/make_test_python.sh)"
modules="$(tools/make_test_node.sh)"

echo "Checking the clients that are generated from the specification."
"$python" tests/check_clients.py "$program" "$modules"
