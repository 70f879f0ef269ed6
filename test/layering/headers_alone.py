#!/usr/bin/python3
"""Every header compiles alone, so that including it needs no other include first.

    headers_alone.py --build DIR FOLDER...

Takes the compiler and its options from compile_commands.json of the build;
runtime/include is checked as C too. A header that is the first include of a
source file of the build has stood alone there already: it is not compiled again.
"""

import argparse
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys


# Inline PTX and built-in variables: only nvcc reads it (test/cuda/compile_kernels.py does).
DEVICE_ONLY = ("DevicePtx.h",)


def commands(build):
    """{source folder: compile command without input and output}."""
    table = {}
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        for entry in json.load(f):
            words = [w for w in shlex.split(entry["command"]) if os.path.basename(w) != "ccache"]
            if not entry["file"].endswith(".cpp"):
                continue
            out = words.index("-o")
            kept = [w for i, w in enumerate(words) if i not in (out, out + 1) and w not in ("-c", entry["file"])]
            table.setdefault(os.path.dirname(entry["file"]), kept)
    return table


def first_includes(build, root):
    """The headers that come first in a source file which the build compiles."""
    found = set()
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        sources = {entry["file"] for entry in json.load(f)}
    for source in sources:
        if not source.startswith(root + os.sep) or not os.path.exists(source):
            continue
        with open(source, encoding="utf-8") as f:
            first = re.search(r'^[ \t]*#[ \t]*(?:include[ \t]+"([^"]+)"|\w)', f.read(), re.MULTILINE)
        if first and first.group(1):
            found.add(os.path.join(root, first.group(1)))
    return found


def command_for(header, table, root):
    """The command of the nearest folder that has one."""
    folder = os.path.dirname(header)
    while folder.startswith(root):
        for candidate in sorted(table):
            if candidate == folder or candidate.startswith(folder + os.sep):
                return table[candidate]
        folder = os.path.dirname(folder)
    raise KeyError(header)


def check(header, command, root, language="c++"):
    """The compiler's complaint about one header, or an empty string."""
    # A standard of C++ is not one of C.
    kept = [w for w in command if language == "c++" or not w.startswith("-std=")]
    done = subprocess.run([*kept, f"-I{root}", "-fsyntax-only", "-x", language, "-"], input=f'#include "{header}"\n',
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False)
    return f"{header} ({language}): {done.stdout}" if done.returncode else ""


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("folders", nargs="+")
    args = parser.parse_args()
    root = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    table, proven, jobs = commands(args.build), first_includes(args.build, root), []
    for folder in args.folders:
        for path, _, names in os.walk(os.path.join(root, folder)):
            for name in sorted(n for n in names if n.endswith((".h", ".hpp")) and n not in DEVICE_ONLY):
                header = os.path.join(path, name)
                command = command_for(header, table, root)
                if name.endswith(".hpp"):  # the C++ wrapper throws; the library behind it does not
                    command = [word for word in command if word not in ("-fno-exceptions", "-fno-rtti")]
                if header not in proven or "/runtime/include/" in header:
                    jobs.append((header, command, root, "c++"))
                if "/runtime/include/" in header and name.endswith(".h"):
                    jobs.append((header, command, root, "c"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = [c for c in pool.map(lambda job: check(*job), jobs) if c]
    print("\n".join(complaints), f"{len(jobs)} compilations beside {len(proven)} headers that come first in a source file, "
          f"{len(complaints)} headers do not stand alone", sep="")
    return 1 if complaints or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
