#!/usr/bin/python3
"""tools/gpu-check.sh where there is no GPU: what it says, and, with a driver that plays an idle GPU, what it keeps.

    gpu_check.py --bin DIR --cache DIR --fake-cuda DIR

The played GPU runs no kernel, so goldens must fail: a check that cannot fail is none. Needs ptxas; without it the test
is skipped (exit code 77).
"""

import json
import os
import subprocess
import sys
import tempfile

import checkpoints
import cuda_kernels
import engine
from expectations import Expectations

SCRIPT = os.path.join(engine.ROOT, "tools", "gpu-check.sh")
FAKE_SMI = """#!/bin/sh
case $1 in
  *name) echo 'Fake "H200"' ;;
  *compute_cap) echo '9.0' ;;
  *driver_version) echo '1.2.3' ;;
esac
"""


def run(*flags, cwd=None, **environment):
    """The script's end."""
    return subprocess.run([SCRIPT, *flags], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                          env={**os.environ, **environment}, check=False)


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
    done = run("--bin", "bin", "--work", "work", "--out", "out", "--models", "csa", cwd=scratch, **environment)
    expect.equal("a failed compilation", done.returncode, 2)
    with open(os.path.join(scratch, "out", "Fake-H200.json"), encoding="utf-8") as f:
        kept = json.load(f)
    verdicts = {check["name"]: check["verdict"] for check in kept["checks"]}
    expect.equal("verdicts without a compiler", (verdicts["compile"], kept["bench"]), ("failed (1)", None))


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--fake-cuda", required=True, help="folder of the library that plays a GPU")
    args = parser.parse_args()
    tools = engine.Tools(args.bin)
    expect = Expectations(tools)
    cuda_kernels.skip_without_ptxas(tools, args.cache)
    with tempfile.TemporaryDirectory() as scratch:
        smi = os.path.join(scratch, "nvidia-smi")
        with open(smi, "w", encoding="ascii") as f:
            f.write("#!/bin/sh\necho NVIDIA-SMI has failed\nexit 9\n")
        os.chmod(smi, 0o755)
        path = scratch + os.pathsep + os.environ["PATH"]
        done = run(PATH=path)
        expect.equal("no GPU", (done.returncode, len(done.stderr.splitlines())), (3, 1))
        expect.equal("unknown flag", run("--fast").returncode, 1)
        with open(smi, "w", encoding="ascii") as f:
            f.write(FAKE_SMI)
        # What other tests have made need not be made again.
        work = os.path.join(scratch, "work")
        os.mkdir(work)
        os.symlink(os.path.abspath(args.cache), os.path.join(work, "cache"))
        if os.environ.get("V4_TEST_KERNEL_CACHE"):
            os.symlink(os.environ["V4_TEST_KERNEL_CACHE"], os.path.join(work, "kernels"))
        done = run("--bin", tools.bin, "--work", work, "--out", scratch, "--models", "csa", PATH=path,
                   PYTHON=sys.executable, LD_LIBRARY_PATH=os.path.abspath(args.fake_cuda))
        expect.equal("goldens of an idle GPU", done.returncode, 2)
        with open(os.path.join(scratch, "Fake-H200.json"), encoding="utf-8") as f:
            kept = json.load(f)
        verdicts = {check["name"]: check["verdict"] for check in kept["checks"]}
        expect.equal("device", (kept["device"], kept["target"]), ('Fake "H200"', "cuda:sm_90a"))
        expect.holds("verdicts", verdicts["compile"] == "passed" and verdicts["goldens"] == "failed (1)" and
                     verdicts["tiles"] == "failed (1)" and verdicts["bench"] == "passed" and kept["bench"], f"{verdicts} {done.stdout} {done.stderr}")
        check_failed_compile(tools, expect, scratch, {"PATH": path, "PYTHON": sys.executable})
    expect.finish()


if __name__ == "__main__":
    main()
