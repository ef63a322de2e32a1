#!/bin/sh
# Signature 4 against the signer of botocore, AWS's own library, over thousands of seeded random requests: headers and URLs, S3
# and other services, tokens, awkward keys. botocore is installed from PyPI into a folder of its own, .build/botocore; where
# it cannot be had, the step is skipped and says so in words that nobody overlooks. SKY_BOTOCORE=required makes that a failure,
# SKY_BOTOCORE=skip skips it at once. PYTHON: the interpreter to use, with a botocore of its own if it has this version.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
folder=$root/.build/botocore
version=1.43.11
python=${PYTHON:-python3}

skip() {
    printf '\n***** SKIPPED: signatures were not compared with botocore: %s *****\n\n' "$1" >&2
    [ "${SKY_BOTOCORE:-}" != required ] || exit 1
    exit 0
}
. "$root/scripts/from-pypi.sh"

[ "${SKY_BOTOCORE:-}" != skip ] || skip "SKY_BOTOCORE=skip"

# The check reaches into botocore's signer, so it is this version and no other.
has_botocore() { [ "$("$1" -c 'import botocore; print(botocore.__version__)' 2>/dev/null)" = "$version" ]; }

if ! has_botocore "$python"; then
    if ! has_botocore "$folder/bin/python"; then
        install_from_pypi botocore botocore
    fi
    python=$folder/bin/python
fi

swift build --package-path "$root" --product signature-bench
"$python" -B "$root/Benchmarks/signature_check.py" \
    "$(swift build --package-path "$root" --show-bin-path)/signature-bench" "$@"
