#!/usr/bin/python3
"""v4-verify says yes to plans of every target, and names what is wrong with damaged ones.

    verify.py --bin DIR --cache DIR
"""

import json
import os
import re
import struct
import sys
import tempfile

import bad_plans
import checkpoints
import engine
from expectations import Expectations

TARGETS = ("cpu:x86-64-v3", "cpu:x86-64-v4", "cpu:x86-64-v4-bf16", "cpu:x86-64-v4-amx")


def seal_code(plan):
    """Makes the code accept changed metadata, then every hash right: only meaning can be wrong."""
    offset, size = bad_plans.section(plan, bad_plans.METADATA)
    code, code_size = bad_plans.section(plan, bad_plans.CODE)
    plan[code + code_size - 32:code + code_size] = bad_plans.digest(plan[offset:offset + size])
    return bad_plans.seal(plan)


def replace_text(old, new):
    """A string of the metadata changes, its length stays."""
    def damage(plan):
        offset, size = bad_plans.section(plan, bad_plans.METADATA)
        at = plan.find(old, offset, offset + size)
        assert at >= 0 and len(old) == len(new), old
        plan[at:at + len(old)] = new
        return seal_code(plan)
    return damage


def unknown_target(plan):
    """The level that this machine compiles for gets a name that no level has."""
    name = re.search(rb"cpu:x86-64-v[a-z0-9-]*\0", bytes(plan)).group()
    return replace_text(name, name.replace(b"x86-64", b"x86-65"))(plan)


def elf_field(at, fmt, value):
    """A field of the ELF header of the code changes."""
    def damage(plan):
        struct.pack_into(fmt, plan, bad_plans.section(plan, bad_plans.CODE)[0] + at, value)
        return seal_code(plan)
    return damage


def first_kernel(tools, plan):
    """Symbol of the kernel of the first launch."""
    return json.loads(tools.call("v4-inspect", plan, "--schedule", "--json").stdout)["schedule"][0]["kernel"].encode()


def check_damage(expect, good, symbol, write):
    """Wrong bytes are structure, wrong weights are weights, wrong meaning is the closed world."""
    for name, damage, _, patterns in bad_plans.CASES:
        if name == "missing CPU feature":
            continue
        path = write(damage(bytearray(good)))
        expect.refused(f"structure, {name}", "v4-verify", [path], [r"bad\.v4plan", *patterns], 2)
    weights = write(bad_plans.flip(bad_plans.WEIGHTS, 0.4)(bytearray(good)))
    expect.tools.call("v4-verify", weights)
    expect.refused("weights altered", "v4-verify", [weights, "--weights"], ["first tensor '", "do not match"], 2)
    cases = [("kernel renamed", replace_text(b"\0" + symbol + b"\0", b"\0" + symbol[:-1] + b"~\0"), "letters, digits"),
             ("unknown target", unknown_target, "target 'cpu:x86-65-v[^']*' is unknown"),
             ("another level's features", replace_text(b"avx512ifma\0", b"avx512ifmb\0"), "target.features differ"),
             ("no ELF magic", elf_field(0, "<I", 0), "no 64-bit"),
             ("another processor", elf_field(18, "<H", 183), "no 64-bit"),
             ("section headers outside", elf_field(40, "<Q", 1 << 60), "section headers"),
             ("segments outside", elf_field(32, "<Q", 1 << 63), "segments"),
             ("no section headers", elf_field(60, "<H", 0), "no dynamic symbol table")]
    for name, damage, pattern in cases:
        expect.refused(name, "v4-verify", [write(damage(bytearray(good))), "--closed-world"], [pattern], 2)


def check_missing_kernel(expect, good, symbol, write):
    """Each launch without a function is named, and the kernel."""
    other = symbol[:-1] + (b"x" if symbol[-1:] != b"x" else b"y")
    done = expect.tools.call("v4-verify", write(replace_text(b"\0" + symbol + b"\0", b"\0" + other + b"\0")(bytearray(good))),
                             "--closed-world", "--json", expect=2)
    structure, closed = json.loads(done.stdout)
    problems = closed["problems"]
    expect.cases += 1
    if not structure["ok"] or closed["ok"] or "no function of section code" not in problems[0] or "launches[0] runs" not in problems[1]:
        expect.fail("missing kernel", f"got {problems}")


