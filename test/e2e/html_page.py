#!/usr/bin/python3
"""v4-inspect --html: the page stands alone, its numbers are those of the other views, and what a plan says is text.

    html_page.py --bin DIR --cache DIR [--model mixed|flash]

Without a browser; html_browser.py looks at it in one.
"""

import json
import os
import re
import shutil
import sys
import tempfile
import time

import bad_plans
import checkpoints
import engine
import html_reader
from expectations import Expectations
from html_reader import number

FLASH = os.path.join(engine.ROOT, "test", "configs", "flash-config.json")
UNITS = {"s": 1, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}


def plan_of(tools, cache, model):
    """The plan of one of the miniatures, or of the real configuration without weights."""
    if model != "flash":
        return checkpoints.plan(tools, cache, checkpoints.standard(cache, model))
    path = os.path.join(os.path.abspath(cache), "plans", "flash-config.v4plan")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with checkpoints.locked(path):
        if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(tools.path("v4-compile")):
            tools.compile(FLASH, path, "--weights=none")
    return path


def write_page(tools, plan, target, *flags):
    """Writes a page and reads it."""
    done = tools.call("v4-inspect", plan, f"--html={target}", *flags)
    assert done.stdout == "" and done.stderr == "", done
    with open(target, encoding="utf-8") as file:
        return html_reader.Page(file.read())


def views(tools, plan, *flags):
    """Views of the plan as JSON."""
    return json.loads(tools.call("v4-inspect", plan, *flags, "--json").stdout)


def seconds(text):
    """"18.63 ms" -> 0.01863."""
    value, unit = text.split()
    return float(value) * UNITS[unit]


def close(a, b, part):
    """Whether two figures differ by a part at most: what rounding of the text takes."""
    assert abs(a - b) <= part * max(abs(a), abs(b)), (a, b)


def check_structure(page, text):
    """Well formed, in one piece, closed to the outside."""
    assert text.startswith("<!DOCTYPE html>") and not page.faults, page.faults
    assert not page.outside(), page.outside()
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"link", "img", "iframe", "object", "embed", "base", "video", "audio", "form", "image", "use"}, tags
    policy = [a["content"] for tag, a in page.elements if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
    assert len(policy) == 1 and policy[0].startswith("default-src 'none';"), policy
    for style in page.styles:
        assert not re.search(r"url\(|@import|image-set|//", style), "a style asks for something"
    code = page.scripts[-1]
    assert not re.search(r"\bfetch\b|XMLHttp|import[ (]|WebSocket|sendBeacon|EventSource|https?:|innerHTML|\beval\b", code), "a script asks"
    # In-page links have their targets.
    for tag, attributes in page.elements:
        assert tag != "a" or attributes["href"][1:] in page.texts, attributes
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes), "a handler in an attribute"
    assert not any("NaN" in (value or "") or "inf" == value for _, a in page.elements for value in a.values()), "no number"
    # Without JavaScript nothing shows that needs it.
    assert ("section", {"id": "sliders", "hidden": None, "aria-label": "Cost and memory at limits of your choice"}) in page.elements


def check_components(page, document, context):
    """Parameters, bytes and operations of each part, and their sums."""
    for group, caption in (("main", "The model"), ("mtp", "The MTP block")):
        parts = {part["part"]: part for part in document["cost_parts"] if part["group"] == group}
        if not parts:
            continue
        for index, key in ((1, "parameters"), (2, "active_parameters"), (3, "stored_bytes"), (5, "flops_per_token")):
            column = page.column(caption, index)
            said = {name: number(value) for name, value in column.items() if name != "all"}
            assert said == {name: part[key] for name, part in parts.items()}, (caption, key, context)
            assert number(column["all"]) == sum(said.values()), (caption, key)


def check_contexts(tools, plan, page):
    """The table of contexts and that of V3.2, line by line."""
    for row in page.table("A decoded token"):
        texts = [number(text) for _, text in row]
        cost = views(tools, plan, f"--cost=context:{int(texts[0])}")["cost"]
        expected = [cost[key] for key in ("context", "flops_per_token", "weight_bytes_per_token",
                                          "cache_bytes_moved_per_token", "cache_bytes_per_sequence")]
        assert texts == expected, (texts, expected)
    for row in page.table("This plan and V3.2"):
        texts = [text for _, text in row]
        against = views(tools, plan, f"--cost=context:{int(number(texts[0]))}")["against_v3_2"][0]
        for text, key in zip(texts, ("context", "cache_bytes_per_token", "cache_percent", "flops", "flops_percent",
                                     "fp8_equivalent_flops", "fp8_equivalent_percent")):
            found = number(text.replace(" %", "").replace("<", ""))
            assert abs(found - against[key]) <= (0.01 if "%" in text or against[key] % 1 else 0), (key, text, against[key])


def check_memory(page, document):
    """Bytes of a session, and the slots of its arena."""
    said = page.column("A session at the plan's limits", 1)
    kinds = {"weights": "weights_bytes", "cache": "cache_bytes", "arena": "arena_bytes", "tables": "tables_bytes",
             "code": "code_bytes", "step block": "step_bytes", "all": "total_bytes"}
    assert {name: number(text) for name, text in said.items()} == {name: document["memory"][key] for name, key in kinds.items()}
    slots = page.column("Slots of the arena", 1)
    assert sum(map(number, slots.values())) == document["memory"]["arena_bytes"], slots


