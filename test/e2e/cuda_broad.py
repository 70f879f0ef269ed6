#!/usr/bin/python3
"""Kernels of the sizes of Flash (64 heads of 512 values, an indexer of 64 heads that chooses 512 rows), in a model that
is small elsewhere: against the goldens, against a plan for CPUs deep in a context, and in equal bits for every cut and
batch.

    cuda_broad.py --bin DIR --cache DIR [--target cuda:sm_90a] [--fake-cuda DIR] [--depth 4096]

--depth: tokens in the cache, by the plan for CPUs, whose cache a GPU reads. Needs ptxas, and a GPU of the target or,
with --fake-cuda, none; without ptxas the test is skipped (exit code 77).
"""

import hashlib
import json
import os
import tempfile

import numpy as np

import checkpoints
import cuda
import cuda_kernels
import engine
import goldens
import metrics
from compare import load, relative
from expectations import Expectations
from make_goldens import random_prompt

MODEL, GOLDEN_LENGTHS = "broad", (130,)
# A step of most tiles' sizes, and steps of 33 and one.
CUT, CUT_ROWS = 100, 33
# Behind the tokens in the cache: a step of 12, steps of four, and single ones. A plan for CPUs chooses the same rows but
# where scores are next to each other.
BEHIND, BEHIND_ROWS, GENERATED, RECALL = 12, 4, 2, 0.99
IDENTITY = slice(16, 48)  # of the header of a saved state (SaveState.cpp)
HASH_BYTES = 32
TREE_BYTES = 16 << 20  # Room for the pages of the prefix and the states at its end.


def run(tools, plan, folder, tokens, flags=(), env=None):
    """Runs with its probes, logits among them, in `folder`; the tokens that follow."""
    os.makedirs(folder)
    engine.write_tokens(folder + ".tokens", tokens)
    done = tools.call("v4-run", plan, f"--tokens-file={folder}.tokens", "--ignore-eos", "--json",
                      f"--dump-probes={folder}", *flags, env=env)
    return json.loads(done.stdout)["tokens"]


def adopt(state, model_state, target):
    """Writes a state that a plan for CPUs saved as one of the plan that saved `model_state`: their caches are laid out
    alike."""
    data = bytearray(engine.read(state)[:-HASH_BYTES])
    data[IDENTITY] = engine.read(model_state)[IDENTITY]
    with open(target, "wb") as f:
        f.write(data + hashlib.blake2b(data, digest_size=HASH_BYTES).digest())


def batch(tools, plan, path, requests, *flags, env=None):
    """Results of requests, by number."""
    with open(path, "w", encoding="ascii") as f:
        for number, tokens in enumerate(requests):
            f.write(json.dumps({"id": number, "tokens": [int(t) for t in tokens], "n": GENERATED, "ignore_eos": True,
                                "logits_sha256": len(tokens) < CUT}) + "\n")
    done = tools.call("v4-run", plan, f"--batch-file={path}", *flags, env=env)
    return {result["id"]: result for result in map(json.loads, done.stdout.splitlines())}


def instances(tools, plan, rows):
    """Functions that steps of up to so many rows run."""
    wanted = set()
    for kernel in json.loads(tools.call("v4-inspect", plan, "--kernels", "--json").stdout)["kernels"]:
        if kernel["launches"] == 0:
            continue  # what v4-bench measures the GPU with
        cuts = sorted((variant["most_rows"], variant["function"]) for variant in kernel["variants"])
        least = [1] + [most + 1 for most, _ in cuts]
        functions = [function for _, function in cuts] + [kernel["function"]]
        wanted |= {function for first, function in zip(least, functions) if first <= rows}
    return wanted


def check_goldens(tools, expect, plan, checkpoint, env):
    """As the plans of other models."""
    golden = load(os.path.join(goldens.SET_A, MODEL + ".safetensors"))
    with cuda.playing(env):
        checks = goldens.check_model(tools, plan, golden, MODEL, checkpoints.config(checkpoint), GOLDEN_LENGTHS)
    expect.equal("limits violated", metrics.print_table(f"{MODEL} on a GPU", checks), 0)


