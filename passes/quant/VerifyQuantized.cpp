//===- VerifyQuantized.cpp - Exit contract of the quant stage ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

using namespace mlir;

namespace v4 {
#define GEN_PASS_DEF_VERIFYQUANTIZEDPASS
#include "passes/Passes.h.inc"

namespace {

/// One kind of activation quantization, as v4.quantize spells it.
struct Quantization {
  QuantFormat format;
  int64_t block;
  int64_t prefix;
};

std::string describe(const Quantization &q) {
  return ("v4.quantize " + stringifyQuantFormat(q.format) + " block " + llvm::Twine(q.block) + " prefix " +
          llvm::Twine(q.prefix))
      .str();
}

int64_t width(Value value) { return cast<RankedTensorType>(value.getType()).getShape().back(); }

/// The quantization that made `value`, alone or at the end of a fused op.
std::optional<Quantization> quantizationOf(Value value) {
  if (auto op = value.getDefiningOp<QuantizeOp>())
    return Quantization{op.getFormat(), static_cast<int64_t>(op.getBlock()), static_cast<int64_t>(op.getPrefix())};
  if (auto op = value.getDefiningOp<HcNormOp>(); op && value == op.getQuantized())
    return Quantization{QuantFormat::Fp8, 128, width(value)};
  if (value.getDefiningOp<SwigluQuantizeOp>())
    return Quantization{QuantFormat::Fp8, 128, width(value)};
  if (auto op = value.getDefiningOp<RowChainOp>(); op && op.getFormat() && value == op.getResult())
    return Quantization{*op.getFormat(), static_cast<int64_t>(*op.getBlock()), static_cast<int64_t>(*op.getPrefix())};
  if (auto op = value.getDefiningOp<GateUpOp>(); op && op.getQuantized())
    return Quantization{QuantFormat::Fp8, 128, width(value)};
  return std::nullopt;
}

bool isNarrow(Type weight) {
  Type element = cast<RankedTensorType>(weight).getElementType();
  return isa<Float8E4M3FNType>(element) || element.isInteger(8);
}

/// REQUIRES: `value` is what `op` reads as `what`. Block arguments are trusted.
LogicalResult requireQuantized(Operation *op, Value value, llvm::StringRef what, const Quantization &expected) {
  if (isa<BlockArgument>(value))
    return success();
  auto quantization = quantizationOf(value);
  std::string found =
      quantization ? describe(*quantization) : value.getDefiningOp()->getName().getStringRef().str();
  if (found == describe(expected))
    return success();
  return op->emitOpError() << what << " come from " << found << ", expected " << describe(expected);
}

LogicalResult requirePlain(Operation *op, Value value, llvm::StringRef weight) {
  if (!quantizationOf(value))
    return success();
  return op->emitOpError() << "inputs come from v4.quantize, expected values that are not quantized for " << weight;
}

LogicalResult checkProduct(Operation *op, Value x, Value weight) {
  if (isNarrow(weight.getType()))
    return requireQuantized(op, x, "inputs of a narrow weight", {QuantFormat::Fp8, 128, width(x)});
  return requirePlain(op, x, "a wide weight");
}

/// Stored rows: the stored form must hold exactly the values that attention sees.
LogicalResult checkStored(Operation *op, Value x, CacheType cache) {
  switch (cache.getEncoding()) {
  case RowEncoding::KvCompact:
    return requireQuantized(op, x, "kv_compact rows", {QuantFormat::Fp8, 64, cache.getValues() - cache.getRope()});
  case RowEncoding::IndexFp4:
    return requireQuantized(op, x, "index_fp4 rows", {QuantFormat::Fp4, 32, cache.getValues()});
  case RowEncoding::F32:
  case RowEncoding::Bf16:
    return success();
  }
  return success();
}

LogicalResult check(Operation *op) {
  if (auto linear = dyn_cast<LinearOp>(op))
    return checkProduct(op, linear.getX(), linear.getWeight());
  if (auto experts = dyn_cast<ExpertLinearOp>(op))
    return checkProduct(op, experts.getX(), experts.getWeight());
  if (auto fused = dyn_cast<GateUpOp>(op))
    return checkProduct(op, fused.getX(), fused.getGate());
  if (auto fused = dyn_cast<ProjectionsOp>(op))
    return checkProduct(op, fused.getX(), fused.getWeights().front());
  if (auto grouped = dyn_cast<GroupedLinearOp>(op))
    return requirePlain(op, grouped.getX(), "the grouped projection");
  if (auto append = dyn_cast<AppendRowsOp>(op))
    return checkStored(op, append.getX(), append.getCache().getType());
  if (auto append = dyn_cast<AppendWindowOp>(op))
    return checkStored(op, append.getX(), append.getCache().getType());
  return success();
}

struct VerifyQuantized : public impl::VerifyQuantizedPassBase<VerifyQuantized> {
  void runOnOperation() override {
    // A planted mistake (test-only) breaks the contract on purpose.
    auto options = getOperation()->getAttrOfType<DictionaryAttr>("v4.options");
    if (options && options.contains("plant-mistake"))
      return markAllAnalysesPreserved();
    WalkResult result = getOperation().walk(
        [](Operation *op) { return failed(check(op)) ? WalkResult::interrupt() : WalkResult::advance(); });
    if (result.wasInterrupted())
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
} // namespace v4
