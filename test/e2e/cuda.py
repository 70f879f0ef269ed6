#!/usr/bin/python3
"""Plans for a GPU without one: they compile, verify, and say why they do not run. With a driver that plays a GPU by
running the kernels of a CPU plan they give that plan's bits where all is decomposition; with templates, which it runs
as host code, they keep the limits of the goldens, and their bits for every cut of a prompt.

    cuda.py --bin DIR --cache DIR --fake-cuda DIR [--models main,swa] [--lengths 5,300] [--cut N]
            [--chunks 1,3] [--errors] [--lanes cut,alone] [--compilations]

Needs ptxas; without it the test is skipped (exit code 77).
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import numpy as np

import bad_plans
import checkpoints
import cuda_kernels
import cuda_speed
import engine
import goldens
import invariance
import metrics
import weights
from compare import load
from cuda_log import ran_in, reads_in
from expectations import Expectations
from make_goldens import random_prompt

TARGET = "--target=cuda:sm_90a"
DECOMPOSED = "--disable-pass=v4-choose-gpu-kernels"
HOST = '#kernel.target<"cpu:x86-64-v3", cpu = "x86-64-v3", features = [], vector_bits = 256>'
OTHER_TARGETS = ("cuda:sm_100a", "cuda:sm_120a")
TEMPLATES = ("combineRows", "dispatchRows", "bf16Linear", "wideLinear", "quantizeRows", "fp8Linear", "expertProduct",
             "attendRows", "attendMerge", "sampleRows")
INDEXER = ("indexCandidates", "selectCandidates")
FEATURES = 8 | 16 | 32  # kFeatureCalls, kFeatureVariants and kFeatureSampling of Format.h
SPLITS = ((), ("--chunk=7",), ("--chunk=9", "--load=copy"))
TILES = [(name, size) for name in ("bf16Linear", "wideLinear", "fp8Linear", "expertProduct")
         for size in ("8", "16", "64")[:2 if name == "expertProduct" else 3]]


def code_of(plan_path, target):
    """Writes the object of a CPU plan's code section."""
    plan = engine.read(plan_path)
    offset, size = bad_plans.section(plan, bad_plans.CODE)
    with open(target, "wb") as f:
        f.write(plan[offset:offset + size - 32])
    return target


def host_code_of(tools, checkpoint, scratch, name):
    """The decomposed kernels of a plan for a GPU as an object for this machine, under their own names; kernels made of
    a template have no body in it."""
    module, plan = (os.path.join(scratch, "host" + suffix) for suffix in (".mlir", ".v4plan"))
    tools.call("v4-compile", checkpoint, "-o", module, TARGET, "--compile-to=schedule")
    with open(module, encoding="utf-8") as f:
        text = re.sub(r'#kernel\.target<"cuda:.*?>>', HOST, f.read())
    with open(module, "w", encoding="utf-8") as f:
        f.write("".join(line for line in text.splitlines(True) if "kernel.run_template" not in line))
    tools.call("v4-compile", module, "--compile-from=schedule", "-o", plan, "--weights=none", *tools.kernel_cache())
    return code_of(plan, os.path.join(scratch, name))


def features_of(tools, plan):
    """Feature bits of the header."""
    return json.loads(tools.call("v4-inspect", plan, "--json").stdout)["summary"]["required_features"]


def lane_code_of(tools, checkpoint, scratch, name, *flags):
    """The same kernels as they are compiled for the GPU, for as many threads, as an object for this machine."""
    folder, target = os.path.join(scratch, "kernels"), os.path.join(scratch, name)
    os.mkdir(folder)
    tools.call("v4-compile", checkpoint, "-o", os.path.join(scratch, "lanes.v4plan"), TARGET, "--weights=none",
               *flags, f"--dump-kernels-to={folder}")
    tools.call("lanes-on-host", folder, target)
    return target


def check_static(tools, expect, plan):
    """What can be said of a plan on any machine."""
    for view in ("--structure", "--closed-world"):
        expect.equal(f"v4-verify {view}", tools.call("v4-verify", plan, view, expect=None).returncode, 0)


