"""A checkpoint of any size whose tensors are holes in a file: all zeros, no space. Only tables of experts hold something."""

import contextlib
import json
import os
import struct

import engine  # finds make_checkpoint

NAME = "model-00001-of-00001.safetensors"


def inventory(preset, overrides):
    """The config.json and tensors of a preset."""
    import make_checkpoint
    config = make_checkpoint.build_config(preset, overrides)
    return config, make_checkpoint.Inventory(config, 1).tensors


def write(folder, preset, overrides):
    """Writes config.json, index and one shard; returns the bytes of all tensors."""
    config, tensors = inventory(preset, overrides)
    os.makedirs(folder, exist_ok=True)
    header, offset = {}, 0
    for tensor in tensors:
        header[tensor.name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [offset, offset + tensor.nbytes]}
        offset += tensor.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(folder, NAME), "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        f.truncate(8 + len(text) + offset)
        for tensor in tensors:
            if tensor.dtype == "I64":
                # The experts of a token are distinct.
                rows, experts = tensor.shape
                f.seek(8 + len(text) + header[tensor.name]["data_offsets"][0])
                f.write(struct.pack(f"<{experts}q", *range(experts)) * rows)
    for name, document in (("config.json", config),
                           ("model.safetensors.index.json", {"metadata": {"total_size": offset},
                                                             "weight_map": dict.fromkeys(header, NAME)})):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            json.dump(document, f)
    return offset
