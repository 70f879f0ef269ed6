//===- ProgramIndex.h - Ops of a plan.program by kind and name --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_SCHEDULE_PROGRAMINDEX_H
#define V4_PASSES_SCHEDULE_PROGRAMINDEX_H

#include "dialects/plan/PlanDialect.h"
#include "dialects/v4/V4Dialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

namespace v4 {

/// Ops of one program in plan order, with constant-time lookup by name. Valid while no op is added or removed.
struct ProgramIndex {
  explicit ProgramIndex(plan::ProgramOp program);

  /// The op of this name and kind; symbols of a program that verifies resolve.
  template <typename OpT>
  OpT lookup(mlir::FlatSymbolRefAttr symbol) {
    return symbols.lookup<OpT>(symbol.getAttr());
  }

  plan::ProgramOp program;
  mlir::SymbolTable symbols;
  llvm::SmallVector<plan::BufferOp> buffers;
  llvm::SmallVector<plan::WeightOp> weights;
  llvm::SmallVector<plan::PoolOp> pools;
  llvm::SmallVector<plan::KernelOp> kernels;
  llvm::SmallVector<plan::LaunchOp> launches; ///< The index here is the launch index.
  llvm::SmallVector<plan::ProbeOp> probes;
};

/// The one program of a module; an error is reported at the module.
mlir::FailureOr<plan::ProgramOp> findProgram(mlir::ModuleOp module);

/// Whether a plan gets kernels that are written for sm_90a, behind its own ones; a remark of `pass` says why not, and
/// `otherwise` what is so then.
bool takesHopperKernels(const ProgramIndex &index, llvm::StringRef pass, llvm::StringRef otherwise);

inline EnvelopeAttr envelopeOf(plan::ProgramOp program) { return mlir::cast<EnvelopeAttr>(program.getEnvelope()); }

} // namespace v4

#endif // V4_PASSES_SCHEDULE_PROGRAMINDEX_H
