#!/usr/bin/env python3
"""Tests of `check`: what counts as passed, limits, and what is recorded. Plain Python 3: bench/gpu/test_check.py"""

import importlib.util
import json
import os
import pathlib
import sys
import tempfile
import time
import unittest
from importlib.machinery import SourceFileLoader
from unittest import mock

sys.dont_write_bytecode = True
LOADER = SourceFileLoader("check", str(pathlib.Path(__file__).with_name("check")))
check = importlib.util.module_from_spec(importlib.util.spec_from_loader("check", LOADER))
sys.modules["check"] = check
LOADER.exec_module(check)


def console(successful=0, failed=0, skipped=0, aborted=0, containers_skipped=0):
    return f"""
[         3 containers found      ]
[         {containers_skipped} containers skipped    ]
[         3 containers successful ]
[         0 containers failed     ]
[         9 tests found           ]
[         {skipped} tests skipped         ]
[         {aborted} tests aborted         ]
[         {successful} tests successful      ]
[         {failed} tests failed          ]
"""


class Judges(unittest.TestCase):
    def test_tests_that_ran_and_passed(self):
        self.assertEqual((True, "9 tests successful"), check.judge_junit(0, console(successful=9)))

    def test_a_suite_that_skips_itself_has_proven_nothing(self):
        self.assertFalse(check.judge_junit(0, console())[0])
        self.assertFalse(check.judge_junit(0, console(successful=9, containers_skipped=1))[0])

    def test_any_test_that_did_not_pass_fails(self):
        for state in ("failed", "skipped", "aborted"):
            passed, detail = check.judge_junit(0, console(successful=9, **{state: 2}))
            self.assertFalse(passed, state)
            self.assertIn(f"2 tests {state}", detail)

    def test_a_crash_after_the_summary_fails(self):
        self.assertFalse(check.judge_junit(134, console(successful=9))[0])

    def test_output_without_a_summary_fails(self):
        self.assertFalse(check.judge_junit(0, "Error: could not create the Java Virtual Machine")[0])

    def test_memcheck_needs_a_clean_summary_and_tests_that_ran(self):
        clean = "========= ERROR SUMMARY: 0 errors\n"
        self.assertTrue(check.judge_memcheck(0, console(successful=9) + clean)[0])
        self.assertFalse(check.judge_memcheck(99, console(successful=9) + "========= ERROR SUMMARY: 3 errors\n")[0])
        self.assertFalse(check.judge_memcheck(0, console() + clean)[0])
        self.assertFalse(check.judge_memcheck(0, console(successful=9))[0])

    def test_memcheck_fails_for_an_error_in_any_kernel(self):
        log = console(successful=9) + """========= COMPUTE-SANITIZER
========= Invalid __global__ read of size 16 bytes
=========     at nvjet_sm90_hsh_128x256_64x4_1x2_h_bz_coopA_NTN+0x1f30
=========     by thread (0,0,0) in block (3,0,0)
=========     Access at 0x7f1c8a000000 is out of bounds
=========
========= ERROR SUMMARY: 1 error
"""
        self.assertFalse(check.judge_memcheck(99, log)[0])

    def test_doctor_must_find_the_backend_usable(self):
        report = {"backends": [{"name": "cuda", "usable": False, "detail": "no driver"}, {"name": "cpu", "usable": True, "detail": ""}]}
        self.assertEqual((False, "no driver"), check.judge_doctor("cuda")(0, "a line before\n" + json.dumps(report)))
        self.assertTrue(check.judge_doctor("cpu")(0, json.dumps(report))[0])
        self.assertFalse(check.judge_doctor("emulated")(0, json.dumps(report))[0])
        self.assertFalse(check.judge_doctor("cpu")(3, "")[0])


