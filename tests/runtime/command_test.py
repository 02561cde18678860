# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""The command line of executables, on a hand-written model: python3 command_test.py DENSE GRAPH COUNTER. Files in, files
out, reports, every bad input, and no memory asked for between runs."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import numpy as np

DENSE, GRAPH, COUNTER = sys.argv[1:4]


def run(*arguments, program=None, **kwargs):
    return subprocess.run([program or DENSE, *map(str, arguments)], capture_output=True, text=True, timeout=60, **kwargs)


class Command(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.x = np.random.default_rng(1).standard_normal((64, 1000)).astype(np.float32)
        self.y = 2 * self.x + np.arange(1000, dtype=np.float32)
        np.save(self.folder / "x.npy", self.x)

    def refused(self, text, *arguments, program=None, code=1):
        done = run(*arguments, program=program)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(text, done.stderr)
        self.assertEqual(sorted(p.name for p in self.folder.glob("out*")), [], "no partial output")

    def test_files_in_and_out(self):
        for threads in (1, 2, 5):
            out = self.folder / f"y{threads}.npy"
            done = run("--input", f"x={self.folder}/x.npy", "--output", f"y={out}", "--threads", threads)
            self.assertEqual(done.returncode, 0, done.stderr)
            np.testing.assert_array_equal(np.load(out), self.y)

    def test_names_may_be_left_out(self):
        out = self.folder / "y.npy"
        self.assertEqual(run("--input", self.folder / "x.npy", f"--output={out}").returncode, 0)
        np.testing.assert_array_equal(np.load(out), self.y)

    def test_fortran_order(self):
        np.save(self.folder / "f.npy", np.asfortranarray(self.x))
        out = self.folder / "y.npy"
        self.assertEqual(run("--input", self.folder / "f.npy", "--output", out).returncode, 0)
        np.testing.assert_array_equal(np.load(out), self.y)

    def test_json_has_standard_output_alone(self):
        self.refused("would both print on standard output", "--random-inputs", 1, "--json", "-", "--top", 3, code=2)

    def test_json(self):
        done = run("--random-inputs", 1, "--repeat", 10, "--warmup", 2, "--threads", 2, "--json", "-")
        report = json.loads(done.stdout)
        self.assertEqual(len(report["times_ms"]), 10)
        self.assertEqual(report["min_ms"], min(report["times_ms"]))
        self.assertEqual(report["threads"], 2)
        self.assertEqual(report["arena_bytes"], 256000 + 2 * 8064)
        self.assertEqual(report["weight_bytes"], 4000)

    def test_profile(self):
        trace = self.folder / "trace.json"
        self.assertEqual(run("--random-inputs", 1, "--repeat", 3, "--profile", trace).returncode, 0)
        events = json.loads(trace.read_text())["traceEvents"]
        self.assertEqual([e["name"] for e in events], ["scale", "add"] * 3)
        self.assertTrue(all(e["ph"] == "X" and e["dur"] >= 0 for e in events))

    def test_top_with_labels(self):
        (self.folder / "labels.txt").write_text("\n".join(f"class {i}" for i in range(1000)))
        done = run("--input", self.folder / "x.npy", "--top", 2, "--labels", self.folder / "labels.txt")
        best = np.argsort(-self.y[0], kind="stable")[:2]
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "y row 0")
        for line, i in zip(lines[1:3], best):
            self.assertEqual(line.split()[0], str(i))
            self.assertIn(f"class {i}", line)

    def test_a_link_stays_one(self):
        (self.folder / "target.npy").write_text("old")
        (self.folder / "link.npy").symlink_to("target.npy")
        self.assertEqual(run("--input", self.folder / "x.npy", "--output", self.folder / "link.npy").returncode, 0)
        self.assertTrue((self.folder / "link.npy").is_symlink())
        np.testing.assert_array_equal(np.load(self.folder / "target.npy"), self.y)

    def test_an_interruption_leaves_nothing(self):
        # A trace of many runs takes its time to write: long enough to be met on the way.
        trace = self.folder / "trace.json"
        run = subprocess.Popen([DENSE, "--random-inputs=1", "--repeat=60000", f"--profile={trace}"], stdout=subprocess.DEVNULL)
        beside = []
        while run.poll() is None and not beside:
            beside = list(self.folder.glob("trace.json.*"))
        run.send_signal(signal.SIGINT)
        self.assertIn(run.wait(60), (-signal.SIGINT, 0))  # 0: it was quicker
        self.assertEqual(list(self.folder.glob("trace.json.*")), [])

    def test_info_and_help_need_no_input(self):
        self.assertIn("input   x: f32[64, 1000]", run("--info").stdout)
        self.assertIn("--random-inputs SEED", run("--help").stdout)

    def test_graphs(self):
        indptr, indices = np.array([0, 0, 1, 2, 3]), np.array([0, 1, 2])
        np.save(self.folder / "p.npy", indptr)
        np.save(self.folder / "i.npy", indices.astype(np.int32))
        np.save(self.folder / "part.npy", np.array([0, 0, 1, 1], np.int32))
        inputs = [f"--input=g.indptr={self.folder}/p.npy", f"--input=g.indices={self.folder}/i.npy",
                  f"--input=part={self.folder}/part.npy"]
        out = self.folder / "y.npy"
        done = run(*inputs, "--size", "G=3", "--output", out, program=GRAPH)
        self.assertEqual(done.returncode, 0, done.stderr)
        np.testing.assert_array_equal(np.load(out), [1, 2, 0])
        self.refused("the size G is not known from any input: give `--size G=N`, at most 8", *inputs, program=GRAPH)
        self.refused("`--size G=9`: G is a number from 0 to 8", *inputs, "--size", "G=9", program=GRAPH)
        self.refused("`part`[0] is 0, but there are 0 of what it numbers", *inputs, "--size", "G=0", program=GRAPH)
        self.refused("the size G is given twice", *inputs, "--size", "G=2", "--size", "G=3", program=GRAPH)
        self.refused("`--size H=9` names no run-time size", *inputs, "--size", "H=9", program=GRAPH)
        np.save(self.folder / "i.npy", np.array([0, 1, 7], np.int32))
        self.refused("`g.indices`[2] is 7; it must be 0 to 3", *inputs, "--size", "G=3", program=GRAPH)
        np.save(self.folder / "p.npy", np.zeros(60, np.int32))
        self.refused("`g.indptr` takes at most 51", *inputs, "--size", "G=3", program=GRAPH)

    def test_bad_inputs(self):
        out = f"--output={self.folder}/out.npy"
        x = f"--input={self.folder}/x.npy"
        self.refused("the input `x` is missing: give `--input x=FILE.npy`, or `--random-inputs SEED`", out)
        self.refused("cannot read `/no/such.npy`: No such file", "--input=/no/such.npy", out)
        self.refused("there is no input `z`; there is `x`", f"--input=z={self.folder.name}", out)
        self.refused("`x` is given twice", x, x, out)
        np.save(self.folder / "t.npy", self.x.T.copy())
        self.refused("`x` is f32[1000, 64]; it must be f32[64, 1000]", f"--input={self.folder}/t.npy", out)
        np.save(self.folder / "d.npy", self.x.astype(np.float64))
        self.refused("has dtype `<f8`; `x` takes `<f4`", f"--input={self.folder}/d.npy", out)
        whole = (self.folder / "x.npy").read_bytes()
        (self.folder / "cut.npy").write_bytes(whole[:-1])
        self.refused("is truncated or too long", f"--input={self.folder}/cut.npy", out)
        (self.folder / "empty.npy").write_bytes(b"")
        self.refused("is not a .npy file", f"--input={self.folder}/empty.npy", out)
        self.refused("is not a .npy file", f"--input={self.folder}", out)
        self.refused("carries its weights", x, out, "--weights=w")
        self.refused("cannot read `/no/labels`", x, "--top=1", "--labels=/no/labels")
        labels = self.folder / "labels"
        labels.write_text("cat\ndog\n\n")
        self.refused("holds 2 labels; a row of `y` has 1000 values", x, "--top=1", f"--labels={labels}")
        labels.write_bytes(b"a\0b")
        self.refused("is not a text of at most 16 MiB", x, "--top=1", f"--labels={labels}")

    def test_bad_outputs(self):
        x = f"--input={self.folder}/x.npy"
        self.refused("cannot write `/no/such/y.npy`", x, "--output=/no/such/y.npy")
        self.refused("cannot write `/dev/full`: No space left", x, "--output=/dev/full")
        self.refused("cannot write `/dev/full`: No space left", x, "--json=/dev/full", "--repeat=5000")
        self.refused("it is a folder", x, f"--output={self.folder}")
        with open("/dev/full", "w") as full:
            done = subprocess.run([DENSE, x, "--json=-"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left", done.stderr)

    def test_no_output_takes_the_place_of_an_input(self):
        x = self.folder / "x.npy"
        before = x.read_bytes()
        program = self.folder / "program"
        shutil.copy(DENSE, program)
        labels = self.folder / "labels.txt"
        labels.write_text("\n" * 999 + "last")
        (self.folder / "link.npy").symlink_to("x.npy")
        refused = "is a file this run reads or has written: give the output another name"
        for flag, file in (("output", x), ("json", x), ("profile", x), ("output", self.folder / "link.npy"),
                           ("output", program), ("json", labels)):
            self.refused(f"`{file}` {refused}", f"--input={x}", f"--{flag}={file}", f"--labels={labels}",
                         program=str(program))
        self.assertEqual(x.read_bytes(), before)
        self.assertEqual(program.read_bytes(), pathlib.Path(DENSE).read_bytes())
        both = self.folder / "both"
        done = run("--random-inputs=1", f"--profile={both}", f"--json={both}")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"`{both}` {refused}", done.stderr)
        self.assertIn("traceEvents", both.read_text())

    def test_a_limit_of_file_sizes_is_an_error_of_writing(self):
        limited = f"ulimit -f 1; exec {DENSE} --random-inputs=1 --output={self.folder}/out.npy"
        done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("File too large", done.stderr)
        self.assertEqual(list(self.folder.glob("out*")), [])

    def test_usage(self):
        for text, *arguments in (
            ("there is no option `--imput`", "--imput", "x"),
            ("`x.npy` is not an option", "x.npy"),
            ("`--input` needs a value: [NAME=]FILE", "--input"),
            ("`--info` takes no value", "--info=yes"),
            ("`--threads` takes a number from 1 to 256, not `0`", "--threads", "0"),
            ("`--repeat` takes a number from 1 to 100000000, not `ten`", "--repeat", "ten"),
            ("`--random-inputs` takes a number from 0 to 2^64 - 1, not `-1`", "--random-inputs=-1"),
            ("`--threads 1` and `--threads 2` contradict each other", "--threads=1", "--threads", "2"),
            ("`--json a` and `--json b` contradict each other", "--json=a", "--json=b"),
        ):
            self.refused(text, *arguments, code=2)
        self.assertEqual(run("--random-inputs=1", "--threads=1", "--threads", "1").returncode, 0)

    def memory_calls(self, program, repeat, threads):
        environment = dict(os.environ, LD_PRELOAD=COUNTER)
        done = run("--random-inputs=1", f"--repeat={repeat}", f"--threads={threads}", f"--json={self.folder}/j.json",
                   program=program, env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return int(done.stderr.split("memory calls: ")[1])

    def test_nothing_is_allocated_between_runs(self):
        for program in (DENSE, GRAPH):
            for threads in (1, 2):
                # From 200 on: the C library's qsort, which finds the median at the end, takes memory for long lists.
                self.assertEqual(self.memory_calls(program, 200, threads), self.memory_calls(program, 1000, threads))

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_no_system_call_for_memory_between_runs(self):
        def calls(repeat):
            log = self.folder / "strace"
            done = subprocess.run(["strace", "-f", "-qq", "-e", "trace=mmap,munmap,mremap,brk,madvise", "-o", log, DENSE,
                                   "--random-inputs=1", f"--repeat={repeat}", "--threads=2", f"--json={self.folder}/j"],
                                  capture_output=True, text=True)
            if done.returncode != 0:
                self.skipTest("strace may not trace here: " + done.stderr)
            return sum(any(f"{c}(" in line for c in ("mmap", "munmap", "mremap", "brk", "madvise"))
                       for line in log.read_text().splitlines())

        few, many = calls(2), calls(1000)
        # Two thousand digits of times are written at the end: the buffer of the file is the same.
        self.assertEqual(few, many)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
