#!/usr/bin/env bash
# Installs the Debian packages that are missing: `install_packages.sh run` or `install_packages.sh test`.
set -euo pipefail

run_packages=(
    gcc g++ make pkg-config python3-venv
    libtesseract-dev libleptonica-dev
    libdlib-dev libopenblas-dev
    tesseract-ocr-eng tesseract-ocr-spa tesseract-ocr-fra tesseract-ocr-deu tesseract-ocr-osd
)
test_packages=("${run_packages[@]}" tesseract-ocr postgresql mariadb-server rabbitmq-server curl nginx hey)
# A Node that came from elsewhere does as well, and Debian's npm would not go beside it.
command -v npm >/dev/null || test_packages+=(nodejs npm)

case "${1:-}" in
    run) wanted=("${run_packages[@]}") ;;
    test) wanted=("${test_packages[@]}") ;;
    *)
        echo "usage: $0 {run|test}" >&2
        exit 64
        ;;
esac

if ! command -v cargo >/dev/null; then
    echo "Rust is missing: install it first (rustup, the stable toolchain)." >&2
    exit 1
fi

if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian, so nothing can be installed here. Needed: ${wanted[*]}" >&2
    [[ "${CI:-}" != true ]] || exit 1
    exit 0
fi

installed=$(dpkg-query --show --showformat='${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii  //p')
missing=()
for package in "${wanted[@]}"; do
    grep --quiet --line-regexp --fixed-strings "$package" <<<"$installed" || missing+=("$package")
done

if ((${#missing[@]} == 0)); then
    echo "Packages: all ${#wanted[@]} that '$1' needs are installed."
    exit 0
fi

as_root=()
if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
        echo "These packages are missing, and installing them needs root or sudo: ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

echo "Packages: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update --quiet --quiet
# The environment is handed over by `env`, since sudo clears it.
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --quiet --quiet --no-install-recommends "${missing[@]}" >/dev/null
