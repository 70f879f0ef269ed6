"""Ways in which a checkpoint can be wrong, as functions that damage a copy of a good one."""

import json
import os
import struct

import engine

INDEX = "model.safetensors.index.json"


def load_json(folder, name):
    """A JSON file of the checkpoint."""
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return json.load(f)


def save_json(folder, name, value):
    """Replaces a JSON file of the checkpoint (copies are hard links, so never writes in place)."""
    replace(os.path.join(folder, name), json.dumps(value).encode())


def replace(path, data):
    """A new file in the place of a linked one."""
    os.remove(path)
    with open(path, "wb") as f:
        f.write(data)


def shard_of(folder, tensor):
    """Path of the shard that holds a tensor."""
    return os.path.join(folder, load_json(folder, INDEX)["weight_map"][tensor])


def edit_header(path, edit):
    """Applies `edit` to the parsed header of one shard."""
    data = engine.read(path)
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    edit(header)
    text = json.dumps(header).encode()
    replace(path, struct.pack("<Q", len(text)) + text + data[8 + size:])


def set_key(key, value):
    """Config edit: `key` gets `value`; without a value it is removed."""
    def damage(folder):
        config = load_json(folder, "config.json")
        if value is None:
            del config[key]
        else:
            config[key] = value
        save_json(folder, "config.json", config)
    return damage


def set_field(tensor, field, value):
    """Header edit: one field of one tensor."""
    def damage(folder):
        edit_header(shard_of(folder, tensor), lambda h: h[tensor].__setitem__(field, value))
    return damage


def drop_tensor(tensor):
    """The tensor is in no file."""
    def damage(folder):
        edit_header(shard_of(folder, tensor), lambda h: h.pop(tensor))
        index = load_json(folder, INDEX)
        del index["weight_map"][tensor]
        save_json(folder, INDEX, index)
    return damage


def unlist(tensor):
    """The index names a shard that lacks the tensor."""
    def damage(folder):
        edit_header(shard_of(folder, tensor), lambda h: h.pop(tensor))
    return damage


def overlap(first, second):
    """Two tensors of equal size share their bytes."""
    def damage(folder):
        def edit(header):
            header[second]["data_offsets"] = header[first]["data_offsets"]
        edit_header(shard_of(folder, first), edit)
    return damage


def shift(tensor, by):
    """Offsets of a tensor are moved."""
    def damage(folder):
        def edit(header):
            header[tensor]["data_offsets"] = [v + by for v in header[tensor]["data_offsets"]]
        edit_header(shard_of(folder, tensor), edit)
    return damage


def cut_shard(tensor, size):
    """The shard is cut; a negative size counts from its end."""
    def damage(folder):
        path = shard_of(folder, tensor)
        replace(path, engine.read(path)[:size])
    return damage


def write_shard(tensor, data):
    """The shard is replaced by these bytes."""
    def damage(folder):
        replace(shard_of(folder, tensor), data)
    return damage


def write_file(name, data):
    """A file is replaced by these bytes."""
    def damage(folder):
        replace(os.path.join(folder, name), data)
    return damage


def remove_file(name):
    """A file is missing."""
    def damage(folder):
        os.remove(os.path.join(folder, name))
    return damage


def remove_shard(tensor):
    """A shard is missing."""
    def damage(folder):
        os.remove(shard_of(folder, tensor))
    return damage


def map_tensor(tensor, shard):
    """The index names another file for a tensor."""
    def damage(folder):
        index = load_json(folder, INDEX)
        index["weight_map"][tensor] = shard
        save_json(folder, INDEX, index)
    return damage


def bad_table(folder):
    """A hash table names an expert that does not exist."""
    tensor = "layers.0.ffn.gate.tid2eid"
    path = shard_of(folder, tensor)
    data = bytearray(engine.read(path))
    size, = struct.unpack("<Q", data[:8])
    offset = 8 + size + json.loads(data[8:8 + size])[tensor]["data_offsets"][0]
    data[offset:offset + 8] = struct.pack("<q", 4000)
    replace(path, bytes(data))


NORM = "layers.1.attn_norm.weight"
WKV = "layers.1.attn.wkv.weight"
SCALE = "layers.1.attn.wkv.scale"
SINK = "layers.1.attn.attn_sink"
EXPERT = "layers.2.ffn.experts.3.w2.weight"

NEEDED_KEYS = ("hidden_size", "num_hidden_layers", "num_attention_heads", "head_dim", "qk_rope_head_dim", "q_lora_rank",
               "o_groups", "o_lora_rank", "sliding_window", "compress_ratios", "index_n_heads", "index_head_dim",
               "index_topk", "n_routed_experts", "num_experts_per_tok", "moe_intermediate_size", "vocab_size",
               "hc_mult", "hc_sinkhorn_iters", "rope_scaling")

