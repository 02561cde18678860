# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""IR files made to overflow the parser's stack, or to keep it busy for hours: each is refused before it is parsed, and what
--stop-after prints never is.

    hostile_ir.py WEFTC NETWORK FOLDER"""
import subprocess
import sys
from pathlib import Path

weftc, network, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
MANY = 300_000
CASES = {
    "brackets": ("(" * MANY, "nested deeper than 256 brackets"),
    "closed_in_texts": ('[">", ' * MANY, "nested deeper than 256 brackets"),
    "closed_in_comments": ("[ // )]}>\n" * MANY, "nested deeper than 256 brackets"),
    "comparisons": ("[affine_set<(d0) : (d0 >= 0)>, " * MANY, "nested deeper than 256 brackets"),
    "signs": ("affine_map<(d0) -> (" + "- " * MANY + "d0)>", "more than 256 signs in a row"),
    "sums": ("affine_map<(d0) -> (" + "(d0) + " * MANY + "d0)>", "more than 10000 operators in a row"),
    "products": ("affine_map<(d0) -> (" + "2 * " * MANY + "d0)>", "more than 10000 operators in a row"),
    "digits": ("9" * MANY + " : i64", "a number of more than 1000 digits"),
}
for name, (text, why) in CASES.items():
    file = folder / f"{name}.mlir"
    file.write_text(f'module attributes {{weft.phase = "plan", weft.a = {text}}} {{}}\n')
    done = subprocess.run([weftc, str(file), "--start-from=plan", "--weights=random:1", "-o", str(folder / "out")], capture_output=True, text=True)
    if done.returncode != 1 or why not in done.stderr or (folder / "out").exists():
        sys.exit(f"{name}: {done.returncode}: {done.stderr[:500]}")
for phase in ("parse", "graph", "layout", "fuse", "kernels", "schedule", "plan"):
    file = str(folder / f"{phase}.mlir")
    subprocess.run([weftc, network, f"--stop-after={phase}", "-o", file], check=True)
    subprocess.run([weftc, file, f"--start-from={phase}", "--stop-after=plan", "-o", str(folder / "end.mlir")], check=True)
print("refused or read")
