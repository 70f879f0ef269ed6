#!/usr/bin/python3
"""Checkpoints of random legal dimensions against goldens made on the spot.

    random_dims.py --bin DIR --cache DIR (--seeds 1,2,3 | --count N [--first SEED]) [--seconds S]

The limits follow the noise of each configuration: the reference runs with no
bf16 rounding at all and with f32 probabilities, which the specification accepts
as variants, and the engine may be 1.6 times as far from the golden as the
worse of them at its worst prompt. The ratio is the one between the published limits of the
fixed models and the same run on them (1.35 to 1.7). What is exact there
(embedding, hash routing, selection without a choice) is exact here.
"""

import hashlib
import json
import os
import shutil
import sys
import time

import numpy as np

import checkpoints
import engine
import metrics
import random_config
import reference_result
from make_goldens import random_prompt, run_prompt
from reference import Model, Options

STEPS, NOISE_FACTOR = 4, 1.6
# What noise of one run cannot measure: few tokens, few flips. An expert that flips in a model with one or two active
# experts moves its position's KL to about 1, so three flips among 250 positions are 0.012 of the mean (published limit: 0.03).
SLACK = {"KL": 0.012, "rel_median": 0.004, "sketch": 0.004, "recall": 0.03, "routing": 0.02, "route weights": 0.003}
EXACT = ("sketch 0", "all visible rows", "hash routing", "decode tokens missed")
# Error of the model `main` without bf16 rounding, for which the published margin of a clear token holds.
MAIN_NOISE = 0.048


def lengths_of(config):
    """A short prompt, one past most windows' start, one where the indexer must choose."""
    return [5, 67, max(150, 4 * config["index_topk"] + 60)]


def golden_of(checkpoint, seed, lengths, mtp):
    """Golden tensors of all prompts, in the form of a golden file."""
    model, golden = Model(checkpoint, Options(double=True)), {}
    for length in lengths:
        prompt = random_prompt(seed, length, 0, model.config["vocab_size"])
        tensors = run_prompt(model, prompt, STEPS, None, mtp)
        golden.update((f"p{length}.{k}", v) for k, v in tensors.items())
    return golden


def noise_of(checkpoint, golden, lengths, hash_layers):
    """{metric: worst value} of two accepted variants of the reference: no bf16 rounding, and f32 probabilities."""
    worst = {}
    for model in (Model(checkpoint, Options(bf16=False)), Model(checkpoint, Options(double=True, probs_f32=True))):
        for length in lengths:
            g = metrics.tensors_of(golden, length)
            result = reference_result.run(model, g["prompt"], g["greedy"][:-1], "mtp_logits" in g)
            for c in metrics.compare_prompt(result, golden, "main", length, hash_layers)[0]:
                pick = min if c.at_least else max
                worst[c.name] = pick(worst.get(c.name, c.value), c.value)
    return worst


def golden_and_noise(cache, checkpoint, seed):
    """Both, computed once and kept."""
    config = checkpoints.config(checkpoint)
    lengths, mtp = lengths_of(config), config["num_nextn_predict_layers"] > 0
    recipe = engine.read(__file__) + engine.read(os.path.join(engine.REFERENCE, "reference.py")) + engine.read(os.path.join(
        engine.REFERENCE, "make_checkpoint.py")) + json.dumps([config, lengths, STEPS, seed]).encode()
    path = os.path.join(cache, "goldens", hashlib.sha256(recipe).hexdigest()[:24])
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with checkpoints.locked(path):
        if not os.path.exists(path + ".json"):
            golden = golden_of(checkpoint, seed, lengths, mtp)
            noise = noise_of(checkpoint, golden, lengths, config["num_hash_layers"])
            np.savez(path + ".npz", **golden)
            with open(path + ".json", "w", encoding="ascii") as f:
                json.dump(noise, f)
    with open(path + ".json", encoding="ascii") as f:
        return dict(np.load(path + ".npz")), json.load(f), lengths


def rescale(check, noise):
    """Replaces the limit of a check by one that follows `noise`."""
    if check.name.startswith(EXACT):
        return
    slack = next((v for k, v in SLACK.items() if k in check.name), 0.0)
    floor = noise.get(check.name, 1.0 if check.at_least else 0.0)
    check.limit = 1 - (NOISE_FACTOR * (1 - floor) + slack) if check.at_least else NOISE_FACTOR * floor + slack


def clear_margin(noise):
    """The margin above which a token must be found: as on `main`, in proportion to this model's noise."""
    return metrics.CLEAR_DECODE * max(1.0, max(noise["rel_median"], noise["decode rel_median"]) / MAIN_NOISE)


def check_seed(tools, cache, seed):
    """Compiles and checks one configuration; returns the number of violations."""
    checkpoint = random_config.make(cache, seed)
    golden, noise, lengths = golden_and_noise(cache, checkpoint, seed)
    hash_layers, checks = checkpoints.config(checkpoint)["num_hash_layers"], []
    plan = checkpoints.plan(tools, cache, checkpoint)
    for length in lengths:
        g = metrics.tensors_of(golden, length)
        result = tools.run_prompt(plan, g["prompt"], g["greedy"][:-1], mtp="mtp_logits" in g)
        checks += metrics.compare_prompt(result, golden, "main", length, hash_layers, clear_margin(noise))[0]
    for check in checks:
        rescale(check, noise)
    return metrics.print_table(f"seed {seed}", checks), (checkpoint, plan)


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--seeds", help="these seeds, kept in the cache")
    parser.add_argument("--count", type=int, default=0, help="this many seeds, removed afterwards")
    parser.add_argument("--first", type=int, default=int(time.time()), help="the first of --count seeds")
    parser.add_argument("--seconds", type=float, default=1e9, help="start no configuration after this long")
    args = parser.parse_args()
    keep = [int(v) for v in args.seeds.split(",")] if args.seeds else []
    seeds, tools, failed, done, begin = keep + list(range(args.first, args.first + args.count)), engine.Tools(args.bin), [], 0, time.time()
    for seed in seeds:
        if time.time() - begin > args.seconds:
            break
        violations, made = check_seed(tools, args.cache, seed)
        done += 1
        if violations:
            failed.append(seed)
        if seed not in keep:
            remove(made)
    print(f"{done} of {len(seeds)} configurations checked")
    if failed:
        sys.exit(f"limits violated with the seeds {failed}; repeat one with --seeds")


def remove(made):
    """Deletes a checkpoint (and what it was converted from) and its plan."""
    checkpoint, plan = made
    for folder in {checkpoint, checkpoint.removesuffix("-bf16")}:
        shutil.rmtree(folder, ignore_errors=True)
    os.remove(plan)


if __name__ == "__main__":
    main()