def check_cuts(tools, expect, plan, prompt, env, scratch):
    """Heads of a block, tiles of tokens and neighbours in a step change no bit."""
    folders = [os.path.join(scratch, name) for name in ("whole", "cut")]
    for folder, flags in zip(folders, ((), (f"--chunk={CUT_ROWS}",))):
        run(tools, plan, folder, prompt, ("-n", GENERATED, *flags), env)
    expect.equal(f"steps of {CUT_ROWS}: files that differ", engine.same_files(*folders), [])
    logits = np.load(os.path.join(folders[0], "logits.npy"))
    expect.holds("logits differ from row to row", len(np.unique(logits, axis=0)) > len(logits) // 2, logits[:, :4])
    requests = [prompt[:length] for length in (3, 17)]
    together = batch(tools, plan, os.path.join(scratch, "short.jsonl"), requests, env=env)
    for number, tokens in enumerate(requests):
        folder = os.path.join(scratch, f"request{number}")
        alone = run(tools, plan, folder, tokens, ("-n", GENERATED), env)
        rows = np.load(os.path.join(folder, "logits.npy")).astype("<f4")
        expect.equal(f"request of {len(tokens)} tokens in a batch",
                     (together[number]["tokens"], together[number]["logits_sha256"]),
                     (alone, hashlib.sha256(rows.tobytes()).hexdigest()))


def compare_deep(expect, cpu, gpu):
    """Logits and chosen rows of both plans behind the same cache."""
    left, right = (np.load(os.path.join(folder, "logits.npy")) for folder in (cpu, gpu))
    distance = float(np.median(relative(metrics.finite(right), left)))
    print(f"deep: median distance of logits {distance:.4f}", flush=True)
    expect.holds("distance of logits", distance <= metrics.REL_LONG[MODEL], distance)
    left, right = (np.load(os.path.join(folder, "layers.0.index_topk.npy")) for folder in (cpu, gpu))
    expect.holds("rows are chosen", (left >= 0).all() and (left[:, -1] >= left.shape[1]).all(), left)
    same = np.mean([len(np.intersect1d(a, b)) / len(a) for a, b in zip(left, right)])
    print(f"deep: {same:.4f} of the chosen rows", flush=True)
    expect.holds("chosen rows", same >= RECALL, same)


def check_deep(tools, expect, plans, prompt, depth, env, scratch):
    """Where more rows are visible than are chosen, and lists have several parts."""
    def file(name):
        return os.path.join(scratch, name)
    cpu, gpu = plans
    engine.write_tokens(file("prefix"), prompt[:depth])
    tools.call("v4-run", cpu, f"--tokens-file={file('prefix')}", "-n", 0, f"--save-state={file('cpu.state')}")
    tools.call("v4-run", gpu, "--tokens=1", "-n", 0, f"--save-state={file('gpu.state')}", env=env)
    adopt(file("cpu.state"), file("gpu.state"), file("adopted"))
    tokens = prompt[depth:depth + BEHIND]
    behind = f"--load-state={file('adopted')}"
    chosen = run(tools, gpu, file("deep"), tokens, ("-n", GENERATED, behind), env)
    run(tools, gpu, file("deep-cut"), tokens, ("-n", GENERATED, behind, f"--chunk={BEHIND_ROWS}"), env)
    expect.equal(f"deep, steps of {BEHIND_ROWS}: files that differ",
                 engine.same_files(file("deep"), file("deep-cut")), [])
    engine.write_tokens(file("forced"), chosen)
    run(tools, cpu, file("deep-cpu"), tokens, (f"--force-tokens={file('forced')}", f"--load-state={file('cpu.state')}"))
    compare_deep(expect, file("deep-cpu"), file("deep"))
    # Two sequences of one beginning: pages of several slots.
    requests = [prompt[:depth + rows] for rows in (BEHIND, 1)]
    tree, path = f"--load-state={file('cpu.tree')}", file("deep.jsonl")
    batch(tools, cpu, path, requests[1:], f"--save-state={file('cpu.tree')}", f"--cache-bytes={TREE_BYTES}")
    if {result["cached"] for result in batch(tools, cpu, path, requests, tree).values()} != {depth}:
        raise SystemExit(f"the plan for CPUs kept no prefix of {depth} tokens")  # a played GPU would take for ever
    adopt(file("cpu.tree"), file("gpu.state"), file("tree"))
    together = batch(tools, gpu, path, requests, f"--load-state={file('tree')}", env=env)
    alone = run(tools, gpu, file("one"), prompt[depth:depth + 1], ("-n", GENERATED, behind), env)
    expect.equal("deep, in a batch", [(together[i]["cached"], together[i]["tokens"]) for i in (0, 1)],
                 [(depth, chosen), (depth, alone)])


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--target", default="cuda:sm_90a")
    parser.add_argument("--fake-cuda", help="folder of the library that plays a GPU")
    parser.add_argument("--depth", type=int, default=4096, help="whole pages of 128 tokens")
    args = parser.parse_args()
    tools = engine.Tools(args.bin)
    expect = Expectations(tools)
    cuda_kernels.skip_without_ptxas(tools, args.cache)
    checkpoint = checkpoints.standard(args.cache, MODEL)
    cpu, gpu = plans = [checkpoints.plan(tools, args.cache, checkpoint, flag)
                        for flag in ("--target=cpu", f"--target={args.target}")]
    prompt = random_prompt(37, args.depth + BEHIND, 0, checkpoints.config(checkpoint)["vocab_size"])
    with tempfile.TemporaryDirectory() as scratch:
        env, log = {}, os.path.join(scratch, "log")
        if args.fake_cuda:
            code = cuda.host_code_of(tools, checkpoint, scratch, "code.so")
            env = {**cuda.played_by(os.path.abspath(args.fake_cuda), code), "V4_FAKE_CUDA_LOG": log}
        check_goldens(tools, expect, gpu, checkpoint, env)
        check_cuts(tools, expect, gpu, prompt[:CUT], env, scratch)
        check_deep(tools, expect, plans, prompt, args.depth, env, scratch)
        if args.fake_cuda:
            expect.equal("instances that no step ran",
                         sorted(instances(tools, gpu, max(GOLDEN_LENGTHS)) - cuda.ran_in(log)), [])
    expect.finish()


if __name__ == "__main__":
    main()
