//===- RatePass.h - What the tensor cores of a GPU can do ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plans for a GPU have kernels that do nothing but dense products of one kind of numbers
// (v4-add-tensor-rates), and that no step runs. Their rate is what products of launches are
// compared with. Each run takes some 10 ms, as long as the launches of a prompt together: long
// enough to be clocked as they are.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_BENCH_RATEPASS_H
#define V4_TOOLS_BENCH_RATEPASS_H

#include "runtime/device/CudaDevice.h"

namespace v4::bench {

/// Operations a second of each measured run; empty when the plan has no kernel for it.
struct TensorRuns {
  std::vector<double> fp8, bf16;
};

/// `plan` is the one that `device` has loaded.
Status measureTensorRates(CudaDevice &device, const plan::fb::Program &plan, TensorRuns &out);

} // namespace v4::bench

#endif // V4_TOOLS_BENCH_RATEPASS_H
