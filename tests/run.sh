#!/usr/bin/env bash
# Runs the checks and tests by group (the last lines list them), or all of them.
# Every step says its name and its seconds; the last line is the verdict.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
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

# One group beside others, which run one after another: each keeps little more than one processor busy.
beside() { # GROUP FUNCTIONS...
    local aside=$1 log="$root/build/$1.log" pid each
    shift
    mkdir -p build
    echo "==> $aside, beside what follows; its words come when both are done, until then they go to build/$aside.log"
    set -m # a process group of its own, which Ctrl-C does not reach, and which does not ignore it
    ./tests/run.sh "$aside" > "$log" 2>&1 < /dev/null &
    pid=$!
    set +m
    trap 'kill -- "-$pid"; exit 130' INT TERM HUP
    for each in "$@"; do "$each"; done
    wait "$pid" || failed+=("$aside")
    trap - INT TERM HUP
    cat "$log"
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

docs_site() { # every page that docs.ansible.com would have, without a warning; in build/docs/html
    local rst="$root/build/docs/rst"
    mkdir -p "$rst" && chmod go-w "$rst" # as antsibull-docs wants it
    antsibull-docs collection --cleanup everything --fail-on-error --use-current --squash-hierarchy \
        --dest-dir "$rst" linkagg.wan || return 1
    cp docs/site/elsewhere.rst "$rst/"
    sphinx-build -q -W --keep-going -E -j auto -c docs/site "$rst" "$root/build/docs/html"
}

# What Galaxy does with an upload; it would lint once more, and its result file lands in the current folder.
galaxy_import() {
    rm -f build/galaxy/*.tar.gz
    ansible-galaxy collection build --force --output-path build/galaxy || return 1
    (cd build/galaxy && GALAXY_IMPORTER_RUN_ANSIBLE_LINT=false python -m galaxy_importer.main ./*.tar.gz > import.log 2>&1) \
        || { cat build/galaxy/import.log; return 1; }
    # It takes what it only warns of; we do not.
    ! grep -E '^(WARNING|ERROR)' build/galaxy/import.log
}

lint() {
    step "ruff" ruff check .
    step "ruff format" ruff format --check .
    step "yamllint" yamllint --strict .
    step "shellcheck" shellcheck tests/run.sh tests/pins.sh lab/bootstrap.sh lab/image.d/lab-init .ci/run
    step "ansible-lint (production)" ansible-lint --offline
    step "module and filter documentation" docs_are_complete
    step "documentation site" docs_site
    step "changelog fragments" antsibull-changelog lint
    step "galaxy build and import" galaxy_import
}

unit() { step "unit tests" pytest_in_collection -q tests/unit tests/lab; }
bench() {
    export PYTHONPATH="$root/build/collections:$root"
    step "planning fleets" python -m ansible_collections.linkagg.wan.tests.perf.bench_planner
    step "the engine against ip" as_root env PATH="$PATH" python -m ansible_collections.linkagg.wan.tests.perf.bench_engine
    step "what the lab carries" python -m lab run --profile "${PROFILE:-seed-3g}" --repeats 3 --out bench \
        --methods balance-rr balance-xor weighted-packet weighted-flow mptcp-proxy relay default
    bench_alone
    step "what it costs" python -m lab cost
}

# Goes on where it was stopped: build/bench/alone has what is measured.
bench_alone() {
    # shellcheck disable=SC2086  # names of profiles, several words
    step "never slower than the best link alone" python -m lab alone ${AGAIN:+--again} ${PROFILES:-}
}

lab_unit() { step "unit tests of the lab" pytest_in_collection -q tests/lab; }
sanity() { step "ansible-test sanity" python tests/tools/ansible_test.py sanity; }
units() { step "ansible-test units" python tests/tools/ansible_test.py units; }
matrix() { step "test matrix" python tests/tools/matrix.py; }

# Debian 12 has pyroute2 0.7.2, .venv the newest: all with the one, what speaks to the kernel with the other, too.
oldest_pyroute2=0.7.2
netns_tests() { # PYTHONPATH FILES...
    local path=$1
    shift
    # shellcheck disable=SC2016  # the inner shell's own
    as_root env PATH="$PATH" LINKAGG_PYROUTE2="${LINKAGG_PYROUTE2:-}" \
        bash -c 'cd "$0" && PYTHONPATH=$1 exec python -m pytest -q "${@:2}"' "$collection" "$path$root/build/collections:$root" "$@"
}
netns_oldest() {
    local there="$root/build/pyroute2-$oldest_pyroute2"
    [ -d "$there" ] || python -m pip install --quiet --disable-pip-version-check --no-deps --target "$there" \
        "pyroute2==$oldest_pyroute2" || { rm -rf "$there"; return 1; }
    LINKAGG_PYROUTE2=$oldest_pyroute2 netns_tests "$there:" tests/netns/test_every_row.py tests/netns/test_engine_*.py
}
netns() {
    step "tests in network namespaces, newest pyroute2" netns_tests "" tests/netns
    step "of these the engine's, pyroute2 $oldest_pyroute2" netns_oldest
}

kernel() {
    trap 'end_lab; exit 130' INT TERM HUP
    step "the same tests on the lab's kernel (bond, gretap, WireGuard, netem), the distribution's pyroute2 and the newest" python -m lab kernel-tests
    trap - INT TERM HUP
}

end_lab() { python -m lab down; }

molecule_scenarios() {
    trap 'end_lab; exit 130' INT TERM HUP
    local profile
    for profile in seed-3g hilink umts-trace; do
        step "molecule in the lab, profile $profile" env PROFILE=$profile python -m lab watch molecule test -s default
    done
    step "molecule in the lab, links with different carriers" env PROFILE=carriers python -m lab watch molecule test -s carriers
    trap - INT TERM HUP
    end_lab > /dev/null
}

# Those that are not part of all, as they would take it beyond an hour.
scenario() { # NAME PROFILE WHAT
    trap 'end_lab; exit 130' INT TERM HUP
    step "molecule in the lab, $3" env PROFILE="$2" python -m lab watch molecule test -s "$1"
    trap - INT TERM HUP
    end_lab > /dev/null
}

started=$SECONDS
case "${1:-all}" in
    lint | unit | sanity | units | matrix | netns | kernel) "$1" ;;
    bench) bench ;;
    bench-alone) bench_alone ;;
    docs) step "documentation site" docs_site ;;
    molecule) molecule_scenarios ;;
    modes) scenario modes fiber-lte "every mode of the bonds" ;;
    sites) scenario sites two-sites "two sites of one concentrator" ;;
    # units has the files of unit, under the restrictions that Ansible puts on modules
    all) beside lint lab_unit units; beside sanity netns; kernel; molecule_scenarios ;;
    *) echo "usage: tests/run.sh lint|docs|unit|units|sanity|matrix|netns|kernel|molecule|modes|sites|bench|bench-alone|all" >&2; exit 2 ;;
esac
minutes=$(((SECONDS - started) / 60)) seconds=$(((SECONDS - started) % 60))
if [ ${#failed[@]} -gt 0 ]; then
    printf '\nFAIL after %d min %d s: %s\n' "$minutes" "$seconds" "$(IFS=,; echo "${failed[*]}")"
    exit 1
fi
printf '\nPASS: %s, in %d min %d s\n' "${1:-all}" "$minutes" "$seconds"
