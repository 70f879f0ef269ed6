//===- CpuPasses.cpp - Registration -----------------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/CpuPasses.h"

namespace v4 {

#define GEN_PASS_REGISTRATION
#include "codegen/cpu/CpuPasses.h.inc"

void registerCpuPasses() { registerCpuBackEndPasses(); }

} // namespace v4
