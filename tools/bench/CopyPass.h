//===- CopyPass.h - What the memory of a GPU can do -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The driver's own copy from memory to memory of the device, by the device's clock: what
// bandwidths of launches are compared with.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_BENCH_COPYPASS_H
#define V4_TOOLS_BENCH_COPYPASS_H

#include "runtime/device/CudaDevice.h"

#include <vector>

namespace v4::bench {

/// Bytes a second, those read and those written, of each of a few copies. `out` is empty, and a line of standard error
/// says why, when the memory for it is not free.
Status measureCopies(CudaDevice &device, std::vector<double> &out);

} // namespace v4::bench

#endif // V4_TOOLS_BENCH_COPYPASS_H
