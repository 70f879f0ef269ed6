//===- PlanDiff.h - How two plans differ ------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_PLANDIFF_H
#define V4_TOOLS_INSPECT_PLANDIFF_H

#include "tools/inspect/Devices.h"
#include "tools/inspect/PlanViews.h"

namespace v4::inspect {

/// A row for each field that differs: view, item, field, and its value in either plan, null where an item is in one
/// only. Options, target, model, envelope, kernels, schedule, buffers, pools, weights, bytes of a session at either
/// plan's limits, hashes of sections, and what a token costs at the end of the shorter context. Empty: the plans do the
/// same with the same bytes.
Json diffPlans(const plan::Plan &a, const plan::Plan &b, const Device *device);

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_PLANDIFF_H
