#!/usr/bin/python3
"""Runs a test as on a CPU of the highest level: what the CPU lacks of bf16 and tiles is emulated (EmulatedCpu.cpp).

    run_emulated.py LIBRARY [--level LEVEL] [--native PROBE] -- COMMAND...

LEVEL becomes V4_TEST_LEVEL. Ends with 77 where the instructions that nothing emulates are missing, and where PROBE (the
test of the emulation) finds that the CPU has no bf16 at all, flag or none: products that are emulated one by one take
hours then.
"""

import argparse
import os
import subprocess
import sys

# Of cpu:x86-64-v4-bf16, but what EmulatedCpu.cpp adds.
NEEDED = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx512_vnni", "avx512ifma", "avx512vbmi",
          "avx512_vbmi2", "avx512_bitalg", "avx512_vpopcntdq"}


def why_not(probe):
    """What this CPU lacks for the test, or ""."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        flags = next((line.split(":")[1].split() for line in f if line.startswith("flags")), [])
    missing = NEEDED - set(flags)
    if missing:
        return f"this CPU lacks {', '.join(sorted(missing))}"
    if probe and "[  SKIPPED ]" in subprocess.run([probe, "--gtest_filter=*GiveTheBitsOfTheCpu"], check=True,
                                                  stdout=subprocess.PIPE, encoding="utf-8").stdout:
        return "this CPU has no products of bf16"
    return ""


def main():
    """Command line."""
    parser = argparse.ArgumentParser(usage="run_emulated.py LIBRARY [--level LEVEL] [--native PROBE] -- COMMAND...")
    if "--" not in sys.argv[:-1]:
        parser.error("no command to run, expected one behind --")
    split = sys.argv.index("--")
    parser.add_argument("library")
    parser.add_argument("--level")
    parser.add_argument("--native")
    args = parser.parse_args(sys.argv[1:split])
    reason = why_not(args.native)
    if reason:
        print("skipped: " + reason)
        return 77
    environment = {**os.environ, "LD_PRELOAD": args.library, **({"V4_TEST_LEVEL": args.level} if args.level else {})}
    return os.execvpe(sys.argv[split + 1], sys.argv[split + 1:], environment)


if __name__ == "__main__":
    sys.exit(main())
