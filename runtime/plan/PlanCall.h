//===- PlanCall.h - Variants of kernels and their arguments -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_PLANCALL_H
#define V4_RUNTIME_PLAN_PLANCALL_H

#include "runtime/plan/plan_generated.h"

#include <string>
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

/// A kernel is numbered behind its variants.
inline uint32_t variantCount(const fb::Kernel &kernel) { return kernel.variants() ? kernel.variants()->size() : 0; }

/// Of a variant, or of the kernel itself; null in a plan for a CPU.
inline const fb::Block *blockOf(const fb::Kernel &kernel, uint32_t variant) {
  return variant < variantCount(kernel) ? kernel.variants()->Get(variant)->block() : kernel.block();
}

/// The name of its function in the code section, or in its image.
inline std::string_view functionOf(const fb::Kernel &kernel, uint32_t variant) {
  const fb::Block *block = blockOf(kernel, variant);
  const fb::Call *call = block ? block->call() : nullptr;
  return (call ? call->function() : kernel.symbol())->string_view();
}

/// Where the metadata has the block: "kernels[3].variants[0].block".
std::string blockField(const fb::Program &program, uint32_t kernel, uint32_t variant);

/// Whether a kernel has a call, or variants. REQUIRES: `program` passed fb::VerifyProgramBuffer, and its kernels are
/// present.
bool hasCalls(const fb::Program &program);
bool hasVariants(const fb::Program &program);

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_PLANCALL_H
