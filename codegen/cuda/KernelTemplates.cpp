//===- KernelTemplates.cpp - Table of kernel templates ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/KernelTemplates.h"
#include "codegen/cuda/kernels/Fp8LinearShape.h"

using namespace v4::cuda;

static KernelTemplate fp8Linear() {
  return {"fp8Linear",
          "codegen/cuda/kernels/Fp8Linear.h",
          {"TOKENS", "GROUPS", "STAGES"},
          {{"x", "const __grid_constant__ v4::cuda::TensorMap"},
           {"xs", "const float *"},
           {"scaleStride", "int"},
           {"weight", "const unsigned char *"},
           {"ws", "const unsigned char *"},
           {"out", "unsigned short *"},
           {"tokens", "int"},
           {"rows", "int"},
           {"columns", "int"}},
          [](const int *v) { return fp8LinearThreads(v[1]); },
          [](const int *v) { return fp8LinearSharedBytes(v[0], v[1], v[2]); }};
}

const std::vector<KernelTemplate> &v4::cuda::kernelTemplates() {
  static const std::vector<KernelTemplate> table = {fp8Linear()};
  return table;
}

const KernelTemplate *v4::cuda::findKernelTemplate(std::string_view name) {
  for (const KernelTemplate &entry : kernelTemplates())
    if (name == entry.name)
      return &entry;
  return nullptr;
}
