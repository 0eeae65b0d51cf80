#!/usr/bin/env bash
# Checks the processes of docker/compose.yaml together, without containers: `check_layout.sh PROGRAM`.
set -euo pipefail
cd "$(dirname "$0")/.."
program="${1:?the program to check}"

tools/install_packages.sh test
python="$(tools/make_test_python.sh)"

echo "Checking the processes of an installation together: killed, and restarted, under load."
"$python" tests/check_layout.py "$program"