def check_without_driver(tools, expect, plan):
    """What people see who have the plan and no GPU."""
    if os.path.exists("/proc/driver/nvidia/version"):
        print("a driver is here: what is said without one is not checked")
        return
    for command in ("v4-run", "v4-bench"):
        done = tools.call(command, plan, *(["--tokens=1,2,3"] if command == "v4-run" else []), expect=None)
        expect.equal(f"{command} without a driver", done.returncode, 3)
        expect.equal(f"lines of {command}", len(done.stderr.strip().splitlines()), 1)
        expect.holds(f"sentence of {command}", "plan for a GPU and this machine has no CUDA driver" in done.stderr,
                     done.stderr)
    expect.equal("v4-verify --here", tools.call("v4-verify", plan, "--here", expect=None).returncode, 3)


def check_here(tools, expect, plan, env):
    """v4-verify asks the driver what GPU this is."""
    limits = "--here=context:128,sequences:1,tokens:8"
    expect.equal("--here on its GPU", tools.call("v4-verify", plan, limits, env=env, expect=None).returncode, 0)
    done = tools.call("v4-verify", plan, limits, env={**env, "V4_FAKE_CUDA_BYTES": "1000000"}, expect=None)
    expect.equal(f"--here on a small GPU: {done.stdout}", (done.returncode, "its GPU has 1000000 available" in
                                                          done.stdout + done.stderr), (3, True))
    for arch, text in (("100", "compile the plan with --target=cuda:sm_100a"),
                       ("89", "no target of v4c fits this GPU")):
        done = tools.call("v4-verify", plan, limits, env={**env, "V4_FAKE_CUDA_ARCH": arch}, expect=None)
        expect.equal(f"--here on {arch}", done.returncode, 3)
        expect.holds(f"--here on {arch}: its sentence", text in done.stdout + done.stderr, done.stdout + done.stderr)


def check_kernels(tools, expect, name, plan):
    """The blocks of a plan, in MLIR."""
    text = tools.call("v4-inspect", plan, "--mlir").stdout
    kernels = re.findall(r'"plan.kernel".*?block = #plan.block<threads = (\d+), shared_bytes = (\d+), cluster = (\d+), '
                         r'registers = (\d+), image = (\d+) : (\d+)[>,].*?stack_bytes = (\d+)', text)
    stacks = [int(k[6]) for k in kernels]
    print(f"{name}: {len(kernels)} kernels, at most {max(int(k[3]) for k in kernels)} registers, "
          f"{max(int(k[1]) for k in kernels)} shared bytes, {max(stacks)} stack bytes "
          f"({sum(s > 0 for s in stacks)} kernels with a stack)")
    expect.holds("kernels", len(kernels) > 5, text[:200])


def check_bisection(tools, expect, plan, env, scratch):
    """What a GPU that computes nothing got is brought to the host."""
    certificate, repro = os.path.join(scratch, "gpu.v4cert"), os.path.join(scratch, "repro")
    tools.call("v4-verify", plan, "--numerics", f"--record={certificate}", env=env)
    idle = {key: value for key, value in env.items() if key != "V4_FAKE_CUDA_CODE"}
    done = tools.call("v4-verify", plan, f"--numerics={certificate}", f"--bisect={repro}", env=idle, expect=None)
    expect.equal(f"an idle GPU: {done.stderr[-300:]}", done.returncode, 2)
    with open(os.path.join(repro, "launches.json"), encoding="utf-8") as f:
        view = json.load(f)
    expect.equal("functions of launches", [launch["function"] for launch in view["launches"]],
                 [launch["kernel"] for launch in view["launches"]])
    files = {b["name"]: b["file"] for launch in view["launches"] for b in launch["bindings"] if "file" in b}
    tokens = []
    for name in ("tokens.txt", "forced.txt"):
        with open(os.path.join(repro, name), encoding="ascii") as f:
            tokens += [int(line) for line in f]
    ids = np.load(os.path.join(repro, files["step.token_ids"]))
    first = view["step_first_position"]
    expect.equal("token ids of a launch", ids.tolist(), tokens[first:first + view["step_tokens"]])


