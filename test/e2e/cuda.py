#!/usr/bin/python3
"""Plans for a GPU without one: they compile, verify, and say why they do not run; with a driver that plays a GPU by
running the kernels of a CPU plan they give that plan's bits.

    cuda.py --bin DIR --cache DIR --fake-cuda DIR [--models main,swa] [--compilations]

Needs ptxas; without it the test is skipped (exit code 77).
"""

import os
import re
import tempfile

import bad_plans
import checkpoints
import cuda_kernels
import engine
import invariance
from expectations import Expectations
from make_goldens import random_prompt

TARGET = "--target=cuda:sm_90a"
OTHER_TARGETS = ("cuda:sm_100a", "cuda:sm_120a")
SPLITS = ((), ("--chunk=7",), ("--chunk=128", "--load=copy"))


def code_of(plan_path, target):
    """Writes the object of a CPU plan's code section."""
    plan = engine.read(plan_path)
    offset, size = bad_plans.section(plan, bad_plans.CODE)
    with open(target, "wb") as f:
        f.write(plan[offset:offset + size - 32])
    return target


def check_without_driver(tools, expect, plan):
    """What people see who have the plan and no GPU."""
    for command in ("v4-run", "v4-bench"):
        done = tools.call(command, plan, *(["--tokens=1,2,3"] if command == "v4-run" else []), expect=None)
        expect.equal(f"{command} without a driver", done.returncode, 3)
        expect.equal(f"lines of {command}", len(done.stderr.strip().splitlines()), 1)
        expect.holds(f"sentence of {command}", "plan for a GPU and this machine has no CUDA driver" in done.stderr,
                     done.stderr)
    for view in ("--structure", "--closed-world"):
        expect.equal(f"v4-verify {view}", tools.call("v4-verify", plan, view, expect=None).returncode, 0)
    expect.equal("v4-verify --here", tools.call("v4-verify", plan, "--here", expect=None).returncode, 3)


def check_kernels(tools, expect, name, plan):
    """The blocks of a plan, in MLIR."""
    text = tools.call("v4-inspect", plan, "--mlir").stdout
    kernels = re.findall(r'"plan.kernel".*?block = #plan.block<threads = (\d+), shared_bytes = (\d+), cluster = (\d+), '
                         r'registers = (\d+), image = (\d+) : (\d+)>.*?stack_bytes = (\d+)', text)
    stacks = [int(k[6]) for k in kernels]
    print(f"{name}: {len(kernels)} kernels, at most {max(int(k[3]) for k in kernels)} registers, "
          f"{max(int(k[1]) for k in kernels)} shared bytes, {max(stacks)} stack bytes "
          f"({sum(s > 0 for s in stacks)} kernels with a stack)")
    expect.holds("kernels", len(kernels) > 5, text[:200])


def same_bits(tools, cache, expect, name, fake):
    """Runs the plan on the played GPU and the CPU plan of the same kernels."""
    checkpoint = checkpoints.standard(cache, name)
    gpu = checkpoints.plan(tools, cache, checkpoint, TARGET)
    cpu = checkpoints.plan(tools, cache, checkpoint, "--target=cpu:x86-64-v3", "--disable-pass=v4-choose-kernels")
    check_kernels(tools, expect, name, gpu)
    check_without_driver(tools, expect, gpu)
    prompt = random_prompt(23, 300, 0, checkpoints.config(checkpoint)["vocab_size"])
    with tempfile.TemporaryDirectory() as scratch:
        code = code_of(cpu, os.path.join(scratch, "code.so"))
        expected = os.path.join(scratch, "cpu")
        invariance.run(tools, cpu, expected, prompt, ())
        for number, flags in enumerate(SPLITS):
            folder = os.path.join(scratch, str(number))
            os.environ.update({"LD_LIBRARY_PATH": fake, "V4_FAKE_CUDA_CODE": code})
            try:
                invariance.run(tools, gpu, folder, prompt, flags)
            finally:
                del os.environ["LD_LIBRARY_PATH"], os.environ["V4_FAKE_CUDA_CODE"]
            expect.equal(f"{name} {flags}: files that differ", invariance.differences(expected, folder), [])


def check_errors(tools, cache, expect):
    """What v4-compile lists and refuses."""
    plain = checkpoints.standard(cache, "plain")
    with tempfile.TemporaryDirectory() as scratch:
        plan = os.path.join(scratch, "x.v4plan")
        missing = tools.call("v4-compile", plain, "-o", plan, TARGET, env={"CUDA_HOME": scratch}, expect=None)
        expect.equal("without ptxas", (missing.returncode, len(missing.stderr.splitlines())), (3, 1))
        expect.holds("its sentence", "target 'cuda:sm_90a' needs ptxas" in missing.stderr, missing.stderr)
        refused = tools.call("v4-compile", plain, "-o", plan, "--target=cuda:sm_75", expect=None)
        expect.equal("unknown architecture", refused.returncode, 1)
        expect.holds("its sentence", "target 'cuda:sm_75' is unknown, expected cpu, " in refused.stderr, refused.stderr)
    listed = tools.call("v4-compile", "--list-targets").stdout
    for name in ("cuda:sm_90a", *OTHER_TARGETS):
        expect.holds(f"--list-targets {name}", name in listed, listed)


def check_compilations(tools, cache, expect):
    """The same bytes twice, and plans for other architectures."""
    plain = checkpoints.standard(cache, "plain")
    with tempfile.TemporaryDirectory() as scratch:
        plans = [os.path.join(scratch, f"{i}.v4plan") for i in range(2)]
        for threads, plan in zip((1, 2), plans):
            tools.call("v4-compile", plain, "-o", plan, TARGET, "-j", threads, "--weights=none")
        expect.holds("same bytes", engine.read(plans[0]) == engine.read(plans[1]), "two compilations differ")
        for name in OTHER_TARGETS:
            tools.compile(plain, plans[0], f"--target={name}", "--weights=none")
            done = tools.call("v4-verify", plans[0], "--closed-world", expect=None)
            expect.equal(f"closed world of {name}", done.returncode, 0)


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--fake-cuda", required=True, help="folder of the library that plays a GPU")
    parser.add_argument("--models", default="main,swa")
    parser.add_argument("--compilations", action="store_true", help="compile twice, and for every architecture")
    args = parser.parse_args()
    tools = engine.Tools(args.bin)
    expect = Expectations(tools)
    cuda_kernels.skip_without_ptxas(tools, args.cache)
    check_errors(tools, args.cache, expect)
    if args.compilations:
        check_compilations(tools, args.cache, expect)
    for name in args.models.split(","):
        same_bits(tools, args.cache, expect, name, os.path.abspath(args.fake_cuda))
    expect.finish()


if __name__ == "__main__":
    main()
