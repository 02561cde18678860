# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Runs every example of the language reference, frontends/Weft/README.md.

A block marked `weft` is a file: a whole one if it begins with `weft 1`, otherwise definitions that are put behind it and
only read, or statements of a net (marked `weft-body`). What a whole file has as its nets must expand. A block marked `error`
shows what weftc says about the `weft-wrong` block before it. Canonical form is checked for every whole file.

    readme_examples.py --weftc build/bin/weftc"""
import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).resolve().parents[3] / "frontends" / "Weft" / "README.md"
NET = "weft 1\n\nnet n(x: f32[1, 8, 16, 16], v: f32[1, 8]) -> (y: f32[1, 8, 16, 16]) {{\n{}\n  y = x\n}}\n"


def weftc_says(weftc, folder, text, *options):
    path = Path(folder) / "net.weft"
    path.write_text(text)
    done = subprocess.run([weftc, "net.weft", *options], capture_output=True, text=True, cwd=folder)
    return done.returncode, done.stdout, done.stderr


def check_file(weftc, folder, text):
    nets = re.findall(r"^net (\w+)", text, re.MULTILINE)
    for net in nets:
        code, _, errors = weftc_says(weftc, folder, text, "--emit=parse", f"--net={net}")
        if code:
            return errors
    code, printed, errors = weftc_says(weftc, folder, text, "--emit=weft")
    if code:
        return errors
    again = weftc_says(weftc, folder, printed, "--emit=weft")[1]
    if printed != again:
        return "its canonical form is not stable"
    return "" if "train " in text or nets else "no net in it"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weftc", required=True)
    weftc = str(Path(parser.parse_args().weftc).resolve())
    blocks = re.findall(r"^```([\w-]*)\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    wrong, counts, spoilt = [], {}, None
    with tempfile.TemporaryDirectory() as folder:
        for kind, text in blocks:
            counts[kind] = counts.get(kind, 0) + 1
            problem = ""
            if kind == "weft":
                problem = check_file(weftc, folder, text)
            elif kind == "weft-body":
                problem = check_file(weftc, folder, NET.format(text))
            elif kind == "weft-wrong":
                spoilt = text
            elif kind == "error":
                code, _, errors = weftc_says(weftc, folder, spoilt, "--emit=parse")
                problem = "" if code == 1 and errors == text else f"weftc says\n{errors}"
            if problem:
                wrong.append(f"this example:\n{text}\n{problem}")
    print(", ".join(f"{count} {kind or 'plain'}" for kind, count in sorted(counts.items())))
    if counts.get("weft", 0) + counts.get("weft-body", 0) < 5 or counts.get("error", 0) < 2:
        wrong.append("the README has lost its examples")
    sys.exit("\n\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
