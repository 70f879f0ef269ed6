"""What a configuration must count to: a second computation, from the reference's list of tensors and the formulas of
the model, that shares nothing with the compiler.

Sizes of one layer: d hidden, D head, H heads, Rq rank of queries, G groups of rank Ro, F inner of an expert, A active
experts, C streams, K selected rows, W window; HI and DI of the indexer. Two FLOP to a multiply-add of linears, scores,
attention and the mixes of streams; nothing element-wise.
"""

# A row of the cache: all but the rotary part in e4m3 with a scale per 64 (padded to 8 bytes), the rotary part in bf16.
# An index key: two e2m1 to a byte, a scale per 32.
def cache_row_bytes(c):
    """Bytes of one compressed row."""
    plain, rotary = c["head_dim"] - c["qk_rope_head_dim"], c["qk_rope_head_dim"]
    return plain + -(-plain // 64 // 8) * 8 + 2 * rotary


def key_bytes(c):
    """Bytes of one index key."""
    return c["index_head_dim"] // 2 + c["index_head_dim"] // 32


def layer_ratios(c):
    """Of the layers without the MTP block."""
    return c["compress_ratios"][:c["num_hidden_layers"]]


def parameters(tensors):
    """{"parameters", "active_parameters", "mtp_parameters", "checkpoint_bytes"} of a list of tensors, but for the share
    of experts: {"expert_parameters"} are those of one, "experts" their number in the main model."""
    out = {"parameters": 0, "mtp_parameters": 0, "expert_parameters": 0, "checkpoint_bytes": 0, "embedding": 0}
    for t in tensors:
        out["checkpoint_bytes"] += t.nbytes
        if t.name.endswith(".scale") or t.dtype == "I64":  # scales and tables of experts are no parameters
            continue
        count = 1
        for size in t.shape:
            count *= size
        if t.dtype == "I8":  # two to a byte
            count *= 2
        out["mtp_parameters" if t.name.startswith("mtp.") else "parameters"] += count
        if ".experts." in t.name and not t.name.startswith("mtp."):
            out["expert_parameters"] += count
        if t.name == "embed.weight":
            out["embedding"] = count
    return out


def mix_flops(c, outputs):
    """Hyper-connections of one place: the sums of fn, then the mix into the layer."""
    streams, d = c["hc_mult"], c["hidden_size"]
    return 2 * outputs * streams * d + 2 * streams * d


def sublayer_mix_flops(c):
    """The same with the way back: new streams from the old and from the layer's result."""
    streams, d = c["hc_mult"], c["hidden_size"]
    return mix_flops(c, (2 + streams) * streams) + 2 * streams * d + 2 * streams * streams * d


def attention_flops(c, ratio, n):
    """Linears, scores and values of one layer's attention for a token that sees n."""
    d, dim, heads, rank = c["hidden_size"], c["head_dim"], c["num_attention_heads"], c["q_lora_rank"]
    inner = c["o_groups"] * c["o_lora_rank"]
    macs = rank * d + heads * dim * rank + dim * d + inner * (heads * dim // c["o_groups"]) + d * inner
    rows = min(n, c["sliding_window"])
    if ratio == 4:
        index_heads, index_dim = c["index_n_heads"], c["index_head_dim"]
        macs += 2 * (2 * dim) * d + index_heads * index_dim * rank + index_heads * d + 2 * (2 * index_dim) * d
        macs += index_heads * index_dim * (n // 4)
        rows += min(n // 4, c["index_topk"])
    elif ratio == 128:
        macs += 2 * dim * d
        rows += n // 128
    return 2 * macs + 2 * 2 * heads * dim * rows


def moe_flops(c):
    """Gate, active experts and the shared one."""
    d, inner = c["hidden_size"], c["moe_intermediate_size"]
    return 2 * (c["n_routed_experts"] * d + 3 * d * inner * (c["num_experts_per_tok"] + 1))


def counts(c, tensors, n):
    """What v4-inspect --cost=context:n must say."""
    found = parameters(tensors)
    ratios = layer_ratios(c)
    flops = sum(attention_flops(c, ratio, n) + moe_flops(c) + 2 * sublayer_mix_flops(c) for ratio in ratios)
    flops += 2 * c["vocab_size"] * c["hidden_size"] + mix_flops(c, c["hc_mult"])
    idle = found["expert_parameters"] * (c["n_routed_experts"] - c["num_experts_per_tok"]) // c["n_routed_experts"]
    row, key = cache_row_bytes(c), key_bytes(c)
    return {"parameters": found["parameters"], "active_parameters": found["parameters"] - found["embedding"] - idle,
            "mtp_parameters": found["mtp_parameters"], "checkpoint_bytes": found["checkpoint_bytes"],
            "flops_per_token": flops,
            "cache_bytes_per_token": ratios.count(4) * (row + key) / 4 + ratios.count(128) * row / 128}
