#!/usr/bin/python3
"""--quantize: a checkpoint widened to bf16 comes back with its own values, and the report says so.

    quantize.py --bin DIR --cache DIR
"""

import json
import os
import sys
import tempfile

import numpy as np

import checkpoints
import engine
import to_bf16  # of test/reference

PROMPT = [0, 17, 301, 44, 5, 260, 3, 3, 90, 511, 128, 7]
FLAGS = {"everything": [], "-O0": ["-O0"], "no packing": ["--disable-pass=v4-pack-weights"]}


def require(holds, what):
    """A check with a name."""
    if not holds:
        raise AssertionError(what)


def widened(cache, name):
    """The bf16 twin of a standard checkpoint."""
    source = checkpoints.standard(cache, name)
    twin = source + "-bf16"
    with checkpoints.locked(twin):
        if not os.path.exists(os.path.join(twin, "config.json")):
            to_bf16.convert(source, twin)
    return source, twin


def weights(tools, plan):
    """Weights of a plan by name."""
    text = tools.call("v4-inspect", plan, "--weights", "--json").stdout
    return {w["name"]: w for w in json.loads(text)["weights"]}


def same_logits(tools, left, right):
    """Both plans give the same bits."""
    results = [tools.run_prompt(plan, PROMPT, forced=[1, 2, 3], mtp=True) for plan in (left, right)]
    require(np.array_equal(results[0].logits, results[1].logits), "the logits differ")
    require(np.array_equal(results[0].mtp_logits, results[1].mtp_logits), "the MTP logits differ")


def comes_back(tools, cache, name, scratch):
    """Original and re-quantized twin agree in form and in every bit of the results."""
    source, twin = widened(cache, name)
    for label, flags in FLAGS.items():
        original, again, report = (os.path.join(scratch, f) for f in ("original", "again", "report.json"))
        tools.compile(source, original, *flags)
        tools.compile(twin, again, "--quantize=experts:fp4,linear:fp8", f"--report={report}", *flags)
        forms = [{n: (w["element"], w["shape"], w["layout"], w["bytes"]) for n, w in weights(tools, p).items()}
                 for p in (original, again)]
        require(forms[0] == forms[1], f"{name}, {label}: the weights have other forms")
        with open(report, encoding="utf-8") as f:
            errors = json.load(f)["quantization"]
        require(len(errors) > 10, f"{name}, {label}: only {len(errors)} weights are quantized")
        for entry in errors:
            require(entry["max_abs_error"] == 0 and entry["relative_rms_error"] == 0, f"{name}, {label}: {entry}")
        same_logits(tools, original, again)
        print(f"{name}, {label}: {len(errors)} weights come back without error, same logits", flush=True)


def narrow_stays(tools, cache, scratch):
    """A checkpoint's own FP8 and FP4 is not touched: same plan but for the option that it names."""
    source = checkpoints.standard(cache, "mixed")
    plans = [os.path.join(scratch, f) for f in ("plain", "asked")]
    tools.compile(source, plans[0])
    tools.compile(source, plans[1], "--quantize=experts:fp4,linear:fp8", f"--report={scratch}/report.json")
    with open(os.path.join(scratch, "report.json"), encoding="utf-8") as f:
        require(json.load(f)["quantization"] == [], "narrow weights are quantized again")
    recipes = {w["recipe"] for w in weights(tools, plans[1]).values()}
    require(recipes == {"copy", "i64_to_i32"}, f"recipes are {recipes}")
    same_logits(tools, *plans)
    print("narrow weights stay as they are", flush=True)


