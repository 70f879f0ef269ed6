#!/usr/bin/python3
"""Speculation changes no greedy token and no row, and sampled tokens follow the model.

    speculation.py --bin DIR --cache DIR [--models main,mini] [--prompts 10] [--seeds 3]

Greedy runs with --draft=1, 2 and 3 are compared with --draft=0 in tokens, logits and MTP logits; so are runs that
accept nearly all drafts, since no token is likelier than another, with one that is fed their tokens. With a temperature,
each token is turned into a number that is uniform when the token has the distribution of the row in front of it; a
chi-square test over 20 equal bins must not refuse that at p = 0.0001.
"""

import json
import os
import sys
import tempfile

import numpy as np

import checkpoints
import engine
from make_goldens import random_prompt

DEPTHS, GENERATED, SAMPLED, BINS = (1, 2, 3), 12, 400, 20
CHI_SQUARE_LIMIT = 50.8  # p = 0.0001 at 19 degrees of freedom
# Around the edges of chunks, windows and pages, where rounds of drafts cross them.
LENGTHS = (1, 2, 3, 4, 60, 61, 63, 64, 117, 120, 124, 126, 127, 128, 129, 200, 247, 250, 255, 256)


def checkpoint_of(cache, name):
    """A model of `checkpoints`, or another preset of the generator."""
    if name in checkpoints.MODELS:
        return checkpoints.standard(cache, name)
    return checkpoints.make(os.path.join(os.path.abspath(cache), "checkpoints", name), name, 1, {})


def run(tools, plan, work, prompt, depth, flags):
    """Tokens, logits, MTP logits and the counts of one run."""
    tokens, logits, mtp = (os.path.join(work, name) for name in ("prompt", "logits.npy", "mtp.npy"))
    engine.write_tokens(tokens, prompt)
    done = tools.call("v4-run", plan, f"--tokens-file={tokens}", f"--logits-out={logits}", f"--mtp-logits-out={mtp}",
                      f"--draft={depth}", "--json", *flags)
    return json.loads(done.stdout), np.load(logits), np.load(mtp)


def same_bits(left, right):
    """Whether two arrays of f32 are the same bits."""
    return left.shape == right.shape and np.array_equal(left.view(np.uint32), right.view(np.uint32))


def check_greedy(tools, plan, vocabulary, prompts):
    """Number of runs that differ from the one without drafts."""
    wrong = drafted = accepted = 0
    for number in range(prompts):
        prompt = random_prompt(1000 + number, LENGTHS[number % len(LENGTHS)] + number // len(LENGTHS), 0, vocabulary)
        flags = ["-n", GENERATED, "--ignore-eos"] + (["--debug-placement"] if number % 5 == 4 else [])
        with tempfile.TemporaryDirectory() as work:
            plain = run(tools, plan, work, prompt, 0, flags)
            for depth in DEPTHS:
                found = run(tools, plan, work, prompt, depth, flags)
                drafted, accepted = drafted + found[0]["drafted"], accepted + found[0]["accepted"]
                for what, same in (("tokens", found[0]["tokens"] == plain[0]["tokens"]),
                                   ("logits", same_bits(found[1], plain[1])),
                                   ("MTP logits", same_bits(found[2], plain[2]))):
                    if not same:
                        print(f"prompt {number} of {len(prompt)} tokens, --draft={depth}: other {what}")
                        wrong += 1
    print(f"greedy: {prompts} prompts, {drafted} drafts, {accepted} accepted, {wrong} differences", flush=True)
    return wrong


def check_accepted(tools, plan, vocabulary, prompts):
    """Number of runs with other rows than a run without drafts that is fed the same tokens."""
    wrong = drafted = accepted = 0
    for number in range(prompts):
        prompt, depth = random_prompt(2000 + number, LENGTHS[number % len(LENGTHS)], 0, vocabulary), 1 + number % 3
        with tempfile.TemporaryDirectory() as work:
            flags = ["-n", 3 * GENERATED, "--ignore-eos", "--temperature=1e9", f"--seed={number}"]
            result, logits, mtp = run(tools, plan, work, prompt, depth, flags)
            plain = tools.run_prompt(plan, prompt, result["tokens"], mtp=True, probes=False, work=work)
        drafted, accepted = drafted + result["drafted"], accepted + result["accepted"]
        # The last MTP row goes by a token that is drawn behind the end.
        if not same_bits(logits, plain.logits) or not same_bits(mtp[:-1], plain.mtp_logits[:-1]):
            print(f"prompt {number} of {len(prompt)} tokens, --draft={depth}: other rows")
            wrong += 1
    print(f"accepted: {prompts} prompts, {drafted} drafts, {accepted} accepted, {wrong} differences", flush=True)
    return wrong + (2 * accepted < drafted)


def uniforms(logits, tokens, seed):
    """For each token, a uniform number when it was drawn from softmax(logits)."""
    logits = logits.astype(np.float64)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    ends = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)
    rows = np.arange(len(tokens))
    high = ends[rows, tokens]
    low = np.where(np.array(tokens) > 0, ends[rows, np.array(tokens) - 1], 0)
    return low + np.random.default_rng(seed).random(len(tokens)) * (high - low)


def check_sampled(tools, plan, vocabulary, seeds):
    """Number of seeds whose tokens do not follow the model."""
    wrong = drafted = accepted = 0
    for seed in range(seeds):
        prompt, depth, temperature = random_prompt(seed, 7, 0, vocabulary), DEPTHS[seed % 3], 1 + 7 * (seed % 2)
        with tempfile.TemporaryDirectory() as work:
            result, logits, _ = run(tools, plan, work, prompt, depth,
                                    ["-n", SAMPLED, "--ignore-eos", f"--temperature={temperature}", f"--seed={seed}"])
        tokens = result["tokens"]
        values = uniforms(logits[len(prompt) - 1:len(prompt) - 1 + len(tokens)] / temperature, tokens, seed)
        counts = np.histogram(values, BINS, (0, 1))[0]
        expected = len(tokens) / BINS
        chi_square = float(((counts - expected) ** 2).sum() / expected)
        drafted, accepted = drafted + result["drafted"], accepted + result["accepted"]
        if chi_square > CHI_SQUARE_LIMIT or len(tokens) != SAMPLED:
            print(f"seed {seed}, --draft={depth}: chi-square {chi_square:.1f} of {len(tokens)} tokens")
            wrong += 1
    print(f"sampled: {seeds} seeds, {drafted} drafts, {accepted} accepted, {wrong} seeds refused", flush=True)
    return wrong + (accepted == 0)


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--models", default="main")
    parser.add_argument("--prompts", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    tools, wrong = engine.Tools(args.bin), 0
    for name in args.models.split(","):
        checkpoint = checkpoint_of(args.cache, name)
        plan = checkpoints.plan(tools, args.cache, checkpoint, "--max-draft=3")
        vocabulary = checkpoints.config(checkpoint)["vocab_size"]
        print(f"{name}:")
        wrong += check_greedy(tools, plan, vocabulary, args.prompts)
        wrong += check_accepted(tools, plan, vocabulary, args.prompts)
        wrong += check_sampled(tools, plan, vocabulary, args.seeds)
    if wrong:
        sys.exit(f"{wrong} runs with drafts differ from what the model says")


if __name__ == "__main__":
    main()
