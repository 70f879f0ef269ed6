//===- V4Cost.cpp - Products that ops form --------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/v4/V4Cost.h"

#include "dialects/v4/V4Shapes.h"

using namespace mlir;
using namespace v4;
using plan::Arithmetic;
using plan::CostUnit;

void ProductCount::add(Arithmetic arithmetic, CostUnit unit, int64_t products, int64_t ratio, int64_t most) {
  int64_t &sum = terms[{static_cast<int>(arithmetic), static_cast<int>(unit), ratio, most}];
  if (llvm::AddOverflow(sum, products, sum))
    sum = INT64_MAX;
}

ArrayAttr ProductCount::attribute(MLIRContext *context) const {
  SmallVector<Attribute> list;
  for (auto [term, products] : terms)
    if (auto [arithmetic, unit, ratio, most] = term; products > 0)
      list.push_back(plan::WorkAttr::get(context, static_cast<Arithmetic>(arithmetic), static_cast<CostUnit>(unit),
                                         products, ratio, most));
  return ArrayAttr::get(context, list);
}

int64_t v4::parametersOf(RankedTensorType weight) {
  if (isa<Float8E8M0FNUType>(weight.getElementType()) || weight.getElementType().isInteger(32) ||
      weight.getElementType().isInteger(64))
    return 0;
  int64_t values = isPacked(weight) ? 2 : 1;
  for (int64_t dimension : weight.getShape())
    values = timesOf(values, dimension);
  return values;
}

namespace {

CostUnit unitOf(Value rows) { return static_cast<CostUnit>(rowsOf(tensorOf(rows))); }

/// Values of one row.
int64_t rowValues(Value value) {
  int64_t values = 1;
  for (int64_t dimension : tensorOf(value).getShape().drop_front())
    values = timesOf(values, dimension);
  return values;
}

/// A narrow weight meets activations of 8 bits, also where the reference widens both.
Arithmetic arithmeticOf(Value weight) {
  Type element = tensorOf(weight).getElementType();
  if (element.isF32())
    return Arithmetic::F32;
  return element.isBF16() ? Arithmetic::BF16 : Arithmetic::Fp8;
}

/// Every value of the result is a sum over the weight's inputs.
void countLinear(Value result, Value weight, ProductCount &count) {
  count.add(arithmeticOf(weight), unitOf(result), timesOf(rowValues(result), inputWidthOf(tensorOf(weight))));
}

} // namespace

void LinearOp::countProducts(ProductCount &count) { countLinear(getResult(), getWeight(), count); }
void GroupedLinearOp::countProducts(ProductCount &count) { countLinear(getResult(), getWeight(), count); }
void ExpertLinearOp::countProducts(ProductCount &count) { countLinear(getResult(), getWeight(), count); }

/// A row of the table is copied.
std::pair<int64_t, int64_t> EmbedOp::getActiveShare(OpOperand &) { return {0, 1}; }

/// The experts of one token.
std::pair<int64_t, int64_t> ExpertLinearOp::getActiveShare(OpOperand &) {
  return {dimOf(getOrder(), 1), dimOf(getWeight(), 0)};
}

/// The mix's own matrix, then one sum over the streams.
void HcPreOp::countProducts(ProductCount &count) {
  int64_t mix = timesOf(dimOf(getFn(), 0), widthOf(getFn()));
  count.add(Arithmetic::F32, unitOf(getStreams()), mix);
  count.add(Arithmetic::F32, unitOf(getStreams()), rowValues(getStreams()));
}

void HcHeadOp::countProducts(ProductCount &count) {
  int64_t mix = timesOf(dimOf(getFn(), 0), widthOf(getFn()));
  count.add(Arithmetic::F32, unitOf(getStreams()), mix);
  count.add(Arithmetic::F32, unitOf(getStreams()), rowValues(getStreams()));
}

/// Every new stream is a sum over the old ones and the sub-layer's result.
void HcPostOp::countProducts(ProductCount &count) {
  count.add(Arithmetic::F32, unitOf(getStreams()), timesOf(rowValues(getStreams()), dimOf(getStreams(), 1) + 1));
}
llvm::StringRef HcPostOp::getPartName() { return "mhc"; }

/// A product of the head's width for every head and every key that the token may select.
void IndexScoresOp::countProducts(ProductCount &count) {
  auto keys = cast<CacheType>(getKeys().getType());
  Arithmetic arithmetic = keys.getEncoding() == RowEncoding::IndexFp4 ? Arithmetic::Fp4 : Arithmetic::BF16;
  count.add(arithmetic, CostUnit::Visible, rowValues(getQ()), keys.getRatio());
}
llvm::StringRef IndexScoresOp::getPartName() { return "index_scores"; }

/// Scores and weighted sum: two products of the head's width for every head and row.
void AttentionOp::countProducts(ProductCount &count) {
  int64_t products = timesOf(2, rowValues(getQ()));
  count.add(Arithmetic::BF16, CostUnit::Window, products, 1, static_cast<int64_t>(getWindow()));
  if (!getRows())
    return;
  auto pool = cast<CacheType>(getRows().getType());
  count.add(Arithmetic::BF16, CostUnit::Visible, products, pool.getRatio(), getSelected() ? widthOf(getSelected()) : 0);
}
llvm::StringRef AttentionOp::getPartName() { return "core_attention"; }
