# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Files that are no networks, or networks made to do harm: each must end in an error that says where, with exit code 1,
within a time and a memory limit.

    bad_input.py --weftc build/bin/weftc"""
import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SECONDS = 10  # the promise is 2 on an idle machine; tests share theirs
BYTES = 1 << 30

HEAD = "weft 1\nnet n(x: f32[1, 4]) -> (y: f32[1, 4]) {\n"


def net(body):
    return HEAD + body + "\n}\n"


def doubling_blocks(levels):
    blocks = "".join(f"block b{i}(x) {{ return b{i - 1}(b{i - 1}(x)) }}\n" for i in range(1, levels))
    return "weft 1\nblock b0(x) { return relu(x) }\n" + blocks + f"net n(x: f32[4]) -> (y: f32[4]) {{ y = b{levels - 1}(x) }}\n"


def nested_blocks(levels):
    blocks = "".join(f"block b{i}(x) {{ return b{i - 1}(x) }}\n" for i in range(1, levels))
    return "weft 1\nblock b0(x) { return relu(x) }\n" + blocks + f"net n(x: f32[4]) -> (y: f32[4]) {{ y = b{levels - 1}(x) }}\n"


CASES = {
    "empty": (b"", "begins with the line"),
    "zeros": (b"\0" * 1000, "NUL byte"),
    "nul": (b"weft 1\nnet a\0b", "NUL byte"),
    "latin1": (b"weft 1\n# caf\xe9\n", "invalid UTF-8"),
    "binary": (b"\x7fELF\x02\x01\x01" + bytes(range(1, 256)), "error: "),
    "ten_megabytes": (b"weft 1\n" + b"# x\n" * 2_600_000, "the limit is"),
    "eight_megabytes_of_comments": (b"weft 1\n" + b"# x\n" * 2_000_000, "has no net"),
    "eight_megabytes_of_errors": (b"weft 1\n" + b"@\n" * 4_000_000, "unexpected character"),
    "parentheses": (net("y = " + "(" * 3_900_000 + "x" + ")" * 3_900_000), "nested deeper than 256"),
    "brackets": (net("y = " + "[" * 100_000), "nested deeper than 256"),
    "ifs": (net("y = " + "if true { " * 3000 + "x" + " } else { x }" * 3000), "nested deeper than 256"),
    "long_sum": (net("y = " + "x + " * 1_300_000 + "x"), "operators in a row"),
    "long_list": (net("k = [" + "1, " * 2_500_000 + "1]"), "at most 1000000 elements"),
    "long_name": (net("y = " + "q" * 65536 + "(x)"), "unknown operation"),
    "loop": (net("y = x\nfor i in 0..1000000000 { y = relu(y) }"), "a net has at most 1000000"),
    "loop_of_unknown_length": (net("n = 1000000000\ny = x\nfor i in 0..n { for j in 0..n { y = relu(y) } }"), "a net has at most 1000000"),
    "empty_loop": (net("for i in 0..1000000000 { }\ny = x"), "runs too long"),
    "loops_in_loops": (net("n = 100000\nfor i in 0..n { for j in 0..n { k = i*j } }\ny = x"), "steps"),
    "doubling_blocks": (doubling_blocks(60), "a net has at most 1000000"),
    "nested_blocks": (nested_blocks(1000), "nested deeper than 256"),
    "doubling_list": (net("l = [1]\nfor i in 0..60 { l = l + l }\ny = x"), "at most 1000000 elements"),
    "many_lists": (net("l = [0]\nfor i in 0..100000 { l = l + [i] }\ny = x"), "MiB of lists and texts"),
    "doubling_text": (net('s = "a"\nfor i in 0..60 { s = "{s}{s}" }\ny = x'), "longer than 65536 bytes"),
    "nested_lists": (net("l = [1]\nfor i in 0..1000000 { l = [l] }\nassert l == l : \"\"\ny = x"), "nested deeper than 16"),
    "doubling_tree": (net("l = [1] + [2]\nfor i in 0..14 { l = " + "[" + "l, " * 50 + "l]" + " }\nassert l == l : \"\"\ny = x"),
                      "at most 1000000 elements, those of lists inside"),
    "tree_as_attribute": (net("l = [1]\nfor i in 0..14 { l = [l, l, l, l, l] }\ny = pad(x, low=l)"), "lists inside it included"),
    "tree_as_constant": (net("l = [1]\nfor i in 0..14 { l = [l, l, l, l, l] }\ny = x + const(l)"), "lists inside it included"),
    "range_as_constant": (net("y = x + const(0..4000000000)"), "at most 1000000 elements"),
    "range_as_attribute": (net("y = reshape(x, 0..4000000000)"), "at most 1000000 elements"),
    "ranges_compared": (net("assert (0..4000000000) == (1..4000000001) : \"other ranges\"\ny = x"), "other ranges"),
    "many_inputs": ("weft 1\nnet n(" + ", ".join(f"x{i}: f32[1]" for i in range(300_000)) + ") -> (y: f32[1]) { y = x0 }\n",
                    "at most 10000 inputs"),
    "many_results": ("weft 1\nnet n(x: f32[1]) -> (" + ", ".join(f"y{i}: f32[1]" for i in range(300_000)) + ") { y0 = x }\n",
                     "at most 10000 results"),
    "many_edge_values": ("weft 1\nnet n(g: graph[V, E] { " + ", ".join(f"edge.w{i}: f32" for i in range(300_000)) +
                         " }, x: f32[V]) -> (y: f32[V]) {\n  bound V <= 5\n  bound E <= 5\n  y = x\n}\n", "at most 10000 inputs"),
    "many_nets": ("weft 1\n" + "".join(f"net n{i}(x: f32[1]) -> (y: f32[1]) {{ y = x }}\n" for i in range(150_000)), "and 149900 more"),
    "huge_weight": (net("y = x + weight(2000000000, 2000000000)"), "2^40 elements"),
    "recursion": ("weft 1\nblock a(x) { return b(x) }\nblock b(x) { return a(x) }\n"
                  "net n(x: f32[1]) -> (y: f32[1]) { y = a(x) }\n", "calls itself"),
    "open_string": (net('y = "abc'), "no closing"),
    "unbalanced": (net("y = relu((x"), "error: "),
    "names_that_escape": (net('y = linear(x, out=4) as */\n'), "expected a path"),
}


def limit_memory():
    # Address space, as the resident set cannot be limited: what is mapped and never touched counts too, so twice as much.
    resource.setrlimit(resource.RLIMIT_AS, (3 * BYTES, 3 * BYTES))


def check(weftc, path, wanted):
    before = time.monotonic()
    child = subprocess.Popen([weftc, "--emit=parse", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             errors="replace", preexec_fn=limit_memory)
    try:
        _, errors = child.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return f"takes longer than {SECONDS} s"
    seconds = time.monotonic() - before
    print(f"{path.stem:30} {seconds:5.2f} s  {errors.splitlines()[0][-90:] if errors else ''}")
    if child.returncode != 1:
        return f"exit code {child.returncode}: {errors[-500:]}"
    if wanted not in errors:
        return f"expected `{wanted}` in:\n{errors[:1000]}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    weftc = parser.parse_args().weftc
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (contents, wanted) in CASES.items():
            path = Path(folder) / f"{name}.weft"
            path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
            if problem := check(weftc, path, wanted):
                wrong.append(f"{name}: {problem}")
        os.mkfifo(Path(folder) / "pipe.weft")
        (Path(folder) / "folder.weft").mkdir()
        for name, wanted in [("pipe", "no regular file"), ("folder", "it is a folder"), ("missing", "no such file")]:
            if problem := check(weftc, Path(folder) / f"{name}.weft", wanted):
                wrong.append(f"{name}: {problem}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(f"largest resident set: {peak >> 20} MiB")
    if peak > BYTES:
        wrong.append(f"resident set of {peak >> 20} MiB, the limit is {BYTES >> 20} MiB")
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
