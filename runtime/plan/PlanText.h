//===- PlanText.h - A plan as MLIR text -------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_PLANTEXT_H
#define V4_RUNTIME_PLAN_PLANTEXT_H

#include "runtime/plan/PlanLoader.h"

namespace v4::plan {

/// The plan dialect's generic form, one op per table: what the writer was given. Code is a resource blob,
/// weights are named but not printed.
std::string printPlan(const Plan &plan);

/// Element type in MLIR's spelling.
const char *elementName(fb::ElementType element);
/// Names of plan.fbs's enums in the spelling of the dialects.
const char *rowSpaceName(fb::RowSpace rows);
const char *encodingName(fb::RowEncoding encoding);
const char *groupName(fb::LaunchGroup group);
const char *arithmeticName(fb::Arithmetic arithmetic);

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_PLANTEXT_H
