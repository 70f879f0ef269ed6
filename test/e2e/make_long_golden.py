#!/usr/bin/python3
"""Golden row selections and logits of one long prompt on the `slice` checkpoint.

    make_long_golden.py CKPT --out long.npz [--length 2300] [--seed 11]

Writes what `long_prompt.py` compares: for every position whose indexer has a
choice, the selected rows of each ratio-4 layer as one bit per row, and the
logits of the last few positions. Layers are evaluated one after the other and
their weights dropped, so 6 GB of memory are enough; the run takes about ten
minutes.
"""

import argparse
import json
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reference"))
from make_goldens import random_prompt  # noqa: E402
from reference import Model, Options  # noqa: E402

LOGIT_ROWS = 8


class FrugalModel(Model):
    """The reference with at most one layer's weights in memory."""

    def block(self, streams, ids, start, stem, layer, state):
        """One block; its weights are forgotten afterwards."""
        result = super().block(streams, ids, start, stem, layer, state)
        for name in [n for n in self.cache if n.startswith(stem)]:
            del self.cache[name]
        print("done", stem, flush=True)
        return result

    def expert(self, x, stem, route_weight=None):
        """One expert; its weights are forgotten afterwards."""
        result = super().expert(x, stem, route_weight)
        for name in [n for n in self.cache if n.startswith(stem + ".")]:
            del self.cache[name]
        return result


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--out", required=True)
    parser.add_argument("--length", type=int, default=2300)
    parser.add_argument("--seed", type=int, default=11)
    args = parser.parse_args()
    model = FrugalModel(args.checkpoint, Options(double=True))
    prompt = random_prompt(args.seed, args.length, 0, model.config["vocab_size"])
    model.trace = {}
    model.reset()
    logits, _ = model.forward(prompt)
    visible = (np.arange(args.length) + 1) // 4
    positions = np.nonzero(visible > model.config["index_topk"])[0]
    out = {"prompt": prompt.astype("<i4"), "positions": positions.astype("<i4"),
           "logits": logits[-LOGIT_ROWS:].astype("<f4")}
    for layer, rows in model.trace["index_topk"].items():
        bits = np.zeros((len(positions), args.length // 4), bool)
        for line, position in enumerate(positions):
            chosen = rows[position]
            bits[line, chosen[chosen >= 0]] = True
        out[f"rows.{layer}"] = np.packbits(bits, axis=1)
    with open(os.path.join(args.checkpoint, "MANIFEST.json")) as f:
        out["weights_sha256"] = np.array(json.load(f)["weights_sha256"])
    np.savez_compressed(args.out, **out)


if __name__ == "__main__":
    main()
