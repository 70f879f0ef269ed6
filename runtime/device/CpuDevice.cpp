//===- CpuDevice.cpp - Loads a plan's code and runs its kernels -----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/CpuDevice.h"

#include "runtime/device/CpuFeatures.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace v4;

/// Of Linux 6.3; older kernels and headers don't know it and make executable files anyway.
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

CpuDevice::~CpuDevice() {
  if (handle)
    dlclose(handle);
  if (descriptor >= 0)
    close(descriptor);
}

Status CpuDevice::load(const plan::Plan &plan) {
  std::string features;
  V4_RETURN_IF_ERROR(readCpuFeatures(features));
  V4_RETURN_IF_ERROR(checkCpuFeatures(plan.name(), *plan.program().target(), features));
  V4_RETURN_IF_ERROR(plan.checkSeal());
  V4_RETURN_IF_ERROR(openCode(plan.name(), plan.code()));
  return resolveKernels(plan);
}

/// The parts of [begin, end) that lie in each call.
void CpuDevice::runRange(const void *calls, int64_t begin, int64_t end) {
  int64_t first = 0;
  for (const KernelCall *call = static_cast<const KernelCall *>(calls); begin < end; first = call->end, ++call) {
    int64_t stop = std::min(end, call->end);
    if (begin >= stop)
      continue;
    call->function(&call->args, begin - first, stop - first);
    begin = stop;
  }
}

static bool writeAll(int descriptor, plan::Bytes bytes) {
  uint64_t done = 0;
  while (done < bytes.size) {
    ssize_t written = write(descriptor, bytes.data + done, bytes.size - done);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    done += static_cast<uint64_t>(written);
  }
  return true;
}

/// An anonymous file in memory, sealed so that nobody changes the code behind the loader's back; -1 when this kernel
/// has none.
static int createMemoryFile(plan::Bytes code) {
  int descriptor = memfd_create("v4-plan-code", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  if (descriptor < 0 && errno == EINVAL)
    descriptor = memfd_create("v4-plan-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0)
    return -1;
  if (writeAll(descriptor, code) &&
      fcntl(descriptor, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
    return descriptor;
  close(descriptor);
  return -1;
}

/// A file in /tmp, for machines that don't execute from memory files.
static void *loadThroughFile(plan::Bytes code, std::string &reason) {
  char path[] = "/tmp/v4-plan-code-XXXXXX";
  int descriptor = mkstemp(path);
  if (descriptor < 0) {
    reason = std::strerror(errno);
    return nullptr;
  }
  void *handle = nullptr;
  if (!writeAll(descriptor, code))
    reason = std::strerror(errno);
  else if (!(handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)))
    reason = dlerror();
  unlink(path);
  close(descriptor);
  return handle;
}

Status CpuDevice::openCode(const std::string &name, plan::Bytes code) {
  std::string reason = "no memory file";
  descriptor = createMemoryFile(code);
  if (descriptor >= 0) {
    std::string path = joinText("/proc/self/fd/", descriptor);
    handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle)
      return Status();
    reason = dlerror();
  }
  std::string fileReason;
  handle = loadThroughFile(code, fileReason);
  if (handle)
    return Status();
  return unsupported(name, ": section 'code' (", code.size, " bytes) cannot be mapped: from memory: ", reason,
                     "; from /tmp: ", fileReason, "; allow executable mappings for this process");
}

Status CpuDevice::resolveKernels(const plan::Plan &plan) {
  const auto &kernels = *plan.program().kernels();
  functions.reserve(kernels.size());
  for (const plan::fb::Kernel *kernel : kernels) {
    void *symbol = dlsym(handle, kernel->symbol()->c_str());
    if (!symbol)
      return invalidInput(plan.name(), ": kernels[", functions.size(), "].symbol '", kernel->symbol()->string_view(),
                          "' is not exported by section 'code'; compile the plan again");
    functions.push_back(reinterpret_cast<v4_kernel_fn>(symbol));
  }
  return Status();
}
