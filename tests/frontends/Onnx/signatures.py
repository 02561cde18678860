# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""A misspelt attribute would otherwise be as if it had not been given, and the network another one: what the standard says
an operation takes, `frontends/Onnx/Signatures.def`, is what the onnx package says.

    signatures.py frontends/Onnx/Signatures.def [--write]"""
import sys
from pathlib import Path

from onnx import defs

HEAD = """// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What the standard lets an operation take in any of the operation sets 7 to 25: the most inputs (0: any number) and the
// attributes. Written by `tests/frontends/Onnx/signatures.py --write` from the onnx package, and compared with it.
"""


def rows():
    """operation: (most inputs, attributes) over all operation sets that are read."""
    found = {}
    for name in {schema.name for schema in defs.get_all_schemas_with_history() if schema.domain == ""}:
        schemas = [defs.get_schema(name, version) for version in range(7, 26) if defs.has(name, version)]
        if schemas:
            most = max(schema.max_input for schema in schemas)
            found[name] = (most if most < 1000 else 0, sorted(set().union(*(schema.attributes for schema in schemas))))
    return found


def main():
    path = Path(sys.argv[1])
    wanted = HEAD + "".join(f'SIGNATURE("{name}", {most}, "{" ".join(attributes)}")\n' for name, (most, attributes) in sorted(rows().items()))
    if "--write" in sys.argv:
        path.write_text(wanted)
    if path.read_text() != wanted:
        sys.exit(f"{path} differs from what the onnx package says; --write makes it anew")
    print(f"{len(rows())} operations take what the onnx package says")


if __name__ == "__main__":
    main()
