#!/usr/bin/env bash
# Makes the Python that the tests use, with the packages of tests/requirements.txt, and prints its path. It is a virtual
# environment in the build folder, made anew only when the requirements change.
set -euo pipefail
cd "$(dirname "$0")/.."
environment="${CARGO_TARGET_DIR:-target}/test-python"
requirements=tests/requirements.txt

if ! cmp --silent "$requirements" "$environment/requirements.txt"; then
    echo "Installing the Python packages of $requirements into a virtual environment." >&2
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements" >&2
    # Last, so that an installation which broke off is made anew.
    cp "$requirements" "$environment/requirements.txt"
fi
realpath --no-symlinks "$environment/bin/python"
