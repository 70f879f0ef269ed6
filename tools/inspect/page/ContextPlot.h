//===- ContextPlot.h - What a token costs as the context grows --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_PAGE_CONTEXTPLOT_H
#define V4_TOOLS_INSPECT_PAGE_CONTEXTPLOT_H

#include "runtime/plan/PlanCost.h"
#include "tools/inspect/page/Html.h"

namespace v4::inspect {

/// What one decoded token costs, the last of `context` ones.
struct TokenCost {
  double flops = 0;
  double weightBytes = 0;
  double cacheBytes = 0;
};
TokenCost tokenCost(const plan::fb::Program &program, uint64_t context);

/// Operations beside those of V3.2, and bytes, over contexts up to `most`.
Html drawContextPlots(const plan::fb::Program &program, uint64_t most);

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_PAGE_CONTEXTPLOT_H
