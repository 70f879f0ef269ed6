"""Compares a Result with golden tensors: metrics, limits and a table.

Limits are those of test/reference/README.md for free rounding. Two groups are
ours: `KEPT` (every rounding point that decides values is kept, so one layer
agrees better than free rounding allows), and what must be exact (embedding,
hash routing, the selection of a query without a choice).
"""

from dataclasses import dataclass

import numpy as np

import engine  # noqa: F401  (puts the reference on the module path)
from compare import divergence, relative
from make_goldens import sketch

# Median of the relative logit error, per model: prompts of 127 tokens and more, shorter ones.
REL_LONG = {"main": 0.065, "swa": 0.028, "csa": 0.022, "hca": 0.022, "broad": 0.022}
REL_SHORT = {"main": 0.060, "swa": 0.028, "csa": 0.022, "hca": 0.022, "broad": 0.022}
KEPT = {("csa", 300): 0.0095, ("hca", 300): 0.0095, ("swa", 300): 0.0142, ("broad", 130): 0.0095}
SKETCH_LIMIT = 0.032
RECALL_LIMIT = {"csa": 0.935, "broad": 0.935, "main": 0.80}
KL_LIMIT, TOP1_LIMIT, TOP1_CLEAR_LIMIT = 0.03, 0.88, 0.97
MTP_LIMIT, ROUTE_LIMIT, ROUTE_WEIGHT_LIMIT = 0.055, 0.98, 0.03
CLEAR_PREFILL, CLEAR_DECODE = 0.25, 0.3
LONG_PROMPT = 127


@dataclass
class Check:
    """One measured value and the bound it must keep."""
    prompt: str
    name: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def ok(self):
        """Whether the bound holds; a NaN never does."""
        return bool(self.value >= self.limit if self.at_least else self.value <= self.limit)


def finite(array):
    """`array`, after a check that a kernel left no NaN or infinity in it."""
    if not np.isfinite(array).all():
        raise AssertionError("logits hold a NaN or an infinity")
    return array


