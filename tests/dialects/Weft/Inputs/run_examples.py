# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""Takes the example of every operation out of the generated documentation, declares the operands it uses as arguments of a
function, and lets weft-opt verify it. An operation without an example is a fault.

    run_examples.py FOLDER-OF-THE-TD-FILES"""
import re
import subprocess
import sys

from pathlib import Path

SOURCE = Path(sys.argv[1])


def documentation():
    include = subprocess.run(["llvm-config", "--includedir"], capture_output=True, text=True, check=True).stdout.strip()
    command = ["mlir-tblgen", "-gen-op-doc", f"-I{SOURCE.parents[1]}", f"-I{include}", str(SOURCE / "WeftOps.td")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def pages(text):
    """Pairs of an operation's name and the examples on its page."""
    parts = re.split(r"^### `(weft\.\w+)`.*$", text, flags=re.M)
    for name, page in zip(parts[1::2], parts[2::2]):
        yield name, re.findall(r"Example:\s*```mlir\n(.*?)```", page, re.S)


def statements(example):
    """Top-level statements: lines joined until brackets and the type after ` : ` are complete."""
    current = ""
    for line in example.splitlines():
        if re.match(r"(%[\w, %]+ = )?weft\.", line.strip()) and not current.count("{") > current.count("}"):
            if current:
                yield current
            current = line
        else:
            current += "\n" + line
    if current.strip():
        yield current


def split_types(text):
    """Types of a list, commas inside brackets respected."""
    types, depth, current = [], 0, ""
    for character in text:
        depth += character in "<([{"
        depth -= character in ">)]}" and not current.endswith("-")
        if character == "," and depth == 0:
            types.append(current.strip())
            current = ""
        else:
            current += character
    return types + [current.strip()] if current.strip() else types


def operand_types(statement):
    """Names of operands with their types; types stand behind the last ` : ` outside the region."""
    head, _, types = statement.rpartition(" : ")
    outside = re.sub(r"\{\s*\n.*\}", "", head, flags=re.S)
    outside = outside.split(" = ", 1)[-1] if re.match(r"\s*%", outside) else outside
    names = re.findall(r"%\w+", outside)
    types = " ".join(types.split())
    if types.startswith("("):
        types = split_types(types[1:types.index(") ->")])
    else:
        types = [types.split(" -> ")[0]] * len(names)
    return list(zip(names, types))


def function(name, example, number):
    known, arguments, defined = set(), [], set()
    for statement in statements(example):
        for operand, kind in operand_types(statement):
            if operand not in known | defined:
                known.add(operand)
                arguments.append(f"{operand}: {kind}")
        results = re.match(r"\s*((%\w+(, )?)+) = ", statement)
        defined |= set(re.findall(r"%\w+", results.group(1))) if results else set()
    return f"func.func @{name.replace('.', '_')}_{number}({', '.join(arguments)}) {{\n{example}\nreturn\n}}\n"


# A yield stands in the examples of the operations it ends.
def main():
    text, count = "", 0
    for name, examples in pages(documentation()):
        if not examples:
            sys.exit(f"{name} has no example")
        for example in examples:
            if name == "weft.yield":
                continue
            text += function(name, example, count)
            count += 1
    result = subprocess.run(["weft-opt", "-", "-o", "/dev/null"], input=text, text=True, capture_output=True)
    if result.returncode:
        sys.exit(f"{text}\n{result.stderr}")
    print(f"{count} examples verified")


if __name__ == "__main__":
    main()
