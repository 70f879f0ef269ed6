#!/usr/bin/python3
"""What a session takes is what v4-inspect --memory says, within 5 %.

    memory.py --bin DIR --cache DIR

Compares two sessions of one plan: what both take (code of the tool, weights, stacks) cancels out.
"""

import json
import sys

import checkpoints
import engine

SMALL, LARGE = (32, 32), (2048, 512)
SLACK = 1 << 20


def expected(tools, plan, context, tokens):
    """Bytes of arena and cache."""
    document = json.loads(tools.call("v4-inspect", plan, f"--memory=context:{context},sequences:1,tokens:{tokens}",
                                     "--json").stdout)["memory"]
    return document["arena_bytes"] + document["cache_bytes"]


def taken(tools, plan, context, tokens):
    """Peak of the resident memory of a session that fills its context."""
    rows = json.loads(tools.call("v4-bench", plan, "-p", context, "-n", 0, "-r", 1, f"--step-tokens={tokens}",
                                 "-o", "json").stdout)
    return rows[0]["peak_rss"]


def main():
    """Command line."""
    args = checkpoints.common_arguments(__doc__).parse_args()
    tools = engine.Tools(args.bin)
    plan = checkpoints.plan(tools, args.cache, checkpoints.standard(args.cache, "mixed"))
    said = expected(tools, plan, *LARGE) - expected(tools, plan, *SMALL)
    found = taken(tools, plan, *LARGE) - taken(tools, plan, *SMALL)
    print(f"--memory says {said} bytes more, the larger session took {found} more: {found / said:.3f}")
    if abs(found - said) > 0.05 * said + SLACK:
        sys.exit("more than 5 % and 1 MiB off")


if __name__ == "__main__":
    main()
