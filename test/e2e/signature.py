#!/usr/bin/python3
"""Signed plans run and verify; plans of another maker, changed or unsigned ones do not where a key is demanded.

    signature.py --bin DIR --cache DIR
"""

import os
import stat
import sys
import tempfile

import bad_plans
import checkpoints
import engine
from expectations import Expectations

SIGNATURE_AT, SIGNATURE_BYTES = 192 + 32, 64


def make_keys(expect, folder):
    """Two makers; returns (secret, public) paths of each."""
    keys = []
    for name in ("ours", "theirs"):
        secret = os.path.join(folder, name + ".key")
        expect.tools.call("v4-compile", f"--make-key={secret}")
        keys.append((secret, secret + ".pub"))
        expect.cases += 1
        if stat.S_IMODE(os.stat(secret).st_mode) != 0o600:
            expect.fail("mode of a secret key", oct(os.stat(secret).st_mode))
    before = engine.read(keys[0][0])
    expect.refused("no key is overwritten", "v4-compile", [f"--make-key={keys[0][0]}"], ["ours.key", "File exists"], 1)
    expect.refused("no folder", "v4-compile", [f"--make-key={folder}/none/k"], ["none/k", "No such file"], 1)
    if engine.read(keys[0][0]) != before or before.split()[-1] == engine.read(keys[1][0]).split()[-1]:
        expect.fail("keys", "one was overwritten, or two are the same")
    return keys


def check_bytes(expect, plain, signed, again):
    """Signing is reproducible and changes header and signature alone."""
    expect.cases += 2
    if engine.read(signed) != engine.read(again):
        expect.fail("reproducible", "two signed plans differ")
    a, b = engine.read(plain), engine.read(signed)
    for kind in range(5):
        (at_a, size_a), (at_b, size_b) = bad_plans.section(a, kind), bad_plans.section(b, kind)
        if a[at_a:at_a + size_a] != b[at_b:at_b + size_b]:
            expect.fail("contents", f"section {kind} differs between the plan and the signed one")


def check_demands(expect, plan, plain, keys, write):
    """Who demands a key gets plans signed with it, or one sentence."""
    (_, ours), (_, theirs) = keys
    run = ["--tokens=1,2,3", "-n", "2"]
    tools = expect.tools
    got, wanted = (tools.call("v4-run", *args, *run, "--json").stdout for args in ((plan, f"--public-key={ours}"), (plain,)))
    expect.cases += 1
    if got.split('"tokens"')[1].split("]")[0] != wanted.split('"tokens"')[1].split("]")[0]:
        expect.fail("tokens", f"{got} {wanted}")
    for options in ([], ["--signature", f"--public-key={ours}", "--weights"]):
        tools.call("v4-verify", plan, *options)
    verify = ["--signature", f"--public-key={ours}"]
    good = engine.read(plan)
    flipped = bytearray(good)
    flipped[SIGNATURE_AT + 5] ^= 1
    other = bytearray(good)
    other[bad_plans.section(good, bad_plans.TABLES)[0]] ^= 1
    for name, path, pattern in (("unsigned", plain, "is not signed, expected"),
                                ("damaged signature", write(flipped), "its signature is not that of the key"),
                                ("tampered and hashed again", write(bad_plans.seal(other)), "behind the signer's back")):
        expect.refused(f"run, {name}", "v4-run", [path, f"--public-key={ours}", *run], [pattern], 1)
        expect.refused(f"verify, {name}", "v4-verify", [path, *verify], [pattern], 2)
    expect.refused("verify, an empty key", "v4-verify", [write(good), "--public-key", ""], ["--public-key has no value"], 1)
    expect.refused("damaged, no key", "v4-run", [write(flipped), *run], ["its signature is not that"], 1)
    expect.refused("run, another maker", "v4-run", [plan, f"--public-key={theirs}", *run], ["is signed with the key"], 1)
    expect.refused("verify, another maker", "v4-verify", [plan, "--signature", f"--public-key={theirs}"], ["is signed with"], 2)


def check_keys(expect, plan, checkpoint, keys, folder):
    """Key files that are none."""
    output = os.path.join(folder, "refused", "x.v4plan")
    os.makedirs(os.path.dirname(output))
    short = os.path.join(folder, "short.key")
    with open(short, "w", encoding="ascii") as f:
        f.write("# a comment\n0123\n")
    for name, path, patterns in (("absent", folder + "/absent", ["absent"]), ("short", short, ["short.key", "has 4 digits"]),
                                 ("a folder", folder, ["regular file"]), ("a plan", plan, ["bytes|hex"])):
        expect.refused(f"run, {name}", "v4-run", [plan, f"--public-key={path}", "--tokens=1"], patterns, 1)
        expect.refused(f"verify, {name}", "v4-verify", [plan, "--signature", f"--public-key={path}"], patterns, 1)
        if path != plan:
            expect.refused(f"compile, {name}", "v4-compile", [checkpoint, "-o", output, f"--sign-key={path}"], patterns, 1, output)
    expect.refused("key without check", "v4-verify", [plan, f"--public-key={keys[0][1]}"], ["--signature"], 1)
    expect.refused("check without key", "v4-verify", [plan, "--signature"], ["--public-key"], 1)
    expect.refused("signed module", "v4-compile", [checkpoint, "-o", output, f"--sign-key={keys[0][0]}", "--compile-to=graph"],
                   ["--sign-key", "phase plan"], 1, output)


def main():
    """Command line."""
    args = checkpoints.common_arguments(__doc__).parse_args()
    tools = engine.Tools(args.bin)
    expect = Expectations(tools)
    checkpoint = checkpoints.standard(args.cache, "mixed")
    plain = checkpoints.plan(tools, args.cache, checkpoint)
    with tempfile.TemporaryDirectory(dir=args.cache) as folder:
        def write(data):
            path = os.path.join(folder, f"bad-{len(os.listdir(folder))}.v4plan")
            with open(path, "wb") as f:
                f.write(data)
            return path
        keys = make_keys(expect, folder)
        signed, again, external = (os.path.join(folder, name) for name in ("signed.v4plan", "again.v4plan", "external.v4plan"))
        tools.compile(checkpoint, signed, f"--sign-key={keys[0][0]}")
        tools.compile(checkpoint, again, f"--sign-key={keys[0][0]}", "-j2")
        tools.compile(checkpoint, external, f"--sign-key={keys[0][0]}", "--weights=external")
        check_bytes(expect, plain, signed, again)
        check_demands(expect, signed, plain, keys, write)
        tools.call("v4-run", external, f"--public-key={keys[0][1]}", "--tokens=1,2", "-n", "1")
        tools.call("v4-verify", external, "--signature", f"--public-key={keys[0][1]}", "--weights")
        check_keys(expect, signed, checkpoint, keys, folder)
    print(f"{expect.cases} cases, {len(expect.failures)} failures")
    return 1 if expect.failures else 0


if __name__ == "__main__":
    sys.exit(main())