def played_by(fake, code):
    """The environment of tools that find a GPU which runs `code`."""
    return {"LD_LIBRARY_PATH": os.pathsep.join(filter(None, (fake, os.environ.get("LD_LIBRARY_PATH")))),
            "V4_FAKE_CUDA_CODE": code}


@contextlib.contextmanager
def playing(env):
    """Gives what runs here that environment."""
    saved = dict(os.environ)
    os.environ.update(env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)


def check_cuts(tools, expect, name, plan, prompt, splits, played, lanes, scratch):
    """Templates give the same bits however a prompt is cut; bodies in the lanes of a warp give those of one thread, in
    any order of the lanes."""
    folders = []
    for number, (flags, env) in enumerate([(flags, played) for flags in splits] + [((), lanes)] * bool(lanes)):
        folders.append(os.path.join(scratch, f"cut{number}"))
        invariance.run(tools, plan, folders[-1], prompt, flags, env=env)
        expect.equal(f"{name} {flags}{' in lanes' * (env is lanes)}: files that differ from the first cut",
                     invariance.differences(folders[0], folders[-1]), [])


def check_copies(tools, expect, name, plans, vocabulary, env, scratch):
    """A decode brings tokens to the host where the plan samples, and else the logits that they are made of. The steps
    that v4-bench times by launch bring the number of experts too."""
    for plan, row in zip(plans, (48, 4 * vocabulary)):
        log = os.path.join(scratch, "copies")
        tools.call("v4-bench", plan, "-p", 0, "-n", 2, "-b", 2, "-r", 1, env={**env, "V4_FAKE_CUDA_LOG": log})
        reads = reads_in(log)
        # At its end v4-bench looks at each row of the last step, where the plan samples by a copy of its own.
        rows = 2 if row == 48 else 0
        expect.equal(f"{name}: rows copied at the end", reads.count(48), rows)
        expect.equal(f"{name}: bytes copied by steps of two sequences", set(reads[:len(reads) - rows]), {2 * row, 4})
        os.remove(log)


def check_room(tools, expect, name, plan, env, scratch):
    """A GPU that has room for the weights and not for the session is refused with all numbers, before it gets any."""
    log = os.path.join(scratch, "room")

    def refusal(room):
        done = tools.call("v4-run", plan, "--tokens=1", "-n", 1, expect=3,
                          env={**env, "V4_FAKE_CUDA_LOG": log, "V4_FAKE_CUDA_BYTES": str(room)})
        return done.stderr

    weights = int(re.search(r"weights of (\d+) bytes do not fit the GPU", refusal(1)).group(1))
    said = refusal(weights + 4096)
    found = re.search(rf"weights of {weights} bytes and a session of (\d+) \(arena (\d+), cache (\d+), step block "
                      rf"(\d+)\) do not fit the GPU 'Fake H200', which has {weights + 4096} of", said)
    expect.holds(f"{name}: what does not fit is said", found, said)
    if found:
        session, *parts = map(int, found.groups())
        expect.equal(f"{name}: bytes of a session", sum(parts), session)
        done = tools.call("v4-run", plan, "--tokens=1", "-n", 1, expect=None,
                          env={**env, "V4_FAKE_CUDA_BYTES": str(weights + session)})
        expect.equal(f"{name}: with exactly that room: {done.stderr}", done.returncode, 0)
    expect.holds(f"{name}: nothing was allocated", not os.path.exists(log), log)


def check_sampling(tools, expect, name, plans, prompt, env, has_mtp):
    """Tokens that the GPU picks are those that the host picks of its logits."""
    drawn = ("--temperature=0.8", "--top-p=0.9", "--top-k=40", "--min-p=0.01", "--seed=3")
    for flags in ((), drawn) + (("--draft=1",), ("--draft=1",) + drawn) * has_mtp:
        command = ("--tokens=" + ",".join(map(str, prompt[:4])), "-n", 3, "--ignore-eos", "--json", *flags)
        first, second = (json.loads(tools.call("v4-run", plan, *command, env=env).stdout)["tokens"] for plan in plans)
        expect.equal(f"{name} {flags}: tokens", first, second)
        expect.equal(f"{name} {flags}: their number", len(first), 3)


