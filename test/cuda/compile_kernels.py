#!/usr/bin/python3
"""Compiles the tensor-core kernels for sm_90a: no spills, resources within limits, the instructions that must be there.

    compile_kernels.py ROOT

Ends with 77 where there is no nvcc.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

# (tokens, warpgroups, stages) of the forms for 8 to 128 tokens, and the large one.
FORMS = [(8, 1, 12), (16, 1, 12), (32, 1, 10), (64, 1, 8), (128, 2, 5)]
MUST = ["wgmma.mma_async.sync.aligned.m64n{}k32.f32.e4m3.e4m3", "cp.async.bulk.tensor.2d", "cp.async.bulk.shared"]
SHARED_BYTES = 227 * 1024
KERNEL = """extern "C" __global__ void __launch_bounds__(v4::cuda::Fp8LinearShape<{0}, {1}, {2}>::kThreads, 1)
fp8_linear_{0}(const __grid_constant__ v4::cuda::TensorMap x, const float *xs, int stride, const unsigned char *w,
               const unsigned char *ws, unsigned short *out, int tokens, int rows, int columns) {{
  v4::cuda::fp8Linear<{0}, {1}, {2}>(&x, xs, stride, w, ws, out, tokens, rows, columns);
}}
static_assert(v4::cuda::Fp8LinearShape<{0}, {1}, {2}>::kSharedBytes <= {3});
"""


def find_nvcc():
    """nvcc of CUDA_HOME, of PATH or of the usual place."""
    home = os.path.join(os.environ.get("CUDA_HOME", "/usr/local/cuda"), "bin", "nvcc")
    return home if os.path.exists(home) else shutil.which("nvcc")


def main():
    nvcc = find_nvcc()
    if not nvcc:
        print("no nvcc: skipped")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "kernels.cu")
        with open(source, "w", encoding="utf-8") as f:
            f.write('#include "codegen/cuda/kernels/Fp8Linear.h"\n')
            f.writelines(KERNEL.format(*form, SHARED_BYTES) for form in FORMS)
        done = subprocess.run([nvcc, "-std=c++17", "-arch=sm_90a", "-cubin", "--keep", "--keep-dir", folder, "-Xptxas", "-v",
                               "-I", sys.argv[1], source, "-o", os.path.join(folder, "kernels.cubin")],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        print(done.stdout)
        if done.returncode:
            return 1
        with open(os.path.join(folder, "kernels.ptx"), encoding="utf-8") as f:
            ptx = f.read()
    wrong = [f"{text} is missing" for n, _, _ in FORMS for text in (m.format(n) for m in MUST) if text not in ptx]
    wrong += [line for line in done.stdout.splitlines() if re.search(r"[1-9]\d* bytes (stack|spill)|serializ", line)]
    if len(re.findall(r"Used \d+ registers", done.stdout)) != len(FORMS):
        wrong.append("a kernel without figures")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
