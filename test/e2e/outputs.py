#!/usr/bin/python3
"""No output takes the place of an input or of another output, and a failure leaves what was there.

    outputs.py --bin DIR --cache DIR
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile

import numpy as np

import checkpoints
import engine
from expectations import Expectations

RUN = ["--tokens=1", "-n", "1", "--ignore-eos"]


class Guarded:
    """Files that must survive whatever is refused."""

    def __init__(self, expect, *paths):
        self.expect, self.paths = expect, paths
        self.contents = {path: engine.read(path) for path in paths}

    def refused(self, name, tool, args, patterns, code=1):
        """A refusal after which all of them are as they were."""
        self.expect.refused(name, tool, args, patterns, code)
        for path in self.paths:
            self.expect.holds(f"{name}: {os.path.basename(path)}",
                              os.path.exists(path) and engine.read(path) == self.contents[path], "changed or gone")


def write(path, text):
    """A small file."""
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return path


def check_run(expect, folder, external):
    """v4-run's outputs against its inputs, the implicit weights above all: they are mapped."""
    weights = external[:-len("plan")] + "weights"
    tokens, batch = write(f"{folder}/tokens", "1 2 3\n"), write(f"{folder}/batch.jsonl", '{"id":1,"tokens":[1],"n":1}\n')
    guarded = Guarded(expect, external, weights, tokens, batch)
    for flag in ("--logits-out", "--mtp-logits-out", "--trace", "--save-state"):
        for path, name in ((external, "the plan"), (weights, "weights"), (f"{folder}/./plans/../tokens", "--tokens-file")):
            args = [external, f"--tokens-file={tokens}", "-n", "1", f"{flag}={path}"]
            guarded.refused(f"{flag} on {name}", "v4-run", args, [f"{flag}=", name, "name another one"])
    guarded.refused("state on requests", "v4-run", [external, f"--batch-file={batch}", f"--save-state={batch}"], ["--batch-file"])
    same = f"{folder}/same.npy"
    guarded.refused("three outputs", "v4-run", [external, *RUN, f"--logits-out={same}", f"--save-state={same}"],
                    ["--save-state=", "is the file of --logits-out too"])
    # A state may give way to the one that follows it.
    state = f"{folder}/state"
    expect.tools.call("v4-run", external, *RUN, f"--save-state={state}")
    expect.tools.call("v4-run", external, "--tokens=2", "-n", "1", f"--load-state={state}", f"--save-state={state}")


