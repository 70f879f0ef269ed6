//===- Roofline.h - Launches under the roof of a device ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_PAGE_ROOFLINE_H
#define V4_TOOLS_INSPECT_PAGE_ROOFLINE_H

#include "runtime/plan/PlanCost.h"
#include "tools/inspect/Devices.h"
#include "tools/inspect/page/Html.h"

namespace v4::inspect {

/// A picture and a table of what the main model's launches attain at most in one step. A point stands for the launches
/// of one kernel, a line of the table too; the largest have the numbers of their lines. `title`: "One decoded token".
Html drawRoofline(const plan::fb::Program &program, const plan::StepShape &step, const Device &device,
                  const std::string &title);

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_PAGE_ROOFLINE_H
