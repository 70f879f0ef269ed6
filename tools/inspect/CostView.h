//===- CostView.h - Parameters, operations and bytes of a token -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Evaluates what the compiler counted (tables Part and CostTerm of plan.fbs) for
// one decoded token of one sequence, the last of `context` ones.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_COSTVIEW_H
#define V4_TOOLS_INSPECT_COSTVIEW_H

#include "runtime/base/Status.h"
#include "tools/inspect/Devices.h"
#include "tools/inspect/PlanViews.h"

namespace v4::inspect {

/// Adds the views "cost", "cost_parts", "cost_launches", "against_v3_2" and, with a device, "roofline" to `document`.
/// Unsupported when the plan holds no counts.
Status addCostViews(const plan::Plan &plan, uint64_t context, const Device *device, Json &document);

/// Cache and operations beside those of V3.2. REQUIRES: the plan holds counts.
Json compareAt(const plan::fb::Program &program, uint64_t context);

/// "context:N", or kEnvelope for the plan's own.
Status parseContext(const std::string &flag, const plan::fb::Program &program, uint64_t &out);

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_COSTVIEW_H