def check_faults(tools, expect, name, plan, env, scratch):
    """A GPU that fails is what this machine cannot do, whoever waits for it first."""
    requests = os.path.join(scratch, "requests.jsonl")
    with open(requests, "w", encoding="utf-8") as f:
        f.write('{"id": "a", "tokens": [1, 2, 3], "n": 6, "ignore_eos": true}\n')
    for wait in range(7, 12):
        failing = {**env, "V4_FAKE_CUDA_FAIL": f"cuStreamSynchronize:{wait}"}
        for command in (("v4-run", plan, f"--batch-file={requests}"), ("v4-bench", plan, "-n", 0, "-r", 1, "--beside=30")):
            done = tools.call(*command, env=failing, expect=None)
            expect.equal(f"{name}: {command[0]} when wait {wait} fails", done.returncode, 3)
            expect.holds(f"{name}: sentence of {command[0]} when wait {wait} fails",
                         "the CUDA driver fails at cuStreamSynchronize" in done.stderr.splitlines()[-1], done.stderr)


def check_verify_faults(tools, expect, name, plan, env, scratch):
    """A GPU that fails while it is compared, with probes or without: one sentence, and no verdict of the plan."""
    certificate, counts = os.path.join(scratch, "idle.v4cert"), os.path.join(scratch, "counts")
    compare = ("v4-verify", plan, f"--numerics={certificate}")
    tools.call("v4-verify", plan, "--numerics", f"--record={certificate}", "--prompt=9", env=env)
    tools.call(*compare, env={**env, "V4_FAKE_CUDA_COUNTS": counts})
    with open(counts, encoding="ascii") as f:
        made = {call: int(count) for call, count in map(str.split, f)}
    # The last wait is that of the end, behind all results.
    for call, numbers in (("cuStreamSynchronize", range(made["cuStreamSynchronize"] - 16, made["cuStreamSynchronize"])),
                          ("cuMemcpyAsync", range(made["cuMemcpyAsync"] - 5, made["cuMemcpyAsync"] + 1)),
                          ("cuGraphLaunch", (1, made["cuGraphLaunch"])), ("cuLaunchKernel", (made["cuLaunchKernel"],))):
        for number in numbers:
            done = tools.call(*compare, env={**env, "V4_FAKE_CUDA_FAIL": f"{call}:{number}"}, expect=None)
            expect.equal(f"{name}: --numerics when {call} {number} fails", (done.returncode, done.stdout,
                                                                            len(done.stderr.splitlines())), (3, "", 1))
            expect.holds(f"{name}: its sentence when {call} {number} fails", f"the CUDA driver fails at {call}" in
                         done.stderr, done.stderr)


