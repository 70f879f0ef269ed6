//===- PlanViews.h - Tables of a plan as JSON ----------------- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function per view of v4-inspect. Keys are relied on by scripts: extend
// them, don't rename them.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_PLANVIEWS_H
#define V4_TOOLS_INSPECT_PLANVIEWS_H

#include "runtime/plan/PlanLoader.h"

#include <nlohmann/json.hpp>

namespace v4::inspect {

/// Keeps the order in which keys are added.
using Json = nlohmann::ordered_json;

/// The container: versions, sections, hash. Of any format version.
Json viewSummary(const plan::Summary &summary);
/// Target, options, dimensions of the model, envelope.
Json viewProgram(const plan::fb::Program &program);
/// Kernels and how often they are launched.
Json viewKernels(const plan::fb::Program &program);
/// Launches in order, what they read and write.
Json viewSchedule(const plan::fb::Program &program);
/// Tensors of the weights and tables sections.
Json viewWeights(const plan::fb::Program &program);

/// A buffer's, weight's or pool's name, or "step.<field>".
std::string bindingName(const plan::fb::Program &program, const plan::fb::Binding &binding);

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_PLANVIEWS_H
