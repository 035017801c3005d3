#!/usr/bin/env bash
# Renews requirements-dev.txt: the newest stable versions of requirements-dev.in and of all that they need.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --requirement requirements-dev.in
{
    echo "# Made by make pins from requirements-dev.in; do not edit."
    "$work/venv/bin/pip" freeze
} > requirements-dev.txt
