#!/usr/bin/python3
"""The whole model with its weights: rate, memory, and the same bytes after a kill half-way.

    full_size.py --bin DIR --cache DIR [--layers N] [--experts N]

Without --layers: 43 layers, 159.6 GB of tensors. They are holes but for the tables of experts, and the plan keeps the
holes: about 100 MB of disk. Takes some minutes at full size, so --long has a small one.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time

import checkpoints
import engine
import sparse_checkpoint

MOST_MEMORY = 4 << 30
CHUNK = 1 << 24
# Of a plan, and of a record in the journal of one (codegen/plan/ChunkJournal.h).
HASH_CHUNK, LEAST_RECORD = 1 << 22, 64


def size(path):
    """Of a file, 0 without one."""
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        return 0


class Writer:
    """One compilation with weights beside the plan."""

    def __init__(self, tools, checkpoint, plan):
        self.plan = plan
        self.weights = plan[:-len("plan")] + "weights"
        self.journal = self.weights + ".partial.journal"
        self.command = [tools.path("v4-compile"), checkpoint, "-o", plan, "--weights=external", "--resume",
                        *tools.kernel_cache()]

    def run(self):
        """To the end; gives seconds and the peak of resident bytes, mapped pages counted."""
        begin = time.monotonic()
        process = subprocess.Popen(self.command, stderr=subprocess.PIPE)
        text = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0, text
        return time.monotonic() - begin, usage.ru_maxrss << 10

    def kill_half_way(self, weight_bytes):
        """Kills the compiler when the journal holds half of the weights' chunks."""
        half = weight_bytes / HASH_CHUNK / 2 * LEAST_RECORD
        process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)
        while process.poll() is None and size(self.journal) < half:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert size(self.journal) >= half, "the compiler was done before it was killed"
        left = sorted(name for name in os.listdir(os.path.dirname(self.plan)) if ".partial" in name)
        return left


def extents(path):
    """[begin, end) of what is no hole."""
    found, at, size = [], 0, os.path.getsize(path)
    with open(path, "rb") as f:
        while at < size:
            try:
                begin = os.lseek(f.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            at = os.lseek(f.fileno(), begin, os.SEEK_HOLE)
            found.append((begin, at))
    return found


def same_sparse_files(left, right):
    """Whether two files have the same bytes, holes read as zeros."""
    if os.path.getsize(left) != os.path.getsize(right):
        return False
    with open(left, "rb") as a, open(right, "rb") as b:
        for begin, end in extents(left) + extents(right):
            for at in range(begin, end, CHUNK):
                a.seek(at)
                b.seek(at)
                count = min(CHUNK, end - at)
                if a.read(count) != b.read(count):
                    return False
    return True


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--layers", type=int)
    parser.add_argument("--experts", type=int)
    args = parser.parse_args()
    tools, overrides = engine.Tools(args.bin), {}
    if args.layers:
        ratios = ([0, 0] + [4, 128] * args.layers)[:args.layers]
        overrides = {"num_hidden_layers": args.layers, "compress_ratios": ratios + [0]}
    if args.experts:
        overrides["n_routed_experts"] = args.experts
    with tempfile.TemporaryDirectory(dir=args.cache) as scratch:
        stored = sparse_checkpoint.write(os.path.join(scratch, "model"), "flash", overrides)
        once, twice = (os.path.join(scratch, name, "model.v4plan") for name in ("once", "twice"))
        for plan in (once, twice):
            os.makedirs(os.path.dirname(plan))
        first = Writer(tools, os.path.join(scratch, "model"), once)
        seconds, peak = first.run()
        print(f"{stored / 1e9:.1f} GB of tensors in {seconds:.1f} s: {stored / seconds / 1e9:.2f} GB/s, "
              f"peak RSS {peak / 2**30:.2f} GiB, disk {os.stat(first.weights).st_blocks * 512 / 1e6:.1f} MB", flush=True)
        assert peak < MOST_MEMORY, peak
        second = Writer(tools, os.path.join(scratch, "model"), twice)
        left = second.kill_half_way(os.path.getsize(first.weights))
        again, _ = second.run()
        print(f"killed with {', '.join(left)}; the rest took {again:.1f} s", flush=True)
        assert same_sparse_files(once, twice) and same_sparse_files(first.weights, second.weights), "the bytes differ"
        print("the same bytes as without the kill")


if __name__ == "__main__":
    sys.exit(main())
