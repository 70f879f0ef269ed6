//===- WeightUpload.h - Weights on their way to a GPU -----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights lie one behind the other on the device, each at a multiple of 256 bytes. They are
// copied in pieces of one size, whatever weights these cut: threads take the pieces in turn,
// read the plan's pages into pinned memory of their own, and fill one buffer while the other
// goes to the device. One thread reads mapped pages at a fraction of what the link carries.
//
//   weights   |----- 0 -----|.|- 1 -|...|------------- 2 -------------|..|
//   pieces    |  piece 0  |  piece 1  |  piece 2  |  piece 3  |  piece 4 |
//
// Padding is zero, so that the device's memory needs no fill.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_DEVICE_WEIGHTUPLOAD_H
#define V4_RUNTIME_DEVICE_WEIGHTUPLOAD_H

#include "runtime/device/CudaDriver.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace v4 {

class WeightUpload {
public:
  struct Options {
    uint64_t pieceBytes = uint64_t(8) << 20;
    unsigned mostThreads = 8; ///< Never more than CPUs or pieces.
  };

  /// All three must outlive the upload.
  WeightUpload(const CudaDriver &driver, CudaHandle context, const std::string &planName)
      : driver(driver), context(context), planName(planName) {}

  /// The offset that the next weight gets. `from` must stay readable until `run` is through.
  uint64_t add(const uint8_t *from, uint64_t bytes);
  /// Of all weights, padding included.
  uint64_t bytes() const { return parts.empty() ? 0 : parts.back().end; }
  /// Copies everything to `to` and waits. Unsupported with what the driver says; then nothing is on its way any more.
  Status run(CudaAddress to, const Options &options);

private:
  struct Lane;
  struct Part {
    const uint8_t *from;
    uint64_t offset;
    uint64_t bytes;
    uint64_t end; ///< Padding included.
  };

  void gather(uint64_t begin, uint64_t end, uint8_t *out) const;
  Status check(const char *call, CudaResult result) const { return driver.check(planName, call, result); }

  const CudaDriver &driver;
  CudaHandle context;
  const std::string &planName;
  std::vector<Part> parts;
  CudaAddress target = 0;
  uint64_t pieceBytes = 0;
  std::atomic<uint64_t> nextPiece{0};
  std::atomic<bool> failed{false};
};

} // namespace v4

#endif // V4_RUNTIME_DEVICE_WEIGHTUPLOAD_H
