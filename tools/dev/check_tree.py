# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Checks what the house rules promise of the tree; run as a test. Prints one line a fault and exits 1 when there is one.

- includes follow the arrows of the layer table in compiler/README.md
- each source begins with its licence line and says what it is for
- each source has its test: one called after it, one that includes its header, or one that tests/sources.txt names
- lit files with CHECK lines run FileCheck
- each pass and operation has a description with an example, each pass counts what it did
- paths and program names in READMEs and in documents beside them exist
- nothing holds a path of somebody's machine

    python3 tools/dev/check_tree.py"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LICENCE = "Part of weft, under the Apache License v2.0 with LLVM Exceptions."

# Folder: the folders its sources may include from (its own is always allowed). The longest matching folder counts.
ARROWS = {
    "runtime": [],
    "compiler/MemoryPlan": [],
    "compiler/Kernel": [],
    "compiler/Picture": [],
    "compiler/Support": [],
    "dialects/Weft": ["compiler/Support", "compiler/Kernel"],
    "dialects/Sched": ["compiler/Support", "compiler/Kernel"],
    "dialects/Plan": ["compiler/Support", "compiler/MemoryPlan"],
    "frontends": ["dialects/Weft", "compiler/Support"],
    # An ONNX file is a weights file too: its initialisers are read as a safetensors file's entries are.
    "frontends/Onnx": ["dialects/Weft", "compiler/Support", "compiler/Weights"],
    "compiler/Schedule": ["dialects", "compiler/Kernel", "compiler/Support"],
    "compiler/Conversion": ["dialects", "compiler/Kernel", "compiler/Support"],
    "compiler/Transforms": ["dialects", "compiler/MemoryPlan", "compiler/Kernel", "compiler/Schedule", "compiler/Conversion",
                            "compiler/Support"],
    "compiler/Weights": ["dialects", "compiler/Kernel", "compiler/Support", "runtime"],
    "compiler/Emit/Halide": ["compiler/Kernel", "compiler/Support"],
    "compiler/Emit/Kernels": ["compiler/Kernel", "compiler/Support"],
    "compiler/Emit/Host": ["dialects", "compiler/Kernel", "compiler/MemoryPlan", "compiler/Support", "compiler/Weights",
                           "compiler/Conversion", "runtime"],
    "compiler/Summary": ["dialects/Weft", "compiler/Support"],
    "compiler/Draw": ["dialects", "compiler/Summary", "compiler/Support"],
    "compiler/Pipeline": ["dialects", "compiler"],
    "compiler/Driver": ["dialects", "compiler", "frontends", "runtime"],
    "tools": ["dialects", "compiler", "frontends", "runtime"],
    "tests": ["dialects", "compiler", "frontends", "runtime", "tools"],
}
# Headers of packages a folder must not see.
FORBIDDEN = {
    "compiler/MemoryPlan": ("mlir/", "llvm/", "Halide"),
    "compiler/Kernel": ("mlir/", "llvm/", "Halide"),
    "compiler/Picture": ("mlir/", "llvm/", "Halide"),
    "compiler/Emit/Halide": ("mlir/",),
    "compiler/Emit/Host": ("Halide",),
    "compiler/Transforms": ("Halide",),
    "compiler/Conversion": ("Halide",),
    "compiler/Schedule": ("Halide",),
    "compiler/Draw": ("Halide",),
    "compiler/Summary": ("Halide",),
    "dialects": ("Halide",),
    "frontends": ("Halide",),
    "runtime": ("mlir/", "llvm/", "Halide"),
}
SOURCE = {".cpp", ".h", ".c", ".td", ".def", ".py", ".cmake"}
faults = []


def fault(path, line, text):
    faults.append(f"{path.relative_to(ROOT)}:{line}: {text}")


def tracked():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def folder_of(relative, table):
    fitting = [folder for folder in table if relative == folder or relative.startswith(folder + "/")]
    return max(fitting, key=len, default=None)