def check_failures(expect, folder, plan):
    """Earlier results stay when a run fails, also by a limit on files; nothing waits for a pipe's reader."""
    old = write(f"{folder}/old.npy", "precious")
    guarded = Guarded(expect, old)
    for other in ("--mtp-logits-out", "--save-state", "--trace"):
        guarded.refused(f"old results, {other}", "v4-run", [plan, *RUN, f"--logits-out={old}", f"{other}=/nowhere/x"], ["/nowhere/x"])
    link = f"{folder}/link.npy"
    os.symlink(old, link)
    expect.tools.call("v4-run", plan, *RUN, f"--logits-out={link}")
    expect.holds("results", np.load(link).shape[0] == 2, link)
    pipe = f"{folder}/pipe"
    os.mkfifo(pipe)
    for flag in ("--logits-out", "--trace", "--save-state"):
        expect.refused(f"{flag} on a pipe", "v4-run", [plan, *RUN, f"{flag}={pipe}"], ["pipe"])
    # More than the plan's code, which goes through a file in memory; less than what is written.
    limit, tokens = 600_000, write(f"{folder}/many", "3 " * 3000)
    path = f"{folder}/large"
    done = subprocess.run([expect.tools.path("v4-run"), plan, f"--tokens-file={tokens}", "-n", "0", f"--logits-out={path}"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    expect.equal(f"beyond a limit: {done.stderr}", done.returncode, 1)
    expect.holds("nothing is left", not os.path.exists(path) and not os.path.exists(path + ".part"), os.listdir(folder))


def check_compile(expect, folder, source):
    """v4-compile's outputs against the checkpoint, the key and each other."""
    checkpoint = f"{folder}/checkpoint"
    shutil.copytree(source, checkpoint)
    files = [os.path.join(checkpoint, n) for n in os.listdir(checkpoint) if n.endswith((".json", ".safetensors"))]
    key = f"{folder}/key"
    expect.tools.call("v4-compile", f"--make-key={key}")
    guarded = Guarded(expect, key, *files)
    plan = f"{folder}/new.v4plan"
    for path in files:
        guarded.refused("plan on the checkpoint", "v4-compile", [checkpoint, "-o", path], ["-o=", "is the file of the checkpoint"])
        guarded.refused("report on the checkpoint", "v4-compile", [checkpoint, "-o", plan, f"--report={path}"], ["--report="])
    guarded.refused("plan on the key", "v4-compile", [checkpoint, "-o", key, f"--sign-key={key}"], ["--sign-key"])
    guarded.refused("report on the plan", "v4-compile", [checkpoint, "-o", plan, f"--report={plan}"], ["is the file of -o"])
    guarded.refused("report on the weights", "v4-compile", [checkpoint, "-o", plan, "--weights=external",
                                                            f"--report={plan[:-4]}weights"], ["the weights"])
    guarded.refused("a checkpoint beside one", "v4-compile", [checkpoint, "--checkpoint=/nowhere", "-o", plan], ["--checkpoint=/nowhere"])
    guarded.refused("kernels into a file", "v4-compile", [checkpoint, "-o", plan, f"--dump-kernels-to={key}"], ["it is a file"])
    guarded.refused("a public key", "v4-compile", [checkpoint, "-o", plan, f"--sign-key={key}.pub"], ["is a public key"])
    expect.holds("nothing is written", not os.path.exists(plan), plan)
    return key


def check_verify(expect, folder, external, key):
    """v4-verify's certificate against the plan; what it says of weights; a secret that is no public key."""
    weights = external[:-len("plan")] + "weights"
    guarded = Guarded(expect, external, weights)
    for path in (external, weights):
        guarded.refused("certificate", "v4-verify", [external, "--numerics", f"--record={path}"], ["--record="])
    with open(f"{key}", encoding="ascii") as f:
        secret = f.read().split("\n")[1]
    done = expect.tools.call("v4-verify", external, "--signature", f"--public-key={key}", expect=1)
    expect.holds("a secret key is told of, not told", "is a secret key" in done.stderr and secret not in done.stderr, done.stderr)
    cut = f"{folder}/cut.v4weights"
    with open(cut, "wb") as f:
        f.write(engine.read(weights)[:5000])
    expect.refused("weights cut off", "v4-verify", [external, f"--weights={cut}"], ["cut.v4weights"], 2)
    alone = f"{folder}/alone.v4plan"
    shutil.copy(external, alone)
    expect.refused("here without weights", "v4-verify", [alone, "--here"], ["alone.v4weights", "beside the plan"], 3)


def check_folders(expect, folder, plan, source):
    """Where nothing can be written is said before the work: no output is begun, no token is printed."""
    fresh = f"{folder}/fresh.v4plan"
    for flag in ("--logits-out", "--mtp-logits-out", "--trace", "--save-state"):
        for place, why in ((f"{folder}/absent/x", "No such file"), (f"{folder}/key/x", "Not a directory"), (folder, "is a folder")):
            done = expect.tools.call("v4-run", plan, *RUN, f"{flag}={place}", expect=1)
            expect.holds(f"{flag}={place}", f"{flag}={place}" in done.stderr and why in done.stderr and not done.stdout,
                         done.stderr + done.stdout)
    for output, flags in ((fresh, [f"--report={folder}/absent/r.json"]), (f"{folder}/absent/p.v4plan", [])):
        expect.refused("no folder", "v4-compile", [source, "-o", output, *flags], ["absent", "No such file"])
    expect.holds("nothing is compiled", not os.path.exists(fresh), fresh)
    expect.refused("no folder for a page", "v4-inspect", [plan, f"--html={folder}/absent/x"], ["--html=", "No such file"])
    expect.refused("no folder for a certificate", "v4-verify", [plan, "--numerics", f"--record={folder}/absent/x"], ["--record="])


def check_numbers(expect, plan):
    """Numbers that are too large are not the largest."""
    for flag in ("--seed", "--cache-bytes"):
        for value in ("18446744073709551616", "-1", "0x10", "1e3"):
            expect.refused(f"{flag}={value}", "v4-run", [plan, *RUN, f"{flag}={value}"], [flag, "whole number"])


def main():
    """Command line."""
    args = checkpoints.common_arguments(__doc__).parse_args()
    expect = Expectations(engine.Tools(args.bin))
    source = checkpoints.standard(args.cache, "mixed")
    plan = checkpoints.plan(expect.tools, args.cache, source)
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(f"{folder}/plans")
        external = f"{folder}/plans/a.v4plan"
        expect.tools.compile(source, external, "--weights=external")
        check_run(expect, folder, external)
        check_failures(expect, folder, plan)
        key = check_compile(expect, folder, source)
        check_verify(expect, folder, external, key)
        check_folders(expect, folder, plan, source)
        check_numbers(expect, plan)
    expect.finish()


if __name__ == "__main__":
    sys.exit(main())