def with_templates(tools, cache, expect, name, fake, lengths, cut, splits, in_lanes):
    """Runs the plan as it is compiled by default: templates where there are some."""
    checkpoint = checkpoints.standard(cache, name)
    plan = checkpoints.plan(tools, cache, checkpoint, TARGET)
    check_kernels(tools, expect, name, plan)
    expect.equal("features of a plan with calls, variants and sampling", features_of(tools, plan), FEATURES)
    check_static(tools, expect, plan)
    check_without_driver(tools, expect, plan)
    config = checkpoints.config(checkpoint)
    without = checkpoints.plan(tools, cache, checkpoint, TARGET, "--disable-pass=v4-add-sampling",
                               "--disable-pass=v4-add-tensor-rates")
    expect.equal("features without sampling", features_of(tools, without), FEATURES - 32)
    with tempfile.TemporaryDirectory() as scratch:
        log = os.path.join(scratch, "log")
        played = played_by(fake, host_code_of(tools, checkpoint, scratch, "code.so"))
        lanes = in_lanes and played_by(fake, lane_code_of(tools, checkpoint, scratch, "lanes.so"))
        prompt = random_prompt(29, cut, 0, config["vocab_size"])
        check_cuts(tools, expect, name, plan, prompt, splits, {**played, "V4_FAKE_CUDA_LOG": log}, lanes, scratch)
        # Steps of few rows, of a tile's and of more: each has its own instances.
        sizes = {tuple(f.split("_")[:2]) for f in ran_in(log)}
        expect.equal(f"{name}: tiles that no step ran", [tile for tile in TILES if tile not in sizes], [])
        cuda_speed.check_profile(tools, expect, name, (plan, without), TILES, played)
        cuda_speed.check_rates(tools, expect, name, plan, played, os.path.join(scratch, "rates"))
        idle = {"LD_LIBRARY_PATH": played["LD_LIBRARY_PATH"]}  # a GPU that computes nothing
        check_faults(tools, expect, name, plan, idle, scratch)
        check_verify_faults(tools, expect, name, plan, idle, scratch)
        check_room(tools, expect, name, plan, played, scratch)
        check_copies(tools, expect, name, (plan, without), config["vocab_size"], played, scratch)
        check_sampling(tools, expect, name, (plan, without), prompt, played, config["num_nextn_predict_layers"] > 0)
        with playing({**played, "V4_FAKE_CUDA_LOG": log}):
            checks = goldens.check_model(tools, plan, load(os.path.join(goldens.SET_A, name + ".safetensors")), name,
                                         config, lengths)
        expect.equal(f"{name}: limits violated", metrics.print_table(f"{name} with templates", checks), 0)
        ran = ran_in(log)
        indexed = 4 in config["compress_ratios"]
        for template in TEMPLATES + (INDEXER if indexed else ()):
            expect.holds(f"{name}: {template} runs", any(f.startswith(template + "_") for f in ran), ran)


def check_made_up(tools, expect, checkpoint, env, scratch):
    """A plan without weights is measured with made-up ones, the same as on a CPU."""
    plan = os.path.join(scratch, "none.v4plan")
    tools.compile(checkpoint, plan, TARGET, DECOMPOSED, "--weights=none")
    flags = ("-p", 20, "-n", 4, "-r", 1, "-o", "json")
    refused = tools.call("v4-bench", plan, *flags, env=env, expect=None)
    expect.equal("no weights", (refused.returncode, "cannot run" in refused.stderr), (3, True))
    done = tools.call("v4-bench", plan, "--made-up-weights", *flags, env=env, expect=None)
    expect.equal(f"made-up weights: {done.stderr}", done.returncode, 0)
    # Which experts a step goes to is read back from the GPU: those of the same weights on a CPU are the same.
    cpu = os.path.join(scratch, "none-cpu.v4plan")
    tools.compile(checkpoint, cpu, "--target=cpu:x86-64-v3", "--disable-pass=v4-choose-kernels", "--weights=none")
    there = tools.call("v4-bench", cpu, "--made-up-weights", *flags)
    expect.equal("bytes of a token with made-up weights", [row["bytes_per_token"] for row in json.loads(done.stdout)],
                 [row["bytes_per_token"] for row in json.loads(there.stdout)])


def same_bits(tools, cache, expect, name, fake):
    """Runs the decomposed plan on the played GPU and the CPU plan of the same kernels."""
    checkpoint = checkpoints.standard(cache, name)
    gpu = checkpoints.plan(tools, cache, checkpoint, TARGET, DECOMPOSED)
    cpu = checkpoints.plan(tools, cache, checkpoint, "--target=cpu:x86-64-v3", "--disable-pass=v4-choose-kernels")
    check_static(tools, expect, gpu)
    expect.equal("features of a plan without calls", features_of(tools, gpu), 0)
    prompt = random_prompt(23, 300, 0, checkpoints.config(checkpoint)["vocab_size"])
    with tempfile.TemporaryDirectory() as scratch:
        code = code_of(cpu, os.path.join(scratch, "code.so"))
        expected = os.path.join(scratch, "cpu")
        invariance.run(tools, cpu, expected, prompt, ())
        played = played_by(fake, code)
        check_here(tools, expect, gpu, played)
        cuda_speed.check_bench(tools, expect, gpu, cpu, played)
        check_made_up(tools, expect, checkpoint, played, scratch)
        check_bisection(tools, expect, gpu, played, scratch)
        for number, flags in enumerate(SPLITS):
            folder = os.path.join(scratch, str(number))
            invariance.run(tools, gpu, folder, prompt, flags, env=played)
            expect.equal(f"{name} {flags}: files that differ", invariance.differences(expected, folder), [])


