#!/usr/bin/python3
"""A very long prompt on a small model: the certified memory to the byte, the same logits in other chunks, time as certified.

    long_context.py --bin DIR --cache DIR [--tokens 262144]

Times are printed beside what the certificate counts, never held against it.
"""

import json
import os
import sys

import checkpoints
import engine

CHUNKS = (1024, 1000)
CONTEXT = 1048576


def certified(tools, plan, tokens, chunk):
    """Bytes of a session for one sequence of that length."""
    memory = json.loads(tools.call("v4-inspect", plan, f"--memory=context:{tokens},sequences:1,tokens:{chunk}",
                                   "--json").stdout)["memory"]
    return memory["arena_bytes"] + memory["step_bytes"] + memory["cache_bytes"]


def flops(tools, plan, context):
    """Of one token that sees `context`."""
    return json.loads(tools.call("v4-inspect", plan, f"--cost=context:{context}", "--json").stdout)["cost"]["flops_per_token"]


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--tokens", type=int, default=262144)
    args = parser.parse_args()
    tools = engine.Tools(args.bin)
    checkpoint = checkpoints.make(os.path.join(os.path.abspath(args.cache), "checkpoints", "main-long"), "tiny", 1,
                                  {"max_position_embeddings": CONTEXT})
    plan = checkpoints.plan(tools, args.cache, checkpoint, f"--max-context={CONTEXT}", f"--max-tokens={CHUNKS[0]}")
    found = {}
    for chunk in CHUNKS:
        found[chunk] = json.loads(tools.call("long-context", plan, args.tokens, chunk, timeout=3000).stdout)
        said = certified(tools, plan, args.tokens, chunk)
        assert found[chunk]["bytes"] == said, f"{found[chunk]['bytes']} bytes, --memory says {said}"
        print(f"{args.tokens} tokens in steps of {chunk}: {said} bytes, {sum(found[chunk]['seconds']):.1f} s", flush=True)
    for rows in ("logits", "mtp_logits"):
        assert len({f[rows] for f in found.values()}) == 1, f"the last {rows} depend on the chunk: {found}"
    part = args.tokens // 8
    base = flops(tools, plan, part // 2)
    print("eighth   microseconds a token   of the first   FLOP certified, of the first")
    seconds = found[CHUNKS[0]]["seconds"]
    for i, spent in enumerate(seconds):
        print(f"{i + 1:6d} {spent / part * 1e6:22.1f} {spent / seconds[0]:14.2f} "
              f"{flops(tools, plan, part // 2 + i * part) / base:14.2f}")


if __name__ == "__main__":
    sys.exit(main())
