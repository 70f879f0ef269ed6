#!/usr/bin/python3
"""A 2,300-token prompt on real layer dimensions selects the reference's rows; states speed and compile time.

    long_prompt.py --bin DIR --cache DIR [--threads 2]

Uses the `slice` checkpoint (2.3 GB, kept in the cache) and goldens/long.npz
(see make_long_golden.py). Times are printed; --times also holds them against
what decomposition alone must keep on two quiet cores.
"""

import os
import re
import sys
import tempfile
import time

import numpy as np

import checkpoints
import engine
import metrics
from compare import relative

RECALL, REL_MEDIAN, COMPILE_SECONDS, DECODE_PER_SECOND = 0.985, 0.06, 120, 2
GENERATED = 8


def recall_of(rows, golden, positions):
    """Share of the golden rows that were selected, over positions with a choice."""
    hits = wanted = 0
    for row, bits in zip(rows[positions], np.unpackbits(golden, axis=1)):
        want = set(np.nonzero(bits)[0].tolist())
        hits, wanted = hits + len(want & set(row.tolist())), wanted + len(want)
    return hits / wanted


def speeds(text):
    """(prefill, decode) tokens a second, from the last lines of v4-run."""
    found = re.findall(r"(prefill|decode)\D*[\d.]* tokens?.*?([\d.]+) tokens/s", text)
    return {kind: float(value) for kind, value in found}


def run(tools, plan, golden, threads):
    """Selected rows per layer, last logits, and the tool's own speeds."""
    with tempfile.TemporaryDirectory() as scratch:
        tokens, probes, logits = (os.path.join(scratch, n) for n in ("tokens", "probes", "logits.npy"))
        engine.write_tokens(tokens, golden["prompt"])
        done = tools.call("v4-run", plan, f"--tokens-file={tokens}", "-n", GENERATED, "--ignore-eos", f"--threads={threads}",
                          f"--dump-probes={probes}", f"--logits-out={logits}", timeout=1500)
        print(done.stdout[-500:], flush=True)
        layers = [k.split(".")[1] for k in golden if k.startswith("rows.")]
        rows = {i: np.load(os.path.join(probes, f"layers.{i}.index_topk.npy")) for i in layers}
        count = len(golden["logits"])
        return rows, np.load(logits)[:len(golden["prompt"])][-count:], speeds(done.stdout + done.stderr)


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--times", action="store_true", help="on a quiet machine: fail on times too")
    args = parser.parse_args()
    tools = engine.Tools(args.bin)
    checkpoint = checkpoints.make(os.path.join(args.cache, "checkpoints", "slice"), "slice", 1, {})
    plan = os.path.join(args.cache, "slice.v4plan")
    begin = time.time()
    tools.call("v4-compile", checkpoint, "-o", plan, "--max-context=4096")
    compile_seconds = time.time() - begin
    with np.load(os.path.join(engine.HERE, "goldens", "long.npz")) as f:
        golden = dict(f)
    rows, logits, speed = run(tools, plan, golden, args.threads)
    checks = [metrics.Check("p2300", f"recall, layer {i}", recall_of(r, golden[f"rows.{i}"], golden["positions"]), RECALL, True)
              for i, r in rows.items()]
    checks.append(metrics.Check("p2300", "rel_median", float(np.median(relative(logits, golden["logits"]))), REL_MEDIAN))
    if args.times:
        checks.append(metrics.Check("p2300", "compile, seconds", compile_seconds, COMPILE_SECONDS))
        if "decode" in speed:
            checks.append(metrics.Check("p2300", "decode, tokens/s", speed["decode"], DECODE_PER_SECOND, True))
    os.remove(plan)
    violations = metrics.print_table(f"slice ({checkpoint}), compiled in {compile_seconds:.1f} s", checks)
    sys.exit(f"{violations} limits violated" if violations else 0)


if __name__ == "__main__":
    main()
