#!/usr/bin/env bash
# Checks the processes of docker/compose.yaml together, without containers: `check_layout.sh PROGRAM`.
set -euo pipefail
cd "$(dirname "$0")/.."
program="${1:?the program to check}"

tools/install_packages.sh test
for needed in nginx hey rabbitmq-server pg_isready; do
    if ! PATH="$PATH:/usr/sbin" command -v "$needed" >/dev/null; then
        echo "$needed is missing, so the processes of an installation are not checked together." >&2
        [[ "${CI:-}" != true ]] || exit 1
        exit 0
    fi
done
python="$(tools/make_test_python.sh)"

echo "Checking the processes of an installation together: killed, and restarted, under load."
"$python" tests/check_layout.py "$program"
