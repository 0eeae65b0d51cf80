#!/usr/bin/env bash
# Fetches the photos that the tests of faces use, where they are missing: `fetch_face_photos.sh FOLDER`. They are never
# committed.
set -euo pipefail
cd "$(dirname "$0")/.."
folder="${1:?where to put them}"

if [[ -f "$folder/obama.jpg" ]]; then exit 0; fi
echo "Photos of faces for the tests: fetching 3 MB."
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
tools/fetch_sdist.sh face_recognition==1.3.0 \
    5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec "$work/package"
mkdir -p "$(dirname "$folder")"
rm -rf "$folder"
cp --recursive "$work/package/tests/test_images" "$folder.new"
mv "$folder.new" "$folder"
