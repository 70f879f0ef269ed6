#!/usr/bin/python3
"""The counts of the real configuration, from a checkpoint of holes: what the compiler counts and v4-inspect prints.

    cost_flash.py --bin DIR --cache DIR

The plan's weights are stand-ins of a few bytes: tensors are replaced in the module of the schedule phase. Everything
that is counted comes from the ops in front of that phase.
"""

import json
import os
import re
import shutil
import sys
import tempfile

import checkpoints
import engine
import sparse_checkpoint

STAND_IN = ('{bytes = 8192 : i64, element = bf16, in_tables = false, layout = "row_major", recipe = "copy", '
            'shape = array<i64: 4096>, sources = ["norm.weight"]}')
GIGA = 1e9


def plan_with_stand_ins(tools, folder, target):
    """Compiles a checkpoint folder up to a plan that holds the kernels, the cache and the counts, but no real weight."""
    module, small = os.path.join(target, "schedule.mlir"), os.path.join(target, "stand-ins.mlir")
    tools.call("v4-compile", folder, "--max-context=1048576", "--target=cpu:x86-64-v3", "--compile-to=schedule", "-o", module)
    with open(module, encoding="utf-8") as f:
        text, count = re.subn(r"(plan\.weight @[\w.\"]+ )\{.*\}", lambda m: m.group(1) + STAND_IN, f.read())
    assert count > 100, count
    with open(small, "w", encoding="utf-8") as f:
        f.write(text)
    plan = os.path.join(target, "flash.v4plan")
    tools.call("v4-compile", small, "--compile-from=schedule", f"--checkpoint={folder}", "-o", plan)
    return plan


def cost(tools, plan, context):
    """All views of --cost."""
    return json.loads(tools.call("v4-inspect", plan, f"--cost=context:{context}", "--json").stdout)


def check_flash(tools, plan, stored):
    """Figures of the model as published and as computed by hand (specification, section 1)."""
    totals = cost(tools, plan, 4096)["cost"]
    expected = {"parameters": 284332240471, "active_parameters": 13270101591, "mtp_parameters": 6610048891,
                "mtp_active_parameters": 318592891, "checkpoint_bytes": 159609485896, "cache_bytes_per_token": 3514.25}
    found = {key: totals[key] for key in expected}
    assert found == expected and stored == expected["checkpoint_bytes"], found
    for context, gflop in ((4096, "29.12"), (131072, "42.64"), (1048576, "140.35")):
        flops = cost(tools, plan, context)["cost"]["flops_per_token"]
        assert f"{flops / GIGA:.2f}" == gflop, (context, flops)
    row = cost(tools, plan, 1048576)["against_v3_2"][0]
    assert (f"{row['cache_percent']:.2f}", f"{row['fp8_equivalent_percent']:.2f}") == ("7.31", "10.10"), row
    assert f"{row['v3_2_flops'] / GIGA:.1f}" == "1157.7" and row["v3_2_cache_bytes_per_token"] == 48068, row
    parts = {part["part"]: part for part in cost(tools, plan, 131072)["cost_parts"] if part["group"] == "main"}
    table = {"attention": 9.198, "core_attention": 4.815, "compressors": 0.520, "indexers": 0.451, "index_scores": 11.274,
             "gates": 0.090, "routed_experts": 12.986, "shared_experts": 2.164, "head": 1.059}
    for name, gflop in table.items():
        assert abs(parts[name]["flops_per_token"] / GIGA - gflop) < 0.0006, (name, parts[name])
    # Launches, fused as they are, read the active weights.
    assert 11.2e9 < totals["weight_bytes_per_token"] < 11.3e9, totals


def main():
    """Command line."""
    args = checkpoints.common_arguments(__doc__).parse_args()
    tools = engine.Tools(args.bin)
    with tempfile.TemporaryDirectory(dir=args.cache) as scratch:
        folder = os.path.join(scratch, "flash")
        stored = sparse_checkpoint.write(folder, "flash", {})
        plan = plan_with_stand_ins(tools, folder, scratch)
        shutil.copy(plan, os.path.join(args.cache, "flash-stand-ins.v4plan"))
        check_flash(tools, plan, stored)
    print("the real configuration counts as it should")


if __name__ == "__main__":
    sys.exit(main())
