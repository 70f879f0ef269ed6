# The lit suite: every .mlir below test/ that has a RUN line.
#
# Run one folder or file:  lit BUILD/test/dialects/v4
# With V4_ROUNDTRIP=1 every v4-opt of the suite also checks that its input
# survives being printed and parsed again, as text and as bytecode.

import os
import re
import shutil

import lit.formats

config.name = "v4c"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.join(config.v4_source, "test")
config.test_exec_root = os.path.join(config.v4_build, "test")

config.environment["PATH"] = os.pathsep.join([config.v4_tools, config.llvm_tools, os.environ.get("PATH", "")])

# A whole word and no part of a path, so that %t.v4-opt stays what it is.
opt = [os.path.join(config.v4_tools, "v4-opt")]
if os.environ.get("V4_ROUNDTRIP") == "1":
    opt.append("--verify-roundtrip")
config.substitutions.append((r"(?<![\w./-])v4-opt(?![\w-])", " ".join(opt)))
config.substitutions.append(("%python", config.python))
config.substitutions.append(("%v4_source", config.v4_source))


def cpu_flags():
    try:
        with open("/proc/cpuinfo") as info:
            found = re.search(r"^flags\s*:(.*)$", info.read(), re.MULTILINE)
    except OSError:
        return []
    return found.group(1).split() if found else []


# What REQUIRES lines may name: a GPU to run on, the assembler of a CUDA toolkit where v4-compile looks for it, nvcc
# beside it, and the widest x86 level.
places = [os.path.join(os.environ[v], "bin") for v in ("CUDA_HOME", "CUDA_PATH") if os.environ.get(v)]
found = [shutil.which("ptxas", path=places[0])] if places else [shutil.which("ptxas"), config.ptxas]
if any(found):
    config.available_features.add("ptxas")
    # Templates are CUDA C++. As v4-compile does: a toolkit that is whole, if there is one.
    if any(p and os.access(os.path.join(os.path.dirname(p), "nvcc"), os.X_OK) for p in found):
        config.available_features.add("nvcc")
    for variable in ("CUDA_HOME", "CUDA_PATH"):
        if variable in os.environ:
            config.environment[variable] = os.environ[variable]
if os.path.exists("/dev/nvidia0"):
    config.available_features.add("cuda")
if "avx512f" in cpu_flags():
    config.available_features.add("avx512")
