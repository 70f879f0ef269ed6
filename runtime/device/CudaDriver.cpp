//===- CudaDriver.cpp - The CUDA driver, found when it is needed ----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/CudaDriver.h"

#include <dlfcn.h>

using namespace v4;

Status CudaDriver::open(const std::string &planName, const char *library, CudaDriver &out) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return unsupported(planName, ": is a plan for a GPU and this machine has no CUDA driver: ", dlerror(),
                       "; install the driver of its GPU, or compile the plan with --target=cpu");
  const char *missing = nullptr;
#define V4_CUDA_FIND(member, symbol, ...)                                                                              \
  if (void *address = dlsym(handle, symbol))                                                                           \
    out.member = reinterpret_cast<CudaResult (*)(__VA_ARGS__)>(address);                                               \
  else                                                                                                                 \
    missing = symbol;
  V4_CUDA_CALLS(V4_CUDA_FIND)
#undef V4_CUDA_FIND
  if (!missing)
    return Status();
  dlclose(handle);
  return unsupported(planName, ": the CUDA driver ", library, " has no ", missing, "; install one of CUDA 12 or later");
}

std::string CudaDriver::describe(const char *call, CudaResult result) const {
  const char *text = nullptr;
  if (errorText(result, &text) != 0 || !text)
    text = "unknown error";
  return joinText(call, ": ", text, " (", result, ")");
}

Status CudaDriver::check(const std::string &planName, const char *call, CudaResult result) const {
  if (result == 0)
    return Status();
  return unsupported(planName, ": the CUDA driver fails at ", describe(call, result),
                     "; see that the GPU is free and healthy (nvidia-smi)");
}
