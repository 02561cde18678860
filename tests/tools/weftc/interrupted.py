# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Interrupts weftc while helpers make kernels, and while the linker works: nothing of it may be left, no process and no
file.

    interrupted.py WEFTC SMALL-NETWORK FOLDER"""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

weftc, small, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3]).resolve()


def commands_below(place):
    """Command lines of living processes that name a file in `place`."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if entry.name.isdigit() and int(entry.name) != os.getpid() and str(place) in command:
            found.append(command)
    return found


def wait_for(condition, what):
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    sys.exit(f"no {what} for 30 s")


def slow_linker(place):
    """A `cc` that lies down with a child of its own, as compilers' drivers do."""
    place.mkdir()
    script = place / "cc"
    script.write_text('#!/bin/sh\nfor word; do last=$word; done\necho half > "$last"\nsleep 60 & wait\necho more > "$last"\n')
    script.chmod(0o755)
    return f"{place}:{os.environ['PATH']}"


def interrupt(sign, name, network, helper, path=None):
    place = folder / name
    (place / "tmp").mkdir(parents=True)
    environment = {**os.environ, "TMPDIR": str(place / "tmp"), "PATH": path or os.environ["PATH"]}
    command = [weftc, network, "--weights=random:1", "-o", str(place / "out")] + ([] if path else ["--no-cache", "--jobs=1"])
    # Whoever runs the tests in the background ignores some of these, and weftc would go on doing so.
    running = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(sign, signal.SIG_DFL))
    wait_for(lambda: any(helper in text and str(place / "tmp") in text for text in commands_below(place)) or running.poll() is not None, helper)
    running.send_signal(sign)
    said = running.communicate(timeout=30)[1]
    if running.returncode != -sign or said:
        sys.exit(f"{name}: ended with {running.returncode}: {said}")
    left = sorted(str(path.relative_to(place)) for path in place.rglob("*")) + commands_below(place)
    if left != ["tmp"]:
        sys.exit(f"{name}: left {left}")


for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
    interrupt(sign, sign.name, "zoo:squeezenet1_1", "weft-kernelc")  # seconds of work for helpers
subprocess.run([weftc, small, "--weights=random:1", "-o", str(folder / "whole")], check=True)  # kernels into the cache
interrupt(signal.SIGTERM, "linking", small, "/cc ", slow_linker(folder / "bin"))
print("nothing is left")
