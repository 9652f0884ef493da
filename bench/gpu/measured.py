"""Figures of the committed rows, by file, workload and contestant, so that no page repeats one by hand. Plain Python 3."""

import json
import pathlib

RESULTS = pathlib.Path(__file__).resolve().parents[1] / "results"


class Rows:
    """The lines of one file. A workload and a contestant, or the start of an op's name, must name exactly one of them."""

    def __init__(self, name):
        self.name = name
        self.rows = [json.loads(line) for line in (RESULTS / name).read_text().splitlines()]

    def one(self, what, chosen):
        if len(chosen) != 1:
            raise SystemExit(f"{self.name}: {len(chosen)} rows of {what}, expected one")
        return chosen[0]

    def row(self, workload, contestant, batch=None):
        def fits(row):
            return (row["workload"] == workload and row["contestant"] == contestant
                    and batch in (None, row.get("subject", {}).get("batch")) and row.get("median") is not None)

        return self.one(f"{workload}, {contestant}", [row for row in self.rows if fits(row)])

    def median(self, workload, contestant, batch=None):
        return self.row(workload, contestant, batch)["median"]

    def ratio(self, workload, contestant, other):
        """By rounds, as it was measured."""
        return self.row(workload, contestant)["ratios"][other]["median"]

    def lowest(self, workload, but):
        """The best of all contestants but one, of those that were right."""
        found = [row["median"] for row in self.rows
                 if row["workload"] == workload and row["contestant"] != but and row.get("median") is not None]
        return min(found) if found else self.one(workload, [])

    def op(self, start):
        """Microseconds of a single op, in rows of the format before version 0.2."""
        return self.one(start, [row["result"] for row in self.rows if row["result"]["op"].startswith(start)])["micros"]


OPS = Rows("2026-11-27-h200-ops.jsonl")
TOWERS = Rows("2026-11-27-h200-towers.jsonl")
ENGINE = Rows("2026-11-27-h200-engine.jsonl")
LIBRARIES = Rows("2026-11-27-h200-libraries.jsonl")
PRODUCTS = Rows("2026-11-27-h200-lab-products.jsonl")
ATTENTION = Rows("2026-11-27-h200-lab-attention.jsonl")
