#!/usr/bin/python3
"""The kernels that carry the arithmetic stay vectorised.

    vectorised.py --bin DIR --cache DIR [--objdump llvm-objdump]

Disassembles what `v4-compile --dump-kernels-to` writes. One form rule broken
(a plain float reduction, an unrolled lane loop) makes a kernel scalar and
several times slower while every value stays right, so nothing else notices.
"""

import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

import checkpoints
import engine

# Kernels by the op they are named after. Packed multiply-adds outnumber scalar ones.
PRODUCTS = ("linear", "expert_linear", "grouped_linear", "attention", "index_scores", "hc_post", "compress")
# Some packed ones: the few gates of hc_pre and hc_head are scalar, their long dot products must not be.
MIXED = ("hc_pre", "hc_head", "swiglu", "route", "hash_route", "rms_norm", "rope")
# Whole vectors.
WIDE = PRODUCTS + MIXED + ("quantize", "hadamard", "append_rows", "append_window", "top_k", "combine", "embed")
PACKED_FMA = re.compile(r"\bvf(?:n?m(?:add|sub))\d*ps\b|\bvdpbf16ps\b")
SCALAR_FMA = re.compile(r"\bvf(?:n?m(?:add|sub))\d*ss\b")
WIDE_REGISTER = re.compile(r"%[yz]mm\d")


def disassembly(folder, stem, objdump):
    """Assembly text of one kernel."""
    for ending in (".s", ".asm"):
        if os.path.exists(os.path.join(folder, stem + ending)):
            return engine.read(os.path.join(folder, stem + ending)).decode()
    done = subprocess.run([objdump, "-d", "--no-show-raw-insn", os.path.join(folder, stem + ".o")],
                          stdout=subprocess.PIPE, check=True, encoding="utf-8")
    return done.stdout


def op_of(stem):
    """`linear` of the kernel `linear_3`."""
    return re.sub(r"_\d+$", "", stem)


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--objdump", default=shutil.which("llvm-objdump-22") or "objdump")
    args = parser.parse_args()
    tools, seen, failed = engine.Tools(args.bin), collections.Counter(), []
    with tempfile.TemporaryDirectory() as scratch:
        kernels = os.path.join(scratch, "kernels")
        os.makedirs(kernels)
        # Without fusions every op has a kernel of its own name, by its decomposition.
        tools.call("v4-compile", checkpoints.standard(args.cache, "mixed"), "-o", os.path.join(scratch, "x.v4plan"), "-O0",
                   f"--dump-kernels-to={kernels}")
        stems = sorted({os.path.splitext(n)[0] for n in os.listdir(kernels) if n.endswith((".s", ".o", ".asm"))})
        for stem in stems:
            op, text = op_of(stem), disassembly(kernels, stem, args.objdump)
            packed, scalar = len(PACKED_FMA.findall(text)), len(SCALAR_FMA.findall(text))
            wide = len(WIDE_REGISTER.findall(text))
            seen[op] += 1
            verdict = ""
            if (op in PRODUCTS and scalar >= packed) or (op in MIXED and packed == 0):
                verdict = "NOT VECTORISED"
            elif op in WIDE and wide == 0:
                verdict = "NO WIDE REGISTER"
            if verdict:
                failed.append(stem)
            print(f"{stem:28} packed fma {packed:4}, scalar {scalar:4}, wide operands {wide:5} {verdict}")
    failed += [f"no kernel named {op}" for op in PRODUCTS + MIXED if not seen[op]]
    if failed:
        sys.exit("not vectorised: " + ", ".join(failed))


if __name__ == "__main__":
    main()
