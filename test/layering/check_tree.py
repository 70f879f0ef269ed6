#!/usr/bin/python3
"""Checks the source tree: who includes whom, pass records, file sizes, names.

    check_tree.py [ROOT]

Prints one line per finding and ends with 1 if there is any. Takes a second;
needs nothing built.
"""

import os
import re
import subprocess
import sys

SOURCE = (".h", ".hpp", ".cpp", ".td", ".inc")
COUNTED = SOURCE + (".py", ".cu", ".cuh")
FOLDERS = ("codegen", "compiler", "dialects", "passes", "runtime", "test", "tools", "examples")
MAX_LINES = 600
BANNED = re.compile(r"(utils?|helpers?|common|misc|managers?)$", re.IGNORECASE)
# Spelt apart, so that a search for such marks does not find this line.
MARK = re.compile(r"\b(" + "|".join(a + b for a, b in (("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("HA", "CK"))) + r")\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
FOREIGN = {"mlir": "mlir", "mlir-c": "mlir", "llvm": "llvm", "llvm-c": "llvm", "lld": "lld", "clang": "clang"}


def tracked(root):
    """Files under version control or about to be, relative to `root`."""
    done = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if done.returncode == 0 and done.stdout:
        names = done.stdout.decode().split("\0")
        return sorted(n for n in names if n and os.path.isfile(os.path.join(root, n)))
    names = []
    for folder in FOLDERS:
        for path, _, files in os.walk(os.path.join(root, folder)):
            names += [os.path.relpath(os.path.join(path, f), root) for f in files]
    return sorted(names)


def read(root, name):
    """Text of one file."""
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as f:
        return f.read()


def parse_layers(text):
    """[(folder, allowed entries)], longest folder first."""
    table = []
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if line:
            folder, allowed = line.split(":")
            table.append((folder.strip(), allowed.split()))
    return sorted(table, key=lambda row: -len(row[0]))


def within(name, folder):
    """Whether `name` is `folder` or lies in it."""
    return name == folder or name.startswith(folder + "/")


def resolve(name, target, files):
    """The tree's own name of an included file, or the foreign project, or None (system)."""
    first = target.split("/")[0]
    beside = os.path.normpath(os.path.join(os.path.dirname(name), target))
    if beside in files:
        return beside
    if target in files or first in FOLDERS:
        return target
    if f"runtime/include/{target}" in files:
        return f"runtime/include/{target}"
    return FOREIGN.get(first)


def check_includes(name, text, layers, files):
    """Findings about the includes of one file."""
    row = next((r for r in layers if within(name, r[0])), None)
    if not row:
        return []
    folder, allowed = row
    found = []
    for match in INCLUDE.finditer(text):
        target = resolve(name, match.group(2), files)
        if target and not any(within(target, entry) for entry in allowed):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{name}:{line}: {folder}/ may not include {match.group(2)} (allowed: {', '.join(allowed)})")
    return found


def kebab(camel):
    """fuse-csa-indexer of FuseCsaIndexer."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", camel).lower()


def check_record(root, files, listing, record, flag):
    """One pass record has its file, its flag and its lit test."""
    stem = record.removesuffix("Pass")
    test = kebab(stem) + ".mlir"
    if flag != "v4-" + kebab(stem):
        yield f"{listing}: {record} has the flag {flag}, expected v4-{kebab(stem)}"
    if not any(n.startswith(("passes/", "codegen/")) and os.path.basename(n) == stem + ".cpp" for n in files):
        yield f"{listing}: {record} has no file {stem}.cpp"
    tests = [n for n in files if n.startswith("test/") and os.path.basename(n) == test]
    if not tests:
        yield f"{listing}: {record} has no lit test {test} under test/"
    elif not any(flag in read(root, n) for n in tests):
        yield f"{tests[0]}: does not run --{flag}"


def check_passes(root, files):
    """Every pass record of every list of passes."""
    found = []
    for listing in sorted(n for n in files if n.endswith("Passes.td")):
        records = re.findall(r'^def\s+(\w+)\s*:\s*\w*Pass\w*<\s*"([^"]+)"', read(root, listing), re.MULTILINE)
        for record, flag in records:
            found += check_record(root, files, listing, record, flag)
    return found


def check_file(root, name):
    """Findings about size, name, head and marks of one file."""
    found, stem = [], os.path.splitext(os.path.basename(name))[0]
    if name.startswith("test/reference/"):
        return found
    if name.endswith(COUNTED) and BANNED.search(stem):
        found.append(f"{name}: the name {stem} says nothing, name the thing")
    if not name.endswith(COUNTED + (".sh", ".fbs", ".txt", ".cmake")):
        return found
    text = read(root, name)
    lines = text.count("\n")
    if name.endswith(COUNTED) and lines > MAX_LINES:
        found.append(f"{name}: {lines} lines, at most {MAX_LINES}; split it by subsystem")
    if name.endswith((".h", ".hpp", ".cpp", ".td")) and "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception" not in text[:700]:
        found.append(f"{name}: the licence head is missing (see runtime/plan/Format.h)")
    for match in MARK.finditer(text):
        found.append(f"{name}:{text.count(chr(10), 0, match.start()) + 1}: finish it, or put it into an issue: {match.group(0)}")
    return found


def check(root):
    """All findings."""
    names = tracked(root)
    files, layers, found = set(names), parse_layers(read(root, "test/layering/layers.txt")), []
    for name in names:
        found += check_file(root, name)
        if name.endswith(SOURCE):
            found += check_includes(name, read(root, name), layers, files)
    return found + check_passes(root, files)


def main():
    """Command line."""
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    found = check(os.path.abspath(root))
    for line in found:
        print(line)
    print(f"{len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
