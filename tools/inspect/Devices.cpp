//===- Devices.cpp - Published figures of devices -------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/Devices.h"

using namespace v4;
using namespace v4::inspect;

namespace {

// Vendors print tensor rates with sparsity: half of those. One device, one socket.
const Device kDevices[] = {
    {"h100", 80e9, 3.35e12, 0, 1979e12, 989e12, 67e12,
     "NVIDIA H100 datasheet, SXM: 80 GB, 3.35 TB/s, FP8 3958 and BF16 1979 TFLOPS with sparsity, FP32 67"},
    {"h200", 141e9, 4.8e12, 0, 1979e12, 989e12, 67e12,
     "NVIDIA H200 datasheet, SXM: 141 GB, 4.8 TB/s, FP8 3958 and BF16 1979 TFLOPS with sparsity, FP32 67"},
    {"b200", 180e9, 7.7e12, 9000e12, 4500e12, 2250e12, 75e12,
     "NVIDIA HGX B200 datasheet, one of 8: 180 GB, 7.7 TB/s, FP4 18, FP8 9 and BF16 4.5 PFLOPS with sparsity, FP32 75"},
    {"epyc-9755", 0, 614.4e9, 0, 0, 44.2e12, 22.1e12,
     "AMD EPYC 9005 datasheet: 12 channels of DDR5-6400; 128 cores at 2.7 GHz, two 512-bit vdpbf16ps or fma a cycle"},
    {"epyc-9v45", 0, 614.4e9, 0, 0, 0, 0,
     "AMD EPYC 9005 datasheet: 12 channels of DDR5-6400 a socket; the number of cores is not published"},
};

} // namespace

double Device::flopsPerSecond(plan::fb::Arithmetic arithmetic) const {
  const double rates[] = {fp4FlopsPerSecond, fp8FlopsPerSecond, bf16FlopsPerSecond, f32FlopsPerSecond};
  for (size_t i = static_cast<size_t>(arithmetic); i < std::size(rates); ++i)
    if (rates[i] > 0)
      return rates[i];
  return 0;
}

const Device *inspect::findDevice(const std::string &name) {
  for (const Device &device : kDevices)
    if (device.name == name)
      return &device;
  return nullptr;
}

const Device &inspect::usualDevice(std::string_view target) {
  return *findDevice(target.substr(0, 4) == "cpu:" ? "epyc-9755" : "h200");
}

static std::string namesOf(bool (*isListed)(const Device &device)) {
  std::string text;
  for (const Device &device : kDevices)
    if (isListed(device))
      text += (text.empty() ? "" : ", ") + device.name;
  return text;
}

std::string inspect::deviceNames() {
  return namesOf([](const Device &) { return true; });
}

std::string inspect::gpuNames() {
  return namesOf([](const Device &device) { return device.fp8FlopsPerSecond > 0; });
}
