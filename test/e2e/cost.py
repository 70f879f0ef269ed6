#!/usr/bin/python3
"""What v4-inspect --cost certifies is what v4-bench --profile and a session count, launch by launch.

    cost.py --bin DIR --cache DIR [--models main,mini]
"""

import json
import os
import sys
import tempfile

import checkpoints
import engine
from expectations import Expectations


def certified(tools, plan, context):
    """FLOP and bytes of a decoded token by kernel, of the launches that a session without MTP runs."""
    document = json.loads(tools.call("v4-inspect", plan, f"--cost=context:{context}", "--json").stdout)
    sums = {}
    for launch in document["cost_launches"]:
        if launch["group"] == "main":
            entry = sums.setdefault(launch["kernel"], [0, 0, 0])
            entry[0] += 1
            entry[1] += launch["flops"]
            entry[2] += launch["weight_bytes"] + launch["cache_bytes"] + launch["activation_bytes"]
    return document, sums


def measured(tools, plan, context):
    """The same of one decoded token at that position. On a filled cache, the traced step comes behind a warm-up and a
    repetition of one token each."""
    depth = context - 3 if context > 1 else 0
    profile = json.loads(tools.call("v4-bench", plan, "-p", 0, "-n", 1, "-d", depth, "-r", 1, "--profile", "-o", "json").stdout)[0]
    sums = {}
    for launch in profile["launches"]:
        runs = launch["launches_per_step"]
        entry = sums.setdefault(launch["kernel"], [0, 0, 0])
        for i, value in enumerate((1, launch["flop"], launch["bytes"])):
            entry[i] += value * runs
    return sums


def check_launches(tools, plan, context):
    """Every kernel's counts, to rounding of the averages."""
    document, said = certified(tools, plan, context)
    found = measured(tools, plan, context)
    assert said.keys() == found.keys(), said.keys() ^ found.keys()
    for kernel, counts in said.items():
        for what, a, b in zip(("launches", "FLOP", "bytes"), counts, found[kernel]):
            assert abs(a - b) <= 1e-9 * max(a, b), f"{kernel} at {context}: certified {a} {what}, measured {b}"
    return document


def check_parts(document):
    """The model's products are those of its launches: nothing is lost or counted twice by a fusion."""
    parts = {part["part"]: part for part in document["cost_parts"] if part["group"] == "main"}
    dots = sum(part["flops_per_token"] for name, part in parts.items() if name != "mhc")
    # Launches also count the stream mixes and three operations for each index score; parts count all mixes.
    total = document["cost"]["flops_per_token"]
    launches = sum(launch["flops"] for launch in document["cost_launches"] if launch["group"] == "main")
    assert dots <= launches <= total * 1.05, (dots, launches, total)
    for key in ("parameters", "active_parameters", "stored_bytes"):
        assert sum(part[key] for part in parts.values()) == document["cost"][key], key


def check_allocated(tools, plan):
    """Full sequences take the cache that a session is certified to take, which test e2e.memory compares with sessions."""
    document = json.loads(tools.call("v4-inspect", plan, "--json").stdout)
    program, memory = document["program"], document["memory"]
    # Room for drafts behind the context.
    held = program["max_context"] + program["max_draft"]
    cost = json.loads(tools.call("v4-inspect", plan, f"--cost=context:{held}", "--json").stdout)["cost"]
    assert cost["cache_bytes_per_sequence"] * memory["sequences"] == memory["cache_bytes"], (cost, memory)


def check_report(tools, cache):
    """The compiler's report says of the plan what the plan says of itself, with times on the device asked for."""
    with tempfile.TemporaryDirectory() as scratch:
        plan, path = os.path.join(scratch, "a.v4plan"), os.path.join(scratch, "report.json")
        tools.compile(checkpoints.standard(cache, "plain"), plan, f"--report={path}", "--device=h200")
        with open(path, encoding="utf-8") as f:
            report = json.load(f)
        said = json.loads(tools.call("v4-inspect", plan, "--cost", "--device=h200", "--json").stdout)
    for view in ("cost", "cost_parts", "cost_launches", "against_v3_2", "roofline"):
        assert report[view] == said[view], (view, report[view], said[view])


def check_flags(expect, plan):
    """Mistakes of the user."""
    for flag in ("--cost=context", "--cost=tokens:1", "--cost=context:0", "--cost=context:-1"):
        expect.refused(flag, "v4-inspect", [plan, flag], ["expected context:N"], 1)
    expect.refused("unknown device", "v4-inspect", [plan, "--cost", "--device=abacus"], ["abacus", "h200"], 1)
    expect.refused("device without times", "v4-inspect", [plan, "--device=h200"], ["--cost, --diff or --html"], 1)


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--models", default="main")
    args = parser.parse_args()
    tools = engine.Tools(args.bin)
    for name in args.models.split(","):
        checkpoint = checkpoints.make_named(args.cache, name)
        plan = checkpoints.plan(tools, args.cache, checkpoint)
        # A chunk of 4, of 128, of neither.
        for context in (1, 60, 127, 128, 1000):
            document = check_launches(tools, plan, context)
            check_parts(document)
        check_allocated(tools, plan)
        print(f"{name}: {document['cost']['flops_per_token'] * 1e-6:.2f} MFLOP a token at {context}")
    roofline = json.loads(tools.call("v4-inspect", plan, "--cost", "--device=h200", "--json").stdout)["roofline"]
    # Sums of the same terms in another order.
    assert 0 < roofline["bandwidth_seconds"] <= 1.000001 * roofline["launch_floor_seconds"] and "NVIDIA" in roofline["source"], roofline
    check_report(tools, args.cache)
    expect = Expectations(tools)
    check_flags(expect, plan)
    return 1 if expect.failures else 0


if __name__ == "__main__":
    sys.exit(main())
