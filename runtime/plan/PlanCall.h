//===- PlanCall.h - Arguments of kernels made of a template -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_PLANCALL_H
#define V4_RUNTIME_PLAN_PLANCALL_H

#include "runtime/plan/plan_generated.h"

#include <string_view>

namespace v4::plan {

/// Of a tensor map, as drivers make them.
inline constexpr uint64_t kMapBytes = 128;
inline constexpr uint64_t kMapAlignment = 64;
/// The one pattern that maps may have, by its bytes.
inline constexpr uint64_t kMapSwizzle = 128;

uint64_t argumentBytes(fb::ArgumentKind kind);
/// Where an argument lies when those in front of it end at `end`, which moves behind it.
uint64_t placeArgument(fb::ArgumentKind kind, uint64_t &end);

/// The name of the kernel's function in the code section, or in its image.
inline std::string_view functionOf(const fb::Kernel &kernel) {
  const fb::Call *call = kernel.block() ? kernel.block()->call() : nullptr;
  return (call ? call->function() : kernel.symbol())->string_view();
}

/// Whether a kernel has a call. REQUIRES: `program` passed fb::VerifyProgramBuffer, and its kernels are present.
bool hasCalls(const fb::Program &program);

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_PLANCALL_H
