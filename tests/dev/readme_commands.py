# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Runs the block of commands under "Your own network" in README.md, in an empty folder, as a newcomer would.

    readme_commands.py SOURCE-FOLDER BUILD-FOLDER WORK-FOLDER"""
import re
import shutil
import subprocess
import sys
from pathlib import Path


def main():
    source, build, work = map(Path, sys.argv[1:4])
    section = (source / "README.md").read_text().split("## Your own network", 1)[1]
    commands = re.search(r"```sh\n(.*?)```", section, re.S).group(1).replace("build/bin/", f"{build}/bin/")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=work, capture_output=True, text=True)
    print(done.stdout, done.stderr, sep="")
    wanted = ["times_ms", "// Schedule.", "plan.launch"]
    missing = [word for word in wanted if word not in done.stdout]
    if missing:
        print("not in the output:", missing)
    sys.exit(1 if done.returncode or missing else 0)


if __name__ == "__main__":
    main()
