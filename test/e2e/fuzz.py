#!/usr/bin/python3
"""Randomly damaged checkpoints and plans never crash or hang a tool.

    fuzz.py --bin DIR --cache DIR [--seed N] [--seconds S]

Each round damages one file: bytes of config.json, of the index, of a shard's
header, or of a plan whose hashes are then made right again, so that damage
gets past them. The tool may accept or refuse; everything else is a failure.
"""

import os
import random
import shutil
import struct
import sys
import tempfile
import time

import bad_checkpoints
import bad_plans
import checkpoints
import engine
from bad_input import linked_copy
from verify import seal_code

ACCEPTABLE = (0, 1, 2, 3)
TOKENS = [b"0", b"-1", b"1e308", b"18446744073709551616", b"null", b"[]", b"{}", b"\"\"", b"true", b"\xff", b"\\u0000", b","]


def damage_text(r, data):
    """JSON text with a few bytes changed, cut, doubled, or replaced by something JSON-like."""
    data = bytearray(data)
    for _ in range(r.randint(1, 3)):
        at = r.randrange(len(data) or 1)
        kind = r.randrange(5)
        if kind == 0:
            data[at:at + 1] = bytes([r.randrange(256)])
        elif kind == 1:
            data[at:at + r.randint(1, 40)] = b""
        elif kind == 2:
            data[at:at] = data[at:at + r.randint(1, 200)]
        elif kind == 3:
            digits = [i for i, c in enumerate(data) if 48 <= c < 58]
            if digits:
                at = r.choice(digits)
                data[at:at + 1] = r.choice(TOKENS)
        else:
            data[at:at + 1] = r.choice(TOKENS)
    return bytes(data)


def damage_checkpoint(r, folder):
    """Damages one file of a linked copy; returns what it was."""
    names = ["config.json", bad_checkpoints.INDEX] + 2 * [n for n in sorted(os.listdir(folder)) if n.endswith(".safetensors")]
    name = r.choice(names)
    path = os.path.join(folder, name)
    data = engine.read(path)
    if name.endswith(".safetensors"):
        size, = struct.unpack("<Q", data[:8])
        text = damage_text(r, data[8:8 + size])
        length = len(text) if r.random() < 0.8 else r.choice([0, 1, len(text) - 1, len(text) + 8, 1 << 40, (1 << 64) - 1])
        bad_checkpoints.replace(path, struct.pack("<Q", length) + text + data[8 + size:])
    else:
        bad_checkpoints.replace(path, damage_text(r, data))
    return name


def damage_plan(r, plan):
    """Changes metadata, the section table or a length, and makes the hashes right."""
    if r.random() < 0.2:
        kind, field = r.randrange(5), r.randrange(2)
        value = r.choice([0, 1, 4095, 4096, len(plan), len(plan) - 1, 1 << 32, (1 << 64) - 1, r.randrange(len(plan))])
        struct.pack_into("<Q", plan, bad_plans.SECTIONS_AT + 16 * kind + 8 * field, value)
        hashed = False
    else:
        offset, size = bad_plans.section(plan, bad_plans.METADATA)
        for _ in range(r.randint(1, 4)):
            at = offset + r.randrange(size - 8)
            if r.random() < 0.5:
                plan[at] ^= 1 << r.randrange(8)
            else:
                struct.pack_into("<I", plan, at, r.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, r.randrange(1 << 32)]))
        hashed = True
    return bad_plans.seal(plan) if hashed else seal_header(plan)


def damage_code(r, plan):
    """Changes tables of the ELF object, which lie at its ends."""
    offset, size = bad_plans.section(plan, bad_plans.CODE)
    for _ in range(r.randint(1, 4)):
        near = r.randrange(min(4096, size - 40))
        at = offset + (near if r.random() < 0.5 else size - 40 - near)
        struct.pack_into("<Q", plan, at, r.choice([0, 1, size, 1 << 32, (1 << 64) - 1, r.randrange(1 << 16)]))


