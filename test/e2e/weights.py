#!/usr/bin/python3
"""Where a plan's weights lie: in it, beside it, or nowhere; what an interruption leaves is used.

    weights.py --bin DIR --cache DIR
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import checkpoints
import engine

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


def check_resume(tools, checkpoint, embedded, scratch):
    """Killed with some chunks done, then resumed, also with the journal cut: equal bytes."""
    plan = os.path.join(scratch, "resumed.v4plan")
    partial, journal = plan + ".partial", plan + ".partial.journal"
    # From object code on, so that the time goes into weights.
    module = os.path.join(scratch, "module.mlir")
    tools.compile(checkpoint, module, "--compile-to=codegen")
    command = [tools.path("v4-compile"), module, "--compile-from=codegen", f"--checkpoint={checkpoint}", "--resume", "-j1",
               "-o"]
    tools.call("v4-compile", *[word for word in command[1:] if word != "--resume"], embedded)
    command.append(plan)
    kept = 0
    for cut in (0, 7):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while process.poll() is None and not (os.path.exists(journal) and os.path.getsize(journal) > 1000):
            time.sleep(0.0005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if not os.path.exists(partial):
            continue
        with open(journal, "r+b") as file:
            file.truncate(max(0, os.path.getsize(journal) - cut))
        done = subprocess.run(command, stderr=subprocess.PIPE, encoding="utf-8", check=True)
        kept += "resuming: " in done.stderr
        if engine.read(plan) != engine.read(embedded):
            raise AssertionError("resumed weights have other bytes")
        if os.path.exists(journal) or os.path.exists(partial):
            raise AssertionError("something is left of the interruption")
        os.remove(plan)
    return kept


def main():
    """Command line."""
    args = checkpoints.common_arguments(__doc__).parse_args()
    tools = engine.Tools(args.bin)
    small = checkpoints.standard(args.cache, "main")
    large = checkpoints.make(os.path.join(os.path.abspath(args.cache), "checkpoints", "mini"), "mini", 1, {})
    with tempfile.TemporaryDirectory() as scratch:
        embedded = os.path.join(scratch, "embedded.v4plan")
        tools.compile(small, embedded)
        check_external(tools, small, embedded, scratch)
        print("external weights: ok", flush=True)
        check_none(tools, scratch)
        print("no weights: ok", flush=True)
        check_shrink(tools, small, scratch)
        print("twins: ok", flush=True)
        # More chunks than the journal takes at once.
        kept = check_resume(tools, large, embedded, scratch)
        print(f"resume: ok, {kept} of 2 interruptions came in time", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
