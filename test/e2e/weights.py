#!/usr/bin/python3
"""Where a plan's weights lie: in it, beside it, or nowhere.

    weights.py --bin DIR --cache DIR
"""

import json
import os
import shutil
import sys
import tempfile

import checkpoints
import engine
import to_bf16  # of test/reference

CONFIGS = os.path.join(engine.ROOT, "test", "configs")
TOKENS = ["--tokens", "1,2,3,4,5", "-n", "8", "--json"]


def generated(tools, *args):
    """The tokens of a run."""
    return json.loads(tools.call("v4-run", *args, *TOKENS).stdout)["tokens"]


def refused(tools, args, *words, name="v4-run", code=None):
    """One sentence with all of the words."""
    done = tools.call(name, *args, expect=None)
    text = done.stderr.strip()
    if done.returncode == 0 or (code and done.returncode != code) or "\n" in text or not all(w in text for w in words):
        raise AssertionError(f"{name} {args}: exit code {done.returncode}, {text!r}, expected one sentence with {words}")


def check_external(tools, checkpoint, embedded, scratch):
    """The same tokens from a file of its own, which must be the right one, whole."""
    plan, weights = os.path.join(scratch, "x.v4plan"), os.path.join(scratch, "x.v4weights")
    tools.compile(checkpoint, plan, "--weights=external")
    expected = generated(tools, embedded)
    first = engine.read(weights)
    if generated(tools, plan) != expected:
        raise AssertionError("external weights give other tokens")
    moved = os.path.join(scratch, "moved")
    os.rename(weights, moved)
    if generated(tools, plan, f"--weights={moved}") != expected:
        raise AssertionError("--weights=F gives other tokens")
    refused(tools, [plan, *TOKENS], "x.v4weights", "cannot open")
    refused(tools, [embedded, f"--weights={moved}", *TOKENS], "holds its weights itself")
    tools.compile(checkpoint, plan, "--weights=external", "-j1")
    if engine.read(weights) != first:
        raise AssertionError("one thread writes other external weights")
    for damage, words in ((lambda b: b[:-1], ["truncated"]), (lambda b: b[:64] + b"\1" + b[65:], ["damaged"]),
                          (lambda b: b"X" + b[1:], ["begins with"]), (lambda b: b[:40], ["40 bytes"])):
        with open(weights, "wb") as file:
            file.write(damage(first))
        refused(tools, [plan, *TOKENS], "x.v4weights", *words)
    tools.compile(checkpoint, os.path.join(scratch, "other.v4plan"), "--weights=external", "--max-tokens=7")
    refused(tools, [plan, f"--weights={os.path.join(scratch, 'other.v4weights')}", *TOKENS], "belongs to plan")


def check_none(tools, scratch):
    """Plans of the real models from their configs alone: readable, small, and refused by a run."""
    for name in ("flash", "pro"):
        plan = os.path.join(scratch, name + ".v4plan")
        tools.compile(os.path.join(CONFIGS, name + "-config.json"), plan, "--weights=none")
        if os.path.getsize(plan) > 8 << 20:
            raise AssertionError(f"{name}: the plan has {os.path.getsize(plan)} bytes, expected at most 8 MiB")
        tools.call("v4-inspect", plan, "--memory", "--weights", "--json")
        refused(tools, [plan, *TOKENS], "--weights=none", "cannot run")
    config = os.path.join(CONFIGS, "flash-config.json")
    refused(tools, [config, "-o", plan], "config.json", name="v4-compile", code=1)
    twin = os.path.join(scratch, "twin.v4plan")
    tools.compile(config, twin, "--weights=none", "--shrink=layers:4,experts:8")
    for wrong, words in (("layers:3", ["4 kinds"]), ("layers:99", ["43"]), ("experts:2", ["6 to 256"]), ("rows:2", ["rows:2"])):
        refused(tools, [config, "-o", twin, "--weights=none", f"--shrink={wrong}"], *words, name="v4-compile", code=1)


def check_shrink(tools, checkpoint, scratch):
    """A twin with fewer layers takes its weights from the checkpoint and runs."""
    twin = os.path.join(scratch, "fewer.v4plan")
    refused(tools, [checkpoint, "-o", twin, "--shrink=experts:6"], "--weights=none", name="v4-compile", code=1)
    tools.compile(checkpoint, twin, "--shrink=layers:4")
    tools.call("v4-run", twin, *TOKENS)


def check_formats(tools, cache, scratch):
    """A plan without weights counts those of the checkpoint in their own formats, also of fewer layers."""
    source, twin = checkpoints.standard(cache, "main"), checkpoints.standard(cache, "main") + "-bf16"
    with checkpoints.locked(twin):
        if not os.path.exists(os.path.join(twin, "config.json")):
            to_bf16.convert(source, twin)
    with open(os.path.join(twin, "config.json"), encoding="utf-8") as file:
        layers = json.load(file)["num_hidden_layers"]
    costs = []
    for flags in (["--weights=none"], ["--weights=none", f"--shrink=layers:{layers}"], []):
        plan = os.path.join(scratch, "counted.v4plan")
        tools.compile(twin, plan, *flags)
        costs.append(json.loads(tools.call("v4-inspect", plan, "--cost", "--json").stdout)["cost"])
    if costs[0] != costs[1] or costs[0] != costs[2]:
        raise AssertionError(f"one model, three costs: {costs}")


