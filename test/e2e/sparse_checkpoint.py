#!/usr/bin/python3
"""A checkpoint of any size that takes hardly any room: zeros as holes, except real tables of experts.

    sparse_checkpoint.py --preset flash --out DIR [--shards 46] [--set key=value ...]
"""

import argparse
import json
import os
import struct
import sys

import numpy as np

import engine  # adds the folder of make_checkpoint
import make_checkpoint


def write_shard(path, tensors):
    """One safetensors file of the size that its tensors need."""
    tensors = sorted(tensors, key=lambda t: (-t.itemsize, t.name))
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for t in tensors:
        header[t.name] = {"dtype": t.dtype, "shape": list(t.shape), "data_offsets": [offset, offset + t.nbytes]}
        offset += t.nbytes
    blob = json.dumps(header, separators=(",", ":")).encode()
    blob += b" " * (-len(blob) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(blob)) + blob)
        start = file.tell()
        file.truncate(start + offset)
        for t in tensors:
            if t.name.endswith("tid2eid"):
                file.seek(start + header[t.name]["data_offsets"][0])
                file.write(np.ascontiguousarray(t.make()).tobytes())


def write(folder, preset, overrides, shards):
    """Writes config, index and shards."""
    config = make_checkpoint.build_config(preset, overrides)
    tensors = make_checkpoint.Inventory(config, 1).tensors
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.json"), "w", encoding="ascii") as file:
        json.dump(config, file)
    runs = make_checkpoint.split_shards(tensors, shards)
    weight_map = {}
    for i, run in enumerate(runs):
        name = f"model-{i + 1:05d}-of-{len(runs):05d}.safetensors"
        write_shard(os.path.join(folder, name), run)
        weight_map.update((t.name, name) for t in run)
    with open(os.path.join(folder, "model.safetensors.index.json"), "w", encoding="ascii") as file:
        json.dump({"metadata": {"total_size": sum(t.nbytes for t in tensors)}, "weight_map": weight_map}, file)
    return folder


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=sorted(make_checkpoint.PRESETS), required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--shards", type=int, default=46)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    args = parser.parse_args()
    overrides = {k: make_checkpoint.parse_value(v) for k, v in (s.split("=", 1) for s in args.set)}
    write(args.out, args.preset, overrides, args.shards)
    return 0


if __name__ == "__main__":
    sys.exit(main())
