#!/usr/bin/env bash
# Runs the checks and tests by group: lint, unit, netns, kernel, molecule, or all of them.
# Every step says its name and its seconds; the last line is the verdict.
set -uo pipefail
cd "$(dirname "$0")/.."
root=$PWD
export PATH="$root/.venv/bin:$PATH"
export ANSIBLE_COLLECTIONS_PATH="$root/build/collections" ANSIBLE_HOME="$root/build/ansible"
export ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_INVENTORY_UNPARSED_WARNING=false
collection="$root/build/collections/ansible_collections/linkagg/wan"

failed=()
step() { # NAME COMMAND...
    local name=$1 started=$SECONDS
    shift
    echo "==> $name"
    local status=0
    "$@" || status=$?
    if [ $status = 0 ]; then
        echo "    $name: ok, $((SECONDS - started)) s"
    else
        failed+=("$name")
        echo "    $name: FAILED (exit status $status), $((SECONDS - started)) s"
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo --preserve-env=PATH,ANSIBLE_COLLECTIONS_PATH,PYTHONPATH "$@"; fi
}

pytest_in_collection() { # as the imports are written: ansible_collections.linkagg.wan
    (cd "$collection" && PYTHONPATH="$root/build/collections:$root" python -m pytest "$@")
}

docs_are_complete() {
    local kind names
    for kind in module filter; do
        names=$(ansible-doc --list --type "$kind" linkagg.wan --json | python -c 'import json, sys; print(*json.load(sys.stdin))')
        [ -n "$names" ] || { echo "ansible-doc finds no $kind plugins"; return 1; }
        # shellcheck disable=SC2086  # a list of names
        ansible-doc --type "$kind" --json $names > /dev/null || return 1
    done
    antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck "$collection"
}

lint() {
    step "ruff" ruff check .
    step "ruff format" ruff format --check .
    step "yamllint" yamllint --strict .
    step "shell syntax" bash -n tests/run.sh tests/pins.sh lab/bootstrap.sh lab/image.d/lab-init .ci/run
    step "ansible-lint (production)" ansible-lint --offline
    step "module and filter documentation" docs_are_complete
    step "changelog fragments" antsibull-changelog lint
    step "galaxy build" ansible-galaxy collection build --force --output-path build/galaxy
}

unit() { step "unit tests" pytest_in_collection -q tests/unit; }
netns() { step "tests in network namespaces" as_root env PATH="$PATH" bash -c "cd '$collection' && PYTHONPATH='$root/build/collections:$root' python -m pytest -q tests/netns"; }

kernel() {
    trap 'end_lab; exit 130' INT TERM HUP
    step "the same tests on the lab's kernel (bond, gretap, WireGuard, netem)" python -m lab kernel-tests
    trap - INT TERM HUP
}

end_lab() { python -m lab down; }

molecule_scenarios() {
    trap 'end_lab; exit 130' INT TERM HUP
    local profile
    for profile in seed-3g hilink umts-trace; do
        step "molecule in the lab, profile $profile" env PROFILE=$profile python -m lab watch molecule test --all
    done
    trap - INT TERM HUP
    end_lab > /dev/null
}

started=$SECONDS
case "${1:-all}" in
    lint | unit | netns | kernel) "$1" ;;
    molecule) molecule_scenarios ;;
    all) lint; unit; netns; kernel; molecule_scenarios ;;
    *) echo "usage: tests/run.sh lint|unit|netns|kernel|molecule|all" >&2; exit 2 ;;
esac
minutes=$(((SECONDS - started) / 60)) seconds=$(((SECONDS - started) % 60))
if [ ${#failed[@]} -gt 0 ]; then
    printf '\nFAIL after %d min %d s: %s\n' "$minutes" "$seconds" "$(IFS=,; echo "${failed[*]}")"
    exit 1
fi
printf '\nPASS: %s, in %d min %d s\n' "${1:-all}" "$minutes" "$seconds"
