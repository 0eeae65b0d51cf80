#!/usr/bin/env bash
# Fetches the source archive of a Python package and unpacks it: `fetch_sdist.sh NAME==VERSION SHA256 FOLDER`. Nothing of it
# is run before its digest was compared.
set -euo pipefail
package="${1:?a package and its version}"
digest="${2:?the SHA-256 of the archive}"
folder="${3:?where to unpack}"

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
echo "$package --hash=sha256:$digest" >"$work/requirements.txt"
# pip compares the digest before it runs anything of the package, which it does to learn its name.
"$work/python/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary :all: --require-hashes \
    --requirement "$work/requirements.txt" --dest "$work/archives" >&2
archive=$(find "$work/archives" -name '*.tar.gz')
echo "$digest  $archive" | sha256sum --check --quiet
mkdir -p "$folder"
tar --extract --gzip --file "$archive" --directory "$folder" --strip-components=1
