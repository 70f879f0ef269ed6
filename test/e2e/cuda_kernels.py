#!/usr/bin/python3
"""Every kernel of a plan for a GPU, as ptxas sees it: registers, shared memory, stack and spills.

    cuda_kernels.py --bin DIR --cache DIR [--target cuda:sm_90a] [--models main] [--presets mini,slice] [--flash]

--presets: configurations of make-checkpoint, without weights. --flash: the real one of 43 layers too. Needs ptxas;
without it the test is skipped (exit code 77).
"""

import glob
import hashlib
import json
import os
import re
import sys
import tempfile
import time

import checkpoints
import engine
from expectations import Expectations

sys.path.insert(0, os.path.join(engine.ROOT, "test", "cuda"))
from float_atomics import float_atomics  # noqa: E402

TARGET = "--target=cuda:sm_90a"
SKIPPED = 77
FLASH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "configs", "flash-config.json")
MOST_SHARED_BYTES = {"sm_90a": 227 << 10, "sm_100a": 227 << 10, "sm_120a": 99 << 10}
MOST_REGISTERS = 255
# Where attention and products are bodies in lanes, ptxas leaves a few values in memory rather than take more registers.
MOST_SPILLED_BYTES = {"sm_90a": 0, "sm_100a": 64, "sm_120a": 64}
# Bodies without a vector; of miniatures also rows that are shorter than one. All others run in the lanes of a warp.
ONE_THREAD = ("scale",)
LINEAR = ("wgmma.mma_async", "cp.async.bulk.tensor.2d", "cp.async.bulk.shared", "mbarrier.try_wait")
SPLIT = LINEAR + ("barrier.cluster.arrive", "barrier.cluster.wait", "mapa.shared::cluster", "ld.shared::cluster.f32",
                  ".reqnctapercluster")
# Instructions that templates must have become.
MUST = {"combineRows": ("ld.global",),
        "dispatchRows": ("atom.shared.add",),
        "bf16Linear": LINEAR,
        "fp8Linear": LINEAR,
        "splitBf16Linear": SPLIT,
        "splitFp8Linear": SPLIT,
        "expertProduct": ("wgmma.mma_async", "cp.async.bulk.tensor.2d", "cp.async.bulk.shared", "prmt"),
        "quantizeRows": ("cvt.rn.satfinite.e4m3x2.f32", "shfl.sync.bfly"),
        "attendRows": ("mma.sync.aligned.m16n8k16", "ldmatrix.sync.aligned.m8n8.x4.trans", "cvt.rn.f16x2.e4m3x2"),
        "attendMerge": ("fma.rn",),
        "indexCandidates": ("mma.sync.aligned.m16n8k16", "ldmatrix", "atom.shared.add"),
        "selectCandidates": ("atom.shared.add",),
        "sampleRows": ("atom.shared.add", "sub.rn.f64", "mul.rn.f64"),
        "tensorRate": ("wgmma.mma_async.sync.aligned.m64n256k",),
        "wideLinear": ("wgmma.mma_async", "cp.async.bulk.tensor.2d", "cvt.rn.f16x2.e4m3x2")}
# Templates that a model of 256 columns has no instance of, and one without an indexer.
SPLITS = ("splitBf16Linear", "splitFp8Linear")
INDEXER = ("indexCandidates", "selectCandidates")
# All that plans for GPUs other than Hopper have.
EVERYWHERE = ("combineRows", "dispatchRows")
FIELDS = {"registers": r"Used (\d+) registers", "stack": r"(\d+) bytes stack frame",
          "stores": r"(\d+) bytes spill stores", "loads": r"(\d+) bytes spill loads"}


def skip_without_ptxas(tools, cache):
    """Ends the test where no plan for a GPU can be compiled."""
    with tempfile.TemporaryDirectory() as scratch:
        done = tools.call("v4-compile", checkpoints.standard(cache, "plain"), TARGET, "--weights=none",
                          *tools.kernel_cache(), "-o", os.path.join(scratch, "x.v4plan"), expect=None)
    if done.returncode == 3 and "of a CUDA toolkit, found none" in done.stderr:
        print("skipped: " + done.stderr.strip())
        sys.exit(SKIPPED)


