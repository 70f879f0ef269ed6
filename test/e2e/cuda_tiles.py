#!/usr/bin/python3
"""Tiles that only large matrices and many tokens get give the bits of the small ones: a plan that is made for a GPU of
two processors, which small matrices fill too, against the usual one of the same model. So do those of products whose
sums have several blocks, which a model with more columns has.

    cuda_tiles.py --bin DIR --cache DIR [--target cuda:sm_90a] [--fake-cuda DIR]

Needs ptxas, and a GPU of the target or, with --fake-cuda, none; without ptxas the test is skipped (exit code 77).
"""

import json
import os
import re
import tempfile

import numpy as np

import checkpoints
import cuda
import cuda_kernels
import engine
import invariance
from expectations import Expectations
from make_goldens import random_prompt

# Four tiles of heads, the last not full; experts that have many rows of a step of 100.
MODEL = {"num_hidden_layers": 2, "num_hash_layers": 1, "compress_ratios": [0, 4, 0], "num_attention_heads": 40,
         "n_routed_experts": 8}
# Products of 1024 columns: sums of two and four blocks.
WIDE_MODEL = {"num_hidden_layers": 1, "num_hash_layers": 0, "compress_ratios": [0, 0], "hidden_size": 1024,
              "n_routed_experts": 8}
# Products of 4096 columns, which those of Flash have: sums of eight blocks.
EIGHTHS_MODEL = {"num_hidden_layers": 1, "num_hash_layers": 0, "num_nextn_predict_layers": 0, "compress_ratios": [4],
                 "hidden_size": 4096, "n_routed_experts": 4}
# Rows of steps: most of a tile of 128, half of one with a smaller one behind it, and the small ones.
CHUNKS = (100, 65, 17, 3)
WIDE_CHUNKS = (20, 17)
EIGHTHS_CHUNKS = (17,)
LARGE = ("fp8Linear_128_2_6", "bf16Linear_128_2_6_1", "wideLinear_64_2_6",
         "expertProduct_64_10_1_0", "expertProduct_64_10_0_0", "attendRows_256_64_4")
SPLIT = ("splitFp8Linear_16_1_9_2", "splitFp8Linear_64_1_5_2", "splitBf16Linear_16_1_9_1_4",
         "splitBf16Linear_64_1_5_1_4")
EIGHTHS = tuple(name.rsplit("_", 1)[0] + "_8" for name in SPLIT)
# Overrides of the preset `tiny`, rows of steps, instances, and tokens behind the prompt.
MODELS = {"tiles": (MODEL, CHUNKS, LARGE, 4), "wide-tiles": (WIDE_MODEL, WIDE_CHUNKS, SPLIT, 4),
          "eighths": (EIGHTHS_MODEL, EIGHTHS_CHUNKS, EIGHTHS, 1)}


def small_gpu_plan(tools, checkpoint, target, scratch):
    """The plan for two processors."""
    module, plan = (os.path.join(scratch, "two." + suffix) for suffix in ("mlir", "v4plan"))
    tools.call("v4-compile", checkpoint, "-o", module, target, "--compile-to=graph")
    with open(module, encoding="utf-8") as f:
        text, count = re.subn(r"processors = \d+", "processors = 2", f.read())
    if count == 0:
        raise SystemExit("the module names no processors")
    with open(module, "w", encoding="utf-8") as f:
        f.write(text)
    tools.call("v4-compile", module, "--compile-from=graph", f"--checkpoint={checkpoint}", "-o", plan,
               *tools.kernel_cache())
    return plan


def check_views(tools, expect, plan):
    """Whichever variant has most workgroups, the view of the schedule says so."""
    views = json.loads(tools.call("v4-inspect", plan, "--json").stdout)
    variants = {kernel["symbol"]: kernel["variants"] for kernel in views["kernels"]}
    rows = views["program"]["max_tokens"]
    expect.holds("variants", any(variants.values()), variants)
    for launch in views["schedule"]:
        if launch["rows"] == "tokens":
            cuts = [{**launch, "most_rows": rows}, *variants[launch["kernel"]]]
            expect.equal(f"workgroups of launch {launch['index']}", launch["max_workgroups"],
                         max(-(-min(rows, cut["most_rows"]) // cut["row_tile"]) * cut["tiles"] for cut in cuts))


def check_output(expect, folder):
    """A GPU that computes nothing has equal bits too."""
    expect.holds("logits differ from row to row", not invariance.computes_nothing(folder), np.load(folder + ".logits.npy")[:, :4])


def check_model(tools, expect, checkpoint, args, chunks, large, count):
    """The plans of a model, in steps of `chunks` tokens, the first of which is the prompt, and `count` more; `large`
    are instances that must have run."""
    target = f"--target={args.target}"
    usual = checkpoints.plan(tools, args.cache, checkpoint, target)
    check_views(tools, expect, usual)
    with tempfile.TemporaryDirectory() as scratch:
        plan, log, env = small_gpu_plan(tools, checkpoint, target, scratch), os.path.join(scratch, "log"), {}
        cuda.check_static(tools, expect, plan)
        check_views(tools, expect, plan)
        if args.fake_cuda:
            code = cuda.host_code_of(tools, checkpoint, scratch, "code.so")
            env = {**cuda.played_by(os.path.abspath(args.fake_cuda), code), "V4_FAKE_CUDA_LOG": log}
        config = checkpoints.config(checkpoint)
        mtp, prompt = config["num_nextn_predict_layers"] > 0, random_prompt(31, chunks[0], 0, config["vocab_size"])
        first = os.path.join(scratch, "usual")
        invariance.run(tools, usual, first, prompt, (), env, mtp, count)
        check_output(expect, first)
        for chunk in chunks:
            folder = os.path.join(scratch, str(chunk))
            invariance.run(tools, plan, folder, prompt, (f"--chunk={chunk}",), env, mtp, count)
            expect.equal(f"steps of {chunk}: files that differ", invariance.differences(first, folder), [])
        if args.fake_cuda:
            ran = cuda.ran_in(log)
            expect.equal("tiles that no step ran", [f for f in large if f not in ran], [])


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--target", default="cuda:sm_90a")
    parser.add_argument("--fake-cuda", help="folder of the library that plays a GPU")
    parser.add_argument("--only", choices=MODELS)
    args = parser.parse_args()
    tools = engine.Tools(args.bin)
    expect = Expectations(tools)
    cuda_kernels.skip_without_ptxas(tools, args.cache)
    for name, (model, *rest) in MODELS.items():
        if args.only in (None, name):
            checkpoint = checkpoints.make(os.path.join(os.path.abspath(args.cache), "checkpoints", name), "tiny", 1, model)
            check_model(tools, expect, checkpoint, args, *rest)
    expect.finish()


if __name__ == "__main__":
    main()
