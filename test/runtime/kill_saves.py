#!/usr/bin/python3
"""Ends v4-run without warning at random moments while it saves: each file that is left loads, or is refused.

    kill_saves.py V4_RUN FAKE.v4plan [KILLS] [SEED]

A state that loads must be that of the save in front of the kill or of the killed one, to the last token that it gives.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time

from v4_run import PLAN, TOOL, greedy, run

KILLS = int(sys.argv[3]) if len(sys.argv) > 3 else 20
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else random.SystemRandom().randrange(1 << 30)


def flags_of(prompt, state, room):
    """A run that saves `prompt` and as many prefixes as there is room for."""
    return ["--tokens=" + ",".join(map(str, prompt)), "-n", "0", f"--save-state={state}", f"--cache-bytes={room}"]


def continued(state, prompt):
    """Whether the state holds `prompt`: its greedy tokens behind one more token."""
    found = json.loads(run("--tokens=9", "-n", 12, "--ignore-eos", "--json", f"--load-state={state}").stdout)
    return found["tokens"] == greedy(prompt + [9], 12)


def main():
    """Command line."""
    rng = random.Random(SEED)
    print(f"seed {SEED}")
    old_ones = new_ones = refused = 0
    with tempfile.TemporaryDirectory() as folder:
        state, first = os.path.join(folder, "state"), [i % 29 for i in range(800)]
        begin = time.monotonic()
        run(*flags_of(first, state, 192 * 400))
        whole = time.monotonic() - begin
        kept = first
        for kill in range(KILLS):
            prompt = [rng.randrange(31) for _ in range(rng.randrange(400, 900))]
            with subprocess.Popen([TOOL, PLAN, *flags_of(prompt, state, 192 * 400)], stdout=subprocess.DEVNULL) as tool:
                # Some at any time, most while the new file is there and not yet in its place.
                if kill % 3:
                    while tool.poll() is None and len(os.listdir(folder)) == 1:
                        pass
                    time.sleep(rng.random() ** 3 * 0.001)
                else:
                    time.sleep(rng.random() * whole * 1.2)
                tool.kill()
            # What it leaves beside the state, when it does, is no state for anybody.
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                if name == "state":
                    continue
                done = subprocess.run([TOOL, PLAN, "--tokens=9", "-n", "0", f"--load-state={path}"],
                                      capture_output=True, text=True, timeout=60, check=False)
                if done.returncode == 0:
                    assert continued(path, prompt), f"kill {kill}: a file that was left loads wrong"
                else:
                    assert done.returncode == 1 and done.stderr.startswith(f"v4-run: {path}: "), done.stderr
                    assert done.stderr.count("\n") == 1, done.stderr
                    refused += 1
                os.remove(path)
            if continued(state, kept):
                old_ones += 1
            else:
                assert continued(state, prompt), f"kill {kill}: the state is neither the old nor the new one"
                kept, new_ones = prompt, new_ones + 1
    print(f"{KILLS} kills: {old_ones} old states, {new_ones} new ones, {refused} parts refused")


if __name__ == "__main__":
    main()
