#!/usr/bin/env python3
"""Copies a jar without what a linux-x86_64 GPU machine never loads: natives of other platforms, CUDA bindings that are not ours, headers.

    slim_jar.py SOURCE TARGET

Entries are stored, not deflated: the archive around the jars compresses them better. Names, order and dates depend on the source alone.
Folders have no entries, as in many jars: a program has to find its resources by name, and the dry run proves that ours does.
Exits with 1 when a jar has none of the natives that it is known to carry: then its layout has changed and the lists below are stale.
"""

import pathlib
import re
import sys
import zipfile

DATE = (1980, 1, 1, 0, 0, 0)

# Jar name -> entries to leave out, and what must remain. A rule for a jar that the program no longer has does nothing.
RULES = [
    (
        r"leptonica-.*-linux-x86_64",
        r"org/bytedeco/leptonica/linux-x86_64/(?!libleptonica\.so)",
        r"org/bytedeco/leptonica/linux-x86_64/libleptonica\.so\.6",
    ),
    (
        # Each of cuBLAS, cuDNN, NPP, ... has a binding of its own; the runtime's and cuBLAS's (with cuBLASLt's) are all that we call.
        r"cuda-.*-linux-x86_64",
        r"org/bytedeco/cuda/linux-x86_64/(?!libjnicudart|libjnicublas)",
        r"org/bytedeco/cuda/linux-x86_64/libjnicudart\.so",
    ),
    (r"(dnnl|opencl|javacpp)-.*-linux-x86_64", r"org/bytedeco/\w+/linux-x86_64/include/", r"org/bytedeco/\w+/linux-x86_64/lib.*\.so"),
]


def rule(jar):
    for name, drop, keep in RULES:
        if re.match(name, jar):
            return drop, keep
    return None, None


def slim(source, target):
    drop, keep = rule(source.name)
    kept = set()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for entry in old.infolist():
            if entry.is_dir() or (drop and re.match(drop, entry.filename)):
                continue
            kept.add(entry.filename)
            new.writestr(zipfile.ZipInfo(entry.filename, DATE), old.read(entry))
    if keep and not any(re.match(keep, name) for name in kept):
        raise SystemExit(f"{source}: no entry {keep} remains; this jar's layout is not what slim_jar.py knows")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: slim_jar.py SOURCE TARGET")
    slim(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