def read_report(path):
    """Figures of one kernel."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    found = {key: re.search(pattern, text) for key, pattern in FIELDS.items()}
    return {key: int(match.group(1)) if match else None for key, match in found.items()}


def missing_templates(name, arch):
    """Those that no plan of the model has for that GPU."""
    if arch != "sm_90a":
        return [t for t in MUST if t not in EVERYWHERE]
    return [t for t in MUST if (t in SPLITS and name in checkpoints.MODELS) or (t in INDEXER and name == "plain")]


def check_texts(expect, name, folder, arch):
    """Kernels call nothing, and no two of them are the same function."""
    bodies = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.ptx"))):
        kernel = os.path.basename(path)[:-len(".ptx")]
        with open(path, encoding="utf-8") as f:
            text = f.read()
        expect.holds(f"{name} {kernel}: .target", f".target {arch}\n" in text, text[:200])
        expect.holds(f"{name} {kernel} calls nothing", not re.search(r"^\s*call", text, re.MULTILINE), kernel)
        expect.equal(f"{name} {kernel}: sums without an order", float_atomics(text), [])
        template = MUST.get(kernel.split("_")[0], ())
        expect.equal(f"{name} {kernel}: instructions missing", [i for i in template if i not in text], [])
        with open(os.path.join(folder, kernel + (".cu" if template else ".mlir")), encoding="utf-8") as f:
            body = hashlib.sha256(f.read().replace(kernel, "k").encode()).hexdigest()
        expect.holds(f"{name} {kernel} is compiled once", body not in bodies, f"the same as {bodies.get(body)}")
        bodies[body] = kernel


def check_lanes(expect, name, folder):
    """Who runs in lanes; the others say why not. Returns both in words."""
    lanes, alone = {}, {}
    for path in sorted(glob.glob(os.path.join(folder, "*.ll"))):
        kernel = os.path.basename(path)[:-len(".ll")]
        with open(path, encoding="utf-8") as f:
            why = f.readline().strip("; \n")
        with open(path[:-len(".ll")] + ".ptx", encoding="utf-8") as f:
            threads = int(re.search(r"\.maxntid (\d+)", f.read()).group(1))
        groups = re.fullmatch(r"(\d) groups? of 16 lanes", why)
        expect.equal(f"{name} {kernel}: threads of '{why}'", threads, 16 * int(groups.group(1)) if groups else 1)
        if threads == 1:
            alone[kernel] = why
        else:
            lanes[kernel] = int(groups.group(1))
    expect.equal(f"{name}: bodies of one thread that could have more",
                 {k: why for k, why in alone.items() if k.rsplit("_", 1)[0] not in ONE_THREAD}, {})
    return f"{len(lanes)} bodies in lanes, of groups {lanes}, {len(alone)} of one thread {alone}"


def check_plan(tools, expect, name, config, target):
    """Compiles, reads what ptxas said, and checks it against what a block may have."""
    arch = target.split(":")[1]
    with tempfile.TemporaryDirectory() as scratch:
        plan, folder = os.path.join(scratch, "gpu.v4plan"), os.path.join(scratch, "kernels")
        os.mkdir(folder)
        begin = time.monotonic()
        tools.call("v4-compile", config, f"--target={target}", "--weights=none", "-o", plan, f"--dump-kernels-to={folder}")
        seconds = time.monotonic() - begin
        reports = {os.path.basename(p): read_report(p) for p in sorted(glob.glob(os.path.join(folder, "*.ptxas")))}
        kernels = json.loads(tools.call("v4-inspect", plan, "--kernels", "--json").stdout)["kernels"]
        blocks = [block for kernel in kernels for block in (kernel, *kernel["variants"])]
        functions = {block["function"] for block in blocks}
        expect.equal(f"{name}: functions with a report", {f + ".ptxas" for f in functions}, set(reports))
        expect.equal(f"{name}: templates without an instance",
                     [t for t in MUST if not any(f.startswith(t + "_") for f in functions)],
                     missing_templates(name, arch))
        for kernel, report in reports.items():
            expect.holds(f"{name} {kernel}: report", None not in report.values(), report)
            expect.holds(f"{name} {kernel}: registers", report["registers"] <= MOST_REGISTERS, report)
            expect.holds(f"{name} {kernel}: spilled bytes",
                         report["stores"] + report["loads"] <= MOST_SPILLED_BYTES[arch], report)
        for block in blocks:
            expect.holds(f"{name} {block['function']}: shared", block["shared_bytes"] <= MOST_SHARED_BYTES[arch], block)
        check_texts(expect, name, folder, arch)
        print(f"{name}: {check_lanes(expect, name, folder)}")
        for option in ("--structure", "--closed-world"):
            done = tools.call("v4-verify", plan, option, expect=None)
            expect.equal(f"{name}: v4-verify {option}", done.returncode, 0)
    stacks, spills = [r["stack"] for r in reports.values()], [r["stores"] + r["loads"] for r in reports.values()]
    print(f"{name}: {len(kernels)} kernels, {len(blocks) - len(kernels)} variants of them, of {len(reports)} functions in "
          f"{seconds:.1f} s, at most {max(r['registers'] for r in reports.values())} registers, "
          f"{max(b['shared_bytes'] for b in blocks)} shared bytes, {max(stacks)} stack bytes ({sum(s > 0 for s in stacks)} kernels with a stack), {max(spills)} spilled "
          f"bytes ({sum(s > 0 for s in spills)} kernels)")


def check_preset(tools, expect, preset, target):
    """A plan needs no more of a checkpoint than its configuration."""
    from make_checkpoint import build_config
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "config.json")
        with open(config, "w", encoding="utf-8") as f:
            json.dump(build_config(preset), f)
        check_plan(tools, expect, preset, config, target)


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--target", default=TARGET.split("=")[1])
    parser.add_argument("--models", default="main")
    parser.add_argument("--presets", default="")
    parser.add_argument("--flash", action="store_true")
    args = parser.parse_args()
    tools = engine.Tools(args.bin)
    expect = Expectations(tools)
    skip_without_ptxas(tools, args.cache)
    for name in [n for n in args.models.split(",") if n]:
        check_plan(tools, expect, name, os.path.join(checkpoints.standard(args.cache, name), "config.json"),
                   args.target)
    for preset in [p for p in args.presets.split(",") if p]:
        check_preset(tools, expect, preset, args.target)
    if args.flash:
        check_plan(tools, expect, "flash", FLASH, args.target)
    expect.finish()


if __name__ == "__main__":
    main()
