"""Random legal dimensions, as overrides of the preset `tiny`, and their checkpoints."""

import os
import random

import checkpoints
from to_bf16 import convert


def draw(seed):
    """(overrides of config.json, number of shards, whether matrices become bf16)."""
    r = random.Random(seed)
    layers, mtp = r.randint(1, 12), r.random() < 0.7
    heads = r.randint(2, 12)
    groups = r.choice([g for g in (1, 2, 3, 4) if heads % g == 0])
    experts = r.randint(8, 48)
    rope = r.choice([64, 64, 64, 32, 48])
    index_dim = r.choice([d for d in (128, 128, 64, 32) if d >= rope])
    overrides = {
        "hidden_size": 128 * r.randint(1, 5),
        "num_hidden_layers": layers,
        "num_nextn_predict_layers": int(mtp),
        "compress_ratios": [r.choice([0, 4, 4, 128]) for _ in range(layers)] + [0] * mtp,
        "num_hash_layers": r.randint(0, min(3, layers)),
        "num_attention_heads": heads,
        "qk_rope_head_dim": rope,
        "head_dim": rope + 64 * r.randint((128 - rope + 63) // 64, (512 - rope) // 64),
        "q_lora_rank": 128 * r.randint(1, 3),
        "o_groups": groups,
        "o_lora_rank": r.choice([n for n in (32, 64, 128, 256) if groups * n % 128 == 0]),
        "sliding_window": r.randint(32, 256),
        "index_n_heads": r.choice([4, 6, 8, 16]),
        "index_head_dim": index_dim,
        "index_topk": r.randint(8, 64),
        "n_routed_experts": experts,
        "num_experts_per_tok": r.randint(1, 8),
        "moe_intermediate_size": r.choice([128, 128, 256]),
        "vocab_size": r.choice([512, 384, 500]),
        "hc_mult": r.choice([4, 4, 4, 3, 2]),
        "hc_sinkhorn_iters": r.randint(1, 20),
        "routed_scaling_factor": r.choice([1.5, 2.5, 1.0]),
        "swiglu_limit": r.choice([10.0, 7.0]),
        "rope_theta": r.choice([10000, 500, 1000000]),
        "compress_rope_theta": r.choice([160000, 40000, 10000]),
        "rope_scaling.factor": r.choice([16, 4, 40]),
        "rope_scaling.beta_fast": r.choice([32, 16]),
        "rope_scaling.beta_slow": r.choice([1, 2]),
        "rope_scaling.original_max_position_embeddings": r.choice([256, 64, 4096]),
    }
    return overrides, r.randint(1, 3), r.random() < 0.25


def make(cache, seed):
    """The checkpoint of one seed."""
    overrides, shards, as_bf16 = draw(seed)
    print(f"seed {seed}{' (bf16)' if as_bf16 else ''}: {describe(overrides)}", flush=True)
    folder = os.path.join(os.path.abspath(cache), "checkpoints", f"random-{seed}")
    checkpoints.make(folder, "tiny", seed, overrides, shards)
    if not as_bf16:
        return folder
    with checkpoints.locked(folder + "-bf16"):
        if not os.path.exists(os.path.join(folder + "-bf16", "config.json")):
            convert(folder, folder + "-bf16")
    return folder + "-bf16"


def describe(overrides):
    """One line for the test log."""
    keys = ("num_hidden_layers", "compress_ratios", "hidden_size", "num_attention_heads", "head_dim", "o_groups",
            "n_routed_experts", "num_experts_per_tok", "sliding_window", "index_topk", "hc_sinkhorn_iters")
    return ", ".join(f"{k} {overrides[k]}" for k in keys)
