#!/usr/bin/python3
"""Certificates: recorded, compared, absent, damaged; another CPU level; planted mistakes named by layer and probe.

    certify.py --bin DIR --cache DIR [--model NAME] [--levels]

With --levels nothing but the levels, each against itself and those above: under test/emulation tiles are slow.

The model has every kind of layer: 0 sees a window, 1 compresses by 4 and selects, 2 compresses by 128.
"""

import json
import os
import subprocess
import tempfile

import numpy as np

import checkpoints
import engine
from expectations import Expectations

# What a mistake in the kernels must be found at: the first layer and probe that it can change. A selection has a limit
# of its own; everything else of a layer shows in its streams, or in what they route.
MISTAKES = {
    "no_sink": ("layers.0.",),
    "no_inverse_rope": ("layers.0.",),
    "no_route_norm": ("layers.0.route_weights", "layers.0.streams"),
    "no_yarn": ("layers.1.",),
    "no_overlap": ("layers.1.",),
    "nibbles": ("layers.0.",),
}
# Selections behind other layers have a wide limit: rounding there moves them too.
INDEX_MISTAKES = {"no_index_fp4": ("layers.0.index_topk",)}
LEVELS = ("cpu:x86-64-v4-amx", "cpu:x86-64-v4-bf16", "cpu:x86-64-v4", "cpu:x86-64-v3")


def numerics(tools, plan, certificate, *flags):
    """Exit code, the checks of the JSON report and the complaint of one comparison."""
    done = tools.call("v4-verify", plan, f"--numerics={certificate}", "--json", *flags, expect=None)
    report = json.loads(done.stdout) if done.returncode in (0, 2) and done.stdout else []
    return done.returncode, report, done.stderr


def runs_here(tools, plan):
    """Whether this machine has the level of a plan."""
    return tools.call("v4-verify", plan, "--here", "--structure", expect=None).returncode == 0


