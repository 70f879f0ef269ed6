//===- MetadataWriter.h - The metadata section of a plan --------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_PLAN_METADATAWRITER_H
#define V4_CODEGEN_PLAN_METADATAWRITER_H

#include "dialects/plan/PlanDialect.h"
#include "runtime/plan/plan_generated.h"

#include "llvm/Support/Error.h"

#include <vector>

namespace v4::codegen {

/// What the writer adds to a plan.weight.
struct WeightPlace {
  uint64_t offset;
  uint32_t exactForms; ///< fb::ExactForm bits that are proven.
};

/// Nothing for a type that the schema lacks.
std::optional<plan::fb::ElementType> elementOf(mlir::Type type);

/// The FlatBuffer of `program`. `places` has one entry per plan.weight, in the order of the ops. Its size does not
/// depend on the facts, which are known last.
llvm::Expected<std::vector<uint8_t>> writeMetadata(plan::ProgramOp program, llvm::ArrayRef<WeightPlace> places);

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_METADATAWRITER_H
