//===- CudaHold.cpp - A GPU that begins when its launches are queued ------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/CudaHold.h"

#include "runtime/device/CudaDevice.h"

using namespace v4;

CudaHold::~CudaHold() {
  if (!device)
    return;
  open();
  (void)device->status();
  // A context that has failed is not waited for, though its driver may still be within standAt().
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return standing == 0; });
}

void CudaHold::beforeLaunch(CudaDevice &on) {
  device = &on;
  if (inGroup++ % kGroup != 0)
    return;
  if (!refused.isOk() || hasGivenUp())
    return;
  refused = device->callHost(standAt, this);
  // Now the stream may go on, to the gate just placed.
  openTo(refused.isOk() ? placed++ : placed);
}

void CudaHold::open() {
  if (!device)
    return; // nothing was ever held
  inGroup = 0;
  openTo(placed);
}

void CudaHold::openTo(uint64_t number) {
  std::lock_guard<std::mutex> lock(mutex);
  opened = number;
  changed.notify_all();
}

bool CudaHold::hasGivenUp() {
  std::lock_guard<std::mutex> lock(mutex);
  return gaveUp;
}

/// On a thread of the driver, which may ask the driver for nothing meanwhile.
void CudaHold::standAt(void *user) {
  auto &hold = *static_cast<CudaHold *>(user);
  std::unique_lock<std::mutex> lock(hold.mutex);
  ++hold.standing;
  uint64_t number = ++hold.reached;
  auto isOpen = [&] { return hold.gaveUp || hold.opened >= number; };
  hold.gaveUp |= !hold.changed.wait_for(lock, hold.patience, isOpen);
  --hold.standing;
  hold.changed.notify_all(); // with the lock: nobody ends the hold before it is given back
}

Status CudaHold::takeVerdict() {
  std::lock_guard<std::mutex> lock(mutex);
  if (!refused.isOk())
    return std::move(refused);
  if (!std::exchange(gaveUp, false))
    return Status();
  return unsupported("the GPU began behind ", patience.count(),
                     " ms, before its launches were queued, expected a "
                     "group of ",
                     kGroup,
                     " within that; unset CUDA_LAUNCH_BLOCKING, leave debuggers out, or give the "
                     "host more CPU");
}
