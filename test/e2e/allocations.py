#!/usr/bin/python3
"""A decode step allocates nothing: generating 200 tokens calls the allocator as often as generating 8.

    allocations.py --bin DIR --cache DIR --counter libcount_allocations.so
"""

import os
import sys
import tempfile

import checkpoints
import engine

# v4-run itself keeps the generated tokens, in arrays that grow a few times.
ALLOWED = 8


def count(tools, plan, counter, generated):
    """Allocations of one whole run."""
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "count")
        tools.call("v4-run", plan, "--tokens=1,2,3", "-n", generated, "--ignore-eos",
                   env={"LD_PRELOAD": os.path.abspath(counter), "V4_ALLOCATIONS": path})
        with open(path, encoding="ascii") as f:
            return int(f.read())


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--counter", required=True)
    args = parser.parse_args()
    tools = engine.Tools(args.bin)
    plan = checkpoints.plan(tools, args.cache, checkpoints.standard(args.cache, "mixed"))
    few, many = (count(tools, plan, args.counter, n) for n in (8, 200))
    print(f"{few} allocations for 8 tokens, {many} for 200 tokens")
    if few == 0:
        sys.exit("the counter was not loaded")
    if many - few > ALLOWED:
        sys.exit(f"192 further tokens cost {many - few} allocations, allowed {ALLOWED} for the list of tokens")


if __name__ == "__main__":
    main()
