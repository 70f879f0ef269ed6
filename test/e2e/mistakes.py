#!/usr/bin/python3
"""Every planted mistake of the reference, built into the compiler, violates a golden limit.

    mistakes.py --bin DIR --cache DIR [--only NAME,...]

`v4-compile --plant-mistake=NAME` exists for this test alone.
"""

import os
import sys

import check_metrics
import checkpoints
import engine
import goldens
import metrics
from compare import MISTAKES, load


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--only")
    args = parser.parse_args()
    tools, missed = engine.Tools(args.bin), []
    for name in args.only.split(",") if args.only else MISTAKES:
        model, length = check_metrics.WHERE.get(name, ("csa", 300))
        checkpoint = checkpoints.standard(args.cache, model)
        plan = checkpoints.plan(tools, args.cache, checkpoint, f"--plant-mistake={name}")
        golden = load(os.path.join(goldens.SET_A, model + ".safetensors"))
        checks = goldens.check_model(tools, plan, golden, model, checkpoints.config(checkpoint), [length])
        broken = [c for c in checks if not c.ok]
        if not broken:
            missed.append(name)
            metrics.print_table(f"{model} with {name}: not caught", checks)
        for c in broken[:1]:
            print(f"{name:18} caught on {model} p{length}: {c.name} {c.value:.4f}, limit {c.limit:.4f}", flush=True)
    if missed:
        sys.exit("not caught: " + ", ".join(missed))


if __name__ == "__main__":
    main()
