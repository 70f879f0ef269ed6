//===- ContractEmitters.h - Tuned CPU kernels -------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One emitter per contract op of dialects/kernel: it writes the kernel's body in front
// of the op. Portable vector code where that is as fast, instructions of the level
// where it is not; the sums of a result never depend on the number of rows.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_CONTRACTEMITTERS_H
#define V4_CODEGEN_CPU_CONTRACTEMITTERS_H

#include "codegen/cpu/CpuTarget.h"
#include "dialects/kernel/KernelDialect.h"

namespace v4 {

void emitPanelLinear(kernel::PanelLinearOp op, const CpuLevel &level);
void emitPanelExperts(kernel::PanelExpertsOp op, const CpuLevel &level);
void emitPanelProjections(kernel::PanelProjectionsOp op, const CpuLevel &level);
void emitPanelGateUp(kernel::PanelGateUpOp op, const CpuLevel &level);
void emitStreamMix(kernel::StreamMixOp op, const CpuLevel &level);
void emitStreamNorm(kernel::StreamNormOp op, const CpuLevel &level);
void emitStreamHead(kernel::StreamHeadOp op, const CpuLevel &level);
void emitRowChain(kernel::RowChainOp op, const CpuLevel &level);
void emitSwiglu(kernel::SwigluOp op, const CpuLevel &level);
void emitAttend(kernel::AttendOp op, const CpuLevel &level);
void emitIndexCandidates(kernel::IndexCandidatesOp op, const CpuLevel &level);
void emitSelectCandidates(kernel::SelectCandidatesOp op, const CpuLevel &level);
void emitGatherRows(kernel::GatherRowsOp op, const CpuLevel &level);
void emitPreviousRows(kernel::PreviousRowsOp op, const CpuLevel &level);
void emitSumRows(kernel::SumRowsOp op, const CpuLevel &level);
void emitRopeTable(kernel::RopeTableOp op, const CpuLevel &level);
void emitRoute(kernel::RouteOp op, const CpuLevel &level);
void emitDispatch(kernel::DispatchOp op, const CpuLevel &level);
void emitAppendRows(kernel::AppendRowsOp op, const CpuLevel &level);
void emitCompressAppend(kernel::CompressAppendOp op, const CpuLevel &level);

} // namespace v4

#endif // V4_CODEGEN_CPU_CONTRACTEMITTERS_H
