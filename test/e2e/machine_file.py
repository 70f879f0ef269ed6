#!/usr/bin/python3
"""v4-inspect --machine: times on a machine that v4-bench measured.

    machine_file.py --bin DIR --cache DIR
"""

import json
import os
import sys
import tempfile

import checkpoints
import engine
import html_reader
from expectations import Expectations

ROW = {"test": "machine", "threads": 3, "read_bytes_per_second": {"median": 2e10, "min": 1e10, "max": 3e10}, "dot": "bf16",
       "dot_flops_per_second": {"median": 4e11, "min": 1e11, "max": 5e11},
       "fma_flops_per_second": {"median": 1e11, "min": 5e10, "max": 2e11}}


def write(folder, content):
    """A file of JSON, or of these bytes."""
    path = os.path.join(folder, "machine.json")
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def roofline(tools, plan, *flags):
    """The device's view."""
    return json.loads(tools.call("v4-inspect", plan, "--cost", "--json", *flags).stdout)["roofline"]


def floor_by_hand(tools, plan):
    """Seconds of a decoded token on ROW, launch by launch: no launch is faster than its bytes, nor than its operations
    as if all were BF16, nor slower than its bytes and its operations as if all were F32."""
    launches = json.loads(tools.call("v4-inspect", plan, "--cost", "--json").stdout)["cost_launches"]
    least = most = 0
    for launch in launches:
        if launch["group"] == "main":
            data = (launch["weight_bytes"] + launch["cache_bytes"]) / 2e10
            least += max(data, launch["flops"] / 4e11)
            most += max(data, launch["flops"] / 1e11)
    return least, most


def check_numbers(tools, plan, folder):
    """--cost, --diff and --html count with the medians."""
    path = write(folder, [{"test": "pp512"}, ROW])
    view = roofline(tools, plan, f"--machine={path}")
    assert (view["device"], view["bytes_per_second"]) == ("machine", 2e10), view
    assert "3 threads" in view["source"] and "bf16" in view["source"], view
    assert abs(view["bandwidth_seconds"] * 2e10 - view["bytes_moved_per_token"]) <= 1e-6 * view["bytes_moved_per_token"], view
    least, most = floor_by_hand(tools, plan)
    assert least * (1 - 1e-9) <= view["launch_floor_seconds"] <= most * (1 + 1e-9), (least, view, most)
    # Tile registers, where a machine has them; a foreign name reaches no terminal as it is.
    tiles = dict(ROW, tile_flops_per_second={"median": 4e12}, dot="\x1b[31mred\n" + "x" * 100)
    page = os.path.join(folder, "tiles.html")
    tools.call("v4-inspect", plan, f"--machine={write(folder, tiles)}", f"--html={page}")
    with open(page, encoding="utf-8") as file:
        device = json.loads(html_reader.Page(file.read()).texts["closed-forms"])["device"]
    assert device["dot_flops_per_second"] == 4e12, device
    text = tools.call("v4-inspect", plan, "--cost", f"--machine={write(folder, tiles)}").stdout
    assert "\x1b" not in text and "u001b[31mred" in text and "x" * 50 not in text, text
    # The row alone, and twice the bandwidth: never slower, never twice as fast and more.
    faster = dict(ROW, read_bytes_per_second={"median": 4e10})
    half = roofline(tools, plan, f"--machine={write(folder, faster)}")["launch_floor_seconds"]
    assert view["launch_floor_seconds"] / 2 <= half < view["launch_floor_seconds"], (half, view)
    page = os.path.join(folder, "page.html")
    tools.call("v4-inspect", plan, f"--machine={write(folder, ROW)}", f"--html={page}")
    with open(page, encoding="utf-8") as file:
        read = html_reader.Page(file.read())
    device = json.loads(read.texts["closed-forms"])["device"]
    assert device == {"bytes_per_second": 2e10, "dot_flops_per_second": 4e11, "fma_flops_per_second": 1e11}, device


