#!/usr/bin/python3
"""The compiled engine against golden results: prefill, decode, MTP, streams, selection, routing.

    goldens.py --bin DIR --cache DIR [--models main,swa] [--lengths 5,300]
               [--compile-flag=-O0 ...] [--run-flag=--debug-placement ...]
"""

import os
import sys

import checkpoints
import engine
import metrics
from compare import load

SET_A = os.path.join(engine.REFERENCE, "setA")


def check_model(tools, plan, golden, model, config, lengths=None, run_flags=()):
    """All checks of one model; decode feeds the golden tokens."""
    checks, counts = [], []
    for length in metrics.prompt_lengths(golden):
        if lengths and length not in lengths:
            continue
        g = metrics.tensors_of(golden, length)
        result = tools.run_prompt(plan, g["prompt"], g["greedy"][:-1], run_flags, mtp="mtp_logits" in g)
        found, count = metrics.compare_prompt(result, golden, model, length, config["num_hash_layers"])
        checks += found
        counts.append(count)
    return checks + metrics.check_agreement(model, counts)


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--models", default="main,swa,csa,hca,broad")
    parser.add_argument("--lengths")
    parser.add_argument("--compile-flag", action="append", default=[])
    parser.add_argument("--run-flag", action="append", default=[])
    args = parser.parse_args()
    tools, violations = engine.Tools(args.bin), 0
    lengths = [int(v) for v in args.lengths.split(",")] if args.lengths else None
    for model in args.models.split(","):
        checkpoint = checkpoints.standard(args.cache, model)
        plan = checkpoints.plan(tools, args.cache, checkpoint, *args.compile_flag)
        golden = load(os.path.join(SET_A, model + ".safetensors"))
        config = checkpoints.config(checkpoint)
        checks = check_model(tools, plan, golden, model, config, lengths, args.run_flag)
        if not checks:
            sys.exit(f"{model}: no golden prompt has a length of --lengths={args.lengths}")
        violations += metrics.print_table(" ".join([model, *args.compile_flag, *args.run_flag]), checks)
    if violations:
        sys.exit(f"{violations} limits violated")
    print("all limits hold")


if __name__ == "__main__":
    main()