class Races(unittest.TestCase):
    """Lines as compute-sanitizer 2025 prints them for kernels without debug information, and as older ones do with it."""

    LIBRARY = """========= Error: Race reported between Write access at nvjet_sm90_hsh_256x128_64x4_2x1_v_bz_coopA_bias_TNT+0x33f0
=========     and Read access at nvjet_sm90_hsh_256x128_64x4_2x1_v_bz_coopA_bias_TNT+0x3710 [8192 hazards]
=========
"""
    OURS = """========= Warning: Race reported between Read access at attention_sm90_d72+0x3a10
=========     and Write access at attention_sm90_d72+0x2c40 [384 hazards]
=========
"""
    KERNELS = {"attention_sm90_d72", "bias_gelu"}

    def judge(self, *reports, code=None, summary=None, tests=9):
        count = len(reports) if summary is None else summary
        log = "========= COMPUTE-SANITIZER\n" + "".join(reports) + console(successful=tests)
        log += f"========= RACECHECK SUMMARY: {count} hazard{'s' if count != 1 else ''} displayed ({count} errors, 0 warnings)\n"
        return check.judge_racecheck(self.KERNELS)(99 if code is None and reports else code or 0, log)

    def test_nothing_to_report(self):
        self.assertEqual((True, "0 reports in our 2 kernels; 9 tests successful"), self.judge())
        self.assertFalse(self.judge(tests=0)[0])
        self.assertFalse(self.judge(code=134)[0])
        self.assertFalse(check.judge_racecheck(self.KERNELS)(0, console(successful=9))[0])

    def test_reports_of_a_library_are_counted_apart(self):
        passed, detail = self.judge(*[self.LIBRARY] * 153)
        self.assertTrue(passed, detail)
        self.assertEqual("0 reports in our 2 kernels; left out, not ours: 153 in nvjet_*; 9 tests successful", detail)
        self.assertNotIn("\n", detail)

    def test_one_of_ours_among_them_fails(self):
        passed, detail = self.judge(self.LIBRARY, self.OURS, self.LIBRARY)
        self.assertFalse(passed)
        self.assertIn("1 reports in our 2 kernels; left out, not ours: 2 in nvjet_*; first: Warning: Race reported", detail)
        self.assertIn("attention_sm90_d72", detail)

    def test_a_report_with_one_foot_in_our_kernel_is_ours(self):
        library = "and Read access at nvjet_sm90_hsh_256x128_64x4_2x1_v_bz_coopA_bias_TNT"
        mixed = self.LIBRARY.replace(library, "and Read access at bias_gelu")
        self.assertFalse(self.judge(mixed)[0])

    def test_older_sanitizers_name_the_kernel_behind_its_file(self):
        old = "========= ERROR: Race reported between Read access at 0xf10 in kernels/bias_gelu.cu:39:bias_gelu\n=========\n"
        self.assertFalse(self.judge(old)[0])
        self.assertTrue(self.judge(old.replace("bias_gelu", "splitKreduce_kernel"))[0])

    def test_a_report_without_a_name_is_not_left_out(self):
        unnamed = "========= Error: Potential hazard detected at __shared__ 0x10 in block (0, 0, 0)\n=========\n"
        self.assertFalse(self.judge(unnamed)[0])

    def test_reports_that_were_not_printed_cannot_be_judged(self):
        passed, detail = self.judge(*[self.LIBRARY] * 50, summary=153)
        self.assertFalse(passed)
        self.assertIn("the summary counts 153 reports, 50 were read", detail)

    def test_our_kernels_are_those_of_the_table(self):
        table = "entry point\ttarget\tfile\nattention_sm90_d72\tsm_90a\ta.ptx\nbias_gelu\tsm_80\tb.ptx\n"
        self.assertEqual(self.KERNELS, check.entry_points(table))

    def test_a_crash_beside_a_library_s_reports_fails(self):
        passed, detail = self.judge(self.LIBRARY, code=134)
        self.assertFalse(passed)
        self.assertIn("exit code 134", detail)


class Arguments(unittest.TestCase):
    def parse(self, *words):
        with mock.patch.object(sys, "argv", ["check", *words]), mock.patch.dict(os.environ, {"CONCEPTCLIP_JAVA_OPTS": "-Xmx1g"}):
            return check.arguments(), dict(os.environ)

    def test_all_steps_unless_some_are_named(self):
        self.assertEqual(list(check.STEPS), self.parse()[0].steps)
        self.assertEqual(["contracts", "bench"], self.parse("bench", "contracts")[0].steps)
        self.assertEqual("-Xmx1g", self.parse()[1]["CONCEPTCLIP_JAVA_OPTS"])

    def test_folders_reach_the_command_line_and_the_suites(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "KERNELS.tsv").touch()
            options, environment = self.parse("--kernels", folder, "--cuda-libs", "/libs")
            expected = f"-Dconceptclip.cuda.libs=/libs -Dconceptclip.cuda.kernels={pathlib.Path(folder).resolve()}"
            self.assertEqual(f"-Xmx1g {expected}", environment["CONCEPTCLIP_JAVA_OPTS"])
            command = check.junit(options, "SomeTest")
            self.assertEqual(expected, " ".join(word for word in command if word.startswith("-Dconceptclip")))

    def test_a_dry_run_needs_its_bundle(self):
        with self.assertRaises(SystemExit), mock.patch("sys.stderr"):
            self.parse("--emulated")


class Runs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_task(self, program, limit=20, left=100, missing=""):
        task = check.Task("step", "name", limit, [sys.executable, "-c", program], check.judge_exit, missing)
        return check.run(task, left, self.folder / "log")

    def test_exit_code_decides(self):
        self.assertEqual(check.PASSED, self.run_task("").status)
        outcome = self.run_task("import sys; print('why'); sys.exit(3)")
        self.assertEqual((check.FAILED, "exit code 3: why"), (outcome.status, outcome.detail))

    def test_a_limit_ends_the_task_and_its_children(self):
        marker = self.folder / "alive"
        child = f"import time, pathlib; time.sleep(9); pathlib.Path({str(marker)!r}).touch()"
        start = time.monotonic()
        outcome = self.run_task(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])", limit=5)
        self.assertEqual(check.FAILED, outcome.status)
        self.assertIn("no end after 5 s", outcome.detail)
        self.assertLess(time.monotonic() - start, 8)
        time.sleep(5)
        self.assertFalse(marker.exists(), "the child went on")

    def test_no_task_starts_without_time_left(self):
        self.assertEqual(check.NOT_RUN, self.run_task("", left=2).status)

    def test_what_is_missing_is_no_failure_and_is_said(self):
        outcome = self.run_task("", missing="no such program")
        self.assertEqual((check.MISSING, "no such program"), (outcome.status, outcome.detail))

    def test_a_line_a_task(self):
        path = self.folder / "summary.jsonl"
        for _ in range(2):
            check.record(path, check.Machine("abc", "gpu", {"name": "X"}), self.run_task(""))
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertEqual(2, len(lines))
        self.assertEqual(("abc", "gpu", {"name": "X"}, "step", "name", "passed"),
                         tuple(lines[0][key] for key in ("commit", "device", "gpu", "step", "task", "status")))


if __name__ == "__main__":
    unittest.main()
