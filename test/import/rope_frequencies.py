#!/usr/bin/python3
"""Rotary frequencies of the reference as f32 bit patterns, one line per setting.

    rope_frequencies.py REFERENCE_DIR < settings

A setting is a line `base dim factor beta_fast beta_slow original` (factor 0: without YaRN).
"""

import sys

sys.path.insert(0, sys.argv[1])

import numpy as np
import reference


def frequencies(base, dim, factor, fast, slow, original):
    """The frequency table that Model.rope_table caches for a layer."""
    model = reference.Model.__new__(reference.Model)
    model.config = {"rope_theta": base, "compress_rope_theta": base,
                    "rope_scaling": {"factor": factor, "beta_fast": fast, "beta_slow": slow,
                                     "original_max_position_embeddings": original}}
    model.rope_dim, model.rope_cache, model.opt, model.real = dim, {}, reference.Options(), np.float32
    model.rope_table(4 if factor else 0, [0])
    return model.rope_cache[bool(factor)]


for line in sys.stdin:
    base, dim, factor, fast, slow, original = line.split()
    table = frequencies(float(base), int(dim), float(factor), float(fast), float(slow), int(original))
    print(*table.view(np.uint32))