def check_includes(path, text):
    relative = path.relative_to(ROOT).as_posix()
    folder = folder_of(relative, ARROWS)
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*(?:#\s*)?include\s+["<]([^">]+)[">]', line)
        if not match:
            continue
        header = match.group(1)
        barred = folder_of(relative, FORBIDDEN)
        if barred and header.startswith(FORBIDDEN[barred]):
            fault(path, number, f"`{barred}` must not see `{header}`")
        target = folder_of(header, ["runtime", "compiler", "dialects", "frontends", "tools"])
        if folder and target and not any(header.startswith(allowed + "/") for allowed in [folder] + ARROWS[folder]):
            fault(path, number, f"`{folder}` includes `{header}`, against the layer table")


def check_head(path, text):
    head = "\n".join(text.splitlines()[:4])
    if LICENCE not in head:
        fault(path, 1, "the licence line is missing")
    elif len([l for l in text.splitlines()[:6] if len(l.strip(' /*#"')) > 15]) < 2 and path.name != "CMakeLists.txt":
        fault(path, 1, "the head does not say what the file is for")


def check_lit(path, text):
    if re.search(r"^\s*(//|#|;)\s*[A-Z0-9_-]*CHECK[A-Z-]*:", text, re.M) and not re.search(r"RUN:.*FileCheck", text):
        fault(path, 1, "CHECK lines that nothing runs")


def kebab(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def read_sources(path):
    """The lines of tests/sources.txt: source or folder, and the tests that show what it does."""
    shown = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        source, _, tests = line.partition(": ")
        if source in shown:
            fault(path, number, f"`{source}` has a line above")
        for name in [source] + tests.split():
            if not (ROOT / name).exists():
                fault(path, number, f"`{name}` does not exist")
        if not tests.strip():
            fault(path, number, f"`{source}` needs a test behind `: `")
        shown[source] = number
    return shown


def check_tested(paths):
    """Mechanical, so it says only that somebody thought of a test: what the test is worth is for a reader to judge."""
    listing = ROOT / "tests/sources.txt"
    shown = read_sources(listing)
    tests = [path for path in paths if path.relative_to(ROOT).parts[0] == "tests" and path.suffix != ".txt"]
    stems = {path.stem for path in tests}
    included = set()
    for path in tests:
        if path.suffix in {".cpp", ".c", ".h"}:
            included.update(re.findall(r'#include "([^"]+)"', path.read_text()))
    used = set()
    for path in paths:
        relative = path.relative_to(ROOT)
        if path.suffix not in {".cpp", ".c"} or relative.parts[0] == "tests" or relative.parts[:2] == ("tools", "bench"):
            continue  # programs that measure are no product
        names = {path.stem, path.stem + "Test", kebab(path.stem), kebab(path.stem).replace("-", "_")}
        named = names & stems or relative.with_suffix(".h").as_posix() in included
        line = folder_of(relative.as_posix(), shown)
        if not named and not line:
            fault(path, 1, f"no test: add one called after it, such as `{path.stem}Test.cpp`, or a line to tests/sources.txt")
        if not named or line == relative.as_posix():
            used.add(line)
    for source, number in shown.items():
        if source not in used:
            fault(listing, number, f"`{source}` holds no source that needs this line")


def definitions(text):
    """The classes and definitions of a .td file: line, name, class they derive from, text."""
    for match in re.finditer(r"^(?:def|class) (\w+)[^:{;]*:\s*(\w+).*?(?=^(?:def|class|//===)|\Z)", text, re.M | re.S):
        yield text.count("\n", 0, match.start()) + 1, match.group(1), match.group(2), match.group(0)


def check_pages(path, text):
    """Documentation of operations and passes is made from these files."""
    texts = {}
    for number, name, parent, body in definitions(text):
        texts[name] = body + texts.get(parent, "")
        wanted = {}
        if parent == "Pass":
            wanted = {"description": "let description", "example": "```", "statistic": "Statistic<"}
        elif name.endswith("Op") and body.startswith("def"):
            wanted = {"description": "let description", "example": "```|Example"}
        for what, pattern in wanted.items():
            if not re.search(pattern, texts[name]):
                fault(path, number, f"`{name}` has no {what}")


def check_readme(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        for name in re.findall(r"`((?:tools|tests|compiler|dialects|frontends|runtime|\.ci)/[A-Za-z0-9_./-]+)`", line):
            if not (ROOT / name.rstrip("/")).exists():
                fault(path, number, f"`{name}` does not exist")


def check_phase_table():
    """README.md repeats Phases.def; the two must agree."""
    phases = re.findall(r'WEFT_PHASE\((\w+),\s*"([^"]*)"\)', (ROOT / "compiler/Pipeline/Phases.def").read_text())
    readme = (ROOT / "README.md").read_text()
    for name, sentence in phases:
        if f"| `{name}` | {sentence} |" not in readme:
            fault(ROOT / "README.md", 1, f"the row of phase `{name}` differs from compiler/Pipeline/Phases.def")


def check_machine_paths(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"(^|[^.A-Za-z0-9])/(work|root|home)/[A-Za-z]", line):
            fault(path, number, "a path of somebody's machine")


def main():
    check_phase_table()
    paths = tracked()
    check_tested(paths)
    for path in paths:
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        relative = path.relative_to(ROOT).as_posix()
        check_machine_paths(path, text)
        if path.suffix in SOURCE or path.name == "CMakeLists.txt":
            check_head(path, text)
        if path.suffix == ".td":
            check_pages(path, text)
        if path.suffix in {".cpp", ".h", ".c", ".td"}:
            check_includes(path, text)
        if relative.startswith("tests/") and path.suffix in {".mlir", ".weft", ".test"}:
            check_lit(path, text)
        if path.name in {"README.md", "RATIONALE.md", "MEASURED.md", "RESULTS.md"}:
            check_readme(path, text)
    print("\n".join(faults) if faults else "the tree keeps its rules")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