def check_here(expect, plan, good, write):
    """What this machine lacks is exit 3, unless the plan is wrong too. `plan` runs on any machine, `good` is of the highest level."""
    missing = write(replace_text(b"avx512ifma\0", b"avx512ifmb\0")(bytearray(good)))
    done = expect.tools.call("v4-verify", missing, "--here", "--threads=5000", expect=3)
    expect.cases += 1
    if not all(word in done.stderr for word in ("avx512ifmb", "--threads=5000")):
        expect.fail("every reason", done.stderr)
    expect.refused("too many threads", "v4-verify", [plan, "--here=context:10", "--threads=1000"], ["CPUs"], 3)
    expect.refused("beyond the plan", "v4-verify", [plan, "--here=context:99999999"], ["this plan allows 1 to"], 1)
    expect.tools.call("v4-verify", missing, "--here", "--closed-world", expect=2)


def check_flags(expect, plan):
    """Mistakes of the user."""
    expect.refused("no file", "v4-verify", [], ["FILE"], 1)
    expect.refused("absent file", "v4-verify", [plan + ".absent"], ["absent"], 1)
    expect.refused("a folder", "v4-verify", [os.path.dirname(plan)], ["regular file"], 1)
    expect.refused("no key", "v4-verify", [plan, "--signature"], ["--public-key=FILE"], 1)
    expect.refused("threads of nothing", "v4-verify", [plan, "--threads=3"], ["--threads=3", "--here"], 1)
    expect.refused("no certificate", "v4-verify", [plan, "--numerics=" + plan + ".absent"], ["there is no certificate"], 3)
    expect.refused("a bisection of nothing", "v4-verify", [plan, "--bisect"], ["--numerics"], 1)
    for flags in (["--record"], ["--record", "--numerics", "--launches=x"]):
        expect.refused(f"a record of {flags}", "v4-verify", [plan, *flags], ["of --numerics or of --launches"], 1)
    expect.refused("two files", "v4-verify", [plan, "--launches=x", "--record=y"], ["--record=y", "--launches"], 1)
    expect.refused("a record over the plan", "v4-verify", [plan, f"--launches={plan}", "--record"], ["the plan"], 1)
    expect.refused("a prompt of nothing", "v4-verify", [plan, "--numerics", "--prompt=3"], ["--prompt=3", "--record"], 1)
    expect.refused("no launches", "v4-verify", [plan, f"--launches={plan}.absent"], ["there is no certificate"], 3)
    expect.refused("unknown flag", "v4-verify", [plan, "--nonsense"], ["nonsense"], 1)


def main():
    """Command line."""
    args = checkpoints.common_arguments(__doc__).parse_args()
    tools = engine.Tools(args.bin)
    expect = Expectations(tools)
    mixed = checkpoints.standard(args.cache, "mixed")
    for target in TARGETS:
        tools.call("v4-verify", checkpoints.plan(tools, args.cache, mixed, f"--target={target}"), "--closed-world", "--weights")
    plan = checkpoints.plan(tools, args.cache, mixed, f"--target={TARGETS[-1]}")
    good, symbol = engine.read(plan), first_kernel(tools, plan)
    # Only --numerics runs a plan: the dynamic loader tells what is opened.
    traced = tools.call("v4-verify", plan, "--structure", "--closed-world", "--weights", "--here", env={"LD_DEBUG": "files"}, expect=None)
    if "/proc/self/fd/" in traced.stderr:
        expect.fail("v4-verify maps code", "a check but --numerics opened it")
    with tempfile.TemporaryDirectory(dir=args.cache) as scratch:
        def write(data):
            path = os.path.join(scratch, "bad.v4plan")
            with open(path, "wb") as f:
                f.write(data)
            return path
        check_damage(expect, good, symbol, write)
        check_missing_kernel(expect, good, symbol, write)
        check_here(expect, checkpoints.plan(tools, args.cache, mixed, f"--target={TARGETS[0]}"), good, write)
        check_flags(expect, plan)
    print(f"{expect.cases} cases, {len(expect.failures)} failures")
    return 1 if expect.failures else 0


if __name__ == "__main__":
    sys.exit(main())