def lanes_alone(tools, cache, expect, name, fake):
    """The decomposed plan in lanes, as GPUs run it that have no templates, and the CPU plan of the same kernels."""
    checkpoint = checkpoints.standard(cache, name)
    gpu = checkpoints.plan(tools, cache, checkpoint, TARGET, DECOMPOSED)
    cpu = checkpoints.plan(tools, cache, checkpoint, "--target=cpu:x86-64-v3", "--disable-pass=v4-choose-kernels")
    prompt = random_prompt(23, 12, 0, checkpoints.config(checkpoint)["vocab_size"])
    with tempfile.TemporaryDirectory() as scratch:
        folders = [os.path.join(scratch, where) for where in ("cpu", "gpu")]
        played = played_by(fake, lane_code_of(tools, checkpoint, scratch, "lanes.so", DECOMPOSED))
        invariance.run(tools, cpu, folders[0], prompt, ())
        invariance.run(tools, gpu, folders[1], prompt, (), env=played)
        expect.equal(f"{name} in lanes: files that differ", invariance.differences(*folders), [])


def check_errors(tools, cache, expect):
    """What v4-compile lists and refuses."""
    plain = checkpoints.standard(cache, "plain")
    with tempfile.TemporaryDirectory() as scratch:
        plan = os.path.join(scratch, "x.v4plan")
        missing = tools.call("v4-compile", plain, "-o", plan, TARGET, env={"CUDA_HOME": scratch}, expect=None)
        expect.equal("without ptxas", (missing.returncode, len(missing.stderr.splitlines())), (3, 1))
        expect.holds("its sentence", "target 'cuda:sm_90a' needs ptxas" in missing.stderr, missing.stderr)
        # With an assembler alone what is made of no template compiles: templates are CUDA C++.
        os.mkdir(os.path.join(scratch, "bin"))
        with open(os.path.join(scratch, "bin", "ptxas"), "w", encoding="ascii") as f:
            os.fchmod(f.fileno(), 0o755)
        half = tools.call("v4-compile", plain, "-o", plan, TARGET, env={"CUDA_HOME": scratch}, expect=None)
        expect.equal("without nvcc", (half.returncode, len(half.stderr.splitlines())), (3, 1))
        expect.holds("its sentence", "need nvcc of a CUDA toolkit, found none beside ptxas in" in half.stderr,
                     half.stderr)
        check_broken_toolkit(tools, expect, plain, plan, scratch)
        os.remove(os.path.join(scratch, "bin", "ptxas"))
        os.symlink(find_ptxas(), os.path.join(scratch, "bin", "ptxas"))
        alone = tools.call("v4-compile", plain, "-o", plan, TARGET, DECOMPOSED, "--weights=none", *tools.kernel_cache(),
                           env={"CUDA_HOME": scratch}, expect=None)
        expect.equal(f"without nvcc and templates: {alone.stderr[-200:]}", alone.returncode, 0)
        module = os.path.join(scratch, "x.mlir")
        tools.call("v4-compile", plain, "-o", module, TARGET, "--compile-to=graph", env={"CUDA_HOME": scratch})
        os.remove(os.path.join(scratch, "bin", "ptxas"))
        later = tools.call("v4-compile", module, "--compile-from=graph", "-o", plan, "--weights=none",
                           env={"CUDA_HOME": scratch}, expect=None)
        expect.equal("the same from a module", (later.returncode, later.stderr), (3, missing.stderr))
        refused = tools.call("v4-compile", plain, "-o", plan, "--target=cuda:sm_75", expect=None)
        expect.equal("unknown architecture", refused.returncode, 1)
        expect.holds("its sentence", "target 'cuda:sm_75' is unknown, expected cpu, " in refused.stderr, refused.stderr)
    listed = tools.call("v4-compile", "--list-targets").stdout
    for name in ("cuda:sm_90a", *OTHER_TARGETS):
        expect.holds(f"--list-targets {name}", name in listed, listed)


