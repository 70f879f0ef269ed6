#!/usr/bin/python3
"""Launches that run together give the bits that they give one after the other.

    overlap.py --bin DIR --cache DIR
"""

import json
import sys

import numpy as np

import checkpoints
import engine

PROMPT = [(7 * i * i + 3) % 500 for i in range(150)]
OFF = "--disable-pass=v4-overlap-launches"


def together(tools, plan):
    """Launches without a barrier, and all of them."""
    schedule = json.loads(tools.call("v4-inspect", plan, "--schedule", "--json").stdout)["schedule"]
    return sum(not launch["barrier"] for launch in schedule), len(schedule)


def main():
    """Command line."""
    args = checkpoints.common_arguments(__doc__).parse_args()
    tools = engine.Tools(args.bin)
    checkpoint = checkpoints.standard(args.cache, "mixed")
    plans = [checkpoints.plan(tools, args.cache, checkpoint, *flags) for flags in ((), (OFF,))]
    (joined, launches), (rest, same) = (together(tools, plan) for plan in plans)
    print(f"{joined} of {launches} launches run with the one in front of them, {rest} without the pass")
    if joined < launches // 4 or rest or launches != same:
        sys.exit("expected a quarter or more of the launches, and none without the pass")
    for threads in (1, 2, 3):
        results = [tools.run_prompt(plan, PROMPT, PROMPT[:20], [f"--threads={threads}"], mtp=True) for plan in plans]
        for name in ("logits", "mtp_logits"):
            if not np.array_equal(*(getattr(result, name).view(np.uint32) for result in results)):
                sys.exit(f"{name} differ with {threads} threads")
        if any(not np.array_equal(results[0].streams[i], results[1].streams[i]) for i in results[0].streams):
            sys.exit(f"probes differ with {threads} threads")


if __name__ == "__main__":
    main()
