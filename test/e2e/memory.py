#!/usr/bin/python3
"""What a session takes is what v4-inspect --memory says: to the byte, and in resident memory within 5 %.

    memory.py --bin DIR --cache DIR [--random 1] [--draws 20] [--seed 1]

Sessions of random limits on the miniature model and on one of random dimensions. Resident memory compares two
sessions of one plan: what both take (code of the tool, weights, stacks) cancels out.
"""

import json
import sys

import checkpoints
import engine
import random_config

SMALL, LARGE = (32, 32), (2048, 512)
SLACK = 1 << 20


def expected(tools, plan, context, tokens):
    """Bytes of arena, step block and cache."""
    document = json.loads(tools.call("v4-inspect", plan, f"--memory=context:{context},sequences:1,tokens:{tokens}",
                                     "--json").stdout)["memory"]
    return document["arena_bytes"] + document["step_bytes"] + document["cache_bytes"]


def taken(tools, plan, context, tokens):
    """Peak of the resident memory of a session that fills its context."""
    rows = json.loads(tools.call("v4-bench", plan, "-p", context, "-n", 0, "-r", 1, f"--step-tokens={tokens}",
                                 "-o", "json").stdout)
    return rows[0]["peak_rss"]


def check_resident(tools, plan):
    """Whether two sessions differ by what is said."""
    said = expected(tools, plan, *LARGE) - expected(tools, plan, *SMALL)
    found = taken(tools, plan, *LARGE) - taken(tools, plan, *SMALL)
    print(f"--memory says {said} bytes more, the larger session took {found} more: {found / said:.3f}")
    return abs(found - said) <= 0.05 * said + SLACK


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--random", type=int, default=1, help="seed of the model of random dimensions")
    parser.add_argument("--draws", type=int, default=20, help="sessions on each model")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tools = engine.Tools(args.bin)
    for checkpoint in (checkpoints.standard(args.cache, "main"), random_config.make(args.cache, args.random)):
        plan = checkpoints.plan(tools, args.cache, checkpoint)
        print(tools.call("session-memory", plan, args.draws, args.seed).stdout.strip(), flush=True)
    if not check_resident(tools, checkpoints.plan(tools, args.cache, checkpoints.standard(args.cache, "mixed"))):
        sys.exit("more than 5 % and 1 MiB off")


if __name__ == "__main__":
    main()
