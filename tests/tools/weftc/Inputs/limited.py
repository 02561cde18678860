# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Runs a command that can write no file beyond BYTES, as on a full disk: limited.py BYTES COMMAND..."""
import os
import resource
import signal
import sys

signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # as a shell's `ulimit -f` leaves it; Python ignores it
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execvp(sys.argv[2], sys.argv[2:])