def check_broken_toolkit(tools, expect, plain, plan, scratch):
    """What stops all kernels is told once for each program of the toolkit."""
    for name in ("ptxas", "nvcc"):
        with open(os.path.join(scratch, "bin", name), "w", encoding="ascii") as f:
            os.fchmod(f.fileno(), 0o755)
            f.write("#!/bin/sh\necho 'fatal: boom'\nexit 1\n")
    done = tools.call("v4-compile", plain, "-o", plan, TARGET, "--weights=none", env={"CUDA_HOME": scratch}, expect=None)
    expect.equal(f"a toolkit that fails: {done.stderr}", (len(done.stderr.splitlines()), len(re.findall(
        r"' and \d+ more do not compile: .*/(?:nvcc|ptxas) fails: .*boom", done.stderr)), os.path.exists(plan)), (2, 2, False))
    os.remove(os.path.join(scratch, "bin", "nvcc"))


def find_ptxas():
    """Where v4-compile finds it."""
    homes = [os.environ.get(name, "") for name in ("CUDA_HOME", "CUDA_PATH")] + ["/usr/local/cuda"]
    places = [os.path.join(home, "bin", "ptxas") for home in homes if home]
    return os.path.realpath(next((place for place in places if os.path.exists(place)), shutil.which("ptxas")))


def check_killed(tools, cache, expect):
    """A compiler that is told to end leaves no sources of kernels."""
    plain = checkpoints.standard(cache, "plain")
    with tempfile.TemporaryDirectory() as scratch:
        command = [os.path.join(tools.bin, "v4-compile"), plain, TARGET, "--weights=none", "-o",
                   os.path.join(scratch, "x.v4plan")]
        process = subprocess.Popen(command, env={**os.environ, "TMPDIR": scratch}, start_new_session=True)
        # Files of nvcc's own, while it runs.
        while process.poll() is None and not any(name.startswith("tmpxft") for name in os.listdir(scratch)):
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGTERM)
        expect.equal("killed", process.wait(), -signal.SIGTERM)
        left = [name for name in os.listdir(scratch) if name.startswith("v4-kernel") and "__global__" in
                engine.read(os.path.join(scratch, name)).decode(errors="replace")]
        expect.equal("what is left", left, [])


def check_planted(tools, cache, expect):
    """No kernel that quantizes its input may mend the mistake of one that is not."""
    checkpoint = checkpoints.standard(cache, "main")
    for flags, count in (((), True), (("--plant-mistake=act_fp8",), False)):
        text = tools.call("v4-compile", checkpoint, TARGET, "--compile-to=lower", *flags).stdout
        for template in ("fp8Linear", "quantizeRows"):
            expect.equal(f"{template} with {flags}", f'"{template}"' in text, count)


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


def expert_forms(tools, plan):
    """The last template argument of every kernel of the experts: 1 where each 32 columns have their scale."""
    kernels = json.loads(tools.call("v4-inspect", plan, "--kernels", "--json").stdout)["kernels"]
    return sorted(k["function"][-1] for k in kernels if k["function"].startswith("expertProduct_"))


