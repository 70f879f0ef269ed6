//===- TextReport.h - Views as text --------------------------- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_TEXTREPORT_H
#define V4_TOOLS_INSPECT_TEXTREPORT_H

#include "tools/inspect/PlanViews.h"

namespace v4::inspect {

/// Each view under its name: an object as a list of keys, a list of objects with equal keys as a table.
void printViews(const Json &document);

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_TEXTREPORT_H
