#!/usr/bin/python3
"""The counts of the real configurations and of small twins, compiled without weights: what v4-inspect --cost prints.

    cost_flash.py --bin DIR --cache DIR

Every figure is compared with one written down here, and with a second computation (model_counts.py).
"""

import json
import os
import sys
import tempfile

import checkpoints
import engine
import model_counts

CONFIGS = os.path.join(engine.ROOT, "test", "configs")
GIGA = 1e9
# Flags, what the twin changes in the configuration (the first layer of each kind stays, then the first others), and
# the figures at contexts 4096, 131072 and 1048576.
MODELS = {
    "flash": ("flash", [], {}, {
        "parameters": 284332240471, "active_parameters": 13270101591, "mtp_parameters": 6610048891,
        "checkpoint_bytes": 159609485896, "cache_bytes_per_token": 3514.25}, ("29.12", "42.64", "140.35")),
    "pro": ("pro", [], {}, {
        "parameters": 1572997201763, "active_parameters": 48852402019, "mtp_parameters": 25840145979,
        "checkpoint_bytes": 864704792696, "cache_bytes_per_token": 5031.4375}, ("108.60", "132.27", "303.26")),
    "flash twin": ("flash", ["--shrink=layers:4,experts:8"],
                   {"num_hidden_layers": 4, "n_routed_experts": 8, "num_hash_layers": 2,
                    "compress_ratios": [0, 4, 128, 4, 0]}, {
        "parameters": 2438781165, "active_parameters": 1707923693, "mtp_parameters": 367908483,
        "checkpoint_bytes": 3444686144, "cache_bytes_per_token": 330.5625}, ("3.66", "4.83", "13.28")),
    "pro twin": ("pro", ["--shrink=layers:6,experts:16"],
                 {"num_hidden_layers": 6, "n_routed_experts": 16, "num_hash_layers": 3,
                  "compress_ratios": [128, 128, 4, 128, 4, 128, 0]}, {
        "parameters": 10492450169, "active_parameters": 5602153849, "mtp_parameters": 1527321803,
        "checkpoint_bytes": 10522083408, "cache_bytes_per_token": 344.25}, ("12.01", "14.09", "29.13")),
}


def read_config(name):
    """One of the configurations kept beside the tests."""
    with open(os.path.join(CONFIGS, name + "-config.json"), encoding="utf-8") as f:
        return json.load(f)


def cost(tools, plan, context):
    """All views of --cost."""
    return json.loads(tools.call("v4-inspect", plan, f"--cost=context:{context}", "--json").stdout)


def check_model(tools, name, plan, config, figures, gflops):
    """One configuration at three contexts."""
    import make_checkpoint
    tensors = make_checkpoint.Inventory(config, 1).tensors
    for i, context in enumerate((4096, 131072, 1048576)):
        found = cost(tools, plan, context)["cost"]
        computed = model_counts.counts(config, tensors, context)
        assert {key: found[key] for key in computed} == computed, (name, context, found, computed)
        assert {key: found[key] for key in figures} == figures, (name, context, found)
        assert f"{found['flops_per_token'] / GIGA:.2f}" == gflops[i], (name, context, found["flops_per_token"])


def check_flash(tools, plan):
    """What is published or was computed of the real model beyond totals."""
    totals = cost(tools, plan, 4096)["cost"]
    assert totals["mtp_active_parameters"] == 318592891, totals
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


def check_pro(tools, plan):
    """Published: 10 % of V3.2's cache, 27 % of its FP8-equivalent FLOPs."""
    row = cost(tools, plan, 1048576)["against_v3_2"][0]
    assert f"{row['cache_percent']:.2f}" == "10.47" and f"{row['fp8_equivalent_percent']:.0f}" == "27", row
    assert f"{row['flops_percent']:.2f}" == "26.19", row


def main():
    """Command line."""
    args = checkpoints.common_arguments(__doc__).parse_args()
    tools = engine.Tools(args.bin)
    with tempfile.TemporaryDirectory(dir=args.cache) as scratch:
        for name, (source, flags, changes, figures, gflops) in MODELS.items():
            plan = os.path.join(scratch, name.replace(" ", "-") + ".v4plan")
            tools.compile(os.path.join(CONFIGS, source + "-config.json"), plan, "--weights=none",
                          "--max-context=1048576", "--target=cpu:x86-64-v3", *flags)
            check_model(tools, name, plan, {**read_config(source), **changes}, figures, gflops)
            if name in ("flash", "pro"):
                (check_flash if name == "flash" else check_pro)(tools, plan)
            print(f"{name} counts as it should", flush=True)


if __name__ == "__main__":
    sys.exit(main())