def check_numbers(tools, plan, page, *device):
    """Everything that another view says too."""
    document = views(tools, plan, "--cost", "--memory", *device)
    context = document["cost"]["context"]
    check_components(page, document, context)
    check_contexts(tools, plan, page)
    check_memory(page, document)
    table = page.table("Decoding: one token")
    assert len(table) <= 14 and table[-1][1][1] == "all", table
    close(seconds(table[-1][8][1]), document["roofline"]["launch_floor_seconds"], 1e-3)
    close(sum(seconds(row[8][1]) for row in table[:-1]), document["roofline"]["launch_floor_seconds"], 2e-3)
    facts = page.column("The file", 1)
    assert int(facts["launches"]) == len(document["cost_launches"]), facts


def check_hostile(tools, cache, folder):
    """Strings that want to be markup, script or a piece of the template stay text. Names are identifiers by the loader's
    rules; what a person wrote on the command line is not."""
    placeholder = ".*|" + 60 * "x"
    hostile = "</script></td><img src=x onerror='a' id=\"a\">{{title}}&lt;<!--".encode()
    plain = checkpoints.plan(tools, cache, checkpoints.standard(cache, "plain"), f"--probes={placeholder}")
    producer = views(tools, plain)["program"]["producer"].encode()
    names = {placeholder.encode(): hostile.ljust(len(placeholder)), producer: b"</style>".ljust(len(producer), b">")}
    path = os.path.join(folder, "<b id=a onclick=b>{{style}}&amp;.v4plan")
    with open(path, "wb") as file:
        file.write(bad_plans.renamed(bytearray(engine.read(plain)), names))
    target = os.path.join(folder, "hostile.html")
    page = write_page(tools, path, target)
    check_structure(page, engine.read(target).decode())
    assert "a" not in page.texts and not any(tag == "b" for tag, _ in page.elements), "a name became an element"
    everything = " ".join(cell for rows in page.tables.values() for row in rows for cell in row)
    for name in names.values():
        assert name.decode().strip() in everything, name
    assert "&lt;b id=a onclick=b&gt;{{style}}&amp;amp;.v4plan</h1>" in engine.read(target).decode(), "the heading"
    odd = os.path.join(os.fsencode(folder), b"\xff\xc0.v4plan")
    os.rename(path, odd)
    write_page(tools, os.fsdecode(odd), target)


def check_refusals(tools, plan, folder):
    """Nothing is left behind when there is nothing to write."""
    expect = Expectations(tools)
    page, pipe, copy = (os.path.join(folder, name) for name in ("page.html", "pipe", "copy.v4plan"))
    weights = os.path.join(folder, "copy.v4weights")
    os.mkfifo(pipe)
    shutil.copy(plan, copy)
    with open(weights, "wb") as f:
        f.write(b"weights")
    cases = (("with a view", [plan, f"--html={page}", "--kernels"], ["leave the views out"]),
             ("as JSON", [plan, f"--html={page}", "--json"], ["leave the views out"]),
             ("no folder", [plan, f"--html={folder}/none/page.html"], ["none/page.html"]),
             ("a folder", [plan, f"--html={folder}"], [re.escape(folder)]),
             ("the plan itself", [plan, f"--html={plan}"], ["is the file of the plan"]),
             ("the plan's weights", [copy, f"--html={weights}"], ["is the file of its weights"]),
             ("a pipe", [plan, f"--html={pipe}"], ["no regular file"]), ("no name", [plan, "--html="], ["no value"]),
             ("an empty name", [plan, "--html", ""], ["--html has no value"]),
             ("no plan", [plan + ".absent", f"--html={page}"], ["cannot open"]),
             ("a device that nobody knows", [plan, f"--html={page}", "--device=abacus"], ["abacus", "h200"]),
             ("two devices", [plan, f"--html={page}", "--device=h200", "--machine=x"], ["exclude each other"]))
    for name, args, patterns in cases:
        expect.refused(name, "v4-inspect", args, patterns, 1, output=page)
    return expect.failures


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--model", default="mixed")
    args = parser.parse_args()
    tools = engine.Tools(args.bin)
    plan = plan_of(tools, args.cache, args.model)
    with tempfile.TemporaryDirectory() as folder:
        target = os.path.join(folder, "page.html")
        begin = time.monotonic()
        page = write_page(tools, plan, target, "--device=h200")
        took, size = time.monotonic() - begin, os.path.getsize(target)
        check_structure(page, engine.read(target).decode())
        check_numbers(tools, plan, page, "--device=h200")
        again = os.path.join(folder, "again.html")
        write_page(tools, plan, again, "--device=h200")
        assert engine.read(again) == engine.read(target), "two pages of one plan differ"
        assert size < 2e6 and took < 20, (size, took)
        print(f"{args.model}: {size} bytes in {took:.2f} s, {len(page.tables)} tables")
        if args.model == "flash":
            return 0
        check_hostile(tools, args.cache, folder)
        return 1 if check_refusals(tools, plan, folder) else 0


if __name__ == "__main__":
    sys.exit(main())
