#!/usr/bin/env bash
# Checks the specification and the program against it: `check_specification.sh PROGRAM`. Python's packages live in a
# virtual environment in the build folder, made anew only when the requirements change.
set -euo pipefail
cd "$(dirname "$0")/.."
program="${1:?the program to check}"
environment="${CARGO_TARGET_DIR:-target}/specification-checks"
requirements=tests/requirements.txt

if ! cmp --silent "$requirements" "$environment/requirements.txt"; then
    echo "Installing the Python packages of $requirements into a virtual environment."
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
    # Last, so that an installation which broke off is made anew.
    cp "$requirements" "$environment/requirements.txt"
fi

echo "Checking the specification, and the program against it."
"$environment/bin/python" tests/check_specification.py "$program"
