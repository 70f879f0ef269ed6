//===- print_instances.cpp - CUDA source of the instances -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/KernelTemplates.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace v4::cuda;

namespace {

struct Instance {
  const char *name;
  int values[5];
  const char *must; ///< Instructions that the PTX has, separated by commas.
  bool large;       ///< Compiles for seconds.
};

/// Decode and large forms for the widths of Flash, slice, mini and tiny (other widths are arguments).
const Instance kInstances[] = {
#include "test/cuda/instances.inc"
};

void print(const Instance &instance, const KernelTemplate &kernel) {
  std::printf("// instance %s shared %lld must %s\n", functionName(kernel, instance.values).c_str(),
              static_cast<long long>(kernel.sharedBytes(instance.values)), instance.must);
  std::fputs(functionText(kernel, instance.values).c_str(), stdout);
}

} // namespace

/// print_instances (small|large) PART PARTS: every PARTS-th of those instances as one source.
int main(int argc, char **argv) {
  if (argc != 4)
    return 2;
  int part = std::atoi(argv[2]), parts = std::atoi(argv[3]), number = 0;
  for (const KernelTemplate &kernel : kernelTemplates())
    std::printf("#include \"%s\"\n", kernel.header);
  for (const Instance &instance : kInstances) {
    const KernelTemplate *kernel = findKernelTemplate(instance.name);
    if (!kernel)
      return 1;
    if (instance.large == !std::strcmp(argv[1], "large") && number++ % parts == part)
      print(instance, *kernel);
  }
  return 0;
}