def other_formats(tools, cache, scratch):
    """Coarser formats compile, run, and report an error in proportion; jobs do not change a byte."""
    _, twin = widened(cache, "mixed")
    for formats, low, high in (("linear:fp4", 0.01, 0.3), ("experts:fp8", 0, 0.05)):
        files = [os.path.join(scratch, f"{jobs}.v4plan") for jobs in (1, 3)]
        report = os.path.join(scratch, "report.json")
        for jobs, file in zip((1, 3), files):
            tools.compile(twin, file, f"--quantize={formats}", f"-j{jobs}", f"--report={report}")
        require(engine.read(files[0]) == engine.read(files[1]), f"{formats}: threads change the plan")
        with open(report, encoding="utf-8") as f:
            for entry in json.load(f)["quantization"]:
                require(low <= entry["relative_rms_error"] <= high, f"{formats}: {entry}")
        require(np.isfinite(tools.run_prompt(files[0], PROMPT).logits).all(), f"{formats}: logits are not finite")
        print(f"{formats}: compiles and runs", flush=True)


def reports(tools, cache, scratch):
    """Keys of the report, and what they say of one compilation."""
    source, report, plan = checkpoints.standard(cache, "mixed"), os.path.join(scratch, "r.json"), os.path.join(scratch, "p")
    tools.compile(source, plan, f"--report={report}", "-O1", "--disable-pass=v4-prove-exact-forms", "--disable-pass=cse")
    with open(report, encoding="utf-8") as f:
        document = json.load(f)
    require(list(document) == ["producer", "input", "output", "target", "optimization", "disabled_passes", "quantize", "phases",
                               "passes", "made", "declined", "kernels", "packed_weights", "quantization", "memory", "cost", "cost_parts", "cost_launches", "against_v3_2"],
            f"keys are {list(document)}")
    require(document["optimization"] == 1 and document["disabled_passes"] == ["v4-prove-exact-forms", "cse"], "options")
    require([p["phase"] for p in document["phases"]] == ["import", "graph", "quant", "lower", "schedule", "codegen", "plan"], "phases")
    require("v4-build-program" in [p["pass"] for p in document["passes"]], "passes")
    require(any(k["tuned"] and k["contract"] == "kernel.panel_linear" and k["launches"] > 0 for k in document["kernels"]), "kernels")
    require(any(r["pass"] == "v4-pack-weights" for r in document["made"]), "nothing is packed")
    require(all(r["reason"] for r in document["declined"]) and document["declined"], "reasons")
    require(document["packed_weights"], "packed weights")
    memory = json.loads(tools.call("v4-inspect", plan, "--memory", "--json").stdout)["memory"]
    require(document["memory"] == memory, "memory differs from v4-inspect --memory")
    options = json.loads(tools.call("v4-inspect", plan, "--json").stdout)["program"]["options"]
    require(options["optimization"] == "1" and options["disable-pass"] == "v4-prove-exact-forms,cse", f"options are {options}")
    print("the report says what was done", flush=True)


def facts(tools, cache, scratch):
    """Facts of the weights are in the plan, and no other byte of the results depends on them."""
    source = checkpoints.standard(cache, "mixed")
    plans = [os.path.join(scratch, f) for f in ("with", "without")]
    tools.compile(source, plans[0])
    tools.compile(source, plans[1], "--disable-pass=v4-prove-exact-forms")
    text = [tools.call("v4-inspect", plan, "--mlir").stdout for plan in plans]
    for fact in ("no_nan", "normal_scales", "e4m3_per_128"):
        require(f'"{fact}"' in text[0], f"{fact} is proven of no weight")
    require("exact_forms" not in text[1], "facts without the pass")
    same_logits(tools, *plans)
    print("facts are proven while weights are written", flush=True)


def main():
    """Command line."""
    args = checkpoints.common_arguments(__doc__).parse_args()
    tools = engine.Tools(args.bin)
    with tempfile.TemporaryDirectory() as scratch:
        comes_back(tools, args.cache, "main", scratch)
        narrow_stays(tools, args.cache, scratch)
        other_formats(tools, args.cache, scratch)
        reports(tools, args.cache, scratch)
        facts(tools, args.cache, scratch)
    return 0


if __name__ == "__main__":
    sys.exit(main())
