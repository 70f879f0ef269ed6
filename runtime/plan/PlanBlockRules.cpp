//===- PlanBlockRules.cpp - Rules for the thread blocks of kernels --------===//
//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/Format.h"
#include "runtime/plan/PlanRules.h"
#include "runtime/plan/PlanTarget.h"

using namespace v4;
using namespace v4::plan;

// No device of a known target offers more (BlockAttr::verify has the same).
static constexpr uint64_t kMaxThreads = 1024;
static constexpr uint64_t kMaxSharedBytes = 227u << 10;
static constexpr uint64_t kMaxRegisters = 255;
static constexpr uint64_t kMaxBlockRegisters = 65536;

Status PlanRules::checkBlocks(uint64_t codeBytes) {
  bool gpu = isForGpu(program);
  for (uint32_t i = 0; i < program.kernels()->size(); ++i) {
    const fb::Block *block = program.kernels()->Get(i)->block();
    if (gpu != (block != nullptr))
      return fail(at("kernels", i, "block"), gpu ? " is missing" : " is there", ", but the target is '",
                  escapeText(program.target()->name()->string_view()), "'");
    if (block)
      V4_RETURN_IF_ERROR(checkBlock(i, *block, codeBytes));
  }
  return Status();
}

Status PlanRules::checkBlock(uint32_t kernel, const fb::Block &block, uint64_t codeBytes) {
  V4_RETURN_IF_ERROR(expectRange(at("kernels", kernel, "block.threads"), block.threads(), 1, kMaxThreads));
  V4_RETURN_IF_ERROR(
      expectRange(at("kernels", kernel, "block.shared_bytes"), block.shared_bytes(), 0, kMaxSharedBytes));
  if (block.cluster() != 1)
    return fail(at("kernels", kernel, "block.cluster"), " is ", block.cluster(),
                ", expected 1, the only one that launches ask for");
  V4_RETURN_IF_ERROR(expectRange(at("kernels", kernel, "block.registers"), block.registers(), 0, kMaxRegisters));
  if (uint64_t registers = uint64_t(block.threads()) * block.registers(); registers > kMaxBlockRegisters)
    return fail(at("kernels", kernel, "block.registers"), " is ", block.registers(), ", of ", block.threads(),
                " threads ", registers, ", expected at most ", kMaxBlockRegisters);
  V4_RETURN_IF_ERROR(expectRange(at("kernels", kernel, "block.image_bytes"), block.image_bytes(), 1, codeBytes));
  V4_RETURN_IF_ERROR(expectRange(at("kernels", kernel, "block.image_offset"), block.image_offset(), 0,
                                 codeBytes - block.image_bytes()));
  if (block.image_offset() % kImageAlignment != 0)
    return fail(at("kernels", kernel, "block.image_offset"), " is ", block.image_offset(), ", expected a multiple of ",
                kImageAlignment);
  return block.call() ? checkCall(kernel, *block.call()) : Status();
}
