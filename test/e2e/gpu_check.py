#!/usr/bin/python3
"""tools/gpu-check.sh where there is no GPU: what it says, and, with a driver that plays an idle GPU, what it keeps.

    gpu_check.py --bin DIR --cache DIR --fake-cuda DIR

The played GPU runs no kernel, so goldens must fail: a check that cannot fail is none. What --prepare makes is run from
another folder, with a PATH that has no compiler. Needs ptxas; without it the test
is skipped (exit code 77).
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

import checkpoints
import cuda
import cuda_kernels
import engine
from expectations import Expectations

SCRIPT = os.path.join(engine.ROOT, "tools", "gpu-check.sh")
SMALL = []  # shapes in the place of the real ones, which need 24 GB, and short prompts
SHALLOW = ("--depth", "300")
FAKE_SMI = """#!/bin/sh
case $1 in
  *name) echo 'Fake "H200"' ;;
  *compute_cap) echo '9.0' ;;
  *driver_version) echo '1.2.3' ;;
esac
"""


def run(*flags, cwd=None, **environment):
    """The script's end."""
    small = () if "--carried" in flags else SMALL
    return subprocess.run([SCRIPT, *flags, *small, *SHALLOW], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                          env={**os.environ, **environment}, check=False)


# Flags, and a word of what is said of them.
BAD_FLAGS = [(("--models", "*"), "--models has '*'"), (("--prepare", "x", "--target", "cpu"), "--target is 'cpu'"),
             (("--fast",), "unknown argument"), (("--prepare",), "--prepare needs a value"), (("--bin", "--work", "x"), "--bin needs a value"),
             (("--seconds", ""), "--seconds needs a value"), (("--seconds", "08"), "--seconds is '08'"),
             (("--seconds", "1h"), "--seconds is '1h'"), (("--depth", "9999999999"), "--depth is"), (("--checks", "tokn"), "has 'tokn'"),
             (("--checks", "token,"), "--checks is 'token,'"), (("--models", "csa,none"), "has 'none'"), (("--models", ""), "--models needs"),
             (("--prepare", "x", "--carried", "y"), "leave one of them out"), (("--carried", "/nowhere"), "no file 'models'"),
             (("--carried", "/nowhere", "--shapes", "other.json"), "give it to --prepare"),
             (("--carried", "/nowhere", "--prompt", "9"), "give it to --prepare"), (("--carried", "/nowhere", "--bin", "b"), "give it")]