def check_diff(tools, plan, other, folder):
    """Predicted time is one of the differences, by the machine's figures."""
    rows = json.loads(tools.call("v4-inspect", "--diff", plan, other, "--json", f"--machine={write(folder, ROW)}", expect=2).stdout)
    times = {row["field"]: row for row in rows["differences"] if row["view"] == "roofline"}
    found = roofline(tools, plan, f"--machine={write(folder, ROW)}")
    assert times["launch_floor_seconds"]["a"] == found["launch_floor_seconds"] != times["launch_floor_seconds"]["b"], times


def check_measured(tools, plan, folder):
    """What v4-bench writes is what v4-inspect reads."""
    text = tools.call("v4-bench", plan, "--machine", "-r", 1, "-o", "json").stdout
    view = roofline(tools, plan, f"--machine={write(folder, text.encode())}")
    assert view["bytes_per_second"] == json.loads(text)[0]["read_bytes_per_second"]["median"], view


def check_refusals(tools, plan, folder):
    """One sentence each."""
    expect = Expectations(tools)

    def without(key):
        return {k: v for k, v in ROW.items() if k != key}

    def median(value):
        return dict(ROW, dot_flops_per_second={"median": value})
    cases = (("no JSON", b"{", ["is no JSON", "v4-bench PLAN --machine"]), ("nothing", b"", ["machine.json"]),
             ("not UTF-8", b'"\xff"', ["is no JSON"]), ("nested without end", b"[" * 100000, ["more than 16 levels"]),
             ("a rate of many levels", b'[{"test":"machine","read_bytes_per_second":{"median":' + b"[" * 200000 + b"]" * 200000 + b"}}]",
              ["more than 16 levels of brackets"]),
             ("no row", [], ["holds no row"]), ("a number", b"1", ["holds no row"]), ("null", b"null", ["holds no row"]),
             ("rows that are none", [1, None, [], {"test": 5}], ["holds no row"]),
             ("another test", dict(ROW, test="pp512"), ["holds no row"]),
             ("of a GPU", [{"test": "gpu", "copy_bytes_per_second": {"median": 4e12}}],
              ["holds rates of a GPU", "--device=NAME"]),
             ("no bandwidth", without("read_bytes_per_second"), ["read_bytes_per_second.median is null", "1 to 1e21"]),
             ("a rate that is none", dict(ROW, fma_flops_per_second=7), ["fma_flops_per_second.median"]),
             ("text", median("fast"), ['dot_flops_per_second.median is "fast"']), ("zero", median(0), ["is 0"]),
             ("negative", median(-1), ["is -1"]), ("beyond all machines", median(1e22), ["1e\\+22"]),
             ("infinite", b'[{"test":"machine","read_bytes_per_second":{"median":1e999}}]', ["machine.json"]),
             ("long text", median("\x1b[31m" + "x" * 100000), ["dot_flops_per_second.median"]))
    for name, content, patterns in cases:
        expect.refused(name, "v4-inspect", [plan, "--cost", f"--machine={write(folder, content)}"], patterns)
    path = write(folder, ROW)
    expect.refused("absent", "v4-inspect", [plan, "--cost", f"--machine={path}.absent"], ["cannot open"])
    expect.refused("a folder", "v4-inspect", [plan, "--cost", f"--machine={folder}"], ["folder"])
    expect.refused("without times", "v4-inspect", [plan, "--kernels", f"--machine={path}"], ["--cost, --diff or --html"])
    expect.refused("two", "v4-inspect", [plan, "--cost", f"--machine={path}", "--device=h200"], ["exclude each other"])
    return expect.failures


def main():
    """Command line."""
    args = checkpoints.common_arguments(__doc__).parse_args()
    tools = engine.Tools(args.bin)
    mixed = checkpoints.standard(args.cache, "mixed")
    plan = checkpoints.plan(tools, args.cache, mixed)
    other = checkpoints.plan(tools, args.cache, checkpoints.standard(args.cache, "plain"))
    with tempfile.TemporaryDirectory() as folder:
        check_numbers(tools, plan, folder)
        check_diff(tools, plan, other, folder)
        check_measured(tools, plan, folder)
        return 1 if check_refusals(tools, plan, folder) else 0


if __name__ == "__main__":
    sys.exit(main())
