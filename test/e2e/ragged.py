#!/usr/bin/python3
"""A prompt alone and beside other sequences in ragged steps: the same bits, on compiled plans of every kind of layer.

    ragged.py --bin DIR --cache DIR --ragged bin/ragged-plan
"""

import subprocess
import sys

import checkpoints
import engine


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--ragged", required=True)
    args = parser.parse_args()
    tools, failed = engine.Tools(args.bin), False
    for name in ("main", "swa", "csa", "hca"):
        plan = checkpoints.plan(tools, args.cache, checkpoints.standard(args.cache, name))
        done = subprocess.run([args.ragged, plan], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                              timeout=300, check=False)
        print(f"{name}: {done.stdout.strip()}")
        failed |= done.returncode != 0
    if failed:
        sys.exit("a prompt's rows depend on what else is in the step")


if __name__ == "__main__":
    main()
