//===- EmitStreamHead.cpp - One row from the streams of a token -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Once a step, for the rows that want logits: all C products and the squares in one
// pass over the streams, whose rows of fn are then C sequential reads side by side. The
// order of every sum is that of the decomposition.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/ContractEmitters.h"
#include "codegen/cpu/RowLanes.h"

using namespace mlir;
using namespace v4;

using Values = BodyBuilder::Values;

/// Sums of fn's rows with z, then of z with itself, over the n values of a row from `at`.
static Values products(CpuBody &k, kernel::StreamHeadOp op, Value at, int64_t n) {
  int64_t count = op.getStreams();
  Values totals =
      k.loop(k.index(0), k.index(n), kLanes, Values(count + 1, k.real(0, kLanes)), [&](Value i, ValueRange carried) {
        Value z = k.load(op.getFrom(), k.add(at, i), kLanes);
        Values next;
        for (int64_t j = 0; j < count; ++j)
          next.push_back(k.fma(k.load(op.getFn(), k.add(i, j * n), kLanes), z, carried[j]));
        next.push_back(k.fma(z, z, carried[count]));
        return next;
      });
  for (Value &total : totals)
    total = k.horizontalSum(total);
  return totals;
}

void v4::emitStreamHead(kernel::StreamHeadOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  int64_t count = op.getStreams(), width = op.getWidth(), n = count * width;
  k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value token, Value, Value) {
    Value at = k.mul(token, n), scale = k.load(op.getScale(), k.index(0));
    Values sums = products(k, op, at, n);
    Value mean = k.div(sums[count], k.real(float(n)));
    Value inverse = k.div(k.real(1), k.sqrt(k.add(mean, k.real(op.getEps().convertToFloat()))));
    Values pre;
    for (int64_t j = 0; j < count; ++j) {
      Value gate = k.sigmoid(k.fma(k.mul(sums[j], inverse), scale, k.load(op.getBase(), k.index(j))));
      pre.push_back(k.splat(k.add(gate, k.real(op.getHcEps().convertToFloat())), kLanes));
    }
    k.loop(k.index(0), k.index(width), kLanes, [&](Value i) {
      Value total = k.real(0, kLanes);
      for (int64_t j = 0; j < count; ++j)
        total = k.fma(pre[j], k.load(op.getFrom(), k.add(k.add(at, j * width), i), kLanes), total);
      storeExact(k, k.roundBf16(total), op.getOut(), k.add(k.mul(token, width), i));
    });
  });
}
