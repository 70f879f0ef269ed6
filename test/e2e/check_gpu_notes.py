#!/usr/bin/python3
"""Figures of made-up profiles and reports: what tools/gpu-check.sh makes of them.

    check_gpu_notes.py --bin DIR --cache DIR
"""

import json
import os
import tempfile

import checkpoints
import engine
import gpu_notes
from expectations import Expectations


def launch(function, seconds, bandwidth, tensor=None):
    """One row of a profile."""
    return {"function": function, "step_seconds": seconds, "bandwidth_fraction": bandwidth, "tensor_fraction": tensor}


PROFILE = {"depth": 0, "batch": 1, "bandwidth_fraction": 0.5, "overhead_fraction": 0.25, "launches": [
    launch("fp8Linear_8_1", 3, 0.9, 0.7), launch("wideLinear_8_1", 1, 0.5, 0.1), launch("expertProduct_8", 0, 0.0, 0.0),
    launch("attendRows_256_64_1", 1, 0.25), launch("indexCandidates_64", 3, 0.65), launch("combineRows_4", 9, 0.01)]}
ROWS = [{"test": "tg", "depth": 0, "batch": batch, "tokens_per_second": {"median": 10.0 * batch}} for batch in (1, 8)]


def write(work, name, value):
    """A JSON file."""
    with open(os.path.join(work, name), "w", encoding="utf-8") as f:
        json.dump(value, f)


def check_speed(expect, work):
    """Launches count by their seconds; a batch whose profile had no time left has its speed alone."""
    for name, limit, value, holds in (("decode", "decode_bandwidth", 0.5, False), ("decode", "decode_products_bandwidth", 0.8, False),
                                      ("decode", "step_overhead", 0.25, False), ("prefill", "prefill_fp8_rate", 0.7, True),
                                      ("deep", "long_context_bandwidth", 0.55, False)):
        write(work, name + ".rows.json", ROWS)
        write(work, name + ".profile.json", [PROFILE])
        note, code = gpu_notes.speed(work, name)
        measured = gpu_notes.read(work, name + ".measured.json")
        figure = measured[0][limit]
        expect.holds(f"{name}: {limit}", abs(figure["value"] - value) < 1e-9 and figure["holds"] is holds and code == 0, figure)
        bound = "at most" if limit == "step_overhead" else "at least"
        expect.holds(f"{name}: note", f"{limit} {value:.3f}, {bound} {gpu_notes.LIMITS[limit]}" in note, note)
        expect.equal(f"{name}: batch 8", (measured[1]["tokens_per_second"], limit in measured[1], note.endswith("batch 8: 80.0 tokens/s")),
                     (80.0, False, True))
    write(work, "prefill.profile.json", [{**PROFILE, "launches": [launch("fp8Linear_8_1", 3, 0.9)]}])
    expect.holds("a rate that nobody knows", "prefill_fp8_rate unknown, at least 0.6" in gpu_notes.speed(work, "prefill")[0], "it is known")


def check_numerics(expect, work):
    """A comparison without rows, without replayed steps or without an end is none."""
    plain = {"replayed_steps": 19, "rows": 40, "different_rows": 0}
    for name, found, code in (("whole", plain, 0), ("launched", {**plain, "replayed_steps": 3}, 2), ("empty", {**plain, "rows": 0}, 2)):
        write(work, f"numerics.{name}.json", [{"problems": []}, {"problems": [], "numerics": {"without_probes": found}}])
        expect.equal(name, gpu_notes.numerics(work, [name])[1], code)
    expect.equal("no report", gpu_notes.numerics(work, ["whole", "absent"])[1], 2)


def main():
    """Command line."""
    args = checkpoints.common_arguments(__doc__).parse_args()
    expect = Expectations(engine.Tools(args.bin))
    with tempfile.TemporaryDirectory() as work:
        check_speed(expect, work)
        check_numerics(expect, work)
    expect.finish()


if __name__ == "__main__":
    main()
