//===- CudaDevice.cpp - Weights, memory and kernels of a plan on a GPU ----===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/CudaDevice.h"

#include "runtime/base/Clock.h"
#include "runtime/device/WeightUpload.h"
#include "runtime/plan/CubinImage.h"
#include "runtime/plan/PlanTarget.h"

#include <algorithm>
#include <cstring>

using namespace v4;
using namespace v4::plan;

static CudaAddress addressOf(const void *memory) { return reinterpret_cast<CudaAddress>(memory); }

CudaDevice::~CudaDevice() {
  if (!context)
    return;
  driver.useContext(context);
  if (stream)
    driver.finishStream(stream);
  release(weightMemory);
  for (CudaHandle module : modules)
    driver.unloadModule(module);
  if (stream)
    driver.destroyStream(stream);
  driver.releaseContext(device);
}

Status CudaDevice::load(const Plan &plan, const char *library, const SessionRoom &room) {
  planName = plan.name();
  V4_RETURN_IF_ERROR(plan.checkSeal());
  V4_RETURN_IF_ERROR(CudaDriver::open(planName, library, driver));
  V4_RETURN_IF_ERROR(findDevice(*plan.program().target()));
  V4_RETURN_IF_ERROR(openContext());
  V4_RETURN_IF_ERROR(loadKernels(plan));
  return uploadWeights(plan, room);
}

Status CudaDevice::checkGpu(const std::string &planName, const fb::Target &target, const char *library) {
  CudaDevice device;
  device.planName = planName;
  V4_RETURN_IF_ERROR(CudaDriver::open(planName, library, device.driver));
  return device.findDevice(target);
}

Status CudaDevice::readFreeBytes(const std::string &planName, const fb::Target &target, uint64_t &out,
                                 const char *library) {
  CudaDevice device;
  device.planName = planName;
  V4_RETURN_IF_ERROR(CudaDriver::open(planName, library, device.driver));
  V4_RETURN_IF_ERROR(device.findDevice(target));
  V4_RETURN_IF_ERROR(device.openContext());
  size_t available = 0, all = 0;
  V4_RETURN_IF_ERROR(device.check("cuMemGetInfo", device.driver.memoryInfo(&available, &all)));
  out = available;
  return Status();
}

void CudaDevice::keep(const char *call, CudaResult result, std::string where) {
  if (result == 0 || !failure.empty())
    return;
  // Kernels that are asked for later tell of those that run.
  if (std::string running = unfinished.describe(); !running.empty())
    where = where.empty() ? running : joinText(where, ", or of what was not finished before it, ", running);
  failure = joinText(planName, ": ", where, where.empty() ? "" : ": ", "the CUDA driver fails at ",
                     driver.describe(call, result), "; end this process, its GPU context is of no further use");
}

Status CudaDevice::findDevice(const fb::Target &target) {
  V4_RETURN_IF_ERROR(check("cuInit", driver.init(0)));
  int count = 0;
  V4_RETURN_IF_ERROR(check("cuDeviceGetCount", driver.deviceCount(&count)));
  if (count == 0)
    return unsupported(planName, ": target '", target.name()->string_view(),
                       "' needs a GPU, the CUDA driver of this machine shows none; see that one is there and that "
                       "CUDA_VISIBLE_DEVICES does not hide it (nvidia-smi), or compile the plan with --target=cpu");
  int first = -1;
  V4_RETURN_IF_ERROR(check("cuDeviceGet", driver.device(&first, 0)));
  device = first;
  char name[256] = {};
  V4_RETURN_IF_ERROR(check("cuDeviceGetName", driver.deviceName(name, sizeof(name) - 1, device)));
  deviceName = name;
  V4_RETURN_IF_ERROR(check("cuDeviceGetAttribute", driver.deviceAttribute(&processorCount, kCudaProcessors, device)));
  return checkArch(target);
}

Status CudaDevice::openContext() {
  V4_RETURN_IF_ERROR(check("cuDevicePrimaryCtxRetain", driver.retainContext(&context, device)));
  V4_RETURN_IF_ERROR(check("cuCtxSetCurrent", driver.useContext(context)));
  return check("cuStreamCreate", driver.createStream(&stream, kCudaStreamNonBlocking));
}

