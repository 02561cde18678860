# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
# Argument: an IR compiled for the native target. It names tile registers exactly where the kernel lists them as a feature of
# the processor and grants them to a process.
import ctypes
import platform
import re
import sys


def granted():
    if platform.machine() != "x86_64" or not re.search(r"\bamx_bf16\b", open("/proc/cpuinfo").read()):
        return False
    arch_prctl, request, tile_data = 158, 0x1023, 18
    return ctypes.CDLL(None).syscall(arch_prctl, request, tile_data) == 0


named = "amx-bf16" in open(sys.argv[1]).read()
if named != granted():
    sys.exit(f"the target {'has' if named else 'lacks'} tile registers, but the system {'refuses' if named else 'grants'} them")
print("as the operating system says")
