#!/usr/bin/env python3
"""Tests of `lab`, with a program that only plays its part. Plain Python 3: bench/gpu/test_lab.py"""

import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
from importlib.machinery import SourceFileLoader

LAB = pathlib.Path(__file__).with_name("lab")
# Plays `conceptclip bench op`: what it does is the variant's name.
PROGRAM = """
import json, os, sys, time
a = sys.argv[1:]
name, op = a[a.index("--name") + 1], a[a.index("--op") + 1]
print("conceptclip: a notice", file=sys.stderr)
if name == "crash":
    os.abort()
if name == "hang":
    time.sleep(60)
if name == "refused":
    print("conceptclip: gemm red: expected own or cublaslt", file=sys.stderr)
    sys.exit(3)
row = {"workload": op, "contestant": name, "median": 10.0, "low": 9.0, "high": 11.0,
       "figures": {"rmsError": 1e-4, "gflops": 5e5}, "parameters": {"bits": "abc", "java": os.environ["CONCEPTCLIP_JAVA_OPTS"],
       "arguments": " ".join(a)}}
if name == "fast":
    row["median"] = 5.0
if name == "noise":
    row["median"] = row["low"] = -1.0
if name == "wrong":
    row = {"workload": op, "contestant": name, "failure": "wrong: 3 results are not finite", "figures": {}, "parameters": {}}
print("not a row")
print(json.dumps(row))
sys.exit(5 if name == "wrong" else 0)
"""


class Lab(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "program.py").write_text(PROGRAM)

    def lab(self, variants, *options):
        path = self.folder / "variants.json"
        path.write_text(variants if isinstance(variants, str) else json.dumps(variants))
        done = subprocess.run([sys.executable, LAB, path, "--results", self.folder / "results", "--program",
                               f"{sys.executable} {self.folder / 'program.py'}", *options], capture_output=True, text=True, timeout=60)
        rows = [json.loads(line) for file in sorted(self.folder.glob("results/*/lab.jsonl")) for line in file.read_text().splitlines()]
        return done, rows

    @staticmethod
    def variant(name, **more):
        return {"name": name, "op": "vision fc2", **more}

    def test_the_most_valuable_runs_first_and_the_table_has_the_fastest_first(self):
        done, rows = self.lab([self.variant("plain"), self.variant("fast", value=2), self.variant("other", value=1)])
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(["fast", "other", "plain"], [row["contestant"] for row in rows])
        table = done.stdout.split("\n\n")[1].splitlines()
        self.assertEqual("vision fc2", table[0])
        self.assertIn("fast", table[1])
        self.assertIn("0.500x fast", table[2])
        self.assertEqual("  all have the same bits", table[4])

    def test_a_time_below_the_noise_is_none(self):
        done, rows = self.lab([self.variant("noise", value=1), self.variant("plain")])
        self.assertEqual(0, done.returncode)
        self.assertIn("noise: no time above the noise", done.stdout)
        self.assertNotIn("x noise", done.stdout)

    def test_what_crashes_hangs_or_is_wrong_is_a_line_and_the_rest_goes_on(self):
        start = time.monotonic()
        names = ["crash", "hang", "wrong", "refused", "plain"]
        done, rows = self.lab([self.variant(name, value=9 - i, seconds=1.5) for i, name in enumerate(names)])
        self.assertLess(time.monotonic() - start, 30)
        self.assertEqual(1, done.returncode)
        lines = done.stdout.splitlines()
        self.assertTrue(lines[0].startswith("CRASHED  vision fc2: crash: exit code -6"), lines[0])
        self.assertEqual("HUNG     vision fc2: hang: no end after 2 s", lines[1])
        self.assertEqual("WRONG    vision fc2: wrong: wrong: 3 results are not finite", lines[2])
        self.assertEqual("FAILED   vision fc2: refused: exit code 3: conceptclip: gemm red: expected own or cublaslt", lines[3])
        self.assertTrue(lines[4].startswith("right    vision fc2: plain:     10.00 us (9.00-11.00)   500.0 TFLOP/s"), lines[4])
        self.assertEqual(["CRASHED", "HUNG", None, "FAILED", None], [row.get("status") for row in rows])
        self.assertIn("not right, or not reached", done.stdout)

    def test_nothing_begins_that_could_not_end_in_the_budget(self):
        done, rows = self.lab([self.variant("hang", value=1, seconds=1), self.variant("plain", seconds=1)], "--budget", "1.5")
        self.assertEqual(1, done.returncode)
        self.assertEqual(["HUNG", "not run"], [row["status"] for row in rows])
        self.assertIn("s of the budget were left", rows[1]["detail"])

    def test_a_variant_is_options_kernels_and_sizes(self):
        (self.folder / "ptx").mkdir()
        (self.folder / "ptx" / "KERNELS.tsv").write_text("")
        done, rows = self.lab([self.variant("plain", images=8, options={"gemm": "own"}, kernels="ptx", java=["-Xmx1g"])])
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("--images 8 --option gemm=own", rows[0]["parameters"]["arguments"])
        self.assertEqual(f"-Xmx1g -Dconceptclip.cuda.kernels={(self.folder / 'ptx').resolve()}", rows[0]["parameters"]["java"])
        self.assertIn("vision fc2, 8 images: plain", done.stdout)

    def test_only_what_is_named(self):
        done, rows = self.lab([self.variant("plain"), self.variant("fast")], "--only", "fast")
        self.assertEqual(["fast"], [row["contestant"] for row in rows])
        self.assertEqual(2, self.lab([self.variant("plain")], "--only", "slow")[0].returncode)

    def test_bad_lists_are_one_line(self):
        variant = self.variant("x")
        for variants, words in (("{", "is no JSON"), ("[]", "expected a list"), ([{"name": "x"}], "variant 1: expected an object with"),
                                ([{**variant, "color": 1}], "none but"), ([variant, variant], "variant 2: a second x"),
                                ([{**variant, "kernels": "nowhere"}], "no KERNELS.tsv in")):
            done, rows = self.lab(variants)
            self.assertEqual((2, []), (done.returncode, rows), words)
            self.assertIn(words, done.stderr.splitlines()[-1])

    def test_the_list_that_ships_is_good(self):
        sys.dont_write_bytecode = True
        loader = SourceFileLoader("lab", str(LAB))
        lab = importlib.util.module_from_spec(importlib.util.spec_from_loader("lab", loader))
        loader.exec_module(lab)
        variants = lab.read_variants(LAB.with_name("lab.json"))
        self.assertGreater(len(variants), 10)


if __name__ == "__main__":
    unittest.main()
