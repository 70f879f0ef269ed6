#!/usr/bin/python3
"""Random operations on the cache of compiled plans: every row has the bits of a run from scratch.

    cache_operations.py --bin DIR --cache DIR [--models main,mixed,random-1] [--count 400] [--seed 1]

`random-N` has the random dimensions of seed N (random_config.py).
"""

import concurrent.futures
import os
import subprocess
import sys
import time

import checkpoints
import engine
import random_config


def checkpoint_of(cache, name):
    """A model of `checkpoints`, or one of random dimensions."""
    if name.startswith("random-"):
        return random_config.make(cache, int(name.removeprefix("random-")))
    return checkpoints.standard(cache, name)


def play(tools, plan, count, seed):
    """Plays operations on one plan; gives the exit code, what was printed and the seconds it took."""
    begin = time.monotonic()
    command = [tools.path("cache-operations"), plan, str(count)] + ([str(seed)] if seed is not None else [])
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=1800,
                          check=False)
    return done.returncode, done.stdout.strip(), time.monotonic() - begin


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--models", default="main,mixed")
    parser.add_argument("--count", type=int, default=400, help="operations on all plans together")
    parser.add_argument("--seed", type=int, help="left out: another one each time")
    args = parser.parse_args()
    tools, failed, names = engine.Tools(args.bin), False, args.models.split(",")
    share, begin = -(-args.count // len(names)), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(min(2, len(os.sched_getaffinity(0)))) as pool:
        games = []
        for number, name in enumerate(names):
            # Depths with rings of different sizes.
            plan = checkpoints.plan(tools, args.cache, checkpoint_of(args.cache, name),
                                    f"--max-draft={3 if number % 2 == 0 else 1}", "--max-sequences=4")
            games.append(pool.submit(play, tools, plan, share, None if args.seed is None else args.seed + number))
        for name, game in zip(names, games):
            code, text, seconds = game.result()
            print(f"{name}, {seconds:.0f} s: {text}", flush=True)
            failed |= code != 0
    print(f"{share * len(names)} operations on {len(names)} models, {time.monotonic() - begin:.0f} s")
    if failed:
        sys.exit("an operation changed a row")


if __name__ == "__main__":
    main()
