#!/usr/bin/python3
"""The page of v4-inspect --html in headless Chromium: what sliders say is what v4-inspect says, nothing overlaps, and
pictures of it are kept for people to look at.

    html_browser.py --bin DIR --cache DIR [--model mixed|flash] [--out DIR]

Ends with 77 where there is no Chromium.
"""

import html
import json
import os
import re
import sys

import checkpoints
import chromium
import engine
import html_page
import html_reader

WIDTHS = {1280: 6000, 480: 8000}

# Put behind the page's own scripts: moves limits by the page's functions, moves one slider as a hand does, measures texts.
PROBE = """<pre id="probe"></pre><script>
const shown = () => Object.fromEntries([...document.querySelectorAll('#sliders data')].map(d => [d.id, Number(d.value)]));
const told = {limits: LIMITS_TO_TRY.map(l => { showAll(Object.assign(limits, l)); return {...l, shown: shown()}; })};
const slider = document.getElementById('context-slider');
slider.value = 500;
slider.dispatchEvent(new Event('input'));
told.slid = {...limits, shown: shown(), number: Number(document.getElementById('context-number').value)};
history.replaceState(null, '', '#memory');
dispatchEvent(new Event('hashchange'));
told.linked = {...limits};
const steps = document.getElementById('sequences-slider');
steps.value = 0;
told.stepped = [];
for (let i = 0; i <= Number(steps.max); ++i) {
  steps.dispatchEvent(new Event('input'));
  told.stepped.push(limits.sequences);
  steps.value = Number(steps.value) + 1;
}
told.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
const shapes = figure => [...figure.querySelectorAll('svg text')].map(t => [t.textContent, t.getBBox()]);
const meet = (a, b) => Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) > 1 &&
                       Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > 3;
told.overlaps = [];
told.outside = [];
told.pictures = 0;
for (const picture of document.querySelectorAll('figure svg[role=img]')) {
  const texts = shapes(picture.parentNode), {width, height} = picture.viewBox.baseVal;
  told.pictures += 1;
  texts.forEach(([text, box], i) => {
    if (box.x < 0 || box.y < -1 || box.x + box.width > width + 1 || box.y + box.height > height + 1)
      told.outside.push(text);
    for (const [other, its] of texts.slice(i + 1))
      if (meet(box, its))
        told.overlaps.push([text, other]);
  });
}
document.getElementById('probe').textContent = JSON.stringify(told);
</script>"""


def probed(page, limits):
    """What PROBE finds on a copy of the page."""
    with open(page, encoding="utf-8") as file:
        text = file.read()
    copy = page[:-len(".html")] + "-probed.html"
    with open(copy, "w", encoding="utf-8") as file:
        file.write(text.replace("</body>", PROBE.replace("LIMITS_TO_TRY", json.dumps(limits)) + "</body>"))
    found = re.search(r'<pre id="probe">(.*?)</pre>', chromium.document(copy), re.DOTALL)
    assert found and found.group(1), "the page's script ended early"
    os.remove(copy)
    return json.loads(html.unescape(found.group(1)))


def check_shown(tools, plan, entry):
    """One position of the sliders against the certificates."""
    shown, context = entry["shown"], entry["context"]
    flags = f"--memory=context:{context},sequences:{entry['sequences']},tokens:{entry['tokens']}"
    document = html_page.views(tools, plan, f"--cost=context:{context}", flags, "--device=h200")
    cost, memory, roofline = document["cost"], document["memory"], document["roofline"]
    exact = {"token-flops": cost["flops_per_token"], "token-weight-bytes": cost["weight_bytes_per_token"],
             "token-cache-bytes": cost["cache_bytes_moved_per_token"], "memory-cache": memory["cache_bytes"],
             "memory-arena": memory["arena_bytes"], "memory-step": memory["step_bytes"], "memory-total": memory["total_bytes"]}
    assert {key: shown[key] for key in exact} == exact, (entry, exact)
    # Sums in another order.
    html_page.close(shown["token-seconds"], roofline["launch_floor_seconds"], 1e-12)
    html_page.close(shown["token-rate"], roofline["tokens_per_second"], 1e-12)
    html_page.close(shown["token-compared"], document["against_v3_2"][0]["flops_percent"], 1e-12)
    if entry["tokens"] == 1:
        html_page.close(shown["step-seconds"], shown["token-seconds"], 1e-12)
        html_page.close(shown["step-flops"], shown["token-flops"], 1e-12)


