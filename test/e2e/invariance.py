#!/usr/bin/python3
"""The same prompt gives the same bits for every chunk size, and on CPUs for every thread count and placement.

    invariance.py --bin DIR --cache DIR [--model main] [--length 300]
"""

import itertools
import os
import sys
import tempfile

import numpy as np

import checkpoints
import engine
from make_goldens import random_prompt

CHUNKS, THREADS, GENERATED = (1, 7, 64, 128, 1000), (1, 2, 3), 4
# Rows of a step choose the tiles of a GPU; its runs have one thread of the host.
GPU_CHUNKS = (1, 7, 9, 17, 64, 65, 128, 1000)


def run(tools, plan, folder, prompt, flags, env=None, mtp=True, count=GENERATED):
    """Runs into `folder`: logits, MTP logits of a plan that has some, and probes."""
    os.makedirs(folder)
    engine.write_tokens(folder + ".tokens", prompt)
    tools.call("v4-run", plan, f"--tokens-file={folder}.tokens", "-n", count, "--ignore-eos",
               f"--logits-out={folder}.logits.npy", *[f"--mtp-logits-out={folder}.mtp.npy"] * mtp,
               f"--dump-probes={folder}", *flags, env=env)


def differences(left, right):
    """Names of output files that differ between two runs."""
    written = [s for s in (".logits.npy", ".mtp.npy") if os.path.exists(left + s) or os.path.exists(right + s)]
    return engine.same_files(left, right) + [s for s in written if engine.read(left + s) != engine.read(right + s)]


def computes_nothing(folder):
    """What computes nothing has equal bits too, and equal rows."""
    logits = np.load(folder + ".logits.npy")
    return not np.isfinite(logits).all() or len(np.unique(logits, axis=0)) <= len(logits) // 2


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--model", default="main")
    parser.add_argument("--length", type=int, default=300)
    parser.add_argument("--compile-flag", action="append", default=[])
    args = parser.parse_args()
    tools = engine.Tools(args.bin)
    checkpoint = checkpoints.standard(args.cache, args.model)
    plan = checkpoints.plan(tools, args.cache, checkpoint, *args.compile_flag)
    prompt = random_prompt(23, args.length, 0, checkpoints.config(checkpoint)["vocab_size"])
    variants = [("--load=copy",), ("--step-tokens=96",)]
    if any("cuda:" in flag for flag in args.compile_flag):
        variants += [(f"--chunk={c}",) for c in GPU_CHUNKS]
    else:
        variants += [(f"--chunk={c}", f"--threads={t}") for c, t in itertools.product(CHUNKS, THREADS)]
        variants.append(("--debug-placement",))
    failed = []
    with tempfile.TemporaryDirectory() as scratch:
        first = os.path.join(scratch, "first")
        has_mtp = checkpoints.config(checkpoint)["num_nextn_predict_layers"] > 0
        run(tools, plan, first, prompt, (), mtp=has_mtp)
        if not os.listdir(first):
            sys.exit("the run wrote no probes")
        if computes_nothing(first):
            sys.exit("rows of logits are all the same, or not finite: nothing is computed")
        for number, flags in enumerate(variants):
            folder = os.path.join(scratch, str(number))
            run(tools, plan, folder, prompt, flags, mtp=has_mtp)
            wrong = differences(first, folder)
            print(f"{' '.join(flags):30} {'identical' if not wrong else 'differs: ' + ', '.join(wrong[:6])}", flush=True)
            if wrong:
                failed.append(" ".join(flags))
    if failed:
        sys.exit(f"{len(failed)} of {len(variants)} runs differ")


if __name__ == "__main__":
    main()
