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

/// The part of panels [first, end) in each group of `panels` panels, whose inputs are other columns.
static void eachGroup(CpuBody &k, int64_t panels, int64_t groups, Value first, Value end,
                      function_ref<void(Value group, Value first, Value end)> body) {
  if (groups == 1)
    return body(k.index(0), first, end);
  k.loop(k.div(first, panels), k.add(k.div(k.add(end, -1), panels), 1), 1, [&](Value group) {
    Value begin = k.mul(group, panels);
    body(group, k.maxIndex(first, begin), k.minIndex(end, k.add(begin, panels)));
  });
}

void v4::emitPanelLinear(kernel::PanelLinearOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  int64_t rows = op.getRows(), columns = op.getColumns(), inner = op.getInner(), groups = op.getGroups();
  PanelMatmul matmul(k, op.getFormat(), rows, columns, op.getGrid().getTile() * inner);
  matmul.weight = op.getWeight();
  matmul.scales = op.getScales();
  matmul.x = op.getX();
  matmul.inputStride = op.getXStride();
  auto store = [&](Value panel, Value input, Value low, Value high) {
    matmul.storeRows(op.getOut(), k.add(k.mul(input, rows), k.mul(panel, kPanelRows)), panel, low, high);
  };
  k.workgroupRuns(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(),
                  [&](Value begin, Value end, Value firstPanel, Value endPanel) {
                    Value first = k.mul(begin, inner), last = k.mul(end, inner);
                    eachGroup(k, rows / groups / kPanelRows, groups, firstPanel, endPanel,
                              [&](Value group, Value groupFirst, Value groupEnd) {
                                matmul.run(
                                    Value(), groupFirst, groupEnd, first, last,
                                    [&](Value input) {
                                      return k.add(k.mul(input, int64_t(op.getXStride())), k.mul(group, columns));
                                    },
                                    store);
                              });
                  });
  matmul.finish();
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
    k.loop(k.loadIndex(op.getOffsets(), expert), last, kPanelInputs, [&](Value begin) {
      matmul.run(
          expert, op.getBegin(), op.getEnd(), begin, k.minIndex(k.add(begin, kPanelInputs), last),
          [&](Value input) {
            Value assignment = k.loadIndex(op.getOrder(), input);
            return k.mul(op.getSharedInput() ? k.div(assignment, active) : assignment, columns);
          },
          [&](Value panel, Value input, Value low, Value high) {
            Value at = k.add(k.mul(k.loadIndex(op.getOrder(), input), rows), k.mul(panel, kPanelRows));
            matmul.storeRows(op.getOut(), at, panel, low, high);
          });
    });
  });
  matmul.finish();
}
