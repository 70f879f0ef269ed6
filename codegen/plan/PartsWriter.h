//===- PartsWriter.h - Table Part of plan.fbs -------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_PLAN_PARTSWRITER_H
#define V4_CODEGEN_PLAN_PARTSWRITER_H

#include "dialects/plan/PlanDialect.h"
#include "runtime/plan/plan_generated.h"

namespace v4::codegen {

/// One table per #plan.part of the program.
flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<plan::fb::Part>>>
writeParts(plan::ProgramOp program, flatbuffers::FlatBufferBuilder &builder);

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_PARTSWRITER_H
