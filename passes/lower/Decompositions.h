//===- Decompositions.h - Executable definitions of v4 ops ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each v4 op has an external model of DecomposableOpInterface that emits the body
// of one workgroup (KernelEmitter.h). It is the definition that every tuned
// kernel is tested against, and the path that every op can fall back to.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_LOWER_DECOMPOSITIONS_H
#define V4_PASSES_LOWER_DECOMPOSITIONS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace v4 {

void registerCoreDecompositions(mlir::DialectRegistry &registry);
void registerRotaryDecompositions(mlir::DialectRegistry &registry);
void registerRowDecompositions(mlir::DialectRegistry &registry);
void registerLinearDecompositions(mlir::DialectRegistry &registry);
void registerHyperConnectionDecompositions(mlir::DialectRegistry &registry);
void registerMoeDecompositions(mlir::DialectRegistry &registry);
void registerCacheDecompositions(mlir::DialectRegistry &registry);
void registerCompressorDecompositions(mlir::DialectRegistry &registry);
void registerIndexerDecompositions(mlir::DialectRegistry &registry);
void registerCandidateDecompositions(mlir::DialectRegistry &registry);
void registerAttentionDecompositions(mlir::DialectRegistry &registry);

/// All of the above.
inline void registerDecompositions(mlir::DialectRegistry &registry) {
  registerCoreDecompositions(registry);
  registerRotaryDecompositions(registry);
  registerRowDecompositions(registry);
  registerLinearDecompositions(registry);
  registerHyperConnectionDecompositions(registry);
  registerMoeDecompositions(registry);
  registerCacheDecompositions(registry);
  registerCompressorDecompositions(registry);
  registerIndexerDecompositions(registry);
  registerCandidateDecompositions(registry);
  registerAttentionDecompositions(registry);
}

} // namespace v4

#endif // V4_PASSES_LOWER_DECOMPOSITIONS_H
