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
#include <string>

using namespace v4::cuda;

namespace {

struct Instance {
  const char *name;
  int values[4];
  const char *must; ///< Instructions that the PTX has, separated by commas.
  bool large;       ///< Compiles for seconds.
};

/// Decode and large forms for the widths of Flash, slice, mini and tiny (other widths are arguments).
const Instance kInstances[] = {
#include "test/cuda/instances.inc"
};

std::string wrapperName(const Instance &instance, const KernelTemplate &kernel) {
  std::string name = kernel.name;
  for (size_t i = 0; i < kernel.templateParameters.size(); ++i)
    name += "_" + std::to_string(instance.values[i]);
  return name;
}

void print(const Instance &instance, const KernelTemplate &kernel) {
  std::string name = wrapperName(instance, kernel), values, parameters, arguments;
  for (size_t i = 0; i < kernel.templateParameters.size(); ++i)
    values += (i ? ", " : "") + std::to_string(instance.values[i]);
  for (const KernelParameter &p : kernel.parameters) {
    const char *comma = parameters.empty() ? "" : ", ";
    parameters += std::string(comma) + p.type + " " + p.name;
    arguments += std::string(comma) + (std::strstr(p.type, "TensorMap") ? "&" : "") + p.name;
  }
  std::printf("// instance %s shared %d must %s\n", name.c_str(), kernel.sharedBytes(instance.values), instance.must);
  std::printf("extern \"C\" __global__ void __launch_bounds__(%d, 1) %s(%s) {\n  v4::cuda::%s<%s>(%s);\n}\n",
              kernel.threads(instance.values), name.c_str(), parameters.c_str(), kernel.name, values.c_str(),
              arguments.c_str());
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
