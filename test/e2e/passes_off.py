#!/usr/bin/python3
"""Goldens and bits with each optional pass off in turn: no result may hang on a fusion.

    passes_off.py --bin DIR --cache DIR [--passes v4-fuse-attention,...] [--models main] [--lengths 300]

The names come from v4-compile itself, so that a new pass is here too.
"""

import os
import subprocess
import sys
import tempfile

import checkpoints
import engine
import goldens
import invariance
import metrics
from compare import load
from make_goldens import random_prompt

SPLITS = (("--chunk=7", "--threads=3"), ("--chunk=128", "--threads=1"))


def optional_passes(tools):
    """Names that --disable-pass takes, from the sentence that refuses another one."""
    done = subprocess.run([tools.path("v4-compile"), "nothing", "-o", "nothing.v4plan", "--disable-pass=?"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", timeout=60, check=False)
    names = done.stdout.strip().rpartition("expected one of: ")[2].split(", ")
    if done.returncode != 1 or len(names) < 5:
        sys.exit(f"v4-compile --disable-pass=? says: {done.stdout.strip()}")
    return names


def same_bits(tools, plan, config):
    """Flags of SPLITS whose files differ from those of a run without flags."""
    prompt, failed = random_prompt(31, 150, 0, config["vocab_size"]), []
    with tempfile.TemporaryDirectory() as scratch:
        first = os.path.join(scratch, "first")
        invariance.run(tools, plan, first, prompt, ())
        for number, flags in enumerate(SPLITS):
            folder = os.path.join(scratch, str(number))
            invariance.run(tools, plan, folder, prompt, flags)
            if invariance.differences(first, folder):
                failed.append(" ".join(flags))
    return failed


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--passes")
    parser.add_argument("--models", default="main")
    parser.add_argument("--lengths", default="300")
    args = parser.parse_args()
    tools, violations, bits = engine.Tools(args.bin), 0, []
    lengths = [int(v) for v in args.lengths.split(",")]
    for name in args.passes.split(",") if args.passes else optional_passes(tools):
        for model in args.models.split(","):
            checkpoint = checkpoints.standard(args.cache, model)
            flag = "--disable-pass=" + name
            plan = checkpoints.plan(tools, args.cache, checkpoint, flag)
            config = checkpoints.config(checkpoint)
            golden = load(os.path.join(goldens.SET_A, model + ".safetensors"))
            violations += metrics.print_table(f"{model} {flag}",
                                              goldens.check_model(tools, plan, golden, model, config, lengths))
            bits += [f"{model} {flag} {split}" for split in same_bits(tools, plan, config)]
            os.remove(plan)
    if violations or bits:
        sys.exit(f"{violations} limits violated; bits differ in {len(bits)} runs: {'; '.join(bits)}")
    print("all limits hold, all bits are the same")


if __name__ == "__main__":
    main()
