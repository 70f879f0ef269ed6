//===- GraphBuilder.h - Checkpoint to a v4 module ---------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_IMPORT_GRAPHBUILDER_H
#define V4_COMPILER_IMPORT_GRAPHBUILDER_H

#include "compiler/import/TensorNames.h"
#include "dialects/v4/V4Dialect.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace v4 {

struct GraphOptions {
  EnvelopeAttr envelope;        ///< REQUIRED.
  mlir::Attribute target;       ///< #kernel.target; may be null.
  mlir::DictionaryAttr options; ///< Resolved flags, strings; may be null.
  std::string probes;           ///< Regular expression over probe names; empty: all probes.
  std::string plantedMistake;   ///< Test only: one of plantedMistakes(), or empty.
  std::string plantedLayer;     ///< The only layer that has it; empty: all, and what is outside of layers.
};

/// Names of the deliberate errors that tests build in to prove that they are caught.
llvm::ArrayRef<llvm::StringRef> plantedMistakes();

/// Builds the module of the import phase: one private extern global per weight, one
/// private function per kind of layer, and @main. The module carries v4.model,
/// v4.envelope, v4.target, v4.options and v4.manifest. Fails on a regular expression or
/// planted mistake that does not exist; the module is not verified.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> buildGraph(mlir::MLIRContext &context, const ModelConfig &config,
                                                             const TensorInventory &inventory,
                                                             const GraphOptions &options);

} // namespace v4

#endif // V4_COMPILER_IMPORT_GRAPHBUILDER_H