def check_same_plan(tools, expect, plan, work):
    """The same plan gives the same bits, whatever the number of threads."""
    certificate = os.path.join(work, "own.v4cert")
    tools.call("v4-verify", plan, "--numerics", f"--record={certificate}")
    again = os.path.join(work, "again.v4cert")
    tools.call("v4-verify", plan, "--numerics", f"--record={again}", "--threads=1")
    expect.equal("a certificate depends on threads", engine.same_files(certificate, again), [])
    for threads in (1, 2, 3):
        code, report, text = numerics(tools, plan, certificate, f"--threads={threads}")
        expect.equal(f"own certificate, {threads} threads: {text}", code, 0)
        found = report[-1]["numerics"]
        expect.equal("compared", found["compared"], "bits")
        expect.holds("probes", len(found["measures"]) > 10 and all(m["ok"] for m in found["measures"]), found)
        again = found["without_probes"]
        expect.equal("without probes", (again["rows"] > 100, again["different_rows"], again["replayed_steps"]),
                     (True, 0, 0))
        longest = max(s["prompt"] for s in found["sequences"])
        expect.holds("compressed rows", longest // 4 > 512, f"{longest} tokens")
    return certificate


def check_launches(tools, expect, plan, other, certificate, work):
    """What launches write is compared with a record of the same plan."""
    record = os.path.join(work, "own.v4launches")
    tools.call("v4-verify", plan, f"--launches={record}", "--record", "--prompt=20")
    found = json.loads(tools.call("v4-verify", plan, f"--launches={record}", "--json").stdout)[-1]
    launches = found["launches"]
    expect.holds("launches that are compared", found["ok"] and launches["compared"] > 100 and not launches["wrong"], found)
    expect.equal("their difference", launches["largest"][0]["magnitude"], 0)
    expect.refused("launches of another plan", "v4-verify", [other, f"--launches={record}"], ["was recorded of plan"], 1)
    expect.refused("no record of launches", "v4-verify", [plan, f"--launches={certificate}"],
                   ["has 0 of the [0-9]+ outputs"], 1)


def check_refusals(expect, plan, certificate, work):
    """Certificates that are absent, cut off or of something else."""
    expect.refused("absent", "v4-verify", [plan, f"--numerics={certificate}.absent"], ["there is no certificate"], 3)
    damaged = os.path.join(work, "damaged.v4cert")
    whole = engine.read(certificate)
    for name, data in (("cut off", whole[:len(whole) // 2]), ("empty", b""), ("one byte short", whole[:-1]),
                       ("flipped", whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])):
        with open(damaged, "wb") as f:
            f.write(data)
        expect.refused(name, "v4-verify", [plan, f"--numerics={damaged}"], ["damaged.v4cert: "], 1)


def check_levels(tools, expect, cache, checkpoint, work, lower_only=False):
    """A plan of every level against the certificate of every other (or higher) one, within the golden limits."""
    plans = {level: checkpoints.plan(tools, cache, checkpoint, f"--target={level}") for level in LEVELS}
    plans = {level: plan for level, plan in plans.items() if runs_here(tools, plan)}
    for level, plan in plans.items():
        certificate = os.path.join(work, level.split(":")[1] + ".v4cert")
        tools.call("v4-verify", plan, "--numerics", f"--record={certificate}")
        for other, verified in plans.items():
            if lower_only and LEVELS.index(other) < LEVELS.index(level):
                continue
            code, report, text = numerics(tools, verified, certificate)
            expect.equal(f"{other} against {level}: {text}", code, 0)
            if report:
                expect.equal(f"{other} against {level}", report[-1]["numerics"]["compared"],
                             "bits" if other == level else "values")
    print(f"{len(plans)} levels agree with each other: {', '.join(plans)}", flush=True)


def check_mistakes(tools, expect, cache, checkpoint, mistakes, work):
    """Each mistake is found where it begins, and its repro shows it."""
    good = checkpoints.plan(tools, cache, checkpoint)
    certificate = os.path.join(work, "good.v4cert")
    tools.call("v4-verify", good, "--numerics", f"--record={certificate}")
    for name, places in mistakes.items():
        plan = checkpoints.plan(tools, cache, checkpoint, f"--plant-mistake={name}")
        repro = os.path.join(work, name)
        code, _, text = numerics(tools, plan, certificate, f"--bisect={repro}")
        expect.equal(f"{name}: exit code, {text}", code, 2)
        first = places[0].split(".")[1]
        expect.holds(f"{name}: layer and probe", any(f"layer {first}, probe {p}" in text for p in places), text)
        expect.holds(f"{name}: magnitude", "at position" in text and "of its scale" in text, text)
        print(f"{name}: {text.strip().split(': ', 2)[-1][:180]}", flush=True)
        check_repro(tools, expect, name, repro, good)


def check_repro(tools, expect, name, repro, good):
    """A repro stands alone: its command gives the differing row, and with the right plan another one."""
    with open(os.path.join(repro, "launches.json"), encoding="utf-8") as f:
        view = json.load(f)
    expect.holds(f"{name}: launches", 0 < len(view["launches"]) < 100, len(view["launches"]))
    rows = {}
    for label, plan in (("bad", []), ("good", [good])):
        done = subprocess.run(["sh", os.path.join(repro, "run.sh"), *plan], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**os.environ, "V4_RUN": tools.path("v4-run")}, encoding="utf-8", check=False)
        expect.equal(f"{name}: run.sh {label}: {done.stderr[-300:]}", done.returncode, 0)
        if done.returncode:
            return
        rows[label] = np.load(os.path.join(repro, "probes", view["probe"] + ".npy"))[view["position"]]
    expect.holds(f"{name}: the row differs", not np.array_equal(rows["bad"], rows["good"]), view["probe"])
    for launch in view["launches"]:
        folder = os.path.join(repro, f"launch-{launch['launch']}")
        expect.holds(f"{name}: arrays of launch {launch['launch']}", os.path.isdir(folder) and os.listdir(folder), folder)
    parsed = tools.call("v4-opt", os.path.join(repro, "plan.mlir"), "-o", os.devnull, expect=None)
    expect.equal(f"{name}: plan.mlir parses: {parsed.stderr[-300:]}", parsed.returncode, 0)


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--model", default="mixed")
    parser.add_argument("--levels", action="store_true")
    args = parser.parse_args()
    tools = engine.Tools(args.bin)
    expect = Expectations(tools)
    checkpoint = checkpoints.standard(args.cache, args.model)
    plan = checkpoints.plan(tools, args.cache, checkpoint)
    with tempfile.TemporaryDirectory() as work:
        if args.levels:
            check_levels(tools, expect, args.cache, checkpoint, work, lower_only=True)
            return expect.finish()
        certified = os.path.join(work, "certified.v4plan")
        tools.compile(checkpoint, certified, "--certify")
        expect.equal("v4-compile --certify", numerics(tools, certified, os.path.join(work, "certified.v4cert"))[0], 0)
        certificate = check_same_plan(tools, expect, plan, work)
        other = checkpoints.plan(tools, args.cache, checkpoint, "--plant-mistake=no_sink")
        check_launches(tools, expect, plan, other, certificate, work)
        check_refusals(expect, plan, certificate, work)
        check_mistakes(tools, expect, args.cache, checkpoint, MISTAKES, work)
        check_mistakes(tools, expect, args.cache, checkpoints.standard(args.cache, "csa"), INDEX_MISTAKES, work)
        check_levels(tools, expect, args.cache, checkpoint, work)
    return expect.finish()


if __name__ == "__main__":
    main()
