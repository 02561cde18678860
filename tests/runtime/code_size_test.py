# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Every product carries the runtime: its code stays under 64 KiB. python3 code_size_test.py LLVM-SIZE ARCHIVE..."""
import subprocess
import sys

LIMIT_BYTES = 64 * 1024
listing = subprocess.run([sys.argv[1], "-t", *sys.argv[2:]], capture_output=True, text=True, check=True).stdout
total = sum(int(line.split()[0]) for line in listing.splitlines() if "TOTALS" in line)
print(f"{total} bytes of code and constants, {LIMIT_BYTES} allowed")
sys.exit(0 if 0 < total < LIMIT_BYTES else "the runtime has outgrown its limit")