/// Code of "sm_90a" runs on compute capability 9.0 and no other.
Status CudaDevice::checkArch(const fb::Target &target) {
  int major = 0, minor = 0;
  V4_RETURN_IF_ERROR(check("cuDeviceGetAttribute", driver.deviceAttribute(&major, kCudaComputeMajor, device)));
  V4_RETURN_IF_ERROR(check("cuDeviceGetAttribute", driver.deviceAttribute(&minor, kCudaComputeMinor, device)));
  std::string_view wanted = target.name()->string_view();
  std::string here = joinText(kCudaPrefix, "sm_", major, minor, "a"), known;
  if (wanted == here)
    return Status();
  for (std::string_view name : kCudaTargets) {
    if (name == here)
      return unsupported(planName, ": target is '", wanted, "', the GPU '", deviceName, "' runs plans of '", here,
                         "'; compile the plan with --target=", here);
    known += joinText(known.empty() ? "" : ", ", name);
  }
  return unsupported(planName, ": target is '", wanted, "', the GPU '", deviceName, "' has compute capability ", major,
                     ".", minor, ": no target of v4c fits this GPU, expected one of ", known,
                     "; use such a GPU, or compile the plan with --target=cpu");
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

Status CudaDevice::loadKernels(const Plan &plan) {
  const auto &list = *plan.program().kernels();
  std::map<std::pair<uint64_t, uint64_t>, CudaHandle> byPlace; // kernels may share an image
  size_t most = 0;
  for (uint32_t i = 0; i < list.size(); ++i) {
    firstFunctions.push_back(static_cast<uint32_t>(functions.size()));
    for (uint32_t v = 0; v <= variantCount(*list.Get(i)); ++v) {
      const fb::Block &block = *blockOf(*list.Get(i), v);
      CudaHandle &module = byPlace[{block.image_offset(), block.image_bytes()}];
      if (!module) {
        V4_RETURN_IF_ERROR(checkCubin(planName, blockField(plan.program(), i, v), block, imageOf(plan, block)));
        V4_RETURN_IF_ERROR(loadModule(imageOf(plan, block), module));
      }
      V4_RETURN_IF_ERROR(loadFunction(plan.program(), i, v, module));
      most = std::max(most, functions.back().call.bytes());
    }
  }
  arguments.resize(most / sizeof(ArgumentLine) + 1);
  return Status();
}

Status CudaDevice::loadModule(Bytes image, CudaHandle &out) {
  CudaHandle module = nullptr;
  V4_RETURN_IF_ERROR(check("cuModuleLoadData", driver.loadModule(&module, image.data)));
  modules.push_back(module);
  out = module;
  return Status();
}

Status CudaDevice::loadFunction(const fb::Program &program, uint32_t index, uint32_t variant, CudaHandle module) {
  const fb::Kernel &kernel = *program.kernels()->Get(index);
  const fb::Block &block = *blockOf(kernel, variant);
  Function &out = functions.emplace_back();
  out.name = joinText("'", kernel.symbol()->string_view(), "'");
  if (variant < variantCount(kernel))
    out.name += joinText(" for up to ", kernel.variants()->Get(variant)->most_rows(), " rows");
  out.threads = block.threads();
  out.sharedBytes = static_cast<unsigned>(block.shared_bytes());
  out.call = CudaCall(block.call(), kernel.bindings());
  std::string symbol(plan::functionOf(kernel, variant)), field = blockField(program, index, variant);
  if (CudaResult result = driver.findFunction(&out.handle, module, symbol.c_str()))
    return invalidInput(
        planName, ": ", block.call() ? field + ".call.function" : joinText("kernels[", index, "].symbol"), " '", symbol,
        "' is no function of its image: ", driver.describe("cuModuleGetFunction", result), "; compile the plan again");
  V4_RETURN_IF_ERROR(askSharedBytes(field, out));
  return checkCluster(program, index, out, block.cluster());
}

Status CudaDevice::askSharedBytes(const std::string &field, const Function &function) const {
  if (function.sharedBytes <= kCudaUsualSharedBytes)
    return Status();
  CudaResult result =
      driver.setFunctionAttribute(function.handle, kCudaMaxDynamicShared, static_cast<int>(function.sharedBytes));
  if (result == 0)
    return Status();
  return unsupported(planName, ": ", field, ".shared_bytes is ", function.sharedBytes, ", more than the GPU '",
                     deviceName, "' gives: ", driver.describe("cuFuncSetAttribute", result),
                     "; compile the plan for this GPU");
}

/// The blocks of a cluster run on neighbouring processors, all at once; a part of a GPU may not have so many together.
Status CudaDevice::checkCluster(const fb::Program &program, uint32_t kernel, const Function &function,
                                unsigned cluster) const {
  if (cluster <= 1)
    return Status();
  const auto &launches = *program.launches();
  uint32_t launch = 0;
  while (launch < launches.size() && launches.Get(launch)->kernel() != kernel)
    ++launch;
  std::string name = nameOf(function, launch < launches.size() ? launch : UnfinishedWork::kNoLaunch);
  CudaClusterAttribute attribute;
  attribute.cluster[0] = cluster;
  CudaLaunchConfig config;
  config.grid[0] = cluster;
  config.block[0] = function.threads;
  config.sharedBytes = function.sharedBytes;
  config.attributes = &attribute;
  config.attributeCount = 1;
  int most = 0;
  if (CudaResult result = driver.mostClusters(&most, function.handle, &config))
    return unsupported(planName, ": ", name, ": the GPU '", deviceName, "' takes no clusters of ", cluster,
                       " blocks: ", driver.describe("cuOccupancyMaxActiveClusters", result),
                       "; use a whole GPU, no instance of MIG");
  if (most > 0)
    return Status();
  return unsupported(planName, ": ", name, ": a cluster of ", cluster, " blocks, each of ", function.threads,
                     " threads and ", function.sharedBytes, " bytes of shared memory, does not fit the GPU '",
                     deviceName, "', expected room for at least 1; use a whole GPU, no instance of MIG");
}

void CudaDevice::launch(uint32_t index, const CudaLaunch &launch, uint32_t number) {
  std::lock_guard<std::mutex> lock(calls);
  if (launch.workgroups <= 0 || !failure.empty())
    return;
  const Function &function = functionOf(index, launch);
  uint8_t *memory = arguments[0].bytes;
  if (CudaResult result = function.call.write(driver, launch, memory))
    return keep("cuTensorMapEncodeTiled", result, nameOf(function, number));
  size_t bytes = function.call.bytes();
  void *packed[] = {kCudaArgumentBuffer, memory, kCudaArgumentBytes, &bytes, kCudaArgumentEnd};
  CudaResult result = driver.launch(function.handle, function.call.blocks(launch.workgroups), 1, 1, function.threads, 1,
                                    1, function.sharedBytes, stream, nullptr, packed);
  if (result)
    return keep("cuLaunchKernel", result, nameOf(function, number));
  unfinished.addLaunch(function.name, number);
}

Status CudaDevice::callHost(void (*function)(void *user), void *user) {
  std::lock_guard<std::mutex> lock(calls);
  if (!failure.empty())
    return Status(StatusCode::Unsupported, failure);
  return check("cuLaunchHostFunc", driver.callHost(stream, function, user));
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Status CudaDevice::allocate(std::string_view what, std::string_view advice, uint64_t bytes, void *&out) {
  {
    std::lock_guard<std::mutex> lock(calls);
    V4_RETURN_IF_ERROR(take(what, advice, bytes, out));
  }
  fill(out, 0, bytes);
  return status();
}

Status CudaDevice::take(std::string_view what, std::string_view advice, uint64_t bytes, void *&out) {
  V4_RETURN_IF_ERROR(check("cuCtxSetCurrent", driver.useContext(context)));
  size_t available = 0, all = 0;
  V4_RETURN_IF_ERROR(check("cuMemGetInfo", driver.memoryInfo(&available, &all)));
  CudaAddress address = 0;
  CudaResult result = bytes <= available ? driver.allocate(&address, bytes) : 0;
  if (bytes > available || result)
    return unsupported(planName, ": ", what, " of ", bytes, " bytes do not fit the GPU '", deviceName, "', which has ",
                       available, " of ", all, " free",
                       result ? ": " + driver.describe("cuMemAlloc", result) : std::string(),
                       "; end what else runs on it, or ", advice);
  out = reinterpret_cast<void *>(address);
  return Status();
}

void CudaDevice::release(void *memory) {
  if (!memory)
    return;
  std::lock_guard<std::mutex> lock(calls);
  driver.useContext(context);
  driver.release(addressOf(memory));
}

Status CudaDevice::allocatePinned(std::string_view what, std::string_view advice, uint64_t bytes, void *&out) {
  std::lock_guard<std::mutex> lock(calls);
  V4_RETURN_IF_ERROR(check("cuCtxSetCurrent", driver.useContext(context)));
  void *memory = nullptr;
  if (CudaResult result = driver.allocatePinned(&memory, bytes))
    return unsupported(planName, ": ", what, " needs ", bytes, " bytes of this machine's memory, pinned for the GPU '",
                       deviceName, "': ", driver.describe("cuMemAllocHost", result), "; free memory or ", advice);
  std::memset(memory, 0, bytes);
  out = memory;
  return Status();
}

void CudaDevice::releasePinned(void *memory) {
  std::lock_guard<std::mutex> lock(calls);
  driver.useContext(context);
  driver.releasePinned(memory);
}

void CudaDevice::copy(void *to, const void *from, uint64_t bytes) {
  std::lock_guard<std::mutex> lock(calls);
  keep("cuCtxSetCurrent", driver.useContext(context));
  keep("cuMemcpyAsync", driver.copy(addressOf(to), addressOf(from), bytes, stream));
}

void CudaDevice::fill(void *to, uint8_t value, uint64_t bytes) {
  std::lock_guard<std::mutex> lock(calls);
  keep("cuCtxSetCurrent", driver.useContext(context));
  keep("cuMemsetD8Async", driver.fill(addressOf(to), value, bytes, stream));
}

bool CudaDevice::hasFailed() {
  std::lock_guard<std::mutex> lock(calls);
  return !failure.empty();
}

/// Waits behind a failure too: memory that is copied to may go when this returns. Other threads go on meanwhile.
Status CudaDevice::status() {
  std::unique_lock<std::mutex> lock(calls);
  uint64_t asked = unfinished.mark();
  lock.unlock();
  CudaResult used = driver.useContext(context);
  CudaResult waited = driver.finishStream(stream);
  lock.lock();
  keep("cuCtxSetCurrent", used);
  keep("cuStreamSynchronize", waited);
  if (!used && !waited)
    unfinished.finish(asked);
  return failure.empty() ? Status() : Status(StatusCode::Unsupported, failure);
}

/// Before anything is uploaded, which takes long.
Status CudaDevice::checkRoom(uint64_t weights, const SessionRoom &room) const {
  size_t available = 0, all = 0;
  V4_RETURN_IF_ERROR(check("cuMemGetInfo", driver.memoryInfo(&available, &all)));
  uint64_t session = room.arena + room.cache + room.stepBlock;
  if (weights > available || session <= available - weights)
    return Status(); // `take` tells of weights that alone are too many
  return unsupported(planName, ": weights of ", weights, " bytes and a session of ", session, " (arena ", room.arena,
                     ", cache ", room.cache, ", step block ", room.stepBlock, ") do not fit the GPU '", deviceName,
                     "', which has ", available, " of ", all,
                     " free; end what else runs on it, lower the session's cache_bytes, tokens, sequences or context, "
                     "or use a GPU with more memory");
}

Status CudaDevice::uploadWeights(const Plan &plan, const SessionRoom &room) {
  const auto &list = *plan.program().weights();
  WeightUpload upload(driver, context, planName);
  std::vector<uint64_t> offsets;
  for (uint32_t i = 0; i < list.size(); ++i)
    offsets.push_back(upload.add(plan.weight(i), list.Get(i)->bytes()));
  V4_RETURN_IF_ERROR(checkRoom(upload.bytes(), room));
  if (upload.bytes()) {
    std::lock_guard<std::mutex> lock(calls);
    V4_RETURN_IF_ERROR(take("weights", "use a GPU with more memory", upload.bytes(), weightMemory));
  }
  auto *to = static_cast<uint8_t *>(weightMemory);
  for (uint64_t offset : offsets)
    weightAddresses.push_back(to + offset);
  int64_t begin = monotonicNanoseconds();
  V4_RETURN_IF_ERROR(upload.run(addressOf(to), {}));
  uploaded = {upload.bytes(), monotonicNanoseconds() - begin};
  return Status();
}
