//===- KernelTemplates.h - What an instance of a kernel needs ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel is a function template over ints in kernels/. Whoever compiles an instance
// writes its extern "C" __global__ function from this table.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELTEMPLATES_H
#define V4_CODEGEN_CUDA_KERNELTEMPLATES_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace v4::cuda {

struct KernelParameter {
  const char *name;
  /// C++ type in the wrapper. A `const __grid_constant__ v4::cuda::TensorMap` is passed on by its address.
  const char *type;
};

struct KernelTemplate {
  const char *name;   ///< The function template, in v4::cuda.
  const char *header; ///< Defines it.
  std::vector<const char *> templateParameters;
  std::vector<KernelParameter> parameters; ///< In order.
  int (*threads)(const int *values);       ///< Of a block, for values of the template parameters.
  /// Dynamic, of a block: 64 bits, for values that no block has room for too.
  int64_t (*sharedBytes)(const int *values);
  int (*cluster)(const int *values) = nullptr; ///< Blocks that run together; null: each alone.
};

const std::vector<KernelTemplate> &kernelTemplates();

/// Null when there is none of that name.
const KernelTemplate *findKernelTemplate(std::string_view name);

/// Blocks of a cluster, of which a grid is a multiple.
int clusterOf(const KernelTemplate &kernel, const int *values);
/// Name of the function of an instance: "bf16Linear_64_1_8_1".
std::string functionName(const KernelTemplate &kernel, const int *values);
/// Its CUDA C++, without the header.
std::string functionText(const KernelTemplate &kernel, const int *values);

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELTEMPLATES_H
