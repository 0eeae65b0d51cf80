#!/usr/bin/env bash
# Checks the specification and the program against it: `check_specification.sh PROGRAM`.
set -euo pipefail
cd "$(dirname "$0")/.."
program="${1:?the program to check}"
python="$(tools/make_test_python.sh)"

echo "Checking the specification, and the program against it."
"$python" tests/check_specification.py "$program"
