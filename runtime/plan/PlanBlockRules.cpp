//===- PlanBlockRules.cpp - Rules for the thread blocks of kernels --------===//
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

static constexpr uint64_t kMaxVariants = 16;

std::string plan::blockField(const fb::Program &program, uint32_t kernel, uint32_t variant) {
  bool isVariant = variant < variantCount(*program.kernels()->Get(kernel));
  return joinText("kernels[", kernel, "].", isVariant ? joinText("variants[", variant, "].") : std::string(), "block");
}

bool plan::hasVariants(const fb::Program &program) {
  for (const fb::Kernel *kernel : *program.kernels())
    if (variantCount(*kernel))
      return true;
  return false;
}

Status PlanRules::checkBlocks(uint64_t codeBytes) {
  bool gpu = isForGpu(program);
  for (uint32_t i = 0; i < program.kernels()->size(); ++i) {
    const fb::Kernel &kernel = *program.kernels()->Get(i);
    if (gpu != (kernel.block() != nullptr))
      return fail(at("kernels", i, "block"), gpu ? " is missing" : " is there", ", but the target is '",
                  escapeText(program.target()->name()->string_view()), "'");
    V4_RETURN_IF_ERROR(checkVariants(i));
    for (uint32_t v = 0; gpu && v <= variantCount(kernel); ++v)
      V4_RETURN_IF_ERROR(checkBlock(blockField(program, i, v), i, *blockOf(kernel, v), codeBytes));
  }
  return Status();
}

/// Every number of rows has one that runs it: the first that takes it, or else the kernel itself.
Status PlanRules::checkVariants(uint32_t index) {
  const fb::Kernel &kernel = *program.kernels()->Get(index);
  uint32_t count = variantCount(kernel);
  V4_RETURN_IF_ERROR(expectRange(at("kernels", index, "variants.size"), count, 0, kernel.block() ? kMaxVariants : 0));
  V4_RETURN_IF_ERROR(spend(at("kernels", index, "variants"), count));
  uint64_t previous = 0;
  for (uint32_t v = 0; v < count; ++v) {
    const fb::Variant &variant = *kernel.variants()->Get(v);
    std::string field = joinText("kernels[", index, "].variants[", v, "]");
    V4_RETURN_IF_ERROR(expectRange(field + ".most_rows", variant.most_rows(), previous + 1, uint64_t(INT32_MAX)));
    V4_RETURN_IF_ERROR(expectRange(field + ".row_tile", variant.row_tile(), 1, kMaxBytes));
    V4_RETURN_IF_ERROR(expectPresent(field + ".block", variant.block()));
    // Blocks of a cluster share a sum, whose bits do not depend on rows.
    if (variant.block()->cluster() != kernel.block()->cluster())
      return fail(field, ".block.cluster is ", variant.block()->cluster(), ", expected ", kernel.block()->cluster(),
                  ", that of the kernel");
    previous = variant.most_rows();
  }
  return Status();
}

/// A launch is whole clusters: its tiles are (checkWorkgroups), and the blocks that its call is bounded to.
Status PlanRules::checkCluster(const std::string &field, const fb::Block &block) {
  uint32_t cluster = block.cluster();
  if (cluster != 1 && cluster != 2 && cluster != 4 && cluster != 8)
    return fail(field, ".cluster is ", cluster, ", expected 1, 2, 4 or 8");
  if (cluster != 1 && !block.call())
    return fail(field, ".cluster is ", cluster, ", expected 1 of a kernel without a call");
  if (cluster != 1 && block.call()->most_blocks() % cluster != 0)
    return fail(field, ".call.most_blocks is ", block.call()->most_blocks(), ", expected a multiple of the cluster of ",
                cluster);
  return Status();
}

Status PlanRules::checkBlock(const std::string &field, uint32_t kernel, const fb::Block &block, uint64_t codeBytes) {
  V4_RETURN_IF_ERROR(expectRange(field + ".threads", block.threads(), 1, kMaxThreads));
  V4_RETURN_IF_ERROR(expectRange(field + ".shared_bytes", block.shared_bytes(), 0, kMaxSharedBytes));
  V4_RETURN_IF_ERROR(checkCluster(field, block));
  V4_RETURN_IF_ERROR(expectRange(field + ".registers", block.registers(), 0, kMaxRegisters));
  if (uint64_t registers = uint64_t(block.threads()) * block.registers(); registers > kMaxBlockRegisters)
    return fail(field, ".registers is ", block.registers(), ", of ", block.threads(), " threads ", registers,
                ", expected at most ", kMaxBlockRegisters);
  V4_RETURN_IF_ERROR(expectRange(field + ".image_bytes", block.image_bytes(), 1, codeBytes));
  V4_RETURN_IF_ERROR(expectRange(field + ".image_offset", block.image_offset(), 0, codeBytes - block.image_bytes()));
  if (block.image_offset() % kImageAlignment != 0)
    return fail(field, ".image_offset is ", block.image_offset(), ", expected a multiple of ", kImageAlignment);
  return block.call() ? checkCall(field + ".call", kernel, *block.call()) : Status();
}
