#!/usr/bin/python3
"""Many requests in one v4-run --batch-file give what each gives alone: the same tokens and the same logits.

    batch_file.py --bin DIR --cache DIR [--model main] [--longest 280] [--requests 32] [--plan-tokens 16,512] [--seed 1]
                  [--compile-flag=--target=cuda:sm_90a] [--fake-cuda DIR]

Lengths are mixed and many prompts share beginnings. Order, step budgets, chunks
and cache sizes down to the least that holds the longest request are random. Greedy
requests draft now and then, and must give what they give without drafts; those
that are sampled always or never do, as the draws behind drafts are others. With --fake-cuda a driver plays
the GPU of the plan that --plan-tokens=default is, quickly where --compile-flag=--disable-pass=v4-choose-gpu-kernels
leaves out the templates; without ptxas the test is then skipped (exit code 77).
"""

import hashlib
import json
import os
import random
import re
import sys
import tempfile

import numpy as np

import checkpoints
import cuda
import cuda_kernels
import engine

MOST_GENERATED = 12


def make_requests(rng, count, longest, vocabulary, most_drafts):
    """Prompts that share beginnings, one of them as long as asked for."""
    stems = [[rng.randrange(vocabulary) for _ in range(longest)] for _ in range(3)]
    for i in (1, 2):
        cut = rng.choice([127, 128, 129, longest // 2])
        stems[i][:cut] = stems[0][:cut]
    requests = []
    for i in range(count):
        length = longest if i == 0 else max(1, int(longest * rng.random() ** (2 if longest > 1000 else 0.7)))
        if i % 8 == 1:
            length = min(longest, rng.choice([1, 2, 3, 4, 5, 63, 64, 65, 127, 128, 129, 255, 256, 257]))
        own = rng.randrange(0, min(length, 20) + 1)
        tokens = rng.choice(stems)[:length - own] + [rng.randrange(vocabulary) for _ in range(own)]
        requests.append({"id": f"r{i}", "tokens": tokens, "n": rng.randrange(1, MOST_GENERATED + 1),
                         "ignore_eos": rng.random() < 0.5})
        if rng.random() < 0.3:
            requests[-1].update(temperature=1.5, top_p=0.9, seed=i, draft=rng.choice([0, 0, 1, most_drafts]))
    return requests


def alone(tools, plan, request, scratch):
    """Tokens, finish and the hash of all logits of one request in a run of its own."""
    prompt, out = os.path.join(scratch, "prompt"), os.path.join(scratch, "logits.npy")
    engine.write_tokens(prompt, request["tokens"])
    keys = ("temperature", "top_p", "seed", "draft")
    flags = [f"--{key.replace('_', '-')}={request[key]}" for key in keys if key in request]
    flags += ["--ignore-eos"] if request["ignore_eos"] else []
    done = tools.call("v4-run", plan, f"--tokens-file={prompt}", "-n", request["n"], "--json", f"--logits-out={out}",
                      *flags)
    result, rows = json.loads(done.stdout), np.load(out)
    assert rows.dtype == np.float32 and len(rows) == len(request["tokens"]) + len(result["tokens"]), rows.shape
    return {"tokens": result["tokens"], "finish": result["finish"], "drafted": result.get("drafted"),
            "constant": bool((rows == rows[0]).all()),
            "logits_sha256": hashlib.sha256(rows.astype("<f4").tobytes()).hexdigest()}


def batch(tools, plan, requests, scratch, *flags, expect=0):
    """Runs a batch; returns the finished process and its results by id."""
    path = os.path.join(scratch, "batch.jsonl")
    with open(path, "w", encoding="ascii") as f:
        f.writelines(json.dumps(request) + "\n" for request in requests)
    done = tools.call("v4-run", plan, f"--batch-file={path}", *flags, expect=expect)
    return done, {result["id"]: result for result in map(json.loads, done.stdout.splitlines())}


def least_cache(tools, plan, largest, scratch):
    """The bytes that the largest request needs: one less is refused, with both numbers."""
    done, _ = batch(tools, plan, [largest], scratch, "--cache-bytes=1", expect=1)
    needed = int(re.search(r"need (\d+) bytes of cache pages, the session has 1;", done.stderr).group(1))
    done, _ = batch(tools, plan, [largest], scratch, f"--cache-bytes={needed - 1}", expect=1)
    assert f"need {needed} bytes of cache pages, the session has {needed - 1};" in done.stderr, done.stderr
    return needed


def check_variant(tools, plan, requests, expected, scratch, flags, rng, most_drafts):
    """One batch in a random order; returns the ids that differ, the tokens that were cached and those drafted."""
    budget = next((int(flag.partition("=")[2]) for flag in flags if flag.startswith("--step-tokens=")), most_drafts + 1)
    sent = [dict(r, logits_sha256=rng.random() < 0.5, priority=rng.randrange(2)) for r in requests]
    for request in sent:
        request.setdefault("draft", min(rng.choice([0, 0, 1, min(2, most_drafts), most_drafts]), budget - 1))
    # A step must hold a token and its drafts.
    sent = [request for request in sent if request["draft"] < budget]
    rng.shuffle(sent)
    _, results = batch(tools, plan, sent, scratch, *flags)
    wrong = []
    for request in sent:
        result, right = results.get(request["id"], {}), expected[request["id"]]
        keys = ["tokens", "finish"] + (["logits_sha256"] if request["logits_sha256"] else [])
        if "temperature" in request and request["draft"] and request["ignore_eos"]:
            keys.append("drafted")
        wrong += [f"{request['id']} ({key})" for key in keys if result.get(key) != right[key]]
    return wrong, sum(result["cached"] for result in results.values()), sum(
        result.get("drafted", 0) for result in results.values())


def variants(rng, limits, least, count):
    """(plan's tokens, flags) of each batch: the first has no more cache than it must, the second enough for prefixes."""
    for number in range(count):
        tokens = limits[number % len(limits)]
        budget = min(tokens, rng.choice([1, 3, tokens // 2, tokens]) or 1)
        flags = [f"--step-tokens={budget}"] if number > 1 else []
        if rng.random() < 0.4:
            flags.append(f"--chunk={rng.randrange(1, 200)}")
        cache = [least, least * 64][number] if number < 2 else rng.choice([0, least, least + 1, least * 2, least * 24])
        yield tokens, flags + ([f"--cache-bytes={cache}"] if cache else [])


def make_plans(tools, args, checkpoint):
    """{--max-tokens: plan}; the default one is that of the other tests."""
    plans = {}
    for tokens in args.plan_tokens.split(","):
        flags = [] if tokens == "default" else [f"--max-tokens={tokens}", f"--max-draft={args.drafts}"]
        plan = checkpoints.plan(tools, args.cache, checkpoint, *flags, *args.compile_flag)
        plans[json.loads(tools.call("v4-inspect", plan, "--json").stdout)["program"]["max_tokens"]] = plan
    return plans


def play_gpu(tools, args, checkpoint, scratch):
    """From here on tools find a GPU that runs the kernels of the default plan."""
    cuda_kernels.skip_without_ptxas(tools, args.cache)
    if cuda.DECOMPOSED in args.compile_flag:
        cpu = checkpoints.plan(tools, args.cache, checkpoint, "--target=cpu:x86-64-v3", "--disable-pass=v4-choose-kernels")
        code = cuda.code_of(cpu, os.path.join(scratch, "code.so"))
    else:
        code = cuda.host_code_of(tools, checkpoint, scratch, "code.so")
    os.environ.update(cuda.played_by(os.path.abspath(args.fake_cuda), code))


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--model", default="main")
    parser.add_argument("--longest", type=int, default=280)
    parser.add_argument("--requests", type=int, default=32)
    parser.add_argument("--variants", type=int, default=4)
    parser.add_argument("--plan-tokens", default="16,512", help="--max-tokens of the plans, or default")
    parser.add_argument("--drafts", type=int, default=3, help="the plans' --max-draft, of the default plan 1")
    parser.add_argument("--compile-flag", action="append", default=[])
    parser.add_argument("--fake-cuda", help="folder of the library that plays a GPU")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tools, rng = engine.Tools(args.bin), random.Random(args.seed)
    checkpoint = checkpoints.standard(args.cache, args.model)
    failed, hits, drafts = 0, 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        if args.fake_cuda:
            play_gpu(tools, args, checkpoint, scratch)
        plans = make_plans(tools, args, checkpoint)
        limits = list(plans)
        requests = make_requests(rng, args.requests, args.longest, checkpoints.config(checkpoint)["vocab_size"], args.drafts)
        expected = {r["id"]: alone(tools, plans[limits[-1]], r, scratch) for r in requests}
        if all(right["constant"] for right in expected.values()):
            sys.exit("all rows of logits of a request are the same: nothing is computed")
        largest = max(requests, key=lambda r: len(r["tokens"]) + r["n"])
        least = least_cache(tools, plans[limits[0]], largest, scratch)
        for tokens, flags in variants(rng, limits, least, args.variants):
            wrong, cached, drafted = check_variant(tools, plans[tokens], requests, expected, scratch, flags, rng,
                                                   args.drafts)
            failed, hits, drafts = failed + bool(wrong), hits + cached, drafts + drafted
            print(f"--max-tokens={tokens} {' '.join(flags)}: {cached} tokens cached, {drafted} drafts, "
                  f"{'differs: ' + ', '.join(wrong[:6]) if wrong else 'as alone'}", flush=True)
    if failed:
        sys.exit(f"{failed} of {args.variants} batches differ; seed {args.seed}")
    if not hits or not drafts:
        sys.exit(f"{hits} tokens of prefixes, {drafts} drafts, expected some of both")


if __name__ == "__main__":
    main()
