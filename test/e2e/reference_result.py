"""The reference model in the engine's place: gives the Result that a run would give."""

import numpy as np

import engine


def gather(trace_parts, key):
    """{layer: rows} of one traced value over prefill and decode calls."""
    layers = {layer for part in trace_parts for layer in part.get(key, {})}
    return {layer: [part[key][layer] for part in trace_parts if layer in part.get(key, {})] for layer in layers}


def ascending(rows, width):
    """Selected rows as the probes give them: ascending, then -1."""
    out = np.full((len(rows), width), -1, np.int32)
    for line, row in zip(out, rows):
        kept = np.sort(row[row >= 0])
        line[:len(kept)] = kept
    return out


def run(model, prompt, forced, mtp):
    """Feeds prompt and forced tokens to a reference Model; returns a Result."""
    prompt, forced = np.asarray(prompt, np.int64), [int(t) for t in forced]
    result, parts = engine.Result(len(prompt)), []
    model.reset()
    tokens, logits, drafts = list(prompt) + forced, [], []
    for call in [list(prompt)] + [[t] for t in forced]:
        model.trace = {}
        position = model.position
        rows, streams = model.forward(call)
        logits.append(rows)
        if mtp:
            following = tokens[position + 1:position + 1 + len(call)]
            if len(following) < len(call):
                following.append(int(rows[-1].argmax()))
            drafts.append(model.mtp(streams, following, position))
        parts.append(model.trace)
    model.trace = None
    result.logits = np.concatenate(logits)
    result.mtp_logits = np.concatenate(drafts) if mtp else None
    result.streams = {k: np.concatenate(v) for k, v in gather(parts, "streams").items()}
    width = model.config["index_topk"]
    result.index_topk = {k: np.concatenate([ascending(rows, width) for rows in v])
                         for k, v in gather(parts, "index_topk").items()}
    experts, weights = gather(parts, "route_experts"), gather(parts, "route_weights")
    for layer, pieces in experts.items():
        chosen, weight = np.concatenate(pieces), np.concatenate(weights[layer])
        order = np.argsort(chosen, axis=1)
        result.route_experts[layer] = np.take_along_axis(chosen, order, 1)
        result.route_weights[layer] = np.take_along_axis(weight, order, 1)
    return result
