//===- CudaEvents.cpp - When launches ran, by a GPU's own clock -----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/CudaEvents.h"

#include "runtime/device/CudaDevice.h"

#include <cmath>

using namespace v4;

CudaEvents::~CudaEvents() {
  if (!device)
    return;
  std::lock_guard<std::mutex> lock(device->calls);
  device->driver.useContext(device->context);
  for (const Pair &pair : pairs)
    for (CudaHandle event : {pair.before, pair.after})
      if (event)
        device->driver.destroyEvent(event);
}

Status CudaEvents::make(CudaDevice &on, size_t launches) {
  device = &on;
  if (pairs.size() == launches && (pairs.empty() || pairs.back().after))
    return Status();
  std::lock_guard<std::mutex> lock(device->calls);
  V4_RETURN_IF_ERROR(device->check("cuCtxSetCurrent", device->driver.useContext(device->context)));
  pairs.resize(launches);
  for (Pair &pair : pairs)
    for (CudaHandle *event : {&pair.before, &pair.after})
      if (!*event)
        V4_RETURN_IF_ERROR(device->check("cuEventCreate", device->driver.createEvent(event, 0)));
  return Status();
}

void CudaEvents::launch(size_t place, const CudaWork &work) {
  bool isEmpty = work.launch.workgroups <= 0; // nothing that could be timed
  if (!isEmpty)
    record(pairs[place].before, &work);
  device->launch(work.kernel, work.launch, work.number);
  if (!isEmpty)
    record(pairs[place].after, &work);
}

void CudaEvents::copy(size_t place, void *to, const void *from, uint64_t bytes) {
  record(pairs[place].before, nullptr);
  device->copy(to, from, bytes);
  record(pairs[place].after, nullptr);
}

int64_t CudaEvents::durationOfCopy(size_t place) {
  std::lock_guard<std::mutex> lock(device->calls);
  return nanoseconds(pairs[place].before, pairs[place].after, nullptr);
}

CudaEvents::Times CudaEvents::read(size_t origin, size_t place, const CudaWork &work) {
  std::lock_guard<std::mutex> lock(device->calls);
  const Pair &pair = pairs[place];
  return {nanoseconds(pairs[origin].before, pair.before, &work), nanoseconds(pair.before, pair.after, &work)};
}

std::string CudaEvents::describe(const CudaWork *work) const {
  return work ? CudaDevice::nameOf(device->functionOf(work->kernel, work->launch), work->number) : "a copy";
}

void CudaEvents::record(CudaHandle event, const CudaWork *work) {
  std::lock_guard<std::mutex> lock(device->calls);
  if (!device->failure.empty())
    return;
  if (CudaResult result = device->driver.recordEvent(event, device->stream))
    device->keep("cuEventRecord", result, describe(work));
}

/// REQUIRES: the device's calls are held.
int64_t CudaEvents::nanoseconds(CudaHandle from, CudaHandle to, const CudaWork *work) {
  if (!device->failure.empty() || from == to)
    return 0;
  float milliseconds = 0;
  if (CudaResult result = device->driver.elapsedTime(&milliseconds, from, to)) {
    device->keep("cuEventElapsedTime", result, describe(work));
    return 0;
  }
  return std::llround(static_cast<double>(milliseconds) * 1e6);
}
