#!/usr/bin/python3
"""v4-inspect --diff: equal plans are equal, and what an option changes is found.

    diff_plans.py --bin DIR --cache DIR
"""

import json
import os
import sys
import tempfile

import bad_plans
import checkpoints
import engine
from expectations import Expectations


def differences(tools, a, b, *flags):
    """Rows of --diff, as sets of fields by view."""
    same = a == b
    done = tools.call("v4-inspect", "--diff", a, b, "--json", *flags, expect=0 if same else 2)
    views = {}
    for row in json.loads(done.stdout)["differences"]:
        assert row["a"] != row["b"], row
        views.setdefault(row["view"], set()).add(row["field"])
    return views


def renamed_part(plan, target):
    """A copy whose metadata alone differs, in a name that no view shows; all hashes are right."""
    data = bad_plans.renamed(bytearray(engine.read(plan)), {b"routed_experts": b"routed_expertz"})
    with open(target, "wb") as file:
        file.write(data)
    return target


def main():
    """Command line."""
    args = checkpoints.common_arguments(__doc__).parse_args()
    tools = engine.Tools(args.bin)
    mixed = checkpoints.standard(args.cache, "mixed")
    plan = checkpoints.plan(tools, args.cache, mixed)
    assert not differences(tools, plan, plan)

    smaller = differences(tools, plan, checkpoints.plan(tools, args.cache, mixed, "--max-sequences=4"))
    assert smaller["program"] == {"max_sequences"} and "cache_bytes" in smaller["memory"], smaller
    assert not {"schedule", "kernels", "weights", "hashes"} & set(smaller), smaller

    # Without a fusion there are more launches, kernels and buffers; weights stay.
    unfused = differences(tools, plan, checkpoints.plan(tools, args.cache, mixed, "--disable-pass=v4-fuse-attention"),
                          "--device=h200")
    assert unfused["program"] == {"options"} and unfused["schedule"] == {"launch"}, unfused
    assert "present" in unfused["kernels"] and "code" in unfused["hashes"] and "weights" not in unfused["hashes"], unfused

    # Another model takes another time, on whatever device.
    small = checkpoints.plan(tools, args.cache, checkpoints.standard(args.cache, "plain"))
    for flags in ((), ("--device=h200",)):
        slower = differences(tools, plan, small, *flags)
        assert {"launch_floor_seconds", "tokens_per_second"} <= slower["roofline"] and "device" not in slower["roofline"], flags

    other = checkpoints.make(mixed + "-2", "tiny", 2, checkpoints.MODELS["mixed"])
    weights = differences(tools, plan, checkpoints.plan(tools, args.cache, other))
    assert set(weights) == {"hashes"} and "weights" in weights["hashes"], weights

    with tempfile.TemporaryDirectory() as scratch:
        external = os.path.join(scratch, "external.v4plan")
        tools.compile(mixed, external, "--weights=external")
        outside = differences(tools, plan, external)
        assert outside["container"] == {"required_features"} and "weights" not in outside, outside
        part = renamed_part(plan, os.path.join(scratch, "part.v4plan"))
        tools.call("v4-verify", part)
        assert differences(tools, plan, part) == {"hashes": {"metadata"}}

    expect = Expectations(tools)
    expect.refused("a table for people", "v4-inspect", ["--diff", plan, checkpoints.plan(tools, args.cache, other)], ["fields differ"], 2)
    expect.refused("one plan", "v4-inspect", ["--diff", plan], ["two plans"], 1)
    expect.refused("two plans without --diff", "v4-inspect", [plan, plan], ["two plans"], 1)
    expect.refused("an absent plan", "v4-inspect", ["--diff", plan, plan + ".absent"], ["absent"], 1)
    expect.refused("with a view", "v4-inspect", ["--diff", plan, plan, "--kernels"], ["leave the views out"], 1)
    return 1 if expect.failures else 0


if __name__ == "__main__":
    sys.exit(main())
