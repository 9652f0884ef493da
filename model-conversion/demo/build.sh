#!/bin/sh
# Draws the phantoms, trains the demo model, measures it and writes everything that the repository ships of it.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
python=${PYTHON:-/usr/bin/python3}
shipped=$root/src/main/resources/org/conceptclip/demo
# Large blocks stay with the process: returning them after every step costs a third of the time.
export MALLOC_MMAP_THRESHOLD_=8589934592 MALLOC_TRIM_THRESHOLD_=17179869184

"$python" verify_architecture.py "$root/src/test/resources/golden/tiny"
"$python" train.py --out "$shipped" "$@"
"$python" evaluate.py --model "$shipped" --report REPORT.json
"$python" make_examples.py --model "$shipped" --examples "$root/examples" --expected "$root/src/test/resources/demo/expected.json"
