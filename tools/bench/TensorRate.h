//===- TensorRate.h - What tensor cores could do in a launch ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef V4_TOOLS_BENCH_TENSORRATE_H
#define V4_TOOLS_BENCH_TENSORRATE_H

#include "tools/inspect/Devices.h"

#include <optional>

namespace v4::bench {

/// Multiply-adds of 2 operations a second that tensor cores of `device` do, by what it publishes, for the products of a
/// function of a plan for a GPU; nothing when it has none there.
std::optional<double> tensorRate(std::string_view function, const inspect::Device &device);

} // namespace v4::bench

#endif // V4_TOOLS_BENCH_TENSORRATE_H