def check_refit(tools, cache, scratch):
    """A plan with other weights has the bytes that a compilation of those gives, however it was compiled."""
    first, second = checkpoints.standard(cache, "main"), os.path.join(scratch, "tuned")
    shutil.copytree(first, second)
    change_values(second)
    base, refitted, compiled = (os.path.join(scratch, name + ".v4plan") for name in ("base", "refitted", "compiled"))
    for flags in ([], ["-O0"], ["--disable-pass=v4-prove-exact-forms"], ["--shrink=layers:4"]):
        tools.compile(first, base, *flags)
        tools.compile(second, refitted, f"--refit={base}")
        tools.compile(second, compiled, *flags)
        if engine.read(refitted) == engine.read(base) or engine.read(refitted) != engine.read(compiled):
            raise AssertionError(f"{flags}: a refitted plan is not that of a compilation")
    # A plan that never had weights gets some, beside it.
    tools.compile(first, base, "--weights=none")
    tools.compile(second, refitted, f"--refit={base}", "--weights=external", "-j1")
    tools.compile(second, compiled, "--weights=external")
    for a, b in ((refitted, compiled), (refitted[:-4] + "weights", compiled[:-4] + "weights")):
        if engine.read(a) != engine.read(b):
            raise AssertionError(f"{a} differs from {b}")
    # Its own plan may be the output.
    tools.compile(first, refitted, f"--refit={refitted}")
    tools.call("v4-verify", refitted, "--weights")


def change_values(folder):
    """Other bytes in the matrices, so that facts about them change too: NaN codes, scales far apart."""
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".safetensors"):
            continue
        path = os.path.join(folder, name)
        with open(path, "r+b") as file:
            size = int.from_bytes(file.read(8), "little")
            for tensor, info in json.loads(file.read(size)).items():
                if tensor != "__metadata__" and info["dtype"] in ("F8_E4M3", "F8_E8M0"):
                    file.seek(8 + size + info["data_offsets"][0])
                    file.write(b"\x7f" if info["dtype"] == "F8_E4M3" else b"\0")


def check_refit_refused(tools, cache, scratch):
    """What a refit cannot do is said in one sentence."""
    small, other = checkpoints.standard(cache, "main"), checkpoints.standard(cache, "csa")
    plan, out = os.path.join(scratch, "base.v4plan"), os.path.join(scratch, "out.v4plan")
    tools.compile(small, plan)
    wide = checkpoints.standard(cache, "main") + "-bf16"
    for args, words in (([other, f"--refit={plan}"], ["digest"]), ([wide, f"--refit={plan}"], ["BF16", "F8_E4M3"]),
                        ([small, f"--refit={plan}", "--max-tokens=7"], ["--max-tokens"]),
                        ([small, f"--refit={plan}", "--report=x"], ["--report"]),
                        ([small, f"--refit={plan}", "--weights=none"], ["--weights=none"]),
                        ([small, f"--refit={small}/config.json"], ["config.json"]),
                        ([small, f"--refit={scratch}/absent"], ["absent"])):
        refused(tools, [*args, "-o", out], *words, name="v4-compile", code=1)
        if os.path.exists(out):
            raise AssertionError(f"{args}: left {out}")


def check_names(tools, checkpoint, scratch):
    """The runtime looks for the weights where the compiler puts them."""
    for name, weights in (("a.b.v4plan", "a.b.v4weights"), ("plain", "plain.v4weights"), (".hidden", ".hidden.v4weights")):
        plan = os.path.join(scratch, name)
        tools.compile(checkpoint, plan, "--weights=external")
        if not os.path.exists(os.path.join(scratch, weights)):
            raise AssertionError(f"{name}: no {weights}")
        tools.call("v4-verify", plan, "--weights")


def main():
    """Command line."""
    args = checkpoints.common_arguments(__doc__).parse_args()
    tools = engine.Tools(args.bin)
    small = checkpoints.standard(args.cache, "main")
    with tempfile.TemporaryDirectory() as scratch:
        embedded = os.path.join(scratch, "embedded.v4plan")
        tools.compile(small, embedded)
        check_external(tools, small, embedded, scratch)
        print("external weights: ok", flush=True)
        check_none(tools, scratch)
        print("no weights: ok", flush=True)
        check_shrink(tools, small, scratch)
        print("twins: ok", flush=True)
        check_formats(tools, args.cache, scratch)
        check_names(tools, small, scratch)
        check_refit(tools, args.cache, scratch)
        check_refit_refused(tools, args.cache, scratch)
        print("formats, names and refit: ok", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
