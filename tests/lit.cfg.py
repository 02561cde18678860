# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
# How lit runs the tests of this tree: every tool by its name, FileCheck and upstream's tools from LLVM's folder.
import os
import subprocess
import lit.formats

config.name = "weft"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".weft", ".test"]
config.excludes = ["Inputs", "lit.cfg.py", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.weft_build, "tests", "lit")

path = [os.path.join(config.weft_build, "bin"), config.llvm_tools, os.path.dirname(config.python), os.environ["PATH"]]
config.environment["PATH"] = os.pathsep.join(path)
config.environment["HOME"] = config.test_exec_root
config.environment["XDG_CACHE_HOME"] = os.path.join(config.weft_build, "tests", "cache")
config.environment["PYTHONPATH"] = os.path.join(config.test_source_root, "support")
config.substitutions.append(("%python", config.python))
config.substitutions.append(("%shared", os.path.join(config.weft_source, "..", "shared")))
config.substitutions.append(("%llvm_tools", config.llvm_tools))
config.substitutions.append(("%build", config.weft_build))
config.substitutions.append(("%source", config.weft_source))
if os.path.isdir(os.path.join(config.weft_source, "..", "shared")):
    config.available_features.add("shared-data")
config.available_features.add("asserts")


def mounts_disks():
    """Whether tests may mount small file systems, in a namespace of their own."""
    try:
        command = ["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


if mounts_disks():
    config.available_features.add("small-disks")