# key, value, what the message must name besides the key
BROKEN_CONSTRAINTS = (
    ("hidden_size", 200, "200"), ("hidden_size", "wide", "hidden_size"), ("hidden_size", -256, "-256"),
    ("hidden_size", 1 << 40, "hidden_size"), ("q_lora_rank", 100, "100"), ("moe_intermediate_size", 64, "64"),
    ("o_lora_rank", 96, "96"), ("head_dim", 100, "100"), ("head_dim", 64, "64"), ("qk_rope_head_dim", 63, "63"),
    ("index_head_dim", 96, "96"), ("index_head_dim", 16, "16"), ("o_groups", 3, "3"), ("num_experts_per_tok", 99, "99"),
    ("index_topk", 0, "0"), ("sliding_window", 0, "0"), ("compress_ratios", [0, 8, 128, 0], "8"),
    ("compress_ratios", [0, 4], "2"), ("compress_ratios", [0, 4, 128, 4], "4"), ("num_key_value_heads", 2, "2"),
    ("n_shared_experts", 2, "2"), ("hc_mult", 5, "5"), ("hc_mult", 1, "1"), ("num_hidden_layers", 0, "0"),
    ("vocab_size", 0, "0"), ("num_attention_heads", 0, "0"), ("rope_scaling", {"type": "linear"}, "rope_scaling"),
    ("model_type", "llama", "llama"), ("num_hash_layers", 4, "num_hidden_layers"),
)

# name, damage, patterns
CASES = [
    ("no config", remove_file("config.json"), ["config.json"]),
    ("config is not JSON", write_file("config.json", b"{\"hidden_size\": "), ["config.json"]),
    ("config is a list", write_file("config.json", b"[1]"), ["config.json"]),
    ("no index", remove_file(INDEX), ["index"]),
    ("index is not JSON", write_file(INDEX, b"weights"), ["index"]),
    ("index without map", write_file(INDEX, b"{}"), ["weight_map"]),
    ("deeply nested config", write_file("config.json", b"[" * 200000), ["config.json"]),
    ("missing shard", remove_shard(WKV), [r"model-0000\d-of-0000\d\.safetensors"]),
    ("missing tensor", drop_tensor(WKV), [WKV]),
    ("missing scale", drop_tensor(SCALE), [SCALE]),
    ("tensor not in its shard", unlist(NORM), [NORM]),
    ("index leads outside", map_tensor(NORM, "../escape.safetensors"), [r"escape\.safetensors"]),
    ("wrong dtype", set_field(SINK, "dtype", "I32"), [SINK, "I32", "F32"]),
    ("unknown dtype", set_field(SINK, "dtype", "Q7"), [SINK, "Q7"]),
    ("wrong shape", set_field(WKV, "shape", [128, 512]), [WKV, "128", "512"]),
    ("wrong rank", set_field(NORM, "shape", [1, 256]), [NORM]),
    ("wrong scale shape", set_field(SCALE, "shape", [4, 1]), [SCALE]),
    ("wrong expert shape", set_field(EXPERT, "shape", [64, 256]), [EXPERT]),
    ("shape overflows", set_field(WKV, "shape", [1 << 40, 1 << 40]), [WKV]),
    ("negative shape", set_field(WKV, "shape", [-256, -256]), [WKV]),
    ("shape is no list", set_field(WKV, "shape", "big"), [WKV]),
    ("offsets past the end", shift(NORM, 1 << 40), [NORM]),
    ("offsets moved", shift(SINK, 4), [r"safetensors"]),
    ("offsets negative", set_field(NORM, "data_offsets", [-8, 504]), [NORM]),
    ("offsets reversed", set_field(NORM, "data_offsets", [512, 0]), [NORM]),
    ("overlapping tensors", overlap(NORM, "layers.1.ffn_norm.weight"), [r"layers\.1\."]),
    ("shard is empty", cut_shard(WKV, 0), [r"model-0000\d"]),
    ("header length cut", cut_shard(WKV, 5), [r"model-0000\d"]),
    ("header cut", cut_shard(WKV, 300), [r"model-0000\d"]),
    ("data cut", cut_shard(WKV, -4096), [r"model-0000\d"]),
    ("header length absurd", write_shard(WKV, b"\xff" * 64), [r"model-0000\d"]),
    ("header is not JSON", write_shard(WKV, struct.pack("<Q", 8) + b"{{{{{{{{"), [r"model-0000\d"]),
    ("header deeply nested", write_shard(WKV, struct.pack("<Q", 100000) + b"[" * 100000), [r"model-0000\d"]),
    ("hash table out of range", bad_table, ["tid2eid", "4000"]),
]
CASES += [(f"config without {key}", set_key(key, None), [key]) for key in NEEDED_KEYS]
CASES += [(f"config with {key} = {value}", set_key(key, value), [key, text]) for key, value, text in BROKEN_CONSTRAINTS]
