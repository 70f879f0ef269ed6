#!/usr/bin/python3
"""Wrong input of every kind gets one sentence and the right exit code, and leaves no partial file.

    bad_input.py --bin DIR --cache DIR [--parts checkpoints,compile,output,plans,run]
"""

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

import bad_checkpoints
import bad_plans
import checkpoints
import engine
from expectations import Expectations

NOT_YET_RUN = ("--prompt=hello",)


def linked_copy(source, target):
    """A copy of a checkpoint whose files are hard links."""
    shutil.copytree(source, target, copy_function=os.link)
    return target


def part_checkpoints(expect, env):
    """Damaged checkpoints."""
    for number, (name, damage, patterns) in enumerate(bad_checkpoints.CASES):
        folder = linked_copy(env.checkpoint, os.path.join(env.scratch, f"ck{number}"))
        damage(folder)
        output = os.path.join(env.empty, "x.v4plan")
        expect.refused(name, "v4-compile", [folder, "-o", output], patterns, output=output)
        shutil.rmtree(folder)
    output = os.path.join(env.empty, "x.v4plan")
    expect.refused("no such checkpoint", "v4-compile", [os.path.join(env.scratch, "absent"), "-o", output], ["absent"],
                   output=output)


def part_compile(expect, env):
    """Wrong flags of v4-compile."""
    output = os.path.join(env.empty, "x.v4plan")
    base = [env.checkpoint, "-o", output]
    for flags, patterns in (
            (["--shrink="], ["--shrink=", "no value"]), (["--shrink", ""], ["--shrink", "no value"]), (["--device=x"], ["--device=x", "h200"]), (["--device=h200"], ["--device=h200", "--report"]),
            (["--no-such-flag"], ["no-such-flag"]), (["--target=cpu:z80"], ["z80"]), (["--target=cuda:sm_75"], ["cuda:sm_75", "cuda:sm_90a"]),
            (["--target=tpu"], ["^v4-compile: error: target 'tpu'"]),
            (["--max-tokens=0"], ["max-tokens", "0"]), (["--max-tokens=many"], ["max-tokens", "many"]),
            (["--max-sequences=0"], ["max-sequences"]), (["--max-context=99999999"], ["max-context", "99999999"]), (["--max-draft=-1"], ["max-draft"]),
            (["--compile-to=nowhere"], ["nowhere"]), (["--compile-from=nowhere"], ["nowhere"]),
            (["--disable-pass=v4-no-such-pass"], ["v4-no-such-pass"]), (["--probes=("], ["probes"])):
        expect.refused("v4-compile " + " ".join(flags), "v4-compile", base + flags, patterns, output=output)
    expect.refused("kernel cache below a file", "v4-compile", [*base, f"--kernel-cache={env.checkpoint}/config.json/k"],
                   ["config.json/k", "--kernel-cache"], output=output)
    expect.refused("v4-compile without output", "v4-compile", [env.checkpoint], ["-o"])
    expect.refused("v4-compile without input", "v4-compile", ["-o", output], ["checkpoint"], output=output)
    module = os.path.join(env.scratch, "graph.mlir")
    expect.tools.call("v4-compile", env.checkpoint, "--compile-to=graph", "-o", module)
    other = checkpoints.standard(env.cache, "csa")
    expect.refused("module of another checkpoint", "v4-compile",
                   [module, "--compile-from=graph", f"--checkpoint={other}", "-o", output], ["checkpoint|manifest"], output=output)
    expect.refused("module of another phase", "v4-compile",
                   [module, "--compile-from=lower", f"--checkpoint={env.checkpoint}", "-o", output], ["v4.phase", "graph", "lower"],
                   output=output)
    expect.refused("import flag behind the import", "v4-compile",
                   [module, "--compile-from=graph", "--max-context=77", f"--checkpoint={env.checkpoint}", "-o", output],
                   ["--max-context", "import"], output=output)
    expect.refused("flag without a value", "v4-compile", [env.checkpoint, "--probes=", "-o", output], ["--probes=", "no value"],
                   output=output)
    broken = os.path.join(env.scratch, "broken.mlir")
    with open(broken, "wb") as f:
        f.write(engine.read(module)[:5000])
    expect.cases += 1
    done = expect.tools.call("v4-compile", broken, "--compile-from=graph", f"--checkpoint={env.checkpoint}", "-o", output, expect=None)
    if done.returncode != 1 or os.path.exists(output):
        expect.fail("truncated module", f"exit code {done.returncode}, expected 1")
    if not done.stderr.startswith(f"v4-compile: error: {broken}:"):
        expect.fail("truncated module", f"the message starts otherwise than v4-compile: error: {broken}: {done.stderr[:300]}")
    expect.refused("a file that is no config", "v4-compile", [os.path.join(env.checkpoint, "MANIFEST.json"), "-o", output],
                   [r"MANIFEST\.json: is neither a checkpoint folder nor a config\.json nor a module"], output=output)


