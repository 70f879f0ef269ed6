#!/usr/bin/python3
"""Compiling is reproducible, and every phase can be the last one and the one to continue from.

    reproducible.py --bin DIR --cache DIR [--models main,mixed]
"""

import os
import shutil
import sys
import tempfile

import checkpoints
import engine

PHASES = ("import", "graph", "quant", "lower", "schedule", "codegen")


def twice(tools, checkpoint, scratch):
    """Compiles in two folders with one and two jobs; returns a plan or raises."""
    plans = []
    for jobs in (1, 2):
        folder = os.path.join(scratch, f"with-{jobs}-jobs")
        os.makedirs(folder)
        # Neither the name of the checkpoint's folder nor the working directory may show in the plan.
        shutil.copytree(checkpoint, os.path.join(folder, f"copy-{jobs}"))
        tools.call("v4-compile", f"copy-{jobs}", "-o", f"engine-{jobs}.v4plan", f"-j{jobs}", cwd=folder)
        plans.append(os.path.join(folder, f"engine-{jobs}.v4plan"))
    if engine.read(plans[0]) != engine.read(plans[1]):
        raise AssertionError("two compilations give different plans")
    return plans[0]


def through(tools, checkpoint, phase, plan, scratch):
    """Stops after a phase, verifies what it printed, continues to the same plan, with the code of kernels kept on the way."""
    kept = f"--kernel-cache={scratch}/kernels"
    module, once, again, continued = (os.path.join(scratch, phase + end) for end in (".mlir", ".1.mlir", ".2.mlir", ".v4plan"))
    tools.call("v4-compile", checkpoint, f"--compile-to={phase}", "-o", module, kept)
    # --verify-roundtrip parses twice in one context, where the code's resource would get a second name.
    tools.call("v4-opt", module, "-o", once, *(["--verify-roundtrip"] if phase != "codegen" else []))
    tools.call("v4-opt", once, "-o", again)
    if engine.read(once) != engine.read(again):
        raise AssertionError(f"the module of {phase} changes when it is printed and parsed again")
    tools.call("v4-compile", module, f"--compile-from={phase}", f"--checkpoint={checkpoint}", "-o", continued, kept)
    if engine.read(continued) != engine.read(plan):
        raise AssertionError(f"continued from {phase}, the plan is another one")


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--models", default="main,mixed")
    args = parser.parse_args()
    tools = engine.Tools(args.bin)
    for model in args.models.split(","):
        checkpoint = checkpoints.standard(args.cache, model)
        with tempfile.TemporaryDirectory() as scratch:
            plan = twice(tools, checkpoint, scratch)
            print(f"{model}: two compilations are identical", flush=True)
            if model != "mixed":
                continue
            for phase in PHASES:
                through(tools, checkpoint, phase, plan, scratch)
                print(f"{model}: {phase} verifies and continues to the same plan", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