def tried(program):
    """Positions of the sliders: the ends, borders of chunks and of pages, what is in between."""
    most, sequences, tokens = program["max_context"], program["max_sequences"], program["max_tokens"]
    return [{"context": most, "sequences": sequences, "tokens": tokens}, {"context": 1, "sequences": 1, "tokens": 1},
            {"context": 127, "sequences": 1, "tokens": tokens}, {"context": 128, "sequences": 2, "tokens": 1},
            {"context": 129, "sequences": sequences, "tokens": 3}, {"context": most // 2 + 1, "sequences": 3, "tokens": 17},
            {"context": most, "sequences": 1, "tokens": tokens}]


def check_sliders(tools, plan, page, target):
    """All positions, a slider moved by hand, the address's fragment, and the step of the printed roofline."""
    program = json.loads(tools.call("v4-inspect", plan, "--json").stdout)["program"]
    limits = tried(program)
    told = probed(target, limits)
    for entry in told["limits"]:
        check_shown(tools, plan, entry)
    slid = told["slid"]
    assert 1 < slid["context"] < program["max_context"] and slid["number"] == slid["context"], slid
    check_shown(tools, plan, slid)
    assert told["linked"] == {name: slid[name] for name in told["linked"]}, "a link to a section moves the sliders"
    assert sorted(set(told["stepped"])) == list(range(1, program["max_sequences"] + 1)), "single steps miss values"
    # One sequence that feeds all tokens of a step is the prefill of the table.
    prefill = next(row for row in page.table("Prefill: a step") if row[1][1] == "all")
    html_page.close(told["limits"][-1]["shown"]["step-seconds"], html_page.seconds(prefill[8][1]), 1e-3)
    live = html_reader.Page(chromium.document(target, "context=100&sequences=2&tokens=5"))
    shown = {key: float(value) for key, value in live.values.items() if re.match("(token|memory|step)-", key) and value}
    check_shown(tools, plan, {"context": 100, "sequences": 2, "tokens": 5, "shown": shown})
    assert "hidden" not in dict(live.elements[[a.get("id") for _, a in live.elements].index("sliders")][1])
    return told


def check_pictures(out, target):
    """Keeps a PNG of each width and a PDF."""
    for width, height in WIDTHS.items():
        path = os.path.join(out, f"{width}.png")
        chromium.picture(target, path, width, height)
        data = engine.read(path)
        size = (int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"))
        assert data[:8] == b"\x89PNG\r\n\x1a\n" and size == (width, height) and len(data) > 100000, (size, len(data))
    path = os.path.join(out, "printed.pdf")
    chromium.print_page(target, path)
    data = engine.read(path)
    pages = len(re.findall(rb"/Type\s*/Page\b", data))
    assert data[:5] == b"%PDF-" and 3 <= pages <= 12, (len(data), pages)
    return pages


def main():
    """Command line."""
    parser = checkpoints.common_arguments(__doc__)
    parser.add_argument("--model", default="mixed")
    parser.add_argument("--out", help="folder of the pictures (default: html-page under the cache)")
    args = parser.parse_args()
    if not chromium.find():
        print("no Chromium here")
        return 77
    tools = engine.Tools(args.bin)
    plan = html_page.plan_of(tools, args.cache, args.model)
    out = os.path.abspath(os.path.join(args.out or os.path.join(args.cache, "html-page"), args.model))
    os.makedirs(out, exist_ok=True)
    target = os.path.join(out, "page.html")
    page = html_page.write_page(tools, plan, target, "--device=h200")
    told = check_sliders(tools, plan, page, target)
    faults = {key: told[key] for key in ("wide", "outside", "overlaps", "pictures")}
    assert told["wide"] <= 0 and not told["outside"] and not told["overlaps"] and told["pictures"] >= 4, faults
    print(f"{args.model}: {told['pictures']} pictures, {check_pictures(out, target)} printed pages; look at {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