def limit_file_size():
    """In the child: a file may have 1 MB; writing more is an error, not a signal."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


def part_output(expect, env):
    """Outputs that cannot be written."""
    for name, output in (("no such folder", os.path.join(env.scratch, "absent", "x.v4plan")),
                         ("a folder", env.scratch), ("behind a file", os.path.join(env.plan, "x.v4plan"))):
        expect.refused(f"output is {name}", "v4-compile", [env.checkpoint, "-o", output], [os.path.basename(output)])
    output = os.path.join(env.empty, "x.v4plan")
    expect.cases += 1
    done = subprocess.run([expect.tools.path("v4-compile"), env.checkpoint, "-o", output], preexec_fn=limit_file_size,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
    if done.returncode != 1 or os.listdir(env.empty):
        expect.fail("file size limit", f"exit code {done.returncode}, left {os.listdir(env.empty)}: {done.stderr[-300:]}")
    full = os.path.join(env.scratch, "full")
    os.makedirs(full)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", full], stderr=subprocess.DEVNULL, check=False)
    if mounted.returncode:
        print("full disk: not checked, mounting a small file system needs root")
        return
    try:
        output = os.path.join(full, "x.v4plan")
        expect.refused("full disk", "v4-compile", [env.checkpoint, "-o", output], ["x.v4plan|full"], output=output)
        for flag in ("--logits-out", "--mtp-logits-out"):
            many = "--tokens=" + ",".join(["1"] * 2000)
            output = os.path.join(full, "x.npy")
            expect.refused(f"full disk, {flag}", "v4-run", [env.plan, many, "-n", "0", f"{flag}={output}"], [r"x\.npy"], output=output)
    finally:
        subprocess.run(["umount", full], check=True)


def part_plans(expect, env):
    """Damaged plans, for every tool that reads them."""
    good = engine.read(env.plan)
    path = os.path.join(env.scratch, "bad.v4plan")
    for name, damage, code, patterns in bad_plans.CASES:
        with open(path, "wb") as f:
            f.write(damage(bytearray(good)))
        expect.refused(f"v4-run, {name}", "v4-run", [path, "--tokens=1,2", "-n", "1"], [r"bad\.v4plan", *patterns], code)
        if code == 1 and "version" not in name:
            expect.refused(f"v4-inspect, {name}", "v4-inspect", [path, "--kernels"], [r"bad\.v4plan"], 1)
        elif "version" in name:
            expect.cases += 1
            expect.tools.call("v4-inspect", path, "--summary")
    for name, damage in bad_plans.SEALED:
        expect.cases += 1
        with open(path, "wb") as f:
            f.write(damage(bytearray(good)))
        for tool, args in (("v4-run", ["--tokens=1,2", "-n", "1"]), ("v4-inspect", ["--json"]), ("v4-inspect", ["--mlir"])):
            done = expect.tools.call(tool, path, *args, expect=None, timeout=60)
            if done.returncode not in (0, 1, 3):
                expect.fail(f"{tool}, {name}", f"exit code {done.returncode}: {done.stderr[-300:]}")
    expect.refused("v4-run, no such plan", "v4-run", [path + ".absent", "--tokens=1"], ["absent"])
    expect.refused("v4-run, a folder", "v4-run", [env.scratch, "--tokens=1"], [os.path.basename(env.scratch)])


def part_run(expect, env):
    """Wrong tokens and flags of v4-run."""
    short = os.path.join(env.scratch, "short.v4plan")
    expect.tools.compile(env.checkpoint, short, "--max-context=128")
    tokens = os.path.join(env.scratch, "tokens")
    with open(tokens, "w", encoding="ascii") as f:
        f.write("1, 2, x")
    long = "--tokens=" + ",".join(["1"] * 120)
    for flags, patterns in (
            (["--tokens=1,512"], ["512"]), (["--tokens=-1"], ["-1"]), (["--tokens=1,x"], ["x"]),
            (["--tokens=99999999999999999999"], ["99999999999999999999"]), (["--tokens="], ["token"]), ([], ["token"]),
            ([f"--tokens-file={tokens}"], ["tokens"]), ([f"--tokens-file={tokens}.absent"], ["absent"]),
            (["--tokens=1", f"--force-tokens={tokens}"], ["tokens"]), ([long, "-n", "20"], ["128"]),
            ([long + ",1" * 20, "-n", "1"], ["128"]), (["--tokens=1", "--threads=0"], ["threads"]),
            (["--tokens=1", "--chunk=0"], ["chunk"]), (["--tokens=1", "-n", "-3"], ["-3"]),
            (["--tokens=1", "--temperature=-1"], ["temperature"]), (["--tokens=1", "--top-p=7"], ["top[-_]p"]),
            (["--tokens=1", "--load=fast"], ["fast"]), (["--tokens=1", "--no-such-flag"], ["no-such-flag"]),
            (["--tokens=1", "--step-tokens=100000"], ["step-tokens"]),
            (["--tokens=1", f"--logits-out={env.scratch}/absent/x.npy"], ["absent"]),
            (["--tokens=1", f"--dump-probes={env.plan}/x"], ["x"])):
        expect.refused("v4-run " + " ".join(flags)[:60], "v4-run", [short, *flags], patterns)
    expect.refused("v4-run with too small a cache", "v4-run", [short, "--tokens=1", "--cache-bytes=1000"], ["--cache-bytes=1000"], 1)
    expect.refused("an endless token file", "v4-run", [short, "--tokens-file=/dev/zero"], ["/dev/zero", "256 MiB"])
    expect.refused("one file for two results", "v4-run", [short, "--tokens=1", f"--logits-out={env.scratch}/l.npy",
                                                          f"--mtp-logits-out={env.scratch}/l.npy"], ["l.npy"])
    for flag in NOT_YET_RUN:
        expect.refused(f"v4-run {flag}", "v4-run", [short, "--tokens=1", flag], [flag.split("=")[0], "support"])
    plain = checkpoints.plan(expect.tools, env.cache, checkpoints.standard(env.cache, "plain"))
    expect.refused("MTP logits without MTP", "v4-run", [plain, "--tokens=1", f"--mtp-logits-out={env.scratch}/m.npy"], ["mtp"])


class Environment:
    """Folders and inputs that the parts share."""

    def __init__(self, tools, cache, scratch):
        self.cache, self.scratch = os.path.abspath(cache), scratch
        self.empty = os.path.join(scratch, "empty")
        os.makedirs(self.empty)
        self.plan = checkpoints.plan(tools, cache, checkpoints.standard(cache, "mixed"))
        self.checkpoint = linked_copy(checkpoints.standard(cache, "mixed"), os.path.join(scratch, "good"))


PARTS = {"checkpoints": part_checkpoints, "compile": part_compile, "output": part_output, "plans": part_plans, "run": part_run}


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--parts", default=",".join(PARTS))
    args = parser.parse_args()
    expect = Expectations(engine.Tools(args.bin))
    with tempfile.TemporaryDirectory(dir=args.cache) as scratch:
        env = Environment(expect.tools, args.cache, os.path.abspath(scratch))
        for part in args.parts.split(","):
            PARTS[part](expect, env)
    print(f"{expect.cases} cases, {len(expect.failures)} failures")
    return 1 if expect.failures else 0


if __name__ == "__main__":
    sys.exit(main())
