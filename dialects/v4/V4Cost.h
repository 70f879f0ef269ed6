//===- V4Cost.h - Products that ops form ------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What V4_CostOpInterface counts in: a multiply-add is one product, whatever
// its numbers are. The terms are those of #plan.work.
//
//===----------------------------------------------------------------------===//

#ifndef V4_DIALECTS_V4_V4COST_H
#define V4_DIALECTS_V4_V4COST_H

#include "dialects/plan/PlanDialect.h"
#include "dialects/v4/V4Dialect.h"

#include "llvm/ADT/MapVector.h"

namespace v4 {

/// Products of some ops, by arithmetic and unit; equal terms add up.
class ProductCount {
public:
  /// `most` = 0: no bound. Counts saturate: shapes come from text and may be absurd.
  void add(plan::Arithmetic arithmetic, plan::CostUnit unit, int64_t products, int64_t ratio = 1, int64_t most = 0);
  bool isEmpty() const { return terms.empty(); }
  /// Array of #plan.work, in order of first use; without terms of no products.
  mlir::ArrayAttr attribute(mlir::MLIRContext *context) const;

private:
  llvm::MapVector<std::tuple<int, int, int64_t, int64_t>, int64_t> terms;
};

/// Values that a weight stands for; 0 for scales and index tables, which are no parameters.
int64_t parametersOf(mlir::RankedTensorType weight);

} // namespace v4

#endif // V4_DIALECTS_V4_V4COST_H
