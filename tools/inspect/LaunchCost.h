//===- LaunchCost.h - What a launch spends and needs at least ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_LAUNCHCOST_H
#define V4_TOOLS_INSPECT_LAUNCHCOST_H

#include "runtime/plan/PlanCost.h"
#include "tools/inspect/Devices.h"

namespace v4::inspect {

/// One sequence feeds the last `tokens` of `context` ones; one row wants logits.
plan::StepShape lastTokensOf(uint64_t context, uint64_t tokens = 1);

/// Routed experts of a layer, from the parts' parameters; 0 = not known.
double routedExperts(const plan::fb::Program &program);
/// Experts that a step of so many tokens goes to in a layer: exact for one token, else the mean when every choice is
/// as likely as any other.
double expertHits(const plan::fb::Program &program, uint64_t tokens);

/// What a launch spends. In MTP groups too: the block then runs behind the model. Without rows, such as where no chunk
/// ends, a launch reads nothing.
plan::Cost launchCost(const plan::fb::Program &program, const plan::fb::Launch &launch, const plan::StepShape &step);

/// Seconds that the bytes or the arithmetic take, whichever is more; what a device does not publish takes no time.
double floorOf(const plan::Cost &cost, const Device &device);

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_LAUNCHCOST_H
