//===- MemoryMap.h - Which bytes of the arena hold what, and when -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_PAGE_MEMORYMAP_H
#define V4_TOOLS_INSPECT_PAGE_MEMORYMAP_H

#include "runtime/plan/PlanMemory.h"
#include "tools/inspect/page/Html.h"

namespace v4::inspect {

/// Buffers as boxes over launches and bytes: the whole schedule, and in long ones the first layers enlarged. `limits`
/// count all positions of a session (plan::heldLimits).
Html drawMemoryMap(const plan::fb::Program &program, const plan::Limits &limits);

/// The slots of the arena, largest first.
Html tableOfSlots(const plan::fb::Program &program, const plan::Limits &limits);

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_PAGE_MEMORYMAP_H
