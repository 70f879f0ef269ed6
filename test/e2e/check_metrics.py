#!/usr/bin/python3
"""The golden checks themselves: the reference passes them, each planted mistake fails them.

    check_metrics.py --bin DIR --cache DIR [--models csa --lengths 300 --variants NAME,...] [--print]

Without a choice this takes one layer and a short main prompt, which shows in
seconds that a check can fail.
"""

import os
import sys

import checkpoints
import goldens
import metrics
import reference_result
from compare import ACCEPTED, MISTAKES, load
from reference import Model, Options

# Model and prompt on which each mistake shows; one layer is enough for most.
WHERE = {"no_sinkhorn": ("main", 5), "comb_transposed": ("main", 5)}


def evaluate(cache, model_name, lengths, options):
    """Checks of the reference under `options`."""
    checkpoint = checkpoints.standard(cache, model_name)
    golden = load(os.path.join(goldens.SET_A, model_name + ".safetensors"))
    model, config = Model(checkpoint, options), checkpoints.config(checkpoint)
    checks, counts = [], []
    for length in lengths or metrics.prompt_lengths(golden):
        g = metrics.tensors_of(golden, length)
        result = reference_result.run(model, g["prompt"], g["greedy"][:-1], "mtp_logits" in g)
        found, count = metrics.compare_prompt(result, golden, model_name, length, config["num_hash_layers"])
        checks += found
        counts.append(count)
    return checks + metrics.check_agreement(model_name, counts)


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--models")
    parser.add_argument("--lengths")
    parser.add_argument("--variants")
    args = parser.parse_args()
    lengths = [int(v) for v in args.lengths.split(",")] if args.lengths else None
    cases = {**{k: Options(**v) for k, v in ACCEPTED.items()},
             **{k: Options(mistakes=frozenset([k])) for k in MISTAKES}}
    wanted = args.variants.split(",") if args.variants else ["f32", *MISTAKES]
    failed = []
    for name in wanted:
        model, length = WHERE.get(name, ("csa", 300))
        models = args.models.split(",") if args.models else [model]
        for model in models:
            checks = evaluate(args.cache, model, lengths or (None if args.models else [length]), cases[name])
            violations = metrics.print_table(f"{model}, reference with {name}", checks)
            if (violations > 0) != (name in MISTAKES):
                failed.append(f"{name} on {model}: {violations} limits violated")
    if failed:
        sys.exit("; ".join(failed))
    print("the reference passes, every planted mistake is caught")


if __name__ == "__main__":
    main()