def check_forms(tools, cache, expect):
    """Kernels of the experts are chosen by the bytes of their scales, and other bytes are no refit for them."""
    near = checkpoints.standard(cache, "plain")
    with tempfile.TemporaryDirectory() as scratch:
        far, refitted = os.path.join(scratch, "far"), os.path.join(scratch, "refitted.v4plan")
        shutil.copytree(near, far)
        weights.change_values(far)
        plans = {name: os.path.join(scratch, name + ".v4plan") for name in ("near", "far", "none")}
        for name, folder, flags in (("near", near, ()), ("far", far, ()), ("none", near, ("--weights=none",))):
            tools.compile(folder, plans[name], TARGET, *flags)
        expect.equal("forms", {name: expert_forms(tools, plan) for name, plan in plans.items()},
                     {"near": ["0", "0"], "far": ["1", "1"], "none": ["1", "1"]})
        refused = tools.call("v4-compile", far, "-o", refitted, f"--refit={plans['near']}", expect=None)
        expect.equal("a refit without the fact", (refused.returncode, len(refused.stderr.splitlines())), (1, 1))
        expect.holds("its sentence", "lacks a fact about its values, e4m3_per_128" in refused.stderr, refused.stderr)
        expect.holds("its file", not os.path.exists(refitted), "a plan was left")
        for name in ("far", "none"):
            tools.call("v4-compile", near, "-o", refitted, f"--refit={plans[name]}")
            tools.call("v4-verify", refitted, "--weights")
        # A module that goes on without its checkpoint says what that costs.
        module = os.path.join(scratch, "module.mlir")
        tools.call("v4-compile", near, TARGET, "--compile-to=quant", "-o", module)
        for flags, warned in (((), True), ((f"--checkpoint={near}",), False), (("--weights=none",), False)):
            done = tools.call("v4-compile", module, "--compile-from=quant", "--compile-to=lower", *flags)
            expect.equal(f"a warning with {flags}", "nothing is known of the weights' values" in done.stderr, warned)
            expect.equal(f"the form with {flags}", "v4.needed_forms" in done.stdout,
                         flags[:1] == (f"--checkpoint={near}",))
        # Its kernels do not rely on what its weights happen to have.
        tools.call("v4-compile", far, "-o", os.path.join(scratch, "again.v4plan"), f"--refit={refitted}")
        for name, folder in (("near", near), ("far", far)):
            tools.call("v4-compile", folder, "-o", refitted, f"--refit={plans[name]}")
            expect.holds(f"refit of {name} by itself", engine.read(refitted) == engine.read(plans[name]), "other bytes")
            tools.compile(folder, refitted, TARGET, "-j1")
            expect.holds(f"{name} by one thread", engine.read(refitted) == engine.read(plans[name]), "other bytes")


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--fake-cuda", required=True, help="folder of the library that plays a GPU")
    parser.add_argument("--models", default="main,swa")
    parser.add_argument("--lengths", default="5", help="prompts of the goldens")
    parser.add_argument("--errors", action="store_true", help="what v4-compile refuses, and leaves when it is killed")
    parser.add_argument("--lanes", default="", help="bodies in lanes: of the plan whose prompt is cut, of one that is all "
                        "bodies (cut,alone)")
    parser.add_argument("--cut", type=int, default=40, help="length of the prompt that is cut")
    parser.add_argument("--chunks", help="cut it into steps of each of these numbers of rows")
    parser.add_argument("--compilations", action="store_true", help="compile twice, and for every architecture")
    args = parser.parse_args()
    splits = [(f"--chunk={rows}",) for rows in args.chunks.split(",")] if args.chunks else SPLITS
    tools = engine.Tools(args.bin)
    expect = Expectations(tools)
    cuda_kernels.skip_without_ptxas(tools, args.cache)
    if args.errors:
        check_errors(tools, args.cache, expect)
        check_killed(tools, args.cache, expect)
        check_planted(tools, args.cache, expect)
    if args.compilations:
        check_compilations(tools, args.cache, expect)
        check_forms(tools, args.cache, expect)
    for name in args.models.split(","):
        if "alone" in args.lanes:
            lanes_alone(tools, args.cache, expect, name, os.path.abspath(args.fake_cuda))
        if not args.chunks:
            same_bits(tools, args.cache, expect, name, os.path.abspath(args.fake_cuda))
        with_templates(tools, args.cache, expect, name, os.path.abspath(args.fake_cuda),
                       [int(length) for length in args.lengths.split(",")], args.cut, splits, "cut" in args.lanes)
    expect.finish()


if __name__ == "__main__":
    main()
