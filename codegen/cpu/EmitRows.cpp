//===- EmitRows.cpp - Norm, rope, Hadamard, quantization, SwiGLU -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/ContractEmitters.h"
#include "codegen/cpu/RowChain.h"
#include "codegen/cpu/RowLanes.h"

using namespace mlir;
using namespace v4;

using Values = BodyBuilder::Values;

void v4::emitRowChain(kernel::RowChainOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  RowChain chain(k, {op.getX(), op.getWeight(), op.getTable(), op.getOut(), op.getKeep(), int64_t(op.getWidth()),
                     int64_t(op.getRotary()), int64_t(op.getQuantize()), int64_t(op.getPrefix()), op.getEps(),
                     op.getInverse(), op.getHadamard(), op.getFp8()});
  int64_t width = op.getWidth(), tiles = op.getGrid().getTiles();
  k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(),
               [&](Value row, Value, Value tile) { chain.emit(row, k.mul(k.add(k.mul(row, tiles), tile), width)); });
}

void v4::emitSwiglu(kernel::SwigluOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  int64_t width = op.getWidth(), tiles = op.getGrid().getTiles(), block = op.getQuantize() ? 128 : kLanes;
  float limit = op.getLimit() ? op.getLimit()->convertToFloat() : 0;
  auto hidden = [&](Value at, Value weight) {
    Value gate = k.load(op.getGate(), at, kLanes), up = k.load(op.getUp(), at, kLanes);
    if (limit > 0) {
      Value bound = k.real(limit, kLanes);
      gate = k.minimum(gate, bound);
      up = k.maximum(k.minimum(up, bound), k.real(-limit, kLanes));
    }
    Value one = k.real(1, kLanes);
    Value value = k.mul(k.div(gate, k.add(one, k.exp(arith::NegFOp::create(k.b, k.loc, gate)))), up);
    return k.roundBf16(weight ? k.mul(weight, value) : value);
  };
  k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value row, Value, Value tile) {
    Value line = k.add(k.mul(row, tiles), tile), first = k.mul(line, width);
    Value weight = op.getWeights() ? k.splat(k.load(op.getWeights(), line), kLanes) : Value();
    k.loop(k.index(0), k.index(width), block, [&](Value i) {
      Values run;
      for (int64_t j = 0; j < block; j += kLanes)
        run.push_back(hidden(k.add(first, k.add(i, j)), weight));
      if (op.getQuantize())
        run = RunQuantizer{k, /*fp8=*/true}.run(run);
      for (auto [j, value] : llvm::enumerate(run))
        storeExact(k, value, op.getOut(), k.add(first, k.add(i, int64_t(j) * kLanes)));
    });
  });
}