def seal_header(plan):
    """Makes the header's own hash right."""
    plan[bad_plans.HEADER_HASH_AT:bad_plans.HEADER_HASH_AT + 32] = bad_plans.digest(plan[:bad_plans.HEADER_HASH_AT])
    return plan


class Fuzzer:
    """Runs rounds and keeps the inputs that failed."""

    def __init__(self, tools, cache, seed, scratch):
        self.tools, self.r, self.scratch, self.failures = tools, random.Random(seed), scratch, []
        self.source = checkpoints.standard(cache, "mixed")
        self.good = linked_copy(self.source, os.path.join(scratch, "good"))
        self.plan = engine.read(checkpoints.plan(tools, cache, self.source))
        self.keep = os.path.join(cache, "fuzz-failures")

    def judge(self, done, what, culprit):
        """Notes a bad exit code and keeps the input."""
        if done.returncode in ACCEPTABLE:
            return
        self.failures.append(what)
        os.makedirs(self.keep, exist_ok=True)
        kept = os.path.join(self.keep, f"{len(os.listdir(self.keep))}-{os.path.basename(culprit)}")
        shutil.copy(culprit, kept)
        print(f"{what}: exit code {done.returncode}, input kept as {kept}: {done.stderr[-400:]}", flush=True)

    def checkpoint_round(self):
        """One damaged checkpoint, imported."""
        folder = linked_copy(self.good, os.path.join(self.scratch, "fuzzed"))
        try:
            name = damage_checkpoint(self.r, folder)
            done = self.tools.call("v4-compile", folder, "--compile-to=import", "-o", os.devnull, expect=None, timeout=60)
            self.judge(done, "v4-compile, damaged " + name, os.path.join(folder, name))
        finally:
            shutil.rmtree(folder)

    def plan_round(self):
        """One damaged plan, inspected and run."""
        path = os.path.join(self.scratch, "fuzzed.v4plan")
        with open(path, "wb") as f:
            f.write(damage_plan(self.r, bytearray(self.plan)))
        for tool, args in (("v4-inspect", [self.r.choice(["--json", "--mlir", "--schedule", "--memory", "--weights", "--cost"])]),
                           ("v4-run", ["--tokens=1,2,3", "-n", "2"])):
            self.judge(self.tools.call(tool, path, *args, expect=None, timeout=60), f"{tool}, damaged plan", path)


    def verify_round(self):
        """One plan with damaged metadata or code under right hashes: verified, and compared with the good one."""
        path, other = os.path.join(self.scratch, "fuzzed.v4plan"), os.path.join(self.scratch, "good.v4plan")
        plan = bytearray(self.plan)
        if self.r.random() < 0.5:
            plan = damage_plan(self.r, plan)
        else:
            damage_code(self.r, plan)
        with open(path, "wb") as f:
            f.write(seal_code(plan) if plan[:bad_plans.PLAN_HASH_AT] == self.plan[:bad_plans.PLAN_HASH_AT] else plan)
        with open(other, "wb") as f:
            f.write(self.plan)
        for tool, args in (("v4-verify", ["--closed-world", "--weights", "--here"]), ("v4-inspect", ["--diff", other])):
            self.judge(self.tools.call(tool, path, *args, expect=None, timeout=60), f"{tool}, damaged plan", path)


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--seconds", type=float, default=120)
    args = parser.parse_args()
    rounds = 0
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory(dir=args.cache) as scratch:
        fuzzer = Fuzzer(engine.Tools(args.bin), args.cache, args.seed, os.path.abspath(scratch))
        begin = time.time()
        while time.time() - begin < args.seconds:
            fuzzer.checkpoint_round()
            fuzzer.plan_round()
            fuzzer.verify_round()
            rounds += 1
    print(f"{rounds} rounds, {len(fuzzer.failures)} failures")
    return 1 if fuzzer.failures or not rounds else 0


if __name__ == "__main__":
    sys.exit(main())
