"""Runs the tools under test and reads back what they write."""

import os
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
REFERENCE = os.path.join(ROOT, "test", "reference")
sys.path.insert(0, REFERENCE)


class ToolFailure(Exception):
    """A tool ended with another exit code than expected."""


class Tools:
    """The executables of one build directory."""

    def __init__(self, bin_dir):
        self.bin = os.path.abspath(bin_dir)

    def path(self, name):
        """Absolute path of one tool."""
        return os.path.join(self.bin, name)

    def call(self, name, *args, expect=0, timeout=600, env=None, cwd=None):
        """Runs one tool; returns the finished process, output as text."""
        command = [self.path(name), *map(str, args)]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, timeout=timeout,
                                  env={**os.environ, **(env or {})}, encoding="utf-8", errors="replace")
        except subprocess.TimeoutExpired as error:
            raise ToolFailure(f"{' '.join(command)}: still running after {timeout} s") from error
        if expect is not None and done.returncode != expect:
            raise ToolFailure(f"{' '.join(command)}: exit code {done.returncode}, expected {expect}\n"
                              f"{done.stdout[-2000:]}{done.stderr[-4000:]}")
        return done

    def compile(self, source, plan, *flags):
        """Compiles a checkpoint into a plan."""
        return self.call("v4-compile", source, "-o", plan, *self.kernel_cache(flags), *flags)

    def kernel_cache(self, flags=()):
        """Kernels that this very compiler has seen, in any test, are not compiled again."""
        folder = os.environ.get("V4_TEST_KERNEL_CACHE")
        return [f"--kernel-cache={folder}"] if folder and not any("--dump-kernels-to" in f for f in flags) else []

    def run_prompt(self, plan, prompt, forced=None, flags=(), mtp=False, probes=True, work=None):
        """Feeds `prompt`, then the `forced` tokens; returns a Result."""
        with tempfile.TemporaryDirectory(dir=work) as scratch:
            def file(name):
                return os.path.join(scratch, name)
            write_tokens(file("prompt"), prompt)
            args = [plan, f"--tokens-file={file('prompt')}", f"--logits-out={file('logits.npy')}"]
            if forced is None or len(forced) == 0:
                args += ["-n", "0"]
            else:
                write_tokens(file("forced"), forced)
                args.append(f"--force-tokens={file('forced')}")
            if mtp:
                args.append(f"--mtp-logits-out={file('mtp.npy')}")
            if probes:
                args.append(f"--dump-probes={file('probes')}")
            self.call("v4-run", *args, *flags)
            result = Result(len(prompt))
            result.logits = np.load(file("logits.npy"))
            if mtp:
                result.mtp_logits = np.load(file("mtp.npy"))
            if probes:
                result.read_probes(file("probes"))
            return result


class Result:
    """What one run gave: a row per position fed (prompt, then forced tokens).

    `streams`, `index_topk`, `route_experts` and `route_weights` map a layer
    to its rows; layer -1 of `streams` is the embedding."""

    def __init__(self, prompt_length):
        self.prompt_length = prompt_length
        self.logits = self.mtp_logits = None
        self.streams, self.index_topk, self.route_experts, self.route_weights = {}, {}, {}, {}

    def read_probes(self, folder):
        """Loads every known probe file of `folder`."""
        for name in sorted(os.listdir(folder)):
            parts = name[:-len(".npy")].split(".")
            if name == "embed.streams.npy":
                self.streams[-1] = np.load(os.path.join(folder, name))
            elif len(parts) == 3 and parts[0] == "layers" and hasattr(self, parts[2]):
                getattr(self, parts[2])[int(parts[1])] = np.load(os.path.join(folder, name))


def write_tokens(path, tokens):
    """A token file: decimal ids, one a line."""
    with open(path, "w", encoding="ascii") as f:
        f.writelines(f"{int(t)}\n" for t in tokens)


def same_files(left, right):
    """Names under two folders (or the two files) whose bytes differ."""
    if os.path.isfile(left):
        return [] if read(left) == read(right) else [left]
    names = sorted(set(os.listdir(left)) | set(os.listdir(right)))
    return [n for n in names
            if not os.path.exists(os.path.join(left, n)) or not os.path.exists(os.path.join(right, n))
            or read(os.path.join(left, n)) != read(os.path.join(right, n))]


def read(path):
    """The bytes of a file."""
    with open(path, "rb") as f:
        return f.read()
