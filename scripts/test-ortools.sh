#!/bin/sh
# The solver's answers against CP-SAT of OR-tools, an exact solver that shares nothing with it: chains, trees, diamonds,
# fans, series-parallel and random graphs, for cost, time, a deadline, a budget and a weighted mix, to the nanodollar and the
# millisecond. OR-tools is installed from PyPI into a folder of its own, .build/ortools; where it cannot be had, the
# step is skipped and says so in words that nobody overlooks. SKY_ORTOOLS=required makes that a failure, SKY_ORTOOLS=skip
# skips it at once. PYTHON: the interpreter to use, with an OR-tools of its own if it has one.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
folder=$root/.build/ortools
version=9.15.6755
python=${PYTHON:-python3}

skip() {
    printf '\n***** SKIPPED: the solver was not compared with OR-tools: %s *****\n\n' "$1" >&2
    [ "${SKY_ORTOOLS:-}" != required ] || exit 1
    exit 0
}
. "$root/scripts/from-pypi.sh"

[ "${SKY_ORTOOLS:-}" != skip ] || skip "SKY_ORTOOLS=skip"

has_ortools() { "$1" -c 'import ortools.sat.python.cp_model' 2>/dev/null; }

if ! has_ortools "$python"; then
    if ! has_ortools "$folder/bin/python"; then
        install_from_pypi ortools ortools
    fi
    python=$folder/bin/python
fi

swift build --package-path "$root" --product solver-bench
"$(swift build --package-path "$root" --show-bin-path)/solver-bench" dump |
    "$python" -B "$root/Benchmarks/solver_check.py" --seconds 5 "$@"
