#!/usr/bin/python3
"""v4-bench on the made-up plan: what it prints and refuses. Times are never compared with anything.

    v4_bench.py V4_BENCH FAKE.v4plan
"""

import csv
import io
import json
import subprocess
import sys

TOOL, PLAN = sys.argv[1:3]
KEYS = ["test", "depth", "batch", "threads", "tokens_per_second", "bytes_per_token", "bandwidth_fraction",
        "flop_fraction", "peak_rss"]


def run(*flags, expect=0, plan=PLAN):
    """Runs the tool; returns what it printed, or its error."""
    done = subprocess.run([TOOL, plan, *map(str, flags)], capture_output=True, text=True, timeout=120)
    assert done.returncode == expect, f"{flags}: exit code {done.returncode}, expected {expect}\n{done.stderr}"
    return done.stderr if expect else done.stdout


def rows():
    """Every combination is a row, in the order of the flags, with the keys that scripts rely on."""
    found = json.loads(run("-p", 50, "-n", 5, "-d", "0,100", "-b", "1,3", "-t", 1, "-r", 2, "-o", "json"))
    assert [(r["test"], r["depth"], r["batch"]) for r in found] == [
        (test, depth, batch) for depth in (0, 100) for batch in (1, 3) for test in ("pp50", "tg5")], found
    for row in found:
        assert list(row) == KEYS, row
        assert list(row["tokens_per_second"]) == ["median", "min", "max"], row
        spread = row["tokens_per_second"]
        assert 0 < spread["min"] <= spread["median"] <= spread["max"], row
        assert row["threads"] == 1, row
        assert 0 < row["peak_rss"] < 1 << 28, row


def beside():
    """Decoding alone and beside a prompt, by batches; in tables, these rows come behind the others."""
    found = json.loads(run("-p", 9, "-n", 0, "-b", "1,2", "--beside=100", "--step-tokens=11", "-r", 2, "-o", "json"))
    assert [r["test"] for r in found] == ["pp9", "pp9", "tg beside pp100", "tg beside pp100"], found
    for batch, row in enumerate(found[2:], 1):
        assert row["batch"] == batch and row["step_tokens"] == 11, row
        gaps = row["gap_seconds"]
        assert 0 < gaps["p50"] <= gaps["p99"] <= gaps["max"] and row["alone_gap_seconds"] > 0, row
        assert row["tokens_per_second"]["median"] > 0 < row["alone_tokens_per_second"]["median"], row
        assert abs(row["p99_over_alone"] * row["alone_gap_seconds"] / gaps["p99"] - 1) < 1e-6, row
    # A budget below the batch: all take turns.
    assert len(json.loads(run("-p", 0, "-n", 0, "-b", 2, "--beside=20", "--step-tokens=1", "-r", 1, "-o", "json"))) == 1
    table = run("-p", 9, "-n", 0, "--beside=100", "-r", 1)
    assert table.count("| test ") == 2 and "tg beside pp100" in table, table


def profile():
    """Every launch of the main group is there, and the parts explain the step."""
    found = json.loads(run("-p", 50, "-n", 0, "-r", 1, "--profile", "-o", "json"))[0]
    assert {launch["kernel"] for launch in found["launches"]} == {"fake_scan", "fake_append", "fake_save",
                                                                       "fake_logits"}, found
    assert found["launches_per_step"] == 4 and found["steps"] == 1, found
    assert 0 < found["launch_seconds"] <= found["step_seconds"], found
    assert abs(sum(launch["step_seconds"] for launch in found["launches"]) - found["launch_seconds"]) < 1e-6, found
    text = run("-p", 50, "-n", 0, "-r", 1, "--profile")
    assert "are not in a launch" in text and "fake_scan" in text, text


def other_forms():
    """Tables, the machine alone, a cold start."""
    table = run("-p", 20, "-n", 0, "-r", 1).splitlines()
    assert len(table) == 3 and table[0].startswith("| test ") and table[1].startswith("|---"), table
    lines = list(csv.reader(io.StringIO(run("-p", 20, "-n", 3, "-r", 1, "-o", "csv"))))
    assert len(lines) == 3 and lines[0][:3] == ["test", "depth", "batch"] and lines[1][0] == "pp20", lines
    machine = json.loads(run("--machine", "-r", 1, "-o", "json"))[0]
    assert machine["read_bytes_per_second"]["median"] > 0 and machine["dot_flops_per_second"]["median"] > 0, machine
    for load in ("map", "copy"):
        cold = json.loads(run("--cold", "-r", 2, f"--load={load}", "-o", "json"))[0]
        parts = [cold[f"{part}_seconds"] for part in ("process", "open", "session", "step")]
        assert cold["load"] == load and cold["seconds"]["min"] > 0 and min(parts) >= 0, cold
        # Nothing goes to a GPU.
        assert not [key for key in cold if key.startswith("upload")], cold


def errors():
    """One sentence and the right exit code."""
    for flags, part in ((("-p", 2000), "the test needs 2000 positions"), (("-p", "x"), "-p: Value x"),
                        (("-b", 9), "max_sequences = 9"),
                        (("-p", 0, "-n", 0, "--beside=990", "--step-tokens=2"), "the test needs 1053 positions"),
                        (("-p", 0, "-n", 0, "--beside=10", "-b", 3), "max_sequences = 4"), (("-b", 3, "--step-tokens=2"), "less than the batch of 3"),
                        (("--load=",), "has no value"), (("-o", "xml"), "xml"),
                        (("--profile", "--device=h200"), "is a plan for a CPU"),
                        (("--profile", "--device=epyc-9v45"), "expected one of h100, h200, b200"),
                        (("--device=x",), "--device=x")):
        error = run(*flags, expect=1)
        assert part in error and error.count("\n") == 1, (flags, error)
    assert "cannot open" in run(expect=1, plan="/nowhere.v4plan")


if __name__ == "__main__":
    rows()
    beside()
    profile()
    other_forms()
    errors()
    print("v4-bench: all fine")
