#!/usr/bin/python3
"""What tools/gpu-check.sh says of its results: speeds beside their limits, kernels that are wrong.

    gpu_notes.py limits
    gpu_notes.py speed WORK NAME          NAME.rows.json and NAME.profile.json of v4-bench
    gpu_notes.py cold WORK                cold.rows.json and upload.rows.json
    gpu_notes.py numerics WORK MODEL...   numerics.MODEL.json and launches.MODEL.json of v4-verify

A note goes to stdout, the figures in it to WORK/NAME.measured.json. Exit code 2: of a model nothing was compared.
"""

import json
import os
import sys

# Least fractions that the kernels are made for, and most overhead of a step and seconds of a start.
LIMITS = {"decode_bandwidth": 0.75, "decode_products_bandwidth": 0.85, "prefill_fp8_rate": 0.6,
          "long_context_bandwidth": 0.6, "step_overhead": 0.05, "cold_seconds": 1.5, "upload_gigabytes_per_second": 20}
AT_MOST = ("step_overhead", "cold_seconds")
FP8 = ("fp8Linear", "splitFp8Linear", "expertProduct")
PRODUCTS = FP8 + ("bf16Linear", "splitBf16Linear", "wideLinear")
ATTENTION = ("attendRows", "attendMerge", "indexCandidates", "selectCandidates")
# Of a check's profile: what is compared with which limit. Launches count by their seconds; no name means the step.
COMPARED = {
    "decode": (("decode_bandwidth", "bandwidth_fraction", None), ("decode_products_bandwidth", "bandwidth_fraction", PRODUCTS),
               ("step_overhead", "overhead_fraction", None)),
    "prefill": (("prefill_fp8_rate", "tensor_fraction", FP8), ("step_overhead", "overhead_fraction", None)),
    "deep": (("long_context_bandwidth", "bandwidth_fraction", ATTENTION), ("decode_bandwidth", "bandwidth_fraction", None),
             ("step_overhead", "overhead_fraction", None)),
}
REPLAYED = 8  # steps of an input whose decodes are 19


def read(work, name):
    """A JSON file; empty where there is none."""
    path = os.path.join(work, name)
    text = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            text = f.read()
    return json.loads(text) if text.strip() else []


def fraction_of(profile, field, templates):
    """Of the step, or of all launches of these templates together; None where it is not known."""
    if templates is None:
        return profile.get(field)
    found = [launch for launch in profile["launches"] if launch["function"].split("_")[0] in templates]
    seconds = sum(launch["step_seconds"] for launch in found)
    if not seconds or any(launch[field] is None for launch in found):
        return None
    return sum(launch[field] * launch["step_seconds"] for launch in found) / seconds


def beside(value, limit):
    """A measured value with its limit."""
    bound = "at_most" if limit in AT_MOST else "at_least"
    held = None if value is None else value <= LIMITS[limit] if limit in AT_MOST else value >= LIMITS[limit]
    return {"value": value, bound: LIMITS[limit], "holds": held}


def text_of(limit, figure):
    """decode_bandwidth 0.512, at least 0.75"""
    value = "unknown" if figure["value"] is None else f"{figure['value']:.3f}"
    bound = "at_most" if "at_most" in figure else "at_least"
    return f"{limit} {value}, {bound.replace('_', ' ')} {figure[bound]}"


def write(work, name, measured):
    """The figures of a check."""
    with open(os.path.join(work, name + ".measured.json"), "w", encoding="utf-8") as f:
        json.dump(measured, f)


def speed(work, name):
    """A part per batch; tokens per second have no limit."""
    lines, measured = [], []
    profiles = {(p["depth"], p["batch"]): p for p in read(work, name + ".profile.json")}
    for row in read(work, name + ".rows.json"):
        found = {"test": row["test"], "depth": row["depth"], "batch": row["batch"],
                 "tokens_per_second": row["tokens_per_second"]["median"]}
        parts = [f"batch {row['batch']}: {found['tokens_per_second']:.1f} tokens/s"]
        profile = profiles.get((row["depth"], row["batch"]))
        for limit, field, templates in COMPARED[name] if profile else ():
            found[limit] = beside(fraction_of(profile, field, templates), limit)
            parts.append(text_of(limit, found[limit]))
        lines.append("; ".join(parts))
        measured.append(found)
    write(work, name, measured)
    return " | ".join(lines), 0


def cold(work):
    """A start without its weights, and how fast these come."""
    start, upload = (read(work, name + ".rows.json")[0] for name in ("cold", "upload"))
    measured = {"cold_seconds": beside(start["seconds"]["median"] - start["upload_seconds"], "cold_seconds"),
                "upload_gigabytes_per_second": beside(upload["upload_bytes_per_second"] / 1e9, "upload_gigabytes_per_second")}
    write(work, "cold", measured)
    return f"{upload['upload_bytes'] / 1e9:.2f} GB of weights; " + "; ".join(map(text_of, measured, measured.values())), 0


def wrong_kernel(model, wrong):
    """What --launches says of one."""
    filled = f", or what filled its cache: {', '.join(wrong['cache_filled_by'])}" if wrong["cache_filled_by"] else ""
    return (f"{model}: wrong kernel {wrong['kernel']} ({wrong['function']}), launch {wrong['launch']}, layer "
            f"{wrong['layer']}{filled}")


def numerics(work, models):
    """Which kernels are wrong, or which probes where none is named; and of which models too little was compared."""
    parts, code = [], 0
    for model in models:
        found, launches = ((read(work, f"{kind}.{model}.json") or [{}])[-1] for kind in ("numerics", "launches"))
        plain = found.get("numerics", {}).get("without_probes", {})
        if plain.get("replayed_steps", 0) < REPLAYED or not plain.get("rows"):
            parts.append(f"{model}: no graph was replayed, or the comparison ended early")
            code = 2
        wrong = launches.get("launches", {}).get("wrong", [])
        parts += [wrong_kernel(model, w) for w in wrong] or [f"{model}: {text}" for text in found.get("problems", [])]
    return "; ".join(parts), code


def main():
    """Command line."""
    calls = {"limits": lambda: (json.dumps(LIMITS), 0), "speed": speed, "cold": cold,
             "numerics": lambda work, *models: numerics(work, models)}
    note, code = calls[sys.argv[1]](*sys.argv[2:])
    print(note, end="")
    return code


if __name__ == "__main__":
    sys.exit(main())
