# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""The command line of tests that compare networks one by one: each is named with its largest difference, all are tried, and the
exit code is 1 when any is above the bound or could not be compared."""
import argparse
import sys
from pathlib import Path


def parse(names=()):
    """`--weftc`, `--out` and the networks' names, of which `names` are the default; a parser to add to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("networks", nargs="*" if names else "+", default=list(names) or None)
    return parser


def run(networks, compare, bound):
    """Ends the program. `compare(name)` gives the largest difference as a part of the largest output, or raises RuntimeError."""
    failed = 0
    for name in networks:
        try:
            error = compare(name)
        except RuntimeError as reason:
            print(f"FAIL {name}: {reason}")
            failed += 1
            continue
        good = error <= bound
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {name}: largest difference {error:.1e} of the largest output")
    sys.exit(1 if failed else 0)
