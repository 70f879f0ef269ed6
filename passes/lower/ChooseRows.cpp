//===- ChooseRows.cpp - Tuned steps on rows ---------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/KernelContracts.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace v4;

namespace {

/// Widest Hadamard transform whose row fits the registers.
constexpr int64_t kMaxTransform = 512;

/// A row_chain, or one of the ops that are a step of it.
struct Chain {
  Value x, weight, table, keep;
  FloatAttr eps;
  bool inverse = false, hadamard = false;
  std::optional<QuantFormat> format;
  int64_t block = 0, prefix = 0;

  int64_t width() const { return lastDim(x.getType()); }
  int64_t rotary() const { return table ? 2 * lastDim(table.getType()) : 0; }
};

Chain chainOf(Operation *op) {
  Chain chain;
  chain.x = op->getOperand(0);
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](RmsNormOp norm) { chain.weight = norm.getWeight(), chain.eps = norm.getEpsAttr(); })
      .Case([&](HeadNormOp norm) { chain.eps = norm.getEpsAttr(); })
      .Case([&](RopeOp rope) { chain.table = rope.getTable(), chain.inverse = rope.getInverse(); })
      .Case([&](HadamardOp) { chain.hadamard = true; })
      .Case([&](QuantizeOp quantize) {
        chain.format = quantize.getFormat();
        chain.block = quantize.getBlock(), chain.prefix = quantize.getPrefix();
      })
      .Case([&](RowChainOp row) {
        chain.weight = row.getWeight(), chain.table = row.getTable(), chain.keep = row.getKeep();
        chain.eps = row.getEpsAttr(), chain.inverse = row.getInverse(), chain.hadamard = row.getHadamard();
        chain.format = row.getFormat();
        chain.block = row.getBlock().value_or(0), chain.prefix = row.getPrefix().value_or(0);
      });
  return chain;
}

std::string multipleReason(StringRef what, int64_t value, int64_t unit) {
  return (what + " " + Twine(value) + " is no multiple of " + Twine(unit)).str();
}

std::string declinesChain(Operation *op) {
  Chain chain = chainOf(op);
  int64_t width = chain.width(), rotary = chain.rotary();
  if (width % kLanes != 0)
    return multipleReason("width", width, kLanes);
  if (rotary % kLanes != 0)
    return multipleReason("rotary width", rotary, kLanes);
  if (chain.prefix % kLanes != 0)
    return multipleReason("prefix", chain.prefix, kLanes);
  if (chain.block % kLanes != 0)
    return multipleReason("block", chain.block, kLanes);
  if (chain.hadamard && (!llvm::isPowerOf2_64(width) || width > kMaxTransform))
    return "a Hadamard transform of " + std::to_string(width) + " values does not fit the registers";
  if (chain.block && !chain.hadamard && chain.prefix > width - rotary && (width - rotary) % chain.block != 0)
    return "rotation begins inside a block of the quantization";
  return "";
}

void writeChain(Operation *op, KernelEmitter &k) {
  Chain chain = chainOf(op);
  Type type = chain.x.getType();
  auto grid = k.setGrid(rowsOf(type), 1, rowElements(type) / lastDim(type));
  auto optional = [&](Value value) { return value ? k.operandOf(value) : Value(); };
  auto integer = [&](int64_t value) { return k.b.getI64IntegerAttr(value); };
  auto flag = [&](bool value) { return value ? k.b.getUnitAttr() : UnitAttr(); };
  kernel::RowChainOp::create(k.b, k.loc, k.begin(), k.end(), grid, k.step(plan::StepField::Counts), k.operand(0),
                             optional(chain.weight), optional(chain.table), k.result(0),
                             chain.keep ? k.result(1) : Value(), integer(chain.width()), integer(chain.rotary()),
                             integer(chain.block), integer(chain.prefix), chain.eps, flag(chain.inverse),
                             flag(chain.hadamard), flag(chain.format == QuantFormat::Fp8));
}

template <typename Op> std::string declinesSwiglu(Operation *op) {
  int64_t width = lastDim(cast<Op>(op).getGate().getType());
  return width % kLanes ? multipleReason("width", width, kLanes) : "";
}

template <typename Op> void writeSwiglu(Operation *op, KernelEmitter &k) {
  auto swiglu = cast<Op>(op);
  Type type = swiglu.getGate().getType();
  int64_t width = lastDim(type);
  auto grid = k.setGrid(rowsOf(type), 1, rowElements(type) / width);
  Value weights = swiglu.getWeights() ? k.operandOf(swiglu.getWeights()) : Value();
  kernel::SwigluOp::create(k.b, k.loc, k.begin(), k.end(), grid, k.step(plan::StepField::Counts), k.operand(0),
                           k.operand(1), weights, k.result(0), k.b.getI64IntegerAttr(width), swiglu.getLimitAttr(),
                           std::is_same_v<Op, SwigluQuantizeOp> ? k.b.getUnitAttr() : UnitAttr());
}

} // namespace

void v4::addRowContracts(KernelContracts &contracts) {
  for (StringRef name : {"v4.rms_norm", "v4.head_norm", "v4.rope", "v4.hadamard", "v4.quantize", "v4.row_chain"})
    contracts[name] = {declinesChain, writeChain};
  contracts["v4.swiglu"] = {declinesSwiglu<SwigluOp>, writeSwiglu<SwigluOp>};
  contracts["v4.swiglu_quantize"] = {declinesSwiglu<SwigluQuantizeOp>, writeSwiglu<SwigluQuantizeOp>};
}
