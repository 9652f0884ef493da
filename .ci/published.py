#!/usr/bin/env python3
"""Checks what a release publishes.

    published.py differences REPOSITORY REPOSITORY   two repositories hold the same bytes; otherwise names files and entries of jars
    published.py jars REPOSITORY                     each module has all its files, a correct manifest, and its notices
    published.py notices BOM...                      THIRD-PARTY.md lists the libraries of these CycloneDX files and their licences

Exits with 1 if a check fails.
"""

import json
import pathlib
import re
import sys
import zipfile

LIBRARIES = {
    "core": "org.conceptclip.core",
    "cpu": "org.conceptclip.backend.cpu",
    "cuda": "org.conceptclip.backend.cuda",
    "demo": "org.conceptclip.demo",
    "report": "org.conceptclip.report",
    "explain": "org.conceptclip.explain",
    "bench": "org.conceptclip.bench",
}
# Libraries whose pom says "BSD License" without its kind: what their licence files say.
LICENCES = {"org.jline": "BSD-3-Clause"}
# Maven's index of versions contains the time of day.
INDEX = re.compile(r"maven-metadata\.xml")
CHECKSUM = re.compile(r"\.(md5|sha1|sha256|sha512)$")


def files(repository):
    root = pathlib.Path(repository)
    return {str(file.relative_to(root)): file for file in sorted(root.rglob("*"))
            if file.is_file() and not INDEX.search(file.name) and not CHECKSUM.search(file.name)}


def entries(jar):
    with zipfile.ZipFile(jar) as archive:
        return {e.filename: (f"CRC {e.CRC:08x}", e.date_time, oct(e.external_attr >> 16)) for e in archive.infolist()}


def differences(one, other):
    first, second = files(one), files(other)
    if not first:
        yield f"{one} holds no files"
    for name in sorted(first.keys() | second.keys()):
        if name not in first or name not in second:
            yield f"{name}: in one build only"
        elif first[name].read_bytes() != second[name].read_bytes():
            yield f"{name}: differs"
            if name.endswith(".jar"):
                left, right = entries(first[name]), entries(second[name])
                changed = [entry for entry in sorted(left.keys() | right.keys()) if left.get(entry) != right.get(entry)]
                yield from (f"  {entry}: {left.get(entry)}, {right.get(entry)}" for entry in changed[:5])
                if len(changed) > 5:
                    yield f"  ... and {len(changed) - 5} more entries"
                if not changed:
                    yield "  the same entries, in another order or compressed otherwise"


def manifest(jar):
    with zipfile.ZipFile(jar) as archive:
        text = archive.read("META-INF/MANIFEST.MF").decode().replace("\r\n", "\n").replace("\n ", "")
        licensed = {"META-INF/LICENSE", "META-INF/THIRD-PARTY.md"} <= set(archive.namelist())
    return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line), licensed


def jars(repository):
    published = files(repository)
    for module, name in LIBRARIES.items():
        kinds = {}
        for file in published:
            match = re.fullmatch(rf"org/conceptclip/conceptclip-{module}/([^/]+)/conceptclip-{module}-\1(.*)", file)
            if match:
                kinds[match[2]] = published[file]
        for kind in (".jar", "-sources.jar", "-javadoc.jar", "-cyclonedx.json", ".pom"):
            if kind not in kinds:
                yield f"conceptclip-{module}: no {kind} among {sorted(kinds)}"
        if ".jar" in kinds:
            attributes, licensed = manifest(kinds[".jar"])
            if attributes.get("Automatic-Module-Name") != name:
                yield f"conceptclip-{module}: Automatic-Module-Name is {attributes.get('Automatic-Module-Name')}, expected {name}"
            if "Class-Path" in attributes:
                yield f"conceptclip-{module}: the manifest has a Class-Path, which a library must not have: {attributes['Class-Path']}"
            if not licensed:
                yield f"conceptclip-{module}: no META-INF/LICENSE or META-INF/THIRD-PARTY.md"


def licences(component):
    for group, licence in LICENCES.items():
        if component["group"].startswith(group):
            return licence
    names = [entry["license"].get("id") or entry["license"]["name"] if "license" in entry else entry["expression"]
             for entry in component.get("licenses", [])]
    return " or ".join(names)


def notices(*boms):
    expected = set()
    for bom in boms:
        for component in json.loads(pathlib.Path(bom).read_text()).get("components", []):
            if component["group"] != "org.conceptclip":
                expected.add(f"| {component['group']}:{component['name']} | {component['version']} | {licences(component)} |")
    if not expected:
        yield f"no libraries in {boms}"
    page = pathlib.Path("THIRD-PARTY.md")
    table = page.read_text().split("\n## ")[1]
    listed = {row[0] for row in re.finditer(r"^\| [\w.-]+:[\w.-]+ \| [^|]+ \| [^|]+ \|", table, re.MULTILINE)}
    yield from (f"{page}: lacks the row  {row}" for row in sorted(expected - listed))
    yield from (f"{page}: has a row that is no dependency  {row}" for row in sorted(listed - expected))


def main(arguments):
    checks = {"differences": (differences, 2, 2), "jars": (jars, 1, 1), "notices": (notices, 1, 99)}
    check, least, most = checks.get(arguments[0] if arguments else None, (None, 0, 0))
    if not least <= len(arguments) - 1 <= most or check is None:
        sys.exit(__doc__)
    found = list(check(*arguments[1:]))
    for line in found:
        print(f"{arguments[0]}: {line}", file=sys.stderr)
    sys.exit(1 if found else 0)


main(sys.argv[1:])
