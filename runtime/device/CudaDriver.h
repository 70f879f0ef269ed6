//===- CudaDriver.h - The CUDA driver, found when it is needed --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// libcuda is opened by name: nothing here is linked against CUDA, and a machine without a
// driver runs everything but plans for GPUs. The declarations below are those of the
// calls that the runtime makes, in its own words.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_DEVICE_CUDADRIVER_H
#define V4_RUNTIME_DEVICE_CUDADRIVER_H

#include "runtime/base/Status.h"

#include <cstddef>
#include <cstdint>

namespace v4 {

/// 0 is success.
using CudaResult = int;
using CudaAddress = uint64_t;
using CudaHandle = void *; ///< Of a context, stream, event, module, function, graph, node, or graph that can run.

inline constexpr const char *kCudaLibrary = "libcuda.so.1";

/// Numbers of attributes in the driver's interface.
inline constexpr int kCudaComputeMajor = 75, kCudaComputeMinor = 76, kCudaProcessors = 16; // of a device
inline constexpr int kCudaMaxDynamicShared = 8;                      // of a function
inline constexpr unsigned kCudaStreamNonBlocking = 1;

/// Keys of the list that names a launch's arguments as one piece of memory.
inline void *const kCudaArgumentEnd = nullptr;
inline void *const kCudaArgumentBuffer = reinterpret_cast<void *>(1);
inline void *const kCudaArgumentBytes = reinterpret_cast<void *>(2);

/// Of tensor maps: types of elements, the pattern over 128 bytes, and what the cache fetches of the device's memory.
inline constexpr int kCudaMapBytes = 0, kCudaMapF32 = 7, kCudaMapBf16 = 9;
inline constexpr int kCudaMapSwizzle128 = 3, kCudaMapPromote256 = 3;

/// A kernel in a graph: the driver's CUDA_KERNEL_NODE_PARAMS_v2.
struct CudaNode {
  CudaHandle function = nullptr;
  unsigned grid[3] = {1, 1, 1};
  unsigned block[3] = {1, 1, 1};
  unsigned sharedBytes = 0;
  void **parameters = nullptr;
  void **extra = nullptr; ///< The list of a launch.
  CudaHandle kernel = nullptr;
  CudaHandle context = nullptr; ///< That of the function.
};

/// A launch that the driver is asked about: its CUlaunchConfig, with a list of one CUlaunchAttribute.
struct CudaClusterAttribute {
  int id = 4; ///< CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION
  unsigned padding = 0;
  unsigned cluster[3] = {1, 1, 1};
  unsigned unused[13] = {};
};
struct CudaLaunchConfig {
  unsigned grid[3] = {1, 1, 1};
  unsigned block[3] = {1, 1, 1};
  unsigned sharedBytes = 0;
  CudaHandle stream = nullptr;
  CudaClusterAttribute *attributes = nullptr;
  unsigned attributeCount = 0;
};

/// Shared memory that a block may have without asking.
inline constexpr uint64_t kCudaUsualSharedBytes = 48u << 10;

/// Every call, in the order of V4_CUDA_CALLS.
struct CudaDriver {
#define V4_CUDA_CALLS(CALL)                                                                                            \
  CALL(init, "cuInit", unsigned)                                                                                       \
  CALL(deviceCount, "cuDeviceGetCount", int *)                                                                         \
  CALL(device, "cuDeviceGet", int *, int)                                                                              \
  CALL(deviceName, "cuDeviceGetName", char *, int, int)                                                                \
  CALL(deviceAttribute, "cuDeviceGetAttribute", int *, int, int)                                                       \
  CALL(retainContext, "cuDevicePrimaryCtxRetain", CudaHandle *, int)                                                   \
  CALL(releaseContext, "cuDevicePrimaryCtxRelease_v2", int)                                                            \
  CALL(useContext, "cuCtxSetCurrent", CudaHandle)                                                                      \
  CALL(memoryInfo, "cuMemGetInfo_v2", size_t *, size_t *)                                                              \
  CALL(allocate, "cuMemAlloc_v2", CudaAddress *, size_t)                                                               \
  CALL(release, "cuMemFree_v2", CudaAddress)                                                                           \
  CALL(allocatePinned, "cuMemAllocHost_v2", void **, size_t)                                                           \
  CALL(releasePinned, "cuMemFreeHost", void *)                                                                         \
  CALL(copy, "cuMemcpyAsync", CudaAddress, CudaAddress, size_t, CudaHandle)                                            \
  CALL(fill, "cuMemsetD8Async", CudaAddress, unsigned char, size_t, CudaHandle)                                        \
  CALL(createStream, "cuStreamCreate", CudaHandle *, unsigned)                                                         \
  CALL(destroyStream, "cuStreamDestroy_v2", CudaHandle)                                                                \
  CALL(finishStream, "cuStreamSynchronize", CudaHandle)                                                                \
  CALL(createEvent, "cuEventCreate", CudaHandle *, unsigned)                                                           \
  CALL(destroyEvent, "cuEventDestroy_v2", CudaHandle)                                                                  \
  CALL(recordEvent, "cuEventRecord", CudaHandle, CudaHandle)                                                           \
  CALL(elapsedTime, "cuEventElapsedTime", float *, CudaHandle, CudaHandle)                                             \
  CALL(loadModule, "cuModuleLoadData", CudaHandle *, const void *)                                                     \
  CALL(unloadModule, "cuModuleUnload", CudaHandle)                                                                     \
  CALL(findFunction, "cuModuleGetFunction", CudaHandle *, CudaHandle, const char *)                                    \
  CALL(setFunctionAttribute, "cuFuncSetAttribute", CudaHandle, int, int)                                               \
  CALL(mostClusters, "cuOccupancyMaxActiveClusters", int *, CudaHandle, const CudaLaunchConfig *)                      \
  CALL(launch, "cuLaunchKernel", CudaHandle, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,     \
       CudaHandle, void **, void **)                                                                                   \
  CALL(callHost, "cuLaunchHostFunc", CudaHandle, void (*)(void *), void *)                                             \
  CALL(encodeMap, "cuTensorMapEncodeTiled", void *, int, unsigned, void *, const uint64_t *, const uint64_t *,         \
       const unsigned *, const unsigned *, int, int, int, int)                                                         \
  CALL(createGraph, "cuGraphCreate", CudaHandle *, unsigned)                                                           \
  CALL(destroyGraph, "cuGraphDestroy", CudaHandle)                                                                     \
  CALL(addKernelNode, "cuGraphAddKernelNode_v2", CudaHandle *, CudaHandle, const CudaHandle *, size_t,                 \
       const CudaNode *)                                                                                               \
  CALL(instantiateGraph, "cuGraphInstantiateWithFlags", CudaHandle *, CudaHandle, unsigned long long)                  \
  CALL(uploadGraph, "cuGraphUpload", CudaHandle, CudaHandle)                                                           \
  CALL(launchGraph, "cuGraphLaunch", CudaHandle, CudaHandle)                                                           \
  CALL(destroyExecutable, "cuGraphExecDestroy", CudaHandle)                                                            \
  CALL(errorText, "cuGetErrorString", CudaResult, const char **)

#define V4_CUDA_MEMBER(member, symbol, ...) CudaResult (*member)(__VA_ARGS__) = nullptr;
  V4_CUDA_CALLS(V4_CUDA_MEMBER)
#undef V4_CUDA_MEMBER

  /// Opens `library` and finds every call; it stays open as long as the process. Unsupported when this machine has no
  /// such library or it lacks a call; `planName` says who asks.
  static Status open(const std::string &planName, const char *library, CudaDriver &out);

  /// Success, or Unsupported with what the driver says.
  Status check(const std::string &planName, const char *call, CudaResult result) const;

  /// "cuMemAlloc_v2: out of memory (2)".
  std::string describe(const char *call, CudaResult result) const;
};

} // namespace v4

#endif // V4_RUNTIME_DEVICE_CUDADRIVER_H
