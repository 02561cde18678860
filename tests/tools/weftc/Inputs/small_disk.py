# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Runs a command that writes one executable to a small disk mounted at FOLDER, again and again with more room, until that
works: small_disk.py FOLDER COMMAND... Ends with an error where something else than the executable is left there."""
import os
import subprocess
import sys

folder, command = sys.argv[1], sys.argv[2:]
said = None
for kib in range(20, 2000, 20):
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "none", folder], check=True)
    result = subprocess.run(command, capture_output=True, text=True)
    left = os.listdir(folder)
    if result.returncode == 0:
        subprocess.run([command[-1], "--random-inputs=1"], check=True, stdout=subprocess.DEVNULL)
        print("all of it fits")
        break
    if result.stderr != said:
        said = result.stderr
        print(said, end="", flush=True)
    if result.returncode != 1 or left:
        sys.exit(f"{kib} KiB: exit code {result.returncode}, left are {left}")
    subprocess.run(["umount", folder], check=True)
