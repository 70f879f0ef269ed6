#!/usr/bin/python3
"""Ends v4-run without warning at random moments while it saves: each file that is left loads, or is refused.

    kill_saves.py V4_RUN FAKE.v4plan [KILLS] [SEED]

A state that loads must be that of the save in front of the kill or of the killed one, to the last token that it gives.
What is left beside it is one file at most, which the next save takes over.
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


def fresh(path, since):
    """Whether the file was written since then."""
    try:
        return os.stat(path).st_mtime_ns >= since
    except FileNotFoundError:
        return False


def check_part(path, prompts):
    """Whether the part is refused; else it is a whole state, of this save or of one before it."""
    done = subprocess.run([TOOL, PLAN, "--tokens=9", "-n", "0", f"--load-state={path}"], capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode == 0:
        assert any(continued(path, prompt) for prompt in reversed(prompts)), "a file that was left loads wrong"
        return False
    assert done.returncode == 1 and done.stderr.startswith(f"v4-run: {path}: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return True


def check_together(folder, state):
    """Processes that save to one path at once: one of their states is there in the end, and nothing else."""
    prompts = [[i, 30 - i] * (200 + 10 * i) for i in range(8)]
    tools = [subprocess.Popen([TOOL, PLAN, *flags_of(prompt, state, 192 * 400)], stdout=subprocess.DEVNULL)
             for prompt in prompts]
    assert [tool.wait(60) for tool in tools] == [0] * len(tools)
    assert os.listdir(folder) == ["state"], os.listdir(folder)
    assert any(continued(state, prompt) for prompt in prompts)


def main():
    """Command line."""
    rng = random.Random(SEED)
    print(f"seed {SEED}")
    old_ones = new_ones = refused = parts = 0
    with tempfile.TemporaryDirectory() as folder:
        state, part, first = os.path.join(folder, "state"), os.path.join(folder, "state.part"), [i % 29 for i in range(800)]
        begin = time.monotonic()
        run(*flags_of(first, state, 192 * 400))
        whole = time.monotonic() - begin
        kept, prompts = first, [first]
        for kill in range(KILLS):
            prompts.append(prompt := [rng.randrange(31) for _ in range(rng.randrange(400, 900))])
            kill_time = time.time_ns()
            with subprocess.Popen([TOOL, PLAN, *flags_of(prompt, state, 192 * 400)], stdout=subprocess.DEVNULL) as tool:
                # Some at any time, most while the new file is there and not yet in its place.
                if kill % 3:
                    while tool.poll() is None and not fresh(part, kill_time):
                        pass
                    time.sleep(rng.random() ** 3 * 0.001)
                else:
                    time.sleep(rng.random() * whole * 1.2)
                tool.kill()
            left = sorted(os.listdir(folder))
            assert left in (["state"], ["state", "state.part"]), left
            if len(left) == 2:
                parts, refused = parts + 1, refused + check_part(part, prompts)
            if continued(state, kept):
                old_ones += 1
            else:
                assert continued(state, prompt), f"kill {kill}: the state is neither the old nor the new one"
                kept, new_ones = prompt, new_ones + 1
        run(*flags_of(first, state, 192 * 400))
        assert os.listdir(folder) == ["state"] and continued(state, first), os.listdir(folder)
        check_together(folder, state)
    print(f"{KILLS} kills: {old_ones} old states, {new_ones} new ones, {parts} parts, {refused} refused")


if __name__ == "__main__":
    main()
