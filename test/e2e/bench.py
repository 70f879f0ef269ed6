#!/usr/bin/python3
"""v4-bench on a compiled plan: costs of the plan explain what the steps read. No time is compared with anything.

    bench.py --bin DIR --cache DIR
"""

import json
import os
import tempfile

import checkpoints
import engine


def check_made_up(tools, checkpoint, given):
    """Where a plan has no weights, made-up ones measure the same work: logits are finite, or v4-bench fails."""
    with tempfile.TemporaryDirectory() as scratch:
        plan = os.path.join(scratch, "none.v4plan")
        tools.compile(checkpoint, plan, "--weights=none")
        flags = ("-r", 1, "-p", 100, "-n", 8, "-b", "1,8", "-o", "json")
        rows = json.loads(tools.call("v4-bench", plan, "--made-up-weights", *flags).stdout)
        assert [row["test"] for row in rows] == ["pp100", "tg8"] * 2, rows
        cold = json.loads(tools.call("v4-bench", plan, "--made-up-weights", "--cold", "-r", 1, "-o", "json").stdout)
        assert cold[0]["seconds"]["min"] > 0, cold
        # As many experts are chosen as with real weights, about.
        real = json.loads(tools.call("v4-bench", given, *flags).stdout)
        for row, other in zip(rows, real):
            assert 0.8 < row["bytes_per_token"] / other["bytes_per_token"] < 1.25, (row, other)
        for arguments, code, words in (((plan,), 3, "cannot run"),
                                       ((given, "--made-up-weights"), 1, "has weights of its own"),
                                       ((plan, "--made-up-weights", "--weights=x"), 1, "excludes")):
            done = tools.call("v4-bench", *arguments, expect=code)
            assert words in done.stderr and done.stderr.count("\n") == 1, (arguments, done.stderr)


def main():
    """Command line."""
    args = checkpoints.common_arguments(__doc__).parse_args()
    tools = engine.Tools(args.bin)
    plan = checkpoints.plan(tools, args.cache, checkpoints.standard(args.cache, "mixed"))

    def bench(*flags):
        return json.loads(tools.call("v4-bench", plan, "-r", 1, "-o", "json", *flags).stdout)

    weights = json.loads(tools.call("v4-inspect", plan, "--memory", "--json").stdout)["memory"]["weights_bytes"]
    one, eight = bench("-p", 0, "-n", 8, "-b", "1,8")
    print(f"{one['bytes_per_token']:.0f} bytes a token alone, {eight['bytes_per_token']:.0f} in a batch of 8, "
          f"{weights} bytes of weights")
    # A token reads its experts and all that is no expert; eight tokens share what is no expert.
    assert weights / 20 < one["bytes_per_token"] < weights, one
    assert one["bytes_per_token"] / 8 < eight["bytes_per_token"] < one["bytes_per_token"], eight
    profile = bench("-p", 0, "-n", 8, "--profile")[0]
    kinds = {launch["layers"] for launch in profile["launches"]}
    assert kinds == {"-", "window", "csa", "hca"}, kinds
    silent = [launch["kernel"] for launch in profile["launches"] if launch["launches_per_step"] < 1]
    assert not silent, silent
    heavy = max(profile["launches"], key=lambda launch: launch["bytes"])
    assert heavy["flop"] > 0 and heavy["floor_seconds"] > 0, heavy
    prompt = bench("-p", 100, "-n", 0, "--profile")[0]
    assert prompt["steps"] == 1 and prompt["launches_per_step"] == profile["launches_per_step"], prompt
    check_made_up(tools, checkpoints.standard(args.cache, "mixed"), plan)


if __name__ == "__main__":
    main()
