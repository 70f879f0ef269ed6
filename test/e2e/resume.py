#!/usr/bin/python3
"""--resume: what an interruption leaves is used, and nothing else is.

    resume.py --bin DIR --cache DIR
"""

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time

import checkpoints
import engine
from expectations import Expectations


class Interrupted:
    """Compiles a plan from object code on, so that the time goes into weights; can be killed on the way."""

    def __init__(self, tools, module, checkpoint, plan, *flags):
        self.plan, self.partial, self.journal = plan, plan + ".partial", plan + ".partial.journal"
        self.command = [tools.path("v4-compile"), module, "--compile-from=codegen", f"--checkpoint={checkpoint}", "-j1",
                        "-o", plan, *flags]

    def kill(self, *flags, until):
        """Starts, and kills as soon as `until()`; gives whether that was before the last chunk was written."""
        process = subprocess.Popen([*self.command, *flags], stderr=subprocess.DEVNULL)
        while process.poll() is None and not until():
            time.sleep(0.0003)
        process.send_signal(signal.SIGKILL)
        process.wait()
        return os.path.exists(self.partial) and os.path.exists(self.journal)

    def kill_with_chunks(self):
        """Some chunks are written and in the journal."""
        return self.kill("--resume", until=lambda: size(self.journal) > 1000)

    def finish(self, *flags):
        """Runs to the end; gives what it said."""
        done = subprocess.run([*self.command, *flags], stderr=subprocess.PIPE, encoding="utf-8", check=True)
        for left in (self.partial, self.journal):
            assert not os.path.exists(left), f"{left} is left"
        return done.stderr


def size(path):
    """Of a file, 0 without one."""
    try:
        return os.path.getsize(path)
    except FileNotFoundError:  # the compiler may remove it at any moment
        return 0


def overwrite(path, offset, data):
    """Changes a file in place."""
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def truncate(path, count):
    """Takes bytes from a file's end."""
    with open(path, "r+b") as file:
        file.truncate(max(0, size(path) - count))


def check_interruptions(run, expected):
    """Whatever is done to the files between the two runs, the bytes are those of one run."""
    between = {
        "nothing": lambda: None,
        "journal cut": lambda: truncate(run.journal, 7),
        "journal damaged": lambda: overwrite(run.journal, 300, b"\xff"),
        "weights lost": lambda: truncate(run.partial, size(run.partial)),
        "weights damaged": lambda: overwrite(run.partial, size(run.partial) // 2, bytes(range(256))),
        # A run without --resume begins the file anew: the journal of the first is of bytes that are gone.
        "another run": lambda: run.kill(until=lambda: size(run.partial) > 0),
        "journal lost": lambda: os.unlink(run.journal),
    }
    resumed = {}
    for name, change in between.items():
        while not run.kill_with_chunks():
            pass
        change()
        resumed[name] = "resuming: " in run.finish("--resume")
        assert engine.read(run.plan) == expected, f"{name}: other bytes"
    assert resumed["nothing"] and resumed["journal cut"] and resumed["weights damaged"], resumed
    assert not resumed["weights lost"] and not resumed["journal lost"], resumed
    run.kill_with_chunks()
    run.finish()
    assert engine.read(run.plan) == expected, "without --resume: other bytes"


def check_other_input(run, other):
    """The beginning of another plan is not used, and that is said."""
    while not run.kill_with_chunks():
        pass
    said = other.finish("--resume")
    assert "of another input or of other options; starting afresh" in said, said
    resumed = engine.read(other.plan)
    other.finish()
    assert engine.read(other.plan) == resumed, "starting afresh gives other bytes"


def check_places(tools, run, checkpoint):
    """One compiler at a time, and regular files."""
    expect = Expectations(tools)
    flags = run.command[1:]
    with open(run.partial, "wb") as mine:
        mine.write(b"of another compiler")
        mine.flush()
        fcntl.flock(mine, fcntl.LOCK_EX)
        for more in ([], ["--resume"]):
            expect.refused(f"two compilers {more}", "v4-compile", [*flags, *more], ["is being written by another v4-compile"])
        assert engine.read(run.partial) == b"of another compiler"
    # With the beginning of a plan in place the journal is read.
    os.mkfifo(run.journal)
    expect.refused("a pipe as journal", "v4-compile", [*flags, "--resume"], ["is not a regular file", "remove it"])
    os.unlink(run.journal)
    os.unlink(run.partial)
    os.mkfifo(run.partial)
    expect.refused("a pipe as beginning", "v4-compile", [*flags, "--resume"], ["is not a regular file", "remove it"])
    os.unlink(run.partial)
    with open(run.partial, "wb") as file:
        file.write(os.urandom(5_000_000))
    tools.compile(checkpoint, run.plan, "--weights=none", "--resume")
    tools.call("v4-verify", run.plan)
    return expect.failures


def main():
    """Command line."""
    args = checkpoints.common_arguments(__doc__).parse_args()
    tools = engine.Tools(args.bin)
    # More chunks than the journal takes at once.
    checkpoint = checkpoints.make(os.path.join(os.path.abspath(args.cache), "checkpoints", "mini"), "mini", 1, {})
    with tempfile.TemporaryDirectory() as scratch:
        modules = [os.path.join(scratch, name) for name in ("module.mlir", "other.mlir")]
        for module, tokens in zip(modules, (512, 7)):
            tools.compile(checkpoint, module, "--compile-to=codegen", f"--max-tokens={tokens}")
        plan = os.path.join(scratch, "plan.v4plan")
        run = Interrupted(tools, modules[0], checkpoint, plan)
        run.finish()
        check_interruptions(run, engine.read(plan))
        print("embedded: ok", flush=True)
        check_other_input(run, Interrupted(tools, modules[1], checkpoint, plan))
        failures = check_places(tools, run, checkpoint)
        outside = Interrupted(tools, modules[0], checkpoint, plan, "--weights=external")
        outside.partial, outside.journal = (os.path.join(scratch, "plan.v4weights") + end for end in (".partial", ".partial.journal"))
        outside.finish()
        expected = [engine.read(path) for path in (plan, os.path.join(scratch, "plan.v4weights"))]
        while not outside.kill_with_chunks():
            pass
        assert "resuming: " in outside.finish("--resume")
        assert [engine.read(path) for path in (plan, os.path.join(scratch, "plan.v4weights"))] == expected
        print("external: ok", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
