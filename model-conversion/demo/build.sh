#!/bin/sh
# Draws the phantoms, trains the demo model, measures it and writes everything that the repository ships of it.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
python=${PYTHON:-/usr/bin/python3}
work=${WORK:-/tmp/conceptclip-demo}
shipped=$root/src/demo/src/main/resources/org/conceptclip/demo
# One thread: the matrices are small, and the sums stay in one order.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

"$python" verify_architecture.py "$root/src/core/src/test/resources/golden/tiny"
"$python" train.py --stage broad --steps 700 --out "$work/broad"
"$python" train.py --stage fine --steps 1100 --start "$work/broad" --out "$shipped"
"$python" evaluate.py --model "$shipped" --report REPORT.json
"$python" make_examples.py --model "$shipped" --examples "$root/examples" --expected "$root/src/cli/src/test/resources/demo/expected.json"
