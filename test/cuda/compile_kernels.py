#!/usr/bin/python3
"""Compiles the tensor-core kernels for sm_90a: no spills, resources within limits, the instructions that must be there.

    compile_kernels.py PRINT_INSTANCES ROOT (small|large)

Ends with 77 where there is no nvcc.
"""

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

from float_atomics import float_atomics

SHARED_BYTES = 227 * 1024
PARTS = 2
PROCESSOR_SHARED_BYTES, RESERVED_BYTES = 228 * 1024, 1024  # The latter are of each block.
# Registers of a thread with which two blocks fit a processor, of what counts on it (codegen/cuda/kernels/README.md).
TWO_BLOCKS = {"splitFp8Linear_16_": 168, "splitFp8Linear_64_": 168, "splitBf16Linear_16_": 168,
              "splitBf16Linear_64_": 168, "expertProduct_8_": 96, "expertProduct_16_": 96,
              "attendRows_512_64_1": 128}


def find_nvcc():
    """nvcc of CUDA_HOME or CUDA_PATH, of the usual place where neither is set, or of PATH."""
    homes = [os.environ[name] for name in ("CUDA_HOME", "CUDA_PATH") if os.environ.get(name)] or ["/usr/local/cuda"]
    places = [os.path.join(home, "bin", "nvcc") for home in homes]
    return next((place for place in places if os.path.exists(place)), None) or shutil.which("nvcc")


def bodies(ptx):
    """{kernel: its PTX}."""
    return {part.split("(")[0].strip(): part for part in ptx.split(".entry")[1:]}


def check(source, ptx, said):
    """Findings about one compiled source; prints one line for each kernel."""
    wrong, ptx = [], bodies(ptx)
    # What ptxas says of a kernel follows its name.
    figures = dict(re.findall(r"Compiling entry function '(\w+)'(.*?)(?=Compiling entry|\Z)", said, re.DOTALL))
    wrong += [line for line in said.splitlines() if "serializ" in line or "warning" in line.lower()]
    for name, shared, must in re.findall(r"^// instance (\w+) shared (\d+) must (.*)$", source, re.MULTILINE):
        text = figures.get(name, "")
        used = re.search(r"Used (\d+) registers", text)
        print(f"{name}: {used.group(1) if used else '?'} registers, {shared} bytes of shared memory")
        if not used:
            wrong.append(f"{name}: no figures")
        if re.search(r"[1-9]\d* bytes (stack|spill)", text):
            wrong.append(f"{name}: {' '.join(text.split())}")
        most = [count for prefix, count in TWO_BLOCKS.items() if name.startswith(prefix)]
        if used and most and (int(used.group(1)) > most[0] or
                              2 * (int(shared) + RESERVED_BYTES) > PROCESSOR_SHARED_BYTES):
            wrong.append(f"{name}: two blocks do not fit a processor, with at most {most[0]} registers a thread they would")
        if int(shared) > SHARED_BYTES:
            wrong.append(f"{name}: {shared} bytes of shared memory, at most {SHARED_BYTES}")
        wrong += [f"{name}: {m} is missing" for m in must.split(",") if m not in ptx.get(name, "")]
        wrong += [f"{name}: {a}, expected sums in a fixed order" for a in float_atomics(ptx.get(name, ""))]
    return wrong


def compile_part(nvcc, part):
    """Findings about one part of the instances."""
    source = subprocess.run([sys.argv[1], sys.argv[3], str(part), str(PARTS)], stdout=subprocess.PIPE, text=True, check=True).stdout
    if "// instance" not in source:
        return []
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "kernels.cu")
        with open(file, "w", encoding="utf-8") as f:
            f.write(source)
        done = subprocess.run([nvcc, "-std=c++17", "-arch=sm_90a", "-cubin", "--keep", "--keep-dir", folder, "-Xptxas", "-v",
                               "-I", sys.argv[2], file, "-o", os.path.join(folder, "kernels.cubin")],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            return [done.stdout]
        with open(os.path.join(folder, "kernels.ptx"), encoding="utf-8") as f:
            return check(source, f.read(), done.stdout)


def main():
    nvcc = find_nvcc()
    if not nvcc:
        print("no nvcc: skipped")
        return 77
    with concurrent.futures.ThreadPoolExecutor(PARTS) as pool:
        wrong = sum(pool.map(lambda part: compile_part(nvcc, part), range(PARTS)), [])
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
