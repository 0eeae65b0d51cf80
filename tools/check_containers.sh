#!/usr/bin/env bash
# Checks the files in docker/: what can be said of them everywhere, and where a container engine answers, by building the
# image and running the README's first session through the whole installation.
set -euo pipefail
cd "$(dirname "$0")/.."
python="$(tools/make_test_python.sh)"

echo "Checking the container files."
"$python" tests/check_containers.py

if ! docker info >/dev/null 2>&1; then
    echo "Containers: no engine answers here, so the image is not built and the installation not started."
    exit 0
fi

limit=$((200 * 1000 * 1000))
echo "Containers: building the image."
docker build --quiet --file docker/Dockerfile --tag ocellus . >/dev/null
size=$(docker image inspect --format '{{.Size}}' ocellus)
echo "Containers: the image has $((size / 1000 / 1000)) MB."
if ((size > limit)); then
    echo "Containers: that is more than $((limit / 1000 / 1000)) MB." >&2
    exit 1
fi

if ! docker compose version >/dev/null 2>&1; then
    echo "Containers: the engine has no compose, so the installation is not started."
    exit 0
fi

# Beside an installation that may run here: under a name and on ports of its own.
compose=(docker compose --project-name ocellus-check --file docker/compose.yaml)
export OCELLUS_PORT=18080 OCELLUS_MAILS_PORT=18025
trap '"${compose[@]}" down --volumes --timeout 10 >/dev/null 2>&1' EXIT
"${compose[@]}" config --quiet
"${compose[@]}" up --build --detach --wait
session=$("$python" tests/first_session.py "http://127.0.0.1:$OCELLUS_PORT")
output=$(bash -euo pipefail -c "$session")
grep --quiet --fixed-strings "Ocellus reads this line." <<<"$output"
echo "Containers: the first session runs through the proxy."
