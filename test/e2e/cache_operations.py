#!/usr/bin/python3
"""Random operations on the cache of compiled plans: every row has the bits of a run from scratch.

    cache_operations.py --bin DIR --cache DIR [--models main,mixed] [--count 400] [--seed 1]
"""

import subprocess
import sys

import checkpoints
import engine


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--models", default="main,mixed")
    parser.add_argument("--count", type=int, default=400, help="operations on all plans together")
    parser.add_argument("--seed", type=int, help="left out: another one each time")
    args = parser.parse_args()
    tools, failed, names = engine.Tools(args.bin), False, args.models.split(",")
    for number, name in enumerate(names):
        # Depths with rings of different sizes.
        plan = checkpoints.plan(tools, args.cache, checkpoints.standard(args.cache, name),
                                f"--max-draft={3 if number % 2 == 0 else 1}", "--max-sequences=4")
        command = [tools.path("cache-operations"), plan, str(-(-args.count // len(names)))]
        if args.seed is not None:
            command.append(str(args.seed))
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=1800,
                              check=False)
        print(f"{name}: {done.stdout.strip()}", flush=True)
        failed |= done.returncode != 0
    if failed:
        sys.exit("an operation changed a row")


if __name__ == "__main__":
    main()