def check_flags(expect):
    """What is wrong is said before anything runs: no mistake in a name may leave a check out."""
    for flags, word in BAD_FLAGS:
        done = subprocess.run([SCRIPT, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", check=False)
        expect.equal(f"{flags}: {done.stderr}", (done.returncode, len(done.stderr.splitlines()), word in done.stderr), (1, 1, True))


def check_failed_compile(tools, expect, scratch, environment):
    """A compiler that fails is seen, though an older plan lies there; folders are those of the caller."""
    broken = os.path.join(scratch, "bin")
    os.mkdir(broken)
    for name in ("v4-run", "v4-bench", "v4-inspect", "v4-verify"):
        os.symlink(tools.path(name), os.path.join(broken, name))
    compiler = os.path.join(broken, "v4-compile")
    with open(compiler, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\nexit 1\n")
    os.chmod(compiler, 0o755)
    made = os.path.join(scratch, "half")
    with open(os.path.join(scratch, "cmake_install.cmake"), "w", encoding="ascii") as f:
        f.write(f"file(MAKE_DIRECTORY {made})\n")
    done = run("--prepare", made, "--bin", "bin", "--work", "work", cwd=scratch, **environment)
    expect.equal(f"--prepare without a build: {done.stderr}", (done.returncode, len(done.stderr.splitlines())), (2, 1))
    expect.holds("half of a folder", not os.path.exists(made), os.listdir(scratch))
    done = run("--bin", "bin", "--work", "work", "--out", "out", "--models", "csa", cwd=scratch, **environment)
    expect.equal("a failed compilation", done.returncode, 2)
    kept = read_results(os.path.join(scratch, "out"))
    expect.equal("verdicts without a compiler", (verdicts_of(kept), kept["bench"]),
                 ({"compile": "failed (1)", "token": verdicts_of(kept)["token"]}, None))


def verdicts_of(kept):
    """By name."""
    return {check["name"]: check["verdict"] for check in kept["checks"]}


def read_results(folder):
    """What is kept of the played GPU."""
    with open(os.path.join(folder, "Fake-H200.json"), encoding="utf-8") as f:
        return json.load(f)


def without_compilers(scratch, smi):
    """A PATH that has what any machine has, and no compiler."""
    folder = os.path.join(scratch, "path")
    os.mkdir(folder)
    for name in ("awk", "bash", "cat", "cmp", "cp", "cut", "date", "dirname", "du", "env", "git", "grep", "gzip", "mkdir",
                 "mv", "rm", "sed", "seq", "sh", "sleep", "tail", "tar", "timeout", "tr"):
        os.symlink(shutil.which(name), os.path.join(folder, name))
    os.symlink(smi, os.path.join(folder, "nvidia-smi"))
    return folder


def check_carried(tools, expect, scratch, work, smi, fake):
    """A prepared folder is of use elsewhere, where there is no compiler and the build folder is out of sight."""
    made, moved, out = (os.path.join(scratch, name) for name in ("made", "moved", "carried-out"))
    done = run("--prepare", made, "--bin", tools.bin, "--work", work, "--models", "hca,csa", PYTHON=sys.executable)
    expect.equal("--prepare", (done.returncode, done.stderr, len(done.stdout.splitlines())), (0, "", 1))
    expect.holds("its size", " of 67108864 bytes with the tracked files, models hca,csa\n" in done.stdout, done.stdout)
    again = run("--prepare", made, "--bin", tools.bin, "--work", work)
    expect.equal("--prepare over a folder", (again.returncode, len(again.stderr.splitlines())), (1, 1))
    os.rename(made, moved)
    expect.holds("no compiler", not os.path.exists(os.path.join(moved, "bin", "v4-compile")), "it is there")
    linked = subprocess.run(["ldd", os.path.join(moved, "bin", "v4-run")], stdout=subprocess.PIPE, encoding="utf-8",
                            check=True).stdout
    expect.holds("its library", os.path.join(moved, "lib") in linked or "/bin/../lib/" in linked, linked)
    there = {"PATH": without_compilers(scratch, smi), "PYTHON": sys.executable, "LD_LIBRARY_PATH": fake, "CUDA_HOME": scratch,
             "CUDA_PATH": ""}
    other = run("--carried", moved, "--models", "csa,swa", **there)
    expect.equal(f"a model that was left out: {other.stderr}", (other.returncode, len(other.stderr.splitlines())), (1, 1))
    done = run("--carried", moved, "--work", os.path.join(scratch, "elsewhere"), "--out", out, "--models", "csa", **there)
    kept = read_results(out)
    expect.equal(f"checks of what was carried: {done.stdout} {done.stderr}", verdicts_of(kept),
                 {"compile": "passed", "token": "passed", "numerics": "failed (2)", "goldens": "failed (1)", "invariance": "failed (1)",
                  "tiles": "not run", "batch": "failed (1)",
                  "replay": "failed (1)", "decode": "passed", "prefill": "passed", "deep": "passed",
                  "cold": "passed",
                  "memcheck": "not run", "racecheck": "not run", "synccheck": "not run",
                  "initcheck": "not run", "bench": "passed",
                  "memcheck-wide": "not run", "racecheck-wide": "not run", "synccheck-wide": "not run",
                  "initcheck-wide": "not run", "deep-8": "passed"})
    measured = [[row["test"], row["depth"], row["batch"]] for name in ("decode", "prefill", "deep", "deep-8")
                for row in kept[name + "_rows"]]
    expect.equal("what is measured of shapes", measured,
                 [["tg64", 0, 1], ["tg64", 0, 8], ["pp512", 0, 1], ["tg16", 300, 1], ["tg16", 37, 8]])
    expect.holds("profiles", all(kept[name + "_profile"][0]["launches"] for name in ("decode", "prefill", "deep")), kept)
    check_limits(expect, kept, done.stdout)
    expect.holds("fractions of tensor cores", all(
        any(launch["tensor_fraction"] is not None and launch["tensor_fraction"] > 0 for launch in
            kept[name + "_profile"][0]["launches"]) and kept[name + "_profile"][0]["tensor_rates"]["device"] == "h200"
        for name in ("decode", "prefill", "deep")), kept["decode_profile"])
    expect.equal("held launches", {kept[name + "_profile"][0]["launches_held"] for name in ("decode", "prefill", "deep")},
                 {True})
    for field in ("copy_bytes_per_second", "untraced_step_seconds", "bandwidth_fraction", "overhead_fraction"):
        expect.holds(field, all(isinstance(kept[name + "_profile"][0][field], float)
                                for name in ("decode", "prefill", "deep")), kept)
    check_cold_start(expect, kept)
    with tarfile.open(os.path.join(out, "Fake-H200.logs.tgz")) as logs:
        expect.equal("logs that are kept", logs.getnames(), ["numerics.log", "goldens.log", "invariance.log", "batch.log", "replay.log"])
    check_wrong_kernels(tools, expect, scratch, work, moved, out, there)
    check_sanitizer(expect, scratch, moved, out, there)
    check_hanging(expect, scratch, moved, out, there)


def check_wrong_kernels(tools, expect, scratch, work, carried, out, there):
    """A GPU that computes is right by a certificate of CPUs, and one that computes one kernel wrongly is told which."""
    code = cuda.host_code_of(tools, checkpoints.standard(os.path.join(work, "cache"), "csa"), scratch, "code.so")
    for spoilt, kernel in (("", ""), ("attendMerge_256_64_8", "attend_merge_0")):
        done = run("--carried", carried, "--work", os.path.join(scratch, "elsewhere"), "--out", out, "--models", "csa",
                   "--checks", "numerics", **there, V4_FAKE_CUDA_CODE=code, V4_FAKE_CUDA_SPOIL=spoilt)
        kept = read_results(out)
        check = kept["checks"][1]
        expect.equal(f"checks with {spoilt}", [c["name"] for c in kept["checks"]], ["compile", "numerics"])
        expect.equal(f"numerics with {spoilt}: {done.stdout}", (check["verdict"], done.returncode),
                     ("failed (2)", 2) if spoilt else ("passed", 0))
        note = f"csa: wrong kernel {kernel} ({spoilt}), launch " if spoilt else ""
        expect.holds(f"the kernel is named: {check['note']}", check["note"].startswith(note) and
                     check["note"].count("wrong kernel") == bool(spoilt) and note in done.stdout, done.stdout)
        launches = kept["launches"]["csa"][-1]["launches"]
        expect.holds(f"launches with {spoilt}", launches["compared"] > 500 and len(launches["largest"]) == 10, launches)
        expect.equal(f"what a launch differs by without {spoilt}", launches["largest"][0]["magnitude"] != 0, bool(spoilt))


def check_cold_start(expect, kept):
    """Upload and start stand beside their limits."""
    for name in ("cold", "upload"):
        row = kept[name + "_rows"][0]
        expect.holds(f"{name}: an upload", 0 < row["upload_seconds"] < row["session_seconds"], row)
    note = [check["note"] for check in kept["checks"] if check["name"] == "cold"][0]
    expect.holds("limits of a cold start", "at most 1.5" in note and "at least 20" in note, note)


def check_limits(expect, kept, table):
    """Each speed stands beside its limit, in the file and in what is printed."""
    notes = {check["name"]: check["note"] for check in kept["checks"]}
    for name, limits in (("decode", ["decode_bandwidth", "decode_products_bandwidth", "step_overhead"]),
                         ("prefill", ["prefill_fp8_rate", "step_overhead"]),
                         ("deep", ["long_context_bandwidth", "decode_bandwidth", "step_overhead"])):
        measured = kept[name + "_measured"]
        expect.equal(f"{name}: batches", [m["batch"] for m in measured], [row["batch"] for row in kept[name + "_rows"]])
        for limit in limits:
            bound = "at_most" if limit == "step_overhead" else "at_least"
            figures = [m[limit] for m in measured]
            expect.holds(f"{name}: {limit}", all(isinstance(f["value"], float) and f[bound] == kept["limits"][limit] and
                                                 f["holds"] in (True, False) for f in figures), figures)
            expect.holds(f"{name}: note of {limit}", notes[name].count(limit + " ") == len(measured), notes[name])
        expect.holds(f"{name}: printed", notes[name] in table and "tokens/s" in notes[name], table)
    whole = kept["decode_profile"][0]
    expect.equal("whose bandwidth", kept["decode_measured"][0]["decode_bandwidth"]["value"], whole["bandwidth_fraction"])


def write_tool(path, text):
    """A shell script that can be run."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as f:
        os.fchmod(f.fileno(), 0o755)
        f.write("#!/bin/sh\n" + text)


def check_sanitizer(expect, scratch, carried, out, there):
    """What a sanitizer looks at has steps of every tile, and an indexer that chooses; one that looks at nothing passes nothing."""
    home, log = os.path.join(scratch, "toolkit"), os.path.join(scratch, "sanitized")
    flags = ("--carried", carried, "--work", os.path.join(scratch, "elsewhere"), "--out", out, "--models", "csa", "--checks")
    for text, code, verdict in (("echo ========= Error: Device not supported.; exit 1", 0, "not run"), ("exit 0", 2, "failed (1)"),
                                ("echo ========= ERROR SUMMARY: 3 errors; exit 2", 2, "failed (2)")):
        write_tool(os.path.join(home, "bin", "compute-sanitizer"), text + "\n")
        done = run(*flags, "memcheck", **{**there, "CUDA_HOME": "", "CUDA_PATH": home})
        expect.equal(f"a sanitizer that does {text}: {done.stdout}", (done.returncode, verdicts_of(read_results(out))["memcheck"]),
                     (code, verdict))
    write_tool(os.path.join(home, "bin", "compute-sanitizer"),
               f"shift 4\necho \"$@\" >>'{log}.calls'\n\"$@\" && echo ========= ERROR SUMMARY: 0 errors\n")
    done = run(*flags, "memcheck,memcheck-wide", **{**there, "CUDA_HOME": home, "V4_FAKE_CUDA_LOG": log})
    expect.equal(f"memcheck: {done.stdout}", done.returncode, 0)
    sizes = {tuple(function.split("_")[:2]) for function in cuda.ran_in(log)}
    # Tiles of 128 rows take matrices that are wider.
    expect.equal("tiles that no sanitizer saw", [tile for tile in cuda.TILES if tile not in sizes], [])
    verdicts = verdicts_of(read_results(out))
    expect.equal("what was sanitized", verdicts, {"compile": "passed", "memcheck": "passed", "memcheck-wide": "passed"})
    with open(log + ".calls", encoding="utf-8") as f:
        prompts = [call.partition("--tokens=")[2].split(" ")[0].count(",") + 1 for call in f if "--tokens=" in call]
    # An indexer of the small models selects 16 of a row each 4 tokens.
    expect.equal("tokens of prompts", (prompts[0] > 4 * 16 + 4, prompts[1:]), (True, [12, 40]))


def ended(pid):
    """Whether a process is gone, or waits for somebody to ask how it ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def check_hanging(expect, scratch, carried, out, there):
    """What never ends is ended with its children, and all that came before is kept; its verdict is that of the time."""
    flags = ("--carried", carried, "--work", os.path.join(scratch, "elsewhere"), "--out", out, "--models", "csa", "--seconds")
    tool, pids = os.path.join(carried, "bin", "v4-verify"), os.path.join(scratch, "pids")
    os.rename(tool, tool + ".whole")
    found = json.dumps([{"numerics": {"without_probes": {"replayed_steps": 19, "rows": 20}}, "problems": ["row 3 differs"]}])
    once = os.path.join(scratch, "compared")
    write_tool(tool, f"case \"$*\" in *--numerics*) ;; *--launches*) exit 0 ;; *) exec '{tool}.whole' \"$@\" ;; esac\n"
                     f"[ ! -e '{once}' ] || exec sleep 60\n: >'{once}'\necho '{found}'\nexit 2\n")
    # The same model twice: what was found of the first is told, though the second never ends.
    flags_twice = [flag if flag != "csa" else "csa,csa" for flag in flags]
    done = run(*flags_twice, "5", "--checks", "numerics", **there)
    check = read_results(out)["checks"][-1]
    expect.equal(f"numerics that hangs: {done.stdout}", (done.returncode, check["verdict"].rpartition(" after ")[0], check["note"]),
                 (2, "failed (still running", "csa: row 3 differs; csa: the comparison was still running"))
    os.rename(tool + ".whole", tool)
    tool = os.path.join(carried, "bin", "v4-run")
    os.remove(tool)
    write_tool(tool, f"(sleep 60) & echo $$ $! >'{pids}'; wait\n")
    done = run(*flags, "6", **there)
    expect.equal("a check that hangs", done.returncode, 2)
    verdict = verdicts_of(read_results(out))["token"]
    expect.holds("its verdict", verdict.startswith("failed (still running after "), verdict)
    with open(pids, encoding="ascii") as f:
        expect.equal("its children that went on", [pid for pid in f.read().split() if not ended(pid)], [])


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--fake-cuda", required=True, help="folder of the library that plays a GPU")
    args = parser.parse_args()
    tools = engine.Tools(args.bin)
    expect = Expectations(tools)
    cuda_kernels.skip_without_ptxas(tools, args.cache)
    SMALL.extend(["--shapes", os.path.join(checkpoints.standard(args.cache, "csa"), "config.json"), "--prompt", "12"])
    with tempfile.TemporaryDirectory() as scratch:
        smi = os.path.join(scratch, "nvidia-smi")
        with open(smi, "w", encoding="ascii") as f:
            f.write("#!/bin/sh\necho NVIDIA-SMI has failed\nexit 9\n")
        os.chmod(smi, 0o755)
        path = scratch + os.pathsep + os.environ["PATH"]
        done = run(PATH=path)
        expect.equal("no GPU", (done.returncode, len(done.stderr.splitlines())), (3, 1))
        check_flags(expect)
        with open(smi, "w", encoding="ascii") as f:
            f.write(FAKE_SMI)
        # What other tests have made need not be made again.
        work = os.path.join(scratch, "work")
        os.mkdir(work)
        os.symlink(os.path.abspath(args.cache), os.path.join(work, "cache"))
        if os.environ.get("V4_TEST_KERNEL_CACHE"):
            os.symlink(os.environ["V4_TEST_KERNEL_CACHE"], os.path.join(work, "kernels"))
        done = run("--bin", tools.bin, "--work", work, "--out", scratch, "--models", "csa", "--checks",
                   "token,numerics,goldens,tiles,bench", PATH=path,
                   PYTHON=sys.executable, LD_LIBRARY_PATH=os.path.abspath(args.fake_cuda))
        expect.equal("goldens of an idle GPU", done.returncode, 2)
        kept = read_results(scratch)
        verdicts = verdicts_of(kept)
        expect.equal("device", (kept["device"], kept["target"]), ('Fake "H200"', "cuda:sm_90a"))
        expect.holds("verdicts", verdicts["compile"] == "passed" and verdicts["goldens"] == "failed (1)" and
                     verdicts["numerics"] == "failed (2)" and verdicts["tiles"] == "failed (1)" and verdicts["bench"] == "passed" and kept["bench"],
                     f"{verdicts} {done.stdout} {done.stderr}")
        check_carried(tools, expect, scratch, work, smi, os.path.abspath(args.fake_cuda))
        check_failed_compile(tools, expect, scratch, {"PATH": path, "PYTHON": sys.executable})
    expect.finish()


if __name__ == "__main__":
    main()
