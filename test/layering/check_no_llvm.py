#!/usr/bin/python3
"""The runtime and its tools need nothing but the C and C++ libraries.

    check_no_llvm.py FILE...

Reads what each ELF file asks the dynamic linker for, and which symbols it
takes from elsewhere.
"""

import re
import subprocess
import sys

ALLOWED = re.compile(r"(libc|libm|libgcc_s|libstdc\+\+|libpthread|libdl|ld-linux-x86-64|libv4_runtime)\.so(\.\d+)*")
FORBIDDEN = re.compile(r"\b(llvm|mlir|lld|clang)::|\b(LLVM|mlir)[A-Z]\w+|\bsodium_|\bcrypto_\w+")


def output(*command):
    """Standard output of a command."""
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout


def check(path):
    """Findings about one file."""
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", output("readelf", "-dW", path))
    found = [f"{path}: needs {name}, allowed are libc, libm, libgcc_s, libstdc++ and libv4_runtime"
             for name in needed if not ALLOWED.fullmatch(name)]
    for line in output("nm", "-DC", "--undefined-only", path).splitlines():
        if FORBIDDEN.search(line):
            found.append(f"{path}: takes the symbol {line.split(maxsplit=1)[-1]} from elsewhere")
    if not needed:
        found.append(f"{path}: is no dynamically linked file, so this check proves nothing")
    print(f"{path}: needs {', '.join(needed)}")
    return found


def main():
    """Command line."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    found = [line for path in sys.argv[1:] for line in check(path)]
    print("\n".join(found) if found else "no foreign library")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
