//===- ClosedForms.h - What the page's script evaluates ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_PAGE_CLOSEDFORMS_H
#define V4_TOOLS_INSPECT_PAGE_CLOSEDFORMS_H

#include "tools/inspect/Devices.h"
#include "tools/inspect/PlanViews.h"

namespace v4::inspect {

/// The terms of cost, work and size of a plan and of V3.2, equal ones once, with the numbers of plan.fbs's enums:
/// closed-forms.js computes from them what PlanCost and PlanMemory do.
Json closedForms(const plan::Plan &plan, const Device &device);

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_PAGE_CLOSEDFORMS_H
