//===- LaunchDiff.h - How two schedules differ ------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_LAUNCHDIFF_H
#define V4_TOOLS_INSPECT_LAUNCHDIFF_H

#include "tools/inspect/PlanViews.h"

namespace v4::inspect {

/// Rows as diffPlans gives them for two results of viewSchedule: a launch that one plan has more, or has elsewhere, is
/// a row of its own, so that those behind it compare as equal.
Json diffLaunches(const Json &a, const Json &b);

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_LAUNCHDIFF_H
