"""The miniature checkpoints and plans that the end-to-end tests share.

    checkpoints.py --bin DIR --cache DIR [--only NAME]

Each is made once and kept under the cache folder. A plan is made again when
the compiler is newer than it; where there is no compiler it is taken as it is.
"""

import argparse
import contextlib
import fcntl
import hashlib
import io
import json
import os
import shutil
import sys

import engine

# Overrides of the preset `tiny`, as in the README of test/reference.
MODELS = {
    "main": {},
    "swa": {"num_hidden_layers": 2, "num_hash_layers": 1, "compress_ratios": [0, 0, 0]},
    "csa": {"num_hidden_layers": 1, "num_hash_layers": 0, "compress_ratios": [4, 0]},
    "hca": {"num_hidden_layers": 1, "num_hash_layers": 0, "compress_ratios": [128, 0]},
    # What kernels are made for: heads, widths and selection of Flash. All else is small, so that it is 22 MB.
    "broad": {"num_hidden_layers": 1, "num_hash_layers": 0, "num_nextn_predict_layers": 0, "compress_ratios": [4],
              "hidden_size": 1024, "num_attention_heads": 64, "head_dim": 512, "o_groups": 8, "index_n_heads": 64,
              "index_topk": 512, "n_routed_experts": 8, "max_position_embeddings": 8192},
    # No compressed layer, no table, no MTP block: the smallest plan.
    "plain": {"num_hidden_layers": 1, "num_hash_layers": 0, "num_nextn_predict_layers": 0, "compress_ratios": [0]},
    # Every kind of layer once: small enough to compile many times.
    "mixed": {"num_hidden_layers": 3, "num_hash_layers": 1, "compress_ratios": [0, 4, 128, 0]},
}


@contextlib.contextmanager
def locked(path):
    """Holds `path`.lock, so that tests running at once make a file once."""
    with open(path + ".lock", "w", encoding="ascii") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def make(folder, preset, seed, overrides, shards=2):
    """Writes a checkpoint unless `folder` holds it already."""
    import make_checkpoint
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with locked(folder):
        if os.path.exists(os.path.join(folder, "MANIFEST.json")):
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        argv = ["make_checkpoint", "--preset", preset, "--seed", str(seed), "--out", folder, "--shards", str(shards)]
        for key, value in overrides.items():
            argv += ["--set", f"{key}={json.dumps(value)}"]
        saved, sys.argv = sys.argv, argv
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                make_checkpoint.main()
        finally:
            sys.argv = saved
        return folder


def standard(cache, name):
    """The checkpoint of one entry of MODELS."""
    return make(os.path.join(os.path.abspath(cache), "checkpoints", name), "tiny", 1, MODELS[name])


def make_named(cache, name):
    """The checkpoint of one entry of MODELS, or the preset `mini` or `slice` (2.3 GB)."""
    if name not in ("mini", "slice"):
        return standard(cache, name)
    return make(os.path.join(os.path.abspath(cache), "checkpoints", name), name, 1, {})


def config(checkpoint):
    """The parsed config.json."""
    with open(os.path.join(checkpoint, "config.json"), encoding="utf-8") as f:
        return json.load(f)


def plan(tools, cache, checkpoint, *flags):
    """The plan of a checkpoint under `flags`, compiled when it is missing or older than the compiler."""
    name = os.path.basename(checkpoint) + "".join(sorted(flags)).replace("--", "+").replace("=", "-")
    if len(name) > 80:
        name = name[:40] + hashlib.sha256(name.encode()).hexdigest()[:16]
    path = os.path.join(os.path.abspath(cache), "plans", name + ".v4plan")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with locked(path):
        compiler = tools.path("v4-compile")
        if not os.path.exists(compiler) and os.path.exists(path):
            return path  # carried from where there is one
        newest = max(os.path.getmtime(p) for p in (compiler, os.path.join(checkpoint, "config.json")))
        if not os.path.exists(path) or os.path.getmtime(path) < newest:
            tools.compile(checkpoint, path, *flags)
    return path


def common_arguments(text):
    """The parser with what every test here takes."""
    parser = argparse.ArgumentParser(description=text.splitlines()[0])
    parser.add_argument("--bin", required=True, help="folder of the executables")
    parser.add_argument("--cache", required=True, help="folder for checkpoints and plans")
    return parser


def main():
    """Makes everything of MODELS, or one."""
    parser = common_arguments(__doc__)
    parser.add_argument("--only", choices=list(MODELS))
    args = parser.parse_args()
    tools = engine.Tools(args.bin)
    for name in [args.only] if args.only else MODELS:
        print(plan(tools, args.cache, standard(args.cache, name)))


if __name__ == "__main__":
    main()
