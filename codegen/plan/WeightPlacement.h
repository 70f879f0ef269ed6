//===- WeightPlacement.h - Where a plan's weights lie ----- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_PLAN_WEIGHTPLACEMENT_H
#define V4_CODEGEN_PLAN_WEIGHTPLACEMENT_H

namespace v4::codegen {

/// Embed: behind the plan's other sections. External: in <plan stem>.v4weights. None: nowhere; such a plan can be read
/// and costed, and no checkpoint was needed for it.
enum class WeightPlacement { Embed, External, None };

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_WEIGHTPLACEMENT_H
