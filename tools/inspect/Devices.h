//===- Devices.h - Published figures of devices -----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_DEVICES_H
#define V4_TOOLS_INSPECT_DEVICES_H

#include "runtime/plan/plan_generated.h"

#include <string>
#include <string_view>

namespace v4::inspect {

/// One device, dense rates, published or measured. 0: not published.
struct Device {
  std::string name;
  double memoryBytes;
  double bytesPerSecond;
  double fp4FlopsPerSecond;
  double fp8FlopsPerSecond;
  double bf16FlopsPerSecond;
  double f32FlopsPerSecond;
  std::string source;

  /// Of the narrowest numbers that the device multiplies and that hold `arithmetic`'s.
  double flopsPerSecond(plan::fb::Arithmetic arithmetic) const;
};

/// Null for an unknown name.
const Device *findDevice(const std::string &name);
/// One that plans for this target run on: where nobody named one.
const Device &usualDevice(std::string_view target);
/// "h100, h200, ...".
std::string deviceNames();
/// Of those that have rates of FP8.
std::string gpuNames();

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_DEVICES_H
