#!/usr/bin/python3
"""v4-bench on a compiled plan: costs of the plan explain what the steps read. No time is compared with anything.

    bench.py --bin DIR --cache DIR
"""

import json

import checkpoints
import engine


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


if __name__ == "__main__":
    main()