def rms_ratio(a, b):
    """RMS of the difference over the RMS of the golden value b."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    return float(np.sqrt(((a - b) ** 2).mean() / (b ** 2).mean()))


def recall(mine, golden, prompt_length):
    """(hits, wanted) over queries with a choice; share of exact sets over the others."""
    hits = total = exact = without = 0
    width = golden.shape[1]
    for position, (a, b) in enumerate(zip(mine[:prompt_length], golden)):
        have, want = {int(v) for v in a if v >= 0}, {int(v) for v in b if v >= 0}
        if len(want) == width and prompt_length // 4 > width:
            hits, total = hits + len(want & have), total + len(want)
        elif (position + 1) // 4 <= width:
            exact, without = exact + (have == want), without + 1
    return hits, total, exact / without if without else 1.0


def tensors_of(golden, length):
    """The golden tensors of one prompt, without their prefix."""
    return {k.split(".", 1)[1]: v for k, v in golden.items() if k.startswith(f"p{length}.")}


def prompt_lengths(golden):
    """The prompt lengths of a golden file, ascending."""
    return sorted({int(k[1:k.index(".")]) for k in golden})


def check_prefill(checks, add, r, g, model, length):
    """Logits of every prompt position."""
    logits = finite(r.logits[:length])
    rel = float(np.median(relative(logits, g["logits"])))
    long = length >= LONG_PROMPT
    add("rel_median", rel, (REL_LONG if long else REL_SHORT)[model])
    if (model, length) in KEPT:
        add("rel_median, rounding kept", rel, KEPT[model, length])
    if model == "main" and long:
        add("KL mean", float(divergence(logits, g["logits"]).mean()), KL_LIMIT)


def check_streams(add, r, g, length):
    """Sketches of the residual streams: the embedding exactly, then the first two layers."""
    add("sketch 0", rms_ratio(sketch(r.streams[-1][:length]), g["sketch"][0]), 1e-6)
    for level in range(1, min(3, len(g["sketch"]))):
        add(f"sketch {level}", rms_ratio(sketch(r.streams[level - 1][:length]), g["sketch"][level]), SKETCH_LIMIT)


def check_selection(add, r, g, model, length):
    """Rows that the indexers selected."""
    for name in sorted(k for k in g if k.startswith("index_topk.")):
        layer = int(name.split(".")[1])
        hits, total, exact = recall(r.index_topk[layer], g[name], length)
        add(f"all visible rows, layer {layer}", exact, 1.0, True)
        if total:
            add(f"recall, layer {layer}", hits / total, RECALL_LIMIT.get(model, RECALL_LIMIT["main"]), True)


def check_routing(add, r, g, hash_layers, length):
    """Chosen experts, and their weights where the choice agrees."""
    same, weights = [], []
    trunk = len(g["route_experts"]) - ("mtp_logits" in g)
    for layer, golden in enumerate(g["route_experts"]):
        equal = (r.route_experts[layer][:length] == golden).all(axis=1)
        same.append(equal.mean())
        if layer < hash_layers:
            add(f"hash routing, layer {layer}", float(equal.mean()), 1.0, True)
        if equal.any():
            a, b = r.route_weights[layer][:length][equal], g["route_weights"][layer][equal]
            weights.append(np.median(np.abs(a - b) / b))
    if length >= LONG_PROMPT:
        add("routing", float(np.mean(same[:trunk])), ROUTE_LIMIT, True)
    add("route weights", float(np.max(weights)), ROUTE_WEIGHT_LIMIT)


def check_decode(add, r, g, model, length, clear_margin):
    """Teacher-forced decode: row j follows greedy[j - 1], row 0 the prompt."""
    want = g["greedy_logits"]
    rows = finite(r.logits[length - 1:length - 1 + len(want)])
    add("decode rel_median", float(np.median(relative(rows, want))), REL_LONG[model])
    clear = g["greedy_margin"] > clear_margin * want.std(axis=1)
    wrong = (rows.argmax(axis=1) != want.argmax(axis=1)) & clear
    add("decode tokens missed", float(wrong.sum()), 0)


def check_mtp(add, r, g, length):
    """MTP logits of the prompt and of the decode steps."""
    add("mtp rel_median", float(np.median(relative(finite(r.mtp_logits[:length]), g["mtp_logits"]))), MTP_LIMIT)
    want = g["greedy_mtp_logits"]
    # The last row follows the token that the engine picked, which may be another one.
    count = len(want) if int(r.logits[-1].argmax()) == g["greedy"][-1] else len(want) - 1
    rows = finite(r.mtp_logits[length:length + count])
    add("mtp decode rel_median", float(np.median(relative(rows, want[:count]))), MTP_LIMIT)


def compare_prompt(result, golden, model, length, hash_layers, clear_margin=CLEAR_DECODE):
    """All checks of one prompt, and the counts that check_agreement sums up. Decode must find every token that
    leads by more than `clear_margin` standard deviations of its row."""
    g, checks = tensors_of(golden, length), []

    def add(name, value, limit, at_least=False):
        checks.append(Check(f"p{length}", name, value, limit, at_least))

    check_prefill(checks, add, result, g, model, length)
    if result.streams:
        check_streams(add, result, g, length)
        check_selection(add, result, g, model, length)
        check_routing(add, result, g, hash_layers, length)
    if len(result.logits) > length:
        check_decode(add, result, g, model, length, clear_margin)
    if result.mtp_logits is not None and "mtp_logits" in g:
        check_mtp(add, result, g, length)
    ranked = np.sort(g["logits"], axis=1)
    clear = ranked[:, -1] - ranked[:, -2] > CLEAR_PREFILL * g["logits"].std(axis=1)
    same = result.logits[:length].argmax(axis=1) == g["logits"].argmax(axis=1)
    return checks, (int(same.sum()), length, int(same[clear].sum()), int(clear.sum()))


def check_agreement(model, counts):
    """Top-1 agreement over all prefill positions of a model."""
    same, total, clear_same, clear = np.sum(counts, axis=0)
    checks = [Check("all", "top-1 clear", clear_same / clear if clear else 1.0, TOP1_CLEAR_LIMIT, True)]
    if model == "main" and total >= LONG_PROMPT:
        checks.insert(0, Check("all", "top-1", same / total, TOP1_LIMIT, True))
    return checks


def print_table(title, checks):
    """Prints all checks, worst-off marked; returns the number of violations."""
    print(f"{title}\n  {'prompt':7} {'metric':30} {'value':>9}    {'limit':>8}")
    for c in checks:
        mark = "" if c.ok else "   VIOLATED"
        print(f"  {c.prompt:7} {c.name:30} {c.value:9.4f} {'>=' if c.at_least else '<='} {c.limit:8.4f}{mark}")
    return sum(not c.ok for c in checks)
