//===- CubinImage.h - Whether an image of a GPU's code is whole -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_CUBINIMAGE_H
#define V4_RUNTIME_PLAN_CUBINIMAGE_H

#include "runtime/base/Status.h"
#include "runtime/plan/PlanLoader.h"

namespace v4::plan {

/// Of ELF: code for a GPU of NVIDIA.
inline constexpr uint16_t kCudaMachine = 190;

/// The image that `block` names. REQUIRES: the validator saw that it lies in the code section.
inline Bytes imageOf(const Plan &plan, const fb::Block &block) {
  return {plan.code().data + block.image_offset(), block.image_bytes()};
}

/// The image of `block` is an ELF executable for GPUs whose tables and sections all lie within it: a driver is given
/// its address alone, and reads what the tables say. InvalidInput otherwise, with `field` (blockField), its offset and
/// size.
Status checkCubin(const std::string &planName, const std::string &field, const fb::Block &block, Bytes image);

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_CUBINIMAGE_H
