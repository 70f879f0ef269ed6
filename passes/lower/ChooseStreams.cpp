//===- ChooseStreams.cpp - Tuned hyper-connections --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/KernelContracts.h"

using namespace mlir;
using namespace v4;

/// Tokens of a workgroup: the part of fn that it reads is used that often.
static constexpr int64_t kMixTile = 32;
/// Columns of a part whose streams fit the first cache, four tokens at a time.
static constexpr int64_t kMaxMixColumns = 1024;
/// Tokens whose Sinkhorn rounds run side by side.
static constexpr int64_t kNormTile = 16;
/// f32 values of a row that fit the kernel's stack.
static constexpr int64_t kMaxNormColumns = 32768;
/// Columns of a workgroup of hc_post alone.
static constexpr int64_t kPostColumns = 512;

static RankedTensorType streamsType(Value value) { return cast<RankedTensorType>(value.getType()); }

static std::string declinesMix(Operation *op) {
  auto mix = cast<HcMixOp>(op);
  if (!isPanels(streamsType(mix.getFn())))
    return "fn is not in panels";
  int64_t d = lastDim(mix.getStreams().getType()), parts = streamsType(mix.getMix()).getDimSize(1);
  if (d / parts % kPanelColumns != 0)
    return "parts of " + std::to_string(d / parts) + " columns are no multiple of " + std::to_string(kPanelColumns);
  if (d / parts > kMaxMixColumns)
    return "parts of " + std::to_string(d / parts) + " columns do not fit the scratch buffer of " +
           std::to_string(kMaxMixColumns);
  return "";
}

static void writeMix(Operation *op, KernelEmitter &k) {
  auto mix = cast<HcMixOp>(op);
  RankedTensorType type = streamsType(mix.getStreams());
  auto grid = k.setGrid(rowsOf(type), kMixTile, streamsType(mix.getMix()).getDimSize(1));
  auto optional = [&](Value value) { return value ? k.operandOf(value) : Value(); };
  kernel::StreamMixOp::create(k.b, k.loc, k.begin(), k.end(), grid, k.step(plan::StepField::Counts), k.operand(0),
                              k.operand(1), k.result(0), optional(mix.getY()), optional(mix.getPost()),
                              optional(mix.getComb()), mix.getY() ? k.result(1) : Value(), type.getDimSize(1),
                              type.getDimSize(2), streamsType(mix.getFn()).getDimSize(0));
}

static std::string declinesPost(Operation *op) {
  int64_t d = lastDim(cast<HcPostOp>(op).getStreams().getType());
  return d % kLanes == 0 ? "" : std::to_string(d) + " columns are no multiple of " + std::to_string(kLanes);
}

static void writePost(Operation *op, KernelEmitter &k) {
  auto post = cast<HcPostOp>(op);
  RankedTensorType type = streamsType(post.getStreams());
  int64_t d = type.getDimSize(2);
  auto grid = k.setGrid(rowsOf(type), 1, d % kPostColumns == 0 ? d / kPostColumns : 1);
  kernel::StreamMixOp::create(k.b, k.loc, k.begin(), k.end(), grid, k.step(plan::StepField::Counts), k.operand(1),
                              Value(), Value(), k.operand(0), k.operand(2), k.operand(3), k.result(0),
                              type.getDimSize(1), d, 0);
}

static std::string declinesNorm(Operation *op) {
  int64_t d = lastDim(cast<HcNormOp>(op).getStreams().getType());
  if (d % 128 != 0)
    return std::to_string(d) + " columns are no multiple of 128";
  return d <= kMaxNormColumns
             ? ""
             : std::to_string(d) + " columns do not fit a buffer of " + std::to_string(kMaxNormColumns);
}

static void writeNorm(Operation *op, KernelEmitter &k) {
  auto norm = cast<HcNormOp>(op);
  RankedTensorType type = streamsType(norm.getStreams());
  auto grid = k.setGrid(rowsOf(type), kNormTile, 1);
  kernel::StreamNormOp::create(k.b, k.loc, k.begin(), k.end(), grid, k.step(plan::StepField::Counts), k.operand(0),
                               k.operand(1), k.operand(2), k.operand(3), k.operand(4), k.result(0), k.result(1),
                               k.result(2), norm.getQuantized() ? k.result(3) : Value(), type.getDimSize(1),
                               type.getDimSize(2), streamsType(norm.getMix()).getDimSize(1), norm.getIterations(),
                               norm.getEps(), norm.getHcEps(), norm.getNormEps());
}

static std::string declinesHead(Operation *op) {
  auto head = cast<HcHeadOp>(op);
  if (streamsType(head.getFn()).getEncoding())
    return "fn is not in rows";
  int64_t d = lastDim(head.getStreams().getType());
  return d % kLanes == 0 ? "" : std::to_string(d) + " columns are no multiple of " + std::to_string(kLanes);
}

static void writeHead(Operation *op, KernelEmitter &k) {
  auto head = cast<HcHeadOp>(op);
  RankedTensorType type = streamsType(head.getStreams());
  auto grid = k.setGrid(rowsOf(type), 1, 1);
  kernel::StreamHeadOp::create(k.b, k.loc, k.begin(), k.end(), grid, k.step(plan::StepField::Counts), k.operand(0),
                               k.operand(1), k.operand(2), k.operand(3), k.result(0), type.getDimSize(1),
                               type.getDimSize(2), head.getEps(), head.getHcEps());
}

void v4::addStreamContracts(KernelContracts &contracts) {
  contracts["v4.hc_mix"] = {declinesMix, writeMix};
  contracts["v4.hc_post"] = {declinesPost, writePost};
  contracts["v4.hc_norm"] = {declinesNorm, writeNorm};
  contracts["v4.hc_head"] = {declinesHead, writeHead};
}
