//===- EmitPanelLinear.cpp - Dense, grouped and expert products -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/ContractEmitters.h"
#include "codegen/cpu/PanelMatmul.h"

using namespace mlir;
using namespace v4;

void v4::emitPanelLinear(kernel::PanelLinearOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  int64_t rows = op.getRows(), columns = op.getColumns(), inner = op.getInner(), groups = op.getGroups();
  PanelMatmul matmul(k, op.getFormat(), rows, columns, op.getGrid().getTile() * inner);
  matmul.weight = op.getWeight();
  matmul.scales = op.getScales();
  matmul.x = op.getX();
  k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value begin, Value end, Value panel) {
    Value first = k.mul(panel, kPanelRows);
    Value groupColumn = groups == 1 ? k.index(0) : k.mul(k.div(first, rows / groups), columns);
    matmul.run(
        Value(), panel, k.mul(begin, inner), k.mul(end, inner),
        [&](Value input) { return k.add(k.mul(input, int64_t(op.getXStride())), groupColumn); },
        [&](Value input, Value low, Value high) {
          matmul.storeRows(op.getOut(), k.add(k.mul(input, rows), first), panel, low, high);
        });
  });
}

void v4::emitPanelExperts(kernel::PanelExpertsOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  int64_t rows = op.getRows(), columns = op.getColumns(), active = op.getActive();
  PanelMatmul matmul(k, op.getFormat(), rows, columns, kPanelInputs);
  matmul.weight = op.getWeight();
  matmul.scales = op.getScales();
  matmul.x = op.getX();
  // Experts outside, so that the panels of one expert are one stream.
  k.loop(k.index(0), k.loadIndex(op.getHits(), k.index(0)), 1, [&](Value hit) {
    Value expert = k.loadIndex(op.getHits(), k.add(hit, 1));
    Value last = k.loadIndex(op.getOffsets(), k.add(expert, 1));
    k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value, Value, Value panel) {
      Value first = k.mul(panel, kPanelRows);
      k.loop(k.loadIndex(op.getOffsets(), expert), last, kPanelInputs, [&](Value begin) {
        matmul.run(
            expert, panel, begin, k.minIndex(k.add(begin, kPanelInputs), last),
            [&](Value input) {
              Value assignment = k.loadIndex(op.getOrder(), input);
              return k.mul(op.getSharedInput() ? k.div(assignment, active) : assignment, columns);
            },
            [&](Value input, Value low, Value high) {
              Value assignment = k.loadIndex(op.getOrder(), input);
              matmul.storeRows(op.getOut(), k.add(k.mul(assignment, rows), first), panel, low, high);
            });
      });
    });
  });
}
